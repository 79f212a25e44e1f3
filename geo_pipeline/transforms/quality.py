"""What the rows of a table must hold beyond their schema: frames in, findings out.

Every function returns a frame of `COLUMNS`, at most one row a département and severity: the worst
case in words, how many cases there are and when the first and last of them were. An `error` keeps
its département from being published, so its limits are those of the impossible or absurd: no row of
the embedded data or of a good provider breaks one. A `warning` is for somebody to look at.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo_pipeline.schemas import LEVELS
from geo_pipeline.territory import BY_CODE

COLUMNS = ["departement", "check", "severity", "what", "cases", "first", "last"]
"""Of findings. `first` and `last` are ISO dates or years, as texts."""

NEVER = np.inf
"""A limit that nothing reaches: a check that only warns."""

# Weather --------------------------------------------------------------------------------------

LEAST_GAP_DAYS = 1
"""Days in a row that are not in the record, from which on it is told."""
KNOWN_GAPS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "bundled:agera5": (("2014-01-01", "2014-12-31"),)
}
"""First and last day that a source is known not to have: said in its description, no finding."""
MISSING_PCT = 2.0
"""Days without rain or mean temperature, % of the record: more than stations fail for together."""
ORDER_ROUNDING_C = 0.1
"""tmin > tmean or tmean > tmax by less comes of rounding."""
ORDER_ERROR_C = 0.5
"""By more it is no rounding: columns are swapped, or of different places."""
ORDER_ERROR_PCT = 2.0
"""Such days, % of those of a calendar year: fewer are slips that any record may have; they warn."""
ORDER_ERROR_DAYS = 3
"""Least number of them: at the start of a year one day is a large share."""
DAYS_FOR_CLIMATE = 120
"""Days of a calendar month that its climate is judged by, of four years at least."""
MONTHS_FOR_CLIMATE = 5
"""The same of monthly sums."""
LEAST_SPREAD_C = 1.5
"""Least robust standard deviation: where months hardly vary a heat wave is no fault."""
CLIMATE_SPREADS = (6.0, 9.0)
"""Robust standard deviations from the median of the month: the embedded data reach 5.5."""
LEAST_SPREAD_MM = 25.0
"""Least interquartile range of monthly rain: a dry month may have one thunderstorm."""
RAIN_SPREADS = (8.0, 20.0)
"""Interquartile ranges above the median of the month: the embedded data reach 5.1."""
RAIN_DAY_MM = (250.0, 600.0)
"""Rain of a day over a département; gauges of the mainland have caught 1000 mm, areas half."""
RAIN_DAY_OVERSEAS_MM = (600.0, 1500.0)
"""The same overseas, where a gauge has caught 1825 mm in a cyclone."""
JUMP_C = (15.0, 25.0)
"""Change of the mean temperature from a day to the next; measured ones reach 14.1 °C."""
FROZEN_DAYS = (7, 20)
"""Days in a row with the very same rain (not 0) or mean temperature; true days reach 4."""

LEAST_NEIGHBOURS = 2
"""With one neighbour only nobody knows which of the two is off."""
MONTH_DAYS = 25
"""Known days from which a month is compared."""
APART_C = (9.0, 11.0)
"""Monthly mean against the median of the neighbours; mountains reach 7.7 °C."""
SHIFT_C = (5.0, 8.0)
"""The same less its usual value there: the embedded data reach 4.0 °C."""
APART_RATIO = (5.0, 8.0)
"""Monthly rain + 10 mm over that of the neighbours' median + 10 mm: the data reach 4.7."""
APART_DRY_RATIO = 1 / 5
"""The other way round it only warns: a dry month is what the system is there for."""
DAMP_MM = 10.0
"""Added to both, so that the ratio of two small sums is no finding."""

SOURCES_APART_C = 5.0
"""Bias of temperature between two histories that no two sources of one place have."""
SOURCES_APART_RATIO = 3.0
"""The same of rain, ratio of the means."""


def days(weather: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """Gaps within the record, missing values (warnings), days after `today` (error).

    `weather` has departement, date, tmean_c, precip_mm, source; sorted by département and date.
    """
    dates, codes = weather["date"].to_numpy(), weather["departement"]
    missing_days = np.diff(dates) // np.timedelta64(1, "D") - 1
    at = np.flatnonzero((missing_days >= LEAST_GAP_DAYS) & _same(codes))
    gaps = pd.DataFrame(
        {
            "departement": codes.to_numpy()[at],
            "first": dates[at] + np.timedelta64(1, "D"),
            "last": dates[at + 1] - np.timedelta64(1, "D"),
            "score": missing_days[at].astype(float),
        }
    )
    gaps = gaps[~_is_known(gaps, weather["source"].to_numpy()[at])]
    parts = [_warned(gaps, "days", _gap)]
    for name, what in (("precip_mm", "rain"), ("tmean_c", "mean temperature")):
        lacks = weather.loc[weather[name].isna(), ["departement", "date"]].assign(score=0.0)
        share = 100 * lacks.groupby("departement").size() / weather.groupby("departement").size()
        lacks = lacks[lacks["departement"].map(share) > MISSING_PCT]
        lacks["score"] = lacks["departement"].map(share)
        tell = "{score:.1f} % of the days are without " + what
        parts.append(_warned(_dated(lacks), "days", tell.format_map))
    future = weather.loc[dates > today.to_numpy(), ["departement", "date"]]
    ahead = future.assign(score=(future["date"] - today).dt.days.astype(float))
    parts.append(_graded(_dated(ahead), "days", (0, 0), "{last} is after today".format_map))
    return _joined(parts)


def order(weather: pd.DataFrame) -> pd.DataFrame:
    """tmin <= tmean <= tmax on every day; columns departement, date, tmin_c, tmean_c, tmax_c."""
    least, mean, most = (weather[name].to_numpy() for name in ("tmin_c", "tmean_c", "tmax_c"))
    excess = np.fmax(np.fmax(least - mean, mean - most), least - most)
    is_off = excess > ORDER_ROUNDING_C
    columns = ["departement", "date", "tmin_c", "tmean_c", "tmax_c"]
    cases = _dated(weather.loc[is_off, columns].assign(score=excess[is_off]))
    grave = _by_year(cases[cases["score"] > ORDER_ERROR_C])
    share = 100 * grave / _by_year(weather).reindex(grave.index)
    too_many = grave.index[(grave >= ORDER_ERROR_DAYS) & (share > ORDER_ERROR_PCT)]
    is_grave = cases["departement"].isin(too_many.get_level_values("departement"))
    tell = "tmin {tmin_c:.1f}, tmean {tmean_c:.1f}, tmax {tmax_c:.1f} °C on {first}".format_map
    return _joined(
        [
            _findings(cases[is_grave], "order", "error", tell),
            _findings(cases[~is_grave], "order", "warning", tell),
        ]
    )


def climatology(weather: pd.DataFrame, months: pd.DataFrame) -> pd.DataFrame:
    """Temperature and rain against the département's own record of the calendar month.

    `weather` has departement, date, tmin_c, tmax_c, tmean_c, precip_mm; `months` is `monthly` of
    it. Medians and quartiles, so that what is off does not move what it is judged by.
    """
    parts = []
    month = weather["date"].dt.month
    for name in ("tmin_c", "tmean_c", "tmax_c"):
        values = weather[name]
        if values.isna().all():
            continue
        middle, spread = _climate(values, [weather["departement"], month], DAYS_FOR_CLIMATE)
        off = (values - middle).abs() / (spread / 1.349).clip(lower=LEAST_SPREAD_C)
        told = weather.assign(value=values, usual=middle, score=off)
        cases = told[told["score"] > CLIMATE_SPREADS[0]]
        tell = name + " {value:.1f} °C on {first}, {usual:.1f} is usual in that month"
        parts.append(_graded(_dated(cases), "climatology", CLIMATE_SPREADS, tell.format_map))
    middle, spread = _climate(
        months["precip_mm"],
        [months["departement"], months["date"].dt.month],
        MONTHS_FOR_CLIMATE,
    )
    off = (months["precip_mm"] - middle) / spread.clip(lower=LEAST_SPREAD_MM)
    told = months.assign(usual=middle, score=off)
    wet = told[told["score"] > RAIN_SPREADS[0]]
    tell = "{precip_mm:.0f} mm of rain in the month from {first}, {usual:.0f} is usual"
    parts.append(_graded(_dated(wet), "climatology", RAIN_SPREADS, tell.format_map))
    tell = "{precip_mm:.0f} mm of rain on {first}"
    for is_overseas, limits in ((False, RAIN_DAY_MM), (True, RAIN_DAY_OVERSEAS_MM)):
        poured = weather[weather["precip_mm"] > limits[0]]
        there = poured["departement"].map(lambda code: BY_CODE[str(code)].overseas) == is_overseas
        poured = poured[there].assign(score=poured.loc[there, "precip_mm"])
        parts.append(_graded(_dated(poured), "climatology", limits, tell.format_map))
    return _joined(parts)


def jumps(weather: pd.DataFrame) -> pd.DataFrame:
    """Sudden changes of temperature, and values that stand still.

    `weather` has departement, date, tmean_c, precip_mm, resolution; sorted by département and date.
    Dekads spread over their days stand still by what they are and are not judged for it.
    """
    dates, codes = weather["date"].to_numpy(), weather["departement"]
    follows = (np.diff(dates) == np.timedelta64(1, "D")) & _same(codes)
    change = np.abs(np.diff(weather["tmean_c"].to_numpy()))
    at = np.flatnonzero(follows & (change > JUMP_C[0])) + 1
    cases = weather.iloc[at][["departement", "date"]].assign(score=change[at - 1])
    cases["before"], cases["after"] = (weather["tmean_c"].to_numpy()[at - by] for by in (1, 0))
    tell = "tmean_c from {before:.1f} to {after:.1f} °C on {first}"
    parts = [_graded(_dated(cases), "jumps", JUMP_C, tell.format_map)]
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
                "value": values[starts],
            }
        )
        frozen = frozen[frozen["score"] >= FROZEN_DAYS[0]]
        tell = name + " is {value:.2f} on {score:.0f} days in a row from {first}"
        # From the second limit on, that day itself included.
        limits = FROZEN_DAYS[0] - 1, FROZEN_DAYS[1] - 1
        parts.append(_graded(frozen, "jumps", limits, tell.format_map))
    return _joined(parts)


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
    """Months of a département against the median of its neighbours'.

    `compared` is what `sql/quality_neighbours.sql` selects: departement, date, tmean_c, precip_mm,
    neighbours_tmean_c, neighbours_precip_mm, neighbours.
    """
    judged = compared[compared["neighbours"] >= LEAST_NEIGHBOURS]
    apart = judged["tmean_c"] - judged["neighbours_tmean_c"]
    usual = apart.groupby(judged["departement"]).transform("median")
    parts = []
    tell = (
        "mean {tmean_c:.1f} °C in the month from {first}, its neighbours {neighbours_tmean_c:.1f}"
    )
    for off, limits, more in (
        (apart, APART_C, ""),
        (apart - usual, SHIFT_C, " ({usual:+.1f} is usual)"),
    ):
        cases = judged.assign(score=off.abs(), usual=usual)[off.abs() > limits[0]]
        parts.append(_graded(_dated(cases), "neighbours", limits, (tell + more).format_map))
    tell = "{precip_mm:.0f} mm in the month from {first}, its neighbours {neighbours_precip_mm:.0f}"
    ratio = (judged["precip_mm"] + DAMP_MM) / (judged["neighbours_precip_mm"] + DAMP_MM)
    wet = judged.assign(score=ratio)[ratio > APART_RATIO[0]]
    parts.append(_graded(_dated(wet), "neighbours", APART_RATIO, tell.format_map))
    dry = judged.assign(score=1 / ratio)[ratio < APART_DRY_RATIO]
    parts.append(_warned(_dated(dry), "neighbours", tell.format_map))
    return _joined(parts)


def other_source(overlap: pd.DataFrame) -> pd.DataFrame:
    """Two histories of one département where they overlap: `transforms.histories.REPORT`."""
    judged = overlap[overlap["judged"] & overlap["month"].isna()]
    apart = judged["bias"].abs().where(judged["variable"].str.endswith("_c"))
    ratio = judged["ratio"].where(judged["variable"] == "precip_mm")
    ratio = ratio.clip(lower=1 / ratio)
    is_grave = (apart > SOURCES_APART_C) | (ratio > SOURCES_APART_RATIO)
    tell = (
        "{variable}: {first_mean:.2f} in {source}, {other_mean:.2f} in {other} "
        "({out_of_bounds}) over {days} days"
    )
    score = apart.fillna(0).clip(lower=ratio.fillna(0))
    told = judged.assign(score=score, source=judged["first"], first="", last="")
    is_off = told["out_of_bounds"].fillna("") != ""
    return _joined(
        [
            _findings(told[is_grave], "other_source", "error", tell.format_map),
            _findings(told[is_off & ~is_grave], "other_source", "warning", tell.format_map),
        ]
    )


def freshness(fresh: pd.DataFrame) -> pd.DataFrame:
    """Départements whose data are late: rows of `storage.standing.freshness` of one table."""
    late = fresh[(fresh["state"] == "late") & fresh["age_days"].notna()]
    cases = late.assign(score=late["age_days"].astype(float), first="", last="")
    return _warned(cases, "freshness", "{score:.0f} days old, the limit is {limit_days}".format_map)


# Crops ----------------------------------------------------------------------------------------

PARTS_OF = {"grain_maize": ("grain_maize_irrigated", "grain_maize_rainfed")}
"""Crops that are told as a whole, in parts, or both: counted once."""
COUNTED = (
    "soft_wheat",
    "durum_wheat",
    "winter_barley",
    "triticale",
    "winter_rapeseed",
    "grain_maize",
    "silage_maize",
    "sunflower",
    "soybean",
    "sugar_beet",
    "potato",
    "vineyard",
    "permanent_grassland",
    "temporary_grassland",
)
"""Crops that do not overlap. The other labels of a provider may be totals of these."""
AREA_PCT = (90.0, 100.0)
"""Area of all these crops, % of the département's; farmland is 80 % where there is most of it."""
PRODUCT_PCT = (2.0, 20.0)
"""Production against area x yield; the embedded figures, rounded, differ by 0.2 % at most."""
LEAST_PRODUCTION_Q = 1000.0
"""Below, the rounding of the yield alone makes percents."""
YEARS_FOR_RECORD = 8
"""Years of a crop from which on its own record judges it."""
YIELD_SPREADS = 6.0
"""Interquartile ranges from the median yield of the crop there."""
LEAST_SPREAD_PCT = 10.0
"""Least interquartile range of yields, % of the median."""
YIELD_TIMES = 5.0
"""Times the crop's own median: a wrong unit (t for q is 10), never a good year."""
NEIGHBOURS_TIMES = 3.0
"""Yield over that of the neighbours' median, or the other way round."""
AREA_TIMES = 4.0
"""Area of a crop over that of the year before, or the other way round."""
LEAST_AREA_HA = 2000.0
"""Below, areas may well change so much."""


def crop_area(crops: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Area of the crops against that of the département, and against the year before.

    `crops` has departement, year, crop, area_ha; `areas` departement, area_km2.
    """
    known = crops.dropna(subset=["area_ha"])
    own_ha = known["departement"].map(areas.set_index("departement")["area_km2"] * 100)
    each = known.assign(score=100 * known["area_ha"] / own_ha)
    parts = [
        _findings(
            _yearly(each[each["score"] > AREA_PCT[1]]),
            "area",
            "error",
            "{crop} is {score:.0f} % of the département in {first}".format_map,
        )
    ]
    whole_of = {part: whole for whole, several in PARTS_OF.items() for part in several}
    whole = known["crop"].map(whole_of).fillna(known["crop"])
    is_part = known["crop"].isin(list(whole_of))
    keys = ["departement", "year", "whole"]
    by_crop = known.assign(whole=whole)[whole.isin(COUNTED)]
    sums = by_crop.groupby([*keys, is_part.rename("is_part")])[["area_ha"]].sum()
    by_year = sums.groupby(keys).max().groupby(["departement", "year"]).sum().reset_index()
    own_ha = by_year["departement"].map(areas.set_index("departement")["area_km2"] * 100)
    shares = by_year.assign(score=100 * by_year["area_ha"] / own_ha)
    tell = "crops cover {score:.0f} % of the département in {first}".format_map
    covering = _yearly(shares[shares["score"] > AREA_PCT[0]])
    parts.append(_graded(covering, "area", AREA_PCT, tell))
    rows = known.sort_values(["departement", "crop", "year"])
    before = rows.groupby(["departement", "crop"])[["area_ha", "year"]].shift()
    least, most = (
        np.minimum(rows["area_ha"], before["area_ha"]),
        np.maximum(rows["area_ha"], before["area_ha"]),
    )
    is_jump = (most > LEAST_AREA_HA) & (most > AREA_TIMES * least)
    is_jump &= rows["year"] == before["year"] + 1
    changed = rows.assign(before=before["area_ha"], score=most - least)[is_jump]
    tell = "{crop} from {before:.0f} to {area_ha:.0f} ha in {first}".format_map
    return _joined([*parts, _warned(_yearly(changed), "area", tell)])


def crop_figures(crops: pd.DataFrame) -> pd.DataFrame:
    """Production against area x yield, and yields against their own record.

    `crops` has departement, year, crop, area_ha, yield_q_ha, production_q.
    """
    made = crops["area_ha"] * crops["yield_q_ha"]
    large = made.clip(lower=crops["production_q"])
    off = 100 * (made - crops["production_q"]).abs() / large
    cases = crops.assign(made=made, score=off)[
        (off > PRODUCT_PCT[0]) & (large > LEAST_PRODUCTION_Q)
    ]
    tell = (
        "{crop} in {first}: {area_ha:.0f} ha x {yield_q_ha:.1f} q/ha is not "
        "{production_q:.0f} q".format_map
    )
    parts = [_graded(_yearly(cases), "figures", PRODUCT_PCT, tell)]
    yields = crops["yield_q_ha"]
    middle, spread = _climate(yields, [crops["departement"], crops["crop"]], YEARS_FOR_RECORD)
    far = (yields - middle).abs() / spread.clip(lower=middle * LEAST_SPREAD_PCT / 100)
    times = yields / middle
    told = crops.assign(usual=middle, score=times)
    is_grave = times > YIELD_TIMES
    tell = "{crop} yields {yield_q_ha:.1f} q/ha in {first}, {usual:.1f} is usual".format_map
    parts.append(_findings(_yearly(told[is_grave]), "figures", "error", tell))
    odd = told.assign(score=far)[(far > YIELD_SPREADS) & ~is_grave]
    return _joined([*parts, _warned(_yearly(odd), "figures", tell)])


def crop_neighbours(compared: pd.DataFrame) -> pd.DataFrame:
    """Yields against the median of the neighbours': `sql/quality_crop_neighbours.sql`."""
    judged = compared[compared["neighbours"] >= LEAST_NEIGHBOURS]
    ratio = judged["yield_q_ha"] / judged["neighbours_yield_q_ha"]
    times = np.maximum(ratio, 1 / ratio)
    cases = judged.assign(score=times)[np.isfinite(times) & (times > NEIGHBOURS_TIMES)]
    tell = (
        "{crop} yields {yield_q_ha:.1f} q/ha in {first}, its neighbours "
        "{neighbours_yield_q_ha:.1f}".format_map
    )
    return _warned(_yearly(cases), "neighbours", tell)


# Water ----------------------------------------------------------------------------------------

WHOLE_PCT = 100.1
"""Shares of one département by level, summed; a little over comes of rounding."""
WATERS = ("surface", "groundwater", "drinking")


def restrictions(levels: pd.DataFrame) -> pd.DataFrame:
    """Shares that sum to at most 100 %, no level above the highest; rows of water_restrictions."""
    parts = []
    rank = {level: place for place, level in enumerate(LEVELS, 1)}
    highest = levels["level_max"].map(rank).fillna(0)
    for water in WATERS:
        shares = levels[[f"{water}_{level}_pct" for level in LEVELS]].sum(axis=1)
        cases = levels.assign(score=shares)[shares > WHOLE_PCT]
        tell = water + " restrictions cover {score:.0f} % of the area on {first}"
        parts.append(_findings(_dated(cases), "levels", "error", tell.format_map))
        level = levels[f"level_{water}"]
        above = level.map(rank).fillna(0) - highest
        cases = levels.assign(score=above, level=level)[above > 0]
        tell = water + ": {level} is above the highest level, {level_max}, on {first}"
        parts.append(_findings(_dated(cases), "levels", "error", tell.format_map))
    return _joined(parts)


def groundwater(months: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """Months that are missing within the record (warning) or after this one (error)."""
    ends = months["period_end"]
    gaps = _gaps(months, ends.dt.year * 12 + ends.dt.month)
    this_month = (today + pd.offsets.MonthEnd(0)).to_numpy()
    ahead = months[ends.to_numpy() > this_month].assign(score=1.0)
    ahead = _dated(ahead.rename(columns={"period_end": "date"}))
    return _joined(
        [
            _warned(gaps, "months", "{score:.0f} months are missing from {first} on".format_map),
            _findings(ahead, "months", "error", "{first} is after this month".format_map),
        ]
    )


# What is made of it ---------------------------------------------------------------------------

DEPLETION_ROUNDING_MM = 0.01
"""Depletion and available water are rounded to a thousandth."""
WETNESS_ROUNDING = 0.01
"""The index is rounded to four decimals, and so are the depths that it is made of."""
LOST_SHARE = 0.5
"""Of the year before, that must have had an indicator which the last dekad has lost."""
DEKADS_BEFORE = 36
CORE = ("precip_mm", "spi_3", "spei_6", "swi", "combined")
"""Indicators that are there in every dekad once the record is long enough."""


def soil_water(soil: pd.DataFrame) -> pd.DataFrame:
    """Depletion within the water available, and the index that is made of both.

    `soil` has departement, date, depletion_mm, taw_mm, swi. Ks is that of the morning, depletion
    that of the evening: a cloudburst may well fill a soil whose crops were short of water.
    """
    depletion, taw = soil["depletion_mm"].to_numpy(), soil["taw_mm"].to_numpy()
    over = depletion - taw
    wrong = np.abs(1 - depletion / taw - soil["swi"].to_numpy())
    is_over, is_wrong = over > DEPLETION_ROUNDING_MM, wrong > WETNESS_ROUNDING
    tells = (
        (is_over, over, "{depletion_mm:.1f} mm are gone of {taw_mm:.1f} on {first}"),
        (is_wrong, wrong, "swi {swi:.3f} with {depletion_mm:.1f} mm gone of {taw_mm:.1f}, {first}"),
    )
    return _joined(
        _findings(
            _dated(soil[which].assign(score=score[which])), "balance", "error", tell.format_map
        )
        for which, score, tell in tells
    )


def dekads(indicators: pd.DataFrame, weather_ends: pd.DataFrame) -> pd.DataFrame:
    """Dekads that are missing, and indicators that the last dekad has lost (warnings).

    `indicators` has departement, period_end, indicator, value, of `CORE` or more; `weather_ends`
    departement, date: the last day of weather from which the 90 days before are all known.
    """
    core = indicators[indicators["indicator"].isin(CORE)]
    first = core[core["indicator"] == CORE[0]]
    ends = first["period_end"]
    dekad = np.minimum((ends.dt.day - 1) // 10, 2)
    gaps = _gaps(first, ends.dt.year * 36 + ends.dt.month * 3 + dekad)
    keys = ["departement", "indicator"]
    groups = core.groupby(keys, observed=True)
    last = groups["period_end"].transform("max")
    is_last = core["period_end"] == last
    before = core[~is_last].groupby(keys, observed=True).tail(DEKADS_BEFORE)
    had = before.groupby(keys, observed=True)["value"].apply(lambda values: values.notna().mean())
    lost = core[is_last & core["value"].isna()].merge(had.rename("score").reset_index(), on=keys)
    known_to = lost["departement"].astype(str).map(weather_ends.set_index("departement")["date"])
    lost = lost[(lost["score"] > LOST_SHARE) & (lost["period_end"] <= known_to)]
    lost = _dated(lost.rename(columns={"period_end": "date"}))
    return _joined(
        [
            _warned(gaps, "dekads", "{score:.0f} dekads are missing from {first} on".format_map),
            _warned(lost, "dekads", "{indicator} is lost in the dekad to {first}".format_map),
        ]
    )


# How findings are made ------------------------------------------------------------------------

Tell = Callable[[Mapping[str, Any]], str]


def none() -> pd.DataFrame:
    """Return findings of nothing."""
    return pd.DataFrame(columns=COLUMNS).astype({"cases": "int64"})


def _graded(
    cases: pd.DataFrame, check: str, limits: tuple[float, float], tell: Tell
) -> pd.DataFrame:
    """Return warnings of cases whose score is over the first limit, errors over the second."""
    is_error = cases["score"] > limits[1]
    is_warning = (cases["score"] > limits[0]) & ~is_error
    return _joined(
        [
            _findings(cases[is_error], check, "error", tell),
            _findings(cases[is_warning], check, "warning", tell),
        ]
    )


def _warned(cases: pd.DataFrame, check: str, tell: Tell) -> pd.DataFrame:
    return _findings(cases, check, "warning", tell)


def _findings(cases: pd.DataFrame, check: str, severity: str, tell: Tell) -> pd.DataFrame:
    """Return one finding a département out of its cases: departement, score, first, last, ...

    `tell` makes words of the worst of them.
    """
    if cases.empty:
        return none()
    told = cases.assign(
        departement=cases["departement"].astype(str),
        first=cases["first"].astype(str),
        last=cases["last"].astype(str),
    ).sort_values("score", kind="stable")
    groups = told.groupby("departement")
    sums = groups.agg(cases=("score", "size"), first=("first", "min"), last=("last", "max"))
    worst = groups.tail(1).set_index("departement").loc[sums.index]
    words = []
    for row, count in zip(worst.to_dict("records"), sums["cases"], strict=True):
        more = f" (the worst of {count} cases)" if count > 1 else ""
        words.append(tell({str(name): value for name, value in row.items()}) + more)
    found: pd.DataFrame = sums.assign(check=check, severity=severity, what=words).reset_index()
    return pd.DataFrame(found[COLUMNS])


def _joined(parts: Any) -> pd.DataFrame:
    """Return findings together; several of one check and severity become one, the words in turn."""
    several: list[pd.DataFrame] = [part for part in parts if len(part)]
    if not several:
        return none()
    if len(several) == 1:
        return several[0]
    groups = pd.concat(several).groupby(["departement", "check", "severity"], as_index=False)
    joined = groups.agg(
        what=("what", "; ".join),
        cases=("cases", "sum"),
        first=("first", "min"),
        last=("last", "max"),
    )
    return pd.DataFrame(joined[COLUMNS])


def _dated(cases: pd.DataFrame) -> pd.DataFrame:
    """Return cases of one day (or month) each, with its `date` as first and last."""
    day = cases["date"].dt.strftime("%Y-%m-%d")
    return cases.assign(first=day, last=day)


def _by_year(rows: pd.DataFrame) -> "pd.Series[int]":
    """Return how many rows there are by département and calendar year."""
    return rows.groupby([rows["departement"], rows["date"].dt.year.rename("year")]).size()


def _yearly(cases: pd.DataFrame) -> pd.DataFrame:
    year = cases["year"].astype(str)
    return cases.assign(first=year, last=year)


def _gaps(rows: pd.DataFrame, ordinal: pd.Series) -> pd.DataFrame:
    """Return where periods are missing between rows that follow each other: first and last day.

    `ordinal` numbers the periods one after the other; `score` is how many are missing.
    """
    missing = np.diff(ordinal.to_numpy()) - 1
    at = np.flatnonzero((missing > 0) & _same(rows["departement"]))
    ends = rows["period_end"].to_numpy()
    return pd.DataFrame(
        {
            "departement": rows["departement"].to_numpy()[at],
            "first": ends[at] + np.timedelta64(1, "D"),
            "last": ends[at + 1],
            "score": missing[at].astype(float),
        }
    )


def _same(codes: "pd.Series[Any]") -> npt.NDArray[np.bool_]:
    """Return whether each row but the first is of the département before it."""
    numbers = pd.factorize(codes)[0]
    same: npt.NDArray[np.bool_] = numbers[1:] == numbers[:-1]
    return same


def _runs(links: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return first and last rows of the stretches whose neighbouring rows are all linked."""
    edges = np.diff(np.concatenate([[False], links, [False]]).astype(np.int8))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def _climate(
    values: "pd.Series[float]", keys: Sequence["pd.Series[Any]"], least: int
) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    """Return the median and interquartile range of each row's group, NaN of fewer than `least`."""
    numbers, uniques = zip(*(pd.factorize(key) for key in keys), strict=True)
    group = pd.factorize(numbers[0] * len(uniques[1]) + numbers[1])[0]
    groups = values.groupby(group)
    quartiles = groups.quantile(np.array([0.25, 0.5, 0.75])).to_numpy().reshape(-1, 3)
    low, middle, high = quartiles.T
    is_known = groups.count().to_numpy() >= least
    medians = np.where(is_known, middle, np.nan)[group]
    ranges = np.where(is_known, high - low, np.nan)[group]
    return pd.Series(medians, values.index), pd.Series(ranges, values.index)


def _is_known(gaps: pd.DataFrame, sources: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return which gaps their source is known to have."""
    known = np.zeros(len(gaps), dtype=bool)
    for source, spans in KNOWN_GAPS.items():
        for first, last in spans:
            is_within = (gaps["first"] >= first) & (gaps["last"] <= last)
            known |= (sources == source) & is_within.to_numpy()
    return known


def _gap(row: Mapping[str, Any]) -> str:
    return f"{row['score']:.0f} days are missing, {row['first'][:10]} to {row['last'][:10]}"
