"""The state of root zones, advanced one day at a time, and the outputs that a balance keeps.

Arrays come in checked, some days of them at a time; what does not depend on the state is computed
for all of these days at once. Their meaning and possible values are described in `soil_water`; call
`soil_water_balance` there.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import repeat
from operator import index
from typing import Literal, NamedTuple, Self, TypeVar, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

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

VALUES_AT_ONCE = 1 << 16
"""Values of all places and days that are computed at once of what does not depend on the state: few
places have the work of many days done in one call, many places take no more memory for it."""

P_LOWEST, P_HIGHEST = 0.1, 0.8

NOTHING: FloatArray = np.zeros(())

Number = TypeVar("Number", bound=np.generic)


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


class Growth(NamedTuple):
    """Roots that grow or go from one day to the next."""

    stays: BoolArray
    """Where they do neither."""
    reached: FloatArray
    """Share of the soil below the roots of the day before that they reach."""
    left: FloatArray
    """Share of the root zone of the day before that they leave."""

    @classmethod
    def between(cls, before: FloatArray, taw: FloatArray, profile: FloatArray) -> Self:
        """Return how roots get from one TAW to the next."""
        change = taw - before
        outside = profile - before
        reached = np.maximum(change, 0.0) / np.where(outside > 0.0, outside, 1.0)
        return cls(change == 0.0, np.minimum(reached, 1.0), np.maximum(-change, 0.0) / before)


class Day(NamedTuple):
    """Inputs of a day, and what follows from them alone; each has the places' shape or less."""

    water: FloatArray
    etc: FloatArray
    taw: FloatArray
    raw: FloatArray
    spare: FloatArray
    """TAW less RAW."""
    below_taw: FloatArray | None
    """What the soil below the roots can hold; None where they always reach all of it."""
    growth: Growth | None
    """How roots change since the day before; None where they do not, and where it `is_first`."""
    is_first: bool
    """Whether it is the first of its `days`, the day before being known to the state alone."""
    irrigated: BoolArray | None
    """Where the need is met; None where it is nowhere."""
    given: FloatArray | None
    """Irrigation that is given, as part of the water."""
    is_blank: bool
    """Whether an input is NaN anywhere."""


def days(
    infiltration: FloatArray,
    et0: FloatArray,
    kc: FloatArray,
    taw: FloatArray,
    p: FloatArray,
    *,
    given: FloatArray | None,
    irrigated: BoolArray | None,
    profile: FloatArray | None,
    adjust_p: bool,
) -> Iterator[Day]:
    """Yield consecutive days from inputs (days, ...), or (1, ...) where they do not change."""
    inputs = [infiltration, et0, kc, taw, p, *([] if given is None else [given])]
    count = max(map(len, inputs if irrigated is None else [*inputs, irrigated]))
    etc = kc * et0
    raw = (adjusted_fraction(p, etc) if adjust_p else p) * taw
    growth: list[Growth | None] = [None] * count
    if profile is not None and len(taw) > 1:
        between = Growth.between(taw[:-1], taw[1:], profile)
        moves = ~_by_day(between.stays, np.logical_and)
        growth[1:] = [
            Growth(*now) if changed else None
            for changed, *now in zip(moves, *(_each(each) for each in between), strict=True)
        ]
    met: list[BoolArray | None] = [None] * count
    if irrigated is not None:
        needed = _each(_by_day(irrigated, np.logical_or), count)
        pairs = zip(_each(irrigated, count), needed, strict=True)
        met = [each if anywhere else None for each, anywhere in pairs]
    blank = np.zeros(count, dtype=np.bool_)
    for each in inputs:
        blank |= _by_day(np.isnan(each), np.logical_or)
    columns = (
        *(infiltration if given is None else infiltration + given, etc, taw, raw, taw - raw),
        None if profile is None else profile - taw,
    )
    return map(
        Day._make,
        zip(
            *(repeat(None) if each is None else _each(each, count) for each in columns),
            growth,
            [True, *repeat(False, count - 1)],
            met,
            repeat(None) if given is None else _each(given, count),
            blank.tolist(),
            strict=False,
        ),
    )


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
        before_et: bool,
        tolerance_mm: FloatArray,
        keep: Collection[Output],
    ) -> None:
        self.taw, self.profile, self.drainage = taw, profile, drainage
        self.before_et, self.tolerance_mm = before_et, tolerance_mm
        self.keeps_swi, self.keeps_percolation = "swi" in keep, "percolation_mm" in keep
        # One place has an axis too: results of arrays without any could not be written in place.
        roots, below = np.atleast_1d(start.roots), start.below
        self.lost = np.isnan(roots)
        if below is not None:
            below = np.atleast_1d(below)
            self.lost |= np.isnan(below)
        self.known = ~self.lost
        self.sure = bool(self.known.all())
        self.wet = self.dry = RootZoneState(roots, below)

    def step(self, day: Day) -> dict[Output, FloatArray]:
        """Move on by a day and return its outputs, NaN where they are not known.

        Those that cost something and are not kept are left out.
        """
        if self.sure and not day.is_blank:
            growth = self._growth(day.taw) if day.is_first else day.growth
            state, fluxes = self._move(self.wet, day, growth)
            self.wet = self.dry = state
        else:
            state, fluxes = self._step_between_bounds(day)
        self.taw = day.taw
        below = np.zeros_like(state.roots) if state.below is None else state.below
        if not self.sure:
            below = np.where(np.isnan(state.roots), np.nan, below)
        if day.given is not None:
            fluxes["irrigation_mm"] = fluxes["irrigation_mm"] + day.given
        fluxes |= {"depletion_mm": state.roots, "below_mm": below, "etc_mm": day.etc}
        if self.keeps_swi:
            fluxes["swi"] = 1.0 - state.roots / day.taw
        return fluxes

    def _step_between_bounds(self, day: Day) -> tuple[RootZoneState, dict[Output, FloatArray]]:
        """Move both bounds on by a day; return the state, NaN where not known, and the fluxes."""
        missing = np.isnan(day.water + day.etc + day.raw)
        wet = self._bound(self.wet, day.taw, empty=False)
        dry = self._bound(self.dry, day.taw, empty=True)
        before, growth = self.known & ~missing, self._growth(day.taw)
        wet, fluxes = self._move(wet, day, growth)
        dry = wet if self.sure else self._move(dry, day, growth)[0]
        fluxes = {name: np.where(before, flux, np.nan) for name, flux in fluxes.items()}
        self._settle(wet, dry, np.broadcast_to(missing, self.known.shape))
        roots, below = self.wet.roots, self.wet.below
        state = RootZoneState(
            np.where(self.known, roots, np.nan),
            None if below is None else np.where(self.known, below, np.nan),
        )
        return state, fluxes

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
        self, state: RootZoneState, day: Day, growth: Growth | None
    ) -> tuple[RootZoneState, dict[Output, FloatArray]]:
        """Return the state at the end of the day and the fluxes of the day.

        What is made here is written to in place: arrays of many places go through memory less.
        """
        depletion, below = self._roots(state, day.taw, growth)
        drained = None
        if self.drainage is not None:
            drained = day.taw - depletion
            drained *= self.drainage
            depletion = depletion + drained
        if self.before_et:
            excess = np.maximum(day.water - depletion, 0.0)
            depletion = np.maximum(depletion - day.water, 0.0)
        need = NOTHING
        if day.irrigated is not None:
            need = np.where(day.irrigated, np.maximum(depletion - day.raw, 0.0), 0.0)
            depletion = depletion - need
        room = day.taw - depletion
        ks = room / day.spare
        np.minimum(ks, 1.0, out=ks)
        eta = ks * day.etc
        if self.before_et:
            np.minimum(eta, room, out=eta)
            end = np.minimum(depletion + eta, day.taw)
        else:
            room += day.water
            np.minimum(eta, room, out=eta)
            level = eta - day.water
            level += depletion
            end = np.maximum(level, 0.0)
            np.minimum(end, day.taw, out=end)
            excess = np.subtract(end, level, out=level)
            np.maximum(excess, 0.0, out=excess)
        if drained is not None:
            excess += drained
        if below is not None:
            below, excess = self._through_below(below, excess, day.below_taw)
        return RootZoneState(end, below), {
            "ks": ks,
            "eta_mm": eta,
            "percolation_mm": excess,
            "irrigation_mm": need,
        }

    def _through_below(
        self, below: FloatArray, excess: FloatArray, below_taw: FloatArray | None
    ) -> tuple[FloatArray, FloatArray]:
        """Return the depletion below the roots and what leaves the soil, once `excess` came in.

        Unless that is kept it is not computed: `excess` is then returned as it was.
        """
        lost = None
        if self.drainage is not None and below_taw is not None:
            lost = below_taw - below
            np.maximum(lost, 0.0, out=lost)
            lost *= self.drainage
            below = below + lost
        refill = np.minimum(excess, below)
        if self.keeps_percolation:
            excess = excess - refill
            excess = excess if lost is None else excess + lost
        return below - refill, excess

    def _growth(self, taw: FloatArray) -> Growth | None:
        """Return how roots get from the TAW of the day before to this one; None where they stay."""
        if self.profile is None:
            return None
        growth = Growth.between(self.taw, taw, self.profile)
        return None if growth.stays.all() else growth

    def _roots(
        self, state: RootZoneState, taw: FloatArray, growth: Growth | None
    ) -> tuple[FloatArray, FloatArray | None]:
        """Return both depletions after the roots have grown or gone since the day before."""
        if state.below is None or growth is None:
            return state.roots, state.below
        roots = growth.reached * state.below
        roots -= growth.left * state.roots
        roots += state.roots
        np.maximum(roots, 0.0, out=roots)
        np.minimum(roots, taw, out=roots)
        # Computed from the sum, so that rounding loses no water.
        below = state.roots + state.below
        below -= roots
        np.maximum(below, 0.0, out=below)
        np.copyto(below, state.below, where=growth.stays)
        return roots, below


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

    def result(self, shape: tuple[int, ...]) -> SoilWater:
        """Return what was kept once the last day is in, for places of this shape."""
        return SoilWater(
            **{name: each.reshape(*shape, each.shape[-1]) for name, each in self.kept.items()}
        )


def _each(values: NDArray[Number], count: int = 1) -> list[NDArray[Number]]:
    """Return the values of each day; those of the one day so many times, where there is one."""
    if len(values) == 1:
        return [values[0, ...]] * count
    return [values[day, ...] for day in range(len(values))]


def _by_day(values: BoolArray, together: np.ufunc) -> BoolArray:
    """Return `together` (a logical ufunc) of the values of each day, (days,)."""
    return np.asarray(together.reduce(values.reshape(len(values), -1), axis=1))


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
