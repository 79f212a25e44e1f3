-- Origin of the rows of one département, and of the tables of the whole country.
SELECT asset, source, url, fetched_at, sha256, rows, first_date, last_date
FROM provenance
WHERE departement = $departement OR departement IS NULL
ORDER BY asset
