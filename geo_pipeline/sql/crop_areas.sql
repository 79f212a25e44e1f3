-- The area of each crop that holds in a year: the latest that is known by then, of each crop by itself.
-- In: crop_statistics
WITH known AS (
    SELECT
        departement,
        crop,
        year,
        lead(year, 1, 9999) OVER (PARTITION BY departement, crop ORDER BY year) AS until_year,
        area_ha
    FROM crop_statistics
    WHERE area_ha IS NOT NULL
)

SELECT departement, crop, year, until_year, area_ha
FROM known
ORDER BY departement, crop, year
