-- In: cell_dekads
-- The cells of the grid in each département, in the order of `cell_classes` of area_in_class.
SELECT
    departement,
    x_hm,
    y_hm,
    any_value(x_km) AS x_km,
    any_value(y_km) AS y_km,
    any_value(area_km2) AS area_km2
FROM cell_dekads
GROUP BY departement, x_hm, y_hm
ORDER BY departement, x_hm, y_hm
