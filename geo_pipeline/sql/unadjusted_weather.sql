-- Départements with days of weather from several providers that were joined as they are: the names of these
-- providers, that of the newest days first, the first day of that one and the last day of the others.
WITH of_provider AS (
    SELECT
        departement,
        split_part(source, ':', 1) AS provider,
        min(date) AS first_date,
        max(date) AS last_date
    FROM weather_daily
    WHERE NOT ends_with(source, ':adjusted')
    GROUP BY departement, provider
)

SELECT
    of_provider.departement,
    list(coalesce(attributions.name, of_provider.provider) ORDER BY of_provider.last_date DESC) AS providers,
    arg_max(of_provider.first_date, of_provider.last_date) AS since,
    list(of_provider.last_date ORDER BY of_provider.last_date DESC)[2] AS others_until
FROM of_provider
LEFT JOIN attributions ON attributions.asset = 'weather_daily' AND of_provider.provider = attributions.source
GROUP BY of_provider.departement
HAVING count(*) > 1
ORDER BY of_provider.departement
