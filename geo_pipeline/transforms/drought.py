"""Drought indicators by month, in long form, from daily weather.

A month counts when each of its days has a value; a window that touches another month is NaN.
Each département is standardised against its own record: all the years it has.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from geo_pipeline.indicators import spi, usdm_class
from geo_pipeline.indicators.aggregation import (
    climatological_mean,
    empirical_percentile,
    rolling_sum,
    valid_years,
)
from geo_pipeline.schemas import empty, validate

SPI_SCALES = (1, 3, 6, 12)
# The scales of the soil-moisture and seasonal horizons, WMO-No. 1090, section on interpretation.
COMBINED_SCALES = (3, 6)

Array = npt.NDArray[np.float64]


def drought_indicators(weather: pd.DataFrame) -> pd.DataFrame:
    """Return the valid rows of `drought_indicators` for the départements in `weather`.

    Indicators: `precip_mm` (monthly rain), `precip_anomaly_pct` (departure from the normal of the
    month), `spi_1|3|6|12` and `combined`: the mean of spi_3 and spi_6, classed as an SPI is, its
    value a score from 0 (wettest) to 100 (driest). A département without weather has no rows.
    """
    frames = [
        frame
        for codes, months, precip_mm in _monthly_precipitation(weather)
        for frame in _indicators(codes, months, precip_mm)
    ]
    rows = pd.concat(frames, ignore_index=True) if frames else empty("drought_indicators")
    return validate("drought_indicators", rows)


def _monthly_precipitation(
    weather: pd.DataFrame,
) -> Iterator[tuple[list[str], pd.PeriodIndex, Array]]:
    """Yield codes, months and rain (codes x months, mm) of départements with the same first and last month.

    Records of different length stay apart, so that a département's numbers never depend on which
    others are computed beside it.
    """
    month = weather["date"].dt.to_period("M")
    spans = (
        month.groupby(weather["departement"]).agg(["min", "max"]).reset_index()
        if len(weather)
        else pd.DataFrame(columns=["departement", "min", "max"])
    )
    for (first, last), group in spans.groupby(["min", "max"]):
        months = pd.period_range(first, last, freq="M")
        codes = sorted(group["departement"])
        rows = weather["departement"].isin(codes)
        place = pd.Index(codes).get_indexer(weather.loc[rows, "departement"])
        step = months.get_indexer(month[rows])
        yield codes, months, _monthly_sums(weather.loc[rows, "precip_mm"], place, step, codes, months)


def _monthly_sums(
    precip_mm: "pd.Series[float]",
    place: npt.NDArray[np.intp],
    step: npt.NDArray[np.intp],
    codes: list[str],
    months: pd.PeriodIndex,
) -> Array:
    """Return sums by place and month, NaN unless each day of the month has a value."""
    known = precip_mm.notna().to_numpy()
    shape = (len(codes), len(months))
    cell = (place * len(months) + step)[known]
    days = np.bincount(cell, minlength=len(codes) * len(months)).reshape(shape)
    sums = np.bincount(cell, precip_mm.to_numpy()[known], minlength=days.size).reshape(shape)
    return np.where(days == months.days_in_month.to_numpy(), sums, np.nan)


def _indicators(codes: list[str], months: pd.PeriodIndex, precip_mm: Array) -> Iterator[pd.DataFrame]:
    """Yield one long frame for each indicator of the places `codes`."""
    first_month = int(months[0].month)
    month_of_year = months.month.to_numpy() - 1
    normal = climatological_mean(precip_mm, first_step=first_month)[..., month_of_year]
    percentile = empirical_percentile(precip_mm, first_step=first_month)
    years = valid_years(precip_mm, first_step=first_month)[..., month_of_year]
    with np.errstate(divide="ignore", invalid="ignore"):
        anomaly_pct = np.where(normal > 0, 100 * (precip_mm - normal) / normal, np.nan)
    yield _long(codes, months, "precip_mm", precip_mm, percentile, None, years)
    yield _long(codes, months, "precip_anomaly_pct", anomaly_pct, percentile, None, years)
    indices = {}
    for scale in SPI_SCALES:
        indices[scale] = spi(precip_mm, scale, first_month=first_month)
        sums = rolling_sum(precip_mm, scale)
        years = valid_years(sums, first_step=first_month)[..., month_of_year]
        percentile = 100 * ndtr(indices[scale])
        classes = usdm_class(indices[scale])
        yield _long(codes, months, f"spi_{scale}", indices[scale], percentile, classes, years)
    combined = sum(indices[scale] for scale in COMBINED_SCALES) / len(COMBINED_SCALES)
    longest = rolling_sum(precip_mm, max(COMBINED_SCALES))
    years = valid_years(longest, first_step=first_month)[..., month_of_year]
    percentile = 100 * ndtr(combined)
    classes = usdm_class(combined)
    yield _long(codes, months, "combined", 100 - percentile, percentile, classes, years)


def _long(
    codes: list[str],
    months: pd.PeriodIndex,
    indicator: str,
    value: Array,
    percentile: Array,
    drought_class: Any,
    years: Any,
) -> pd.DataFrame:
    """Return arrays of (places x months) as rows of `drought_indicators`."""
    return pd.DataFrame(
        {
            "departement": np.repeat(codes, len(months)),
            "period_end": np.tile(months.to_timestamp("D", how="end").normalize(), len(codes)),
            "indicator": indicator,
            "value": np.ravel(value),
            "percentile": np.ravel(percentile),
            "drought_class": None if drought_class is None else np.ravel(drought_class),
            "reference_years": np.ravel(years),
            "reference_period": f"{months[0].year}-{months[-1].year}",
        }
    )
