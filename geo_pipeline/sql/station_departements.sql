-- The département in which each station lies, or the nearest where generalised outlines exclude it.
-- In: departements(departement, geometry lon/lat; metropolitan), stations(station, lon, lat),
--     projections(departement, crs, inset)
WITH plane AS (
    SELECT any_value(crs) AS crs FROM projections WHERE inset IS NULL
),

outlines AS (
    SELECT departement, ST_Transform(geometry, 'OGC:CRS84', plane.crs) AS geometry
    FROM departements
    CROSS JOIN plane
),

placed AS (
    SELECT station, ST_Transform(ST_Point(lon, lat), 'OGC:CRS84', plane.crs) AS point
    FROM stations
    CROSS JOIN plane
)

SELECT
    placed.station,
    arg_min(outlines.departement, ST_Distance(outlines.geometry, placed.point)) AS departement
FROM placed
CROSS JOIN outlines
GROUP BY placed.station
ORDER BY placed.station
