-- Source of the weather of each département, for the line of provenance.
SELECT
    departement,
    any_value(source) AS source,
    min(date) AS first_date,
    max(date) AS last_date,
    bool_or(resolution = 'dekad') AS spread_by_dekad
FROM weather_daily
GROUP BY departement
ORDER BY departement
