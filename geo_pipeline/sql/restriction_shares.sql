-- Area of each département under each level of restriction, by type of zone. A place that lies
-- in several zones of one type counts once, at the strictest level. All areas are measured in the
-- plane of EPSG:6933, which is equal-area for France and overseas alike.
-- A zone only applies in its own département, so the join is on the code: no spatial predicate.
-- The area under at least a level includes stricter ones: the area of one level is a difference.
-- In: departements(departement, geometry lon/lat), zones(departement, zone_type, level, geometry),
--     restriction_levels(level, rank)
WITH outlines AS MATERIALIZED (
    SELECT
        departement::VARCHAR AS departement,
        ST_MakeValid(ST_Transform(geometry, 'OGC:CRS84', 'EPSG:6933')) AS geometry
    FROM departements
),

projected AS (
    SELECT
        departement::VARCHAR AS departement,
        zone_type::VARCHAR AS zone_type,
        zones.level::VARCHAR AS level,
        restriction_levels.rank,
        ST_Transform(geometry, 'OGC:CRS84', 'EPSG:6933') AS geometry
    FROM zones
    INNER JOIN restriction_levels ON zones.level::VARCHAR = restriction_levels.level
),

repaired AS MATERIALIZED (
    SELECT
        * REPLACE (
            CASE
                WHEN ST_IsValid(geometry) THEN geometry
                ELSE ST_CollectionExtract(ST_MakeValid(geometry), 3)
            END AS geometry
        ),
        NOT ST_IsValid(geometry) AS was_invalid
    FROM projected
),

of_level AS MATERIALIZED (
    SELECT
        departement,
        zone_type,
        level,
        rank,
        count(*) AS zones,
        count(*) FILTER (was_invalid) AS repaired_zones,
        coalesce(sum(ST_Area(geometry)), 0) AS zones_m2,
        ST_Union_Agg(geometry) AS geometry
    FROM repaired
    GROUP BY ALL
),

at_least AS MATERIALIZED (
    SELECT
        of_level.departement,
        of_level.zone_type,
        of_level.rank,
        ST_Union_Agg(stricter.geometry) AS geometry
    FROM of_level
    INNER JOIN of_level AS stricter
        ON of_level.departement = stricter.departement
        AND of_level.zone_type = stricter.zone_type
        AND of_level.rank <= stricter.rank
    GROUP BY ALL
),

covered AS (
    SELECT
        at_least.departement,
        at_least.zone_type,
        at_least.rank,
        coalesce(ST_Area(at_least.geometry), 0) AS anywhere_m2,
        coalesce(ST_Area(ST_Intersection(at_least.geometry, outlines.geometry)), 0) AS inside_m2,
        ST_Area(outlines.geometry) AS departement_m2
    FROM at_least
    LEFT JOIN outlines ON at_least.departement = outlines.departement
),

-- Rounding must not make differences of areas negative, nor a sum larger than the whole.
by_level AS (
    SELECT
        *,
        greatest(anywhere_m2 - lag(anywhere_m2, 1, 0) OVER stricter_first, 0) AS level_m2,
        greatest(
            least(inside_m2, departement_m2)
            - lag(least(inside_m2, departement_m2), 1, 0) OVER stricter_first,
            0
        ) AS inside_level_m2
    FROM covered
    WINDOW stricter_first AS (PARTITION BY departement, zone_type ORDER BY rank DESC)
)

SELECT
    by_level.departement,
    by_level.zone_type,
    of_level.level,
    inside_level_m2 / 1e6 AS area_km2,
    100 * inside_level_m2 / departement_m2 AS share_pct,
    zones,
    repaired_zones,
    zones_m2 / 1e6 AS zones_km2,
    (zones_m2 - level_m2) / 1e6 AS overlapping_km2,
    (level_m2 - inside_level_m2) / 1e6 AS outside_km2
FROM by_level
INNER JOIN of_level
    ON by_level.departement = of_level.departement
    AND by_level.zone_type = of_level.zone_type
    AND by_level.rank = of_level.rank
ORDER BY by_level.departement, by_level.zone_type, by_level.rank
