-- Pairs of départements that share a border, in both directions, with its length (km).
-- The join holds one spatial predicate and nothing else, so that DuckDB plans it as a SPATIAL_JOIN;
-- pairs that only meet in a point have no border and are left out.
-- In: departements(departement, geometry)
WITH touching AS (
    SELECT
        a.departement,
        b.departement AS neighbour,
        ST_CollectionExtract(ST_Intersection(a.geometry, b.geometry), 2) AS border
    FROM departements AS a
    INNER JOIN departements AS b ON ST_Intersects(a.geometry, b.geometry)
)
SELECT
    departement,
    neighbour,
    ST_Length_Spheroid(border) / 1e3 AS shared_border_km
FROM touching
WHERE departement <> neighbour AND ST_Length_Spheroid(border) > 0
ORDER BY departement, neighbour
