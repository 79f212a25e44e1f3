SELECT * FROM departements ORDER BY departement
