"""Observed weather as providers give it, and the parts that their clients are built from.

Each provider's module has `build(parts)`, which makes its client, and `ask(http, settings)`, which
puts the smallest real question to it and raises SourceError where the answer is none.
"""

from datetime import date
from typing import Any, NamedTuple, Protocol

import pandas as pd

from geo_pipeline.schemas import WEATHER_VARIABLES, Provenance
from geo_pipeline.settings import Settings
from geo_pipeline.sources.http import Http
from geo_pipeline.words import Message

OBSERVED = (
    *("departement", "date"),
    *WEATHER_VARIABLES,
    *("stations", "source", "resolution", "provisional"),
)
"""Columns of `weather_daily` that a provider fills: NaN for what it does not have."""

FIRST_LIVE_DAY = date(1991, 1, 1)
"""Where live weather begins unless `since` says otherwise: with the years of the normals."""


class Observed(NamedTuple):
    """Daily weather of one département: columns `OBSERVED`, one row a day, sorted."""

    rows: pd.DataFrame
    provenance: Provenance
    notes: tuple[Message, ...] = ()
    """What was left out or not there though it might have been, one sentence each."""


class Parts(Protocol):
    """What a provider's client may be built from; each is made on first use."""

    @property
    def settings(self) -> Settings:
        """The settings."""
        ...

    @property
    def http(self) -> Http:
        """The one door to the network, shared by all."""
        ...

    @property
    def embedded(self) -> Any:
        """What ships with the project, `bundled.Bundled`."""
        ...

    @property
    def points(self) -> pd.DataFrame:
        """Points in each département: departement, latitude, longitude."""
        ...

    @property
    def station_means(self) -> Any:
        """What makes the mean of a département of its stations: `StationMeans`."""
        ...

    @property
    def grid_means(self) -> Any:
        """What makes the means of départements of grid files: `GridMeans`."""
        ...


class WeatherSource(Protocol):
    """A provider of daily weather."""

    name: str

    def weather(self, departement: str, since: date, until: date) -> Observed:
        """Return the days from `since` to `until` (both in them) that the provider has.

        Raises:
            SourceError: it cannot be had or read; the message names source, département and URL.
        """
        ...
