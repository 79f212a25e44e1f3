-- State of each département: its newest dekad with a combined class, its newest day of restrictions.
WITH drought AS (
    SELECT
        departement,
        max(period_end) AS period_end,
        arg_max(drought_class, period_end) AS drought_class
    FROM departement_risk_values
    WHERE drought_class IS NOT NULL
    GROUP BY departement
),

restrictions AS (
    SELECT
        departement,
        max(date) AS restricted_on,
        arg_max(coalesce(level_max, 'none'), date) AS restriction_level
    FROM water_restrictions
    GROUP BY departement
),

-- Certainty of that class.
certainty AS (
    SELECT
        drought.departement,
        drought_indicators.percentile_low,
        drought_indicators.percentile_high,
        drought_indicators.class_chance
    FROM drought
    INNER JOIN drought_indicators
        ON
            drought.departement = drought_indicators.departement
            AND drought.period_end = drought_indicators.period_end
            AND drought_indicators.indicator = 'combined'
),

-- Whether the days of that dekad may still be corrected, or are of the embedded archive.
weather AS (
    SELECT
        drought.departement,
        bool_or(weather_daily.provisional) AS provisional,
        bool_and(weather_daily.source LIKE 'bundled%') AS archive
    FROM drought
    INNER JOIN weather_daily
        ON
            drought.departement = weather_daily.departement
            AND weather_daily.date BETWEEN drought.period_end - INTERVAL 10 DAYS AND drought.period_end
    GROUP BY drought.departement
)

SELECT
    departements.departement,
    drought.period_end,
    drought.drought_class,
    certainty.percentile_low,
    certainty.percentile_high,
    certainty.class_chance,
    restrictions.restricted_on,
    restrictions.restriction_level,
    coalesce(weather.provisional, FALSE) AS provisional,
    coalesce(weather.archive, FALSE) AS archive
FROM departements
LEFT JOIN drought ON departements.departement = drought.departement
LEFT JOIN certainty ON departements.departement = certainty.departement
LEFT JOIN restrictions ON departements.departement = restrictions.departement
LEFT JOIN weather ON departements.departement = weather.departement
ORDER BY departements.departement
