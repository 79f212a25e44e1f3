"""VigiEau's client: its requests, and the frames made of the answers.

The answers are read in `levels` and `zones`; `dataset` chooses the file of zones.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import reduce
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pandas as pd

from geo_pipeline.errors import SourceError
from geo_pipeline.provenance import Provenance
from geo_pipeline.settings import Settings
from geo_pipeline.sources import payload
from geo_pipeline.sources.http import MOST_LIST_BYTES, Http, Received
from geo_pipeline.sources.observed import Parts
from geo_pipeline.sources.payload import Sieve
from geo_pipeline.sources.vigieau.dataset import zones_as_of, zones_in_force
from geo_pipeline.sources.vigieau.levels import LEVEL_FIELDS, read_levels
from geo_pipeline.sources.vigieau.values import NAME, UnusableError, reading
from geo_pipeline.sources.vigieau.zones import Zones, read_zones
from geo_pipeline.territory import TIME_ZONE
from geo_pipeline.words import message

API_URL = "https://api.vigieau.gouv.fr"
OLDER_API_URLS = ("https://api.vigieau.beta.gouv.fr",)
DATASET_URL = "https://www.data.gouv.fr/api/1/datasets/donnee-secheresse-vigieau/"

_log = logging.getLogger(__name__)


class Restrictions(NamedTuple):
    """Levels of one day."""

    rows: pd.DataFrame
    """As in the table `water_restrictions`: the 101 départements; None: no restriction."""
    unknown: tuple[tuple[str, str], ...]
    """Département and column for which VigiEau says that it has no level."""
    left_out: tuple[tuple[str, str], ...]
    """What has no row, and why: départements that are missing or unreadable, and unknown places."""
    provenance: Provenance


class Vigieau:
    """Restrictions from the API at `url` and from the files of the dataset at `dataset_url`.

    Args:
        http: the HTTP client.
        url: base of the API, without `/api/departements`.
        older_urls: tried in turn when it fails; by default VigiEau's own, for its own API only.
        dataset_url: the list of files.
        now: returns the time.
    """

    name = NAME

    def __init__(
        self,
        http: Http,
        url: str = API_URL,
        older_urls: Sequence[str] | None = None,
        dataset_url: str = DATASET_URL,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.http = http
        if older_urls is None:
            older_urls = OLDER_API_URLS if url.rstrip("/") == API_URL else ()
        self.urls = (url, *older_urls)
        self.dataset_url = dataset_url
        self.now = now

    def levels(self) -> Restrictions:
        """Return the levels in force today in Paris; offline, on the day they were received.

        Raises:
            SourceError: no address of the API answers with JSON, a département occurs twice, or too
                many are missing, unknown, or have a missing or unknown level.
        """
        received, body = self._departements()
        # An unchanged answer keeps the time at which it first came.
        known_at = received.received_at if self.http.offline else self.now()
        sieve = Sieve(self.http.most_left_out)
        with reading(received):
            rows, unknown = read_levels(body, sieve)
        frame = pd.DataFrame(rows, columns=["departement", *LEVEL_FIELDS.values()])
        frame.insert(1, "date", pd.Timestamp(paris_day(known_at)))
        frame["date"] = frame["date"].astype("datetime64[ns]")
        frame = frame.sort_values("departement", ignore_index=True)
        return Restrictions(frame, unknown, tuple(sieve.left_out), _provenance(received))

    def zones(self) -> Zones:
        """Return the alert zones in force from the GeoJSON file in the dataset.

        Raises:
            SourceError: the dataset has no such file, or it cannot be read: too many zones have an
                unknown type, level or département, or are no polygon in France.
        """
        received = self.http.get(self._listed(zones_in_force)[0], source=self.name)
        body = payload.json(received, self.name)
        with reading(received):
            return read_zones(body, Sieve(self.http.most_left_out), _provenance(received))

    def marks(self) -> dict[str, str]:
        """Return values that change when levels or zones do, by the requested address.

        Where the list of zones cannot be received they are left out: the levels are valid without.

        Raises:
            SourceError: the levels cannot be received.
        """
        levels, _ = self._departements()
        marks = {levels.url: levels.sha256}
        try:
            (marks[self.dataset_url],) = self._listed(zones_as_of)
        except SourceError as error:
            _log.info("%s", error)
        return marks

    def _departements(self) -> tuple[Received, Any]:
        """Return the first answer that is JSON."""
        errors = []
        for url in self.urls:
            try:
                address = f"{url.rstrip('/')}/api/departements"
                received = self.http.get(address, source=self.name, max_bytes=MOST_LIST_BYTES)
                return received, payload.json(received, self.name)
            except SourceError as error:
                errors.append(error)
        told = reduce(
            lambda first, then: message("vigieau.then", first=first, then=then),
            (error.message for error in errors),
        )
        raise SourceError(told) from errors[-1]

    def _listed(self, choose: Callable[[list[dict[str, Any]]], list[str]]) -> list[str]:
        """Return the addresses of some of the files in the dataset."""
        received = self.http.get(self.dataset_url, source=self.name, max_bytes=MOST_LIST_BYTES)
        body = payload.json(received, self.name)
        with reading(received):
            listed = body.get("resources") if isinstance(body, dict) else None
            if not isinstance(listed, list) or not all(
                isinstance(entry, dict) and isinstance(entry.get("url"), str) for entry in listed
            ):
                raise UnusableError(message("vigieau.no_resources"))
            return choose(listed)


def paris_day(received_at: datetime) -> date:
    """Return the French day at `received_at`, which has a time zone."""
    return received_at.astimezone(ZoneInfo(TIME_ZONE)).date()


def _provenance(received: Received) -> Provenance:
    """Return the origin of rows."""
    return Provenance(NAME, received.url, received.received_at.isoformat(), received.sha256)


def build(parts: Parts) -> Vigieau:
    """Return the client built from `parts`."""
    settings = parts.settings
    return Vigieau(
        parts.http,
        settings.vigieau_url,
        dataset_url=settings.vigieau_dataset_url,
    )


def ask(http: Http, settings: Settings) -> None:
    """Ask for the levels in force."""
    Vigieau(http, settings.vigieau_url).levels()
