-- In: outlook_hindcast
-- How good the outlook was in each département by crop, month of issue and lead.
SELECT
    departement,
    crop,
    month(period_end) AS month,
    lead_dekads,
    count(*) AS forecasts,
    count(DISTINCT year(period_end)) AS years,
    1 - sum(crps::DOUBLE) / nullif(sum(crps_climatology::DOUBLE), 0) AS crpss_climatology,
    1 - sum(crps::DOUBLE) / nullif(sum(crps_persistence::DOUBLE), 0) AS crpss_persistence,
    100.0 * count(*) FILTER (observed BETWEEN p10 AND p90) / count(*) AS coverage_pct
FROM outlook_hindcast
WHERE crps IS NOT NULL AND crps_climatology IS NOT NULL AND crps_persistence IS NOT NULL
GROUP BY ALL
ORDER BY departement, crop, month, lead_dekads
