"""The lake: the truth, one Parquet file for each table and partition, written atomically.

A partitioned table is in `<root>/<table>/departement=<code>/part.parquet`, any other in
`<root>/<table>/part.parquet`. Two départements never share a file. The provenance of the rows is in
the footer of the same file, so that data and provenance cannot be separated. Equal inputs give
equal bytes, so nothing of the run itself (clock, host, order) is written. Each file is sealed
(`seal`), and no reader believes a file whose seal is invalid.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from geo_pipeline import seal
from geo_pipeline.errors import DamagedError, StorageError
from geo_pipeline.files import replacing, write_bytes
from geo_pipeline.objects import ObjectPath, Place, below, e_tag, listing
from geo_pipeline.provenance import Provenance
from geo_pipeline.storage.lake_rows import arrow_schema, as_arrow, categories, chosen, hash_of
from geo_pipeline.stores import ANY
from geo_pipeline.tables import TABLES
from geo_pipeline.words import message

_PROVENANCE_KEY = b"geo_pipeline.provenance"
_STATE_KEY = b"geo_pipeline.state"
_PUBLISHED = ("source", "url", "fetched_at", "sha256")
"""Fields of the provenance that the publication has."""


@dataclass(frozen=True)
class Footer:
    """Content of a file's footer, known without reading rows; dates are None where it has none."""

    rows: int
    first_date: date | None
    last_date: date | None
    provenance: Mapping[str, str]
    """Its provenance: source, url, fetched_at, sha256; made_of and until where it has them."""
    state: str = ""
    """What rows of later days are computed from, in the words of its table's transform."""


@dataclass(frozen=True)
class Inspection:
    """The result of checking every byte of a file."""

    sha256: str
    found: Footer | DamagedError

    @property
    def damage(self) -> DamagedError | None:
        """Why the file is damaged; None where it is not."""
        return self.found if isinstance(self.found, DamagedError) else None

    @property
    def footer(self) -> Footer:
        """The content of its footer.

        Raises:
            DamagedError: the file is damaged.
        """
        if isinstance(self.found, DamagedError):
            raise self.found
        return self.found


@dataclass(frozen=True)
class Written:
    """A file of the lake as it was written."""

    path: Place
    rows: int
    sha256: str
    first_date: date | None
    last_date: date | None


class Lake:
    """Reads and writes the files of the lake under `root`."""

    def __init__(self, root: Place) -> None:
        self.root = root
        self._digests: dict[tuple[str, str], str] = {}
        self._grown: dict[Place, str | None] = {}

    def path(self, table: str, departement: str | None = None) -> Place:
        """Return the path of `table` (of its partition `departement`)."""
        folder = self.root / table
        if departement is not None:
            folder = folder / f"departement={departement}"
        return folder / "part.parquet"

    def files(self, table: str, without: Collection[str] = ()) -> list[Place]:
        """Return the existing files of `table`, in the order of their codes.

        For a partitioned table those of the départements `without` are left out.
        """
        partitioned = TABLES[table].partitioned
        pattern = "departement=*/part.parquet" if partitioned else "part.parquet"
        there = listing(self.root / table, pattern)
        return [path for path in there if partition(path) not in without] if partitioned else there

    def write(
        self,
        table: str,
        frame: pd.DataFrame,
        provenance: Provenance,
        departement: str | None = None,
        *,
        before: pa.Table | None = None,
        state: str = "",
    ) -> Written:
        """Write `frame`, valid rows of `table`, replacing an older file.

        Rows of `before`, as `grown` returned them, come first. The footer keeps `state`.

        Raises:
            StorageError: the disk is full or cannot be written; the old file stays.
            ChangedError: an object with the rows `before` was replaced meanwhile, and stays.
        """
        path = self.path(table, departement)
        rows = as_arrow(table, frame)
        if before is not None:
            # Bytes depend on the chunks of a column.
            rows = pa.concat_tables([before, rows.select(before.column_names)]).combine_chunks()
        place = below(path, self.root)
        content = _parquet(rows, provenance, place, state)
        over = ANY if before is None else self._grown.get(path, ANY)
        with replacing(path, over) as temporary:
            temporary.write_bytes(content)
        dated = _dated(rows.column_names) if len(rows) else None
        first, last = (None, None)
        if dated is not None:
            extremes = pc.min_max(rows[dated]).as_py()
            first, last = extremes["min"], extremes["max"]
        return Written(path, len(rows), hashlib.sha256(content).hexdigest(), first, last)

    def is_sound(self, table: str, departement: str | None = None) -> bool:
        """Return whether the file of a partition exists with every byte as it was written."""
        try:
            return self.inspect(self.path(table, departement)).damage is None
        except StorageError:
            return False

    def inspect(self, path: Place) -> Inspection:
        """Check every byte of the file at `path`.

        Raises:
            StorageError: it does not exist yet, or cannot be read at all.
        """
        try:
            of = _open(path)
            if not of.is_sealed:  # written before there were seals: all of it is read instead
                read(path)
            return Inspection(of.sha256, _footer(of.file))
        except DamagedError as error:
            return Inspection(file_sha256(path), error)

    def has_form(self, table: str, path: Place) -> bool:
        """Return whether the file at `path` has the columns of `table`, in their types.

        Raises:
            DamagedError: the file is damaged.
        """
        found = _open(path).file.schema_arrow
        columns = TABLES[table].rows.to_schema().columns
        if any(str(column.dtype) == "geometry" for column in columns.values()):
            return list(found.names) == list(columns)  # their types are geopandas' own
        return bool(found.remove_metadata().equals(arrow_schema(table)))

    def reshape(self, table: str, path: Place) -> bool:
        """Write the file at `path` anew with the columns of `table`, where it has all of them.

        What its footer says stays. Returns whether it has; else the file is unchanged.

        Raises:
            DamagedError: the file is damaged.
            StorageError: it cannot be written.
        """
        file = _open(path).file
        known, rows = _footer(file), _read(file, path)
        try:
            wanted = arrow_schema(table)
            kept = rows.select(wanted.names).replace_schema_metadata(None).cast(wanted)
        except (KeyError, pa.ArrowException):  # a column that is new, of another type, an outline
            return False
        place = below(path, self.root)
        recorded = {each.name: known.provenance.get(each.name, "") for each in fields(Provenance)}
        write_bytes(path, _parquet(kept, Provenance(**recorded), place, known.state))
        return True

    def at_once(self) -> "Lake":
        """Return this lake for one task that needs the same file several times.

        It checks a file again only if it was replaced, and lists a store once. Do not keep it
        longer than the task: bits that flip on the disk meanwhile are not noticed.
        """
        return _AtOnce(self)

    def for_a_step(self) -> "Lake":
        """Return this lake for one step of a run, which may write to it.

        It checks a file again only if it was replaced, as `at_once` does, and lists no store.
        """
        return _Remembering(self)

    def read(
        self, table: str, *departements: str, columns: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Return the rows of `table`, of these `departements` one after the other.

        Args:
            table: its name; geometries are returned as a GeoDataFrame.
            departements: codes, none for a table that is not partitioned.
            columns: the columns to read, all by default.

        Raises:
            StorageError: a file does not exist yet, or is damaged.
        """
        if departements:
            files = [read(self.path(table, code), columns) for code in departements]
        else:
            files = [read(self.path(table), columns)]
        if b"geo" in (files[0].schema.metadata or {}):
            # Slow to import, and few tables have geometries.
            import geopandas as gpd  # noqa: PLC0415

            shapes: pd.DataFrame = gpd.GeoDataFrame.from_arrow(files[0])
            return shapes
        content = pa.concat_tables(file.replace_schema_metadata(None) for file in files)
        frame = content.to_pandas(
            date_as_object=False,
            coerce_temporal_nanoseconds=True,
            categories=[name for name in content.column_names if name in categories(table)],
        )
        return pd.DataFrame(frame)

    def grown(self, table: str, departement: str) -> tuple[Footer, pa.Table]:
        """Return the footer and the rows of a partition, of the same file even if it is replaced.

        Raises:
            StorageError: the file does not exist yet, or is damaged.
        """
        path = self.path(table, departement)
        self._grown[path] = e_tag(path)
        file = _open(path).file
        return _footer(file), _read(file, path).replace_schema_metadata(None)

    def grown_by(self, table: str, departement: str, method: str) -> tuple[Footer, pa.Table] | None:
        """Return footer and rows of a partition, as `grown` does, where `method` made it.

        None where another method did, by its provenance, and where there is no file or a damaged
        one: all rows are then to be made.
        """
        try:
            footer, rows = self.grown(table, departement)
        except StorageError:
            return None
        return (footer, rows) if footer.provenance.get("made_of") == method else None

    def arrow(self, table: str, without: Collection[str] = (), **only: Sequence[str]) -> pa.Table:
        """Return the rows of all files of `table`; 0 rows where a partitioned one has no file yet.

        Files of the départements `without` are not read. `only` restricts a column to some values:
        `indicator=("spi_3", "swi")`.
        """
        if not TABLES[table].partitioned:
            return read(self.path(table))
        parts = [chosen(read(path), only) for path in self.files(table, without)]
        return pa.concat_tables([arrow_schema(table).empty_table(), *parts])

    def footer(self, table: str, departement: str | None = None) -> Footer:
        """Return the content of a file's footer.

        Raises:
            StorageError: the file does not exist yet, or is damaged.
        """
        return self.inspect(self.path(table, departement)).footer

    def origin(self, table: str, departement: str | None = None) -> Provenance:
        """Return the provenance of what is made from one file: its source, the file, its hash."""
        path = self.path(table, departement)
        inspection = self.inspect(path)
        recorded = inspection.footer.provenance
        url = below(path, self.root)
        return Provenance(
            recorded.get("source", ""), url, recorded.get("fetched_at", ""), inspection.sha256
        )

    def origin_until(self, table: str, departement: str, until: date) -> Provenance:
        """Return the provenance of what is made from the rows of a partition until a day.

        It stays the same as later days arrive, so when the file was received is not part of it.
        """
        path = self.path(table, departement)
        known = self.inspect(path).footer.provenance
        url, day = below(path, self.root), until.isoformat()
        digest = self.digest_until(path, day)
        return Provenance(known.get("source", ""), url, "", digest, until=day)

    def digest_until(self, path: Place, day: str) -> str:
        """Return a hash of the rows until an ISO `day` of the file at `path`, computed once."""
        key = self.inspect(path).sha256, day
        if key not in self._digests:
            rows = read(path)
            until = pa.scalar(date.fromisoformat(day))
            self._digests[key] = hash_of(rows.filter(pc.less_equal(rows["date"], until)))
        return self._digests[key]

    def joint_origin(self, tables: Iterable[str], without: Collection[str] = ()) -> Provenance:
        """Return the provenance of what is made from all files of `tables`.

        Those of the départements `without` are left out.
        """
        inspections = [
            self.inspect(path) for table in tables for path in self.files(table, without)
        ]
        known = [each.footer.provenance for each in inspections]
        sources = sorted({recorded.get("source", "") for recorded in known})
        fetched = max((recorded.get("fetched_at", "") for recorded in known), default="")
        digest = hashlib.sha256("".join(each.sha256 for each in inspections).encode()).hexdigest()
        return Provenance(", ".join(sources), ", ".join(tables), fetched, digest)

    def provenance(self, without: Collection[str] = ()) -> Iterator[dict[str, object]]:
        """Yield a row for each file: table, partition, source, rows, first and last date, SHA-256.

        Raises:
            DamagedError: a file of a département that is not in `without` cannot be read.
        """
        for table in TABLES:
            for path in self.files(table, without):
                yield _provenance_row(table, path, self.inspect(path))


class _Remembering(Lake):
    """A lake that remembers the checks of files that were not replaced."""

    def __init__(self, lake: Lake) -> None:
        super().__init__(lake.root)
        self._digests = lake._digests
        self._grown = lake._grown
        self._inspections: dict[Place, tuple[tuple[int, int, int], Inspection]] = {}
        if isinstance(lake, _Remembering):
            self._inspections = lake._inspections

    def for_a_step(self) -> Lake:
        return self

    def inspect(self, path: Place) -> Inspection:
        try:
            status = path.stat()
        except OSError:
            return super().inspect(path)
        version = status.st_ino, status.st_mtime_ns, status.st_size
        if path not in self._inspections or self._inspections[path][0] != version:
            self._inspections[path] = version, super().inspect(path)
        return self._inspections[path][1]


class _AtOnce(_Remembering):
    """One that lists a store once besides, for a task that only reads."""

    def __init__(self, lake: Lake) -> None:
        super().__init__(lake)
        self._listed: dict[Place, Place] | None = None

    def path(self, table: str, departement: str | None = None) -> Place:
        path = super().path(table, departement)
        if isinstance(path, ObjectPath) and self._listed is None:  # instead of asking for each file
            whole, parts = (listing(self.root, f"{each}/part.parquet") for each in ("*", "*/*"))
            self._listed = {each: each for each in (*whole, *parts)}
        return path if self._listed is None else self._listed.get(path, path)

    def at_once(self) -> Lake:
        return self


def partition(path: Place) -> str | None:
    """Return the département of a file, None for a table that is not partitioned."""
    code = path.parent.name.removeprefix("departement=")
    return code if code != path.parent.name else None


def file_sha256(path: Place) -> str:
    """Return the SHA-256 of the file at `path`.

    Raises:
        StorageError: it does not exist or cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise StorageError(
            message("file.unreadable", path=path, why=str(error.strerror))
        ) from error


def _dated(columns: Sequence[str]) -> str | None:
    """Return the column with the days of the rows, None where there is none."""
    return next((name for name in ("date", "period_end") if name in columns), None)


def _footer(file: pq.ParquetFile) -> Footer:
    """Return the content of the footer of a Parquet file."""
    metadata, names = file.metadata, file.schema_arrow.names
    dated = _dated(names)
    extremes: list[date] = []
    if dated is not None:
        for group in range(metadata.num_row_groups):
            known = metadata.row_group(group).column(names.index(dated)).statistics
            if known is not None and known.has_min_max:
                extremes += [known.min, known.max]
    first, last = (min(extremes), max(extremes)) if extremes else (None, None)
    state = (file.schema_arrow.metadata or {}).get(_STATE_KEY, b"").decode()
    return Footer(metadata.num_rows, first, last, _kept_provenance(file), state)


def _parquet(content: pa.Table, provenance: Provenance, place: str, state: str) -> bytes:
    """Return rows as the bytes of a sealed Parquet file with their provenance in the footer."""
    metadata = {
        **(content.schema.metadata or {}),
        _PROVENANCE_KEY: json.dumps(provenance.recorded(), sort_keys=True).encode(),
    }
    if state:
        metadata[_STATE_KEY] = state.encode()
    return seal.sealed(content.replace_schema_metadata(metadata), place, compression="zstd")


def _open(path: Place) -> seal.Opened:
    """Open the Parquet file at `path`."""
    try:
        return seal.opened(path)
    except FileNotFoundError as error:
        raise StorageError(message("lake.not_there", path=path)) from error


def read(path: Place, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the Parquet file at `path` as Arrow, all its columns or some.

    Raises:
        StorageError: the file is not there yet, or is damaged.
    """
    return _read(_open(path).file, path, columns)


def _read(file: pq.ParquetFile, path: Place, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the rows of an open file."""
    try:
        return file.read(None if columns is None else list(columns))
    except (OSError, pa.ArrowException) as error:
        raise seal.damaged(path, str(error).splitlines()[0]) from error


def _kept_provenance(file: pq.ParquetFile) -> dict[str, str]:
    """Return the provenance in the footer of a file."""
    recorded: dict[str, str] = json.loads(
        (file.schema_arrow.metadata or {}).get(_PROVENANCE_KEY, b"{}")
    )
    return recorded


def _provenance_row(table: str, path: Place, inspection: Inspection) -> dict[str, object]:
    """Return the row of `provenance` for the file `path`."""
    known = inspection.footer
    return {
        "asset": table,
        "departement": partition(path),
        **{name: known.provenance.get(name) for name in _PUBLISHED},
        "rows": known.rows,
        "first_date": known.first_date,
        "last_date": known.last_date,
        "file_sha256": inspection.sha256,
    }
