-- The weather that indicators and outlooks of a past day are computed from.
SELECT departement, date, precip_mm, et0_mm
FROM weather_daily
ORDER BY departement, date
