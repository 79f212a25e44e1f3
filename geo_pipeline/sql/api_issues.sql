-- The combined class of each département at some dekads.
SELECT
    ranked_values.departement,
    departements.name,
    CAST(ranked_values.period_end AS DATE) AS period_end,
    ranked_values.value,
    ranked_values.percentile,
    ranked_values.drought_class,
    ranked_values.reference_years,
    ranked_values.reference_period,
    ranked_values.dry_rank,
    ranked_values.ranked_years
FROM ranked_values
INNER JOIN departements ON ranked_values.departement = departements.departement
WHERE
    ranked_values.indicator = 'combined'
    AND list_contains($days, CAST(ranked_values.period_end AS DATE))
ORDER BY ranked_values.period_end DESC, ranked_values.departement
