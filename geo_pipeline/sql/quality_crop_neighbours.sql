-- Each yield of a département with the median of its neighbours.
-- In: crops(departement, year, crop, yield_q_ha), pairs(departement, neighbour): departement_neighbours
SELECT
    own.departement,
    own.year,
    own.crop,
    any_value(own.yield_q_ha) AS yield_q_ha,
    median(near.yield_q_ha) AS neighbours_yield_q_ha,
    count(*) AS neighbours
FROM crops AS own
INNER JOIN pairs ON own.departement = pairs.departement
INNER JOIN crops AS near
    ON pairs.neighbour = near.departement AND own.year = near.year AND own.crop = near.crop
WHERE own.yield_q_ha IS NOT NULL AND near.yield_q_ha IS NOT NULL
GROUP BY own.departement, own.year, own.crop
ORDER BY own.departement, own.year, own.crop
