"""What may come, and how sure: forecasts, and the measure of each on years it had not seen.

Add what looks ahead here: ensembles of past weather, regressions of yields, their hindcasts and
what scores them; arrays in and out, like `indicators`. Not here: rows with dates and départements
(`transforms`), and nothing that was measured: skill and what is told for it are computed from the
data at hand, never written into code.
"""
