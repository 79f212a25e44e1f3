-- Water that the crops of one département would have to be given, dekad by dekad.
SELECT *
FROM irrigation_need
WHERE departement = $departement
ORDER BY period_end, crop
