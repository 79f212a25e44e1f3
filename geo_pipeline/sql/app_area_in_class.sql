-- Share of a département's area in each class, by indicator and dekad.
SELECT * EXCLUDE (departement, cell_classes)
FROM area_in_class
WHERE departement = $departement
ORDER BY indicator, period_end
