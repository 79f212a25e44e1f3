-- The classes of the cells of each département at one dekad.
SELECT departement, cell_classes
FROM area_in_class
WHERE indicator = $indicator AND period_end = CAST($period_end AS DATE)
