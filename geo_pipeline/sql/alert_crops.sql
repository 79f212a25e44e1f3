-- Where each crop stands in its season on at least 1,000 ha, by département and dekad.
SELECT departement, crop, CAST(period_end AS DATE) AS period_end
FROM exposure
WHERE area_ha >= 1000
