"""Weather stress of a season: heat, frost, degree days, and the water balance since its start.

Daily series, consecutive days on the last axis; `dates` are those days. A stage or season is either
a mask (True on its days) or follows from dates. What depends on a missing day is unknown (NaN)
until the end of its stage or season, and known again in the next.

Where the data are dekads spread over days, counts of hot days and frosts must be made unknown with
`events.only_true_days` on the temperatures. Sums since the start of a season remain valid.
"""

from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_pipeline.indicators._arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    Reference,
    as_float,
    as_series,
    positive_int,
    reject,
)

MonthDay = tuple[int, int]
"""A day of any year, (month, day)."""

SEASON_START: MonthDay = (9, 1)
"""The French hydrological and cropping year starts on 1 September."""

HOT_DAY_C = 25.0
"""A day with a higher maximum is hot, as in ETCCDI's summer days."""

FROST_C = 0.0
"""A night with a lower minimum is a frost (ETCCDI)."""

_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAY_BEFORE_MONTH = np.concatenate([[0], np.cumsum(_LENGTHS)])
_LEAP_DAY = 59  # 29 February among the 366 days of a leap year, from 0
_DAYS = 366

Dates = NDArray[np.datetime64]


# --- days in a stage ------------------------------------------------------------------------------


def days_between(dates: ArrayLike, first: MonthDay, last: MonthDay) -> BoolArray:
    """Mask of the days of every year from one date to another, both in it.

    A `last` before `first` is in the next year: (11, 1) to (2, 28) is winter, less a 29 February.
    (2, 29) as `first` or `last` means that day in leap years, and 1 March or 28 February in others.

    Parameters
    ----------
    dates : (time,), datetime64 or ISO text, any order
    first, last : (month, day)

    Returns
    -------
    (time,), boolean.

    Raises
    ------
    ValueError : no such day, NaT in `dates`.
    """
    day = _day_of_leap_year(_as_days(dates))
    from_day, to_day = _position(first), _position(last)
    if from_day <= to_day:
        return (day >= from_day) & (day <= to_day)
    return (day >= from_day) | (day <= to_day)


def hot_days(tmax_c: ArrayLike, stage: ArrayLike, *, threshold_c: float = HOT_DAY_C) -> FloatArray:
    """Days with a maximum above the threshold so far in the stage under way.

    On the last day of a stage it is the count of all of it. A stage that is on at the start of the
    series is counted from there.

    Parameters
    ----------
    tmax_c : (..., time), degrees C, consecutive days
    stage : mask that broadcasts with it, one stage an unbroken run of True (or 1); NaN where it is
        unknown
    threshold_c : a day is hot above it, degrees C

    Returns
    -------
    (..., time), days: NaN outside stages, and from a missing day or an unknown stage on until the
    next stage.

    Raises
    ------
    ValueError : an infinite temperature, a stage other than 0, 1 and NaN, no time axis.

    References
    ----------
    Zhang, X. et al. (2011). WIREs Clim. Change 2, 851-870 (SU: TX > 25 degrees C).
    """
    hot = _temperature(tmax_c, "tmax_c")
    return _count_in_stage(hot > threshold_c, np.isnan(hot), stage)


def frost_days(tmin_c: ArrayLike, stage: ArrayLike, *, threshold_c: float = FROST_C) -> FloatArray:
    """Days with a minimum below the threshold so far in the stage under way.

    With the mask of `bud_break` these are the frosts after it, which damage vineyards and orchards.

    Parameters
    ----------
    tmin_c : (..., time), degrees C, consecutive days
    stage : see `hot_days`
    threshold_c : a frost is below it, degrees C

    Returns
    -------
    (..., time), days: NaN as in `hot_days`.

    Raises
    ------
    ValueError : see `hot_days`.

    References
    ----------
    Zhang, X. et al. (2011). WIREs Clim. Change 2, 851-870 (FD: TN < 0 degrees C).
    """
    cold = _temperature(tmin_c, "tmin_c")
    return _count_in_stage(cold < threshold_c, np.isnan(cold), stage)


# --- degree days ----------------------------------------------------------------------------------


def degree_days(
    tmin_c: ArrayLike,
    tmax_c: ArrayLike,
    base_c: float,
    *,
    cap_c: float | None = None,
    limit: Literal["extremes", "mean"] = "extremes",
) -> FloatArray:
    r"""Degree days of each day, with a horizontal cut-off.

    .. math:: D = \frac{c(T_{max}) + c(T_{min})}{2} - T_{base}, \qquad
              c(T) = \min(\max(T, T_{base}), T_{cap})

    with `limit="extremes"`: heat above the cap counts as the cap, no more and no less (horizontal),
    and cold below the base takes nothing from the warm hours. With `limit="mean"` it is the mean
    temperature that is limited, :math:`D = c((T_{max} + T_{min})/2) - T_{base}`: less on days whose
    night falls below the base. The two differ by days in spring; published sums hold for one.

    Parameters
    ----------
    tmin_c, tmax_c : degrees C, shapes that broadcast
    base_c : base temperature, degrees C
    cap_c : cut-off temperature, degrees C; None for none
    limit : "extremes" or "mean"

    Returns
    -------
    Broadcast shape, degree days (degrees C x day), not negative: NaN where a temperature is.

    Raises
    ------
    ValueError : a minimum above the maximum or an infinite temperature (the message names the
        place), a base that is not finite, a cap that is not above it, an unknown `limit`.

    References
    ----------
    McMaster, G. S. and Wilhelm, W. W. (1997). Growing degree-days: one equation, two
    interpretations. Agric. For. Meteorol. 87, 291-300 ("mean" is their method 1, "extremes" 2).

    Examples
    --------
    >>> degree_days(4.0, [14.0, 34.0], 6.0, cap_c=30.0).tolist()
    [4.0, 12.0]
    >>> degree_days(4.0, 14.0, 6.0, limit="mean").item()
    3.0
    """
    if not np.isfinite(base_c):
        raise ValueError(f"base_c must be a temperature, got {base_c}")
    cap = np.inf if cap_c is None else cap_c
    if not cap > base_c:
        raise ValueError(f"cap_c must be above base_c, got {cap_c} and {base_c}")
    if limit not in ("extremes", "mean"):
        raise ValueError(f"limit must be 'extremes' or 'mean', got {limit!r}")
    cold, warm = np.broadcast_arrays(_temperature(tmin_c, "tmin_c"), _temperature(tmax_c, "tmax_c"))
    reject(cold > warm, cold, "tmin_c", "a minimum is not above the maximum")
    if limit == "mean":
        return np.asarray(np.clip((cold + warm) / 2.0, base_c, cap) - base_c)
    return np.asarray((np.clip(cold, base_c, cap) + np.clip(warm, base_c, cap)) / 2.0 - base_c)


def growing_degree_days(
    tmin_c: ArrayLike,
    tmax_c: ArrayLike,
    base_c: float,
    start: ArrayLike,
    *,
    cap_c: float | None = None,
    limit: Literal["extremes", "mean"] = "extremes",
) -> FloatArray:
    """Degree days added up since the last start, that day included.

    Parameters
    ----------
    tmin_c, tmax_c : (..., time), degrees C, consecutive days
    base_c, cap_c, limit : see `degree_days`
    start : boolean, broadcasting with them: True on days on which the sum starts anew (sowing,
        1 January)

    Returns
    -------
    (..., time), degree days: NaN before the first start, and from a missing day to the next start.

    Raises
    ------
    TypeError : `start` is not boolean.
    ValueError : see `degree_days`; no time axis.
    """
    daily = as_series(degree_days(tmin_c, tmax_c, base_c, cap_c=cap_c, limit=limit))
    starts = np.asarray(start)
    if starts.dtype != np.bool_:
        raise TypeError(f"start must be boolean, got {starts.dtype}")
    return sums_since(daily, starts)


def bud_break(gdd: ArrayLike, required: float, *, season: ArrayLike | None = None) -> FloatArray:
    """Mask of the days since buds broke: those on which the sum of degree days is reached.

    A bud break at a known date needs no sum: `days_between` gives its mask.

    Parameters
    ----------
    gdd : (..., time), sum of degree days since the start of growth (`growing_degree_days`)
    required : sum at which buds break, degree days
    season : boolean, broadcasting with `gdd`: days on which it can matter (until summer, say); it
        is 0 on all others

    Returns
    -------
    (..., time), 1 after bud break (that day included), 0 before, NaN where the sum is unknown: the
    stage that `frost_days` takes.

    Raises
    ------
    TypeError : `season` is not boolean.
    ValueError : no time axis.
    """
    total = as_series(gdd)
    broken = np.where(np.isnan(total), np.nan, total >= required)
    if season is None:
        return broken
    days = np.asarray(season)
    if days.dtype != np.bool_:
        raise TypeError(f"season must be boolean, got {days.dtype}")
    return np.where(days, broken, 0.0)


# --- balance since the start of the season --------------------------------------------------------


class SeasonTotal(NamedTuple):
    """A sum since the start of the season, and its usual value on that day; all (..., time)."""

    total: FloatArray
    """Sum since the start of the season, that day included."""
    normal: FloatArray
    """Mean of it on the same day of the reference seasons."""
    departure: FloatArray
    """`total - normal`."""
    seasons: IntArray
    """Number of reference seasons in the normal."""


def season_total(
    x: ArrayLike,
    dates: ArrayLike,
    *,
    start: MonthDay = SEASON_START,
    reference: Reference = None,
    min_seasons: int = 1,
) -> SeasonTotal:
    """Sum since the start of the season (rain, or P - ET0), its normal and the departure from it.

    Totals are compared on the same date of the year. On 29 February a season without one counts
    with its total of 28 February: the same sum, to the end of the month. So the normal of that day
    rests on all seasons, and no other day is shifted by it.

    Parameters
    ----------
    x : (..., time), mm/day (any amount a day), negative ones allowed
    dates : (time,), its days: consecutive, datetime64 or ISO text
    start : first day of the season, (month, day); not 29 February
    reference : time steps that tell what is usual: None for all, or `(start, stop)` or a slice,
        positions as in `aggregation`; totals on these days count, whose season may have started
        before
    min_seasons : the normal is NaN with fewer reference seasons

    Returns
    -------
    `SeasonTotal`. The total is NaN before the first season start in the series, and from a missing
    day to the next season start; so is the departure. The normal leaves those seasons out, on those
    days.

    Raises
    ------
    ValueError : days that are not consecutive or not as many as `x` has, an infinite amount (the
        message names the place), a `start` that does not exist every year, a `reference` that
        selects nothing, `min_seasons` below 1, no time axis.

    Examples
    --------
    >>> dates = np.arange("2020-08-31", "2020-09-04", dtype="datetime64[D]")
    >>> season_total([9.0, 5.0, 0.0, 2.5], dates).total.tolist()
    [nan, 5.0, 5.0, 7.5]
    """
    series, days = as_series(x), _as_days(dates)
    min_seasons = positive_int(min_seasons, "min_seasons")
    reject(np.isinf(series), series, "x", "an amount is finite")
    if days.shape != series.shape[-1:]:
        raise ValueError(f"expected {series.shape[-1]} dates in one row, got shape {days.shape}")
    if (np.diff(days) != np.timedelta64(1, "D")).any():
        raise ValueError("dates must be consecutive days")
    if (first_day := _position(start)) == _LEAP_DAY:
        raise ValueError("a season cannot start on 29 February")
    used = _reference_steps(reference, series.shape[-1])

    day = _day_of_leap_year(days)
    starts = day == first_day
    total = sums_since(series, starts)

    # Reference totals as (..., day of the year, season); seasons by their place in the series.
    season = np.cumsum(starts)
    calendar = np.full(
        (*series.shape[:-1], _DAYS, int(season[-1]) + 1 if season.size else 1), np.nan
    )
    calendar[..., day[used], season[used]] = total[..., used]
    no_leap_day = _day_of_leap_year(days + np.timedelta64(1, "D")) != _LEAP_DAY
    february = used[(day[used] == _LEAP_DAY - 1) & no_leap_day[used]]
    calendar[..., _LEAP_DAY, season[february]] = total[..., february]
    known = ~np.isnan(calendar)
    count = np.count_nonzero(known, axis=-1).astype(np.int64)
    calendar[~known] = 0.0
    mean = calendar.sum(axis=-1) / np.maximum(count, 1)
    mean[count < min_seasons] = np.nan
    normal = mean[..., day]
    return SeasonTotal(total, normal, total - normal, count[..., day])


# --- shared ---------------------------------------------------------------------------------------


def sums_since(values: FloatArray, starts: BoolArray) -> FloatArray:
    """Return running sums that begin again on the days of `starts`.

    NaN before the first of them, and from a missing day to the next. Added day by day, so no
    rounding is carried over.
    """
    shape = np.broadcast_shapes(values.shape, starts.shape)
    values = np.broadcast_to(values, shape)
    sums = np.full(shape, np.nan)
    if starts.shape == shape[-1:]:  # the same days for all places: computed season by season
        edges = [*np.flatnonzero(starts), shape[-1]]
        for begin, end in pairwise(edges):
            np.cumsum(values[..., begin:end], axis=-1, out=sums[..., begin:end])
        return sums
    restarts = np.broadcast_to(starts, shape)
    now: FloatArray = np.full(shape[:-1], np.nan)
    for t in range(shape[-1]):
        now = np.where(restarts[..., t], 0.0, now) + values[..., t]
        sums[..., t] = now
    return sums


def _count_in_stage(event: BoolArray, missing: BoolArray, stage: ArrayLike) -> FloatArray:
    mask = as_float(stage)
    reject(
        ~((mask == 0.0) | (mask == 1.0) | np.isnan(mask)), mask, "stage", "it must be 0, 1 or NaN"
    )
    event, missing, mask = np.broadcast_arrays(event, missing, mask)
    if event.ndim == 0:
        raise ValueError("a series needs a time axis, got a single number")
    step = np.arange(event.shape[-1], dtype=np.int64)
    outside = np.maximum.accumulate(np.where(mask == 0.0, step, -1), axis=-1)
    unknown = np.maximum.accumulate(np.where(missing | np.isnan(mask), step, -1), axis=-1)
    so_far = np.cumsum(event, axis=-1)
    before = np.where(outside >= 0, np.take_along_axis(so_far, np.maximum(outside, 0), axis=-1), 0)
    known = (mask == 1.0) & (unknown <= outside)
    return np.where(known, so_far - before, np.nan)


def _temperature(values: ArrayLike, name: str) -> FloatArray:
    temperature = as_float(values)
    reject(np.isinf(temperature), temperature, name, "a temperature is finite")
    return temperature


def _as_days(dates: ArrayLike) -> Dates:
    days = np.atleast_1d(np.asarray(dates, dtype="datetime64[D]"))
    if np.isnat(days).any():
        raise ValueError("dates must not hold NaT")
    return days


def _day_of_leap_year(days: Dates) -> IntArray:
    """Position of each date among the 366 days of a leap year, from 0; the same in every year."""
    months = days.astype("datetime64[M]")
    month = months.astype(np.int64) % 12
    day = (days - months.astype("datetime64[D]")).astype(np.int64)
    return np.asarray(_DAY_BEFORE_MONTH[month] + day, dtype=np.int64)


def _position(day: MonthDay) -> int:
    month, of_month = day
    if not (1 <= month <= 12 and 1 <= of_month <= _LENGTHS[month - 1]):
        raise ValueError(f"there is no day {day}: expected (month, day)")
    return int(_DAY_BEFORE_MONTH[month - 1]) + of_month - 1


def _reference_steps(reference: Reference, length: int) -> IntArray:
    steps = np.arange(length, dtype=np.int64)
    if reference is None:
        return steps
    chosen = reference if isinstance(reference, slice) else slice(*reference)
    if chosen.step not in (None, 1):
        raise ValueError(f"a reference is consecutive time steps, got {reference}")
    if (used := steps[chosen]).size == 0:
        raise ValueError(f"{reference} selects none of the series' {length} time steps")
    return used
