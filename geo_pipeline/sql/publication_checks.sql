-- Each row is a promise that the warehouse breaks: the key of its text (`warehouse.promise.*`), the
-- table where the text names one, and how many times it is broken.
WITH stored AS (
    SELECT 'weather_daily' AS asset, departement, count(*) AS rows FROM weather_daily GROUP BY departement
    UNION ALL
    SELECT 'crop_statistics', departement, count(*) FROM crop_statistics GROUP BY departement
    UNION ALL
    SELECT 'drought_indicators', departement, count(*) FROM drought_indicators GROUP BY departement
    UNION ALL
    SELECT 'groundwater', departement, count(*) FROM groundwater GROUP BY departement
),

files AS (
    SELECT asset, departement, rows
    FROM provenance
    WHERE asset IN ('weather_daily', 'crop_statistics', 'drought_indicators', 'groundwater')
),

failures AS (
    SELECT 'departements' AS failure, NULL AS asset, abs(count(*) - 101) AS found FROM departements
    UNION ALL
    SELECT 'shapes', NULL, abs(count(*) - 101) FROM departement_shapes
    UNION ALL
    SELECT 'geometries', NULL, count(*) FROM departements WHERE NOT ST_IsValid(geometry)
    UNION ALL
    SELECT 'areas', NULL, count(*)
    FROM departements WHERE abs(ST_Area_Spheroid(geometry) / 1e6 / area_km2 - 1) > 0.3
    UNION ALL
    SELECT 'borders', NULL, count(*)
    FROM departement_neighbours AS a
    ANTI JOIN departement_neighbours AS b
        ON a.departement = b.neighbour AND a.neighbour = b.departement
    UNION ALL
    SELECT 'dekads', NULL, count(*)
    FROM (
        SELECT period_end FROM departement_risk_values
        GROUP BY period_end HAVING count(DISTINCT departement) <> 101 OR count(*) <> 101
    )
    UNION ALL
    SELECT 'risk_rows', NULL,
        abs((SELECT count(*) FROM departement_risk) - (SELECT count(*) FROM departement_risk_values))
    UNION ALL
    SELECT 'other_rows', files.asset, count(*)
    FROM files
    LEFT JOIN stored ON files.asset = stored.asset AND files.departement = stored.departement
    WHERE files.rows <> coalesce(stored.rows, 0)
    GROUP BY files.asset
    UNION ALL
    SELECT 'no_file', stored.asset, count(*)
    FROM stored ANTI JOIN files ON files.asset = stored.asset AND files.departement = stored.departement
    GROUP BY stored.asset
    UNION ALL
    SELECT 'held', NULL, count(*)
    FROM held_departements ANTI JOIN departements USING (departement)
    UNION ALL
    SELECT 'harvests', NULL, count(*)
    FROM (
        SELECT 1 FROM yield_anomalies
        GROUP BY departement, crop, year HAVING count(*) > 1
    )
    UNION ALL
    SELECT 'stages', NULL, count(*)
    FROM (
        SELECT first_day, lag(last_day, 1, 0) OVER (PARTITION BY crop ORDER BY first_day) AS last_day_before
        FROM crop_stages
    )
    WHERE first_day <> last_day_before + 1
)
SELECT failure, asset, found FROM failures WHERE found > 0
