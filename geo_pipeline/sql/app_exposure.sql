-- What is at stake in each région and in France (region NULL) at the end of each dekad, the largest areas first.
SELECT period_end, region, crop, area_ha, area_year, affected_pct, production_at_stake_pct, risk
FROM exposure_by_region
ORDER BY period_end ASC, area_ha DESC
