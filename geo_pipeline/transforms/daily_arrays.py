"""Daily rows of départements as arrays, codes x days, and the dekads of these days.

The dekad is the time step of everything after the daily tables: days 1-10, 11-20 and 21 to the end
of a month, 36 a year. Only départements whose records have the same first and last day share an
array, so that a département's numbers never depend on which others are run with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo_pipeline import dekads

Array = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

DEKADS = 36
"""Dekads a year."""

MONTH = 3
"""Dekads a month."""

NORMAL_YEARS = (1991, 2020)
"""The reference period of the World Meteorological Organization's current normals."""


class Calendar(TypedDict):
    """Options that functions of `geo_pipeline.indicators` share."""

    period: int
    first_step: int
    reference: slice | None


@dataclass(frozen=True, eq=False)
class Record:
    """Columns of daily rows of places with the same first and last day; NaN for missing days."""

    codes: list[str]
    dates: pd.DatetimeIndex
    columns: Mapping[str, Array]

    def __getitem__(self, name: str) -> Array:
        """Return a column, codes x days."""
        return self.columns[name]


def daily_records(days: pd.DataFrame, columns: Sequence[str]) -> Iterator[Record]:
    """Yield `columns` of `days` (departement, date), one record for each first and last day."""
    by_code = days["date"].groupby(days["departement"])
    first, last = by_code.min(), by_code.max()
    for span in sorted(set(zip(first, last, strict=True))):
        codes = sorted(first.index[(first == span[0]) & (last == span[1])])
        dates = pd.date_range(*span)
        rows = days[days["departement"].isin(codes)]
        yield Record(codes, dates, pivoted(rows, codes, dates, columns))


def pivoted(
    rows: pd.DataFrame, codes: Sequence[str], dates: pd.DatetimeIndex, columns: Sequence[str]
) -> dict[str, Array]:
    """Return each of `columns` of `rows` as an array, codes x dates, NaN without a row."""
    place = pd.Index(codes).get_indexer(pd.Index(rows["departement"]))
    day = dates.get_indexer(pd.DatetimeIndex(rows["date"]))
    arrays = {}
    for name in columns:
        values = np.full((len(codes), len(dates)), np.nan)
        values[place, day] = rows[name].to_numpy()
        arrays[name] = values
    return arrays


class Told(NamedTuple):
    """Dekads at whose end something is told, and the day until which each tells it."""

    dekads: Positions
    days: Positions


@dataclass(frozen=True, eq=False)
class Dekads:
    """The dekads of consecutive days, the first and the last of which may be cut short."""

    ends: pd.DatetimeIndex
    """Last day of each dekad, even where the days stop before it."""
    starts: Positions
    """Position of its first day among the days."""
    whole: Mask
    """Whether all its days exist."""

    @classmethod
    def of(cls, dates: pd.DatetimeIndex) -> "Dekads":
        """Return the dekads that contain `dates`, consecutive days."""
        starts = np.flatnonzero(np.diff(dekads.numbers(dates), prepend=-1))
        present = np.diff(starts, append=len(dates))
        firsts = dates[starts]
        return cls(dekads.last_days(firsts), starts, present == dekads.lengths(firsts))

    @property
    def first_step(self) -> int:
        """Step of the year of the first dekad, from 1."""
        return int(self.steps[0]) + 1

    @cached_property
    def steps(self) -> Positions:
        """Step of the year of each dekad, from 0."""
        return dekads.steps(self.ends)

    @property
    def calendar(self) -> "Calendar":
        """The time steps in the form the indicators need: `spi(rain_mm, 9, **dekads.calendar)`."""
        return {"period": DEKADS, "first_step": self.first_step, "reference": self.reference}

    @cached_property
    def reference(self) -> slice | None:
        """The dekads of `NORMAL_YEARS` if the record has all of them, else None: all dekads."""
        first, last = NORMAL_YEARS
        inside = np.flatnonzero((self.ends.year >= first) & (self.ends.year <= last))
        complete = (last - first + 1) * DEKADS
        return slice(int(inside[0]), int(inside[-1]) + 1) if inside.size == complete else None

    @property
    def reference_days(self) -> slice | None:
        """The days of `reference`."""
        if (chosen := self.reference) is None:
            return None
        after = self.starts[chosen.stop] if chosen.stop < len(self.starts) else None
        return slice(int(self.starts[chosen.start]), None if after is None else int(after))

    @property
    def reference_period(self) -> str:
        """First and last year of the reference."""
        chosen = self.ends[self.reference or slice(None)]
        return f"{chosen[0].year}-{chosen[-1].year}"

    def sums(self, daily: Array) -> Array:
        """Return sums by dekad, NaN unless each of its days has a value."""
        sums = np.add.reduceat(daily, self.starts, axis=-1)
        return np.where(self.whole, sums, np.nan)

    def last(self, daily: Array, days: Mask | None = None) -> Array:
        """Return the value of the last day of each dekad, or of its last day among `days`.

        NaN where there is none, and in a last dekad whose end is not in the record.
        """
        position = np.arange(daily.shape[-1])
        chosen = position if days is None else np.where(days, position, -1)
        latest = np.maximum.reduceat(chosen, self.starts)
        values = np.where(latest < 0, np.nan, daily[..., latest])
        values[..., -1] = np.where(self.whole[-1], values[..., -1], np.nan)
        return values

    def containing(self, position: int) -> int:
        """Return the dekad that contains the day at `position`."""
        return int(np.searchsorted(self.starts, position, side="right")) - 1

    def end_of_month(self, position: int) -> int:
        """Return the last dekad of the month of the day at `position`, or of the record."""
        dekad = self.containing(position)
        return min(dekad + MONTH - 1 - int(self.steps[dekad]) % MONTH, len(self.ends) - 1)

    def within(self, first: int, last: int) -> Told:
        """Return the dekads that tell of what lasts from the day at `first` to that at `last`.

        From the one after that in which it begins to the end of the month in which it ends. One
        that the record does not see the end of is none.
        """
        told = np.arange(self.containing(first) + 1, self.end_of_month(last) + 1)
        told = told[self.whole[told]]
        ends = np.append(self.starts[1:], np.iinfo(np.int64).max) - 1
        return Told(told, np.minimum(ends[told], last))

    def any(self, daily: Mask) -> Mask:
        """Return whether any day of each dekad is True."""
        return np.logical_or.reduceat(daily, self.starts, axis=-1)
