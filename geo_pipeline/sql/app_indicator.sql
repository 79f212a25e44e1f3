-- Everything the app shows of one indicator: one row a département and period that has a value.
SELECT
    map_values.departement,
    map_values.period_end,
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
    map_values.little_grown
FROM ranked_values AS map_values
INNER JOIN indicator_periods
    ON
        map_values.indicator = indicator_periods.indicator
        AND map_values.period_end = indicator_periods.period_end
WHERE map_values.indicator = $indicator
ORDER BY map_values.period_end, map_values.departement
