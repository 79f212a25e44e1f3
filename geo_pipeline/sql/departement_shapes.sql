-- Light shapes for drawing, in planar km: Lambert-93 for metropolitan France, and the overseas
-- départements in a row of framed insets under it, each in its own projection and scaled to fit.
-- In: light(departement, geometry lon/lat), boundaries(departement, name, region)
WITH inset (departement, crs, place) AS (
    VALUES
        ('971', 'EPSG:5490', 0),  -- RGAF09 / UTM 20N
        ('972', 'EPSG:5490', 1),
        ('973', 'EPSG:2972', 2),  -- RGFG95 / UTM 22N
        ('974', 'EPSG:2975', 3),  -- RGR92 / UTM 40S
        ('976', 'EPSG:4471', 4)   -- RGM04 / UTM 38S
),

-- One row: the frames, 170 km wide, 150 km high, 190 km apart, and the room left for the name.
layout AS (
    SELECT 105 AS x_min, 5960 AS y_min, 170 AS width, 150 AS height, 190 AS pitch, 12 AS margin, 30 AS label
),

projected AS (
    SELECT
        light.departement,
        inset.place,
        ST_Transform(light.geometry, 'OGC:CRS84', coalesce(inset.crs, 'EPSG:2154')) AS geometry
    FROM light
    LEFT JOIN inset ON light.departement = inset.departement
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
