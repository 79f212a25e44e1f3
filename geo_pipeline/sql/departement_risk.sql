-- Combined drought class of each département and dekad, with its drivers and what is exposed.
-- Every département has a row in every dekad; what is not known is NULL.
-- In: dekads, departements (the requested ones), departement_neighbours, drought_indicators (the drivers, also of
-- neighbours), crop_statistics, crop_seasons (dekads of the year in which a crop grows), water_restrictions
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

areas AS (
    SELECT departement, year, crop, area_ha
    FROM crop_statistics
    WHERE area_ha IS NOT NULL
),

-- The latest year up to then with known areas.
latest AS (
    SELECT grid.departement, grid.period_end, years.year
    FROM grid
    ASOF LEFT JOIN (SELECT DISTINCT departement, year FROM areas) AS years
        ON grid.departement = years.departement AND year(grid.period_end) >= years.year
),

-- Only growing crops: wheat is not at risk in a drought after its harvest.
standing AS (
    SELECT areas.departement, areas.year, areas.crop, areas.area_ha, crop_seasons.month, crop_seasons.third
    FROM areas
    INNER JOIN crop_seasons ON areas.crop = crop_seasons.crop
),

exposure AS (
    SELECT
        latest.departement,
        latest.period_end,
        latest.year,
        CASE WHEN latest.year IS NOT NULL THEN coalesce(sum(standing.area_ha ORDER BY standing.crop), 0) END
            AS area_ha,
        string_agg(standing.crop, ', ' ORDER BY standing.crop) AS crops
    FROM latest
    LEFT JOIN standing
        ON
            latest.departement = standing.departement
            AND latest.year = standing.year
            AND month(latest.period_end) = standing.month
            AND least((day(latest.period_end) - 1) // 10, 2) = standing.third
    GROUP BY latest.departement, latest.period_end, latest.year
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
    exposure.year AS crop_area_year,
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
