"""Water in the root zone: the daily balance of FAO-56, single crop coefficient.

The public functions, their arguments and checks are here. How the balance advances by a day and
what it keeps is in `root_zone`, the surface layer of the dual crop coefficient in
`evaporation_layer`, coefficients and seasons of crops in `crops`.

Depths are in mm, a day is one time step. The depletion is what the root zone lacks to field
capacity: 0 when full, the total available water (TAW) when the crop can take nothing more.

Reference: Allen, R. G., Pereira, L. S., Raes, D., Smith, M. (1998). Crop evapotranspiration. FAO
Irrigation and Drainage Paper 56. Rome. Chapter 8; equations are numbered as there.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, TypedDict, TypeVar, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_pipeline.indicators._arrays import (
    BoolArray,
    FloatArray,
    as_amount,
    as_amount_series,
    as_float,
    reject,
)
from geo_pipeline.indicators.root_zone import (
    BLOCK_DAYS,
    OUTPUTS,
    VALUES_AT_ONCE,
    KeptOutputs,
    Output,
    RootZone,
    RootZoneState,
    SoilWater,
    adjusted_fraction,
    days,
)

Number = TypeVar("Number", bound=np.generic)

DEFAULT_KEEP: tuple[Output, ...] = ("depletion_mm", "swi", "ks", "etc_mm", "eta_mm")

Wetting = Literal["with_et", "before_et"]


class InitialState(TypedDict):
    """What a balance must know to go on where another stopped: `soil_water_balance(**state)`.

    Each (...), mm, at the end of a day; NaN where it is not known. The soil's profile does not
    change and is not handed on: give both balances the same `profile_mm`.
    """

    initial_depletion_mm: FloatArray
    initial_below_mm: FloatArray
    initial_taw_mm: FloatArray


def total_available_water(
    field_capacity: ArrayLike, wilting_point: ArrayLike, root_depth_m: ArrayLike
) -> FloatArray:
    r"""Water that a root zone holds between field capacity and wilting point (eq. 82).

    .. math:: TAW = 1000\,(\theta_{FC} - \theta_{WP})\,Z_r

    Parameters
    ----------
    field_capacity, wilting_point : m3 of water in m3 of soil, shapes that broadcast
    root_depth_m : m

    Returns
    -------
    mm, the common shape, NaN where an input is.

    Raises
    ------
    ValueError : negative or infinite input, a wilting point above field capacity.

    Examples
    --------
    A sandy loam, 0.3 m deep (example 38):

    >>> round(float(total_available_water(0.23, 0.10, 0.3)))
    39
    """
    content = as_amount(field_capacity, "field_capacity") - as_amount(
        wilting_point, "wilting_point"
    )
    reject(content < 0.0, content, "field_capacity - wilting_point", "it is not negative")
    return np.asarray(1000.0 * content * as_amount(root_depth_m, "root_depth_m"))


def depletion_fraction(p: ArrayLike, etc_mm: ArrayLike) -> FloatArray:
    r"""Share of TAW that a crop takes without stress, on a day of given demand (table 22, note 2).

    .. math:: p_{adj} = p + 0.04\,(5 - ET_c), \qquad 0.1 \le p_{adj} \le 0.8

    Parameters
    ----------
    p : table 22's fraction, for 5 mm a day, no unit
    etc_mm : evapotranspiration of the unstressed crop, mm a day

    Returns
    -------
    No unit, the common shape, NaN where an input is.

    Raises
    ------
    ValueError : p or evapotranspiration negative or infinite.

    Examples
    --------
    >>> depletion_fraction(0.5, [5.0, 2.5, 20.0])
    array([0.5, 0.6, 0.1])
    """
    return adjusted_fraction(as_amount(p, "p"), as_amount(etc_mm, "etc_mm"))


def stress_coefficient(depletion_mm: ArrayLike, taw_mm: ArrayLike, raw_mm: ArrayLike) -> FloatArray:
    r"""Ks: the share of its demand that a crop can still take up (eq. 84).

    .. math:: K_s = \frac{TAW - D_r}{TAW - RAW}, \qquad 0 \le K_s \le 1

    Parameters
    ----------
    depletion_mm, taw_mm, raw_mm : mm, shapes that broadcast, RAW (p times TAW) below TAW

    Returns
    -------
    0-1, the common shape, NaN where an input is.

    Raises
    ------
    ValueError : negative or infinite depths, RAW that is not below TAW.

    Examples
    --------
    The fourth day of example 37:

    >>> round(float(stress_coefficient(72.8, taw_mm=160.0, raw_mm=64.0)), 2)
    0.91
    """
    taw, raw = as_amount(taw_mm, "taw_mm"), as_amount(raw_mm, "raw_mm")
    rest = np.asarray(taw - raw)
    reject(rest <= 0.0, rest, "taw_mm - raw_mm", "RAW is below TAW")
    ks = (taw - as_amount(depletion_mm, "depletion_mm")) / rest
    return np.asarray(ks.clip(0.0, 1.0))


def soil_water_balance(
    precip_mm: ArrayLike,
    et0_mm: ArrayLike,
    kc: ArrayLike,
    taw_mm: ArrayLike,
    p: ArrayLike,
    *,
    initial_depletion_mm: ArrayLike | None = None,
    initial_below_mm: ArrayLike | None = None,
    initial_taw_mm: ArrayLike | None = None,
    profile_mm: ArrayLike | None = None,
    irrigation_mm: ArrayLike | None = None,
    irrigated: ArrayLike | None = None,
    runoff_mm: ArrayLike | None = None,
    drainage: ArrayLike = 0.0,
    adjust_p: bool = True,
    wetting: Wetting = "with_et",
    tolerance_mm: ArrayLike = 1.0,
    keep: Iterable[Output] = DEFAULT_KEEP,
    period: ArrayLike | None = None,
) -> SoilWater:
    r"""Daily water balance of the root zone, single crop coefficient (eqs. 81-88).

    .. math::
        ET_c &= K_c\,ET_0, \qquad ET_a = K_s\,ET_c \\
        D_{r,i} &= D_{r,i-1} - (P - RO)_i - I_i + ET_{a,i} + DP_i, \qquad 0 \le D_r \le TAW \\
        DP_i &= \max\left(0,\; (P - RO)_i + I_i - ET_{a,i} - D_{r,i-1}\right)

    :math:`K_s` (`stress_coefficient`) is read at the depletion in which the day begins, with
    :math:`RAW = p\,TAW` and p adjusted to the day's demand (`depletion_fraction`).
    :math:`ET_a` is never more than what the root zone holds, so that water is conserved where
    eq. 86 alone would cut the depletion off. Capillary rise is left out.

    **Growing roots.** Where TAW changes from day to day, the soil between the root zone and the
    profile (`profile_mm`, by default the largest TAW) has a depletion of its own: percolation fills
    it first, roots that grow meet it as it is, roots that go (harvest, ploughing) leave their water
    to it, and no crop takes from it. No water is made or lost by roots. With a full profile at the
    start this is example 38's rule (new soil at field capacity).

    **Drainage.** FAO-56 lets water go only above field capacity. Real soils go on losing some of
    what they hold for weeks, more slowly the less there is; a land-surface model like ISBA has it
    too (Noilhan and Mahfouf 1996, Global and Planetary Change 13; Habets et al. 1999, Journal of
    Hydrology 217). `drainage` is the share of the water above wilting point that leaves so in a
    day: from the root zone to the soil below, from there for good. 0, the default, is FAO-56.

    **Unknown states.** Before the first day (unless `initial_depletion_mm` is given) and after a
    day on which an input is NaN, the depletion could be anything. Two balances then run on: one
    from a full soil, one from an empty one. The true one lies between them, because more water at
    the start of a day is never less at its end (see Notes). The outputs are NaN until the two agree
    within `tolerance_mm`, above all when the soil is refilled; then their mean is taken (at most
    half the tolerance off). Spin-up and recovery are thus decided by the weather, not by a date.

    Parameters
    ----------
    precip_mm, et0_mm : (..., time), mm a day: rain, reference evapotranspiration
    kc : (..., time), crop coefficient, no unit, bare soil's outside the season
    taw_mm : (..., time), mm, above 0
    p : (..., time), 0 <= p < 1, fraction of table 22
    initial_depletion_mm : (...), mm before the first day; None or NaN where it is not known
    initial_below_mm : (...), the same below the roots, 0 (field capacity) if only the former is set
    initial_taw_mm : (...), TAW before the first day, as which roots the two above hold; roots that
        grow or go on the first day are moved as on any other. The first day's TAW by default
    profile_mm : (..., 1), TAW of the whole soil, not below the largest `taw_mm`
    irrigation_mm, runoff_mm : (..., time), mm a day, none by default
    irrigated : (..., time), true (or 1) on days when the need is met: at the start of the day the
        depletion is brought back to RAW, and no stress arises. Added to `irrigation_mm`. It is a
        decision, not a measurement: NaN is an error
    drainage : (..., 1), 0 <= drainage < 1, share of the water held that drains in a day
    adjust_p : whether p follows the day's demand (table 22, note 2); False takes it as it is
    wetting : `with_et` is eqs. 85 and 88 unchanged: rain and irrigation meet the demand of
        their day before they percolate, Ks knows nothing of them. `before_et` lets them come in
        early in the day, as in example 38: the excess percolates, Ks follows, then the crop draws
    tolerance_mm : (...), see above, 0 for exact agreement alone
    keep : names of `OUTPUTS`
    period : (time,), a whole number for each day that never falls (dekads, months counted on). If
        given, `STATES` are averaged and the other outputs summed over the days of each period

    All shapes broadcast with the time last: what does not change has a last axis of length 1
    (`taw[..., np.newaxis]`) or is a single number. Nothing is copied to the common shape; what is
    in memory at a time is the inputs, the outputs kept, and `BLOCK_DAYS` days.

    Returns
    -------
    SoilWater of float64, each output kept (..., time) or (..., periods in their order). NaN where
    the state or an input of the day is not known (`etc_mm`: where ET0 or Kc is not), and in a
    period with any such day. N places at once give the bits of each alone.

    Raises
    ------
    ValueError : negative or infinite water, a TAW not above 0, p or drainage outside
        0 <= p < 1, runoff above rain, profile below TAW, initial depletion above TAW (each naming
        its place in the array), `irrigated` neither true nor false, shapes that do not broadcast,
        `period` falling or of another length, an unknown output or `wetting`.

    Notes
    -----
    The depletion at the end of a day rises with that at its start as long as
    :math:`ET_c \le TAW - RAW`: 1 - ETc / (TAW - RAW) is the slope under stress. That is so for any
    soil of more than 40 mm or so; below that (and only there) a day could overshoot.

    Peers (AquaCrop, pyfao56, CWatM) start at field capacity by default and pass NaN on
    for ever or take it for 0.
    """
    names = _outputs(keep)
    if wetting not in get_args(Wetting):
        raise ValueError(f"wetting is 'with_et' or 'before_et', got {wetting!r}")
    tolerance = as_float(tolerance_mm)
    reject(~(tolerance >= 0.0), tolerance, "tolerance_mm", "it must be known and at least 0")
    rain = as_amount_series(precip_mm, "precip_mm")
    et0, kc_ = as_amount_series(et0_mm, "et0_mm"), as_amount_series(kc, "kc")
    taw = as_amount_series(taw_mm, "taw_mm")
    reject(taw == 0.0, taw, "taw_mm", "a root zone that holds no water has no balance")
    fraction = as_amount_series(p, "p")
    reject(fraction >= 1.0, fraction, "p", "a fraction of TAW must be below 1")
    if runoff_mm is not None:
        runoff = as_amount_series(runoff_mm, "runoff_mm")
        infiltration = rain - runoff
        reject(infiltration < 0.0, infiltration, "precip_mm - runoff_mm", "more runoff than rain")
    else:
        infiltration = rain
    share = _drainage(drainage)
    given = None if irrigation_mm is None else as_amount_series(irrigation_mm, "irrigation_mm")
    demand = None if irrigated is None else _true_days(irrigated, "irrigated")
    series = (infiltration, et0, kc_, taw, fraction)
    optional = [each.shape for each in (given, demand, share) if each is not None]
    *places, length = np.broadcast_shapes(*(each.shape for each in series), *optional)
    shape = tuple(places)
    first = taw[..., 0] if initial_taw_mm is None else _first_taw(initial_taw_mm)
    profile = _profile(taw, None if initial_taw_mm is None else first, profile_mm)
    start = _initial(initial_depletion_mm, initial_below_mm, first, profile, shape)
    record = KeptOutputs(names, shape or (1,), length, period)
    run = RootZone(
        start,
        first,
        profile,
        None if share is None else share[..., 0],
        before_et=wetting == "before_et",
        tolerance_mm=tolerance,
        keep=names,
    )
    _run_days(run, record, length, series, given=given, irrigated=demand, adjust_p=adjust_p)
    return record.result(shape)


def _outputs(keep: Iterable[Output]) -> tuple[Output, ...]:
    """Return each of the outputs to keep once."""
    names = tuple(dict.fromkeys(keep))
    if unknown := [name for name in names if name not in OUTPUTS]:
        raise ValueError(f"unknown output {unknown[0]!r}: choose from {', '.join(OUTPUTS)}")
    return names


def state_after(balance: SoilWater, taw_mm: ArrayLike, day: int) -> InitialState:
    """State at the end of a day, from which another balance goes on as this one would have.

    Parameters
    ----------
    balance : that kept `depletion_mm` and `below_mm` day by day
    taw_mm : (..., time), as the balance had it
    day : its position on the time axis, from 0

    Returns
    -------
    Each (...). Where the state is not known (NaN) a balance that goes on from it is NaN until the
    weather decides, which may be later than in one that never stopped.

    Raises
    ------
    KeyError : the balance did not keep what is handed on.
    IndexError : it has no such day.

    Examples
    --------
    >>> rain, roots = np.array([0.0, 30.0, 0.0, 5.0]), np.array([40.0, 60.0, 80.0, 100.0])
    >>> options = {"profile_mm": [100.0], "keep": ("depletion_mm", "below_mm")}
    >>> whole = soil_water_balance(rain, 5.0, 1.0, roots, 0.5, initial_depletion_mm=20.0, **options)
    >>> rest = soil_water_balance(
    ...     rain[2:], 5.0, 1.0, roots[2:], 0.5, **state_after(whole, roots, 1), **options)
    >>> whole.depletion_mm[2:].tolist() == rest.depletion_mm.tolist()
    True
    """
    depletion = balance["depletion_mm"][..., day]
    taw = as_amount_series(taw_mm, "taw_mm")
    return {
        "initial_depletion_mm": depletion,
        "initial_below_mm": balance["below_mm"][..., day],
        "initial_taw_mm": np.broadcast_to(
            taw[..., 0 if taw.shape[-1] == 1 else day], depletion.shape
        ),
    }


def _run_days(
    run: RootZone,
    record: KeptOutputs,
    length: int,
    series: Sequence[FloatArray],
    *,
    given: FloatArray | None,
    irrigated: BoolArray | None,
    adjust_p: bool,
) -> None:
    """Move `run` on through its days, block by block, and keep the outputs of each in `record`."""
    axes = run.known.ndim
    at_once = max(VALUES_AT_ONCE // max(run.known.size, 1), 1)
    for first in range(0, length, BLOCK_DAYS):
        block = slice(first, min(first + BLOCK_DAYS, length))
        inputs = [_time_first(each, block, axes) for each in series]
        extra = None if given is None else _time_first(given, block, axes)
        met = None if irrigated is None else _time_first(irrigated, block, axes)
        for begin in range(0, block.stop - first, at_once):
            some = slice(begin, begin + at_once)
            following = days(
                *(_some(each, some) for each in inputs),
                given=None if extra is None else _some(extra, some),
                irrigated=None if met is None else _some(met, some),
                profile=run.profile,
                adjust_p=adjust_p,
            )
            for position, day in enumerate(following, first + begin):
                record.add(position, run.step(day))


def _time_first(values: NDArray[Number], days: slice, axes: int) -> NDArray[Number]:
    """Some days of an array (..., time) as (days, ...) with so many axes of places.

    (1, ...) where it does not change.
    """
    chosen = values if values.shape[-1] == 1 else values[..., days]
    wide = chosen.reshape((1,) * (axes + 1 - chosen.ndim) + chosen.shape)
    return np.ascontiguousarray(np.moveaxis(wide, -1, 0))


def _some(block: NDArray[Number], days: slice) -> NDArray[Number]:
    return block if len(block) == 1 else block[days]


def _true_days(values: ArrayLike, name: str) -> BoolArray:
    """Boolean with a time axis; ValueError for what is neither true nor false (nor 1 nor 0)."""
    days = np.atleast_1d(np.asarray(values))
    if days.dtype == np.bool_:
        return days
    numbers = as_float(values)
    reject(~((numbers == 0.0) | (numbers == 1.0)), numbers, name, "neither true nor false")
    return np.atleast_1d(numbers == 1.0)


def _drainage(drainage: ArrayLike) -> FloatArray | None:
    """Share that drains in a day (..., 1), None where nothing does."""
    share = as_amount_series(drainage, "drainage")
    if share.shape[-1] != 1:
        raise ValueError(f"drainage does not change: its last axis is 1, not {share.shape[-1]}")
    reject(~(share < 1.0), share, "drainage", "a share must be known and below 1")
    return share if (share != 0.0).any() else None


def _first_taw(taw_mm: ArrayLike) -> FloatArray:
    """TAW before the first day (...)."""
    taw = as_amount(taw_mm, "initial_taw_mm")
    reject(taw == 0.0, taw, "initial_taw_mm", "a root zone that holds no water has no balance")
    return taw


def _profile(
    taw: FloatArray, before: FloatArray | None, profile_mm: ArrayLike | None
) -> FloatArray | None:
    """TAW of the whole soil (...), None where the roots always reach all of it."""
    known = np.where(np.isnan(taw), -np.inf, taw)
    largest = known.max(axis=-1, initial=-np.inf)
    largest = np.where(np.isneginf(largest), np.nan, largest)
    if before is not None:
        largest = np.fmax(largest, before)
    if profile_mm is None:
        return None if taw.shape[-1] == 1 and before is None else largest
    profile = as_amount_series(profile_mm, "profile_mm")
    if profile.shape[-1] != 1:
        raise ValueError(f"profile_mm does not change: its last axis is 1, not {profile.shape[-1]}")
    lacking = profile[..., 0] < largest
    reject(lacking, np.where(lacking, profile[..., 0], 0.0), "profile_mm", "below the largest TAW")
    return profile[..., 0]


def _initial(
    depletion_mm: ArrayLike | None,
    below_mm: ArrayLike | None,
    first_taw: FloatArray,
    profile: FloatArray | None,
    shape: tuple[int, ...],
) -> RootZoneState:
    """State before the first day, NaN where not known."""
    roots = as_float(np.nan if depletion_mm is None else depletion_mm)
    reject((roots < 0.0) | np.isinf(roots), roots, "initial_depletion_mm", "negative or infinite")
    roots = np.broadcast_to(roots, shape).copy()
    first = np.broadcast_to(first_taw, shape)
    reject(roots > first, roots, "initial_depletion_mm", "above TAW")
    if profile is None:
        if below_mm is not None:
            raise ValueError("initial_below_mm needs a taw_mm that changes, or a profile_mm")
        return RootZoneState(roots, None)
    rest = as_float(0.0 if below_mm is None else below_mm)
    reject((rest < 0.0) | np.isinf(rest), rest, "initial_below_mm", "negative or infinite")
    rest = np.broadcast_to(rest, shape).copy()
    reject(rest > profile - first, rest, "initial_below_mm", "above what the soil below can lack")
    return RootZoneState(roots, rest)
