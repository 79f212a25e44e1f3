"""Stations of Météo-France as weather of a département: which ones are its own, and the report.

The station files and the DPClim API send the same parameters under the same names; how these become
rows in SI units is in `station_files`. How stations are averaged over a département is handed in
(`StationAverage`).
"""

import logging
from collections.abc import Sequence
from datetime import date
from hashlib import sha256
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo_pipeline.schemas import STATION_VARIABLES, Provenance
from geo_pipeline.sources.http import Received
from geo_pipeline.sources.observed import OBSERVED, Observed
from geo_pipeline.sources.station_files import Origin, StationDays
from geo_pipeline.territory import BY_CODE
from geo_pipeline.words import Message, joined, message

CORSICA = ("2A", "2B")
OWN_CODES = {**dict.fromkeys(CORSICA, "20"), "976": "985"}
"""Where Météo-France's code of a département is its own, in files and in its API: Corsica is one,
Mayotte is in the numbering of collectivities."""


def own_code(departement: str) -> str:
    """Return Météo-France's code of a département."""
    return OWN_CODES.get(departement, departement)


def homes(code: str) -> tuple[str, ...]:
    """Return the départements that Météo-France's `code` is of, none for other collectivities."""
    own = tuple(home for home, of in OWN_CODES.items() if of == code)
    return own or (code,) * (code in BY_CODE)


PROVISIONAL_DAYS = 45
"""Days before today that are still completed: observers send their sheets by the month."""

_log = logging.getLogger(__name__)


class StationAverage(Protocol):
    """How stations become their département (`transforms.stations.StationMeans`)."""

    def nearest(self, stations: pd.DataFrame, departements: Sequence[str]) -> NDArray[np.str_]:
        """Return which of `departements` each of `stations` lies in or nearest to."""
        ...

    def __call__(
        self, departement: str, stations: pd.DataFrame, days: pd.DataFrame
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the rows of days, and the stations with their weight.

        Rows have departement, date, `STATION_VARIABLES` and stations.
        """
        ...


class Report(NamedTuple):
    """Weather of a département, with the stations it rests on."""

    observed: Observed
    stations: pd.DataFrame
    """station, name, lat, lon, altitude_m, weight: mean share of the area in the mean of rain."""


def own_stations(average: StationAverage, departement: str, stations: pd.DataFrame) -> pd.DataFrame:
    """Return those of `stations` that are of `departement`: all, but for Corsica.

    A Corsican station belongs to the département whose outline it lies in or is nearest to.
    """
    if departement not in CORSICA or stations.empty:
        return stations
    nearest = average.nearest(stations, CORSICA)
    own: pd.DataFrame = stations[nearest == departement].reset_index(drop=True)
    return own


def report(
    average: StationAverage,
    origin: Origin,
    observed: StationDays,
    provenance: Provenance,
    *,
    label: str,
    last_final: date,
    notes: Sequence[Message] = (),
) -> Report:
    """Return the weather of a département from what its stations observed.

    Parameters
    ----------
    average : makes stations their département
    origin : who sent it, for whom
    observed : rows of its stations
    provenance : of all that was read
    label : what `source` says of each row
    last_final : days after it are provisional
    notes : what was not there

    Raises:
        SourceError: no station has any value.
    """
    days = observed.days.dropna(subset=list(STATION_VARIABLES), how="all")
    days = days[days["station"].isin(observed.stations["station"])]
    if days.empty:
        raise origin.error(joined([message("stations.no_value"), *notes]), message("advice.others"))
    rows, stations = average(origin.departement, observed.stations, days)
    rows = rows.assign(
        swi_source=np.nan,
        source=label,
        resolution="day",
        provisional=rows["date"] > pd.Timestamp(last_final),
    )
    for note in notes:
        _log.warning("%s, département %s: %s", origin.source, origin.departement, note)
    return Report(Observed(rows[list(OBSERVED)], provenance, tuple(notes)), stations)


def provenance_of(source: str, received: Sequence[Received]) -> Provenance:
    """Return one provenance of all that was `received`.

    Of several answers the URLs stand one after the other, the time is that of the newest, and
    `sha256` is the hash of their hashes in that order.
    """
    digests = [each.sha256 for each in received]
    digest = digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()
    newest = max(each.received_at for each in received)
    return Provenance(source, " ".join(each.url for each in received), newest.isoformat(), digest)
