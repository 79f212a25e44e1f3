-- The risk table without its shapes, for the dekads in which anything is known.
SELECT
    departement,
    period_end,
    score,
    drought_class,
    drivers,
    neighbours_in_drought_pct,
    crop_area_ha,
    crop_area_crops,
    crop_area_first_year,
    crop_area_last_year,
    exposed_crop_area_ha
FROM departement_risk_values
WHERE
    drought_class IS NOT NULL
    OR drivers IS NOT NULL
    OR neighbours_in_drought_pct IS NOT NULL
    OR crop_area_ha IS NOT NULL
ORDER BY departement, period_end
