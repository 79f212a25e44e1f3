"""The last day of the weather that the rows of a table need: the unit is in the table's record."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from geo_pipeline.dekads import last_complete, last_of_complete_year
from geo_pipeline.storage.lake import Footer
from geo_pipeline.tables import TABLES

_LAST: Final[Mapping[str, Callable[[date], date]]] = MappingProxyType(
    {"dekad": last_complete, "year": last_of_complete_year}
)

LEAST: Final = timedelta(days=2 * 366)
"""A shorter record is needed to its last day: a soil's deepest roots must be in it."""


def needed_until(table: str, weather: Footer) -> date | None:
    """Return the last day of `weather` that `table` needs, None where it needs all of it."""
    if weather.first_date is None or weather.last_date is None:
        return None
    return last_needed(table, weather.first_date, weather.last_date)


def last_needed(table: str, first: date, last: date) -> date | None:
    """Return the same of a record from `first` to `last`."""
    over = _LAST.get(TABLES[table].needs_whole)
    if over is None:
        return None
    until = over(last)
    return until if until - first >= LEAST else None
