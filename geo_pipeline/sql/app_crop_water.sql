-- Water that the crops of one département lack, and the share of their need that was met, dekad by dekad.
SELECT period_end, indicator, value
FROM drought_indicators
WHERE
    departement = $departement
    AND (starts_with(indicator, 'crop_stress_pct_') OR starts_with(indicator, 'water_satisfaction_pct_'))
    AND value IS NOT NULL
ORDER BY period_end, indicator
