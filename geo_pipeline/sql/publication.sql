-- What turns the lake's tables into the published warehouse.
-- In: every table of the lake, provenance; the rows of departement_risk as departement_risk_values.

-- The risk table with its geometry: joined on reading, so that 101 shapes are not stored for each month.
CREATE VIEW departement_risk AS
SELECT risk.*, shapes.geometry
FROM departement_risk_values AS risk
LEFT JOIN departements AS shapes ON risk.departement = shapes.departement;

-- Soil water by month and crop, from the days of the lake; a month counts when all its days are known.
CREATE TABLE soil_water_monthly AS
SELECT
    departement,
    last_day(date) AS period_end,
    crop,
    CASE WHEN count(*) = count(swi) THEN avg(swi) END AS swi,
    CASE WHEN count(*) = count(ks) THEN avg(ks) END AS ks,
    CASE WHEN count(*) = count(eta_mm) THEN sum(eta_mm) END AS eta_mm,
    count(*) AS days
FROM soil_water_daily
GROUP BY ALL
ORDER BY departement, crop, period_end;

DROP VIEW IF EXISTS soil_water_daily;

-- Whatever a map can show, in one form: indicators by month, restriction levels by day.
CREATE VIEW map_values AS
SELECT
    departement, indicator, period_end, value, percentile, drought_class, reference_years, reference_period
FROM drought_indicators
UNION ALL
SELECT
    departement, 'water_restrictions', date, NULL, NULL, coalesce(level_max, 'none'), NULL, NULL
FROM water_restrictions;

-- What a reader may choose from: the periods for which at least one département has a value.
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

-- Area and départements in each class through time: the chart under the map.
CREATE TABLE class_shares AS
SELECT
    map_values.indicator,
    map_values.period_end,
    map_values.drought_class,
    count(*) AS departements,
    sum(departements.area_km2) AS area_km2
FROM map_values
INNER JOIN departements ON map_values.departement = departements.departement
WHERE map_values.drought_class IS NOT NULL
GROUP BY map_values.indicator, map_values.period_end, map_values.drought_class
ORDER BY map_values.indicator, map_values.period_end, map_values.drought_class;
