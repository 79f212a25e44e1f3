-- In: outlook_hindcast
-- Past outlooks of the soil under grass, as bulletins of that time tell them, with what was observed later.
SELECT
    departement,
    period_end,
    lead_dekads,
    p10,
    p50,
    p90,
    100 * drought_chance AS drought_chance_pct,
    observed
FROM outlook_hindcast
WHERE crop = 'grassland' AND p50 IS NOT NULL
ORDER BY departement, period_end, lead_dekads
