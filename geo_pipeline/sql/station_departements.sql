-- The département that each station lies in, or the nearest where drawn outlines leave it outside.
-- In: departements(departement, geometry lon/lat; metropolitan), stations(station, lon, lat)
WITH outlines AS (
    SELECT departement, ST_Transform(geometry, 'OGC:CRS84', 'EPSG:2154') AS geometry FROM departements
),

placed AS (
    SELECT station, ST_Transform(ST_Point(lon, lat), 'OGC:CRS84', 'EPSG:2154') AS point FROM stations
)

SELECT
    placed.station,
    arg_min(outlines.departement, ST_Distance(outlines.geometry, placed.point)) AS departement
FROM placed
CROSS JOIN outlines
GROUP BY placed.station
ORDER BY placed.station
