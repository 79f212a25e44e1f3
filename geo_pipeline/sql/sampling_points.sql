-- Points of a square lattice inside each département; one on its surface where the lattice misses it.
-- The lattice is laid through all départements of a projection, so that neighbours share it. Points
-- are rounded to 0.0001 degree (11 m) before they are tested, so that requested points lie inside.
-- In: departements(departement, geometry lon/lat), projections(departement, crs), lattice(spacing_m)
WITH projected AS (
    SELECT
        projections.crs,
        ST_Transform(departements.geometry, 'OGC:CRS84', projections.crs) AS geometry
    FROM departements
    INNER JOIN projections ON departements.departement = projections.departement
),

-- One cell more on each side, because borders that are straight in degrees are curved in metres.
extent AS (
    SELECT
        crs,
        spacing_m,
        CAST(floor(min(ST_XMin(geometry)) / spacing_m) AS BIGINT) - 1 AS first_column,
        CAST(floor(max(ST_XMax(geometry)) / spacing_m) AS BIGINT) + 1 AS last_column,
        CAST(floor(min(ST_YMin(geometry)) / spacing_m) AS BIGINT) - 1 AS first_row,
        CAST(floor(max(ST_YMax(geometry)) / spacing_m) AS BIGINT) + 1 AS last_row
    FROM projected
    CROSS JOIN lattice
    GROUP BY crs, spacing_m
),

columns_of_cells AS (
    SELECT *, unnest(range(first_column, last_column + 1)) AS cell_column FROM extent
),

cells AS (
    SELECT *, unnest(range(first_row, last_row + 1)) AS cell_row FROM columns_of_cells
),

centres AS (
    SELECT
        ST_Transform(
            ST_Point((cell_column + 0.5) * spacing_m, (cell_row + 0.5) * spacing_m), crs, 'OGC:CRS84'
        ) AS centre
    FROM cells
),

rounded AS (
    SELECT round(ST_Y(centre), 4) AS latitude, round(ST_X(centre), 4) AS longitude FROM centres
),

placed AS (
    SELECT latitude, longitude, ST_Point(longitude, latitude) AS point FROM rounded
),

-- One spatial predicate and nothing else, so that DuckDB plans it as a SPATIAL_JOIN.
inside AS (
    SELECT departements.departement, placed.latitude, placed.longitude
    FROM departements
    INNER JOIN placed ON ST_Contains(departements.geometry, placed.point)
),

missed AS (
    SELECT departement, ST_PointOnSurface(geometry) AS point
    FROM departements
    WHERE departement NOT IN (SELECT departement FROM inside)
)

SELECT departement, latitude, longitude FROM inside
UNION ALL
SELECT departement, round(ST_Y(point), 4), round(ST_X(point), 4) FROM missed
ORDER BY departement, latitude DESC, longitude
