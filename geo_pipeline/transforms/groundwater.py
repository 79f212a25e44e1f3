"""Groundwater by département and month: how many piezometers are below their own normal."""

from datetime import date

import numpy as np
import pandas as pd

from geo_pipeline.indicators import groundwater_class, sswi, valid_years
from geo_pipeline.indicators.classes import GROUNDWATER_LOW_LIMITS

LEAST_YEARS = 15
"""Fewest values of a calendar month for an index."""

BELOW_NORMAL = GROUNDWATER_LOW_LIMITS[-1]
"""Below this index a level is under its monthly normal: moderately low, low or very low."""

COLUMNS = (
    "departement",
    "period_end",
    "piezometers",
    "piezometers_short",
    "below_normal_pct",
    "index_median",
    "groundwater_class",
)


def groundwater(
    levels: pd.DataFrame,
    until: date,
    stations: pd.DataFrame | None = None,
    *,
    least_years: int = LEAST_YEARS,
) -> pd.DataFrame:
    """Return the combined state of the piezometers of each département, by month.

    Args:
        levels: departement, piezometer, date, level_m: one mean for each day (`sources.hubeau`).
        until: last possible day of `levels`; a month that ends later is incomplete and left out.
        stations: piezometers that were not requested (`fetched` is False) because their record is
            too short: departement, piezometer, first_date, last_date, fetched.
        least_years: fewest values of a calendar month for an index.

    Returns:
        departement, period_end: last day of the month; there is a row where a level was measured;
        piezometers: number with an index in that month;
        piezometers_short: number measured without an index (fewer than `least_years` values of that
            calendar month, or all equal), and of those not requested, during their record;
        below_normal_pct: piezometers whose index is below `BELOW_NORMAL`, % of those with one;
        index_median: median index, no unit, negative for low;
        groundwater_class: class of the median (`indicators.GROUNDWATER_CLASSES`).
        NaN and None where no piezometer has an index.
    """
    months = indices(levels, until, least_years=least_years)
    months["indexed"] = months["index"].notna()
    months["below"] = (months["index"] < BELOW_NORMAL).where(months["indexed"])
    by_month = months.groupby(["departement", "period_end"], as_index=False).agg(
        piezometers=("indexed", "sum"),
        measured=("indexed", "size"),
        below_normal_pct=("below", "mean"),
        index_median=("index", "median"),
    )
    short = by_month["measured"] - by_month["piezometers"]
    by_month["piezometers_short"] = short + _in_their_record(by_month, stations)
    by_month["below_normal_pct"] = 100.0 * by_month["below_normal_pct"].astype(np.float64)
    by_month["groundwater_class"] = groundwater_class(by_month["index_median"].to_numpy())
    counts = dict.fromkeys(("piezometers", "piezometers_short"), np.int64)
    return by_month[list(COLUMNS)].astype(counts)


def indices(levels: pd.DataFrame, until: date, *, least_years: int = LEAST_YEARS) -> pd.DataFrame:
    """Return the standardised piezometric index (IPS) of each piezometer and month.

    The mean level of a month is compared with those of the same calendar month in all years, by a
    Gaussian kernel estimate of their distribution (`indicators.sswi`).

    Args:
        levels: departement, piezometer, date, level_m.
        until: last possible day of `levels`; a month that ends later is left out.
        least_years: fewest values of a calendar month for an index, else it is NaN.

    Returns:
        departement, piezometer, period_end, level_m (mean of the days measured), days (their
            number), index. One row for each month with a level, sorted.

    References: Seguin, J.-J. (2015). Proposition d'un indicateur piézométrique standardisé pour le
    Bulletin de Situation Hydrologique « Nappes ». BRGM/RP-64147-FR.
    """
    place = ["departement", "piezometer"]
    dated = levels.assign(period_end=levels["date"] + pd.offsets.MonthEnd(0))
    months = dated.groupby([*place, "period_end"], as_index=False).agg(
        level_m=("level_m", "mean"), days=("level_m", "count")
    )
    whole = (months["days"] > 0) & (months["period_end"] <= pd.Timestamp(until))
    months = months[whole].reset_index(drop=True)
    if months.empty:
        return months.assign(index=np.empty(0))
    row = months.groupby(place, sort=False).ngroup().to_numpy()
    end = months["period_end"].dt
    first_year = int(end.year.min())
    column = ((end.year - first_year) * 12 + end.month - 1).to_numpy()
    series = np.full((row.max() + 1, column.max() + 1), np.nan)
    series[row, column] = months["level_m"]
    index = sswi(series, first_month=1)
    enough = valid_years(series) >= least_years
    index = np.where(enough[:, np.arange(series.shape[1]) % 12], index, np.nan)
    return months.assign(index=index[row, column])


def _in_their_record(by_month: pd.DataFrame, stations: pd.DataFrame | None) -> "pd.Series[int]":
    """Return, by month, the number of piezometers not requested whose record includes it."""
    if stations is None or by_month.empty:
        return pd.Series(0, index=by_month.index)
    left = stations.loc[~stations["fetched"], ["departement", "first_date", "last_date"]]
    pairs = by_month[["departement", "period_end"]].reset_index().merge(left, on="departement")
    start = pairs["period_end"] - pd.offsets.MonthBegin(1)
    there = (pairs["first_date"] <= pairs["period_end"]) & (pairs["last_date"] >= start)
    counts = pairs[there].groupby("index").size()
    return counts.reindex(by_month.index, fill_value=0)
