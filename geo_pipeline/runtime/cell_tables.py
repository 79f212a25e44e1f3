"""Tables by cell of a grid inside each département, for départements whose weather is of the grid.

The step that fetches the weather knows which grid files it is made from. It leaves a note for each
département in `<home>/reports/grid_files`; the cells of these files were kept while they were read
(`spatial.grid`), so that nothing is read again here. What makes rows can be sent to another process
and so knows nothing of Dagster.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from geo_pipeline import notes
from geo_pipeline.runtime.making import Grown
from geo_pipeline.runtime.needed_weather import NeededWeather
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.spatial import cell_files
from geo_pipeline.spatial.cell_files import Span
from geo_pipeline.storage.lake import Lake
from geo_pipeline.table_rows import empty, validate
from geo_pipeline.tables import TABLES, chosen
from geo_pipeline.transforms.area_in_class import READ, area_in_class

CELLS = "cell_dekads"
AREAS = "area_in_class"
ONE_DAY: Final = timedelta(days=1)


def note(workspace: Workspace, code: str, files: Sequence[str]) -> None:
    """Keep the SHA-256 of the grid files of a département, the best first; without, remove them.

    Where the settings have no grid any more, its cells go too: they are of other weather.

    Raises:
        StorageError: the note cannot be written.
    """
    path = _folder(workspace) / f"{code}.json"
    if files:
        notes.write(path, list(files))
        return
    path.unlink(missing_ok=True)
    if TABLES[CELLS] not in chosen(workspace.settings):
        for table in (CELLS, AREAS):
            workspace.lake.path(table, code).unlink(missing_ok=True)


def noted(workspace: Workspace, codes: Sequence[str]) -> dict[str, tuple[Path, ...]]:
    """Return the files with the cells of each of `codes`, none for one without a grid.

    Raises:
        DamagedError: a note cannot be read.
    """
    grid, found = workspace.providers.grid_means, {}
    for code in codes:
        try:
            hashes = notes.read(_folder(workspace) / f"{code}.json")
        except FileNotFoundError:
            hashes = []
        found[code] = tuple(grid.cells(each) for each in hashes)
    return found


def _folder(workspace: Workspace) -> Path:
    return workspace.settings.home / "reports" / "grid_files"


class _Made(NamedTuple):
    """What the rows of a département were made from: kept in the footer of its file."""

    first_day: str | None
    """First day of its weather, ISO; None without weather."""
    spans: list[Span]
    """The files and their dekads, the best first."""

    @classmethod
    def read(cls, state: str) -> "_Made":
        """Return what `kept` wrote, nothing of a file without it."""
        if not state:
            return cls(None, [])
        first_day, spans = json.loads(state)
        dated = ((file, *map(date.fromisoformat, ends)) for file, *ends in spans)
        return cls(first_day, [Span(*each) for each in dated])

    def kept(self) -> str:
        """Return it as text."""
        spans = [(each.file, each.first.isoformat(), each.last.isoformat()) for each in self.spans]
        return json.dumps([self.first_day, spans])

    def same_before(self, now: "_Made") -> date:
        """Return the first dekad that may have other rows in `now`: those before have the same."""
        ours, others = ({each.file for each in made.spans} for made in (self, now))
        if self.first_day != now.first_day or [
            each for each in self.spans if each.file in others
        ] != [each for each in now.spans if each.file in ours]:
            return date.min
        either = (each for each in (*self.spans, *now.spans) if each.file in ours ^ others)
        return min((each.first for each in either), default=date.max)


class _Since(NamedTuple):
    """What is to be made of a département: its dekads from `since` to `until`, of the `files`."""

    files: tuple[Path, ...]
    since: date
    until: date


@dataclass(frozen=True, eq=False)
class CellDekads:
    """Makes `cell_dekads` from the kept cells of grid files, `files` by département.

    Where a file was made by the same `method`, the dekads stay before the first that a grid file
    which is new or gone has. A fresh dekad so costs those of the file of the last days.
    """

    weather: NeededWeather
    files: Mapping[str, tuple[Path, ...]]
    method: str
    """Hash of the code that made the cells."""

    def __call__(self, codes: Sequence[str]) -> Grown:
        """Return the valid rows of `codes`, of the dekads whose weather is in the lake."""
        spans = {files: cell_files.spans(files) for files in {self.files[code] for code in codes}}
        together: dict[_Since, list[str]] = {}
        before: dict[str, pa.Table] = {}
        states: dict[str, str] = {}
        for code in codes:
            files = self.files[code]
            known = self.weather.lake.footer("weather_daily", code)
            first, until = known.first_date, self.weather.until(code) or known.last_date
            if not files or first is None or until is None:
                continue
            made = _Made(first.isoformat(), spans[files])
            states[code] = made.kept()
            stay = self._staying(code, made, until)
            since = first
            if stay is not None:
                before[code], since = stay
            last = {each.file: each.last for each in spans[files]}
            needed = tuple(each for each in files if last.get(each.name, date.min) >= since)
            together.setdefault(_Since(needed, since, until), []).append(code)
        parts = [_rows_since(what, some) for what, some in together.items() if what.files]
        rows = validate(CELLS, pd.concat(parts, ignore_index=True)) if parts else empty(CELLS)
        return Grown(rows, before, states)

    def _staying(self, code: str, made: _Made, until: date) -> tuple[pa.Table, date] | None:
        """Return the rows that stay in the file of a département, and the dekad that follows."""
        found = self.weather.lake.grown_by(CELLS, code, self.method)
        if found is None:
            return None
        footer, rows = found
        if footer.last_date is None:  # it has no rows
            return None
        same = _Made.read(footer.state).same_before(made)
        after = min(same, footer.last_date + ONE_DAY, until + ONE_DAY)
        count = int(np.searchsorted(rows["period_end"].to_numpy(), np.datetime64(after)))
        return (rows.slice(0, count), after) if count else None


def _rows_since(what: _Since, codes: Sequence[str]) -> pd.DataFrame:
    """Return the rows of some départements within some days."""
    rows = cell_files.joined(what.files, codes)
    since, until = pd.Timestamp(what.since), pd.Timestamp(what.until)
    known: pd.DataFrame = rows[rows["period_end"].between(since, until)]
    return known


@dataclass(frozen=True, eq=False)
class AreaInClass:
    """Makes `area_in_class` from `cell_dekads`."""

    lake: Lake
    class_min_years: int

    def __call__(self, codes: Sequence[str]) -> pd.DataFrame:
        """Return the valid rows of `codes`."""
        there = [code for code in codes if self.lake.path(CELLS, code).exists()]
        cells = self.lake.read(CELLS, *there, columns=READ) if there else empty(CELLS)
        return area_in_class(cells, class_min_years=self.class_min_years)
