SELECT * FROM indicator_periods ORDER BY indicator, period_end
