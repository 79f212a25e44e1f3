"""Weather of a département from Météo-France's stations: which stations belong to it, and means.

The station files and the DPClim API send the same parameters under the same names, which
`station_files` turns into rows in SI units. The averaging over a département is passed in
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

from geo_pipeline.provenance import Provenance
from geo_pipeline.sources.http import Received
from geo_pipeline.sources.observed import OBSERVED, Observed
from geo_pipeline.sources.station_files import Origin, StationDays
from geo_pipeline.territory import BY_CODE
from geo_pipeline.weather_variables import STATION_VARIABLES
from geo_pipeline.words import Message, joined, message

CORSICA = ("2A", "2B")
OWN_CODES = {**dict.fromkeys(CORSICA, "20"), "976": "985"}
"""Météo-France's own codes of départements, in files and in its API: Corsica is one, and Mayotte
has a code among the collectivities."""


def own_code(departement: str) -> str:
    """Return Météo-France's code of a département."""
    return OWN_CODES.get(departement, departement)


def homes(code: str) -> tuple[str, ...]:
    """Return the départements with Météo-France's `code`; none for other collectivities."""
    own = tuple(home for home, of in OWN_CODES.items() if of == code)
    return own or (code,) * (code in BY_CODE)


PROVISIONAL_DAYS = 45
"""Days before today that are still completed: observers send their sheets once a month."""

_log = logging.getLogger(__name__)


class StationAverage(Protocol):
    """Averages stations over their département (`transforms.stations.StationMeans`)."""

    def nearest(self, stations: pd.DataFrame, departements: Sequence[str]) -> NDArray[np.str_]:
        """Return for each of `stations` which of `departements` it lies in or is nearest to."""
        ...

    def __call__(
        self, departement: str, stations: pd.DataFrame, days: pd.DataFrame
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the rows of days, and the stations with their weight.

        Rows have departement, date, `STATION_VARIABLES` and stations (their number).
        """
        ...


class Report(NamedTuple):
    """Weather of a département, with its stations."""

    observed: Observed
    stations: pd.DataFrame
    """station, name, lat, lon, altitude_m, weight: mean share of the area in the mean of rain."""


def own_stations(average: StationAverage, departement: str, stations: pd.DataFrame) -> pd.DataFrame:
    """Return those of `stations` that belong to `departement`: all of them except in Corsica.

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
    """Return the weather of a département from the observations of its stations.

    Parameters
    ----------
    average : averages stations over their département
    origin : provider and département
    observed : rows of the stations
    provenance : of everything that was read
    label : value of `source` in each row
    last_final : later days are provisional
    notes : what was missing

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
    """Return one provenance for everything that was `received`.

    For several answers the URLs are joined, the time is that of the newest, and `sha256` is the
    hash of their hashes in that order.
    """
    digests = [each.sha256 for each in received]
    digest = digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()
    newest = max(each.received_at for each in received)
    return Provenance(source, " ".join(each.url for each in received), newest.isoformat(), digest)
