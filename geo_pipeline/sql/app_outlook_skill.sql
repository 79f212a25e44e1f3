-- How good the outlook of soils under grass was, by month of issue and lead: France as a whole.
SELECT month, lead_dekads, years, crpss_climatology, crpss_climatology_low, crpss_climatology_high
FROM outlook_skill
WHERE crop = 'grassland'
ORDER BY month, lead_dekads
