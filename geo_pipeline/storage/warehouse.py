"""The warehouse: the published, read-only DuckDB file, built from the lake.

It is built beside the old one, checked, then renamed over it. Nothing else ever writes it, so a
reader never meets a lock and never sees half of it.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
from filelock import FileLock

from geo_pipeline import sql
from geo_pipeline.errors import NotPublishedError, StorageError
from geo_pipeline.files import replacing
from geo_pipeline.schemas import TABLES
from geo_pipeline.storage import spatial
from geo_pipeline.storage.lake import Lake, arrow_schema

# Published without the shapes, which a view of the table's own name joins on reading.
_STORED_AS = {"departement_risk": "departement_risk_values"}
# Read from the lake while the warehouse is built, published in sum only: millions of rows.
_ONLY_READ = ("soil_water_daily",)
_PROVENANCE = pa.schema(
    [
        ("asset", pa.string()),
        ("departement", pa.string()),
        ("source", pa.string()),
        ("url", pa.string()),
        ("fetched_at", pa.string()),
        ("sha256", pa.string()),
        ("rows", pa.int64()),
        ("first_date", pa.date32()),
        ("last_date", pa.date32()),
    ]
)


Version = tuple[int, int, int]


@dataclass(frozen=True)
class Published:
    """A publication as it was made."""

    path: Path
    bytes: int
    rows: Mapping[str, int]


def publish(lake: Lake, target: Path, attributions: pd.DataFrame) -> Published:
    """Build the warehouse from `lake` and put it in the place of `target`.

    `attributions` are how the providers are to be named: asset, source and the columns that
    `sql/attributions.sql` reads; the published table holds those of the lake's own provenance.

    Two publications at once wait for each other, so the last one has seen all that was written.

    Raises:
        StorageError: a file of the lake is damaged, a promise is broken or the disk is full; what
            was published before stays.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_suffix(".lock")), replacing(target) as temporary:
            temporary.unlink()  # DuckDB makes its own file; an empty one is not a database
            try:
                with spatial.connect(temporary) as connection:
                    rows = _build(connection, lake, attributions)
                    _check(connection)
            finally:
                temporary.with_name(f"{temporary.name}.wal").unlink(missing_ok=True)
            size = temporary.stat().st_size
    except (duckdb.Error, OSError) as error:
        raise StorageError(
            f"cannot publish {target}: {str(error).splitlines()[0]}; "
            "what was published before is unchanged"
        ) from error
    return Published(target, size, rows)


class Warehouse:
    """Read-only door to the publication at `path`; a new publication is seen at the next query."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._open: tuple[Version, duckdb.DuckDBPyConnection] | None = None

    def version(self) -> Version:
        """Return what changes with each publication.

        Raises:
            NotPublishedError: nothing has been published yet.
        """
        try:
            status = self.path.stat()
        except FileNotFoundError as error:
            raise NotPublishedError(
                f"nothing is published at {self.path} yet: run `just run` (or `geo-pipeline run`)"
            ) from error
        return status.st_ino, status.st_mtime_ns, status.st_size

    def query(self, script: str, **parameters: object) -> pd.DataFrame:
        """Return the rows that `<script>.sql` selects, geometries as a GeoDataFrame.

        Raises:
            NotPublishedError: nothing has been published yet.
            StorageError: the file is damaged.
        """
        try:
            with self._cursor() as cursor:
                content = cursor.execute(sql.load(script), parameters).to_arrow_table()
        except duckdb.Error as error:
            raise StorageError(
                f"cannot read {self.path} ({str(error).splitlines()[0]}): "
                "publish again with `geo-pipeline run`"
            ) from error
        return spatial.from_arrow(content)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._open is not None:
                self._open[1].close()
                self._open = None

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor of its own on the current publication."""
        version = self.version()
        with self._lock:
            if self._open is None or self._open[0] != version:
                # Attached to a database in memory: DuckDB would otherwise hand out the old file
                # again while anybody still reads it. Readers of the old one finish undisturbed.
                self._open = version, spatial.attach(self.path)
            cursor = self._open[1].cursor()
        cursor.execute("USE published")
        return cursor


def _build(
    connection: duckdb.DuckDBPyConnection, lake: Lake, attributions: pd.DataFrame
) -> dict[str, int]:
    """Fill the empty database of `connection`; return the rows of each table."""
    rows = {}
    for table in TABLES:
        name = _STORED_AS.get(table, table)
        files = [str(path) for path in lake.files(table)]
        # The code is a column of each file: read as a Hive folder it would become a number.
        relation = (
            connection.read_parquet(files, hive_partitioning=False)
            if files
            else connection.from_arrow(arrow_schema(table).empty_table())
        )
        if table in _ONLY_READ:
            relation.create_view(name)
        else:
            relation.create(name)
        rows[name] = connection.table(name).count("*").fetchall()[0][0]
    provenance = pa.Table.from_pylist(list(lake.provenance()), schema=_PROVENANCE)
    connection.from_arrow(provenance).create("provenance")
    named = pa.Table.from_pandas(attributions, preserve_index=False)
    connection.from_arrow(named).create("known_attributions")
    published = pa.table({"published_at": [datetime.now(UTC)]})
    connection.from_arrow(published).create("publication")
    connection.execute(sql.load("publication"))
    return rows


def _check(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise StorageError where the warehouse breaks a promise."""
    failures = connection.execute(sql.load("publication_checks")).fetchall()
    if failures:
        broken = "; ".join(f"{failure} ({found})" for failure, found in failures)
        raise StorageError(f"not published, what was published before stays: {broken}")
