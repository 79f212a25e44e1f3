SELECT * FROM provenance ORDER BY asset, departement
