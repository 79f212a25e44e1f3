-- Neighbours of each département, the longest border first.
SELECT departement, neighbour, shared_border_km
FROM departement_neighbours
ORDER BY departement, shared_border_km DESC, neighbour
