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

from geo_pipeline.indicators import spei, spi, sswi, usdm_class, usdm_class_from_percentile
from geo_pipeline.indicators.aggregation import (
    climatological_mean,
    empirical_percentile,
    rolling_sum,
    valid_years,
)
from geo_pipeline.schemas import empty, validate
from geo_pipeline.transforms.spans import same_span

SCALES = (1, 3, 6, 12)
# The crop whose soil water stands for the soil of a département: it covers it all year.
REFERENCE_CROP = "grassland"
# The scales of the soil-moisture and seasonal horizons, WMO-No. 1090, section on interpretation.
COMBINED_SCALES = (3, 6)

Array = npt.NDArray[np.float64]


class Record(NamedTuple):
    """Months of places with the same first and last month: each array is codes x months."""

    codes: list[str]
    months: pd.PeriodIndex
    precip_mm: Array
    balance_mm: Array
    swi: Array


def drought_indicators(weather: pd.DataFrame, soil: pd.DataFrame) -> pd.DataFrame:
    """Return the valid rows of `drought_indicators` for the départements in `weather`.

    Indicators: `precip_mm` (monthly rain), `precip_anomaly_pct` (departure from the normal of the
    month), `spi_1|3|6|12`, `spei_1|3|6|12` (rain less ET0), `swi` (soil wetness under grass, the
    month's mean; `soil` are its rows of `soil_water_daily`), `sswi` (the same, standardised) and
    `combined`: the mean of spi_3 and spi_6, classed as an SPI is, its value a score from 0
    (wettest) to 100 (driest). A département without weather has no rows.
    """
    frames = [frame for record in monthly_records(weather, soil) for frame in _indicators(record)]
    rows = pd.concat(frames, ignore_index=True) if frames else empty("drought_indicators")
    return validate("drought_indicators", rows)


def monthly_records(weather: pd.DataFrame, soil: pd.DataFrame) -> Iterator[Record]:
    """Yield months of `weather` and `soil`, a record for each first and last month that occurs."""
    days = weather[["departement", "date", "precip_mm", "et0_mm"]].merge(
        soil[["departement", "date", "swi"]], on=["departement", "date"], how="left"
    )
    month = days["date"].dt.to_period("M")
    for codes, first, last in same_span(days["departement"], month):
        months = pd.period_range(first, last, freq="M")
        rows = days["departement"].isin(codes)
        place = pd.Index(codes).get_indexer(pd.Index(days.loc[rows, "departement"]))
        step = months.get_indexer(pd.PeriodIndex(month[rows]))
        cell = place * len(months) + step
        rain, et0, swi = (
            days.loc[rows, name].to_numpy() for name in ("precip_mm", "et0_mm", "swi")
        )
        yield Record(
            codes,
            months,
            precip_mm=_monthly_sums(rain, cell, months),
            balance_mm=_monthly_sums(rain - et0, cell, months),
            swi=_monthly_sums(swi, cell, months) / months.days_in_month.to_numpy(),
        )


def _monthly_sums(daily: Array, cell: npt.NDArray[np.intp], months: pd.PeriodIndex) -> Array:
    """Return sums by place and month, NaN unless each day of the month has a value.

    `cell` is the place and month of each day, counted along the rows of the result.
    """
    known = ~np.isnan(daily)
    size = int(cell.max()) // len(months) * len(months) + len(months)
    days = np.bincount(cell[known], minlength=size).reshape(-1, len(months))
    sums = np.bincount(cell[known], daily[known], minlength=size).reshape(days.shape)
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
    indices = {scale: spi(precip_mm, scale, first_month=first_month) for scale in SCALES}
    for scale in SCALES:
        totals = rolling_sum(precip_mm, scale)
        yield _standardised(record, f"spi_{scale}", indices[scale], years(totals))
        index = spei(record.balance_mm, scale, first_month=first_month)
        totals = rolling_sum(record.balance_mm, scale)
        yield _standardised(record, f"spei_{scale}", index, years(totals))
    percentile = empirical_percentile(record.swi, first_step=first_month)
    yield _long(record, "swi", record.swi, percentile, years(record.swi)).assign(
        drought_class=np.ravel(usdm_class_from_percentile(percentile))
    )
    index = sswi(record.swi, first_month=first_month)
    yield _standardised(record, "sswi", index, years(record.swi))
    combined: Array = np.mean([indices[scale] for scale in COMBINED_SCALES], axis=0, dtype=float)
    percentile = 100 * ndtr(combined)
    totals = rolling_sum(precip_mm, max(COMBINED_SCALES))
    yield _long(record, "combined", 100 - percentile, percentile, years(totals)).assign(
        drought_class=np.ravel(usdm_class(combined))
    )


def _standardised(record: Record, indicator: str, index: Array, years: Any) -> pd.DataFrame:
    """Return a standardised index as rows, with its percentile and class by the normal law."""
    rows = _long(record, indicator, index, 100 * ndtr(index), years)
    return rows.assign(drought_class=np.ravel(usdm_class(index)))


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
