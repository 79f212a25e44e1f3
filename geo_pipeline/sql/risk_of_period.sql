-- Drivers and exposure of each département at one period.
SELECT departement, drivers, crop_area_ha, crop_area_crops, crop_area_year, exposed_crop_area_ha
FROM departement_risk_values
WHERE period_end = CAST($period_end AS DATE)
ORDER BY departement
