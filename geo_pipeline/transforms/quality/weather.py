"""Quality of daily weather: the order of its days, its climate, its neighbours.

Lateness, of any table, is checked here too. `findings` turns cases into findings.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo_pipeline.territory import BY_CODE
from geo_pipeline.transforms.quality.findings import (
    LEAST_NEIGHBOURS,
    dated,
    findings_of,
    graded,
    merged,
    own_climate,
    same_departement,
    warned,
)
from geo_pipeline.transforms.weather import ADJUSTED

LEAST_GAP_DAYS = 1
"""Length of a gap in days from which it is reported."""
KNOWN_GAPS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "bundled:agera5": (("2014-01-01", "2014-12-31"),)
}
"""First and last day of known gaps of a source, which its description mentions: no finding."""
MISSING_PCT = 2.0
"""Days without rain or mean temperature, % of the record: more than stations usually miss."""
ORDER_ROUNDING_C = 0.1
"""tmin > tmean or tmean > tmax by less is due to rounding."""
ORDER_ERROR_C = 0.5
"""A larger difference is not due to rounding: columns are swapped, or of different places."""
ORDER_ERROR_PCT = 2.0
"""Share of such days in a calendar year, %: fewer are normal mistakes, which only warn."""
ORDER_ERROR_DAYS = 3
"""Least number of such days: at the start of a year one day is a large share."""
DAYS_FOR_CLIMATE = 120
"""Days of a calendar month needed to judge its climate, from at least four years."""
MONTHS_FOR_CLIMATE = 5
"""The same for monthly sums."""
LEAST_SPREAD_C = 1.5
"""Smallest robust standard deviation: where months hardly vary a heat wave is no fault."""
CLIMATE_SPREADS = (6.0, 9.0)
"""Robust standard deviations from the median of the month: the embedded data reach 5.5."""
LEAST_SPREAD_MM = 25.0
"""Smallest interquartile range of monthly rain: a dry month may have one thunderstorm."""
RAIN_SPREADS = (8.0, 20.0)
"""Interquartile ranges above the median of the month: the embedded data reach 5.1."""
RAIN_DAY_MM = (250.0, 600.0)
"""Daily rain over a département; single gauges of the mainland have caught 1000 mm, areas half."""
RAIN_DAY_OVERSEAS_MM = (600.0, 1500.0)
"""The same overseas, where a gauge has caught 1825 mm in a cyclone."""
JUMP_C = (15.0, 25.0)
"""Change of the mean temperature from a day to the next; measured ones reach 14.1 °C."""
FROZEN_DAYS = (7, 20)
"""Consecutive days with exactly the same rain (not 0) or mean temperature; true days reach 4."""

MONTH_DAYS = 25
"""Known days from which a month is compared."""
APART_C = (9.0, 11.0)
"""Monthly mean compared with the median of the neighbours; mountains reach 7.7 °C."""
SHIFT_C = (5.0, 8.0)
"""The same, minus its usual value there: the embedded data reach 4.0 °C."""
APART_RATIO = (5.0, 8.0)
"""Monthly rain + 10 mm over that of the neighbours' median + 10 mm: the data reach 4.7."""
APART_DRY_RATIO = 1 / 5
"""The inverse only warns: dry months are what the system is for."""
DAMP_MM = 10.0
"""Added to both, so that the ratio of two small sums is no finding."""

SOURCES_APART_C = 5.0
"""Bias of temperature between two histories that is impossible for the same place."""
SOURCES_APART_RATIO = 3.0
"""The same of rain, ratio of the means."""


def days(weather: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """Gaps within the record, missing values (warnings), days after `today` (error).

    `weather` has departement, date, tmean_c, precip_mm, source; sorted by département and date.
    """
    dates, codes = weather["date"].to_numpy(), weather["departement"]
    missing_days = np.diff(dates) // np.timedelta64(1, "D") - 1
    at = np.flatnonzero((missing_days >= LEAST_GAP_DAYS) & same_departement(codes))
    gaps = pd.DataFrame(
        {
            "departement": codes.to_numpy()[at],
            "first": dates[at] + np.timedelta64(1, "D"),
            "last": dates[at + 1] - np.timedelta64(1, "D"),
            "score": missing_days[at].astype(float),
        }
    )
    gaps = gaps[~_is_known(gaps, weather["source"].to_numpy()[at])]
    parts = [warned(gaps, "days", "days.gap")]
    for name in ("precip_mm", "tmean_c"):
        lacks = weather.loc[weather[name].isna(), ["departement", "date"]].assign(score=0.0)
        share = 100 * lacks.groupby("departement").size() / weather.groupby("departement").size()
        lacks = lacks[lacks["departement"].map(share) > MISSING_PCT]
        lacks["score"] = lacks["departement"].map(share)
        parts.append(warned(dated(lacks), "days", f"days.without_{name}"))
    future = weather.loc[dates > today.to_numpy(), ["departement", "date"]]
    ahead = future.assign(score=(future["date"] - today).dt.days.astype(float))
    parts.append(graded(dated(ahead), "days", (0, 0), "days.future"))
    return merged(parts)


def order(weather: pd.DataFrame) -> pd.DataFrame:
    """tmin <= tmean <= tmax on every day; columns departement, date, tmin_c, tmean_c, tmax_c."""
    least, mean, most = (weather[name].to_numpy() for name in ("tmin_c", "tmean_c", "tmax_c"))
    excess = np.fmax(np.fmax(least - mean, mean - most), least - most)
    is_off = excess > ORDER_ROUNDING_C
    columns = ["departement", "date", "tmin_c", "tmean_c", "tmax_c"]
    cases = dated(weather.loc[is_off, columns].assign(score=excess[is_off]))
    grave = _by_year(cases[cases["score"] > ORDER_ERROR_C])
    share = 100 * grave / _by_year(weather).reindex(grave.index)
    too_many = grave.index[(grave >= ORDER_ERROR_DAYS) & (share > ORDER_ERROR_PCT)]
    is_grave = cases["departement"].isin(too_many.get_level_values("departement"))
    return merged(
        [
            findings_of(cases[is_grave], "order", "error", "order"),
            findings_of(cases[~is_grave], "order", "warning", "order"),
        ]
    )


def climatology(weather: pd.DataFrame, months: pd.DataFrame) -> pd.DataFrame:
    """Temperature and rain compared with the département's own record of the calendar month.

    `weather` has departement, date, tmin_c, tmax_c, tmean_c, precip_mm; `months` is `monthly` of
    it. Medians and quartiles are used, because wrong values hardly change them.
    """
    parts = []
    month = weather["date"].dt.month
    for name in ("tmin_c", "tmean_c", "tmax_c"):
        values = weather[name]
        if values.isna().all():
            continue
        middle, spread = own_climate(values, [weather["departement"], month], DAYS_FOR_CLIMATE)
        off = (values - middle).abs() / (spread / 1.349).clip(lower=LEAST_SPREAD_C)
        told = weather.assign(variable=name, value=values, usual=middle, score=off)
        cases = told[told["score"] > CLIMATE_SPREADS[0]]
        parts.append(graded(dated(cases), "climatology", CLIMATE_SPREADS, "climatology.day"))
    middle, spread = own_climate(
        months["precip_mm"],
        [months["departement"], months["date"].dt.month],
        MONTHS_FOR_CLIMATE,
    )
    off = (months["precip_mm"] - middle) / spread.clip(lower=LEAST_SPREAD_MM)
    told = months.assign(usual=middle, score=off)
    wet = told[told["score"] > RAIN_SPREADS[0]]
    parts.append(graded(dated(wet), "climatology", RAIN_SPREADS, "climatology.wet_month"))
    for is_overseas, limits in ((False, RAIN_DAY_MM), (True, RAIN_DAY_OVERSEAS_MM)):
        poured = weather[weather["precip_mm"] > limits[0]]
        there = poured["departement"].map(lambda code: BY_CODE[str(code)].overseas) == is_overseas
        poured = poured[there].assign(score=poured.loc[there, "precip_mm"])
        parts.append(graded(dated(poured), "climatology", limits, "climatology.wet_day"))
    return merged(parts)


def jumps(weather: pd.DataFrame) -> pd.DataFrame:
    """Sudden changes of temperature, and values that do not change.

    `weather` has departement, date, tmean_c, precip_mm, resolution; sorted by département and date.
    Dekads spread over their days are constant by construction and are not judged for it.
    """
    dates, codes = weather["date"].to_numpy(), weather["departement"]
    follows = (np.diff(dates) == np.timedelta64(1, "D")) & same_departement(codes)
    change = np.abs(np.diff(weather["tmean_c"].to_numpy()))
    at = np.flatnonzero(follows & (change > JUMP_C[0])) + 1
    cases = weather.iloc[at][["departement", "date"]].assign(score=change[at - 1])
    cases["before"], cases["after"] = (weather["tmean_c"].to_numpy()[at - by] for by in (1, 0))
    parts = [graded(dated(cases), "jumps", JUMP_C, "jumps.change")]
    is_daily = (weather["resolution"] == "day").to_numpy()
    for name in ("tmean_c", "precip_mm"):
        values = weather[name].to_numpy()
        counts = is_daily & ((values != 0) if name == "precip_mm" else np.isfinite(values))
        still = follows & (np.diff(values) == 0) & counts[1:] & counts[:-1]
        starts, ends = _runs(still)
        frozen = pd.DataFrame(
            {
                "departement": codes.to_numpy()[starts],
                "first": dates[starts],
                "last": dates[ends],
                "score": (ends - starts + 1).astype(float),
                "variable": name,
                "value": values[starts],
            }
        )
        frozen = frozen[frozen["score"] >= FROZEN_DAYS[0]]
        # From the second limit on, counting that day.
        limits = FROZEN_DAYS[0] - 1, FROZEN_DAYS[1] - 1
        parts.append(graded(frozen, "jumps", limits, "jumps.frozen"))
    return merged(parts)


def monthly(weather: pd.DataFrame) -> pd.DataFrame:
    """Return means and sums by month: departement, date (its first day), tmean_c, precip_mm.

    They are NaN where fewer than `MONTH_DAYS` days are known.
    """
    keys = [weather["departement"], weather["date"].to_numpy().astype("datetime64[M]")]
    groups = weather[["tmean_c", "precip_mm"]].groupby(keys, sort=True, observed=True)
    known = groups.count() >= MONTH_DAYS
    sums = pd.DataFrame(
        {"tmean_c": groups["tmean_c"].mean(), "precip_mm": groups["precip_mm"].sum()}
    )
    months = sums.where(known)
    months.index.names = ["departement", "date"]
    months = months.reset_index()
    return months.assign(date=months["date"].astype("datetime64[ns]"))


def neighbours(compared: pd.DataFrame) -> pd.DataFrame:
    """Months of a département compared with the median of its neighbours.

    `compared` is the result of `sql/quality_neighbours.sql`: departement, date, tmean_c, precip_mm,
    neighbours_tmean_c, neighbours_precip_mm, neighbours.
    """
    judged = compared[compared["neighbours"] >= LEAST_NEIGHBOURS]
    apart = judged["tmean_c"] - judged["neighbours_tmean_c"]
    usual = apart.groupby(judged["departement"]).transform("median")
    parts = []
    for off, limits, key in (
        (apart, APART_C, "neighbours.temperature"),
        (apart - usual, SHIFT_C, "neighbours.shift"),
    ):
        cases = judged.assign(score=off.abs(), usual=usual)[off.abs() > limits[0]]
        parts.append(graded(dated(cases), "neighbours", limits, key))
    ratio = (judged["precip_mm"] + DAMP_MM) / (judged["neighbours_precip_mm"] + DAMP_MM)
    wet = judged.assign(score=ratio)[ratio > APART_RATIO[0]]
    parts.append(graded(dated(wet), "neighbours", APART_RATIO, "neighbours.rain"))
    dry = judged.assign(score=1 / ratio)[ratio < APART_DRY_RATIO]
    parts.append(warned(dated(dry), "neighbours", "neighbours.rain"))
    return merged(parts)


def other_source(overlap: pd.DataFrame) -> pd.DataFrame:
    """Two histories of one département where they overlap: `transforms.joined_histories.REPORT`."""
    judged = overlap[overlap["judged"] & overlap["month"].isna()]
    apart = judged["bias"].abs().where(judged["variable"].str.endswith("_c"))
    ratio = judged["ratio"].where(judged["variable"] == "precip_mm")
    ratio = ratio.clip(lower=1 / ratio)
    is_grave = (apart > SOURCES_APART_C) | (ratio > SOURCES_APART_RATIO)
    score = apart.fillna(0).clip(lower=ratio.fillna(0))
    told = judged.assign(score=score, source=judged["first"], first="", last="")
    is_off = told["out_of_bounds"].fillna("") != ""
    return merged(
        [
            findings_of(told[is_grave], "other_source", "error", "other_source"),
            findings_of(told[is_off & ~is_grave], "other_source", "warning", "other_source"),
        ]
    )


def freshness(fresh: pd.DataFrame) -> pd.DataFrame:
    """Départements whose data are late: rows of `storage.partition_states.freshness` of a table."""
    late = fresh[(fresh["state"] == "late") & fresh["age_days"].notna()]
    cases = late.assign(score=late["age_days"].astype(float), first="", last="")
    return warned(cases, "freshness", "freshness")


def _by_year(rows: pd.DataFrame) -> "pd.Series[int]":
    """Return the number of rows by département and calendar year."""
    return rows.groupby([rows["departement"], rows["date"].dt.year.rename("year")]).size()


def _runs(links: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return first and last rows of the runs whose consecutive rows are all linked."""
    edges = np.diff(np.concatenate([[False], links, [False]]).astype(np.int8))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def _is_known(gaps: pd.DataFrame, sources: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return which gaps are known gaps of their source."""
    known = np.zeros(len(gaps), dtype=bool)
    given = np.array([str(each).removesuffix(ADJUSTED) for each in sources], dtype=object)
    for source, spans in KNOWN_GAPS.items():
        for first, last in spans:
            is_within = (gaps["first"] >= first) & (gaps["last"] <= last)
            known |= (given == source) & is_within.to_numpy()
    return known
