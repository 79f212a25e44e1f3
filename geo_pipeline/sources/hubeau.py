"""Hub'Eau: groundwater levels of the piezometers of a département, from ADES.

Two operations are used: the list of stations of a département, and the measurements of each. All
pages of an answer are read, and it is refused if it has fewer rows than it announces.
"""

import logging
import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import numpy as np
import pandas as pd

from geo_pipeline.errors import SourceError
from geo_pipeline.provenance import Provenance
from geo_pipeline.settings import Settings
from geo_pipeline.sources import payload
from geo_pipeline.sources.faults import fault, later_or_set, nothing_taken
from geo_pipeline.sources.http import Http, Received, StatusError
from geo_pipeline.sources.observed import Parts
from geo_pipeline.sources.payload import Sieve
from geo_pipeline.threads import mapped
from geo_pipeline.words import message, verbatim

_log = logging.getLogger(__name__)

NAME = "hubeau"
URL = "https://hubeau.eaufrance.fr/api"

PAGE_SIZE = 20_000
"""Most rows of one answer: 54 years of days."""

RATE_PER_S = 10.0
"""Requests a second that Hub'Eau regards as fair use."""

EARLIEST = date(1850, 1, 1)
"""Earlier than any measurement: the start of a request for the whole record."""

LEAST_YEARS = 15
"""Fewest values of a calendar month for an index (BRGM)."""

LEVELS_M = (-500.0, 4_810.0)
"""Lowest and highest possible level of groundwater in France, m NGF: mines to Mont Blanc."""

WRONG = "Incorrecte"
"""ADES' mark of a measurement found to be wrong."""

FIELDS = "code_bss,date_mesure,niveau_nappe_eau,profondeur_nappe,qualification"

SILENT = "announced, none sent"
"""Why a piezometer is left out that has measurements according to the list."""


class Groundwater(NamedTuple):
    """Levels of the piezometers of one département."""

    stations: pd.DataFrame
    """Columns departement, piezometer (BSS code), longitude, latitude; first_date, last_date and
    measurements (number) of its record according to ADES, missing where ADES has none; fetched
    (whether its measurements were requested)."""
    levels: pd.DataFrame
    """departement, piezometer, date, level_m (m NGF): the mean of each day that has a level."""
    left_out: pd.DataFrame
    """piezometer, reason, measurements: the number of measurements not used, and why. With the
    reason `SILENT`, the number that the list announces for a piezometer that sent none."""
    provenance: Provenance
    """Of the list of stations; its SHA-256 is that of the hashes of all answers in order."""


class Hubeau:
    """Groundwater levels from the API at `url`.

    Args:
        http: the HTTP client; it keeps the pace of the host (`RATE_PER_S`).
        url: base of the API, without `/v1/...`.
        threads: number of simultaneous requests.
        today: decides which years are final and requested only once.
    """

    name = NAME

    def __init__(
        self,
        http: Http,
        url: str = URL,
        threads: int = 4,
        today: Callable[[], date] = lambda: datetime.now(UTC).date(),
    ) -> None:
        self.http = http
        self.url = url.rstrip("/")
        self.threads = threads
        self.today = today

    def stations(self, departement: str) -> pd.DataFrame:
        """Return the piezometers of `departement` as in `Groundwater`, without `fetched`.

        Raises:
            SourceError: they cannot be received or read.
        """
        return self._stations(departement)[0]

    def groundwater(
        self,
        departement: str,
        since: date = EARLIEST,
        *,
        measured_since: date | None = None,
        least_years: int = LEAST_YEARS,
    ) -> Groundwater:
        """Return the daily levels of the piezometers of `departement` from `since` on.

        Args:
            departement: INSEE code.
            since: first day; an index needs the whole record.
            measured_since: piezometers without a measurement since then are not requested.
            least_years: nor are piezometers whose record is too short for so many values of a
                calendar month.

        Raises:
            SourceError: stations or measurements cannot be received or read; the message names the
                département and the URL.
        """
        stations, received = self._stations(departement)
        stations["fetched"] = _worth_asking(stations, measured_since, least_years)
        codes = list(stations.loc[stations["fetched"], "piezometer"])
        answers = list(
            mapped(lambda code: self._measured(departement, code, since), codes, self.threads)
        )
        measured = pd.concat([_NOTHING, *(rows for rows, _ in answers)], ignore_index=True)
        silent = _silent(stations, measured, since)
        if codes and len(silent) == len(codes):
            what = message("hubeau.all_silent", count=len(codes))
            raise SourceError(
                fault(
                    f"{NAME}, département {departement}",
                    self.url,
                    what,
                    later_or_set("GEO_PIPELINE_HUBEAU_URL"),
                )
            )
        received += [one for _, of_station in answers for one in of_station]
        return Groundwater(
            stations,
            _daily(measured, departement),
            pd.concat([_left_out(measured), silent], ignore_index=True),
            Provenance(
                NAME,
                received[0].url,
                max(one.received_at for one in received).isoformat(),
                sha256("".join(one.sha256 for one in received).encode()).hexdigest(),
            ),
        )

    def _stations(self, departement: str) -> tuple[pd.DataFrame, list[Received]]:
        """Return the piezometers of a département, and the answers with them."""
        received: list[Received] = []
        params = {"code_departement": departement, "format": "json", "size": str(PAGE_SIZE)}
        found, sieve = {}, Sieve(self.http.most_left_out)
        for rows, answer in self._pages("stations", params, departement):
            received.append(answer)
            with _reading(answer, departement):
                for row in rows:
                    name = str(row.get("code_bss") if isinstance(row, dict) else row)[:60]
                    station = sieve.take(name, _station, row, departement, fault=_Unusable)
                    if station is not None:
                        found[station["piezometer"]] = station
                sieve.require_most()
        sieve.tell(_log, f"{NAME}, département {departement}")
        frame = pd.DataFrame(
            list(found.values()), columns=["departement", "piezometer", *_STATION_TYPES]
        )
        frame = frame.astype(_STATION_TYPES)
        return frame.sort_values("piezometer", ignore_index=True), received

    def _measured(
        self, departement: str, code: str, since: date
    ) -> tuple[pd.DataFrame, list[Received]]:
        """Return all measurements of a piezometer from `since` on, and the answers with them.

        The record up to the end of a half-decade that ended two years ago is requested only once,
        unless the answer was empty: it may be filled later.
        """
        received: list[Received] = []
        settled = date((self.today().year - 2) // 5 * 5 - 1, 12, 31)
        frames = [_NOTHING]
        if since <= settled:
            old = self._window(departement, code, since, settled, received)
            if not any(len(frame) for frame in old):
                received.clear()
                old = self._window(departement, code, since, settled, received, again=True)
            frames += old
            since = settled + timedelta(days=1)
        frames += self._window(departement, code, since, None, received)
        return pd.concat(frames, ignore_index=True), received

    def _window(
        self,
        departement: str,
        code: str,
        since: date,
        until: date | None,
        received: list[Received],
        *,
        again: bool = False,
    ) -> list[pd.DataFrame]:
        """Return the measurements from `since` to `until`.

        With an end they are final, unless they are requested `again`. Hub'Eau does not page beyond
        20,000 rows, so what follows is requested from its first day on.
        """
        start, frames, final = pd.Timestamp(since), [], until is not None and not again
        while True:
            params = {
                "code_bss": code,
                "date_debut_mesure": f"{start:%Y-%m-%d}",
                **({} if until is None else {"date_fin_mesure": until.isoformat()}),
                "size": str(PAGE_SIZE),
                "sort": "asc",
                "fields": FIELDS,
            }
            pages = [_NOTHING]
            refusal = None
            try:
                for rows, answer in self._pages("chroniques", params, departement, final):
                    received.append(answer)
                    with _reading(answer, departement):
                        pages.append(_measurements(rows, code, answer))
            except StatusError as error:
                refusal = error
            measured = pd.concat(pages, ignore_index=True)
            last = measured["date"].max()
            if refusal is not None:
                if refusal.status != HTTPStatus.BAD_REQUEST or not last > start:
                    raise refusal
                measured = measured[measured["date"] < last]
            wanted = measured["date"] >= start
            if until is not None:
                wanted &= measured["date"] <= pd.Timestamp(until)
            frames.append(measured[wanted])
            if refusal is None:
                return frames
            start = last

    def _pages(
        self,
        operation: str,
        params: Mapping[str, str],
        departement: str,
        final: bool = False,
    ) -> Iterator[tuple[list[Any], Received]]:
        """Yield the rows of each page of an answer."""
        endpoint = f"{self.url}/v1/niveaux_nappes/{operation}"
        source = f"{NAME}, département {departement}"
        answer = self.http.get(endpoint, source=source, params=params, final=final)
        seen = {answer.url}
        got = 0
        while True:
            body = payload.json(answer, source)
            with _reading(answer, departement):
                rows, count, following = _page(body)
                got += len(rows)
                if got > count or (following is None and got < count):
                    raise _Unusable(f"sent {got} rows where it counts {count}")
                if following is not None and not rows:
                    raise _Unusable("leads on from a page without rows")
                url = None if following is None else _following(endpoint, following)
                if url in seen:
                    raise _Unusable("leads back to a page it already gave")
            yield rows, answer
            if url is None:
                return
            seen.add(url)
            answer = self.http.get(url, source=source, final=final)
            seen.add(answer.url)


class _Unusable(Exception):
    """What is wrong with an answer."""


_STATION_TYPES = {
    "longitude": "float64",
    "latitude": "float64",
    "first_date": "datetime64[ns]",
    "last_date": "datetime64[ns]",
    "measurements": "Int64",
}

_NOTHING = pd.DataFrame(
    {
        "piezometer": pd.Series(dtype=object),
        "date": pd.Series(dtype="datetime64[ns]"),
        "level_m": pd.Series(dtype="float64"),
        "reason": pd.Series(dtype=object),
    }
)


@contextmanager
def _reading(answer: Received, departement: str) -> Iterator[None]:
    """Turn an error in an answer into the one-line error that names the answer."""
    try:
        yield
    except _Unusable as error:
        advice = nothing_taken("GEO_PIPELINE_HUBEAU_URL")
        who = f"{NAME}, département {departement}"
        raise payload.unusable(answer, who, verbatim(error), advice) from error


def _page(body: Any) -> tuple[list[Any], int, str | None]:
    """Return the rows of a page, the number of all rows and the address of the next page."""
    if not isinstance(body, dict):
        raise _Unusable(message("hubeau.no_object"))
    rows, count, following = body.get("data"), body.get("count"), body.get("next")
    if not isinstance(rows, list):
        raise _Unusable(message("hubeau.no_data"))
    if type(count) is not int or count < 0:
        raise _Unusable(message("hubeau.no_count", value=repr(count)))
    if following is not None and not isinstance(following, str):
        raise _Unusable(message("hubeau.no_next", value=repr(following)))
    return rows, count, following or None


def _following(endpoint: str, following: str) -> str:
    """Return the address of the next page, which must be on the same server."""
    there, here = urlsplit(urljoin(endpoint, following)), urlsplit(endpoint)
    if there.path.rsplit("/", 1)[-1] == here.path.rsplit("/", 1)[-1]:
        return f"{endpoint}?{there.query}"
    if there.netloc == here.netloc:
        return there.geturl()
    raise _Unusable(message("hubeau.leads_on", server=there.netloc))


def _station(row: Any, departement: str) -> dict[str, Any]:
    """Return a piezometer as a row of `Groundwater.stations`."""
    code = row.get("code_bss") if isinstance(row, dict) else None
    if not isinstance(code, str) or not code.strip():
        raise _Unusable(message("hubeau.no_code", row=str(row)[:60]))
    of = row.get("code_departement", departement)
    # Hub'Eau has the Rhône as `69D` and the metropolis of Lyon as `69M`; Corsica keeps its letter.
    if of != departement and not re.fullmatch(rf"{departement}[DM]", str(of)):
        raise _Unusable(message("hubeau.elsewhere", station=code, departement=repr(of)))
    station: dict[str, Any] = {"departement": departement, "piezometer": code.strip()}
    for column, field in (("longitude", "x"), ("latitude", "y")):
        station[column] = _number(row.get(field), field, code)
    for column, field in (("first_date", "date_debut_mesure"), ("last_date", "date_fin_mesure")):
        told = row.get(field)
        station[column] = None if told is None else _days([told], field, code)[0]
    count = row.get("nb_mesures_piezo")
    if count is not None and type(count) is not int:
        raise _Unusable(
            message("hubeau.bad_value", station=code, field="nb_mesures_piezo", value=repr(count))
        )
    station["measurements"] = count
    return station


def _measurements(rows: list[Any], code: str, answer: Received) -> pd.DataFrame:
    """Return piezometer, date, level_m, and reason: why a measurement is missing or not used."""
    for row in rows:
        if not isinstance(row, dict) or not {"date_mesure", "niveau_nappe_eau"} <= row.keys():
            raise _Unusable(message("hubeau.no_fields", station=code, row=str(row)[:60]))
        if row.get("code_bss", code) != code:
            raise _Unusable(message("hubeau.another", other=repr(row["code_bss"]), station=code))
    level = [_number(row["niveau_nappe_eau"], "niveau_nappe_eau", code) for row in rows]
    frame = pd.DataFrame(
        {
            "piezometer": pd.Series([code] * len(rows), dtype=object),
            "date": _days([row["date_mesure"] for row in rows], "date_mesure", code),
            "level_m": np.array(level, dtype=np.float64),
            "reason": pd.Series([None] * len(rows), dtype=object),
        }
    )
    tomorrow = pd.Timestamp((answer.received_at + timedelta(days=1)).date())
    for refused, reason in (
        (np.array([row.get("qualification") == WRONG for row in rows], dtype=bool), "wrong"),
        (~frame["level_m"].between(*LEVELS_M), "out of range"),
        (frame["date"] > tomorrow, "in the future"),
        (frame["level_m"].isna(), "no level"),
    ):
        frame.loc[refused, "reason"] = reason
    return frame


def _days(told: list[Any], field: str, code: str) -> "pd.Series[pd.Timestamp]":
    """Return dates written as 2020-07-14, with or without a time."""
    texts = pd.Series(told, dtype=object)
    written = texts.map(lambda text: text[:10] if isinstance(text, str) else None)
    days = pd.to_datetime(written, format="%Y-%m-%d", errors="coerce").astype("datetime64[ns]")
    if (wrong := days.isna()).any():
        raise _Unusable(
            message("hubeau.no_day", station=code, field=field, value=repr(texts[wrong].iloc[0]))
        )
    return days


def _number(value: Any, field: str, code: str) -> float:
    """Return a number, NaN for null."""
    if value is None:
        return math.nan
    if type(value) not in (int, float) or not math.isfinite(value):
        raise _Unusable(message("hubeau.no_number", station=code, field=field, value=repr(value)))
    return float(value)


def _worth_asking(
    stations: pd.DataFrame, measured_since: date | None, least_years: int
) -> "pd.Series[bool]":
    """Return which piezometers may have the requested data, from ADES' summary of their records."""
    record_days = (stations["last_date"] - stations["first_date"]).dt.days
    # The shortest such record runs from the end of one January to the start of the last one.
    too_short = record_days.lt(365.25 * (least_years - 1) - 31)
    too_few = stations["measurements"].lt(least_years).fillna(False).astype(bool)
    ended = stations["last_date"] < pd.Timestamp(measured_since or EARLIEST)
    return ~(too_short | too_few | ended)


def _silent(stations: pd.DataFrame, measured: pd.DataFrame, since: date) -> pd.DataFrame:
    """Return the piezometers that sent nothing, although measurements since then are announced."""
    announced = stations["measurements"].gt(0) & ~stations["last_date"].lt(pd.Timestamp(since))
    sent = stations["piezometer"].isin(measured["piezometer"])
    silent = stations[stations["fetched"] & announced.fillna(False).astype(bool) & ~sent]
    return silent[["piezometer", "measurements"]].assign(reason=SILENT)


def _daily(measured: pd.DataFrame, departement: str) -> pd.DataFrame:
    """Return the mean level of each piezometer and day that has a level."""
    taken = measured[measured["reason"].isna()]
    days = taken.groupby(["piezometer", "date"], as_index=False)[["level_m"]].mean()
    days.insert(0, "departement", departement)
    return days


def _left_out(measured: pd.DataFrame) -> pd.DataFrame:
    """Return the number of unused measurements of each piezometer, by reason."""
    refused = measured[measured["reason"].notna()]
    return (
        refused.groupby(["piezometer", "reason"], as_index=False)
        .size()
        .rename(columns={"size": "measurements"})
    )


def build(parts: Parts) -> Hubeau:
    """Return the client built from `parts`."""
    return Hubeau(parts.http, parts.settings.address("hubeau_url"))


def ask(http: Http, settings: Settings) -> None:
    """Ask for the piezometers of Paris."""
    Hubeau(http, settings.address("hubeau_url")).stations("75")
