-- The cells of the grid in each département, in the order of the characters of `cell_classes`.
SELECT * FROM grid_cells ORDER BY departement, x_hm, y_hm
