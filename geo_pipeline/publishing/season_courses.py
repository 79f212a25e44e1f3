"""Seasons from 1 September: this one compared with the others, and the most similar ones.

Pure functions on arrays. A season is named by the year in which it ends; its 36 dekads are counted
from 0, the first of September. Rows are seasons, columns dekads, NaN where nothing is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo_pipeline import dekads
from geo_pipeline.territory import CROPPING_YEAR_START

Floats = NDArray[np.float64]
Quarter = Literal["autumn", "winter", "spring", "summer"]

SLOTS: Final = dekads.A_YEAR
"""Dekads of a season."""

FIRST_MONTH: Final = CROPPING_YEAR_START[0]

QUARTERS: Final[tuple[Quarter, ...]] = ("autumn", "winter", "spring", "summer")
"""Meteorological seasons of three months, in the order of a cropping season."""

MIN_OTHERS: Final = 5
"""Number of other seasons that must be known at a dekad for a usual value."""

KNOWN_SHARE: Final = 0.5
"""Share of the compared dekads that must be known in both seasons."""

SPREAD: Final = (10.0, 25.0, 50.0, 75.0, 90.0)
"""Percentiles of a fan."""


class Fan(NamedTuple):
    """Percentiles of the other seasons at each dekad; NaN where too few are known."""

    low: Floats
    lower: Floats
    median: Floats
    upper: Floats
    high: Floats


class Rank(NamedTuple):
    """Rank of a value among all known ones, including itself, from either end."""

    from_lowest: int
    from_highest: int
    known: int


@dataclass(frozen=True, eq=False)
class Seasons:
    """The course of a value by season: `values` has a row for each of `years`, a column a dekad.

    Courses of several places are on a third axis.
    """

    years: tuple[int, ...]
    values: Floats

    def row(self, year: int) -> int | None:
        """Row of a season, None for one outside the record."""
        return self.years.index(year) if year in self.years else None

    def of(self, year: int) -> Floats:
        """The course of a season, NaN throughout for one outside the record."""
        row = self.row(year)
        return np.full(self.values.shape[1:], np.nan) if row is None else self.values[row]


@lru_cache(maxsize=4096)
def place(period: date) -> tuple[int, int]:
    """Season of a dekad, by the year in which it ends, and the number of the dekad in it.

    The dekad is given by any of its days: 1-10, 11-20, 21 to the end of the month.
    """
    slot = (dekads.of_year(period) - (FIRST_MONTH - 1) * dekads.A_MONTH) % SLOTS
    return period.year + (period.month >= FIRST_MONTH), slot


def period_of(year: int, slot: int) -> date:
    """Last day of a dekad of a season."""
    return dekads.last_day_of(year - 1, (FIRST_MONTH - 1) * dekads.A_MONTH + slot)


def seasons(
    periods: Sequence[date], values: ArrayLike, span: tuple[int, int] | None = None
) -> Seasons:
    """Return the course `values` (periods first) as seasons, all from the first to the last.

    `span` are the first and the last wanted season, so that several courses have the same rows.
    """
    course = np.asarray(values, dtype=float)
    year, slot = np.array([place(period) for period in periods], dtype=int).reshape(-1, 2).T
    first, last = span or (int(year.min(initial=9999)), int(year.max(initial=0)))
    grid = np.full((max(0, last - first + 1), SLOTS, *course.shape[1:]), np.nan)
    inside = (first <= year) & (year <= last)
    grid[year[inside] - first, slot[inside]] = course[inside]
    return Seasons(tuple(range(first, last + 1)), grid)


def fan(values: Floats, row: int | None) -> Fan:
    """Return the spread of the seasons other than `row` at each dekad."""
    others = values if row is None else np.delete(values, row, axis=0)
    spread = np.full((len(SPREAD), SLOTS), np.nan)
    enough = np.count_nonzero(~np.isnan(others), axis=0) >= MIN_OTHERS
    if enough.any():
        spread[:, enough] = np.nanpercentile(others[:, enough], SPREAD, axis=0)
    return Fan(*spread)


def standardised(values: Floats) -> Floats:
    """Return departures from the mean of each dekad in standard deviations of the seasons.

    NaN where fewer than three seasons are known, or all are alike.
    """
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    filled = np.where(known, values, 0.0)
    mean = filled.sum(axis=0) / np.maximum(count, 1)
    departure = np.where(known, values - mean, 0.0)
    deviation = np.sqrt((departure**2).sum(axis=0) / np.maximum(count - 1, 1))
    usable = (count >= 3) & (deviation > 0.0)
    scaled = departure / np.where(usable, deviation, 1.0)
    return np.where(known & usable, scaled, np.nan)


def likeness(courses: Sequence[Floats], row: int, upto: int) -> Floats:
    """Return how different from `row` each season is up to dekad `upto`: 0 is equal, NaN unknown.

    It is the root of the mean square difference of the standardised `courses`, all with the same
    weight; so 1 is a difference of one standard deviation throughout.
    """
    scaled = np.stack([standardised(course)[:, : upto + 1] for course in courses])
    square = (scaled - scaled[:, row : row + 1]) ** 2
    known = ~np.isnan(square)
    count = known.sum(axis=(0, 2))
    total = np.where(known, square, 0.0).sum(axis=(0, 2))
    enough = count >= KNOWN_SHARE * len(courses) * (upto + 1)
    return np.where(enough, np.sqrt(total / np.maximum(count, 1)), np.nan)


def alike(courses: Sequence[Floats], row: int, upto: int, count: int = 2) -> list[int]:
    """Return the rows of the `count` seasons most similar to `row` up to `upto`, best first.

    Only seasons whose end is known in the first of the `courses` count, so that it can be shown.
    """
    unlike = likeness(courses, row, upto)
    unlike[row] = np.nan
    unlike[np.isnan(courses[0][:, -1])] = np.nan
    order = [int(each) for each in np.argsort(unlike, kind="stable")]
    return [each for each in order if not np.isnan(unlike[each])][:count]


def rank(values: Floats, row: int) -> Rank | None:
    """Return the rank of `values[row]` among them, equal ones sharing theirs; None if unknown."""
    own = values[row]
    if np.isnan(own):
        return None
    lower = int(np.count_nonzero(values < own))
    higher = int(np.count_nonzero(values > own))
    return Rank(lower + 1, higher + 1, int(np.count_nonzero(~np.isnan(values))))


def normal(values: Floats, row: int | None) -> float:
    """Return the median of `values` other than that of `row`; NaN where too few are known."""
    others = values if row is None else np.delete(values, row)
    others = others[~np.isnan(others)]
    return float(np.median(others)) if len(others) >= MIN_OTHERS else float("nan")


def quarter(slot: int) -> tuple[Quarter, int]:
    """Return the three months that a dekad belongs to, and the first of their dekads."""
    which = slot // 9
    return QUARTERS[which], which * 9


def sums(values: Floats, first: int, last: int) -> Floats:
    """Return the sum of the dekads `first` to `last` of each season; NaN where one is missing."""
    return np.asarray(values[:, first : last + 1].sum(axis=1))


def missing(periods: Sequence[date], known: Sequence[bool]) -> list[tuple[date, date]]:
    """Return the gaps between the first known dekad and the last.

    Each is given by the last days of its first and of its last dekad.
    """
    have = {place(period) for period, there in zip(periods, known, strict=True) if there}
    if not have:
        return []
    number = sorted(year * SLOTS + slot for year, slot in have)
    stretches = []
    for before, after in pairwise(number):
        if after - before > 1:
            first, last = (divmod(each, SLOTS) for each in (before + 1, after - 1))
            stretches.append((period_of(*first), period_of(*last)))
    return stretches
