-- How many départements have a combined class at each dekad.
SELECT CAST(period_end AS DATE) AS period_end, count(drought_class) AS departements
FROM map_values
WHERE indicator = 'combined'
GROUP BY period_end
ORDER BY period_end
