"""The smallest real question to each provider: whether it still gives what its reader takes.

An address that answers is no provider: a maintenance page does, and a proxy, and a key that has
expired. So each is asked as its reader asks it, and what it says is read. Of an archive of many
megabytes the first bytes are.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import NamedTuple

import pandas as pd
from pydantic import SecretStr

from geo_pipeline.errors import SourceError
from geo_pipeline.settings import Settings
from geo_pipeline.sources import (
    agreste,
    etalab,
    franceagrimer,
    hubeau,
    meteo_france,
    meteo_france_api,
    open_meteo,
    payload,
    sim2,
    vigieau,
)
from geo_pipeline.sources.http import Http, NoAnswerError, StatusError

PARIS = pd.DataFrame({"departement": ["75"], "latitude": [48.856], "longitude": [2.35]})
KNOWN_AFTER_DAYS = 10
"""Days before today that every archive of weather knows."""


class Door(NamedTuple):
    """A provider: what asks it, the setting of its address, and the key it needs.

    `ask` raises SourceError where the answer is not what it should be.
    """

    name: str
    setting: str
    ask: Callable[[Http], object]
    url: str
    key: SecretStr | None = None
    key_setting: str = ""


def doors(settings: Settings) -> list[Door]:
    """Return what is asked of each provider."""
    day = datetime.now(UTC).date() - timedelta(days=KNOWN_AFTER_DAYS)
    archive, model = settings.address("open_meteo_url"), settings.open_meteo_model
    datasets = f"{settings.data_gouv_url.rstrip('/')}/api/1/datasets/"
    stations = f"{settings.address('meteo_france_api_url')}/liste-stations/quotidienne"
    grain = settings.franceagrimer_url or franceagrimer.URL
    contours, levels = settings.address("etalab_url"), settings.address("hubeau_url")
    key = settings.meteo_france_api_key
    return [
        Door(
            "open-meteo",
            "GEO_PIPELINE_OPEN_METEO_URL",
            lambda http: open_meteo.OpenMeteo(http, PARIS, url=archive, model=model).weather(
                "75", day, day
            ),
            archive,
        ),
        Door(
            "meteo-france",
            "GEO_PIPELINE_DATA_GOUV_URL",
            lambda http: _listed(
                http, f"{datasets}{meteo_france.DATASET}/", "meteo-france", meteo_france.FILE
            ),
            datasets,
        ),
        Door(
            "meteo-france-api",
            "GEO_PIPELINE_METEO_FRANCE_API_URL",
            lambda http: _stations(http, stations, key),
            stations,
            key,
            "GEO_PIPELINE_METEO_FRANCE_API_KEY",
        ),
        Door(
            "sim2",
            "GEO_PIPELINE_DATA_GOUV_URL",
            lambda http: _listed(http, f"{datasets}{sim2.DATASET}/", "sim2", sim2.FILE),
            datasets,
        ),
        Door(
            "agreste",
            "GEO_PIPELINE_AGRESTE_URL",
            lambda http: _archive(http, settings.agreste_url, agreste.NAME),
            settings.agreste_url,
        ),
        Door(
            "franceagrimer",
            "GEO_PIPELINE_FRANCEAGRIMER_URL",
            lambda http: _archive(http, grain, franceagrimer.NAME, or_table=True),
            grain,
        ),
        Door(
            "vigieau",
            "GEO_PIPELINE_VIGIEAU_URL",
            lambda http: vigieau.Vigieau(http, settings.vigieau_url).levels(),
            settings.vigieau_url,
        ),
        Door(
            "hubeau",
            "GEO_PIPELINE_HUBEAU_URL",
            lambda http: hubeau.Hubeau(http, levels).stations("75"),
            levels,
        ),
        Door(
            "etalab",
            "GEO_PIPELINE_ETALAB_URL",
            lambda http: etalab.Etalab(http, contours).boundaries(),
            contours,
        ),
    ]


def told(door: Door, error: SourceError) -> tuple[str, str]:
    """Return what is wrong with an answer, and what to do: each kind of trouble apart."""
    elsewhere = f"set {door.setting}"
    if isinstance(error.__cause__, SourceError):  # of several addresses, that of the last
        error = error.__cause__
    if not isinstance(error, StatusError):
        what, _, advice = str(error).rpartition("; ")
        kind = "not reached" if isinstance(error, NoAnswerError) else "not its answer"
        return f"{kind}: {what}", f"{advice}, or {elsewhere}; --offline needs no provider"
    status = error.status
    what, advice = f"in trouble (answered {status})", f"try again later, or {elsewhere}"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        what, advice = f"refused ({status})", f"it may want a key, or no proxy: {elsewhere}"
        if door.key is not None:
            what, advice = f"key wrong ({status})", f"get a new one and set {door.key_setting}"
    elif status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE) or status < 400:
        what, advice = f"moved: {door.url} is not there ({status})", f"find it, and {elsewhere}"
    elif status == HTTPStatus.TOO_MANY_REQUESTS:
        what, advice = f"limited: too many requests ({status})", "try again in an hour or a day"
    elif status < 500:
        what = f"question refused ({status})"
        advice = f"look for a newer version of this program, or {elsewhere}"
    return what + (f": {error.reason}" if error.reason else ""), advice


def _listed(http: Http, url: str, source: str, file: re.Pattern[str]) -> None:
    """Ask data.gouv.fr for a dataset, which is to list a `file`."""
    answer = http.get(url, source=source)
    said = payload.json(answer, source)
    resources = said.get("resources") if isinstance(said, dict) else None
    urls = [each.get("url") for each in resources or [] if isinstance(each, dict)]
    if not any(isinstance(each, str) and file.fullmatch(each.rpartition("/")[2]) for each in urls):
        raise payload.unusable(answer, source, f"lists no file such as {file.pattern[:20]}")


def _stations(http: Http, url: str, key: SecretStr | None) -> None:
    """Ask DPClim for the stations of Paris."""
    headers = {} if key is None else {"apikey": key.get_secret_value()}
    name = meteo_france_api.NAME
    answer = http.get(url, source=name, params={"id-departement": "75"}, headers=headers)
    meteo_france_api.usable_stations(answer, name)


def _archive(http: Http, url: str, source: str, *, or_table: bool = False) -> None:
    """Ask for the beginning of a zip, `or_table` that of a table separated by `;`."""
    answer = http.start(url, source=source)
    if answer.content.startswith(b"PK\x03\x04"):
        return
    said = payload.text(answer, source)
    if not (or_table and ";" in said.partition("\n")[0]):
        raise payload.unusable(answer, source, "sent no zip archive where one belongs")
