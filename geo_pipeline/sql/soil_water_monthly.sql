-- In: soil_water_daily
-- Soil water by month and crop, from the days of the lake; a month counts if all its days are known.
SELECT
    departement,
    last_day(date) AS period_end,
    crop,
    CASE WHEN count(*) = count(swi) THEN avg(swi) END AS swi,
    CASE WHEN count(*) = count(ks) THEN avg(ks) END AS ks,
    CASE WHEN count(*) = count(eta_mm) THEN sum(eta_mm) END AS eta_mm,
    count(*) AS days
FROM soil_water_daily
GROUP BY ALL
ORDER BY departement, crop, period_end
