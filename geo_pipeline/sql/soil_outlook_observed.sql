-- In: outlook_observed
-- The wetness of the soil under grass after each past outlook of the next dekad, without what was foretold.
SELECT
    departement,
    period_end::DATE AS period_end,
    lead_dekads,
    observed
FROM outlook_observed
ORDER BY departement, period_end
