"""Rain of the month, and indices of rain and of rain minus evaporation."""

import numpy as np

from geo_pipeline.indicators.aggregation import climatological_mean, rolling_sum
from geo_pipeline.transforms.basis import Basis
from geo_pipeline.transforms.daily_arrays import MONTH
from geo_pipeline.transforms.indicator_rows import Measure, ranked, standardised


def month(basis: Basis) -> Measure:
    """Rain of the last three dekads, mm."""
    return ranked(basis.month_mm, basis.dekads)


def anomaly(basis: Basis) -> Measure:
    """Departure of that rain from the mean of the same dekads, %; NaN where the mean is 0."""
    dekads, month_mm = basis.dekads, basis.month_mm
    normal_mm = climatological_mean(month_mm, **dekads.calendar)[..., dekads.steps]
    with np.errstate(divide="ignore", invalid="ignore"):
        departure_pct = np.where(normal_mm > 0, 100 * (month_mm - normal_mm) / normal_mm, np.nan)
    return ranked(departure_pct, dekads, rank=month_mm)


def spi(basis: Basis, *, months: int) -> Measure:
    """Standardised precipitation index over `months` months."""
    totals_mm = rolling_sum(basis.rain_mm, months * MONTH)
    return standardised(basis.spi(months), totals_mm, basis.dekads, "gamma")


def spei(basis: Basis, *, months: int) -> Measure:
    """Standardised index of rain minus evapotranspiration over `months` months."""
    totals_mm = rolling_sum(basis.balance_mm, months * MONTH)
    return standardised(basis.spei(months), totals_mm, basis.dekads, "logistic")
