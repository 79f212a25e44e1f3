-- Names and areas, without shapes.
SELECT departement, name, region, area_km2 FROM departements ORDER BY departement
