"""The list of stations that Météo-France's DPClim API sends: those that are open and public.

What they observed is ordered and read in `meteo_france_api`.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from geo_pipeline.sources import payload
from geo_pipeline.sources.http import Received

ADVICE = "try again later or set GEO_PIPELINE_METEO_FRANCE_API_URL"


def usable_stations(answer: Received, source: str) -> pd.DataFrame:
    """Return the stations that are open and public: station, name, lat, lon, altitude_m.

    Raises:
        SourceError: it is no list of stations, or one lacks its number or coordinates.
    """
    said = payload.json(answer, source)
    try:
        if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
            raise ValueError("sent JSON that is not a list of stations")
        stations = [
            _station(each)
            for each in said
            if _flag(each, "posteOuvert") and _flag(each, "postePublic")
        ]
        columns = ["station", "name", "lat", "lon", "altitude_m"]
        table = pd.DataFrame(stations, columns=columns).drop_duplicates(ignore_index=True)
        twice = table.loc[table["station"].duplicated(), "station"]
        if len(twice):
            raise ValueError(f"lists station {twice.iloc[0]} twice, and differently")
        if table.empty:
            raise ValueError("lists no station that is open and public")
    except ValueError as error:
        raise payload.unusable(answer, source, str(error), ADVICE) from error
    return table


def _flag(said: Mapping[str, Any], name: str) -> bool:
    """Return what is said of `name`, True where nothing is."""
    flag = said.get(name, True)
    if not isinstance(flag, bool):
        raise ValueError(f"says {name} = {flag!r} of a station, neither true nor false")
    return flag


def _station(said: Mapping[str, Any]) -> tuple[str, str, float, float, float]:
    """Return number (its leading zero may have been lost), name and place of a station."""
    number = str(said.get("id", "")).strip().zfill(8)
    if not number.isdigit() or number == "00000000":
        raise ValueError(f"lists a station with the number {said.get('id')!r}")
    try:
        lat, lon = float(said["lat"]), float(said["lon"])
        altitude_m = float("nan") if said.get("alt") is None else float(said["alt"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"places station {number} nowhere ({error!r})") from error
    if not (-90.0 <= lat <= 90.0 and -180.0 <= lon <= 180.0):
        raise ValueError(f"places station {number} at {lat}, {lon}")
    return number, str(said.get("nom") or ""), lat, lon, altitude_m
