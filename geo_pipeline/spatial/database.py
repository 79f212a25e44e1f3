"""DuckDB with its spatial extension: connections, and scripts run on frames."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cache
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from geo_pipeline import seal, sql
from geo_pipeline.errors import StorageError
from geo_pipeline.objects import Place, all_at_hand
from geo_pipeline.stores import Access
from geo_pipeline.words import message

LONLAT = "OGC:CRS84"
LONGITUDE_FIRST = "SET geometry_always_xy = true"
"""For each connection: by default DuckDB swaps longitude and latitude, and areas are 50 % off."""


@contextmanager
def connect(*, functions: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection with spatial functions and longitude before latitude; close it afterwards.

    Without `functions` geometries can be carried but not computed with; such a connection opens at
    once.

    The extension comes from its wheel, without network; on a platform without a wheel DuckDB
    installs it.

    Raises:
        StorageError: the extension cannot be loaded.
    """
    with closing(_opened()) as connection:
        if functions:
            _prepare(connection)
        yield connection


def attach(database: Path) -> duckdb.DuckDBPyConnection:
    """Return a separate read-only connection to `database`, as the schema `published`.

    It has no spatial functions: geometries are read as they are stored. It reads and writes no
    other file, whatever it is asked.
    """
    connection = _opened()
    attach_to(connection, database, "published")
    connection.execute("SET enable_external_access = false")
    return connection.execute("SET lock_configuration = true")


def attach_to(
    connection: duckdb.DuckDBPyConnection, database: Path, name: str, *, read_only: bool = True
) -> None:
    """Attach `database` as the schema `name`; one to be written is created if it does not exist.

    Raises:
        duckdb.Error: it cannot be opened.
    """
    literal = str(database).replace("'", "''")
    # DuckDB's default, an older storage format, would lose the CRS of geometries.
    how = "READ_ONLY" if read_only else "STORAGE_VERSION 'v1.5.0'"
    connection.execute(f"ATTACH '{literal}' AS {name} ({how})")


@contextmanager
def attached(
    connection: duckdb.DuckDBPyConnection, database: Path, name: str, *, read_only: bool = True
) -> Iterator[None]:
    """Attach `database` as the schema `name` during the block.

    Raises:
        duckdb.Error: it cannot be opened.
    """
    attach_to(connection, database, name, read_only=read_only)
    connection.execute(f"USE {name}")
    yield
    connection.execute("USE memory")
    connection.execute(f"DETACH {name}")


@contextmanager
def in_place(access: Access) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection that reads the objects of a store where they are, by their addresses.

    The pipeline itself reads files of this machine, whose bytes it has checked.

    Raises:
        StorageError: the extension cannot be loaded.
    """
    told = {
        "KEY_ID": access.key_id and access.key_id.get_secret_value(),
        "SECRET": access.secret and access.secret.get_secret_value(),
        "SESSION_TOKEN": access.token and access.token.get_secret_value(),
        "REGION": access.region,
    }
    if access.endpoint is not None:
        scheme, _, host = access.endpoint.partition("://")
        told |= {"ENDPOINT": host, "URL_STYLE": "path", "USE_SSL": str(scheme == "https").lower()}
    known = {name: value for name, value in told.items() if value is not None}
    options = "".join(f", {name} ${name}" for name in known)
    with closing(_opened()) as connection:
        _load(connection, "httpfs")
        connection.execute(f"CREATE SECRET (TYPE s3{options})", known)
        yield connection


def extension_path(name: str = "spatial") -> Path | None:
    """Return an extension inside its wheel, None where no wheel is installed."""
    spec = find_spec(f"duckdb_extension_{name}")
    if spec is None or spec.origin is None:
        return None
    version = f"v{duckdb.__version__}"
    path = Path(spec.origin).parent / "extensions" / version / f"{name}.duckdb_extension"
    return path if path.exists() else None


def run(script: str, frames: Mapping[str, pd.DataFrame | pa.Table]) -> pd.DataFrame:
    """Return the rows that `<script>.sql` selects from `frames`, geometries as a GeoDataFrame.

    A text column without any value has no type in pandas; where that may happen, pass Arrow.

    Raises:
        StorageError: the script fails; the message is DuckDB's first line.
    """
    return from_arrow(table(script, frames))


def table(script: str, frames: Mapping[str, pd.DataFrame | pa.Table]) -> pa.Table:
    """Return the result of `run` as Arrow."""
    text = sql.load(script)
    with _scratch(functions="ST_" in text) as connection:
        for name, frame in frames.items():
            # A copy, because spatial filters cannot be pushed down into a scan of Arrow memory.
            connection.register("handed_over", as_arrow(frame))
            connection.execute(f"CREATE TEMP TABLE {name} AS FROM handed_over")
            connection.unregister("handed_over")
        try:
            return connection.sql(text).to_arrow_table()
        except duckdb.Error as error:
            raise StorageError(
                message("database.failed", script=script, why=str(error).splitlines()[0])
            ) from error


def run_on_files(script: str, files: Mapping[str, Sequence[Place]]) -> pd.DataFrame:
    """Return the rows that `<script>.sql` selects from Parquet files of the lake, by table.

    DuckDB reads only the necessary columns and rows, and does not check seals, so each file is
    checked before.

    Raises:
        DamagedError: a file is damaged.
        StorageError: the script fails or a file cannot be read; the message is DuckDB's first line.
    """
    for path in chain.from_iterable(files.values()):
        seal.opened(path)
    with connect(functions=False) as connection:
        try:
            for name, paths in files.items():
                # The code is a column of each file: read from the folder's name it would become a
                # number.
                relation = connection.read_parquet(
                    [str(path) for path in all_at_hand(paths)], hive_partitioning=False
                )
                relation.create_view(name)
            result = connection.sql(sql.load(script)).to_arrow_table()
        except duckdb.Error as error:
            raise StorageError(
                message("database.failed", script=script, why=str(error).splitlines()[0])
            ) from error
    return from_arrow(result)


def as_arrow(frame: pd.DataFrame | pa.Table) -> pa.Table:
    """Return `frame` as Arrow, with geometries in GeoArrow so that DuckDB recognises them."""
    if isinstance(frame, pa.Table):
        return frame
    # Only a GeoDataFrame has this method: geopandas, slow to import, is not loaded to find out.
    to_arrow = getattr(frame, "to_arrow", None)
    if to_arrow is not None:
        return pa.table(to_arrow(index=False))
    return pa.Table.from_pandas(frame, preserve_index=False)


def from_arrow(content: pa.Table) -> pd.DataFrame:
    """Return Arrow as pandas, as a GeoDataFrame where it has geometries."""
    extension = b"ARROW:extension:name"
    if any(extension in (field.metadata or {}) for field in content.schema) or any(
        isinstance(field.type, pa.BaseExtensionType) for field in content.schema
    ):
        # Slow to import, and most results have no geometry.
        import geopandas as gpd  # noqa: PLC0415

        shapes: pd.DataFrame = gpd.GeoDataFrame.from_arrow(content)
        return shapes
    frame: pd.DataFrame = content.to_pandas(date_as_object=False, coerce_temporal_nanoseconds=True)
    return frame


def _opened() -> duckdb.DuckDBPyConnection:
    """Return a new connection which, like its cursors, draws no progress bars.

    DuckDB draws them in a process without a script, which it takes for an interactive one. Child
    processes have no script either, and their output is a log.
    """
    return duckdb.connect().execute("SET enable_progress_bar = false")


@contextmanager
def _scratch(*, functions: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection for the temporary tables of one script; nobody else sees them.

    With spatial functions it is one of `computing`.
    """
    with computing() if functions else connect(functions=False) as connection:
        yield connection


@contextmanager
def computing() -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection with spatial functions to a database that this process keeps.

    To load them takes a third of a second, as long as most scripts. What is attached there is seen
    by all who compute in this process, so its name is to be nobody else's.
    """
    with closing(_kept().cursor()) as connection:
        connection.execute(LONGITUDE_FIRST)
        try:
            yield connection
        except Exception:
            # After an error that DuckDB calls fatal the database does not answer any more.
            _kept.cache_clear()
            raise


@cache
def _kept() -> duckdb.DuckDBPyConnection:
    """Return the connection of this process with the spatial functions loaded."""
    connection = _opened()
    _prepare(connection)
    return connection


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Load the spatial functions and put longitude before latitude."""
    _load(connection, "spatial")
    connection.execute(LONGITUDE_FIRST)


def _load(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from its wheel, else as DuckDB installs it."""
    path = extension_path(name)
    try:
        if path is not None:
            connection.load_extension(str(path))
        else:
            connection.install_extension(name)
            connection.load_extension(name)
    except duckdb.Error as error:
        why, version = str(error).splitlines()[0], duckdb.__version__
        raise StorageError(
            message("database.no_extension", name=name, why=why, version=version)
        ) from error
