-- In: soil_outlook_values, outlook_skill
-- The outlook of soils as it is told: where the hindcasts of its crop, month of issue and lead do not beat the
-- climatology for sure, nothing is told but why. `why_not` is the key of a text.
CREATE VIEW soil_outlook AS
WITH judged AS (
    SELECT
        soil_outlook_values.*,
        outlook_skill.crpss_climatology,
        outlook_skill.crpss_climatology_low,
        outlook_skill.crpss_climatology_high,
        outlook_skill.crpss_persistence,
        outlook_skill.years AS skill_years,
        CASE
            WHEN p50 IS NULL AND usual_years < 5 THEN 'outlook.few_years'
            WHEN p50 IS NULL THEN 'outlook.soil_unknown'
            WHEN crpss_climatology_low IS NULL THEN 'outlook.skill_unknown'
            WHEN crpss_climatology_low <= 0 THEN 'outlook.no_skill'
        END AS why_not
    FROM soil_outlook_values
    LEFT JOIN outlook_skill
        ON
            soil_outlook_values.crop = outlook_skill.crop
            AND month(soil_outlook_values.period_end) = outlook_skill.month
            AND soil_outlook_values.lead_dekads = outlook_skill.lead_dekads
)

SELECT
    judged.* REPLACE (
        CASE WHEN why_not IS NULL THEN p10 END AS p10,
        CASE WHEN why_not IS NULL THEN p25 END AS p25,
        CASE WHEN why_not IS NULL THEN p50 END AS p50,
        CASE WHEN why_not IS NULL THEN p75 END AS p75,
        CASE WHEN why_not IS NULL THEN p90 END AS p90,
        CASE WHEN why_not IS NULL THEN d0_pct END AS d0_pct,
        CASE WHEN why_not IS NULL THEN d1_pct END AS d1_pct,
        CASE WHEN why_not IS NULL THEN d2_pct END AS d2_pct,
        CASE WHEN why_not IS NULL THEN d3_pct END AS d3_pct,
        CASE WHEN why_not IS NULL THEN d4_pct END AS d4_pct
    ),
    why_not IS NULL AS published
FROM judged;
