-- Light shapes for drawing, in planar km: Lambert-93 for metropolitan France, and the overseas
-- départements in a row of framed insets under it, each in its own projection and scaled to fit.
-- In: light(departement, geometry lon/lat), boundaries(departement, name, region), projections(departement, crs, inset)
-- One row: the frames, 170 km wide, 150 km high, 190 km apart, and the space for the name.
WITH layout AS (
    SELECT 105 AS x_min, 5960 AS y_min, 170 AS width, 150 AS height, 190 AS pitch, 12 AS margin, 30 AS label
),

projected AS (
    SELECT
        light.departement,
        projections.inset AS place,
        ST_Transform(light.geometry, 'OGC:CRS84', projections.crs) AS geometry
    FROM light
    INNER JOIN projections ON light.departement = projections.departement
),

placed AS (
    SELECT
        projected.*,
        layout.*,
        layout.x_min + layout.pitch * projected.place AS x_frame,
        CASE WHEN place IS NULL THEN 1 ELSE least(
            (width - 2 * margin) / ((ST_XMax(geometry) - ST_XMin(geometry)) / 1e3),
            (height - 2 * margin - label) / ((ST_YMax(geometry) - ST_YMin(geometry)) / 1e3)
        ) END AS scale
    FROM projected
    CROSS JOIN layout
),

shifted AS (
    SELECT
        *,
        CASE
            WHEN place IS NULL THEN 0
            ELSE x_frame + width / 2 - scale * (ST_XMin(geometry) + ST_XMax(geometry)) / 2e3
        END AS dx,
        CASE
            WHEN place IS NULL THEN 0
            ELSE y_min + (height - label) / 2 - scale * (ST_YMin(geometry) + ST_YMax(geometry)) / 2e3
        END AS dy
    FROM placed
)

SELECT
    shifted.departement,
    boundaries.name,
    boundaries.region,
    shifted.place IS NOT NULL AS inset,
    shifted.scale,
    ST_Affine(shifted.geometry, scale / 1e3, 0, 0, scale / 1e3, dx, dy) AS geometry,
    CASE
        WHEN shifted.place IS NOT NULL
            THEN ST_MakeEnvelope(x_frame, y_min, x_frame + width, y_min + height)
    END AS frame
FROM shifted
INNER JOIN boundaries ON shifted.departement = boundaries.departement
ORDER BY shifted.departement
