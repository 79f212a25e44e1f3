-- The indicators that bulletins tell of, for all départements and dekads.
SELECT
    departement,
    period_end,
    indicator,
    value,
    percentile,
    drought_class,
    percentile_low,
    percentile_high,
    class_chance,
    reference_years,
    reference_period
FROM drought_indicators
WHERE indicator IN ('combined', 'drought_age_dekads', 'season_precip_mm', 'spi_3', 'swi')
ORDER BY indicator, period_end, departement
