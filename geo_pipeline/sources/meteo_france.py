"""Météo-France's daily files of stations: one set for each département, no key needed.

data.gouv.fr lists them; the years in their names change with time. Rain, temperature and wind are
in one group of files; radiation, humidity and ETP in another. They begin in the 18th century and
are updated daily for the latest two years. Licence Ouverte 2.0. `docs/sources/meteo_france.md`
explains how the values are made.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

import numpy as np
import pandas as pd

from geo_pipeline.errors import SourceError
from geo_pipeline.settings import Settings
from geo_pipeline.sources import payload
from geo_pipeline.sources.faults import NEWER, asker, fault, later_or_set
from geo_pipeline.sources.http import MOST_LIST_BYTES, Http, Received
from geo_pipeline.sources.observed import Observed, Parts
from geo_pipeline.sources.questions import ask_for_files
from geo_pipeline.sources.station_files import (
    KEY,
    Origin,
    StationDays,
    once,
    read_received,
    table_of_stations,
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
from geo_pipeline.words import Message, message

NAME = "meteo-france"
URL = "https://www.data.gouv.fr"
DATASET = "donnees-climatologiques-de-base-quotidiennes"

FILE = re.compile(
    r"Q_(?P<departement>\w+?)_(?P<period>[\w-]+)_(?P<group>RR-T-Vent|autres-parametres)"
    r"\.csv(\.gz)?",
    re.IGNORECASE,
)
"""Names of the daily files: `Q_32_latest-2025-2026_RR-T-Vent.csv.gz`."""

YEARS = re.compile(r"(?:[a-z]+-)?(\d{4})-(\d{4})", re.IGNORECASE)
BEFORE = re.compile(r"avant-(\d{4})", re.IGNORECASE)
"""Open period in a name since 2026: `avant-1949`; other names have `latest-2025-2026`,
`1786-1949`."""
FIRST_YEAR = 1700
"""Earlier than any published observation."""

SETTLED_DAYS = 366
"""Days after the last year of a file, from which on the file is final."""

BASE_GROUP = "rr-t-vent"
OTHER_GROUP = "autres-parametres"

PLACES = ("NUM_POSTE", "NOM_USUEL", "LAT", "LON", "ALTI", "AAAAMMJJ")
NEEDED = {
    BASE_GROUP: (*PLACES, "RR", "QRR", "TN", "QTN", "TX", "QTX", "TM", "QTM", "FFM", "QFFM"),
    OTHER_GROUP: (
        *(*PLACES, "GLOT", "QGLOT", "UM", "QUM"),
        *("ETPMON", "QETPMON", "ETPGRILLE", "QETPGRILLE"),
    ),
}
"""Columns that a file of each group must have."""

GIVES = {
    BASE_GROUP: ("tmin_c", "tmax_c", "tmean_c", "precip_mm", "wind_m_s"),
    OTHER_GROUP: ("radiation_mj_m2", "rh_pct", "et0_source_mm"),
}
"""Columns that come from each group."""

LIST_FOR_S = 600.0
"""Seconds for which the list of files, with thousands of entries, is used before a new request."""

MOST_PAGES = 100

ADVICE = later_or_set("GEO_PIPELINE_DATA_GOUV_URL")


class StationFile(NamedTuple):
    """A file in the list: Météo-France's département code, first and last year, group.

    The years are 0 where the name does not contain them.
    """

    departement: str
    first_year: int
    last_year: int
    group: str
    url: str
    modified: str | None = None
    """Date of its last change, from the list."""
    length: int | None = None
    """Bytes, where the list tells them."""

    def touches(self, first_year: int, last_year: int) -> bool:
        """Return whether it may have days from `first_year` to `last_year`."""
        return self.first_year <= last_year and (first_year <= self.last_year or not self.last_year)


class MeteoFrance:
    """Daily weather of a département from the files of its stations.

    Args:
        http: the HTTP client.
        average: computes the mean of a département from its stations.
        url: data.gouv.fr, which lists the files, or a mirror of it.
        files_url: folder of the files, in place of the folder in the list.
        provisional_days: days before a current file came that may still change.
        files: the files, in place of the list; then no list is requested.
    """

    name = NAME

    def __init__(
        self,
        http: Http,
        average: StationAverage,
        *,
        url: str = URL,
        files_url: str | None = None,
        provisional_days: int = PROVISIONAL_DAYS,
        files: Sequence[StationFile] | None = None,
    ) -> None:
        self._http = http
        self._average = average
        self._given = files
        self._dataset_url = f"{url.rstrip('/')}/api/1/datasets/{DATASET}/"
        self._files_url = files_url
        self._provisional_days = provisional_days
        self._lock = threading.Lock()
        self._listed: tuple[float, list[StationFile]] | None = None

    def weather(self, departement: str, since: date, until: date) -> Observed:
        """Return the days from `since` to `until` (inclusive) that any station observed.

        Each value is the mean of the stations that reported it that day, weighted by area; NaN
        where none did. `stations` is the number of stations that reported rain.

        Raises:
            SourceError: the files cannot be received or read, or have no value in these days.
        """
        return self.report(departement, since, until).observed

    def report(self, departement: str, since: date, until: date) -> Report:
        """Return `weather` with its stations, their altitudes and weights."""
        files, final_before = self._files(departement, since, until)
        received: list[Received] = []
        rows: dict[str, list[pd.DataFrame]] = {BASE_GROUP: [], OTHER_GROUP: []}
        last_final = date.max
        for file in files:
            final = file.last_year < final_before
            answer = self._http.download(
                file.url, source=f"{NAME}, département {departement}", final=final
            )
            received.append(answer)
            origin = Origin(NAME, departement, file.url)
            days = read_received(answer, origin, since, until, needed=NEEDED[file.group])
            rows[file.group].append(days)
            settled = answer.received_at.date() - timedelta(days=self._provisional_days)
            if (days["date"] > pd.Timestamp(settled)).any():
                last_final = min(last_final, settled)
        origin = Origin(NAME, departement, " and ".join(file.url for file in files))
        observed = self._joined(departement, rows, origin)
        return report(
            self._average,
            origin,
            observed,
            provenance_of(NAME, received),
            label=f"{NAME}:stations",
            last_final=min(last_final, pd.Timestamp.max.date()),
            notes=_not_listed(files),
        )

    def listed(self) -> list[StationFile]:
        """Return the daily files in the list, of all départements and years.

        Raises:
            SourceError: the list cannot be received or read.
        """
        return list(self._list(None))

    def files(
        self, departement: str, since: date, until: date
    ) -> Iterator[tuple[StationFile, bool]]:
        """Yield the listed files that a period of a département takes, and whether each is final.

        Raises:
            SourceError: the list cannot be received or read, or has no file of these days.
        """
        self._list(None)
        files, final_before = self._files(departement, since, until)
        for file in files:
            yield file, file.last_year < final_before

    def _joined(
        self, departement: str, rows: Mapping[str, Sequence[pd.DataFrame]], origin: Origin
    ) -> StationDays:
        """Return the rows of both groups and all periods, side by side."""
        groups = {
            group: once(pd.concat(parts, ignore_index=True), origin)
            for group, parts in rows.items()
            if parts
        }
        stations = table_of_stations(pd.concat(groups.values(), ignore_index=True), origin)
        days = groups[BASE_GROUP][[*KEY, *GIVES[BASE_GROUP]]]
        if OTHER_GROUP in groups:
            others = groups[OTHER_GROUP][[*KEY, *GIVES[OTHER_GROUP]]]
            days = days.merge(others, on=KEY, how="outer", validate="one_to_one")
        else:
            days = days.assign(**dict.fromkeys(GIVES[OTHER_GROUP], np.nan))
        own = own_stations(self._average, departement, stations)
        return StationDays(own, days[[*KEY, *STATION_VARIABLES]])

    def _files(self, departement: str, since: date, until: date) -> tuple[list[StationFile], int]:
        """Return the files that touch the period, and the first year that may still change.

        Raises:
            SourceError: no file is listed for the département or touches the period, or the name of
                one does not contain its years.
        """
        origin = Origin(NAME, departement, self._dataset_url)
        code = own_code(departement)
        files = [file for file in self._list(departement) if file.departement == code]
        base = [file for file in files if file.group == BASE_GROUP]
        if not base:
            raise origin.error(message("dataset.no_file", file=f"Q_{code}_*_RR-T-Vent"), ADVICE)
        if unclear := [file.url for file in files if not file.last_year]:
            file = unclear[0].rpartition("/")[2]
            raise origin.error(message("dataset.no_years", file=file), NEWER)
        touching = [file for file in files if file.touches(since.year, until.year)]
        if not any(file.group == BASE_GROUP for file in touching):
            first, last = min(f.first_year for f in base), max(f.last_year for f in base)
            raise origin.error(
                message("dataset.other_days", since=since, until=until, first=first, last=last),
                message("advice.these_years"),
            )
        still_settling = (datetime.now(UTC).date() - timedelta(days=SETTLED_DAYS)).year
        return sorted(touching), min(still_settling, max(file.last_year for file in files))

    def _list(self, departement: str | None) -> list[StationFile]:
        """Return the daily files in the list, of all départements."""
        if self._given is not None:
            return list(self._given)
        with self._lock:
            now = time.monotonic()
            if self._listed is None or now - self._listed[0] > LIST_FOR_S:
                files = {file.url: file for file in self._resources(departement)}
                self._listed = now, list(files.values())
            return self._listed[1]

    def _resources(self, departement: str | None) -> Iterator[StationFile]:
        """Yield the files among the dataset's resources, over all pages."""
        page: str | None = self._dataset_url
        for _ in range(MOST_PAGES):
            if page is None:
                return
            asked = asker(NAME, departement)
            resources, following = _page(
                self._http.get(page, source=asked, max_bytes=MOST_LIST_BYTES), asked
            )
            for resource in resources:
                file = _file(resource, page, self._files_url)
                if file is not None:
                    yield file
            page = following and urljoin(page, following)
        what = message("dataset.too_many_pages", pages=MOST_PAGES)
        raise SourceError(fault(asker(NAME, departement), self._dataset_url, what, ADVICE))


def _page(answer: Received, source: str) -> tuple[list[Any], str | None]:
    """Return the resources on a page, and the address of the next page."""
    said = payload.json(answer, source)
    if not isinstance(said, dict):
        raise payload.unusable(answer, source, message("dataset.no_dataset"), ADVICE)
    resources, following = said.get("resources", said.get("data")), said.get("next_page")
    if isinstance(resources, dict):
        following = resources.get("next_page") or resources.get("href")
        resources = resources.get("data", [])
    if not isinstance(resources, list):
        what = message("dataset.no_resources")
        raise payload.unusable(answer, source, what, ADVICE)
    return resources, following if isinstance(following, str) else None


def _file(resource: Any, page: str, files_url: str | None) -> StationFile | None:
    """Return the daily file of a `resource`, None where it is something else."""
    url = resource.get("url") if isinstance(resource, dict) else None
    if not isinstance(url, str):
        return None
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    match = FILE.fullmatch(name)
    if match is None:
        return None
    first, last = _years(match["period"])
    place = f"{files_url.rstrip('/')}/{name}" if files_url else urljoin(page, url)
    modified = resource.get("last_modified")
    return StationFile(
        match["departement"].upper(),
        first,
        last,
        match["group"].lower(),
        place,
        modified if isinstance(modified, str) else None,
        payload.length(resource),
    )


def _years(period: str) -> tuple[int, int]:
    """Return the first and last year of a period in a name, 0 where it does not contain them."""
    if years := YEARS.fullmatch(period):
        return int(years[1]), int(years[2])
    if before := BEFORE.fullmatch(period):
        return FIRST_YEAR, int(before[1])
    return 0, 0


def _not_listed(files: Sequence[StationFile]) -> list[Message]:
    """Return a note for each period that has no file of the other group."""
    have = {(file.first_year, file.last_year, file.group) for file in files}
    return [
        message("dataset.no_other_group", group=OTHER_GROUP, first=first, last=last)
        for first, last, group in sorted(have)
        if group == BASE_GROUP and (first, last, OTHER_GROUP) not in have
    ]


def build(parts: Parts) -> MeteoFrance:
    """Return the client built from `parts`."""
    settings = parts.settings
    return MeteoFrance(
        parts.http,
        parts.station_means,
        url=settings.data_gouv_url,
        files_url=settings.meteo_france_url,
    )


def ask(http: Http, settings: Settings) -> None:
    """Ask data.gouv.fr for the list of files."""
    ask_for_files(http, settings.data_gouv_url, DATASET, NAME, FILE)
