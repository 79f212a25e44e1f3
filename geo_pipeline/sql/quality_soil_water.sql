-- Rows whose figures contradict each other, for `transforms.quality.computed`: few of very many.
-- In: soil_water_daily
SELECT departement, date, depletion_mm, taw_mm, swi
FROM soil_water_daily
WHERE
    depletion_mm > taw_mm
    OR abs(1 - depletion_mm / taw_mm - swi) > 0.001
ORDER BY departement, date
