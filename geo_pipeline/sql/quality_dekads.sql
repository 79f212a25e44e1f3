-- Indicators that are there in every dekad, without the others: quality.py judges them.
-- In: drought_indicators
SELECT departement, period_end, indicator, value
FROM drought_indicators
WHERE indicator IN ('precip_mm', 'spi_3', 'spei_6', 'swi', 'combined')
ORDER BY departement, indicator, period_end
