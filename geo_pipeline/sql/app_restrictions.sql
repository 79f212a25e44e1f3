-- Water restrictions of one département, the latest day first.
SELECT * FROM water_restrictions WHERE departement = $departement ORDER BY date DESC
