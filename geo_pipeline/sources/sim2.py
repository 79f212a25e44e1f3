"""SAFRAN-ISBA (SIM2): Météo-France's analysis of France on an 8 km grid, daily since August 1958.

It gives weather without gaps, with ETP and the official soil wetness index. data.gouv.fr lists a
file for each year and one with the last 60 days. Until July 2026, and on mirrors, it is a file for
each decade, one of the current decade up to last month, and one with the days since. Licence
Ouverte 2.0. `docs/sources/sim2.md` explains how the values are made.
"""

import math
import re
import threading
import time
from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote, urljoin, urlsplit

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo_pipeline.errors import SourceError
from geo_pipeline.provenance import Provenance
from geo_pipeline.settings import Settings
from geo_pipeline.sources import payload
from geo_pipeline.sources.faults import LATER, asker, fault, later_or_set, told_by
from geo_pipeline.sources.http import MOST_LIST_BYTES, Checksum, Http, Received
from geo_pipeline.sources.observed import OBSERVED, Observed, Parts
from geo_pipeline.sources.questions import ask_for_files
from geo_pipeline.sources.stations import provenance_of
from geo_pipeline.territory import BY_CODE
from geo_pipeline.words import Message, message

NAME = "sim2"
URL = "https://www.data.gouv.fr"
DATASET = "donnees-changement-climatique-sim-quotidienne"

FILE = re.compile(r"QUOT_SIM2_(?P<period>[\w-]+)\.csv(\.gz)?$", re.IGNORECASE)
"""Names of the files: `QUOT_SIM2_2025.csv.gz`, `QUOT_SIM2_latest.csv.gz`; in the older layout
`QUOT_SIM2_2010-2019.csv.gz`, `QUOT_SIM2_latest-20260901-20260922.csv.gz`."""

PERIOD = re.compile(
    r"(?:(?P<kind>latest|previous)[-_])?(?P<first>\d{8}|\d{6}|\d{4})[-_](?P<last>\d{8}|\d{6}|\d{4})",
    re.IGNORECASE,
)

YEAR = re.compile(r"\d{4}")

FINAL, PREVIOUS, LATEST = range(3)
"""Kinds of files: past years or a past decade, those still rewritten, the last days."""

REWRITTEN_YEARS = 4
"""Past years that Météo-France recomputes, twice a month."""

LATEST_DAYS = 366
"""Days before today that a `latest` file without dates in its name may have: 60 are published."""

FRESH_FOR_S = 600.0
"""Seconds for which the list and the files are used, valid or not, before a new request."""

PAUSE_S = 60.0
"""Seconds before a failed request is repeated, for whichever département."""

DAMAGED = frozenset({"grid.gzip_cut", "grid.gzip_damaged"})
"""What is wrong with a file that was cut or changed on its way: another download may be whole."""

CLOCKS_APART = timedelta(days=1)
"""Most that the last day may lie after the day on which the file came."""

MJ_M2_PER_J_CM2 = 0.01

ADVICE = later_or_set("GEO_PIPELINE_SIM2_URL")


class Means(Protocol):
    """Computes the daily means of départements from grid files: `spatial.grid.GridMeans`."""

    def __call__(self, path: Path, sha256: str, departement: str) -> pa.Table:
        """Return the days of a département in a file.

        Raises:
            SourceError: the file is unusable.
        """
        ...

    def has(self, sha256: str) -> bool:
        """Return whether the means of a received file are kept, so that it need not be read."""
        ...


class GridFile(NamedTuple):
    """A listed file. Where several have a day, the first kind is the best."""

    kind: int
    first: date
    last: date
    url: str
    checksum: Checksum | None = None
    length: int | None = None
    """Bytes, where the list tells them."""


class Sim2:
    """Daily weather of a département from the grid files of SIM2. Threads may share it.

    Args:
        http: the HTTP client.
        means: computes means of départements from a file.
        url: data.gouv.fr, which lists the files, or a mirror of it.
        files_url: folder of the files, in place of the folder in the list.
        dataset: slug or id of the dataset there.
    """

    name = NAME

    def __init__(
        self,
        http: Http,
        means: Means,
        *,
        url: str = URL,
        files_url: str | None = None,
        dataset: str = DATASET,
    ) -> None:
        self._http = http
        self._means = means
        self._dataset_url = f"{url.rstrip('/')}/api/1/datasets/{dataset}/"
        self._files_url = files_url
        self._lock = threading.Lock()
        self._received: dict[str, tuple[float, Received]] = {}
        self._failed: dict[str, tuple[float, Message]] = {}

    def weather(self, departement: str, since: date, until: date) -> Observed:
        """Return the days from `since` to `until` (inclusive) that the grid has.

        Each value is the mean over the cells of the département that have one, weighted by area;
        NaN where none has. Extremes of temperature are NaN in files without them. Wind is at 10 m.
        Overseas, outside the grid, there are 0 rows.

        Raises:
            SourceError: the files cannot be received or read, or none covers these days.
        """
        rows, provenance, files = self._days(departement, since, until)
        return Observed(_observed(rows, departement), provenance, grid_files=files)

    def coverage(self, departement: str, since: date, until: date) -> pd.DataFrame:
        """Return the basis of the means: date, cells (number), coverage_pct of the area.

        Errors are those of `weather`.
        """
        rows, *_ = self._days(departement, since, until)
        return rows[["date", "cells", "coverage_pct"]]

    def listed(self, since: date = date.min, until: date = date.max) -> dict[str, str | None]:
        """Return the addresses of the listed grid files of a period, and when they changed.

        Raises:
            SourceError: the list cannot be received or read.
        """
        listed = self._http.get(self._dataset_url, source=NAME, max_bytes=MOST_LIST_BYTES)
        said = payload.json(listed, NAME)
        resources = said.get("resources") if isinstance(said, dict) else None
        if not isinstance(resources, list):
            raise payload.unusable(listed, NAME, message("dataset.no_resources"))
        files = {}
        for resource in resources:
            file = self._file(resource, listed.received_at)
            if file is not None and file.first <= until and since <= file.last:
                modified = resource.get("last_modified")
                files[file.url] = modified if isinstance(modified, str) else None
        return files

    def files(self, since: date, until: date) -> list[GridFile]:
        """Return the listed files that the days from `since` to `until` take, the best first.

        Raises:
            SourceError: the list cannot be received or read, or has none of these days.
        """
        with self._lock:
            listed = self._fetch(self._dataset_url)
        return self._files(listed, None, since, until)

    def _days(
        self, departement: str, since: date, until: date
    ) -> tuple[pd.DataFrame, Provenance, tuple[str, ...]]:
        """Return the means of `departement` in the period, each day once, their origin, and the
        SHA-256 of the files."""
        with self._lock:
            listed = self._fetch(self._dataset_url, departement)
            try:
                files = self._files(listed, departement, since, until)
            except SourceError:
                del self._received[self._dataset_url]
                raise
        if BY_CODE[departement].overseas:
            return _no_days(), provenance_of(NAME, [listed]), ()
        parts, received = [], []
        for file in files:
            with self._lock:
                answer, rows = self._read(file, departement)
            provisional = pa.array(np.full(len(rows), file.kind == LATEST))
            parts.append(rows.append_column("provisional", provisional))
            received.append(answer)
        every = pa.concat_tables(part.replace_schema_metadata(None) for part in parts)
        # The days in their order, each of the first file that has it, which is the best.
        dates, first = np.unique(every["date"].to_numpy(), return_index=True)
        wanted = (dates >= np.datetime64(since)) & (dates <= np.datetime64(until))
        days: pd.DataFrame = every.take(first[wanted]).to_pandas(
            date_as_object=False, coerce_temporal_nanoseconds=True
        )
        hashes = tuple(answer.sha256 for answer in received)
        return days, provenance_of(NAME, received), hashes

    def _read(self, file: GridFile, departement: str) -> tuple[Received, pa.Table]:
        """Return a file and its means of `departement`; one that came damaged is fetched once more.

        Raises:
            SourceError: it cannot be received, or read.
        """
        answer = self._fetch(file.url, departement, file)
        try:
            return answer, self._rows(answer, file, departement)
        except SourceError as error:
            why = getattr(error.__cause__, "message", error.message)
            if why.key not in DAMAGED or self._http.offline:
                raise
        del self._failed[file.url]
        answer = self._fetch(file.url, departement, file)
        return answer, self._rows(answer, file, departement)

    def _rows(self, answer: Received, file: GridFile, departement: str) -> pa.Table:
        """Return the means of `departement` from one file.

        Raises:
            SourceError: the file is unusable, and rejected.
        """
        try:
            if answer.path is None:
                raise SourceError(message("sim2.not_kept"))
            rows = self._means(answer.path, answer.sha256, departement)
            last = pc.max(rows["date"]).as_py()
            if last is not None and last > answer.received_at.date() + CLOCKS_APART:
                raise SourceError(message("sim2.to_come", day=last))
        except SourceError as error:
            answer.reject(error.message)
            del self._received[file.url]
            why = fault(f"{NAME}, département {departement}", file.url, error.message, ADVICE)
            self._failed[file.url] = time.monotonic() + FRESH_FOR_S, why
            raise SourceError(why) from error
        return rows

    def _files(
        self, listed: Received, departement: str | None, since: date, until: date
    ) -> list[GridFile]:
        """Return the files that touch the period, the best first.

        Raises:
            SourceError: none is listed, or none touches the period.
        """
        who = asker(NAME, departement)

        def refused(what: Message, advice: Message = LATER) -> SourceError:
            return SourceError(fault(who, self._dataset_url, what, advice))

        said = payload.json(listed, who)
        resources = said.get("resources") if isinstance(said, dict) else None
        if not isinstance(resources, list):
            listed.reject(message("dataset.no_dataset"))
            raise refused(message("dataset.no_resources"))
        found = {self._file(each, listed.received_at) for each in resources} - {None}
        files = sorted(
            (file for file in found if file is not None),
            key=lambda file: (file.kind, file.last - file.first, -file.last.toordinal(), file.url),
        )
        if not files:
            raise refused(message("dataset.no_grid_file", file="QUOT_SIM2_*.csv.gz"))
        touching = _needed(files, since, until)
        if not touching:
            first, last = min(file.first for file in files), max(file.last for file in files)
            raise refused(
                message("dataset.other_days", since=since, until=until, first=first, last=last),
                message("advice.between"),
            )
        return touching

    def _file(self, resource: Any, listed_at: datetime) -> GridFile | None:
        """Return the grid file of a `resource`, None where it is something else."""
        url = resource.get("url") if isinstance(resource, dict) else None
        if not isinstance(url, str):
            return None
        name = unquote(urlsplit(url).path).rpartition("/")[2]
        match = FILE.fullmatch(name)
        if match is None:
            return None
        place = (
            f"{self._files_url.rstrip('/')}/{name}"
            if self._files_url
            else urljoin(self._dataset_url, url)
        )
        kind, first, last = _period(match["period"], listed_at.date())
        return GridFile(
            kind, first, last, place, payload.checksum(resource), payload.length(resource)
        )

    def _fetch(
        self, url: str, departement: str | None = None, file: GridFile | None = None
    ) -> Received:
        """Return the list, or a `file`; a request, failed or not, is repeated only after a while.

        All départements need the same files, so the failure of one counts for the others.
        """
        source = asker(NAME, departement)
        asked_at, answer = self._received.get(url, (-math.inf, None))
        if answer is not None and time.monotonic() - asked_at < FRESH_FOR_S:
            return answer
        if url in self._failed:
            until, why = self._failed[url]
            if time.monotonic() < until:
                raise SourceError(told_by(why, source))
        try:
            if file is None:
                answer = self._http.get(url, source=source, max_bytes=MOST_LIST_BYTES)
            else:
                answer = self._http.download(
                    url,
                    source=source,
                    final=file.kind == FINAL,
                    checksum=file.checksum,
                    unread=self._means.has,
                )
        except SourceError as error:
            self._failed[url] = time.monotonic() + PAUSE_S, error.message
            raise
        self._received[url] = time.monotonic(), answer
        return answer


def _needed(files: Sequence[GridFile], since: date, until: date) -> list[GridFile]:
    """Return the `files`, best first, with days of the period that no earlier one has.

    The file of the last year or of the current decade ends before the days of `latest`, which is
    always needed where it has any.
    """
    missing = np.ones((until - since).days + 1, dtype=bool)
    needed = []
    for file in files:
        if file.first > until or since > file.last:
            continue
        days = slice(max((file.first - since).days, 0), max((file.last - since).days + 1, 0))
        if file.kind == LATEST or missing[days].any():
            needed.append(file)
        missing[days] = False
    return needed


def _period(text: str, today: date) -> tuple[int, date, date]:
    """Return kind, first and last day of a file from the `text` in its name.

    A file whose name has no dates may have any.
    """
    settled = date(today.year - REWRITTEN_YEARS, 1, 1)
    if YEAR.fullmatch(text):
        first, last = _day(text, end=False), _day(text, end=True)
        return FINAL if last < settled else PREVIOUS, first, last
    if text.lower() == "latest":
        return LATEST, today - timedelta(days=LATEST_DAYS), date.max
    match = PERIOD.fullmatch(text)
    said = (match["kind"] or "").lower() if match else text.lower()
    kind = LATEST if "latest" in said else PREVIOUS
    if match is None:
        return kind, date.min, date.max
    try:
        first, last = _day(match["first"], end=False), _day(match["last"], end=True)
    except ValueError:
        return kind, date.min, date.max
    whole_years = len(match["first"]) == len(match["last"]) == 4
    if not said and whole_years and last < settled:
        kind = FINAL
    return kind, first, last


def _day(text: str, *, end: bool) -> date:
    """Return the first or last day of `text`, a year, month or day in digits."""
    year, month, day = int(text[:4]), int(text[4:6] or (12 if end else 1)), text[6:]
    if day:
        return date(year, month, int(day))
    return date(year, month, monthrange(year, month)[1] if end else 1)


def _observed(rows: pd.DataFrame, departement: str) -> pd.DataFrame:
    """Return the means of cells as the columns `OBSERVED`, in their units."""
    frame = pd.DataFrame(
        {
            "departement": departement,
            "date": rows["date"],
            **{name: rows[name] for name in ("tmin_c", "tmax_c", "tmean_c", "precip_mm")},
            "radiation_mj_m2": rows["radiation_j_cm2"] * MJ_M2_PER_J_CM2,
            "wind_m_s": rows["wind_10m_m_s"],
            # The analysis may be slightly above saturation.
            "rh_pct": rows["rh_pct"].clip(upper=100.0),
            "et0_source_mm": rows["etp_mm"],
            "swi_source": rows["swi"],
            "stations": pd.Series(pd.NA, index=rows.index, dtype="Int64"),
            "source": NAME,
            "resolution": "day",
            "provisional": rows["provisional"],
        }
    )
    return frame[list(OBSERVED)]


def _no_days() -> pd.DataFrame:
    """Return means of 0 days."""
    values = ("tmin_c", "tmax_c", "tmean_c", "precip_mm", "radiation_j_cm2", "wind_10m_m_s")
    numbers = (*values, "rh_pct", "etp_mm", "swi", "coverage_pct")
    kinds = {"date": "datetime64[ns]", "cells": "int64", **dict.fromkeys(numbers, "float64")}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()}).assign(
        provisional=pd.Series(dtype=bool)
    )


def build(parts: Parts) -> Sim2:
    """Return the client built from `parts`."""
    settings = parts.settings
    return Sim2(
        parts.http,
        parts.grid_means,
        url=settings.data_gouv_url,
        files_url=settings.sim2_url,
    )


def ask(http: Http, settings: Settings) -> None:
    """Ask data.gouv.fr for the list of files."""
    ask_for_files(http, settings.data_gouv_url, DATASET, NAME, FILE)
