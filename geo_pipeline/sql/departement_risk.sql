-- Combined drought class of each département and dekad, with its drivers and what is exposed.
-- Every département has a row in every dekad; what is not known is NULL.
-- In: dekads, departements (the requested ones), departement_neighbours, drought_indicators (the drivers, also of
-- neighbours), crop_areas, crop_seasons (dekads of the year in which a crop grows), water_restrictions
WITH grid AS (
    SELECT departements.departement, dekads.period_end
    FROM departements
    CROSS JOIN dekads
),

combined AS (
    SELECT departement, period_end, value AS score, drought_class
    FROM drought_indicators
    WHERE indicator = 'combined' AND value IS NOT NULL
),

drivers AS (
    SELECT
        departement,
        period_end,
        string_agg(indicator || ':' || drought_class, ', ' ORDER BY value, indicator) AS drivers
    FROM drought_indicators
    WHERE
        indicator <> 'combined'
        AND drought_class BETWEEN 'D0' AND 'D4'
    GROUP BY departement, period_end
),

neighbourhood AS (
    SELECT
        pairs.departement,
        combined.period_end,
        100.0 * count(*) FILTER (combined.drought_class BETWEEN 'D1' AND 'D4')
        / nullif(count(combined.drought_class), 0) AS in_drought_pct
    FROM departement_neighbours AS pairs
    INNER JOIN combined ON pairs.neighbour = combined.departement
    GROUP BY pairs.departement, combined.period_end
),

-- Only growing crops: wheat is not at risk in a drought after its harvest.
standing AS (
    SELECT
        grid.departement,
        grid.period_end,
        sum(crop_areas.area_ha ORDER BY crop_areas.crop) AS area_ha,
        string_agg(crop_areas.crop, ', ' ORDER BY crop_areas.crop) AS crops,
        min(crop_areas.year) AS first_year,
        max(crop_areas.year) AS last_year
    FROM grid
    INNER JOIN crop_areas
        ON
            grid.departement = crop_areas.departement
            AND year(grid.period_end) >= crop_areas.year
            AND year(grid.period_end) < crop_areas.until_year
    INNER JOIN crop_seasons
        ON
            crop_areas.crop = crop_seasons.crop
            AND month(grid.period_end) = crop_seasons.month
            AND least((day(grid.period_end) - 1) // 10, 2) = crop_seasons.third
    WHERE crop_areas.area_ha > 0
    GROUP BY grid.departement, grid.period_end
),

-- Where areas are known by then and no crop grows, the area is 0.
known_since AS (
    SELECT departement, min(year) AS year
    FROM crop_areas
    GROUP BY departement
),

exposure AS (
    SELECT
        grid.departement,
        grid.period_end,
        standing.crops,
        standing.first_year,
        standing.last_year,
        CASE WHEN year(grid.period_end) >= known_since.year THEN coalesce(standing.area_ha, 0) END AS area_ha
    FROM grid
    LEFT JOIN known_since ON grid.departement = known_since.departement
    LEFT JOIN standing
        ON grid.departement = standing.departement AND grid.period_end = standing.period_end
),

restrictions AS (
    SELECT
        departement,
        CASE
            WHEN day(date) <= 20
                THEN CAST(date_trunc('month', date) + to_days(9 + 10 * CAST(day(date) > 10 AS INTEGER)) AS DATE)
            ELSE last_day(date)
        END AS dekad_end,
        max_by(level_max, restriction_levels.rank) AS level
    FROM water_restrictions
    LEFT JOIN restriction_levels ON water_restrictions.level_max = restriction_levels.level
    GROUP BY departement, dekad_end
)

SELECT
    grid.departement,
    grid.period_end,
    combined.score,
    combined.drought_class,
    drivers.drivers,
    neighbourhood.in_drought_pct AS neighbours_in_drought_pct,
    exposure.area_ha AS crop_area_ha,
    exposure.crops AS crop_area_crops,
    exposure.first_year AS crop_area_first_year,
    exposure.last_year AS crop_area_last_year,
    CASE
        WHEN combined.drought_class BETWEEN 'D1' AND 'D4' THEN exposure.area_ha
        WHEN combined.drought_class IS NOT NULL AND exposure.area_ha IS NOT NULL THEN 0
    END AS exposed_crop_area_ha,
    restrictions.level AS restriction_level
FROM grid
LEFT JOIN combined
    ON grid.departement = combined.departement AND grid.period_end = combined.period_end
LEFT JOIN drivers
    ON grid.departement = drivers.departement AND grid.period_end = drivers.period_end
LEFT JOIN neighbourhood
    ON grid.departement = neighbourhood.departement AND grid.period_end = neighbourhood.period_end
LEFT JOIN exposure
    ON grid.departement = exposure.departement AND grid.period_end = exposure.period_end
LEFT JOIN restrictions
    ON grid.departement = restrictions.departement AND grid.period_end = restrictions.dekad_end
ORDER BY grid.departement, grid.period_end
