-- Area and yield of each crop through the years.
SELECT departement, crop, year, area_ha, yield_q_ha, source
FROM crop_statistics
ORDER BY departement, crop, year
