"""The warehouse: the published, read-only DuckDB file, for its readers.

Only `warehouse_building` writes it, by replacing the whole file; the one before stays beside it. A
reader never meets a lock and never sees half of it.
"""

import json
import logging
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import overload

import duckdb
import pandas as pd

from geo_pipeline import sql
from geo_pipeline.errors import NotPublishedError, StorageError
from geo_pipeline.objects import ObjectPath, Place, Watched, at_hand
from geo_pipeline.spatial import database
from geo_pipeline.tables import TABLES, models_digest
from geo_pipeline.words import message

SUMS = {sum_: each.name for each in TABLES.values() for sum_ in each.published_in_sums}
"""Tables published of a lake table, in sums or in part, by the script of the same name."""
ONLY_READ = tuple(dict.fromkeys(SUMS.values()))
"""Lake tables that are read while the warehouse is built but only published as sums."""

Version = tuple[int, int, int]

_log = logging.getLogger(__name__)


class Warehouse:
    """Reader of the publication at `path`; a new publication is used from the next query on."""

    def __init__(self, path: Place) -> None:
        self.path = path
        self.damage: StorageError | None = None
        """Why the publication cannot be read, where the one before it is read meanwhile."""
        self._watched = Watched(path)
        self._lock = threading.Lock()
        self._open: tuple[Version, duckdb.DuckDBPyConnection] | None = None

    @property
    def reads_previous(self) -> bool:
        """Whether the publication is damaged, so that the one before is read."""
        return self.damage is not None

    def version(self) -> Version:
        """Return a value that changes with each publication.

        Raises:
            NotPublishedError: nothing has been published yet.
        """
        try:
            status = self._watched.stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _nothing(self.path) from error
        return status.st_ino, status.st_mtime_ns, status.st_size

    def query(self, script: str, **parameters: object) -> pd.DataFrame:
        """Return the rows that `<script>.sql` selects, geometries as a GeoDataFrame.

        Raises:
            NotPublishedError: nothing has been published yet.
            StorageError: the file is damaged.
        """
        with self._told(), self._cursor() as cursor:
            content = cursor.execute(sql.load(script), parameters).to_arrow_table()
        return database.from_arrow(content)

    def table(self, name: str) -> pd.DataFrame:
        """Return all rows of a published table, geometries as a GeoDataFrame.

        Errors are those of `query`.
        """
        with self._told(), self._cursor() as cursor:
            content = cursor.table(name).to_arrow_table()
        return database.from_arrow(content)

    @contextmanager
    def reading(self, name: str) -> Iterator[duckdb.DuckDBPyRelation]:
        """Give a published table as a relation: what is made of it is read inside the block.

        Values in expressions on it are constants, never text of a query. Errors are those of
        `query`.
        """
        with self._told(), self._cursor() as cursor:
            yield cursor.table(name)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Report an error of DuckDB in one line."""
        try:
            yield
        except duckdb.Error as error:
            raise _damaged(self.path, error) from error

    def apart(self) -> duckdb.DuckDBPyConnection:
        """Return a connection of its own, in memory, with the publication as `published`.

        Errors are those of `query`.
        """
        self._cursor().close()  # it is looked at first: where it is damaged the one before is read
        path = previous(self.path) if self.reads_previous else self.path
        return database.attach(at_hand(path))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._open is not None:
                self._open[1].close()
                self._open = None

    def _readable(self) -> Place:
        """Return the publication, or the one before where only that can be read completely."""
        try:
            check_whole(self.path)
        except StorageError as error:
            if not is_whole(previous(self.path)):
                raise
            _log.warning("%s; the publication before it is read meanwhile", error)
            self.damage = error
            return previous(self.path)
        self.damage = None
        return self.path

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a separate cursor on the current publication."""
        version = self.version()
        with self._lock:
            if self._open is None or self._open[0] != version:
                # It is attached to a database in memory: DuckDB would otherwise reuse the old file
                # while anybody still reads it. Readers of the old one can finish.
                self._open = version, database.attach(at_hand(self._readable()))
            cursor = self._open[1].cursor()
        cursor.execute("USE published")
        return cursor


@overload
def previous(target: Path) -> Path: ...
@overload
def previous(target: ObjectPath) -> ObjectPath: ...
def previous(target: Place) -> Place:
    """Return the path of the publication before the one at `target`."""
    return target.with_suffix(f".previous{target.suffix}")


def check_whole(path: Place) -> None:
    """Read every value of the publication at `path`.

    DuckDB verifies the checksum of each block that it reads, so a flipped bit is found. For the
    whole of France this takes some tenths of a second.

    Raises:
        StorageError: the file is damaged, cut, or no database.
        NotPublishedError: there is none.
    """
    try:
        with closing(database.attach(_existing(path))) as connection:
            connection.execute("USE published")
            read_to_the_end(connection)
    except duckdb.Error as error:
        raise _damaged(path, error) from error


def is_whole(path: Place) -> bool:
    """Return whether there is a publication at `path` that can be read completely."""
    try:
        check_whole(path)
    except StorageError:
        return False
    return True


def lacking(warehouse: Warehouse) -> list[str]:
    """Return the tables of this version that the publication lacks.

    A table without one of its columns counts as lacking.

    Raises:
        NotPublishedError: nothing has been published yet.
        StorageError: the file is damaged.
    """
    rows = warehouse.query("publication_columns")
    published: dict[str, set[str]] = {}
    for table, column in zip(rows["table_name"], rows["column_name"], strict=True):
        published.setdefault(table, set()).add(column)
    expected = _recorded_columns(warehouse, published) or expected_columns()
    return [
        name
        for name, columns in expected.items()
        if not published.get(stored_as(name), set()) >= set(columns)
    ]


def expected_columns() -> dict[str, list[str]]:
    """Return the columns that each table of the lake must have in the publication."""
    return {
        name: list(table.rows.to_schema().columns)
        for name, table in TABLES.items()
        if name not in ONLY_READ
    }


def _recorded_columns(
    warehouse: Warehouse, published: Mapping[str, Collection[str]]
) -> dict[str, list[str]] | None:
    """Return the `expected_columns` recorded in the publication, if the models are still the same.

    Models are slow to load, and a publication is looked at far more often than they change.
    """
    if "models" not in published.get("publication", ()):
        return None
    recorded = warehouse.query("publication_models")
    if recorded["models"].tolist() != [models_digest()]:
        return None
    columns: dict[str, list[str]] = json.loads(recorded["columns"].item())
    return columns


def stored_as(name: str) -> str:
    """Return the stored table with the rows of the published `name`."""
    table = TABLES.get(name)
    return name if table is None or table.published_as is None else table.published_as


def read_to_the_end(connection: duckdb.DuckDBPyConnection) -> None:
    """Read each value of each table, and so each block of the file that has values."""
    for name, kind in connection.execute(sql.load("publication_contents")).fetchall():
        if kind == "TABLE":
            connection.execute(f'SELECT bit_xor(hash(COLUMNS(*))) FROM "{name}"').fetchall()  # noqa: S608


def count(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return the number of rows of each table that comes from the lake."""
    stored = [stored_as(table) for table in TABLES if table not in ONLY_READ]
    return {name: connection.table(name).count("*").fetchall()[0][0] for name in stored}


def _existing(path: Place) -> Path:
    """Return the publication at `path` as a file of this machine.

    Raises:
        NotPublishedError: it does not exist.
    """
    try:
        here = at_hand(path)
    except FileNotFoundError as error:
        raise _nothing(path) from error
    if not here.exists():
        raise _nothing(path)
    return here


def _nothing(path: Place) -> NotPublishedError:
    return NotPublishedError(message("warehouse.nothing", path=path))


def _damaged(path: Place, error: Exception) -> StorageError:
    reason = str(error).splitlines()[0]
    return StorageError(message("warehouse.unreadable", path=path, why=reason))
