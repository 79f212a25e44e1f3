-- What is at stake in each dekad, and the risk to it: published beside the tables of the lake.
-- In: crop_statistics, crop_areas, departements, departement_risk_values, drought_indicators, crop_seasons (dekads in
-- which a crop stands, its indicator of shortage and Ky), risk_weights and irrigated_risk (settings)

-- With the share of France's production in the year of the area.
CREATE TABLE crop_stakes AS
WITH shares AS (
    SELECT
        departement,
        crop,
        year,
        100.0 * production_q / nullif(sum(production_q) OVER (PARTITION BY crop, year), 0) AS production_share_pct
    FROM crop_statistics
    WHERE area_ha > 0
)

SELECT crop_areas.*, shares.production_share_pct
FROM crop_areas
LEFT JOIN shares
    ON
        crop_areas.departement = shares.departement
        AND crop_areas.crop = shares.crop
        AND crop_areas.year = shares.year
WHERE crop_areas.area_ha > 0
ORDER BY crop_areas.departement, crop_areas.crop, crop_areas.year;

-- Hazard: how dry it is. Vulnerability: how much the crop suffers from it then. Exposure: its share of what stands.
CREATE VIEW exposure AS
WITH shortages AS (
    SELECT departement, period_end, indicator, value AS shortage_pct, percentile AS shortage_percentile
    FROM drought_indicators
    WHERE starts_with(indicator, 'crop_stress_pct_')
),

stakes AS (
    SELECT
        risk.departement,
        risk.period_end,
        risk.drought_class,
        risk.restriction_level,
        crop_seasons.crop,
        crop_seasons.indicator,
        crop_seasons.irrigated,
        crop_seasons.ky,
        crop_stakes.area_ha,
        crop_stakes.year AS area_year,
        crop_stakes.production_share_pct
    FROM departement_risk_values AS risk
    INNER JOIN crop_seasons
        ON
            month(risk.period_end) = crop_seasons.month
            AND least((day(risk.period_end) - 1) // 10, 2) = crop_seasons.third
    INNER JOIN crop_stakes
        ON
            risk.departement = crop_stakes.departement
            AND crop_seasons.crop = crop_stakes.crop
            AND year(risk.period_end) >= crop_stakes.year
            AND year(risk.period_end) < crop_stakes.until_year
    WHERE risk.drought_class IS NOT NULL
),

judged AS (
    SELECT
        stakes.*,
        shortages.shortage_pct,
        shortages.shortage_percentile,
        risk_weights.shortage_weight * shortages.shortage_pct / 100.0
        + (1.0 - risk_weights.shortage_weight)
        * coalesce(list_position(['D0', 'D1', 'D2', 'D3', 'D4'], stakes.drought_class), 0) / 5.0 AS hazard,
        least(coalesce(stakes.ky, risk_weights.default_ky) / risk_weights.highest_ky, 1.0)
        * CASE WHEN stakes.irrigated THEN irrigated_risk.share ELSE 1.0 END AS vulnerability
    FROM stakes
    CROSS JOIN risk_weights
    INNER JOIN irrigated_risk ON coalesce(stakes.restriction_level, 'none') = irrigated_risk.level
    LEFT JOIN shortages
        ON
            stakes.departement = shortages.departement
            AND stakes.period_end = shortages.period_end
            AND stakes.indicator = shortages.indicator
)

SELECT
    departement,
    period_end,
    crop,
    area_ha,
    area_year,
    production_share_pct,
    irrigated,
    shortage_pct,
    shortage_percentile,
    CASE
        WHEN shortage_pct < 5 THEN 'none'
        WHEN shortage_pct < 15 THEN 'slight'
        WHEN shortage_pct < 30 THEN 'moderate'
        WHEN shortage_pct < 50 THEN 'strong'
        WHEN shortage_pct < 70 THEN 'severe'
        WHEN shortage_pct IS NOT NULL THEN 'extreme'
    END AS shortage_class,
    hazard,
    vulnerability,
    area_ha / sum(area_ha) OVER (PARTITION BY departement, period_end) AS exposure,
    hazard * vulnerability AS risk
FROM judged
ORDER BY departement, period_end, crop;

-- The same for régions and for France (region NULL), by area; where the shortage is not known the area counts as known
-- to stand, and in none of the shares.
CREATE VIEW exposure_by_region AS
SELECT
    departements.region,
    exposure.period_end,
    exposure.crop,
    sum(exposure.area_ha ORDER BY exposure.departement) AS area_ha,
    max(exposure.area_year) AS area_year,
    sum(exposure.area_ha ORDER BY exposure.departement) FILTER (exposure.shortage_pct IS NOT NULL) AS judged_ha,
    sum(exposure.area_ha ORDER BY exposure.departement)
        FILTER (exposure.shortage_class IN ('moderate', 'strong', 'severe', 'extreme')) AS short_ha,
    sum(exposure.area_ha ORDER BY exposure.departement) FILTER (exposure.shortage_percentile <= 20) AS affected_ha,
    100.0 * sum(exposure.area_ha ORDER BY exposure.departement) FILTER (exposure.shortage_percentile <= 20)
    / nullif(
        sum(exposure.area_ha ORDER BY exposure.departement) FILTER (exposure.shortage_pct IS NOT NULL), 0
    ) AS affected_pct,
    sum(exposure.production_share_pct ORDER BY exposure.departement)
        FILTER (exposure.shortage_percentile <= 20) AS production_at_stake_pct,
    sum(exposure.risk * exposure.area_ha ORDER BY exposure.departement)
    / nullif(sum(exposure.area_ha ORDER BY exposure.departement) FILTER (exposure.risk IS NOT NULL), 0) AS risk
FROM exposure
INNER JOIN departements ON exposure.departement = departements.departement
GROUP BY GROUPING SETS (
    (departements.region, exposure.period_end, exposure.crop),
    (exposure.period_end, exposure.crop)
)
ORDER BY departements.region, exposure.period_end, exposure.crop;
