-- One row a département, whether it has a value or not.
SELECT
    departements.departement,
    departements.name,
    departements.region,
    map_values.value,
    map_values.percentile,
    map_values.drought_class,
    map_values.percentile_low,
    map_values.percentile_high,
    map_values.class_chance,
    map_values.reference_years,
    map_values.reference_period,
    map_values.dry_rank,
    map_values.ranked_years,
    coalesce(map_values.little_grown, FALSE) AS little_grown,
    weather.known_until,
    departements.departement IN (
        SELECT covered.departement FROM map_values AS covered
        WHERE covered.indicator = $indicator AND (covered.value IS NOT NULL OR covered.drought_class IS NOT NULL)
    ) AS covered
FROM departements
LEFT JOIN ranked_values AS map_values
    ON
        departements.departement = map_values.departement
        AND map_values.indicator = $indicator
        AND map_values.period_end = CAST($period_end AS DATE)
LEFT JOIN (SELECT departement, max(date) AS known_until FROM weather_daily GROUP BY departement) AS weather
    ON departements.departement = weather.departement
ORDER BY departements.departement
