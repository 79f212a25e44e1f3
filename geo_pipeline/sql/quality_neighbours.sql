-- Each month of a département with the medians of its neighbours.
-- In: months(departement, date, tmean_c, precip_mm), pairs(departement, neighbour): departement_neighbours
SELECT
    own.departement,
    own.date,
    any_value(own.tmean_c) AS tmean_c,
    any_value(own.precip_mm) AS precip_mm,
    median(near.tmean_c) AS neighbours_tmean_c,
    median(near.precip_mm) AS neighbours_precip_mm,
    count(*) AS neighbours
FROM months AS own
INNER JOIN pairs ON own.departement = pairs.departement
INNER JOIN months AS near ON pairs.neighbour = near.departement AND own.date = near.date
WHERE near.tmean_c IS NOT NULL AND near.precip_mm IS NOT NULL
GROUP BY own.departement, own.date
ORDER BY own.departement, own.date
