-- Area of each département in each cell it reaches of the SAFRAN grid: squares of 8 km (80 hm) around
-- points in hectometres of Lambert II étendu. Whole m², so that sums are exact in any order.
-- In: departements(departement, geometry lon/lat), anchor(x_hm, y_hm): one cell of the grid
WITH lambert AS (
    SELECT
        departement,
        ST_Transform(geometry, 'OGC:CRS84', 'EPSG:27572') AS geometry
    FROM departements
    -- The area of validity of this projection, which excludes overseas.
    WHERE
        ST_XMin(geometry) > -10
        AND ST_XMax(geometry) < 15
        AND ST_YMin(geometry) > 40
        AND ST_YMax(geometry) < 53
),

extent AS (
    SELECT
        x_hm,
        y_hm,
        CAST(floor(((SELECT min(ST_XMin(geometry)) FROM lambert) / 100 - x_hm) / 80) AS INTEGER) AS west,
        CAST(ceil(((SELECT max(ST_XMax(geometry)) FROM lambert) / 100 - x_hm) / 80) AS INTEGER) AS east,
        CAST(floor(((SELECT min(ST_YMin(geometry)) FROM lambert) / 100 - y_hm) / 80) AS INTEGER) AS south,
        CAST(ceil(((SELECT max(ST_YMax(geometry)) FROM lambert) / 100 - y_hm) / 80) AS INTEGER) AS north
    FROM anchor
),

columns_of_cells AS (
    SELECT *, x_hm + 80 * unnest(range(west, east + 1)) AS x FROM extent
),

centres AS (
    SELECT x, y_hm + 80 * unnest(range(south, north + 1)) AS y FROM columns_of_cells
),

cells AS (
    SELECT
        x,
        y,
        ST_MakeEnvelope(100 * x - 4000, 100 * y - 4000, 100 * x + 4000, 100 * y + 4000) AS geometry
    FROM centres
),

shared AS (
    SELECT
        lambert.departement,
        cells.x,
        cells.y,
        round(ST_Area(ST_Intersection(lambert.geometry, cells.geometry))) AS area_m2
    FROM lambert
    INNER JOIN cells ON ST_Intersects(lambert.geometry, cells.geometry)
)

SELECT
    shared.departement,
    CAST(shared.x AS INTEGER) AS x_hm,
    CAST(shared.y AS INTEGER) AS y_hm,
    shared.area_m2,
    round(ST_Area(lambert.geometry)) AS departement_m2,
    -- The centre in kilometres of Lambert-93, as the shapes of the map are.
    round(ST_X(ST_Transform(ST_Point(100 * shared.x, 100 * shared.y), 'EPSG:27572', 'EPSG:2154')) / 1000, 4) AS x_km,
    round(ST_Y(ST_Transform(ST_Point(100 * shared.x, 100 * shared.y), 'EPSG:27572', 'EPSG:2154')) / 1000, 4) AS y_km
FROM shared
INNER JOIN lambert ON shared.departement = lambert.departement
WHERE shared.area_m2 > 0
ORDER BY shared.departement, x_hm, y_hm
