"""Events: dry spells in daily rain, and droughts in a standardised index by run theory.

Steps are consecutive (days for spells, months or dekads for an index), time on the last axis.
Missing values never end a run silently: a missing day may have been wet or dry, so a spell across
it has an unknown length until a wet day starts the count again, and a drought that meets a gap ends
as unknown rather than as over.
"""

import math
import operator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_pipeline.indicators._arrays import (
    BoolArray,
    FloatArray,
    IntArray,
    as_float,
    as_series,
    positive_int,
    reject,
)

DRY_DAY_MM = 1.0
"""A day with less rain is dry (ETCCDI and WMO)."""

DROUGHT_ENDS = ("over", "running", "unknown")
"""How a drought ends: observed to be over, still running at the end of the series, or in a gap."""


# --- true days ------------------------------------------------------------------------------------


def only_true_days(values: ArrayLike, daily: ArrayLike, *, window: int = 1) -> FloatArray:
    """The values, NaN where their window holds a day that is not a true one.

    A source that has only dekads is spread evenly over their days: sums survive that, but spells,
    hot days and frosts do not. Two ways to use it: on rain or temperature before the measure
    (`window=1`), where the spread days become missing ones and the measure's own rules for these
    apply; or on a measure with a fixed window after it.

    Parameters
    ----------
    values : (..., time), any unit
    daily : boolean, (..., time) broadcasting with `values`: True for a true day, False for a spread
        one
    window : number of days, the last one the value's own, that must all be true. Days before the
        series do not count

    Returns
    -------
    (..., time), unit of `values`.

    Raises
    ------
    TypeError : `daily` is not boolean.
    ValueError : no time axis, a window below 1.
    """
    series, window = as_series(values), positive_int(window, "window")
    flags = np.asarray(daily)
    if flags.dtype != np.bool_:
        raise TypeError(f"daily must be boolean, got {flags.dtype}")
    series, flags = np.broadcast_arrays(series, flags)
    day = np.arange(series.shape[-1])
    last_spread = np.maximum.accumulate(np.where(flags, -window, day), axis=-1)
    return np.where(day - last_spread < window, np.nan, series)


# --- spells ---------------------------------------------------------------------------------------


def dry_spell_length(precip_mm: ArrayLike, *, threshold_mm: float = DRY_DAY_MM) -> FloatArray:
    """Days of the dry spell under way: consecutive days, this one the last, with less rain.

    0 on a day with rain. A spell at the start of the series is counted from there (as ETCCDI counts
    within a period): a lower bound. After a missing day the length is unknown up to the next wet
    day.

    Parameters
    ----------
    precip_mm : (..., time), mm/day, consecutive days
    threshold_mm : a day is dry below it, mm/day

    Returns
    -------
    (..., time), days: NaN on a missing day and on the dry days that follow it.

    Raises
    ------
    ValueError : negative or infinite rain (the message names the place), a threshold that is not
        above 0, no time axis.

    References
    ----------
    Zhang, X. et al. (2011). Indices for monitoring changes in extremes based on daily temperature
    and precipitation data. WIREs Clim. Change 2, 851-870 (CDD: RR < 1 mm).
    """
    wet, missing = _wet(precip_mm, threshold_mm)
    day, last_wet = _last(wet)
    _, last_missing = _last(missing)
    return np.where(last_missing > last_wet, np.nan, day - last_wet)


def days_since_rain(precip_mm: ArrayLike, *, threshold_mm: float = DRY_DAY_MM) -> FloatArray:
    """Days since the last day with rain: 0 on that day, 1 on the next.

    As `dry_spell_length`, but exact: it is unknown before the first wet day of the series too.

    Parameters
    ----------
    precip_mm : (..., time), mm/day, consecutive days
    threshold_mm : rain is at least this, mm/day

    Returns
    -------
    (..., time), days: NaN before the first wet day, on a missing day and up to the next wet one.

    Raises
    ------
    ValueError : see `dry_spell_length`.
    """
    wet, missing = _wet(precip_mm, threshold_mm)
    day, last_wet = _last(wet)
    _, last_missing = _last(missing)
    return np.where((last_missing > last_wet) | (last_wet < 0), np.nan, day - last_wet)


def longest_dry_spell(
    precip_mm: ArrayLike, window: int, *, threshold_mm: float = DRY_DAY_MM
) -> FloatArray:
    """Most consecutive dry days among each day and the `window - 1` before it.

    What lies before the window is cut off: with the window of a year or season, its last day holds
    ETCCDI's CDD of it.

    Parameters
    ----------
    precip_mm : (..., time), mm/day, consecutive days
    window : number of days, at least 1
    threshold_mm : a day is dry below it, mm/day

    Returns
    -------
    (..., time), days, 0 to `window`: NaN where the window holds a NaN or starts before the series.

    Raises
    ------
    ValueError : see `dry_spell_length`; `window` below 1.
    """
    wet, missing = _wet(precip_mm, threshold_mm)
    window = positive_int(window, "window")
    longest = np.full(wet.shape, np.nan)
    if (complete := wet.shape[-1] - window + 1) > 0:
        run = np.zeros((*wet.shape[:-1], complete), dtype=np.int32)
        most = np.zeros_like(run)
        for later in range(window):
            run += 1
            run[wet[..., later : later + complete]] = 0
            np.maximum(most, run, out=most)
        longest[..., window - 1 :] = most
        day, last_missing = _last(missing)
        longest[day - last_missing < window] = np.nan
    return longest


def _wet(precip_mm: ArrayLike, threshold_mm: float) -> tuple[BoolArray, BoolArray]:
    """Days with rain, and days without a value."""
    rain = as_series(precip_mm)
    reject((rain < 0.0) | np.isinf(rain), rain, "precip_mm", "rain is finite and not negative")
    if not threshold_mm > 0.0:
        raise ValueError(f"threshold_mm must be above 0, got {threshold_mm}")
    return rain >= threshold_mm, np.isnan(rain)


def _last(happened: BoolArray) -> tuple[IntArray, IntArray]:
    """The position of each step, and of the last step up to it at which it happened, or -1."""
    step = np.arange(happened.shape[-1], dtype=np.int64)
    return step, np.maximum.accumulate(np.where(happened, step, -1), axis=-1)


# --- run theory -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class DroughtEvents:
    """Droughts of any number of places, one element of each array a drought.

    In the order of the places (C order of the leading axes), then of time.
    """

    place: tuple[IntArray, ...]
    """Index of the place, an array for each leading axis: `index[*place]` has a drought's series.
    Empty for a single series."""
    onset: IntArray
    """Time step at which the index first reaches the start threshold."""
    last: IntArray
    """Last time step of the drought."""
    duration: IntArray
    """Steps from `onset` to `last`, both in it."""
    severity: FloatArray
    """Sum over the drought of how far the index is below the end threshold (McKee's magnitude where
    that is 0). Steps above it in a pooled drought count 0. Above 0, index x steps."""
    peak: FloatArray
    """Lowest index."""
    peak_time: IntArray
    """Time step of the lowest index, the first of several."""
    onset_known: BoolArray
    """False where the record begins (at the series start or after a gap) already below the end
    threshold: the drought may be older."""
    end: NDArray[np.str_]
    """One of `DROUGHT_ENDS`."""

    def __len__(self) -> int:
        return self.onset.size

    def of_place(self, *place: int) -> "DroughtEvents":
        """The droughts of one place alone."""
        if len(place) != len(self.place):
            raise ValueError(f"a place has {len(self.place)} indices here, got {len(place)}")
        here = np.ones(len(self), dtype=np.bool_)
        for axis, position in zip(self.place, place, strict=True):
            here &= axis == position
        return self._chosen(here, ())

    def _chosen(self, kept: BoolArray, place: tuple[IntArray, ...]) -> "DroughtEvents":
        return DroughtEvents(
            place=place,
            onset=self.onset[kept],
            last=self.last[kept],
            duration=self.duration[kept],
            severity=self.severity[kept],
            peak=self.peak[kept],
            peak_time=self.peak_time[kept],
            onset_known=self.onset_known[kept],
            end=self.end[kept],
        )


def drought_events(
    index: ArrayLike,
    *,
    start: float = -1.0,
    end: float = 0.0,
    min_duration: int = 1,
    pool: int = 0,
) -> DroughtEvents:
    r"""Droughts in a standardised index by run theory.

    A drought starts at the first step with an index of `start` or less and lasts until the step
    before the index is above `end`. Its severity is

    .. math:: S = \sum_t \max(end - x_t, 0)

    With `pool`, up to that many steps in a row above `end` do not end a drought if the index falls
    to `end` or less again: the two runs are one, from the first to the last, whether or not the
    second reaches `start`.

    A NaN ends a drought as "unknown", and is never pooled across. So does the end of the series, as
    "running". With `pool`, a drought counts as "over" only once more than `pool` steps above `end`
    have been seen after it.

    Parameters
    ----------
    index : (..., time), no unit (SPI, SPEI, SSWI), consecutive steps
    start, end : thresholds, `start` not above `end`
    min_duration : shorter droughts are left out, steps; those still running or lost in a gap count
        as long as they were seen
    pool : steps above `end` that do not end a drought

    Returns
    -------
    `DroughtEvents`, empty where there is none.

    Raises
    ------
    ValueError : an infinite index (the message names the place), `start` above `end`, a
        `min_duration` below 1, a negative `pool`, no time axis.

    Notes
    -----
    McKee takes the drought to be the whole run of negative values around it; here, as operational
    services do, its months before the index reaches `start` are not in it.

    References
    ----------
    Yevjevich, V. (1967). An objective approach to definitions and investigations of continental
    hydrologic droughts. Hydrology Papers 23, Colorado State University.
    McKee, T. B., Doesken, N. J. and Kleist, J. (1993). The relationship of drought frequency and
    duration to time scales. 8th Conf. on Applied Climatology, 179-184.
    """
    series = as_series(index)
    reject(np.isinf(series), series, "index", "a standardised index is finite")
    if not -math.inf < start <= end < math.inf:
        raise ValueError(f"start must not be above end, both finite, got {start} and {end}")
    if (pool := operator.index(pool)) < 0:
        raise ValueError(f"pool must not be negative, got {pool}")
    min_duration = positive_int(min_duration, "min_duration")
    places, length = series.shape[:-1], series.shape[-1]
    # A column of NaN after each place separates its runs from those of the next in one flat array;
    # the last of them also precedes the first place, at -1.
    rows = np.full((series.size // length if length else 0, length + 1), np.nan)
    rows[:, :length] = series.reshape(rows.shape[0], length)
    flat, width = rows.ravel(), length + 1

    first, stop = _pooled_runs(flat, end, pool)
    reached = np.flatnonzero(flat <= start)
    onset = np.append(reached, flat.size)[np.searchsorted(reached, first)]
    kept = (onset < stop) & (stop - onset >= min_duration)
    first, onset, stop = first[kept], onset[kept], stop[kept]
    severity, peak, peak_at = _depths(flat, onset, stop, end)

    # Over: more than `pool` steps after it, none of them missing or beyond the series.
    after = stop + pool + 1
    gaps = np.flatnonzero(np.isnan(flat))
    next_gap = np.append(gaps, flat.size)[np.searchsorted(gaps, stop)]
    how = np.where(
        next_gap >= after, "over", np.where(next_gap % width == length, "running", "unknown")
    )
    axes = np.unravel_index(onset // width, places) if places else ()
    return DroughtEvents(
        place=tuple(np.asarray(axis, dtype=np.int64) for axis in axes),
        onset=onset % width,
        last=(stop - 1) % width,
        duration=stop - onset,
        severity=severity,
        peak=peak,
        peak_time=peak_at % width,
        onset_known=~np.isnan(flat[first - 1]),
        end=how,
    )


def _pooled_runs(flat: FloatArray, end: float, pool: int) -> tuple[IntArray, IntArray]:
    """First step and step after the last of each run at `end` or below.

    Runs separated by at most `pool` known steps are one.
    """
    first, stop = _runs(flat <= end)
    unknown = np.concatenate([[0], np.cumsum(np.isnan(flat))])
    joined = (first[1:] - stop[:-1] <= pool) & (unknown[first[1:]] == unknown[stop[:-1]])
    return first[np.r_[True, ~joined][: first.size]], stop[np.r_[~joined, True][: stop.size]]


def _depths(
    flat: FloatArray, onset: IntArray, stop: IntArray, end: float
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Severity, lowest value and the first step with it, of each event."""
    # The number of the event of each step, in order.
    duration = stop - onset
    event = np.repeat(np.arange(onset.size), duration)
    step = np.arange(event.size) - np.repeat(np.cumsum(duration) - duration, duration)
    step += np.repeat(onset, duration)
    value = flat[step]
    deficit = np.maximum(end - value, 0.0)
    severity = np.bincount(event, weights=deficit, minlength=onset.size)
    peak = np.full(onset.size, np.inf)
    np.minimum.at(peak, event, value)
    lowest = np.flatnonzero(value == peak[event])
    _, earliest = np.unique(event[lowest], return_index=True)
    return np.asarray(severity, dtype=np.float64), peak, step[lowest[earliest]]


def drought_age(index: ArrayLike, *, start: float = -1.0, end: float = 0.0) -> FloatArray:
    """Steps of the drought under way, as each step could know it: 1 at its onset, 0 in none.

    `drought_events` told along the series, with nothing pooled.

    Parameters
    ----------
    index, start, end : see `drought_events`

    Returns
    -------
    (..., time), steps. NaN where the index is, and after a gap or the start of the series while
    it is at `end` or less without having reached `start` since: there may be a drought under way.
    Where it has reached `start`, the age counts from there and is a lower bound.

    Raises
    ------
    ValueError : see `drought_events`.
    """
    series = as_float(index)
    events = drought_events(series, start=start, end=end)
    last_above, last_missing = _last(series > end)[1], _last(np.isnan(series))[1]
    unsure = last_missing >= last_above  # -1 for both: never above `end` since the start
    age = np.where(unsure, np.nan, 0.0)
    event = np.repeat(np.arange(len(events)), events.duration)
    since = np.arange(event.size) - np.repeat(
        np.cumsum(events.duration) - events.duration, events.duration
    )
    age[(*(axis[event] for axis in events.place), events.onset[event] + since)] = since + 1.0
    return age


class DroughtCourse(NamedTuple):
    """The drought under way at each step, as that step could know it; all (..., time)."""

    age: FloatArray
    """Steps since its onset, 1 at the onset, 0 in no drought (`drought_age`)."""
    severity: FloatArray
    """Its severity so far, index x steps, 0 in no drought; NaN where the age is."""
    peak: FloatArray
    """Its lowest index so far, NaN in no drought and where the age is."""


def drought_course(index: ArrayLike, *, start: float = -1.0, end: float = 0.0) -> DroughtCourse:
    """Age, severity and peak of the drought under way, along the series.

    At the last step of a drought these are its duration, severity and peak of `drought_events`
    (with nothing pooled).

    Parameters
    ----------
    index, start, end : see `drought_events`

    Returns
    -------
    `DroughtCourse`, NaN as in `drought_age`.

    Raises
    ------
    ValueError : see `drought_events`.
    """
    series = as_series(index)
    age = drought_age(series, start=start, end=end)
    severity, peak = np.zeros_like(age), np.full_like(age, np.nan)
    so_far, lowest = np.zeros(age.shape[:-1]), np.full(age.shape[:-1], np.nan)
    for t in range(age.shape[-1]):
        now, running = series[..., t], age[..., t] > 1.0
        deficit = np.maximum(end - now, 0.0)
        so_far = np.where(running, so_far, 0.0) + np.where(age[..., t] >= 1.0, deficit, 0.0)
        lowest = np.where(running, np.fmin(lowest, now), np.where(age[..., t] == 1.0, now, np.nan))
        severity[..., t] = np.where(np.isnan(age[..., t]), np.nan, so_far)
        peak[..., t] = lowest
    return DroughtCourse(age, severity, peak)


def _runs(holds: BoolArray) -> tuple[IntArray, IntArray]:
    """First position, and position after the last, of each run of True in one row."""
    edges = np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
