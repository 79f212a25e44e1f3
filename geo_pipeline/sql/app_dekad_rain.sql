-- Rain of each dekad of one département, and how many of its days are known.
SELECT
    CASE
        WHEN day(date) <= 10 THEN CAST(date_trunc('month', date) AS DATE) + 9
        WHEN day(date) <= 20 THEN CAST(date_trunc('month', date) AS DATE) + 19
        ELSE last_day(date)
    END AS period_end,
    sum(precip_mm) AS precip_mm,
    count(precip_mm) AS days
FROM weather_daily
WHERE departement = $departement
GROUP BY period_end
ORDER BY period_end
