-- What is at stake in each région and in France (region NULL) at the end of a dekad, the largest areas first.
SELECT region, crop, area_ha, area_year, affected_pct, production_at_stake_pct, risk
FROM exposure_by_region
WHERE period_end = CAST($period_end AS DATE)
ORDER BY area_ha DESC
