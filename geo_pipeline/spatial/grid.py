"""Daily means of départements from grid files of SAFRAN-ISBA (SIM2), each file read once.

`grid_files` unzips and parses a file block by block, on all cores, and `grid_sums` adds them up.
The means of all départements are kept as one Parquet file, and the dekads of their cells as
another, named after the received file and the outlines, so that the grid is not read again.
"""

import hashlib
import logging
import threading
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock

from geo_pipeline import seal, sql
from geo_pipeline.errors import DamagedError, StorageError
from geo_pipeline.files import replacing
from geo_pipeline.spatial import database
from geo_pipeline.spatial.cell_sums import SUMMED
from geo_pipeline.spatial.grid_files import Cell, blocks, head
from geo_pipeline.spatial.grid_sums import COLUMNS, RANGES, SPACING_HM, Sums
from geo_pipeline.spatial.growing import Growing
from geo_pipeline.words import message

_log = logging.getLogger(__name__)

_Seen = tuple[Path, int, int]
"""A file as it is now: its path, when it was written, its length."""

CELLS_TOGETHER: Final = 8_000
"""Rows of a group in the file of cells, so that one département is read without the others: it has
some 100 to 200 cells, with 36 dekads a year."""


class GridMeans:
    """Daily means of the départements in `boundaries` over the cells of SIM2 files.

    Threads and processes may share a folder: one of them reads a file, the others wait for it.

    Parameters
    ----------
    boundaries : columns departement (INSEE code) and geometry (longitude and latitude)
    folder : where means and weights are kept; they may be deleted at any time
    """

    def __init__(self, boundaries: gpd.GeoDataFrame, folder: Path) -> None:
        self._outlines = boundaries[["departement", "geometry"]].to_crs(database.LONLAT)
        self._folder = folder
        self._key = _digest(self._outlines)
        self._sound: set[_Seen] = set()
        self._read: dict[_Seen, _Rows] = {}
        self._reading = threading.Lock()

    def __call__(self, path: Path, sha256: str, departement: str) -> pa.Table:
        """Return the daily means of `departement`, 0 rows where the grid does not reach it.

        Parameters
        ----------
        path : file of the grid, `;`-separated, plain or gzip
        sha256 : of the received file, under which the means are kept
        departement : INSEE code

        Returns
        -------
        One row for each day that has cells, sorted: departement, date, cells (number), tmin_c,
        tmax_c, tmean_c, precip_mm (rain and snow), radiation_j_cm2, wind_10m_m_s, rh_pct, etp_mm,
        swi, and coverage_pct: the cells' share of the département's area. A mean is over the cells
        with a value; it is NaN where none has one.

        Raises:
            SourceError: it is no such file, it ends too early, a number or date is malformed or out
                of range, a cell is off the grid or has two rows for a day.
            StorageError: the means cannot be kept, or are damaged.
        """
        kept = self.means(path, sha256)
        with self._reading:
            seen = _seen(kept)
            if seen not in self._read:
                try:
                    self._read[seen] = _Rows(pq.read_table(kept))
                except (OSError, pa.ArrowException) as error:
                    raise StorageError(message("grid.kept_damaged", path=kept)) from error
            return self._read[seen].of(departement)

    def release(self) -> None:
        """Forget what was read of the kept files, once no further département is asked for: some
        4 MB for each year."""
        with self._reading:
            self._read.clear()

    def has(self, sha256: str) -> bool:
        """Return whether the means of a received file are kept, so that it need not be read."""
        return all(map(self._is_sound, (self._kept(sha256), self.cells(sha256))))

    def means(self, path: Path, sha256: str, sums: Sums | None = None) -> Path:
        """Return the Parquet file with the means of all départements, made first if necessary.

        Its metadata have `cells_outside`: the number of cells that lie in no département. The file
        of `cells` is made with it. Where `sums` of this file are there, it is not read again.
        Errors are those of a call.
        """
        kept = self._kept(sha256)
        both = kept, self.cells(sha256)
        if not all(map(self._is_sound, both)):
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(kept.with_suffix(".lock")):
                if not all(map(self._is_sound, both)):
                    try:
                        sums = sums or self.sums(path)
                    except OSError as error:
                        raise StorageError(
                            message("file.unreadable", path=path, why=str(error.strerror))
                        ) from error
                    _keep(both[1], sums.cells(), row_group_size=CELLS_TOGETHER)
                    _keep(kept, sums.means())
        return kept

    def cells(self, sha256: str) -> Path:
        """Return the Parquet file with the dekads of the cells of a file, made by `means`.

        Its rows are those of `cell_dekads`, of the dekads that the file has whole.
        """
        return self._folder / f"cells-{sha256[:24]}-{self._key}.parquet"

    def sums(self, file: Path | Growing) -> Sums:
        """Return the sums of all départements and cells, from one reading of a grid.

        Errors are those of a call; for a growing file also `GivenUpError`.
        """
        names, anchor = head(file)
        sums = Sums(self.weights(anchor), anchor)
        for batch in blocks(file, names):
            sums.add(batch)
        sums.require_most()
        return sums

    def weights(self, anchor: Cell) -> pd.DataFrame:
        """Return how much of each département lies in each cell of the grid that has `anchor`.

        Returns
        -------
        departement, x_hm, y_hm (centre of the cell), area_m2 (whole), departement_m2, x_km, y_km
        (the centre in Lambert-93)
        """
        at = f"{anchor.x_hm % SPACING_HM}-{anchor.y_hm % SPACING_HM}"
        kept = self._folder / f"weights-{at}-{self._key}.parquet"
        if not self._is_sound(kept):
            frame = database.run(
                "sim2_weights",
                {"departements": self._outlines, "anchor": pd.DataFrame([anchor])},
            )
            _keep(kept, pa.Table.from_pandas(frame, preserve_index=False))
        return pd.DataFrame(pq.read_table(kept).to_pandas())

    def _kept(self, sha256: str) -> Path:
        return self._folder / f"means-{sha256[:24]}-{self._key}.parquet"

    def _is_sound(self, kept: Path) -> bool:
        """Return whether a file exists as it was written; it is checked once while it is unchanged.

        Each of a hundred départements reads the same file, and checking it takes longer than
        reading its rows.
        """
        try:
            seen = _seen(kept)
            if seen not in self._sound:
                seal.opened(kept)
        except FileNotFoundError:
            return False
        except DamagedError as error:
            _log.warning("it is made again: %s", error)
            return False
        self._sound.add(seen)
        return True


class _Rows:
    """The rows of a kept file, in which each département has its rows together."""

    def __init__(self, content: pa.Table) -> None:
        self._content = content.combine_chunks()
        codes = pc.run_end_encode(self._content["departement"].combine_chunks())
        ends = codes.run_ends.to_pylist()
        spans = zip([0, *ends], ends, strict=False)
        self._spans = dict(zip(codes.values.to_pylist(), spans, strict=True))

    def of(self, departement: str) -> pa.Table:
        """Return the rows of a département."""
        first, end = self._spans.get(departement, (0, 0))
        return self._content.slice(first, end - first)


def _seen(path: Path) -> _Seen:
    about = path.stat()
    return path, about.st_mtime_ns, about.st_size


def _keep(path: Path, content: pa.Table, **options: Any) -> None:
    """Write a sealed Parquet file, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(seal.sealed(content, path.name, compression="zstd", **options))


def _digest(outlines: gpd.GeoDataFrame) -> str:
    """Return a hash of what the means depend on: the outlines and the code."""
    digest = hashlib.sha256(
        repr((RANGES, COLUMNS, SUMMED)).encode() + sql.load("sim2_weights").encode()
    )
    for code, shape in zip(outlines["departement"], outlines.geometry.to_wkb(), strict=True):
        digest.update(code.encode() + shape)
    return digest.hexdigest()[:12]
