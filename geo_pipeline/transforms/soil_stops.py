"""Stops: days at whose end the state of the soil is kept, so that its balance can go on from there.

A fresh day, or a provider's correction of the last weeks or years, then costs only the days since
the last stop before it. A stop names the weather until then by its hash: where that is another, an
earlier stop is taken. Which days are stops follows from the record alone, so that a table that grew
is the same as one made at once.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from geo_pipeline.transforms.daily_arrays import Array, Record

LEAST_DAYS: Final = 800
"""Days before a stop that are needed all the same: whole seasons of all crops, after which the
largest root depth is known."""

MONTHS: Final = 12
"""Ends of months that are stops, up to the last one of the record."""
YEARS: Final = 5
"""Ends of years that are stops: SIM2 is recomputed for four past years."""

VARIABLES: Final = ("precip_mm", "et0_mm")
"""The weather that the balance takes."""


class Stop(NamedTuple):
    """The state at the end of a day; None where it is not known of each crop."""

    day: str
    """ISO date."""
    weather: str
    """Hash of the weather until then."""
    depletion_mm: list[float] | None
    """By crop, in the order of the table of crops."""
    below_mm: list[float] | None

    @property
    def is_known(self) -> bool:
        """Whether a balance can go on from it."""
        return self.depletion_mm is not None and self.below_mm is not None


def stop(day: pd.Timestamp, weather: str, depletion_mm: Array, below_mm: Array) -> Stop:
    """Return the stop at a day whose weather has that hash; the state is by crop, mm."""
    name = day.date().isoformat()
    if np.isnan(depletion_mm).any() or np.isnan(below_mm).any():
        return Stop(name, weather, None, None)
    return Stop(name, weather, depletion_mm.tolist(), below_mm.tolist())


def positions(dates: pd.DatetimeIndex) -> list[int]:
    """Return the positions of the stops among consecutive days: the last day, ends of months and
    years."""
    after = dates + pd.Timedelta(days=1)
    months = np.flatnonzero(after.day == 1)
    years = months[after[months].month == 1]
    chosen = {len(dates) - 1, *months[-MONTHS:].tolist(), *years[-YEARS:].tolist()}
    return sorted(each for each in chosen if each >= LEAST_DAYS)


def last_usable(
    dates: pd.DatetimeIndex, hashes: Mapping[int, str], known: Mapping[int, Stop]
) -> int | None:
    """Return the position of the last known stop to go on from, None where there is none.

    Parameters
    ----------
    dates : consecutive days
    hashes : of the weather until each position of `positions` and of `known`
    known : the stops that were kept
    """
    own = positions(dates)
    usable = [
        at
        for at, each in known.items()
        if each.is_known
        and each.weather == hashes[at]
        and LEAST_DAYS <= at < len(dates) - 1
        and all(earlier in known for earlier in own if earlier <= at)
    ]
    return max(usable, default=None)


def weather_hashes(record: Record, place: int, until: Collection[int]) -> dict[int, str]:
    """Return a hash of the weather of a place until each of some days, by their positions."""
    days = np.ascontiguousarray(np.stack([record[name][place] for name in VARIABLES], axis=-1))
    hashes, begin = {}, 0
    hashed = sha256(record.dates[0].date().isoformat().encode())
    for position in sorted(until):
        hashed.update(days[begin : position + 1].tobytes())
        hashes[position], begin = hashed.hexdigest(), position + 1
    return hashes


def among(dates: pd.DatetimeIndex, stops: Sequence[Stop]) -> dict[int, Stop]:
    """Return the stops on consecutive days by their positions; others are left out."""
    found = dates.get_indexer(pd.DatetimeIndex([each.day for each in stops]))
    return {int(at): each for at, each in zip(found, stops, strict=True) if at >= 0}


def kept(stops: Sequence[Stop]) -> str:
    """Return stops as text; numbers keep every bit."""
    return json.dumps([list(each) for each in stops])


def read(text: str) -> list[Stop]:
    """Return the stops that `kept` wrote."""
    return [Stop(*each) for each in json.loads(text)] if text else []
