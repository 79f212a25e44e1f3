-- Rain until the soil under grass is out of drought, and how often other years brought it.
SELECT *
FROM recovery
WHERE departement = $departement AND crop = 'grassland'
ORDER BY goal, horizon_dekads
