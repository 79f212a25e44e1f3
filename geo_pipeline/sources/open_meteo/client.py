"""Open-Meteo's client: the requests for each département, and the answers kept before.

`request_periods` chooses the days of each request, `answers` reads the answers.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from geo_pipeline.errors import SourceError
from geo_pipeline.provenance import Provenance
from geo_pipeline.settings import Settings
from geo_pipeline.sources import payload
from geo_pipeline.sources.demand import Demand
from geo_pipeline.sources.faults import later_or_set
from geo_pipeline.sources.http import Http, NotKeptError, Received
from geo_pipeline.sources.observed import OBSERVED, Observed, Parts
from geo_pipeline.sources.open_meteo.answers import (
    MEASURES,
    VARIABLES,
    Means,
    read_means,
)
from geo_pipeline.sources.open_meteo.request_periods import (
    FIRST_DAY,
    PROVISIONAL_DAYS,
    Period,
    is_due,
    periods,
)
from geo_pipeline.sources.point_means import UnreadableError, no_point, no_value
from geo_pipeline.words import Message, verbatim

NAME = "open-meteo"
URL = "https://archive-api.open-meteo.com/v1/archive"
MODEL = "best_match"

KNOWN_AFTER_DAYS = 10
"""Days before today for which every weather archive has data."""

HOST = "open-meteo.com"
DAYS_A_CALL = 14
"""Open-Meteo counts each place as one call for every two weeks of up to ten variables."""

BYTES_A_DAY = 60
"""Length of an answer for each place and day: eight values and a date."""

ADVICE = later_or_set("GEO_PIPELINE_OPEN_METEO_URL")

_log = logging.getLogger(__name__)


class OpenMeteo:
    """The archive at `url`, used at `points` (departement, latitude, longitude in degrees)."""

    name = NAME

    def __init__(
        self,
        http: Http,
        points: pd.DataFrame,
        *,
        url: str = URL,
        model: str = MODEL,
        provisional_days: int = PROVISIONAL_DAYS,
        today: date | None = None,
    ) -> None:
        """Take the points of `spatial.sampling`; `today` is today's date in UTC by default."""
        self.http = http
        self.points = points
        self.url = url
        self.model = model
        self.provisional_days = provisional_days
        self.today = today

    def weather(self, departement: str, since: date, until: date) -> Observed:
        """Return the days from `since` to `until` (inclusive) that the archive has.

        Each value is the mean of the points that have one, if at least half of them do, else NaN;
        wind is at 10 m, as sent. Days without any value have no row, nor do today and later days.
        The provenance is that of the newest answer; for several answers `sha256` is the hash of
        their hashes, oldest period first. Impossible values are left out and reported in the notes.

        Raises:
            SourceError: the archive cannot be reached, refuses, sends too many impossible values,
                or has no value at all in these days.
        """
        places = self.points[self.points["departement"] == departement]
        if places.empty:
            raise SourceError(no_point(f"{NAME}, département {departement}", self.url))
        today = self._today()
        received: list[Received] = []
        parts: list[pd.DataFrame] = []
        left_out: list[Message] = []
        missing: list[NotKeptError] = []
        for period in periods(since, until, today=today, provisional_days=self.provisional_days):
            for answer, means in self._answered(departement, places, period, missing):
                received.append(answer)
                parts.append(means.rows)
                left_out += means.left_out
        if missing and not received:
            raise missing[0]
        if missing:
            _log.warning("%d dekads are not kept: %s", len(missing), missing[0])
        rows = pd.concat(parts or [pd.DataFrame(columns=MEASURES, index=pd.DatetimeIndex([]))])
        rows = rows.sort_index().loc[str(since) : str(until)].dropna(how="all")
        if rows.empty:
            there = (FIRST_DAY, today - timedelta(days=1))
            who = f"{NAME}, département {departement}"
            raise SourceError(no_value(who, self.url, (since, until), there))
        settled = pd.Timestamp(today - timedelta(days=self.provisional_days))
        observed = rows.reset_index().assign(
            departement=departement,
            swi_source=np.nan,
            stations=pd.array([pd.NA] * len(rows), dtype="Int64"),
            source=f"{NAME}:{self.model}",
            resolution="day",
            provisional=rows.index > settled,
        )
        return Observed(observed[list(OBSERVED)], _provenance(received), tuple(left_out))

    def demand(self, codes: Sequence[str], since: date, until: date) -> Demand:
        """Return what the weather of `codes` takes, besides the final answers that are kept."""
        requests, counted, days = 0, 0.0, 0
        for code in codes:
            places = self.points[self.points["departement"] == code]
            for period in periods(
                since, until, today=self._today(), provisional_days=self.provisional_days
            ):
                name = _name(code, period, self._query(places, period))
                if not (period.final and self.http.has_final(NAME, name)):
                    requests += 1
                    counted += calls(self.url, len(places), period)
                    days += len(places) * ((period.end - period.start).days + 1)
        return Demand(NAME, urlsplit(self.url).netloc, requests, counted, days * BYTES_A_DAY)

    def _answered(
        self,
        departement: str,
        places: pd.DataFrame,
        period: Period,
        missing: list[NotKeptError],
    ) -> Iterator[tuple[Received, Means]]:
        """Yield the answers for `period`, each with the département's means by day.

        Offline, a year or month that was only requested in parts is put together from them; parts
        that were never requested are added to `missing`.
        """
        query = self._query(places, period)
        try:
            answer, means = self._had(departement, places, period, query, final=period.final)
            asked_on, hole = answer.received_at.date(), means.hole
            if period.final and hole is not None and is_due(hole, asked_on, self._today()):
                answer, means = self._had(departement, places, period, query, final=False)
        except NotKeptError as error:
            parts = period.parts()
            for part in parts:
                yield from self._answered(departement, places, part, missing)
            if not parts:
                missing.append(error)
            return
        yield answer, means

    def _had(
        self,
        departement: str,
        places: pd.DataFrame,
        period: Period,
        query: Mapping[str, str],
        *,
        final: bool,
    ) -> tuple[Received, Means]:
        """Return the answer to `query`, and its means."""
        source = f"{NAME}, département {departement}"
        answer = self.http.get(
            self.url,
            source=source,
            params=query,
            final=final,
            keep_as=_name(departement, period, query),
            weight=calls(self.url, len(places), period),
        )
        document = payload.json(answer, source)
        try:
            means = read_means(document, places, period, answer.most_left_out)
        except UnreadableError as error:
            raise payload.unusable(answer, source, verbatim(error), ADVICE) from error
        for each in means.left_out:
            _log.warning("%s: %s", source, each)
        return answer, means

    def _today(self) -> date:
        return self.today or datetime.now(UTC).date()

    def _query(self, places: pd.DataFrame, period: Period) -> dict[str, str]:
        return {
            "latitude": ",".join(f"{degrees:.4f}" for degrees in places["latitude"]),
            "longitude": ",".join(f"{degrees:.4f}" for degrees in places["longitude"]),
            "daily": ",".join(variable.name for variable in VARIABLES),
            "timezone": "GMT",
            "wind_speed_unit": "ms",
            "models": self.model,
            "start_date": period.start.isoformat(),
            "end_date": period.end.isoformat(),
        }


def calls(url: str, places: int, period: Period) -> float:
    """Return what a request counts as: at Open-Meteo by its size, at a mirror one."""
    host = urlsplit(url).hostname or ""
    if host != HOST and not host.endswith(f".{HOST}"):
        return 1.0
    days = (period.end - period.start).days + 1
    return places * max(days / DAYS_A_CALL, 1.0)


def _name(departement: str, period: Period, query: Mapping[str, str]) -> str:
    """Return the name of the answer to `query` in the raw store."""
    return f"{departement} {period.name} {_digest(query)}"


def _digest(query: Mapping[str, str]) -> str:
    """Return a hash that distinguishes requests for the same département and period."""
    asked = [value for name, value in query.items() if name not in ("start_date", "end_date")]
    return sha256("&".join(asked).encode()).hexdigest()[:12]


def _provenance(received: Sequence[Received]) -> Provenance:
    """Return the origin of rows that came in one answer or several."""
    newest = received[-1]
    hashes = [answer.sha256 for answer in received]
    digest = hashes[0] if len(hashes) == 1 else sha256("".join(hashes).encode()).hexdigest()
    fetched_at = max(answer.received_at for answer in received)
    return Provenance(NAME, newest.url, fetched_at.isoformat(timespec="seconds"), digest)


def build(parts: Parts) -> OpenMeteo:
    """Return the client built from `parts`."""
    settings = parts.settings
    return OpenMeteo(
        parts.http,
        parts.points,
        url=settings.address("open_meteo_url"),
        model=settings.open_meteo_model,
        provisional_days=settings.provisional_days,
    )


def ask(http: Http, settings: Settings) -> None:
    """Ask for one day of Paris that every archive has."""
    paris = pd.DataFrame({"departement": ["75"], "latitude": [48.856], "longitude": [2.35]})
    day = datetime.now(UTC).date() - timedelta(days=KNOWN_AFTER_DAYS)
    url = settings.address("open_meteo_url")
    OpenMeteo(http, paris, url=url, model=settings.open_meteo_model).weather("75", day, day)
