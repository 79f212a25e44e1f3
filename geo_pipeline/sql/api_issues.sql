-- The combined class of each département at the last dekads, with its area.
WITH dekads AS (
    SELECT DISTINCT period_end
    FROM indicator_periods
    WHERE indicator = 'combined'
    ORDER BY period_end DESC
    LIMIT $issues
)

SELECT
    ranked_values.departement,
    departements.name,
    departements.region_code,
    CAST(ranked_values.period_end AS DATE) AS period_end,
    ranked_values.value,
    ranked_values.percentile,
    ranked_values.drought_class,
    ranked_values.reference_years,
    ranked_values.reference_period,
    ranked_values.dry_rank,
    ranked_values.ranked_years
FROM ranked_values
INNER JOIN dekads ON ranked_values.period_end = dekads.period_end
INNER JOIN departements ON ranked_values.departement = departements.departement
WHERE ranked_values.indicator = 'combined'
ORDER BY ranked_values.period_end DESC, ranked_values.departement
