"""Météo-France's DPClim API: daily observations of a station, ordered, then fetched. Needs a key.

It has the same observations as the station files (`meteo_france.py`), for stations that are open
and public, and without the delay of the files. Updated daily; 50 requests a minute. Licence Ouverte
2.0. `docs/sources/meteo_france_api.md` explains how to get a key and how the values are made.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pandas as pd
from pydantic import SecretStr

from geo_pipeline.errors import SourceError
from geo_pipeline.settings import Settings
from geo_pipeline.sources import payload
from geo_pipeline.sources.dpclim_stations import ADVICE, usable_stations
from geo_pipeline.sources.faults import FORMAT
from geo_pipeline.sources.http import AGAIN, Http, Received, StatusError
from geo_pipeline.sources.observed import Observed, Parts
from geo_pipeline.sources.station_files import (
    KEY,
    Origin,
    StationDays,
    columns_received,
    read_received,
)
from geo_pipeline.sources.stations import (
    PROVISIONAL_DAYS,
    Report,
    StationAverage,
    own_code,
    own_stations,
    provenance_of,
    report,
)
from geo_pipeline.weather_variables import STATION_VARIABLES
from geo_pipeline.words import Message, message, verbatim

NAME = "meteo-france-api"
URL = "https://public-api.meteofrance.fr/public/DPClim/v1"

KEYS_URL = "https://portail-api.meteofrance.fr/"
"""Where keys are issued."""

REQUESTS_PER_S = 50.0 / 60.0
"""Limit of a subscription."""

NEEDED = ("RR", "TN", "TX", "TM", "FFM", "UM", "GLOT")
"""Columns that the API sends; they are empty for a station that does not measure them."""

FIRST_TRIES = 3
LAST_TRIES = 5
"""Attempts at an order before the other stations are tried, and again afterwards."""

GONE = frozenset({404, 410})
"""Statuses of a file that was never made or was already downloaded: it is ordered once more."""
OF_ONE_STATION = GONE | {500, 502, 507}
"""Statuses that may concern one station only: it has nothing (500), or too much (507), to send."""

OUTAGE_AFTER = 3
"""Stations in a row that may fail before the first success, until all are given up."""

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 10.0
WAIT_GROWS = 1.5


class Order(NamedTuple):
    """Order of the days, at most a year, of one station; `final`: they will not change."""

    station: str
    since: date
    until: date
    final: bool

    @property
    def keep_as(self) -> str:
        """Name under which the answer is kept."""
        end = self.until.isoformat() if self.final else "latest"
        return f"dpclim/{self.station}/{self.since.isoformat()}_{end}"


class MeteoFranceApi:
    """Daily weather of a département from its stations, ordered one by one.

    Args:
        http: the HTTP client.
        average: computes the mean of a département from its stations.
        key: of the subscription to the API; never kept or logged.
        url: the API, or a mirror of it.
        today: the last possible day of a request (UTC).
        wait: called to wait a number of seconds.
        patience_s: longest wait for the orders of a département.
        provisional_days: days before today that may still change.
    """

    name = NAME

    def __init__(
        self,
        http: Http,
        average: StationAverage,
        key: SecretStr | None,
        *,
        url: str = URL,
        today: Callable[[], date] | None = None,
        wait: Callable[[float], object] = time.sleep,
        patience_s: float = 600.0,
        provisional_days: int = PROVISIONAL_DAYS,
    ) -> None:
        self._http = http
        self._average = average
        self._key = key
        self._url = url.rstrip("/")
        self._today = today or _today
        self._wait = wait
        self._patience_s = patience_s
        self._provisional_days = provisional_days

    def weather(self, departement: str, since: date, until: date) -> Observed:
        """Return the days from `since` to `until` (inclusive) that any station observed.

        Each value is the mean of the stations that reported it that day, weighted by area; NaN
        where none did. `stations` is the number of stations that reported rain. Days from today on
        are not requested. A station that is inactive according to the API is left out and logged.

        Raises:
            SourceError: there is no key, the API refuses, an order is not ready in time, an answer
                cannot be read, or there is no value in these days.
        """
        return self.report(departement, since, until).observed

    def report(self, departement: str, since: date, until: date) -> Report:
        """Return `weather` with its stations, and which were left out."""
        listed, stations = self._stations(departement)
        settled = self._today() - timedelta(days=self._provisional_days)
        last = min(until, self._today() - timedelta(days=1))
        orders = [
            Order(station, start, end, final=end <= settled)
            for station in stations["station"]
            for start, end in _years(since, last)
        ]
        answers, inactive = self._answers(departement, orders)
        days = [
            self._read(departement, order, answers[order]) for order in orders if order in answers
        ]
        self._check_columns(departement, answers)
        frame = pd.concat(days, ignore_index=True) if days else _no_days()
        return report(
            self._average,
            Origin(NAME, departement, self._url),
            StationDays(stations, frame),
            provenance_of(NAME, [listed, *(answers[o] for o in orders if o in answers)]),
            label=f"{NAME}:stations",
            last_final=settled,
            notes=[
                *_left_out(inactive, answers),
                *_silent({order.station for order in answers}, frame),
            ],
        )

    def _stations(self, departement: str) -> tuple[Received, pd.DataFrame]:
        """Return the answer with the list of stations, and those that are open and public."""
        code = own_code(departement)
        url = f"{self._url}/liste-stations/quotidienne"
        try:
            answer = self._get(departement, url, {"id-departement": code})
        except StatusError as error:
            if error.status != 404:
                raise
            origin = Origin(NAME, departement, url)
            raise origin.error(
                message("dpclim.no_departement"), message("advice.another_source")
            ) from error
        stations = usable_stations(answer, f"{NAME}, département {departement}")
        return answer, own_stations(self._average, departement, stations)

    def _answers(
        self, departement: str, orders: Sequence[Order]
    ) -> tuple[dict[Order, Received], dict[Order, Message]]:
        """Return the answers to `orders`, and for those without an answer the reason.

        Final answers that are kept are not ordered again; offline, nothing is.
        """
        answers = {order: kept for order in orders if (kept := self._kept(order))}
        missing = [order for order in orders if order not in answers]
        if self._http.offline:
            inactive = dict.fromkeys(missing, message("dpclim.not_kept"))
        else:
            numbers, inactive = self._order(departement, missing)
            fetched, silent = self._fetch(departement, numbers)
            answers |= fetched
            inactive |= silent
        if orders and not answers:
            raise Origin(NAME, departement, self._url).error(
                message(
                    "dpclim.nothing",
                    count=len({order.station for order in orders}),
                    why=next(iter(inactive.values())),
                ),
                message("advice.online") if self._http.offline else ADVICE,
            )
        return answers, inactive

    def _fetch(
        self, departement: str, numbers: Mapping[Order, str]
    ) -> tuple[dict[Order, Received], dict[Order, Message]]:
        """Return the answers to orders once they are ready, and the reasons of those without one.

        Raises:
            SourceError: some are not ready within the longest wait.
        """
        answers: dict[Order, Received] = {}
        failed: dict[Order, Message] = {}
        waiting = dict(numbers)
        waited_s, wait_s = 0.0, FIRST_WAIT_S
        while waiting:
            for order, number in list(waiting.items()):
                last = order in failed
                try:
                    answer = self._file(departement, order, number, last=last)
                except SourceError as error:
                    failed[order] = _passing(error, last=last)
                    if last:
                        del waiting[order]
                    elif isinstance(error, StatusError) and error.status in GONE:
                        waiting[order] = self._anew(departement, order, number)
                    continue
                if answer is not None:
                    answers[order] = answer
                    del waiting[order]
            if waiting:
                if waited_s + wait_s > self._patience_s:
                    raise self._never_ready(departement, waiting, waited_s)
                self._wait(wait_s)
                waited_s, wait_s = waited_s + wait_s, min(wait_s * WAIT_GROWS, LONGEST_WAIT_S)
        return answers, {order: why for order, why in failed.items() if order not in answers}

    def _kept(self, order: Order) -> Received | None:
        """Return the kept answer to `order` where it is still valid, else None."""
        if not (order.final or self._http.offline):
            return None
        url = f"{self._url}/commande/fichier"
        return self._http.kept(url, source=NAME, keep_as=order.keep_as)

    def _order(
        self, departement: str, orders: Sequence[Order]
    ) -> tuple[dict[Order, str], dict[Order, Message]]:
        """Return the number of each order, and why some were refused.

        An inactive station and a server in trouble both answer 500. So each order is tried a few
        times, and failed ones again after the others.
        """
        numbers: dict[Order, str] = {}
        refused: dict[Order, Message] = {}
        for last in (False, True):
            again = [order for order in orders if order in refused] if last else orders
            for place, order in enumerate(again):
                if last and not numbers and place == OUTAGE_AFTER:
                    return numbers, refused
                try:
                    answer = self._placed(departement, order, last=last)
                except SourceError as error:
                    refused[order] = _passing(error, last=last)
                else:
                    refused.pop(order, None)
                    numbers[order] = _number(answer, f"{NAME}, département {departement}")
        return numbers, refused

    def _placed(self, departement: str, order: Order, *, last: bool) -> Received:
        """Place `order` and return the answer, which contains its number."""
        period = {
            "id-station": order.station,
            "date-deb-periode": f"{order.since.isoformat()}T00:00:00Z",
            "date-fin-periode": f"{order.until.isoformat()}T00:00:00Z",
        }
        url = f"{self._url}/commande-station/quotidienne"
        attempts = LAST_TRIES if last else FIRST_TRIES
        return self._get(departement, url, period, keep=False, attempts=attempts)

    def _file(self, departement: str, order: Order, number: str, *, last: bool) -> Received | None:
        """Return the answer to `order`, None while it is not ready."""
        url = f"{self._url}/commande/fichier"
        answer = self._get(
            departement,
            url,
            {"id-cmde": number},
            final=order.final,
            keep_as=order.keep_as,
            attempts=LAST_TRIES if last else FIRST_TRIES,
        )
        return None if answer.status in (202, 204) else answer

    def _anew(self, departement: str, order: Order, number: str) -> str:
        """Return the new number of `order`, placed once more; the old one where that is refused."""
        try:
            answer = self._placed(departement, order, last=True)
        except SourceError as error:
            _passing(error, last=False)
            return number
        return _number(answer, f"{NAME}, département {departement}")

    def _read(self, departement: str, order: Order, answer: Received) -> pd.DataFrame:
        """Return the rows of an answer: station, date, `STATION_VARIABLES`.

        Raises:
            SourceError: it cannot be read, or is of another station.
        """
        place = f"{answer.url} (station {order.station}, {order.since} to {order.until})"
        origin = Origin(NAME, departement, place)
        rows = read_received(answer, origin, order.since, order.until)
        others = rows.loc[rows["station"] != order.station, "station"]
        if len(others):
            why = message("dpclim.another_station", sent=others.iloc[0], asked=order.station)
            answer.reject(why)
            raise origin.error(why)
        return rows[[*KEY, *STATION_VARIABLES]]

    def _check_columns(self, departement: str, answers: Mapping[Order, Received]) -> None:
        """Check that in each period some station has each column of `NEEDED`.

        A variable that one station lacks is missing; one that all lack must have been renamed.

        Raises:
            SourceError: a column is in no answer of a period.
        """
        origin = Origin(NAME, departement, f"{self._url}/commande/fichier")
        periods: dict[tuple[date, date], list[Received]] = {}
        for order, answer in answers.items():
            periods.setdefault((order.since, order.until), []).append(answer)
        for (since, until), of_period in periods.items():
            there = {name for each in of_period for name in columns_received(each, origin)}
            if missing := [name for name in NEEDED if name not in there]:
                for each in of_period:
                    each.reject(message("fault.no_column", columns=missing))
                why = message(
                    "dpclim.no_column",
                    columns=missing,
                    count=len(of_period),
                    since=since,
                    until=until,
                )
                raise origin.error(why, FORMAT)

    def _get(
        self,
        departement: str,
        url: str,
        params: Mapping[str, str],
        *,
        final: bool = False,
        keep_as: str | None = None,
        keep: bool = True,
        attempts: int | None = None,
    ) -> Received:
        """Return the content of `url`, requested with the key."""
        if self._key is None and not self._http.offline:
            raise Origin(NAME, departement, self._url).error(
                message("dpclim.no_key"), message("advice.get_key", url=KEYS_URL)
            )
        headers = {"apikey": self._key.get_secret_value()} if self._key else {}
        return self._http.get(
            url,
            source=f"{NAME}, département {departement}",
            params=params,
            headers=headers,
            final=final,
            keep_as=keep_as,
            keep=keep,
            attempts=attempts,
        )

    def _never_ready(
        self, departement: str, waiting: Mapping[Order, str], waited_s: float
    ) -> SourceError:
        stations = sorted({order.station for order in waiting})
        return Origin(NAME, departement, f"{self._url}/commande/fichier").error(
            message("dpclim.not_ready", count=len(waiting), seconds=waited_s, station=stations[0]),
            message("advice.kept_so_far"),
        )


def _today() -> date:
    """Return today's date, UTC."""
    return datetime.now(UTC).date()


def _years(since: date, until: date) -> Iterator[tuple[date, date]]:
    """Yield the first and last days of each calendar year from `since` to `until`."""
    for year in range(since.year, until.year + 1):
        start, end = max(since, date(year, 1, 1)), min(until, date(year, 12, 31))
        if start <= end:
            yield start, end


def _number(answer: Received, source: str) -> str:
    """Return the number under which an order can be fetched."""
    said = payload.json(answer, source)
    inner = said.get("elaboreProduitAvecDemandeResponse") if isinstance(said, dict) else None
    number = inner.get("return") if isinstance(inner, dict) else None
    if not isinstance(number, str | int) or isinstance(number, bool) or number == "":
        raise payload.unusable(answer, source, message("dpclim.no_number"), ADVICE)
    return str(number)


def _passing(error: SourceError, *, last: bool) -> Message:
    """Return the text of an error that may pass or concerns one station; raise any other."""
    status = error.status if isinstance(error, StatusError) else None
    passing = status is None or status in AGAIN | OF_ONE_STATION
    if not passing or (last and status not in OF_ONE_STATION):
        raise error
    if isinstance(error, StatusError) and error.reason:
        return verbatim(error.reason)
    return message("dpclim.error", status=str(status))


def _no_days() -> pd.DataFrame:
    """Return 0 rows of stations."""
    return pd.DataFrame(columns=[*KEY, *STATION_VARIABLES])


def _left_out(inactive: Mapping[Order, Message], answered: Collection[Order]) -> list[Message]:
    """Return a note for each station and reason, with the days that are left out.

    The API also calls a station inactive in the years before it opened. So days before the first
    ones that it sent are not reported.
    """
    opened: dict[str, date] = {}
    for order in answered:
        opened[order.station] = min(order.since, opened.get(order.station, order.since))
    orders: dict[tuple[str, str], list[Order]] = {}
    for order, why in inactive.items():
        if order.until >= opened.get(order.station, date.min):
            orders.setdefault((order.station, str(why)), []).append(order)
    return [
        message(
            "dpclim.left_out" if len(of_station) == 1 else "dpclim.orders_left_out",
            station=station,
            count=len(of_station),
            since=min(of_station).since,
            until=max(of_station).until,
            why=inactive[of_station[0]],
        )
        for (station, _), of_station in orders.items()
    ]


def _silent(asked: Collection[str], days: pd.DataFrame) -> list[Message]:
    """Return a note for each station that answered without a value."""
    there = set(days.loc[days[list(STATION_VARIABLES)].notna().any(axis=1), "station"])
    return [message("dpclim.silent", station=station) for station in sorted({*asked} - there)]


def build(parts: Parts) -> MeteoFranceApi:
    """Return the client built from `parts`."""
    settings = parts.settings
    return MeteoFranceApi(
        parts.http,
        parts.station_means,
        settings.meteo_france_api_key,
        url=settings.address("meteo_france_api_url"),
    )


def ask(http: Http, settings: Settings) -> None:
    """Ask for the stations of Paris."""
    key = settings.meteo_france_api_key
    headers = {} if key is None else {"apikey": key.get_secret_value()}
    url = f"{settings.address('meteo_france_api_url')}/liste-stations/quotidienne"
    answer = http.get(url, source=NAME, params={"id-departement": "75"}, headers=headers)
    usable_stations(answer, NAME)
