-- Errors in boundaries that are to replace the embedded ones, one row for each: the problem, with the
-- numbers found and expected (km2, or counts). Areas and overlaps are on the ellipsoid; only valid
-- polygons are compared.
-- In: candidate(feature, departement, geometry lon/lat), embedded(departement, area_official_km2, geometry)
WITH bounds AS (
    -- Generalised coasts, lakes and rivers change the area of a large département by up to 6 % of the
    -- official one, cut corners that of a small one by some km2. A sliver between neighbours is no overlap.
    SELECT 0.08 AS area_share, 20 AS area_km2, 0.001 AS overlap_share, 0.7 AS share_in_place
),

measured AS (
    SELECT
        *,
        coalesce(ST_IsValid(geometry) AND NOT ST_IsEmpty(geometry), FALSE) AS valid,
        coalesce(
            ST_GeometryType(geometry)::VARCHAR IN ('POLYGON', 'MULTIPOLYGON'), FALSE
        ) AS polygonal
    FROM candidate
),

sound AS (
    SELECT
        measured.feature,
        measured.departement,
        measured.geometry,
        ST_Area_Spheroid(measured.geometry) / 1e6 AS area_km2
    FROM measured
    WHERE valid AND polygonal
),

found AS (
    SELECT
        1 AS step,
        'missing' AS problem,
        departement,
        NULL AS neighbour,
        NULL AS found,
        NULL AS expected
    FROM embedded
    WHERE departement NOT IN (SELECT departement FROM candidate WHERE departement IS NOT NULL)

    UNION ALL
    SELECT 2, 'no_departement', departement, NULL, NULL, NULL
    FROM candidate
    WHERE departement IS NULL OR departement NOT IN (SELECT departement FROM embedded)

    UNION ALL
    SELECT 3, 'times', departement, NULL, count(*), NULL
    FROM candidate
    WHERE departement IS NOT NULL
    GROUP BY departement
    HAVING count(*) > 1

    UNION ALL
    SELECT 4, 'no_polygon', departement, NULL, NULL, NULL
    FROM measured
    WHERE NOT (valid AND polygonal)

    UNION ALL
    SELECT
        5, CASE WHEN swapped THEN 'swapped' ELSE 'elsewhere' END, departement, NULL, NULL, NULL
    FROM (
        SELECT
            sound.departement,
            ST_Intersects(ST_FlipCoordinates(sound.geometry), embedded.geometry) AS swapped,
            ST_Area(ST_Intersection(sound.geometry, embedded.geometry))
            / least(ST_Area(sound.geometry), ST_Area(embedded.geometry)) AS share
        FROM sound
        INNER JOIN embedded ON sound.departement = embedded.departement
    )
    WHERE share < (SELECT share_in_place FROM bounds)

    UNION ALL
    SELECT
        6, 'area', sound.departement, NULL, sound.area_km2, embedded.area_official_km2
    FROM sound
    INNER JOIN embedded ON sound.departement = embedded.departement
    CROSS JOIN bounds
    WHERE abs(sound.area_km2 - embedded.area_official_km2)
        > bounds.area_share * embedded.area_official_km2 + bounds.area_km2

    UNION ALL
    SELECT
        7, 'overlap', departement, neighbour, overlap_km2, NULL
    FROM (
        SELECT
            a.departement,
            b.departement AS neighbour,
            a.feature,
            b.feature AS neighbour_feature,
            least(a.area_km2, b.area_km2) AS smaller_km2,
            ST_Area_Spheroid(
                ST_CollectionExtract(ST_Intersection(a.geometry, b.geometry), 3)
            ) / 1e6 AS overlap_km2
        FROM sound AS a
        INNER JOIN sound AS b ON ST_Intersects(a.geometry, b.geometry)
    )
    WHERE feature < neighbour_feature
        AND departement IS DISTINCT FROM neighbour
        AND overlap_km2 > smaller_km2 * (SELECT overlap_share FROM bounds)
)

SELECT problem, departement, neighbour, found, expected
FROM found
ORDER BY step, departement, problem, neighbour
