"""Grid files of SAFRAN-ISBA (SIM2) to daily means of départements, each file read once.

A file of ten years has 36 million rows. It is unzipped block by block, which DuckDB reads on all
cores and numpy sums up while the next is unzipped, so that neither the file nor its cells are ever
in memory as a whole. The checksum of the archive is checked on the way: DuckDB itself would take
an archive that ends too early for a shorter file. The means of all départements are kept as one
Parquet file, named by what was received and by the outlines: asked again, the grid is not touched.
"""

import gzip
import hashlib
import logging
import re
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import duckdb
import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock
from numpy.typing import NDArray

from geo_pipeline import seal, sql
from geo_pipeline.errors import DamagedError, SourceError, StorageError
from geo_pipeline.files import replacing
from geo_pipeline.schemas import RADIATION_J_CM2, WEATHER_RANGES
from geo_pipeline.spatial import database

_log = logging.getLogger(__name__)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

KEYS = ("LAMBX", "LAMBY", "DATE")
REQUIRED = ("PRENEI", "PRELIQ", "T", "FF", "SSI", "HU", "ETP", "SWI")
OPTIONAL = ("TINF_H", "TSUP_H")
"""Columns that are read of a file, whether their names end in `_Q` or not."""

MISSING = ["", "NA", "NaN", "nan"]
"""Cells without a value."""

RANGES = {
    **{name: WEATHER_RANGES[name] for name in ("tmin_c", "tmax_c", "tmean_c", "precip_mm")},
    "radiation_j_cm2": RADIATION_J_CM2,
    "wind_10m_m_s": WEATHER_RANGES["wind_m_s"],
    # What the model computes of a single cell goes further than what a place can have.
    "rh_pct": (0.0, 110.0),
    "etp_mm": (-5.0, 30.0),
    "swi": (-5.0, 10.0),
}
MOST_OFF = 0.001
"""Share of the cells and days of a file that may be out of their range; with more, the unit is."""
"""What is averaged, and what it can be in a cell."""

SPACING_HM = 80
"""From one cell to the next."""

DAYS = np.arange("1950-01-01", "2101-01-01", dtype="datetime64[D]")
"""Days that a file may have."""

MEMORY_LIMIT = "500MB"
BLOCK = 1 << 25
"""Bytes that are worked on at a time, some 250,000 cells and days."""

ROWS_TOGETHER = 20_000
"""Rows of a group of the kept file, so that one département is found without the others."""

_BUFFER = 1 << 22
"""Bytes of a block that one core reads at a time."""

_LONGEST_LINE = 1 << 16
_GZIP = b"\x1f\x8b"


class Cell(NamedTuple):
    """Centre of a cell, hectometres of Lambert II étendu (EPSG:27572)."""

    x_hm: int
    y_hm: int


class GridMeans:
    """Daily means of the départements in `boundaries` over the cells of SIM2 files.

    Threads and processes may share a folder: one of them reads a file, the others wait for it.

    Parameters
    ----------
    boundaries : columns departement (INSEE code) and geometry (longitude and latitude)
    folder : where means and weights are kept; they may be deleted at any time
    memory_limit : most that DuckDB takes while it reads, such as `500MB`
    """

    def __init__(
        self,
        boundaries: gpd.GeoDataFrame,
        folder: Path,
        *,
        memory_limit: str = MEMORY_LIMIT,
    ) -> None:
        self._outlines = boundaries[["departement", "geometry"]].to_crs(database.LONLAT)
        self._folder = folder
        self._memory_limit = memory_limit
        self._key = _digest(self._outlines)
        self._sound: set[tuple[Path, int, int]] = set()

    def __call__(self, path: Path, sha256: str, departement: str) -> pd.DataFrame:
        """Return the daily means of `departement`, 0 rows where the grid does not reach it.

        Parameters
        ----------
        path : file of the grid, `;`-separated, plain or gzip
        sha256 : of what was received, under which the means are kept
        departement : INSEE code

        Returns
        -------
        One row a day that has cells, sorted: departement, date, cells (how many), tmin_c, tmax_c,
        tmean_c, precip_mm (rain and snow), radiation_j_cm2, wind_10m_m_s, rh_pct, etp_mm, swi, and
        coverage_pct: the cells' share of the département's area. A mean rests on the cells with a
        value; it is NaN where none has one.

        Raises:
            SourceError: it is no such file, it ends too early, a number or date is malformed or
                out of its range, a cell is off the grid or has two rows for a day.
            StorageError: the means cannot be kept, or are damaged.
        """
        kept = self.means(path, sha256)
        try:
            rows = pq.read_table(kept, filters=[("departement", "=", departement)])
        except (OSError, pa.ArrowException) as error:
            raise StorageError(f"{kept} is damaged: delete it and run again") from error
        return pd.DataFrame(rows.to_pandas(date_as_object=False, coerce_temporal_nanoseconds=True))

    def means(self, path: Path, sha256: str) -> Path:
        """Return the Parquet file with the means of all départements, made where none is sound.

        Its metadata hold `cells_outside`: the cells of the grid that reach no département.
        Errors are those of a call.
        """
        kept = self._folder / f"means-{sha256[:24]}-{self._key}.parquet"
        if not self._is_sound(kept):
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(kept.with_suffix(".lock")):
                if not self._is_sound(kept):
                    try:
                        content = self._scan(path)
                    except OSError as error:
                        raise StorageError(f"cannot read {path}: {error.strerror}") from error
                    _keep(kept, content, row_group_size=ROWS_TOGETHER)
        return kept

    def weights(self, anchor: Cell) -> pd.DataFrame:
        """Return how much of each département lies in each cell of the grid that has `anchor`.

        Returns
        -------
        departement, x_hm, y_hm (centre of the cell), area_m2 (whole), departement_m2
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

    def _is_sound(self, kept: Path) -> bool:
        """Return whether a file is there as it was written: looked at once, while it is the same.

        Each département reads a file of them all: a hundred looks would cost more than the rows.
        """
        try:
            about = kept.stat()
            seen = kept, about.st_mtime_ns, about.st_size
            if seen not in self._sound:
                seal.opened(kept)
        except FileNotFoundError:
            return False
        except DamagedError as error:
            _log.warning("it is made again: %s", error)
            return False
        self._sound.add(seen)
        return True

    def _scan(self, path: Path) -> pa.Table:
        """Return the means of all départements, from one reading of the grid at `path`."""
        names, anchor = _head(path)
        sums = _Sums(self.weights(anchor), anchor)
        kinds = dict.fromkeys(names, "VARCHAR")
        kinds |= dict.fromkeys(KEYS, "INTEGER")
        kinds |= {name: "DOUBLE" for name in (*REQUIRED, *OPTIONAL) if name in names}
        absent = [f"CAST(NULL AS DOUBLE) AS {name}" for name in OPTIONAL if name not in names]
        columns = ", ".join(["*", *absent])
        script = sql.load("sim2_cells")
        with (
            database.connect(functions=False) as connection,
            tempfile.TemporaryDirectory(prefix="geo-pipeline-grid-") as folder,
        ):
            connection.execute("SET memory_limit = $limit", {"limit": self._memory_limit})
            block = Path(folder) / "block.csv"
            for lines_before, lines in _blocks(path):
                block.write_bytes(lines)
                try:
                    rows = connection.read_csv(
                        str(block),
                        columns=kinds,
                        header=False,
                        sep=";",
                        quotechar='"',
                        escapechar='"',
                        na_values=MISSING,
                        auto_detect=False,
                        buffer_size=_BUFFER,
                    )
                    rows.project(columns).create_view("grid", replace=True)
                    cells = connection.execute(script).to_arrow_table()
                except duckdb.Error as error:
                    raise SourceError(_explain(str(error), lines_before)) from error
                for batch in cells.combine_chunks().to_batches():
                    sums.add(batch)
        sums.require_most()
        return sums.means()


def _keep(path: Path, content: pa.Table, **options: Any) -> None:
    """Write a sealed Parquet file, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(seal.sealed(content, path.name, compression="zstd", **options))


class _Sums:
    """Sums over the cells of each département and day, grown as days come."""

    def __init__(self, weights: pd.DataFrame, anchor: Cell) -> None:
        self._anchor = anchor
        self._codes, owner = np.unique(
            weights["departement"].to_numpy(dtype=np.str_), return_inverse=True
        )
        self._areas_m2 = np.zeros(len(self._codes))
        self._areas_m2[owner] = weights["departement_m2"]
        column, row = (
            (weights[name].to_numpy(dtype=np.int64) - at) // SPACING_HM
            for name, at in zip(("x_hm", "y_hm"), anchor, strict=True)
        )
        self._west, self._south = int(column.min(initial=0)), int(row.min(initial=0))
        shape = (
            int(column.max(initial=0)) - self._west + 1,
            int(row.max(initial=0)) - self._south + 1,
        )
        places = np.ravel_multi_index((column - self._west, row - self._south), shape)
        found, cell = np.unique(places, return_inverse=True)
        self._cells = np.full(shape, -1, dtype=np.int64)
        self._cells.ravel()[found] = np.arange(len(found))
        # The first département of each cell, then the second of those that have one, and so on.
        turn = weights.groupby(places).cumcount().to_numpy()
        self._shares = []
        for rank in range(int(turn.max(initial=-1)) + 1):
            owners, areas_m2 = np.full(len(found), -1), np.zeros(len(found))
            owners[cell[turn == rank]] = owner[turn == rank]
            areas_m2[cell[turn == rank]] = weights["area_m2"].to_numpy()[turn == rank]
            self._shares.append((owners, areas_m2))
        departements = len(self._codes)
        self._first = 0
        self._sums = np.zeros((len(RANGES), departements, 0))
        self._gaps = np.zeros((len(RANGES), departements, 0))
        self._area = np.zeros((departements, 0))
        self._count = np.zeros((departements, 0))
        self._seen = np.zeros((len(found), 0), dtype=np.bool_)
        self._rows = 0
        self._off: Counter[str] = Counter()
        self._first_off: dict[str, str] = {}
        self._outside: set[int] = set()

    def add(self, rows: pa.RecordBatch) -> None:
        """Add a batch of cells and days.

        Raises:
            SourceError: one of them cannot be true.
        """
        for name, given in zip(("x_hm", "y_hm", "yyyymmdd"), KEYS, strict=True):
            if rows[name].null_count:
                raise SourceError(f"has a row without {given}")
        day = _days(rows)
        cell = self._cell(rows)
        values = [self._values(rows, name) for name in RANGES]
        self._reach(int(day.min()), int(day.max()))
        day -= self._first
        inside = np.flatnonzero(cell >= 0)
        self._note(rows, inside, cell[inside], day[inside])
        for owners, areas_m2 in self._shares:
            owner = owners[cell[inside]]
            chosen = inside[owner >= 0]
            if chosen.size:
                at = owner[owner >= 0] * self._area.shape[1] + day[chosen]
                self._share(at, areas_m2[cell[chosen]], chosen, values)

    def means(self) -> pa.Table:
        """Return a row a département and day that has cells; metadata: `cells_outside`."""
        owner, day = np.nonzero(self._count)
        with np.errstate(invalid="ignore"):
            # Whole m²: what is left of an area without values is 0, not a rounding of it.
            means = self._sums / (self._area - self._gaps)
        columns = {
            "departement": pa.array(self._codes[owner], pa.string()),
            "date": pa.array((DAYS[0] + self._first + day).astype("datetime64[D]")),
            "cells": pa.array(self._count[owner, day].astype(np.int64)),
        }
        for name, mean in zip(RANGES, means, strict=True):
            columns[name] = pa.array(mean[owner, day])
        share = 100 * self._area[owner, day] / self._areas_m2[owner]
        columns["coverage_pct"] = pa.array(np.minimum(share, 100.0))
        return pa.table(columns).replace_schema_metadata({"cells_outside": str(len(self._outside))})

    def _cell(self, rows: pa.RecordBatch) -> IntArray:
        """Return the number of each row's cell, -1 for those that reach no département."""
        x_hm, y_hm = (rows[name].to_numpy().astype(np.int64) for name in ("x_hm", "y_hm"))
        column, x_off = np.divmod(x_hm - self._anchor.x_hm, SPACING_HM)
        row, y_off = np.divmod(y_hm - self._anchor.y_hm, SPACING_HM)
        off = (x_off != 0) | (y_off != 0)
        if off.any():
            place = _place(rows, int(off.argmax()))
            raise SourceError(f"has {place} that is not on the grid of its first cell")
        column -= self._west
        row -= self._south
        width, height = self._cells.shape
        near = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        cell = np.full(len(near), -1)
        cell[near] = self._cells[column[near], row[near]]
        sea = cell < 0
        self._outside.update(np.unique(x_hm[sea] * 1_000_000 + y_hm[sea]).tolist())
        return cell

    def _values(self, rows: pa.RecordBatch, name: str) -> tuple[FloatArray, BoolArray | None]:
        """Return the column `name`, and where it has no value that can be, if it lacks any."""
        column = rows[name]
        values = column.to_numpy(zero_copy_only=False)
        gaps = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
        lowest, highest = RANGES[name]
        good = (values >= lowest) & (values <= highest)
        if gaps is not None:
            good |= gaps
        if good.all():
            return values, gaps
        at = int(np.argmin(good))
        self._off[name] += int(np.count_nonzero(~good))
        self._first_off.setdefault(
            name,
            f"has {name} {values[at]:g} in {_place(rows, at)}: "
            f"it can only be {lowest:g} to {highest:g}",
        )
        return np.where(good, values, np.nan), ~good if gaps is None else gaps | ~good

    def require_most(self) -> None:
        """Tell the values that cannot be, which are left out.

        Raises:
            SourceError: they are too many: their unit is not the one expected.
        """
        for name, what in self._first_off.items():
            if self._off[name] > MOST_OFF * self._rows:
                raise SourceError(what)
            _log.warning("sim2: left out %d values, the first: %s", self._off[name], what)

    def _note(self, rows: pa.RecordBatch, inside: IntArray, cell: IntArray, day: IntArray) -> None:
        """Note which cells have which days.

        Raises:
            SourceError: one has a day twice.
        """
        at = cell * self._seen.shape[1] + day
        seen = self._seen.ravel()
        again = seen[at]
        seen[at] = True
        self._rows += len(at)
        if np.count_nonzero(seen) < self._rows:
            if not again.any():
                _, first = np.unique(at, return_index=True)
                again = np.ones(len(at), dtype=np.bool_)
                again[first] = False
            raise SourceError(f"has {_place(rows, int(inside[again.argmax()]))} twice")

    def _share(
        self,
        at: IntArray,
        area_m2: FloatArray,
        chosen: IntArray,
        values: list[tuple[FloatArray, BoolArray | None]],
    ) -> None:
        """Add rows `chosen` of `values`, whose places in the sums are `at`."""
        low, high = int(at.min()), int(at.max()) + 1
        at = at - low
        part = slice(low, high)

        def total(weights: FloatArray | None, where: IntArray = at) -> FloatArray:
            return np.bincount(where, weights, minlength=high - low).astype(np.float64, copy=False)

        self._count.ravel()[part] += total(None)
        self._area.ravel()[part] += total(area_m2)
        for number, (value, gaps) in enumerate(values):
            weighted = value[chosen] * area_m2
            if gaps is not None:
                gap = gaps[chosen]
                weighted[gap] = 0.0
                self._gaps[number].ravel()[part] += total(area_m2[gap], at[gap])
            self._sums[number].ravel()[part] += total(weighted)

    def _reach(self, first: int, last: int) -> None:
        """Make room for the days from `first` to `last`, numbers in `DAYS`."""
        days = self._area.shape[1]
        if days == 0:
            self._first = first
        before, after = max(self._first - first, 0), max(last - self._first - days + 1, 0)
        if before or after:
            for name in ("_sums", "_gaps", "_area", "_count", "_seen"):
                each = getattr(self, name)
                wider = np.pad(each, [*[(0, 0)] * (each.ndim - 1), (before, after)])
                setattr(self, name, wider)
            self._first -= before


def _days(rows: pa.RecordBatch) -> IntArray:
    """Return which of `DAYS` each row is of.

    Raises:
        SourceError: it is none.
    """
    given = rows["yyyymmdd"].to_numpy()
    year, month, day = given // 10_000, given // 100 % 100, given % 100
    start, end = DAYS[0].astype(object).year, DAYS[-1].astype(object).year
    good = (year >= start) & (year <= end) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    number: IntArray = (months.astype("datetime64[D]") - DAYS[0]).astype(np.int64) + day - 1
    good &= number + DAYS[0] < (months + 1).astype("datetime64[D]")
    if not good.all():
        at = int(np.argmin(good))
        raise SourceError(f"has {given[at]} in place of a date YYYYMMDD in {_place(rows, at)}")
    return number


def _place(rows: pa.RecordBatch, at: int) -> str:
    """Name the cell and day of one row."""
    x_hm, y_hm, day = (rows[name][at] for name in ("x_hm", "y_hm", "yyyymmdd"))
    return f"cell {x_hm};{y_hm} of {day}"


def _digest(outlines: gpd.GeoDataFrame) -> str:
    """Return a name for what makes means of a grid: the outlines and the way it is done."""
    digest = hashlib.sha256(repr(RANGES).encode())
    for script in ("sim2_weights", "sim2_cells"):
        digest.update(sql.load(script).encode())
    for code, shape in zip(outlines["departement"], outlines.geometry.to_wkb(), strict=True):
        digest.update(code.encode() + shape)
    return digest.hexdigest()[:12]


def _open(path: Path) -> BinaryIO:
    """Return a stream of the lines of `path`, plain or gzip."""
    with path.open("rb") as file:
        zipped = file.read(2) == _GZIP
    return cast(BinaryIO, gzip.open(path, "rb")) if zipped else path.open("rb")


def _head(path: Path) -> tuple[list[str], Cell]:
    """Return the names of the columns, without `_Q`, and the cell of the first row.

    Raises:
        SourceError: it is no grid, lacks a column, or has no row.
    """
    with _whole(), _open(path) as stream:
        line = stream.readline(_LONGEST_LINE)
        row = next(filter(bytes.strip, iter(lambda: stream.readline(_LONGEST_LINE), b"")), b"")
    text = line.decode("utf-8-sig", errors="replace").strip()
    if not text or text.startswith("<"):
        what = "HTML in place of a grid" if text else "an empty file"
        raise SourceError(f"sent {what}")
    given = [name.strip(' "').upper().removesuffix("_Q") for name in text.split(";")]
    missing = [name for name in (*KEYS, *REQUIRED) if name not in given]
    if missing:
        raise SourceError(
            f"has no column {', '.join(missing)} among {text[:120]}: its format may have changed"
        )
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise SourceError(f"has two columns {', '.join(twice)}")
    cells = row.decode("utf-8", errors="replace").strip().split(";")
    if cells == [""]:
        raise SourceError("has no rows")
    try:
        x_hm, y_hm = (round(float(cells[given.index(name)])) for name in ("LAMBX", "LAMBY"))
    except (ValueError, OverflowError, IndexError) as error:
        raise SourceError(f"has no LAMBX and LAMBY in line 2: {row[:80]!r}") from error
    return given, Cell(x_hm, y_hm)


@contextmanager
def _whole() -> Iterator[None]:
    """Tell in one line that an archive is damaged."""
    try:
        yield
    except EOFError as error:
        raise SourceError("sent a gzip archive that ends too early") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"sent a damaged gzip archive ({error})") from error


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of `path` after its header in blocks, with the number of lines before each.

    The next block is unzipped by a thread of its own while one is worked on.

    Raises:
        SourceError: the archive is damaged or ends too early; what came last is then not yielded.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="grid") as unzipper, _open(path) as stream:

        def unzip() -> bytes:
            with _whole():
                return stream.read(BLOCK) + stream.readline(_LONGEST_LINE)

        with _whole():
            stream.readline(_LONGEST_LINE)
        lines_before = 1
        following = unzipper.submit(unzip)
        while lines := following.result():
            following = unzipper.submit(unzip)
            yield lines_before, lines
            lines_before += lines.count(b"\n")


def _explain(message: str, lines_before: int) -> str:
    """Return in one line what DuckDB says of a block, with the line where it says one."""
    found = re.search(r"CSV Error on Line: (\d+)", message)
    if found is None:
        return "cannot be used: " + message.partition(": ")[2].partition("\n")[0]
    line = lines_before + int(found[1])
    malformed = re.search(
        r'converting column "(\w+)"\. Could not convert string "(.*?)" to \'(\w+)\'', message
    )
    if malformed:
        column, given, kind = malformed.groups()
        wanted = "a whole number" if kind == "INTEGER" else "a number"
        return f"has {given[:40]!r} in place of {wanted} in line {line}, column {column}"
    found = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    if found:
        return f"has {found[2]} columns in place of {found[1]} in line {line}"
    rest = [part for part in message.splitlines()[1:3] if part]
    return f"cannot be read in line {line}: {'; '.join(rest)[:160]}"
