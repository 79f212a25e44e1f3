-- Views and derived tables that turn the lake's tables into the published warehouse.
-- In: every table of the lake, provenance, crop_stages; the rows of departement_risk as departement_risk_values.

-- The risk table with its geometry, joined on reading so that 101 shapes are not stored for each dekad.
CREATE VIEW departement_risk AS
SELECT risk.*, shapes.geometry
FROM departement_risk_values AS risk
LEFT JOIN departements AS shapes ON risk.departement = shapes.departement;

-- The newest dekad of France: the last one reached by half of the départements with a combined index.
CREATE TABLE france_until AS
WITH ends AS (
    SELECT departement, max(period_end) AS period_end
    FROM drought_indicators
    WHERE indicator = 'drought_age_dekads' AND value IS NOT NULL
    GROUP BY departement
)

SELECT max(here.period_end) AS period_end
FROM ends AS here
WHERE 2 * (SELECT count(*) FROM ends AS there WHERE there.period_end >= here.period_end) >= (SELECT count(*) FROM ends);

-- Droughts of the combined index by run theory: first and last dekad, total severity (index x months).
CREATE TABLE drought_events AS
WITH course AS (
    SELECT
        departement,
        period_end,
        max(CASE indicator WHEN 'drought_age_dekads' THEN value END) AS age,
        max(CASE indicator WHEN 'drought_severity' THEN value END) AS severity,
        max(CASE indicator WHEN 'drought_peak' THEN value END) AS peak
    FROM drought_indicators
    WHERE indicator IN ('drought_age_dekads', 'drought_severity', 'drought_peak')
    GROUP BY departement, period_end
),

numbered AS (
    SELECT
        *,
        count(*) FILTER (age = 1) OVER (PARTITION BY departement ORDER BY period_end) AS event,
        lead(age) OVER (PARTITION BY departement ORDER BY period_end) AS age_after
    FROM course
)

SELECT
    departement,
    min(period_end) AS first_dekad,
    max(period_end) AS last_dekad,
    CAST(max(age) AS INTEGER) AS duration_dekads,
    max(severity) AS severity,
    min(peak) AS peak,
    arg_min(period_end, peak) FILTER (peak < 0) AS peak_dekad,
    -- Known to be over where the dekad after it is known; else it ends in a gap or is still running.
    CASE
        WHEN arg_max_null(age_after, period_end) IS NOT NULL THEN 'over'
        WHEN max(period_end) >= (SELECT france_until.period_end FROM france_until) THEN 'running'
        ELSE 'unknown'
    END AS state
FROM numbered
WHERE age >= 1
GROUP BY departement, event
ORDER BY departement, first_dekad;

-- Each harvest with the mean of the five years before it, if at least three of them are known and not doubtful.
-- A yield under a third of the place's own median (of at least five harvests), or over three times it, is doubtful
-- unless at least two neighbours had a similar one that year: it is then probably an error in the figures.
CREATE TABLE yield_anomalies AS
WITH near AS (
    SELECT
        own.departement,
        own.crop,
        own.year,
        median(other.yield_q_ha) AS neighbours_q_ha
    FROM crop_statistics AS own
    INNER JOIN departement_neighbours AS pairs ON own.departement = pairs.departement
    INNER JOIN crop_statistics AS other
        ON pairs.neighbour = other.departement AND own.crop = other.crop AND own.year = other.year
    WHERE other.yield_q_ha IS NOT NULL
    GROUP BY own.departement, own.crop, own.year
    HAVING count(*) >= 2
),

judged AS (
    SELECT
        crop_statistics.departement,
        crop_statistics.crop,
        crop_statistics.year,
        crop_statistics.yield_q_ha,
        CASE
            WHEN count(crop_statistics.yield_q_ha) OVER record >= 5
                THEN median(crop_statistics.yield_q_ha) OVER record
        END AS usual_q_ha,
        near.neighbours_q_ha
    FROM crop_statistics
    LEFT JOIN near
        ON
            crop_statistics.departement = near.departement
            AND crop_statistics.crop = near.crop
            AND crop_statistics.year = near.year
    WINDOW record AS (PARTITION BY crop_statistics.departement, crop_statistics.crop)
),

told AS (
    SELECT
        *,
        coalesce(yield_q_ha NOT BETWEEN usual_q_ha / 3 AND usual_q_ha * 3, FALSE)
        AND coalesce(yield_q_ha NOT BETWEEN neighbours_q_ha / 2 AND neighbours_q_ha * 2, TRUE) AS doubtful
    FROM judged
),

before AS (
    SELECT
        *,
        avg(yield_q_ha) FILTER (NOT doubtful) OVER five_years AS mean_q_ha,
        count(yield_q_ha) FILTER (NOT doubtful) OVER five_years AS harvests
    FROM told
    WINDOW five_years AS (
        PARTITION BY departement, crop
        ORDER BY year
        RANGE BETWEEN 5 PRECEDING AND 1 PRECEDING
    )
),

expected AS (
    SELECT *, CASE WHEN harvests >= 3 THEN mean_q_ha END AS expected_q_ha FROM before
)

SELECT
    departement,
    crop,
    year,
    yield_q_ha,
    expected_q_ha,
    CASE WHEN NOT doubtful THEN 100 * (yield_q_ha - expected_q_ha) / nullif(expected_q_ha, 0) END AS anomaly_pct,
    harvests,
    doubtful
FROM expected
ORDER BY departement, crop, year;

-- The day of issue of the outlook of France: the last one reached by half of the départements.
CREATE TABLE outlook_issued AS
WITH issues AS (
    SELECT departement, max(period_end) AS issued
    FROM soil_outlook_values
    GROUP BY departement
)

SELECT max(here.issued) AS issued
FROM issues AS here
WHERE 2 * (SELECT count(*) FROM issues AS there WHERE there.issued >= here.issued) >= (SELECT count(*) FROM issues);

-- The outlook of the land's soils issued on that day: a département whose weather ends before or after it has none.
CREATE VIEW soil_ahead AS
SELECT departement, target_end, d1_pct, p50
FROM soil_outlook
WHERE
    crop = 'grassland'
    AND period_end = (SELECT outlook_issued.issued FROM outlook_issued);

-- Share of each département's area under at least a level, by kind of water; no rows where zones are not known. The
-- mildest level limits nothing.
CREATE TABLE restricted_areas AS
WITH levels AS (
    UNPIVOT (SELECT departement, date, COLUMNS('^(surface|groundwater|drinking)_.*_pct$') FROM water_restrictions)
    ON COLUMNS('_pct$') INTO NAME share VALUE pct
),

named AS (
    SELECT
        departement,
        date,
        regexp_extract(share, '^(surface|groundwater|drinking)', 1) AS water,
        regexp_extract(share, '^[a-z]+_(.*)_pct$', 1) AS level,
        pct
    FROM levels
)

SELECT
    named.departement,
    named.date,
    'restricted_area_pct_' || water || '_' || least_level.level AS indicator,
    least(sum(pct), 100) AS pct
FROM named
INNER JOIN restriction_levels AS here ON named.level = here.level
INNER JOIN restriction_levels AS least_level ON here.rank >= least_level.rank
WHERE least_level.rank > 1
GROUP BY ALL
ORDER BY indicator, named.departement, named.date;

DROP TABLE restriction_levels;

-- Share of each département's area in drought at least so severe, from the cells of the grid. Cells without a class
-- do not count; where they are half of the area or more nothing is told.
CREATE TABLE drought_areas AS
WITH known AS (
    SELECT
        departement,
        indicator,
        period_end,
        100 - unknown_pct AS known_pct,
        d4_pct + d3_pct AS d3,
        d4_pct + d3_pct + d2_pct AS d2,
        d4_pct + d3_pct + d2_pct + d1_pct AS d1
    FROM area_in_class
    WHERE unknown_pct < 50
),

at_least AS (
    UNPIVOT known ON d1, d2, d3 INTO NAME class VALUE pct
)

SELECT
    departement,
    period_end,
    'area_pct_' || indicator || '_' || class AS indicator,
    least(100 * pct / known_pct, 100) AS pct
FROM at_least
ORDER BY indicator, departement, period_end;

-- Everything that a map can show, in one form: indicators by dekad, restrictions by day, yields by year, and
-- the soils of the dekads to come.
CREATE VIEW map_values AS
SELECT
    departement,
    indicator,
    period_end,
    value,
    percentile,
    drought_class,
    percentile_low,
    percentile_high,
    class_chance,
    reference_years,
    reference_period
FROM drought_indicators
UNION ALL
SELECT
    departement, 'water_restrictions', date,
    NULL, NULL, coalesce(level_max, 'none'), NULL, NULL, NULL, NULL, NULL
FROM water_restrictions
UNION ALL
SELECT
    departement, indicator, date,
    pct, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM restricted_areas
UNION ALL
SELECT
    departement, indicator, period_end,
    pct, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM drought_areas
UNION ALL
SELECT
    departement, 'yield_anomaly_pct_' || crop, make_date(year, 12, 31),
    anomaly_pct, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM yield_anomalies
WHERE anomaly_pct IS NOT NULL
UNION ALL
SELECT
    departement, 'soil_drought_chance_pct', target_end,
    d1_pct, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM soil_ahead
WHERE d1_pct IS NOT NULL
UNION ALL
SELECT
    departement, 'soil_wetness_ahead', target_end,
    p50, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM soil_ahead
WHERE p50 IS NOT NULL;

-- Where a crop covers under 1,000 ha by its latest known area; its shortage of water is hatched there.
CREATE TABLE little_grown AS
WITH latest AS (
    SELECT
        departement,
        CASE WHEN crop IN ('permanent_grassland', 'temporary_grassland') THEN 'grassland' ELSE crop END AS crop,
        arg_max(area_ha, year) AS area_ha
    FROM crop_statistics
    WHERE area_ha IS NOT NULL
    GROUP BY departement, crop_statistics.crop
),

small AS (
    SELECT departement, crop FROM latest GROUP BY departement, crop HAVING sum(area_ha) < 1000
)

SELECT departement, unnest(['crop_stress_pct_' || crop, 'water_satisfaction_pct_' || crop]) AS indicator
FROM small
ORDER BY departement, indicator;

-- The same as readers see it: nothing of a crop where it is little grown.
CREATE VIEW indicator_values AS
SELECT
    map_values.* REPLACE (
        CASE WHEN little_grown.indicator IS NULL THEN map_values.value END AS value,
        CASE WHEN little_grown.indicator IS NULL THEN map_values.percentile END AS percentile
    ),
    little_grown.indicator IS NOT NULL AS little_grown
FROM map_values
LEFT JOIN little_grown
    ON map_values.departement = little_grown.departement AND map_values.indicator = little_grown.indicator;

-- The same with the rank among all known years of the dekad, 1 the driest, which is shown where the reference
-- is too short for years in a hundred.
CREATE VIEW ranked_values AS
SELECT
    *,
    CASE WHEN percentile IS NOT NULL THEN rank() OVER same_dekad END AS dry_rank,
    CASE WHEN percentile IS NOT NULL THEN count(percentile) OVER dekad END AS ranked_years
FROM indicator_values
WINDOW
    dekad AS (
        PARTITION BY indicator, departement, month(period_end), least((day(period_end) - 1) // 10, 2)
    ),
    same_dekad AS (
        PARTITION BY indicator, departement, month(period_end), least((day(period_end) - 1) // 10, 2)
        ORDER BY percentile
    );

-- The periods offered to readers: those in which at least one département has a value.
CREATE TABLE indicator_periods AS
SELECT
    indicator,
    period_end,
    count(*) AS departements,
    max(reference_years) AS reference_years,
    any_value(reference_period ORDER BY reference_years DESC) AS reference_period
FROM map_values
WHERE value IS NOT NULL OR drought_class IS NOT NULL
GROUP BY indicator, period_end
ORDER BY indicator, period_end;

-- Whom to name: the providers that the published rows come from.
CREATE TABLE attributions AS
SELECT DISTINCT known_attributions.*
FROM known_attributions
INNER JOIN (
    SELECT DISTINCT asset, unnest(string_split(source, ', ')) AS source FROM provenance WHERE rows > 0
) AS used ON known_attributions.asset = used.asset AND known_attributions.source = used.source
ORDER BY known_attributions.asset, known_attributions.source;

DROP TABLE known_attributions;
