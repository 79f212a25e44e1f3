"""Water in the root zone: the daily balance of FAO-56, and the evaporation layer of its dual Kc.

Depths are in mm, a day is one time step. The depletion is what the root zone lacks to field
capacity: 0 when full, the total available water (TAW) when the crop can take nothing more.

Reference: Allen, R. G., Pereira, L. S., Raes, D., Smith, M. (1998). Crop evapotranspiration. FAO
Irrigation and Drainage Paper 56. Rome. Chapters 7 and 8; equations are numbered as there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from operator import index
from typing import Literal, TypeVar, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_pipeline.indicators._arrays import BoolArray, FloatArray, IntArray, as_float, reject

Number = TypeVar("Number", bound=np.generic)

Output = Literal[
    "depletion_mm",
    "below_mm",
    "swi",
    "ks",
    "etc_mm",
    "eta_mm",
    "percolation_mm",
    "irrigation_mm",
]
OUTPUTS: tuple[Output, ...] = get_args(Output)
"""What a balance can keep, day by day or by period."""

STATES: frozenset[Output] = frozenset({"depletion_mm", "below_mm", "swi", "ks"})
"""Averaged over a period; the others are summed."""

DEFAULT_KEEP: tuple[Output, ...] = ("depletion_mm", "swi", "ks", "etc_mm", "eta_mm")

Wetting = Literal["with_et", "before_et"]

BLOCK_DAYS = 256
"""Days whose inputs and outputs lie in memory with time first while they are computed."""

P_LOWEST, P_HIGHEST = 0.1, 0.8


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
    content = _amount(field_capacity, "field_capacity") - _amount(wilting_point, "wilting_point")
    reject(content < 0.0, content, "field_capacity - wilting_point", "it is not negative")
    return np.asarray(1000.0 * content * _amount(root_depth_m, "root_depth_m"))


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
    return _fraction(_amount(p, "p"), _amount(etc_mm, "etc_mm"))


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
    taw, raw = _amount(taw_mm, "taw_mm"), _amount(raw_mm, "raw_mm")
    rest = np.asarray(taw - raw)
    reject(rest <= 0.0, rest, "taw_mm - raw_mm", "RAW is below TAW")
    ks = (taw - _amount(depletion_mm, "depletion_mm")) / rest
    return np.asarray(ks.clip(0.0, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class SoilWater:
    """What a balance kept, each (..., time) or (..., periods); None for what was not asked for.

    `depletion_mm` and `below_mm` (depletion of the soil below the roots) are those of the end of
    the day, and so is `swi`, the soil wetness index (W - Wwp) / (Wfc - Wwp) = 1 - Dr / TAW. `ks` is
    the stress coefficient of the day, `etc_mm` the evapotranspiration without stress, `eta_mm` with
    it, `percolation_mm` what left the profile for good, `irrigation_mm` what was given.
    """

    depletion_mm: FloatArray | None = None
    below_mm: FloatArray | None = None
    swi: FloatArray | None = None
    ks: FloatArray | None = None
    etc_mm: FloatArray | None = None
    eta_mm: FloatArray | None = None
    percolation_mm: FloatArray | None = None
    irrigation_mm: FloatArray | None = None

    def __getitem__(self, name: Output) -> FloatArray:
        """Return the output called `name`; KeyError when it was not kept."""
        if name not in OUTPUTS or (values := getattr(self, name)) is None:
            kept = [item.name for item in fields(self) if getattr(self, item.name) is not None]
            raise KeyError(f"{name} was not kept: there are {', '.join(kept)}")
        return np.asarray(values)


def soil_water_balance(
    precip_mm: ArrayLike,
    et0_mm: ArrayLike,
    kc: ArrayLike,
    taw_mm: ArrayLike,
    p: ArrayLike,
    *,
    initial_depletion_mm: ArrayLike | None = None,
    initial_below_mm: ArrayLike | None = None,
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
    profile_mm : (..., 1), TAW of the whole soil, not below the largest `taw_mm`
    irrigation_mm, runoff_mm : (..., time), mm a day, none by default
    irrigated : (..., time), true (or 1) on days when the need is met: at the start of the day the
        depletion is brought back to RAW, and no stress arises. Added to `irrigation_mm`. It is a
        decision, not a measurement: NaN is an error
    drainage : (..., 1), 0 <= drainage < 1, share of the water held that drains in a day
    adjust_p : whether p follows the day's demand (table 22, note 2); False takes it as it is
    wetting : `with_et` is eqs. 85 and 88 as they stand: rain and irrigation meet the demand of
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
    ValueError : negative or infinite water, `taw_mm` not above 0, p or drainage outside
        0 <= p < 1, runoff above rain, profile below TAW, initial depletion above TAW (each naming
        its place in the array), `irrigated` neither true nor false, shapes that do not broadcast,
        `period` falling or of another length, an unknown output or `wetting`.

    Notes
    -----
    The depletion at the end of a day rises with that at its start as long as
    :math:`ET_c \le TAW - RAW`: 1 - ETc / (TAW - RAW) is the slope under stress. That is so for any
    soil of more than 40 mm or so; below that (and only there) a day could overshoot.

    Peers (AquaCrop, pyfao56, CWatM) start at field capacity unless told otherwise and pass NaN on
    for ever or take it for 0.
    """
    names = tuple(dict.fromkeys(keep))
    if unknown := [name for name in names if name not in OUTPUTS]:
        raise ValueError(f"unknown output {unknown[0]!r}: choose from {', '.join(OUTPUTS)}")
    if wetting not in get_args(Wetting):
        raise ValueError(f"wetting is 'with_et' or 'before_et', got {wetting!r}")
    tolerance = as_float(tolerance_mm)
    reject(~(tolerance >= 0.0), tolerance, "tolerance_mm", "it must be known and at least 0")
    rain = _water(precip_mm, "precip_mm")
    et0, kc_ = _water(et0_mm, "et0_mm"), _water(kc, "kc")
    taw = _water(taw_mm, "taw_mm")
    reject(taw == 0.0, taw, "taw_mm", "a root zone that holds no water has no balance")
    fraction = _water(p, "p")
    reject(fraction >= 1.0, fraction, "p", "a fraction of TAW must be below 1")
    if runoff_mm is not None:
        runoff = _water(runoff_mm, "runoff_mm")
        infiltration = rain - runoff
        reject(infiltration < 0.0, infiltration, "precip_mm - runoff_mm", "more runoff than rain")
    else:
        infiltration = rain
    share = _drainage(drainage)
    given = None if irrigation_mm is None else _water(irrigation_mm, "irrigation_mm")
    demand = None if irrigated is None else _true_days(irrigated, "irrigated")
    series = (infiltration, et0, kc_, taw, fraction)
    optional = [each.shape for each in (given, demand, share) if each is not None]
    *places, length = np.broadcast_shapes(*(each.shape for each in series), *optional)
    shape = tuple(places)
    profile = _profile(taw, profile_mm)
    start = _initial(initial_depletion_mm, initial_below_mm, taw, profile, shape)
    record = _Record(names, shape, length, period)
    run = _Run(
        start,
        taw[..., 0],
        profile,
        None if share is None else share[..., 0],
        adjust_p=adjust_p,
        before_et=wetting == "before_et",
        tolerance_mm=tolerance,
    )
    for first in range(0, length, BLOCK_DAYS):
        days = slice(first, min(first + BLOCK_DAYS, length))
        block = [_time_first(each, days) for each in series]
        extra = None if given is None else _time_first(given, days)
        needed = None if demand is None else _time_first(demand, days)
        for day in range(days.stop - days.start):
            today = run.step(
                *(_day(each, day) for each in block),
                given=None if extra is None else _day(extra, day),
                irrigated=None if needed is None else _day(needed, day),
            )
            record.add(first + day, today)
    return record.result()


@dataclass(frozen=True, slots=True, eq=False)
class Evaporation:
    """Evaporation from the surface layer, each (..., time): see `surface_evaporation`."""

    depletion_start_mm: FloatArray
    kr: FloatArray
    ke: FloatArray
    evaporation_mm: FloatArray
    percolation_mm: FloatArray
    depletion_mm: FloatArray


def surface_evaporation(
    infiltration_mm: ArrayLike,
    et0_mm: ArrayLike,
    kcb: ArrayLike,
    *,
    exposed: ArrayLike,
    wetted: ArrayLike,
    tew_mm: ArrayLike,
    rew_mm: ArrayLike,
    kc_max: ArrayLike = 1.2,
    irrigation_mm: ArrayLike = 0.0,
    initial_depletion_mm: ArrayLike,
) -> Evaporation:
    r"""Evaporation from bare, wetted soil: Ke of the dual crop coefficient (eqs. 71-79).

    .. math::
        K_e &= \min\left(K_r\,(K_{c\,max} - K_{cb}),\; f_{ew}\,K_{c\,max}\right), \qquad
        K_r = \frac{TEW - D_e}{TEW - REW} \quad (0 \le K_r \le 1) \\
        f_{ew} &= \min(1 - f_c,\, f_w), \qquad
        D_{e,i} = D_{e,i-1} - (P - RO)_i - \frac{I_i}{f_w} + \frac{E_i}{f_{ew}} + DP_{e,i}

    Water comes in at the start of the day, as in example 35; transpiration from the layer is left
    out (eq. 77 without T). ETc is (Ks Kcb + Ke) ET0. Where no soil is both exposed and wetted
    nothing evaporates, and the layer keeps its water.

    Parameters
    ----------
    infiltration_mm : (..., time), rain less runoff, mm a day
    et0_mm, kcb : (..., time), mm a day; basal crop coefficient
    exposed, wetted : (..., time), 0-1: soil not shaded 1 - fc, soil that the last wetting reached
    tew_mm, rew_mm : (..., time), evaporable and readily evaporable water of the layer (table 19),
        mm. TEW is `total_available_water` of half the wilting point and 0.10 to 0.15 m (eq. 73)
    kc_max : (..., time), upper limit (eq. 72): `crops.adjust_kc` of 1.2, and Kcb + 0.05 at least
    irrigation_mm : (..., time), mm a day over the whole field
    initial_depletion_mm : (...), mm before the first day, 0 to TEW; NaN where it is not known

    Returns
    -------
    Evaporation, each (..., time): depletion once the water is in, Kr, Ke, evaporation of the field,
    percolation out of the layer, depletion at the end of the day. NaN where an input of the day is,
    and from then on until water refills the layer beyond all doubt (TEW or more comes in).

    Raises
    ------
    ValueError : negative or infinite input, a share above 1, REW above TEW, an initial depletion
        above TEW, irrigation that wets no soil (each naming its place in the array), shapes that do
        not broadcast.

    Examples
    --------
    Bare loam, on the fourth day after heavy rain (example 31):

    >>> layer = surface_evaporation(np.zeros(4), 4.5, 0.15, exposed=1, wetted=1, tew_mm=20,
    ...     rew_mm=9, kc_max=1.2, initial_depletion_mm=0)
    >>> layer.kr.round(2).tolist(), layer.depletion_mm.round(2).tolist()
    ([1.0, 1.0, 0.96, 0.55], [4.73, 9.45, 13.98, 16.57])
    """
    named = {
        "infiltration_mm": infiltration_mm,
        "et0_mm": et0_mm,
        "kcb": kcb,
        "exposed": exposed,
        "wetted": wetted,
        "tew_mm": tew_mm,
        "rew_mm": rew_mm,
        "kc_max": kc_max,
        "irrigation_mm": irrigation_mm,
    }
    series = np.broadcast_arrays(*(_water(values, name) for name, values in named.items()))
    rain, et0, basal, bare, wet, tew, rew, highest, given = series
    for name, share in (("exposed", bare), ("wetted", wet)):
        reject(share > 1.0, share, name, "a share is in 0 to 1")
    reject(rew > tew, rew, "rew_mm", "what evaporates readily is not above TEW")
    reject((given > 0.0) & (wet == 0.0), given, "irrigation_mm", "it wets no soil: `wetted` is 0")
    water = rain + given / np.where(wet == 0.0, 1.0, wet)
    few = np.minimum(bare, wet)
    from_area = np.where(few == 0.0, 1.0, few)
    names = [item.name for item in fields(Evaporation)]
    out = {name: np.empty(water.shape) for name in names}
    depletion = _amount(initial_depletion_mm, "initial_depletion_mm")
    depletion = np.broadcast_to(depletion, water.shape[:-1])
    if water.shape[-1]:
        reject(depletion > tew[..., 0], depletion, "initial_depletion_mm", "above TEW")
    for day in range(water.shape[-1]):
        now, layer = water[..., day], tew[..., day]
        depletion = np.where(np.isnan(depletion) & (now >= layer), layer, depletion)
        start = np.maximum(depletion - now, 0.0)
        second_stage = np.where(layer > rew[..., day], layer - rew[..., day], 1.0)
        kr = ((layer - start) / second_stage).clip(0.0, 1.0)
        kr = np.where(start < rew[..., day], 1.0, kr)
        room = highest[..., day] - basal[..., day]
        ke = np.minimum(kr * room, few[..., day] * highest[..., day])
        ke = np.maximum(ke, 0.0)
        # What the exposed part gives cannot be more than it holds.
        rate = ke * et0[..., day] / from_area[..., day]
        drawn = np.minimum(rate, np.maximum(layer - start, 0.0))
        percolation = np.maximum(now - depletion, 0.0)
        depletion = start + drawn
        today = (start, kr, ke, drawn * few[..., day], percolation, depletion)
        for name, values in zip(names, today, strict=True):
            out[name][..., day] = values
    return Evaporation(**out)


@dataclass(slots=True)
class _State:
    """Depletion of the root zone and of the soil below it; the latter None without growth."""

    roots: FloatArray
    below: FloatArray | None


@dataclass(slots=True)
class _Demand:
    """What a day asks of the root zone."""

    etc: FloatArray
    raw: FloatArray
    taw: FloatArray
    irrigated: BoolArray | None


class _Run:
    """The state of all places and crops, moved on a day at a time.

    `wet` and `dry` are the bounds of what is not known; one object while everything is known.
    """

    def __init__(
        self,
        start: _State,
        taw: FloatArray,
        profile: FloatArray | None,
        drainage: FloatArray | None,
        *,
        adjust_p: bool,
        before_et: bool,
        tolerance_mm: FloatArray,
    ) -> None:
        self.taw, self.profile, self.drainage = taw, profile, drainage
        self.adjust_p, self.before_et, self.tolerance_mm = adjust_p, before_et, tolerance_mm
        self.lost = np.isnan(start.roots)
        if start.below is not None:
            self.lost |= np.isnan(start.below)
        self.known = ~self.lost
        self.sure = bool(self.known.all())
        self.wet = self.dry = start

    def step(
        self,
        infiltration: FloatArray,
        et0: FloatArray,
        kc: FloatArray,
        taw: FloatArray,
        p: FloatArray,
        *,
        given: FloatArray | None,
        irrigated: BoolArray | None,
    ) -> dict[Output, FloatArray]:
        """Move on by a day and return all its outputs, NaN where they are not known."""
        etc = kc * et0
        raw = (_fraction(p, etc) if self.adjust_p else p) * taw
        water = infiltration if given is None else infiltration + given
        day = _Demand(etc, raw, taw, irrigated)
        missing = np.isnan(water + etc + raw)
        blank = bool(missing.any())
        if self.sure and not blank:
            state, fluxes = self._move(self.wet, water, day)
            self.wet = self.dry = state
        else:
            wet = self._bound(self.wet, taw, empty=False)
            dry = self._bound(self.dry, taw, empty=True)
            before = self.known & ~missing
            wet, fluxes = self._move(wet, water, day)
            if self.sure:
                dry = wet
            else:
                dry, _ = self._move(dry, water, day)
            fluxes = {name: np.where(before, flux, np.nan) for name, flux in fluxes.items()}
            self._settle(wet, dry, np.broadcast_to(missing, self.known.shape))
            state = _State(
                np.where(self.known, self.wet.roots, np.nan),
                None if self.wet.below is None else np.where(self.known, self.wet.below, np.nan),
            )
        self.taw = taw
        below = np.zeros_like(state.roots) if state.below is None else state.below
        if given is not None:
            fluxes["irrigation_mm"] = fluxes["irrigation_mm"] + given
        return {
            "depletion_mm": state.roots,
            "below_mm": np.where(np.isnan(state.roots), np.nan, below),
            "swi": 1.0 - state.roots / taw,
            "etc_mm": etc,
            **fluxes,
        }

    def _bound(self, state: _State, taw: FloatArray, *, empty: bool) -> _State:
        """Return `state` with one end of what is possible where the day before left no trace."""
        if not self.lost.any():
            return state
        # As yesterday's roots left it: `_move` then lets them grow to today's.
        roots_taw = taw if self.profile is None else np.where(np.isnan(self.taw), taw, self.taw)
        if self.profile is not None:
            self.taw = roots_taw
        roots = np.where(self.lost, roots_taw if empty else 0.0, state.roots)
        if state.below is None or self.profile is None:
            return _State(roots, None)
        rest = (self.profile - roots_taw) if empty else 0.0
        return _State(roots, np.where(self.lost, rest, state.below))

    def _settle(self, wet: _State, dry: _State, missing: BoolArray) -> None:
        """Take the bounds over, and as one value where they have met."""
        apart = dry.roots - wet.roots
        if dry.below is not None and wet.below is not None:
            apart = np.abs(apart) + np.abs(dry.below - wet.below)
        self.lost = missing
        self.known = ~missing & (np.abs(apart) <= self.tolerance_mm)
        self.sure = bool(self.known.all())
        roots = np.where(self.known, 0.5 * (wet.roots + dry.roots), wet.roots)
        if wet.below is None or dry.below is None:
            self.wet = _State(roots, None)
            self.dry = _State(np.where(self.known, roots, dry.roots), None)
            return
        below = np.where(self.known, 0.5 * (wet.below + dry.below), wet.below)
        self.wet = _State(roots, below)
        self.dry = _State(
            np.where(self.known, roots, dry.roots), np.where(self.known, below, dry.below)
        )

    def _move(
        self,
        state: _State,
        water: FloatArray,
        day: _Demand,
    ) -> tuple[_State, dict[Output, FloatArray]]:
        """Return the state at the end of the day and the fluxes of the day."""
        etc, raw, taw = day.etc, day.raw, day.taw
        depletion, below = self._roots(state, taw)
        drained, lost, below = self._drain(depletion, below, taw)
        depletion = depletion + drained
        if self.before_et:
            excess = np.maximum(water - depletion, 0.0)
            depletion = np.maximum(depletion - water, 0.0)
        if day.irrigated is None:
            need = np.zeros(())
        else:
            need = np.where(day.irrigated, np.maximum(depletion - raw, 0.0), 0.0)
            depletion = depletion - need
        room = taw - depletion
        ks = np.minimum(room / (taw - raw), 1.0)
        if self.before_et:
            eta = np.minimum(ks * etc, room)
            end = np.minimum(depletion + eta, taw)
        else:
            eta = np.minimum(ks * etc, room + water)
            change = eta - water
            end = np.minimum(np.maximum(depletion + change, 0.0), taw)
            excess = np.maximum(-change - depletion, 0.0)
        excess = excess + drained
        if below is not None:
            refill = np.minimum(excess, below)
            below = below - refill
            excess = excess - refill + lost
        return _State(end, below), {
            "ks": ks,
            "eta_mm": eta,
            "percolation_mm": excess,
            "irrigation_mm": np.broadcast_to(need, end.shape),
        }

    def _drain(
        self, depletion: FloatArray, below: FloatArray | None, taw: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray | None]:
        """Return what drains from the roots, what from below them, and the depletion there then."""
        nothing = np.zeros(())
        if self.drainage is None:
            return nothing, nothing, below
        drained = self.drainage * (taw - depletion)
        if below is None or self.profile is None:
            return drained, nothing, below
        lost = self.drainage * np.maximum(self.profile - taw - below, 0.0)
        return drained, lost, below + lost

    def _roots(self, state: _State, taw: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Return both depletions once the roots have grown or gone from yesterday's TAW."""
        if state.below is None or self.profile is None or self.taw is taw:
            return state.roots, state.below
        change = taw - self.taw
        outside = self.profile - self.taw
        reached = np.maximum(change, 0.0) / np.where(outside > 0.0, outside, 1.0)
        left = np.maximum(-change, 0.0) / self.taw
        moved = np.minimum(reached, 1.0) * state.below - left * state.roots
        roots = np.minimum(np.maximum(state.roots + moved, 0.0), taw)
        # Taken from the sum: whatever rounding does, none of the water is lost.
        return roots, np.maximum(state.roots + state.below - roots, 0.0)


class _Record:
    """The outputs kept: every day, or means and sums of periods."""

    def __init__(
        self, names: Sequence[Output], shape: tuple[int, ...], length: int, period: ArrayLike | None
    ) -> None:
        self.names, self.length = names, length
        self.periods = None if period is None else _periods(period, length)
        columns = length
        if self.periods is not None:
            columns = int(self.periods[-1]) + 1 if length else 0
            self.sums = {name: np.zeros(shape) for name in names}
            self.days = 0
        else:
            buffered = (min(BLOCK_DAYS, length), *shape)
            self.buffers = {name: np.empty(buffered) for name in names}
        self.kept = {name: np.empty((*shape, columns)) for name in names}

    def add(self, day: int, today: dict[Output, FloatArray]) -> None:
        last = day + 1 == self.length
        if self.periods is None:
            row = day % BLOCK_DAYS
            for name, buffer in self.buffers.items():
                buffer[row] = today[name]
            if last or row + 1 == BLOCK_DAYS:
                for name, buffer in self.buffers.items():
                    rows = np.moveaxis(buffer[: row + 1], 0, -1)
                    self.kept[name][..., day - row : day + 1] = rows
            return
        self.days += 1
        for name in self.names:
            self.sums[name] += today[name]
        if last or self.periods[day + 1] != self.periods[day]:
            for name, total in self.sums.items():
                mean = total / self.days if name in STATES else total
                self.kept[name][..., self.periods[day]] = mean
                total[...] = 0.0
            self.days = 0

    def result(self) -> SoilWater:
        return SoilWater(**self.kept)


def _time_first(values: NDArray[Number], days: slice) -> NDArray[Number]:
    """Some days of an array (..., time) as (days, ...), or (1, ...) where it does not change."""
    chosen = values if values.shape[-1] == 1 else values[..., days]
    return np.ascontiguousarray(np.moveaxis(chosen, -1, 0))


def _day(block: NDArray[Number], day: int) -> NDArray[Number]:
    return np.asarray(block[0 if len(block) == 1 else day])


def _fraction(p: FloatArray, etc: FloatArray) -> FloatArray:
    """Table 22, note 2."""
    adjusted = p + 0.04 * (5.0 - etc)
    return np.asarray(adjusted.clip(P_LOWEST, P_HIGHEST))


def _amount(values: ArrayLike, name: str) -> FloatArray:
    """Float64 of any shape; ValueError where negative or infinite."""
    amount = as_float(values)
    reject(np.isinf(amount), amount, name, "infinite")
    reject(amount < 0.0, amount, name, "negative")
    return amount


def _water(values: ArrayLike, name: str) -> FloatArray:
    """`_amount` with a time axis."""
    return _amount(np.atleast_1d(as_float(values)), name)


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
    share = _water(drainage, "drainage")
    if share.shape[-1] != 1:
        raise ValueError(f"drainage does not change: its last axis is 1, not {share.shape[-1]}")
    reject(~(share < 1.0), share, "drainage", "a share must be known and below 1")
    return share if (share != 0.0).any() else None


def _profile(taw: FloatArray, profile_mm: ArrayLike | None) -> FloatArray | None:
    """TAW of the whole soil (...), None where the roots always have all of it."""
    known = np.where(np.isnan(taw), -np.inf, taw)
    largest = known.max(axis=-1, initial=-np.inf)
    largest = np.where(np.isneginf(largest), np.nan, largest)
    if profile_mm is None:
        return None if taw.shape[-1] == 1 else largest
    profile = _water(profile_mm, "profile_mm")
    if profile.shape[-1] != 1:
        raise ValueError(f"profile_mm does not change: its last axis is 1, not {profile.shape[-1]}")
    lacking = profile[..., 0] < largest
    reject(lacking, np.where(lacking, profile[..., 0], 0.0), "profile_mm", "below the largest TAW")
    return profile[..., 0]


def _initial(
    depletion_mm: ArrayLike | None,
    below_mm: ArrayLike | None,
    taw: FloatArray,
    profile: FloatArray | None,
    shape: tuple[int, ...],
) -> _State:
    """State before the first day, NaN where not known."""
    roots = as_float(np.nan if depletion_mm is None else depletion_mm)
    reject((roots < 0.0) | np.isinf(roots), roots, "initial_depletion_mm", "negative or infinite")
    roots = np.broadcast_to(roots, shape).copy()
    first = np.broadcast_to(taw[..., 0], shape)
    reject(roots > first, roots, "initial_depletion_mm", "above TAW")
    if profile is None:
        if below_mm is not None:
            raise ValueError("initial_below_mm needs a taw_mm that changes, or a profile_mm")
        return _State(roots, None)
    rest = as_float(0.0 if below_mm is None else below_mm)
    reject((rest < 0.0) | np.isinf(rest), rest, "initial_below_mm", "negative or infinite")
    rest = np.broadcast_to(rest, shape).copy()
    reject(rest > profile - first, rest, "initial_below_mm", "above what the soil below can lack")
    return _State(roots, rest)


def _periods(period: ArrayLike, length: int) -> IntArray:
    """Position of each day's period among the periods."""
    numbers = np.asarray(period)
    if numbers.shape != (length,) or numbers.dtype.kind not in "iu":
        raise ValueError(
            f"period needs a whole number for each of {length} days, "
            f"got {numbers.dtype} of shape {numbers.shape}"
        )
    steps = np.diff(numbers.astype(np.int64))
    if (steps < 0).any():
        raise ValueError(f"period falls at position {index(int((steps < 0).argmax())) + 1}")
    return np.concatenate(([0], np.cumsum(steps > 0))).astype(np.int64)[:length]
