"""The files that `geo-pipeline live` fetches: those of the grid (SIM2), or those of stations.

Each kind of files lists what some days take, tells the usual files where the list cannot be had,
and reads a file while it comes.
"""

import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from geo_pipeline.commands.live_plan import FILE_BYTES, STEP_YEARS, Download
from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.sources import meteo_france, sim2
from geo_pipeline.sources.http import MB, Received
from geo_pipeline.sources.stations import own_code
from geo_pipeline.spatial.grid import GridMeans
from geo_pipeline.spatial.grid_sums import Sums
from geo_pipeline.spatial.growing import ReadAhead

LATEST_BYTES: Final = 23 * MB
"""Usual length of the grid of the last 60 days."""

STATION_BYTES: Final = {
    meteo_france.BASE_GROUP: (8 * MB, 400_000),
    meteo_france.OTHER_GROUP: (4 * MB, 250_000),
}
"""Assumed lengths of a département's station files: of the years since 1950, of the last two."""


class Files(Protocol):
    """The files of a provider of weather."""

    name: str
    step_years: Sequence[int]
    """Years after which what is there is published; none where one file has all years."""

    def listed(self, codes: Sequence[str], since: date, until: date) -> list[Download]:
        """Return the files that these days take.

        Raises:
            SourceError: the list cannot be had, or has none of these days.
        """
        ...

    def usual(self, codes: Sequence[str], since: date, until: date) -> list[Download]:
        """Return the usual files of these days, with their usual lengths, without asking."""
        ...

    def arriving(self, path: Path, size: int) -> None:
        """Read a file while it comes: `size` bytes are in `path`."""
        ...

    def read(self, received: Received) -> None:
        """Read a file that has come, as far as what is read of it is kept."""
        ...


class _Ahead(NamedTuple):
    """A file that is read while it comes."""

    means: GridMeans
    reading: ReadAhead[Sums]


class GridFiles:
    """The files of SIM2: one for each year, the same for all départements."""

    name = sim2.NAME
    step_years: Sequence[int] = STEP_YEARS

    def __init__(self, workspace: Workspace) -> None:
        self._settings = workspace.settings
        self._client = sim2.build(workspace.providers)
        self._reading = threading.Lock()
        self._ahead: dict[Path, _Ahead] = {}

    def listed(self, codes: Sequence[str], since: date, until: date) -> list[Download]:
        """Return the files that these days take."""
        return [
            Download(
                file.url,
                file.first,
                file.last,
                file.kind == sim2.FINAL,
                file.checksum,
                file.length,
            )
            for file in (self._client.files(since, until) if codes else ())
        ]

    def usual(self, codes: Sequence[str], since: date, until: date) -> list[Download]:
        """Return a file for each year, and that of the last days."""
        if not codes:
            return []
        years = [
            _usual(f"QUOT_SIM2_{year}.csv.gz", year, year, FILE_BYTES)
            for year in range(since.year, until.year + 1)
        ]
        latest = _usual("QUOT_SIM2_latest.csv.gz", until.year, until.year, LATEST_BYTES)
        return [*years, latest]

    def arriving(self, path: Path, size: int) -> None:
        """Sum up a file while it comes; its sums count once its checksum was verified."""
        if path.parent not in self._ahead:
            means = self._grid_means()
            self._ahead[path.parent] = _Ahead(means, ReadAhead(means.sums))
        self._ahead[path.parent].reading.grown(path, size)

    def read(self, received: Received) -> None:
        """Keep the means of all départements, which the runs then find.

        A file that was not read while it came is read now; one at a time. What is wrong with it is
        left to the run that needs it: it fetches it once more.
        """
        if received.path is None:
            return
        ahead = self._ahead.pop(received.path.parent, None)
        means = ahead.means if ahead else self._grid_means()
        sums = ahead.reading.result() if ahead else None
        with self._reading, suppress(GeoPipelineError):
            means.means(received.path, received.sha256, sums)

    def _grid_means(self) -> GridMeans:
        # The outlines are those of the lake as soon as it has some, as in the runs.
        return Workspace(self._settings).providers.grid_means


class StationFiles:
    """The files of stations: two groups for each département, of the past and of the last years."""

    name = meteo_france.NAME
    step_years: Sequence[int] = ()

    def __init__(self, workspace: Workspace) -> None:
        self._client = meteo_france.build(workspace.providers)

    def listed(self, codes: Sequence[str], since: date, until: date) -> list[Download]:
        """Return the files that these days take; those of Corsica are one set for both halves."""
        found = {}
        for code in codes:
            for file, final in self._client.files(code, since, until):
                first, last = date(file.first_year, 1, 1), date(file.last_year, 12, 31)
                found[file.url] = Download(
                    file.url,
                    first,
                    last,
                    final,
                    length=file.length,
                    assumed=STATION_BYTES[file.group][not final],
                )
        return list(found.values())

    def usual(self, codes: Sequence[str], since: date, until: date) -> list[Download]:
        """Return the files of the past and of the last two years, of both groups."""
        latest = until.year - 1
        files = []
        for code in {own_code(code): None for code in codes}:
            for group, (past, last) in STATION_BYTES.items():
                name = f"Q_{code}_{{}}_{group}.csv.gz"
                files.append(_usual(name.format("latest"), latest, until.year, last))
                if since.year < latest:
                    files.append(_usual(name.format("previous"), 1950, latest - 1, past))
        return files

    def arriving(self, path: Path, size: int) -> None:
        """Read nothing, as `read`."""

    def read(self, received: Received) -> None:
        """Read nothing: what is read of these files is not kept."""


def files_of(workspace: Workspace) -> Files:
    """Return the files of the provider that the settings choose."""
    if workspace.settings.source == meteo_france.NAME:
        return StationFiles(workspace)
    return GridFiles(workspace)


def _usual(name: str, first: int, last: int, length: int) -> Download:
    return Download(name, date(first, 1, 1), date(last, 12, 31), final=False, assumed=length)
