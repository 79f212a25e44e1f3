"""What every provider of weather gives: rows of days, and where they are from."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

import pandas as pd

from geo_pipeline.schemas import Provenance

OBSERVED = (
    "departement",
    "date",
    "tmin_c",
    "tmax_c",
    "tmean_c",
    "precip_mm",
    "radiation_mj_m2",
    "wind_m_s",
    "rh_pct",
    "et0_source_mm",
    "swi_source",
    "stations",
    "source",
    "resolution",
    "provisional",
)
"""Columns of `weather_daily` that a provider fills: NaN for what it does not have."""

FIRST_LIVE_DAY = date(1991, 1, 1)
"""Where live weather begins unless `since` says otherwise: with the years of the normals."""


@dataclass(frozen=True)
class Attribution:
    """How a provider is to be named wherever its figures are shown."""

    source: str
    """Its name here, as in `GEO_PIPELINE_WEATHER`."""
    text_fr: str
    text_en: str
    licence_fr: str
    licence_en: str
    url: str
    name: str = ""
    """Its short name, as it stands under a chart; `source` where there is no other."""


class Observed(NamedTuple):
    """Daily weather of one département: columns `OBSERVED`, one row a day, sorted."""

    rows: pd.DataFrame
    provenance: Provenance
    notes: tuple[str, ...] = ()
    """What was left out or not there though it might have been, one sentence each."""


class WeatherSource(Protocol):
    """A provider of daily weather."""

    name: str

    def weather(self, departement: str, since: date, until: date) -> Observed:
        """Return the days from `since` to `until` (both in them) that the provider has.

        Raises:
            SourceError: it cannot be had or read; the message names source, département and URL.
        """
        ...
