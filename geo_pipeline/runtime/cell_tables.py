"""Tables by cell of a grid inside each département, for départements whose weather is of the grid.

The step that fetches the weather knows which grid files it is made from. It leaves a note for each
département in `<home>/reports/grid_files`; the cells of these files were kept while they were read
(`spatial.grid`), so that nothing is read again here. What makes rows can be sent to another process
and so knows nothing of Dagster.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from geo_pipeline import notes
from geo_pipeline.runtime.needed_weather import NeededWeather
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.spatial import cell_files
from geo_pipeline.storage.lake import Lake
from geo_pipeline.table_rows import empty, validate
from geo_pipeline.tables import TABLES, chosen
from geo_pipeline.transforms.area_in_class import area_in_class

CELLS = "cell_dekads"
AREAS = "area_in_class"


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


@dataclass(frozen=True, eq=False)
class CellDekads:
    """Makes `cell_dekads` from the kept cells of grid files, `files` by département."""

    weather: NeededWeather
    files: Mapping[str, tuple[Path, ...]]

    def __call__(self, codes: Sequence[str]) -> pd.DataFrame:
        """Return the valid rows of `codes`, of the dekads whose weather is in the lake."""
        together: dict[tuple[Path, ...], list[str]] = {}
        for code in codes:
            if self.files[code]:
                together.setdefault(self.files[code], []).append(code)
        parts = [self._known(files, some) for files, some in together.items()]
        return validate(CELLS, pd.concat(parts, ignore_index=True)) if parts else empty(CELLS)

    def _known(self, files: tuple[Path, ...], codes: Sequence[str]) -> pd.DataFrame:
        """Return the rows of `codes`, all of the same files, within the days of their weather."""
        rows = cell_files.joined(files, codes)
        days = [self._days(code) for code in codes]
        first, last = (np.array(each, "datetime64[ns]") for each in zip(*days, strict=True))
        of = rows["departement"].cat.codes.to_numpy()
        ends = rows["period_end"].to_numpy()
        known: pd.DataFrame = rows[(ends >= first[of]) & (ends <= last[of])]
        return known

    def _days(self, code: str) -> tuple[date | None, date | None]:
        """Return the first and the last day of the weather needed; None without weather."""
        known = self.weather.lake.footer("weather_daily", code)
        return known.first_date, self.weather.until(code) or known.last_date


@dataclass(frozen=True, eq=False)
class AreaInClass:
    """Makes `area_in_class` from `cell_dekads`."""

    lake: Lake
    class_min_years: int

    def __call__(self, codes: Sequence[str]) -> pd.DataFrame:
        """Return the valid rows of `codes`."""
        there = [code for code in codes if self.lake.path(CELLS, code).exists()]
        cells = self.lake.read(CELLS, *there) if there else empty(CELLS)
        return area_in_class(cells, class_min_years=self.class_min_years)
