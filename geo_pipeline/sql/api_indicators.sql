-- The periods of each published indicator.
SELECT
    indicator,
    CAST(min(period_end) AS DATE) AS first_period,
    CAST(max(period_end) AS DATE) AS last_period,
    count(*) AS periods
FROM indicator_periods
GROUP BY indicator
