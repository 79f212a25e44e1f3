"""Forecasts, and their skill in years that had no part in them: functions of arrays.

Add ensembles of past weather, regressions of yields, hindcasts and scores here. Rows with dates and
départements are made in `transforms`. Measured skill is never written into code: it is computed
from the data at hand, and so is the decision which forecasts readers see.
"""
