-- Outlines of the départements that are drawn in insets, in longitude and latitude, with the scale of each inset.
SELECT
    departements.departement,
    departement_shapes.scale,
    departements.geometry
FROM departement_shapes
INNER JOIN departements ON departement_shapes.departement = departements.departement
WHERE departement_shapes.inset
ORDER BY departements.departement
