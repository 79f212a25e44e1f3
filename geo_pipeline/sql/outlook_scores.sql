-- In: outlook_hindcast
-- Sums of scores by crop, month of issue, lead and year of issue, of the forecasts that have all of them.
SELECT
    crop,
    month(period_end) AS month,
    lead_dekads,
    year(period_end) AS year,
    count(*) AS forecasts,
    sum(crps::DOUBLE) AS crps,
    sum(crps_climatology::DOUBLE) AS crps_climatology,
    sum(crps_persistence::DOUBLE) AS crps_persistence,
    sum(rps::DOUBLE) AS rps,
    sum(rps_climatology::DOUBLE) AS rps_climatology,
    count(*) FILTER (observed BETWEEN p10 AND p90) AS within,
    sum(drought_chance::DOUBLE) AS drought_chance,
    sum(drought::DOUBLE) AS drought,
    count(*) FILTER (drought_chance >= 0.5) AS likely,
    count(*) FILTER (drought_chance >= 0.5 AND drought = 1) AS likely_drought
FROM outlook_hindcast
WHERE crps IS NOT NULL AND crps_climatology IS NOT NULL AND crps_persistence IS NOT NULL
GROUP BY ALL
ORDER BY crop, month, lead_dekads, year
