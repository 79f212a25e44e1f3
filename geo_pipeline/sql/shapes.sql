SELECT * FROM departement_shapes ORDER BY departement
