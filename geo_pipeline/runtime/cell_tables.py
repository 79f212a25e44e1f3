"""Tables by cell of a grid inside each département, for départements whose weather is of the grid.

The step that fetches the weather knows which grid files it is made from. It leaves a note for each
département in `<home>/reports/grid_files`; the cells of these files were kept while they were read
(`spatial.grid`), so that nothing is read again here. What makes rows can be sent to another process
and so knows nothing of Dagster.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from geo_pipeline import notes
from geo_pipeline.runtime.needed_weather import NeededWeather
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.spatial import cell_files
from geo_pipeline.storage.lake import Lake
from geo_pipeline.table_rows import empty, validate
from geo_pipeline.transforms.area_in_class import area_in_class

CELLS = "cell_dekads"


def note(workspace: Workspace, code: str, files: Sequence[str]) -> None:
    """Keep the SHA-256 of the grid files of a département, the best first; without, remove them.

    Raises:
        StorageError: the note cannot be written.
    """
    path = _folder(workspace) / f"{code}.json"
    if files:
        notes.write(path, list(files))
    else:
        path.unlink(missing_ok=True)


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
            together.setdefault(self.files[code], []).append(code)
        parts = [cell_files.joined(files, some) for files, some in together.items() if files]
        if not parts:
            return empty(CELLS)
        rows = pd.concat(parts, ignore_index=True)
        inside = np.zeros(len(rows), dtype=np.bool_)
        for code in codes:
            known = self.weather.lake.footer("weather_daily", code)
            last = self.weather.until(code) or known.last_date
            if known.first_date is None or last is None:  # no day at all
                continue
            days = rows["period_end"].between(pd.Timestamp(known.first_date), pd.Timestamp(last))
            inside |= ((rows["departement"] == code) & days).to_numpy()
        return validate(CELLS, rows[inside])


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
