"""Observed weather in the form that all providers return, and the parts of their clients.

Each provider's module has `build(parts)`, which makes its client, and `ask(http, settings)`, which
asks it the smallest real question and raises SourceError unless the answer is usable.
"""

from datetime import date
from typing import Any, NamedTuple, Protocol

import pandas as pd

from geo_pipeline.provenance import Provenance
from geo_pipeline.settings import Settings
from geo_pipeline.sources.http import Http
from geo_pipeline.weather_variables import WEATHER_VARIABLES
from geo_pipeline.words import Message

OBSERVED = (
    *("departement", "date"),
    *WEATHER_VARIABLES,
    *("stations", "source", "resolution", "provisional"),
)
"""Columns of `weather_daily` that a provider fills; NaN where it has no data."""

FIRST_LIVE_DAY = date(1991, 1, 1)
"""First day of live weather unless `since` is set: the start of the years of the normals."""


class Observed(NamedTuple):
    """Daily weather of one département: columns `OBSERVED`, one row a day, sorted."""

    rows: pd.DataFrame
    provenance: Provenance
    notes: tuple[Message, ...] = ()
    """What was left out or missing, one sentence each."""
    grid_files: tuple[str, ...] = ()
    """SHA-256 of the grid files that the rows are means of, the best first."""


class Parts(Protocol):
    """What a provider's client may be built from; each part is made on first use."""

    @property
    def settings(self) -> Settings:
        """The settings."""
        ...

    @property
    def http(self) -> Http:
        """The HTTP client that all providers share."""
        ...

    @property
    def embedded(self) -> Any:
        """The data that ship with the project, `bundled.Bundled`."""
        ...

    @property
    def points(self) -> pd.DataFrame:
        """Points in each département: departement, latitude, longitude."""
        ...

    @property
    def station_means(self) -> Any:
        """Computes the mean of a département from its stations: `StationMeans`."""
        ...

    @property
    def grid_means(self) -> Any:
        """Computes the means of départements from grid files: `GridMeans`."""
        ...


class WeatherSource(Protocol):
    """A provider of daily weather."""

    name: str

    def weather(self, departement: str, since: date, until: date) -> Observed:
        """Return the days from `since` to `until` (inclusive) that the provider has.

        Raises:
            SourceError: they cannot be received or read; the message names source, département and
                URL.
        """
        ...
