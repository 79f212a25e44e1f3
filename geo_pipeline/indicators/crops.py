"""Crops through their season: calendar, crop coefficient and roots.

Days of the season are counted from 1, the day of sowing, planting or greenup; 0 is off season.

References: Allen, R. G., Pereira, L. S., Raes, D., Smith, M. (1998). Crop evapotranspiration. FAO
Irrigation and Drainage Paper 56, chapters 6 and 8.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_pipeline.indicators._arrays import FloatArray, IntArray, as_float, reject

STAGES = ("initial", "development", "mid", "late")
"""FAO-56's four stages, numbered from 1; 0 is off season."""

WHOLE_YEAR = 365
"""Length of a season without end: day 366 of a leap year counts as this one."""

KC_END_ADJUSTED_FROM = 0.45
"""Lower crop coefficients are of dry or dying crops, which wind does not change (eq. 65)."""

WIND_RANGE, HUMIDITY_RANGE, HEIGHT_RANGE = (1.0, 6.0), (20.0, 80.0), (0.1, 10.0)
"""Where eq. 62 holds: wind at 2 m (m/s), daily minimum relative humidity (%), height (m)."""

MONTH_LENGTHS = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
"""Days that a month can have."""


def _starts(
    dates: NDArray[np.datetime64], month: ArrayLike, day: ArrayLike
) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    """Return the dates as days, and the last season's start on or before each: (..., time)."""
    days = np.asarray(dates, dtype="datetime64[D]")
    if days.ndim != 1:
        raise ValueError(f"dates are one time axis, got {days.ndim} dimensions")
    if np.isnat(days).any():
        raise ValueError("dates must not hold NaT")
    months, monthdays = np.broadcast_arrays(np.asarray(month), np.asarray(day))
    for name, values, highest in (("month", months, 12), ("day", monthdays, 31)):
        if values.dtype.kind not in "iu" or ((values < 1) | (values > highest)).any():
            raise ValueError(f"start_{name} needs whole numbers in 1-{highest}, got {values}")
    if (nowhere := monthdays > MONTH_LENGTHS[months - 1]).any():
        month_, day_ = months[nowhere].flat[0], monthdays[nowhere].flat[0]
        raise ValueError(f"there is no day {day_} in month {month_} to start on")
    years = days.astype("datetime64[Y]")
    offset = (months - 1).astype("timedelta64[M]")[..., np.newaxis]
    within = (monthdays - 1).astype("timedelta64[D]")[..., np.newaxis]

    def start(year: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
        first = year.astype("datetime64[M]") + offset
        return np.asarray(first.astype("datetime64[D]") + within)

    this = start(years)
    before = start((days.astype("datetime64[Y]").astype(np.int64) - 1).astype("datetime64[Y]"))
    return days, np.where(days >= this, this, before)


CALENDAR_OF = {
    "permanent_grassland": "grassland",
    "temporary_grassland": "grassland",
    "grain_maize": "grain_maize_rainfed",
}
"""Crops of the statistics that share the calendar of another crop."""


def day_of_season(
    dates: NDArray[np.datetime64], start_month: ArrayLike, start_day: ArrayLike, length: ArrayLike
) -> IntArray:
    """Day of the crop's season, from 1, on each date; 0 off season.

    A season may cross the end of the year. One of 365 days or more never ends: it starts anew each
    year, and day 366 counts as 365.

    Parameters
    ----------
    dates : (time,), days, in any order
    start_month, start_day : (...), 1-12, 1-31; 29 February is 1 March where there is none
    length : (...), days

    Returns
    -------
    (..., time), whole numbers.

    Raises
    ------
    ValueError : dates of more than one dimension or NaT among them, a month or day out of range, a
        day that the month never has (31 April), a length below 1.

    Examples
    --------
    >>> dates = np.array(["2024-12-31", "2025-01-01", "2025-01-02"], dtype="datetime64[D]")
    >>> day_of_season(dates, start_month=10, start_day=15, length=79)
    array([78, 79,  0])
    """
    lengths = np.asarray(length)
    if lengths.dtype.kind not in "iu" or (lengths < 1).any():
        raise ValueError(f"length needs whole numbers of days, at least 1, got {lengths}")
    days, start = _starts(dates, start_month, start_day)
    number = (days - start).astype(np.int64) + 1
    longest = lengths[..., np.newaxis]
    number = np.where(longest >= WHOLE_YEAR, np.minimum(number, longest), number)
    return np.where(number <= longest, number, 0).astype(np.int64)


def _ends(lengths: ArrayLike) -> FloatArray:
    """Last day of each stage (4, ..., 1): stages first, a time axis last."""
    stages = _not_negative(lengths, "lengths")
    if stages.ndim == 0 or stages.shape[-1] != len(STAGES):
        raise ValueError(f"lengths are those of 4 stages on the last axis, got {stages.shape}")
    return np.moveaxis(np.cumsum(stages, axis=-1), -1, 0)[..., np.newaxis]


def growth_stage(day: ArrayLike, lengths: ArrayLike) -> IntArray:
    """FAO-56 stage of each day of the season: 1 initial, 2 development, 3 mid, 4 late, 0 off.

    Parameters
    ----------
    day : (..., time), from `day_of_season`
    lengths : (..., 4), days of each stage

    Returns
    -------
    (..., time), whole numbers.

    Raises
    ------
    ValueError : lengths that are negative, infinite or not four.
    """
    ends, number = _ends(lengths), as_float(day)
    stage = 1 + (number > ends[0]).astype(np.int64) + (number > ends[1]) + (number > ends[2])
    return np.where((number >= 1.0) & (number <= ends[3]), stage, 0)


def _share(number: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Elapsed share of a stage, 0-1; a stage of 0 days is complete at once."""
    length = end - start
    gone = np.where(length > 0.0, (number - start) / np.where(length > 0.0, length, 1.0), np.inf)
    return np.asarray(np.where(number > start, gone, 0.0).clip(0.0, 1.0))


def kc_curve(
    day: ArrayLike,
    lengths: ArrayLike,
    kc_ini: ArrayLike,
    kc_mid: ArrayLike,
    kc_end: ArrayLike,
    *,
    kc_off: ArrayLike = np.nan,
) -> FloatArray:
    r"""Crop coefficient through the season: constant, rising, constant, falling (eq. 66).

    .. math::
        K_{c,i} = K_{c\,prev} + \frac{i - \sum L_{prev}}{L_{stage}}
        \left(K_{c\,next} - K_{c\,prev}\right)

    Parameters
    ----------
    day : (..., time), day of the season from 1 (`day_of_season`); outside it is off season
    lengths : (..., 4), days of the initial, development, mid and late stages
    kc_ini, kc_mid, kc_end : (...), no unit, table 12 (see `adjust_kc`)
    kc_off : (...), coefficient of the soil off season; NaN unless given: it is not in table 12

    Returns
    -------
    (..., time), no unit. NaN where the day or a coefficient in force is.

    Raises
    ------
    ValueError : lengths or coefficients that are negative or infinite, lengths that are not four.

    Examples
    --------
    Beans at Kimberly (example 28):

    >>> kc_curve([20, 40, 70], [25, 25, 30, 20], 0.15, 1.19, 0.35).round(2)
    array([0.15, 0.77, 1.19])
    """
    ends, number = _ends(lengths), as_float(day)
    named = {"kc_ini": kc_ini, "kc_mid": kc_mid, "kc_end": kc_end, "kc_off": kc_off}
    ini, mid, end, off = (_not_negative(kc, name)[..., np.newaxis] for name, kc in named.items())
    grown = _share(number, ends[0], ends[1])
    faded = _share(number, ends[2], ends[3])
    kc = np.where(faded > 0.0, mid + faded * (end - mid), ini + grown * (mid - ini))
    season = (number >= 1.0) & (number <= ends[3])
    return np.asarray(np.where(np.isnan(number), np.nan, np.where(season, kc, off)))


def adjust_kc(
    kc: ArrayLike, wind_m_s: ArrayLike, rh_min_pct: ArrayLike, height_m: ArrayLike
) -> FloatArray:
    r"""Kc mid or Kc end of table 12 in another climate (eqs. 62 and 65).

    .. math:: K_c = K_{c\,tab} + \left[0.04\,(u_2 - 2) - 0.004\,(RH_{min} - 45)\right]
        \left(\frac{h}{3}\right)^{0.3}

    Coefficients below 0.45 are returned as they are (eq. 65). Wind, humidity and height are taken
    within 1-6 m/s, 20-80 % and 0.1-10 m, where the equation holds.

    Parameters
    ----------
    kc : any shape, table 12's
    wind_m_s, rh_min_pct : means over the stage of the wind at 2 m and of the daily minimum relative
        humidity, shapes that broadcast
    height_m : mean height over the stage, m

    Returns
    -------
    The common shape, no unit, NaN where an input is (where nothing is known of the climate, take
    the table's coefficient).

    Raises
    ------
    ValueError : a negative or infinite input.

    Examples
    --------
    Maize in a humid, calm climate (example 27):

    >>> round(float(adjust_kc(1.20, wind_m_s=1.3, rh_min_pct=75, height_m=2)), 2)
    1.07
    """
    table = _not_negative(kc, "kc")
    wind = _not_negative(wind_m_s, "wind_m_s").clip(*WIND_RANGE)
    humidity = _not_negative(rh_min_pct, "rh_min_pct").clip(*HUMIDITY_RANGE)
    height = _not_negative(height_m, "height_m").clip(*HEIGHT_RANGE)
    change = (0.04 * (wind - 2.0) - 0.004 * (humidity - 45.0)) * (height / 3.0) ** 0.3
    return np.where(table < KC_END_ADJUSTED_FROM, table, table + change)


def root_depth(
    day: ArrayLike, lengths: ArrayLike, shallow_m: ArrayLike, deep_m: ArrayLike
) -> FloatArray:
    """Rooting depth: linear from sowing to the start of mid-season, then constant (chapter 8).

    Parameters
    ----------
    day : (..., time), day of the season from 1
    lengths : (..., 4), days of each stage
    shallow_m, deep_m : (...), m, at sowing (and off season) and from mid-season on; equal for
        perennials

    Returns
    -------
    (..., time), m, NaN where an input is.

    Raises
    ------
    ValueError : lengths or depths that are negative or infinite, lengths that are not four.
    """
    ends, number = _ends(lengths), as_float(day)
    shallow = _not_negative(shallow_m, "shallow_m")[..., np.newaxis]
    deep = _not_negative(deep_m, "deep_m")[..., np.newaxis]
    depth = shallow + _share(number, np.zeros_like(ends[1]), ends[1]) * (deep - shallow)
    season = (number >= 1.0) & (number <= ends[3])
    return np.asarray(np.where(np.isnan(number), np.nan, np.where(season, depth, shallow)))


def _not_negative(values: ArrayLike, name: str) -> FloatArray:
    array = as_float(values)
    reject((array < 0.0) | np.isinf(array), array, name, "negative or infinite")
    return array
