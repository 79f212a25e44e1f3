"""The state of root zones, advanced one day at a time, and the outputs that a balance keeps.

Arrays come in checked, one day of them at a time. Their meaning and possible values are described
in `soil_water`; call `soil_water_balance` there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from operator import index
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from geo_pipeline.indicators._arrays import BoolArray, FloatArray, IntArray

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
"""Outputs that a balance can keep, by day or by period."""

STATES: frozenset[Output] = frozenset({"depletion_mm", "below_mm", "swi", "ks"})
"""Outputs averaged over a period; the others are summed."""

BLOCK_DAYS = 256
"""Days whose inputs and outputs lie in memory with time first while they are computed."""

P_LOWEST, P_HIGHEST = 0.1, 0.8


@dataclass(frozen=True, slots=True, eq=False)
class SoilWater:
    """The outputs of a balance, each (..., time) or (..., periods); None for those not requested.

    `depletion_mm` and `below_mm` (depletion of the soil below the roots) are those of the end of
    the day, and so is `swi`, the soil wetness index (W - Wwp) / (Wfc - Wwp) = 1 - Dr / TAW. `ks` is
    the stress coefficient of the day, `etc_mm` the evapotranspiration without stress, `eta_mm` with
    it, `percolation_mm` the water that left the profile, `irrigation_mm` the irrigation.
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
        """Return the output `name`; KeyError when it was not kept."""
        if name not in OUTPUTS or (values := getattr(self, name)) is None:
            kept = [item.name for item in fields(self) if getattr(self, item.name) is not None]
            raise KeyError(f"{name} was not kept: there are {', '.join(kept)}")
        return np.asarray(values)


@dataclass(slots=True)
class RootZoneState:
    """Depletion of the root zone and of the soil below it; the latter None without growth."""

    roots: FloatArray
    below: FloatArray | None


@dataclass(slots=True)
class _Demand:
    """The demand of a day on the root zone."""

    etc: FloatArray
    raw: FloatArray
    taw: FloatArray
    irrigated: BoolArray | None


class RootZone:
    """The state of all places and crops, advanced one day at a time.

    `wet` and `dry` are the bounds of an unknown state; they are one object while it is known.
    """

    def __init__(
        self,
        start: RootZoneState,
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
        blank: bool,
    ) -> dict[Output, FloatArray]:
        """Move on by a day and return all its outputs, NaN where they are not known.

        `blank` says whether an input of the day is NaN anywhere.
        """
        etc = kc * et0
        raw = (adjusted_fraction(p, etc) if self.adjust_p else p) * taw
        water = infiltration if given is None else infiltration + given
        day = _Demand(etc, raw, taw, irrigated)
        if self.sure and not blank:
            state, fluxes = self._move(self.wet, water, day)
            self.wet = self.dry = state
        else:
            missing = np.isnan(water + etc + raw)
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
            state = RootZoneState(
                np.where(self.known, self.wet.roots, np.nan),
                None if self.wet.below is None else np.where(self.known, self.wet.below, np.nan),
            )
        self.taw = taw
        below = np.zeros_like(state.roots) if state.below is None else state.below
        if not self.sure:
            below = np.where(np.isnan(state.roots), np.nan, below)
        if given is not None:
            fluxes["irrigation_mm"] = fluxes["irrigation_mm"] + given
        return {
            "depletion_mm": state.roots,
            "below_mm": below,
            "swi": 1.0 - state.roots / taw,
            "etc_mm": etc,
            **fluxes,
        }

    def _bound(self, state: RootZoneState, taw: FloatArray, *, empty: bool) -> RootZoneState:
        """Return `state` with the wettest or driest possible value where the day before is
        unknown."""
        if not self.lost.any():
            return state
        # This is the state for yesterday's roots: `_move` then lets them grow to today's.
        roots_taw = taw if self.profile is None else np.where(np.isnan(self.taw), taw, self.taw)
        if self.profile is not None:
            self.taw = roots_taw
        roots = np.where(self.lost, roots_taw if empty else 0.0, state.roots)
        if state.below is None or self.profile is None:
            return RootZoneState(roots, None)
        rest = (self.profile - roots_taw) if empty else 0.0
        return RootZoneState(roots, np.where(self.lost, rest, state.below))

    def _settle(self, wet: RootZoneState, dry: RootZoneState, missing: BoolArray) -> None:
        """Store the bounds, as one value where they have met."""
        apart = dry.roots - wet.roots
        if dry.below is not None and wet.below is not None:
            apart = np.abs(apart) + np.abs(dry.below - wet.below)
        self.lost = missing
        self.known = ~missing & (np.abs(apart) <= self.tolerance_mm)
        self.sure = bool(self.known.all())
        roots = np.where(self.known, 0.5 * (wet.roots + dry.roots), wet.roots)
        if wet.below is None or dry.below is None:
            self.wet = RootZoneState(roots, None)
            self.dry = RootZoneState(np.where(self.known, roots, dry.roots), None)
            return
        below = np.where(self.known, 0.5 * (wet.below + dry.below), wet.below)
        self.wet = RootZoneState(roots, below)
        self.dry = RootZoneState(
            np.where(self.known, roots, dry.roots), np.where(self.known, below, dry.below)
        )

    def _move(
        self,
        state: RootZoneState,
        water: FloatArray,
        day: _Demand,
    ) -> tuple[RootZoneState, dict[Output, FloatArray]]:
        """Return the state at the end of the day and the fluxes of the day."""
        etc, raw, taw = day.etc, day.raw, day.taw
        depletion, below = self._roots(state, taw)
        drained = None
        if self.drainage is not None:
            drained = self.drainage * (taw - depletion)
            depletion = depletion + drained
        if self.before_et:
            excess = np.maximum(water - depletion, 0.0)
            depletion = np.maximum(depletion - water, 0.0)
        if day.irrigated is None or not day.irrigated.any():
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
            level = depletion + (eta - water)
            end = np.minimum(np.maximum(level, 0.0), taw)
            excess = np.maximum(end - level, 0.0)
        if drained is not None:
            excess = excess + drained
        if below is not None:
            below, excess = self._through_below(below, excess, taw)
        return RootZoneState(end, below), {
            "ks": ks,
            "eta_mm": eta,
            "percolation_mm": excess,
            "irrigation_mm": need,
        }

    def _through_below(
        self, below: FloatArray, excess: FloatArray, taw: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the depletion below the roots and what leaves the soil, once `excess` came in."""
        lost = None
        if self.drainage is not None and self.profile is not None:
            lost = self.drainage * np.maximum(self.profile - taw - below, 0.0)
            below = below + lost
        refill = np.minimum(excess, below)
        excess = excess - refill
        return below - refill, excess if lost is None else excess + lost

    def _roots(self, state: RootZoneState, taw: FloatArray) -> tuple[FloatArray, FloatArray | None]:
        """Return both depletions after the roots have grown or gone from yesterday's TAW."""
        if state.below is None or self.profile is None or self.taw is taw:
            return state.roots, state.below
        change = taw - self.taw
        if not change.any():
            return state.roots, state.below
        outside = self.profile - self.taw
        reached = np.maximum(change, 0.0) / np.where(outside > 0.0, outside, 1.0)
        left = np.maximum(-change, 0.0) / self.taw
        moved = np.minimum(reached, 1.0) * state.below - left * state.roots
        roots = np.minimum(np.maximum(state.roots + moved, 0.0), taw)
        # Computed from the sum, so that rounding loses no water.
        below = np.maximum(state.roots + state.below - roots, 0.0)
        return roots, np.where(change == 0.0, state.below, below)


class KeptOutputs:
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
        """Add the outputs of a day; days come in order."""
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
        """Return what was kept once the last day is in."""
        return SoilWater(**self.kept)


def adjusted_fraction(p: FloatArray, etc: FloatArray) -> FloatArray:
    """Table 22, note 2."""
    adjusted = p + 0.04 * (5.0 - etc)
    return np.asarray(adjusted.clip(P_LOWEST, P_HIGHEST))


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
