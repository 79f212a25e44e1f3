-- The last day of each département for which the 90 days before are all known.
-- In: weather_daily
WITH ends AS (
    SELECT departement, max(date) AS date
    FROM weather_daily
    GROUP BY departement
)

SELECT ends.departement, ends.date
FROM ends
INNER JOIN weather_daily AS days
    ON ends.departement = days.departement AND days.date > ends.date - 90
WHERE days.precip_mm IS NOT NULL AND days.tmean_c IS NOT NULL
GROUP BY ends.departement, ends.date
HAVING count(*) = 90
ORDER BY ends.departement
