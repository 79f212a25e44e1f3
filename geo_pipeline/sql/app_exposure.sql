-- What is at stake in France at the end of a dekad, crop by crop, the largest area first.
SELECT crop, area_ha, area_year, affected_pct, production_at_stake_pct, risk
FROM exposure_by_region
WHERE region IS NULL AND period_end = CAST($period_end AS DATE)
ORDER BY area_ha DESC
