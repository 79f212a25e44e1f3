-- The indicators that exist in every dekad, for `transforms.quality.computed`.
-- In: drought_indicators
SELECT departement, period_end, indicator, value
FROM drought_indicators
WHERE indicator IN ('precip_mm', 'spi_3', 'spei_6', 'swi', 'combined')
ORDER BY departement, indicator, period_end
