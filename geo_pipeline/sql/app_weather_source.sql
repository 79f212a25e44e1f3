-- Source of the weather of each département, for the line of provenance, and the days of each source.
WITH of_source AS (
    SELECT
        departement,
        source,
        min(date) AS first_date,
        max(date) AS last_date,
        bool_or(resolution = 'dekad') AS spread_by_dekad
    FROM weather_daily
    GROUP BY departement, source
)

SELECT
    departement,
    arg_max(source, last_date) AS source,
    min(first_date) AS first_date,
    max(last_date) AS last_date,
    bool_or(spread_by_dekad) AS spread_by_dekad,
    list(
        struct_pack(source := source, first_date := first_date, last_date := last_date)
        ORDER BY first_date
    ) AS spans
FROM of_source
GROUP BY departement
ORDER BY departement
