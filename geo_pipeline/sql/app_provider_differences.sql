-- How far the providers of a département's weather differ, where they have common years.
SELECT *
FROM provider_differences
WHERE departement = $departement AND common_years > 0
ORDER BY provider, other_provider, variable, month
