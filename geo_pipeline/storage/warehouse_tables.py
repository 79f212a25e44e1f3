"""Tables of a publication: loaded from the lake, or kept from the publication before.

Where few départements changed, the new publication starts as a copy and only their rows are
replaced; the rows of each table are the same as when built from nothing. `warehouse_plan` decides.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from geo_pipeline import sql
from geo_pipeline.errors import StorageError
from geo_pipeline.objects import all_at_hand
from geo_pipeline.spatial import database
from geo_pipeline.storage.lake import Lake, partition
from geo_pipeline.storage.lake_rows import arrow_schema
from geo_pipeline.storage.warehouse import (
    ONLY_READ,
    SUMS,
    count,
    expected_columns,
    read_to_the_end,
    stored_as,
)
from geo_pipeline.storage.warehouse_plan import Before, Plan, layout
from geo_pipeline.tables import PARTITIONED, TABLES, models_digest
from geo_pipeline.words import joined, message, message_of

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
        ("file_sha256", pa.string()),
    ]
)
_HELD = pa.schema([("departement", pa.string()), ("since", pa.string()), ("what", pa.string())])


class BrokenPromiseError(StorageError):
    """The built warehouse breaks a promise, so it is not published."""


class NotWrittenError(Exception):
    """The disk did not take all of the warehouse, and DuckDB did not report it."""


def build(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    beside: Mapping[str, pd.DataFrame],
    plan: Plan,
    before: Before,
) -> None:
    """Fill the database of `connection`, which is empty or a copy of the publication before.

    In a copy the rows of the changed départements are replaced; tables in which many have changed,
    or that are not by département, are made again. `beside` are tables that are not in the lake, by
    name.
    """
    reasons = plan.reasons()
    earlier = set(_attach_previous(connection, before.path)) if reasons else set()
    if plan.changed is not None:
        _drop_all_but(connection, _carried_on(plan))
    # On a full disk an automatic checkpoint of DuckDB fails silently, and its data are lost. So
    # only explicit checkpoints are made, after each table, which also keeps the log short.
    connection.execute("SET checkpoint_threshold = '1 TB'")
    connection.execute("CHECKPOINT")  # what was dropped leaves room for what comes
    for table in TABLES:
        _load(connection, lake, table, plan, earlier)
        connection.execute("CHECKPOINT")
        _see_that_it_is_there(connection, stored_as(table))
    for name, days in SUMS.items():
        monthly = connection.sql(sql.load(name))
        if plan.changed is not None and not plan.is_anew(days):
            _replace(connection, name, plan.changed[days], monthly)
            continue
        monthly.create(name)
        if name in earlier:
            _of(_like(connection, name), reasons).insert_into(name)
    for table in ONLY_READ:
        connection.execute(f"DROP VIEW {table}")
    provenance = pa.Table.from_pylist(list(lake.provenance(reasons)), schema=_PROVENANCE)
    connection.from_arrow(provenance).create("provenance")
    if "provenance" in earlier:
        _of(_like(connection, "provenance"), reasons).insert_into("provenance")
    for name, frame in beside.items():
        connection.from_arrow(pa.Table.from_pandas(frame, preserve_index=False)).create(name)
    _tell_held(connection, plan, earlier)
    publication = {
        "published_at": [datetime.now(UTC)],
        "started_at": [plan.started_at],
        "fingerprint": [plan.fingerprint],
        "layout": [layout()],
        "models": [models_digest()],
        "columns": [json.dumps(expected_columns())],
        "continued": [0 if plan.changed is None else before.continued + plan.has_replaced],
    }
    connection.from_arrow(pa.table(publication)).create("publication")
    connection.execute(sql.load("soil_outlook_told"))
    connection.execute(sql.load("publication"))
    connection.sql(sql.load("crop_areas")).create_view("crop_areas")
    connection.execute(sql.load("exposure"))
    connection.execute("DROP VIEW crop_areas")


def _carried_on(plan: Plan) -> set[str]:
    """Return the tables in which at most the rows of some départements are replaced."""
    stored = {stored_as(table): table for table in PARTITIONED if table not in ONLY_READ}
    return {name for name, table in {**stored, **SUMS}.items() if not plan.is_anew(table)}


def _tell_held(connection: duckdb.DuckDBPyConnection, plan: Plan, earlier: Collection[str]) -> None:
    """List the départements that are held back; their risk is that of the publication before."""
    reasons = plan.reasons()
    told = {
        "departement": list(reasons),
        "since": [plan.since(code) for code in reasons],
        "what": list(reasons.values()),
    }
    connection.from_arrow(pa.table(told, _HELD)).create("held_departements")
    if reasons:
        risk = stored_as("departement_risk")
        held_before = (
            _like(connection, risk) if risk in earlier else connection.table(risk).limit(0)
        )
        held_before.create_view("previous_risk")
        connection.execute(sql.load("publication_held"))
        connection.execute("DROP VIEW previous_risk")


def _load(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    table: str,
    plan: Plan,
    earlier: Collection[str],
) -> None:
    """Load the rows of `table` from the lake, those held back from the publication before."""
    name, carried = stored_as(table), plan.carried(table)
    files = lake.files(table, carried)
    changed: Sequence[str] | None = None
    if plan.changed and table in PARTITIONED and not plan.is_anew(table):
        changed = plan.changed[table]
        files = [path for path in files if partition(path) in changed]
    # The code is a column of each file: read from a Hive folder it would become a number.
    relation = (
        connection.read_parquet([str(path) for path in all_at_hand(files)], hive_partitioning=False)
        if files
        else connection.from_arrow(arrow_schema(table).empty_table())
    )
    if table in ONLY_READ:
        relation.create_view(name)
    elif changed is not None:
        _replace(connection, name, changed, relation)
    else:
        (_of(relation, carried, without=True) if carried else relation).create(name)
        if carried and name in earlier:
            _of(_like(connection, name), carried).insert_into(name)


def _see_that_it_is_there(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Raise NotWrittenError where the table `name` is missing: DuckDB may lose one silently."""
    try:
        connection.table(name)
    except duckdb.CatalogException as error:
        raise NotWrittenError(f"table {name} was not written: is the disk full?") from error


def _replace(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    codes: Sequence[str],
    rows: duckdb.DuckDBPyRelation,
) -> None:
    """Replace the rows of the départements `codes` in the table `name` by `rows`."""
    if codes:
        connection.execute(
            f'DELETE FROM "{name}" WHERE departement IN $codes',  # noqa: S608
            {"codes": list(codes)},
        )
        rows.insert_into(name)


def _drop_all_but(connection: duckdb.DuckDBPyConnection, kept: Collection[str]) -> None:
    """Drop the views, and all tables except `kept`."""
    for name, kind in connection.execute(sql.load("publication_contents")).fetchall():
        if name not in kept:
            connection.execute(f'DROP {kind} "{name}"')


def _attach_previous(connection: duckdb.DuckDBPyConnection, path: Path | None) -> list[str]:
    """Attach the publication at `path`, if any, as `previous`; return its tables."""
    if path is None:
        return []
    database.attach_to(connection, path, "previous")
    return [str(name) for (name,) in connection.execute("SHOW TABLES FROM previous").fetchall()]


def _like(connection: duckdb.DuckDBPyConnection, name: str) -> duckdb.DuckDBPyRelation:
    """Return the rows of `previous.<name>` with the columns of the new table, absent ones NULL."""
    previous = connection.table(f"previous.main.{name}")
    return previous.select(
        *(
            (
                duckdb.ColumnExpression(column)
                if column in previous.columns
                else duckdb.ConstantExpression(None).alias(column)
            )
            for column in connection.table(name).columns
        )
    )


def _of(
    relation: duckdb.DuckDBPyRelation, codes: Iterable[str], *, without: bool = False
) -> duckdb.DuckDBPyRelation:
    """Return the rows of the départements `codes`, or with `without` all others."""
    column = duckdb.ColumnExpression("departement")
    several = [duckdb.ConstantExpression(code) for code in codes]
    return relation.filter(column.isnotin(*several) if without else column.isin(*several))


def check(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return the number of rows of each table of a warehouse, after checking all promises.

    Raises:
        BrokenPromiseError: it breaks a promise.
        duckdb.Error: it cannot be read completely.
    """
    read_to_the_end(connection)
    failures = connection.execute(sql.load("publication_checks")).fetchall()
    if failures:
        broken = [
            message_of(f"warehouse.promise.{failure}", {"table": table, "found": found})
            for failure, table, found in failures
        ]
        raise BrokenPromiseError(message("warehouse.broken", why=joined(broken)))
    return count(connection)
