"""Drought indicators by month, in long form, from daily weather.

A month counts when each of its days has a value; a window that touches another month is NaN.
Each département is standardised against its own record: all the years it has.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

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


class Record(NamedTuple):
    """Monthly rain of places with the same first and last month: `precip_mm` is codes x months."""

    codes: list[str]
    months: pd.PeriodIndex
    precip_mm: Array


def drought_indicators(weather: pd.DataFrame) -> pd.DataFrame:
    """Return the valid rows of `drought_indicators` for the départements in `weather`.

    Indicators: `precip_mm` (monthly rain), `precip_anomaly_pct` (departure from the normal of the
    month), `spi_1|3|6|12` and `combined`: the mean of spi_3 and spi_6, classed as an SPI is, its
    value a score from 0 (wettest) to 100 (driest). A département without weather has no rows.
    """
    frames = [frame for record in monthly_records(weather) for frame in _indicators(record)]
    rows = pd.concat(frames, ignore_index=True) if frames else empty("drought_indicators")
    return validate("drought_indicators", rows)


def monthly_records(weather: pd.DataFrame) -> Iterator[Record]:
    """Yield the monthly rain of `weather`, one record for each first and last month that occurs.

    Records of different length stay apart, so that a département's numbers never depend on which
    others are computed beside it.
    """
    month = weather["date"].dt.to_period("M")
    spans = month.groupby(weather["departement"]).agg(["min", "max"])
    for (first, last), group in spans.groupby(["min", "max"]).groups.items():
        months = pd.period_range(first, last, freq="M")
        codes = sorted(group)
        rows = weather["departement"].isin(codes)
        place = pd.Index(codes).get_indexer(pd.Index(weather.loc[rows, "departement"]))
        step = months.get_indexer(pd.PeriodIndex(month[rows]))
        days_mm = weather.loc[rows, "precip_mm"].to_numpy()
        yield Record(codes, months, _monthly_sums(days_mm, place * len(months) + step, months))


def _monthly_sums(days_mm: Array, cell: npt.NDArray[np.intp], months: pd.PeriodIndex) -> Array:
    """Return sums by place and month, NaN unless each day of the month has a value.

    `cell` is the place and month of each day, counted along the rows of the result.
    """
    known = ~np.isnan(days_mm)
    size = int(cell.max()) // len(months) * len(months) + len(months)
    days = np.bincount(cell[known], minlength=size).reshape(-1, len(months))
    sums = np.bincount(cell[known], days_mm[known], minlength=size).reshape(days.shape)
    return np.where(days == months.days_in_month.to_numpy(), sums, np.nan)


def _indicators(record: Record) -> Iterator[pd.DataFrame]:
    """Yield one long frame for each indicator of `record`."""
    precip_mm, first_month = record.precip_mm, int(record.months[0].month)
    month_of_year = record.months.month.to_numpy() - 1

    def years(totals: Array) -> npt.NDArray[np.int64]:
        return valid_years(totals, first_step=first_month)[..., month_of_year]

    normal = climatological_mean(precip_mm, first_step=first_month)[..., month_of_year]
    percentile = empirical_percentile(precip_mm, first_step=first_month)
    with np.errstate(divide="ignore", invalid="ignore"):
        anomaly_pct = np.where(normal > 0, 100 * (precip_mm - normal) / normal, np.nan)
    yield _long(record, "precip_mm", precip_mm, percentile, years(precip_mm))
    yield _long(record, "precip_anomaly_pct", anomaly_pct, percentile, years(precip_mm))
    indices = {scale: spi(precip_mm, scale, first_month=first_month) for scale in SPI_SCALES}
    for scale, index in indices.items():
        totals = rolling_sum(precip_mm, scale)
        yield _long(record, f"spi_{scale}", index, 100 * ndtr(index), years(totals)).assign(
            drought_class=np.ravel(usdm_class(index))
        )
    combined: Array = np.mean([indices[scale] for scale in COMBINED_SCALES], axis=0, dtype=float)
    percentile = 100 * ndtr(combined)
    totals = rolling_sum(precip_mm, max(COMBINED_SCALES))
    yield _long(record, "combined", 100 - percentile, percentile, years(totals)).assign(
        drought_class=np.ravel(usdm_class(combined))
    )


def _long(
    record: Record, indicator: str, value: Array, percentile: Array, years: Any
) -> pd.DataFrame:
    """Return arrays of (places x months) as rows of `drought_indicators`, without a class."""
    codes, months = record.codes, record.months
    return pd.DataFrame(
        {
            "departement": np.repeat(codes, len(months)),
            "period_end": np.tile(months.to_timestamp("D", how="end").normalize(), len(codes)),
            "indicator": indicator,
            "value": np.ravel(value),
            "percentile": np.ravel(percentile),
            "drought_class": None,
            "reference_years": np.ravel(years),
            "reference_period": f"{months[0].year}-{months[-1].year}",
        }
    )
