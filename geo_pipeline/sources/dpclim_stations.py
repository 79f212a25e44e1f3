"""The list of stations from Météo-France's DPClim API: those that are open and public.

Their observations are ordered and read in `meteo_france_api`.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from geo_pipeline.sources import payload
from geo_pipeline.sources.faults import later_or_set
from geo_pipeline.sources.http import Received
from geo_pipeline.words import message, verbatim

ADVICE = later_or_set("GEO_PIPELINE_METEO_FRANCE_API_URL")


def usable_stations(answer: Received, source: str) -> pd.DataFrame:
    """Return the stations that are open and public: station, name, lat, lon, altitude_m.

    Raises:
        SourceError: it is no list of stations, or a station has no number or coordinates.
    """
    said = payload.json(answer, source)
    try:
        if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
            raise ValueError(message("dpclim.no_stations"))
        stations = [
            _station(each)
            for each in said
            if _flag(each, "posteOuvert") and _flag(each, "postePublic")
        ]
        columns = ["station", "name", "lat", "lon", "altitude_m"]
        table = pd.DataFrame(stations, columns=columns).drop_duplicates(ignore_index=True)
        twice = table.loc[table["station"].duplicated(), "station"]
        if len(twice):
            raise ValueError(message("dpclim.twice", station=twice.iloc[0]))
        if table.empty:
            raise ValueError(message("dpclim.none_open"))
    except ValueError as error:
        raise payload.unusable(answer, source, verbatim(error), ADVICE) from error
    return table


def _flag(said: Mapping[str, Any], name: str) -> bool:
    """Return the flag `name`, True where it is absent."""
    flag = said.get(name, True)
    if not isinstance(flag, bool):
        raise ValueError(message("dpclim.bad_flag", name=name, flag=repr(flag)))
    return flag


def _station(said: Mapping[str, Any]) -> tuple[str, str, float, float, float]:
    """Return number, name and place of a station; a lost leading zero of the number is restored."""
    number = str(said.get("id", "")).strip().zfill(8)
    if not number.isdigit() or number == "00000000":
        raise ValueError(message("dpclim.bad_number", number=repr(said.get("id"))))
    try:
        lat, lon = float(said["lat"]), float(said["lon"])
        altitude_m = float("nan") if said.get("alt") is None else float(said["alt"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(message("dpclim.nowhere", station=number, why=repr(error))) from error
    if not (-90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0):
        raise ValueError(message("dpclim.placed", station=number, latitude=lat, longitude=lon))
    return number, str(said.get("nom") or ""), lat, lon, altitude_m
