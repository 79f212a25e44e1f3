"""The warehouse: the published, read-only DuckDB file, built from the lake.

It is built beside the old one, closed, read again to its end and checked, then renamed over it; the
one before stays beside it. Nothing else ever writes it, so a reader never meets a lock and never
sees half of it. Where few départements changed since the publication before, it begins as a copy of
that and their rows are replaced: the rows of each table are those of one built from nothing.
"""

import hashlib
import json
import logging
import os
import shutil
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import duckdb
import pandas as pd
import pyarrow as pa
from filelock import FileLock

from geo_pipeline import sql
from geo_pipeline.errors import DamagedError, NotPublishedError, StorageError
from geo_pipeline.files import replacing, sweep
from geo_pipeline.spatial import database
from geo_pipeline.storage.failures import WHOLE
from geo_pipeline.storage.findings import Finding
from geo_pipeline.storage.lake import Lake, arrow_schema, partition
from geo_pipeline.storage.partition_states import Damaged, unreadable
from geo_pipeline.tables import PARTITIONED, TABLES

_SUMS = {each.published_in_sum: each.name for each in TABLES.values() if each.published_in_sum}
"""Tables that are sums by département of one of the lake: made by the script of the same name."""
_ONLY_READ = tuple(_SUMS.values())
"""Read from the lake while the warehouse is built, published in sum only: millions of rows."""
_CARRIED_ON = (*(table for table in PARTITIONED if table not in _ONLY_READ), *_SUMS)
"""Tables in which a publication replaces the rows of what changed; all others it makes anew."""
MOST_CHANGED = 25
"""Départements; with more of them changed a publication built from nothing is as quick."""
MOST_CONTINUED = 20
"""Publications in a row that begin as a copy: what they replace leaves gaps in the file."""
_SIZE_OF_LAKE = 2.2
"""Bytes of a publication for each byte of the files it is made from: 40.4 of 20.6 MB measured."""
_SIZE_WHILE_BUILT = 1.5
"""Bytes that a publication takes while it is built for each byte that it keeps, at the most."""
_SIZE_OF_NOTHING = 3_000_000
"""Bytes of a publication without data."""
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

Version = tuple[int, int, int]

_log = logging.getLogger(__name__)


class BrokenPromiseError(StorageError):
    """What was built breaks a promise of the publication, which it therefore is not."""


class _NotWrittenError(Exception):
    """The disk has not taken all of the warehouse, and DuckDB did not say so."""


@dataclass(frozen=True)
class Published:
    """A publication as it was made, or found made by another that waited at the same time."""

    path: Path
    bytes: int
    rows: Mapping[str, int]
    held: Mapping[str, str]
    """Départements whose rows are those of the publication before, each with why."""
    damaged: tuple[Damaged, ...]
    """Files of the lake that could not be read: their départements are among `held`."""
    is_new: bool


def publish(
    lake: Lake,
    target: Path,
    attributions: pd.DataFrame,
    crop_stages: pd.DataFrame,
    held: Mapping[str, Sequence[Finding]] | None = None,
    *,
    asked_at: datetime | None = None,
) -> Published:
    """Build the warehouse from `lake` and put it in the place of `target`.

    `attributions` are how the providers are to be named: asset, source and the columns that
    `sql/attributions.sql` reads; the published table holds those of the lake's own provenance.
    `crop_stages` is the calendar of crops, published as it is.

    Of the départements that are `held` (with the findings that hold them), and of those with a
    damaged file, the rows are those that were published before, if any: none of them is lost, and
    none stops the others. The table `held_departements` names them.

    Two publications at once wait for each other. One that was `asked_at` before another began that
    has seen each file as it is now would be the same: it is not made again.

    Raises:
        StorageError: a file that is of no one département is damaged, a promise is broken or the
            disk is full; what was published before stays.
    """
    beside = {"known_attributions": attributions, "crop_stages": crop_stages}
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_suffix(".lock")):
            before = _Before.of(target)
            once = lake.at_once()
            plan = _plan(once, held or {})
            if asked_at is not None and before.is_same(plan, asked_at):
                return Published(
                    target, target.stat().st_size, before.rows, plan.reasons(), (), False
                )
            while True:
                try:
                    rows = _publish(once, target, beside, plan, before)
                    break
                except (DamagedError, duckdb.Error):
                    once = lake.at_once()
                    plan = _with_damaged_since(once, plan)
                except BrokenPromiseError:
                    # Another process may have written some of the files while they were read.
                    newer = _plan(once, held or {})
                    if newer.files == plan.files:
                        raise
                    plan = newer
            size = target.stat().st_size
    except (duckdb.Error, OSError, _NotWrittenError) as error:
        raise StorageError(
            f"cannot publish {target}: {str(error).splitlines()[0]}; "
            "what was published before is unchanged"
        ) from error
    return Published(target, size, rows, plan.reasons(), plan.damaged, True)


class Warehouse:
    """Read-only door to the publication at `path`; a new publication is seen at the next query."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damage: StorageError | None = None
        """Why the publication cannot be read, where the one before it is read meanwhile."""
        self._lock = threading.Lock()
        self._open: tuple[Version, duckdb.DuckDBPyConnection] | None = None

    @property
    def reads_previous(self) -> bool:
        """Whether the publication was found damaged, and the one before is read meanwhile."""
        return self.damage is not None

    def version(self) -> Version:
        """Return what changes with each publication.

        Raises:
            NotPublishedError: nothing has been published yet.
        """
        status = _existing(self.path).stat()
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
    def _told(self) -> Iterator[None]:
        """Tell an error of DuckDB as one line."""
        try:
            yield
        except duckdb.Error as error:
            raise _damaged(self.path, error) from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._open is not None:
                self._open[1].close()
                self._open = None

    def _readable(self) -> Path:
        """Return the publication, or the one before it where only that can be read to its end."""
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
        """Return a cursor of its own on the current publication."""
        version = self.version()
        with self._lock:
            if self._open is None or self._open[0] != version:
                # Attached to a database in memory: DuckDB would otherwise hand out the old file
                # again while anybody still reads it. Readers of the old one finish undisturbed.
                self._open = version, database.attach(self._readable())
            cursor = self._open[1].cursor()
        cursor.execute("USE published")
        return cursor


def previous(target: Path) -> Path:
    """Return where the publication before the one at `target` lies."""
    return target.with_suffix(f".previous{target.suffix}")


def check_whole(path: Path) -> None:
    """Read every value of the publication at `path`.

    DuckDB verifies the checksum of each block that it reads: a bit that flipped is found. It takes
    some tenths of a second for the whole of France.

    Raises:
        StorageError: the file is damaged, cut, or no database.
        NotPublishedError: there is none.
    """
    try:
        with closing(database.attach(_existing(path))) as connection:
            connection.execute("USE published")
            _read_to_the_end(connection)
    except duckdb.Error as error:
        raise _damaged(path, error) from error


def lacking(warehouse: Warehouse) -> list[str]:
    """Return the tables that a publication of this version has and what is read there has not.

    A table that lacks a column is among them.

    Raises:
        NotPublishedError: nothing has been published yet.
        StorageError: the file is damaged.
    """
    columns = warehouse.query("publication_columns")
    there = columns.groupby("table_name")["column_name"].agg(set).to_dict()
    return [
        name
        for name, table in TABLES.items()
        if name not in _ONLY_READ
        and not there.get(_stored_as(name), set()) >= set(table.rows.to_schema().columns)
    ]


def _stored_as(name: str) -> str:
    """Return the stored table that holds the rows of what is published as `name`."""
    table = TABLES.get(name)
    return name if table is None or table.published_as is None else table.published_as


def is_current(lake: Lake, warehouse: Warehouse, held: Mapping[str, Sequence[Finding]]) -> bool:
    """Return whether what is published was made of the files of the lake as they are now.

    `held` are the findings that hold back now; they are part of what it is made of.

    Raises:
        NotPublishedError: nothing has been published yet.
        StorageError: the publication, or a file that is of no one département, is damaged.
    """
    made = warehouse.query("publication_made")
    return made["fingerprint"].tolist() == [_plan(lake.at_once(), held).fingerprint]


def _publish(
    lake: Lake, target: Path, beside: Mapping[str, pd.DataFrame], plan: "_Plan", before: "_Before"
) -> dict[str, int]:
    """Build beside `target`, check, and put it in its place; return the rows of each table."""
    plan = replace(plan, changed=before.changed(plan))
    _make_room(lake, target)
    with _swept(target), replacing(target) as temporary:
        if plan.changed is None:
            temporary.unlink()  # DuckDB makes its own file; an empty one is not a database
        else:
            _copy(target, temporary)
        with database.connect() as connection:
            with database.attached(connection, temporary, "building", read_only=False):
                _build(connection, lake, beside, plan, before)
                # Nor does it tell of one that fails while it closes.
                connection.execute("CHECKPOINT")
            if temporary.with_name(f"{temporary.name}.wal").exists():
                raise _NotWrittenError("it was not written to its end: is the disk full?")
            with database.attached(connection, temporary, "published"):
                rows = _check(connection)
        if before.is_whole:
            _keep(target)
    return rows


def _copy(target: Path, temporary: Path) -> None:
    """Copy the publication before, to begin with it."""
    try:
        shutil.copyfile(target, temporary)
    except OSError as error:
        raise _NotWrittenError(f"{error.strerror or error}") from error


@contextmanager
def _swept(target: Path) -> Iterator[None]:
    """See that nothing half-written is beside `target` before and after, also what DuckDB left."""
    sweep(target, alone=True)
    try:
        yield
    finally:
        sweep(target, alone=True)


def _make_room(lake: Lake, target: Path) -> None:
    """See that a publication has room on the disk of `target`, in place of the previous if need be.

    Raises:
        StorageError: it has not.
    """
    needed = room_needed(lake, target)
    if shutil.disk_usage(target.parent).free < needed and previous(target).exists():
        _log.warning("the disk of %s is nearly full: the publication before goes", target)
        previous(target).unlink()
    free = shutil.disk_usage(target.parent).free
    if free < needed:
        raise StorageError(
            f"cannot publish {target}: {free / 1e6:.0f} MB are free on its disk and about "
            f"{needed / 1e6:.0f} MB are needed: make room, then `geo-pipeline run --resume`; "
            "what was published before is unchanged"
        )


def room_needed(lake: Lake, target: Path) -> float:
    """Return about how much free room a publication of `lake` at `target` needs, bytes."""
    kept = [path for table in TABLES if table not in _ONLY_READ for path in lake.files(table)]
    size = _SIZE_OF_NOTHING + _SIZE_OF_LAKE * sum(path.stat().st_size for path in kept)
    return _SIZE_WHILE_BUILT * max(size, target.stat().st_size if target.exists() else 0)


def _keep(target: Path) -> None:
    """Keep the publication at `target` beside it, as the previous one."""
    with replacing(previous(target)) as temporary:
        temporary.unlink()
        try:
            os.link(target, temporary)
        except OSError:  # a file system without links
            shutil.copyfile(target, temporary)


@dataclass(frozen=True)
class _Plan:
    """What a publication is made of: which files, as they are, and whom it is without."""

    files: Mapping[tuple[str, str | None], str]
    """SHA-256 of each file of the lake, by table and département."""
    started_at: datetime
    findings: Mapping[str, Sequence[Finding]]
    damaged: tuple[Damaged, ...]
    changed: Mapping[str, Sequence[str]] | None = None
    """Départements whose files are others than those published, by table; None: all is new."""

    @property
    def fingerprint(self) -> str:
        """What names all that the publication is made of."""
        files = sorted((table, code or "", digest) for (table, code), digest in self.files.items())
        told = sorted(
            (code, [each.kept() for each in some]) for code, some in self.findings.items()
        )
        return hashlib.sha256(json.dumps([files, told]).encode()).hexdigest()

    def reasons(self) -> dict[str, str]:
        """Return why each département is held back, in English, by code."""
        reasons: dict[str, list[str]] = {}
        for code, findings in self.findings.items():
            reasons[code] = [f"{each.table}, {each.check}: {each.what}" for each in findings]
        for each in self.damaged:
            reasons.setdefault(each.departement, []).append(f"{each.table}: its file is damaged")
        return {code: "; ".join(reasons[code]) for code in sorted(reasons)}

    def since(self, code: str) -> str:
        """Return since when, as far as it is known."""
        moments = [each.found_at for each in self.findings.get(code, ())]
        moments += [each.since for each in self.damaged if each.departement == code]
        return min(moments)

    def carried(self, table: str) -> list[str]:
        """Return the départements whose rows of `table` are those published before."""
        if table in PARTITIONED:
            return list(self.reasons())
        named = {code for code, some in self.findings.items() if table in {f.table for f in some}}
        return sorted(named) if table == "water_restrictions" else []


def _plan(lake: Lake, held: Mapping[str, Sequence[Finding]]) -> _Plan:
    """Return what there is to publish now."""
    started_at = datetime.now(UTC)
    findings = {code: some for code, some in held.items() if some}
    files = {
        (table, partition(path)): lake.look(path).sha256
        for table in TABLES
        for path in lake.files(table)
    }
    damaged = tuple(_of_departements(unreadable(lake)))
    return _Plan(files, started_at, findings, damaged)


def _of_departements(damaged: Iterable[Damaged]) -> Iterator[Damaged]:
    """Yield the damaged files that are of one département.

    Raises:
        StorageError: there is one of another: nothing can be published without it.
    """
    for each in damaged:
        if each.departement == WHOLE:
            raise StorageError(each.why)
        yield each


def _with_damaged_since(lake: Lake, plan: _Plan) -> _Plan:
    """Return `plan` without the files that were damaged since it was made.

    Raises:
        the error being handled: there is none, it is something else.
    """
    known = {each.path for each in plan.damaged}
    others = (each for each in unreadable(lake) if each.path not in known)
    found = tuple(_of_departements(others))
    if not found:
        raise  # noqa: PLE0704 - called while the error is handled
    return replace(plan, damaged=plan.damaged + found)


@dataclass(frozen=True)
class _Before:
    """The publication that is there, if any."""

    path: Path | None = None
    """The last one that can be read to its end: it, the one before it, or none."""
    is_whole: bool = False
    """Whether that is the one in its place."""
    fingerprint: str | None = None
    started_at: datetime | None = None
    layout: str | None = None
    continued: int = 0
    """How many publications in a row began as a copy of the one before."""
    files: Mapping[tuple[str, str | None], str] = field(default_factory=dict)
    """SHA-256 of each file of the lake as it was published."""
    rows: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, target: Path) -> Self:
        """Return what is at `target`, as far as it can be read to its end."""
        found = cls(path=next(filter(is_whole, (target, previous(target))), None))
        if found.path != target:
            return found
        found = replace(found, is_whole=True)
        try:
            with closing(database.attach(target)) as connection:
                connection.execute("USE published")
                made = connection.execute(sql.load("publication_made")).fetchone()
                files = connection.execute(sql.load("publication_files")).fetchall()
                rows = _count(connection)
        except duckdb.Error:  # of a version that did not say these things
            return found
        if made is None:
            return found
        fingerprint, started_at, layout, continued = made
        return replace(
            found,
            fingerprint=fingerprint,
            started_at=started_at,
            layout=layout,
            continued=continued,
            files={(table, code): digest for table, code, digest in files},
            rows=rows,
        )

    def changed(self, plan: _Plan) -> dict[str, list[str]] | None:
        """Return the départements whose files are others than published, by table.

        None where a publication is better built from nothing.
        """
        if self.layout != _layout() or self.continued >= MOST_CONTINUED:
            return None
        changed: dict[str, list[str]] = {table: [] for table in PARTITIONED}
        held = plan.reasons()
        for table, code in sorted(
            (table, code) for table, code in self.files.keys() | plan.files.keys() if code
        ):
            key = table, code
            if code not in held and self.files.get(key) != plan.files.get(key):
                changed[table].append(code)
        concerned = {code for codes in changed.values() for code in codes}
        return changed if len(concerned) <= MOST_CHANGED else None

    def is_same(self, plan: _Plan, asked_at: datetime) -> bool:
        """Return whether it began after `asked_at` and has seen what `plan` sees."""
        return (
            self.started_at is not None
            and self.started_at >= asked_at
            and self.fingerprint == plan.fingerprint
        )


def _layout() -> str:
    """Return what names the form of the tables that a publication may carry on."""
    forms = [str(arrow_schema(table)) for table in PARTITIONED]
    scripts = [sql.load(name) for name in _SUMS]
    return hashlib.sha256("\n".join([duckdb.__version__, *forms, *scripts]).encode()).hexdigest()


def _build(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    beside: Mapping[str, pd.DataFrame],
    plan: _Plan,
    before: _Before,
) -> None:
    """Fill the database of `connection`: empty, or a copy of the publication before.

    In a copy the rows of the départements that changed are replaced, and what is not by département
    is made anew. `beside` are tables that are in no lake, by name.
    """
    reasons = plan.reasons()
    earlier = set(_attach_previous(connection, before.path)) if reasons else set()
    if plan.changed is not None:
        _drop_all_but(connection, _CARRIED_ON)
    # A checkpoint that DuckDB makes by itself fails without a word where the disk is full, and what
    # it was to write is lost. Only ours are made, after each table, so that the log stays short.
    connection.execute("SET checkpoint_threshold = '1 TB'")
    for table in TABLES:
        _load(connection, lake, table, plan, earlier)
        connection.execute("CHECKPOINT")
        _see_that_it_is_there(connection, _stored_as(table))
    for name, days in _SUMS.items():
        monthly = connection.sql(sql.load(name))
        if plan.changed is not None:
            _replace(connection, name, plan.changed[days], monthly)
            continue
        monthly.create(name)
        if name in earlier:
            _of(_like(connection, name), reasons).insert_into(name)
    for table in _ONLY_READ:
        connection.execute(f"DROP VIEW {table}")
    provenance = pa.Table.from_pylist(list(lake.provenance(reasons)), schema=_PROVENANCE)
    connection.from_arrow(provenance).create("provenance")
    if "provenance" in earlier:
        _of(_like(connection, "provenance"), reasons).insert_into("provenance")
    for name, frame in beside.items():
        connection.from_arrow(pa.Table.from_pandas(frame, preserve_index=False)).create(name)
    told = {
        "departement": list(reasons),
        "since": [plan.since(code) for code in reasons],
        "what": list(reasons.values()),
    }
    connection.from_arrow(pa.table(told, _HELD)).create("held_departements")
    if reasons:
        risk = _stored_as("departement_risk")
        held_before = (
            _like(connection, risk) if risk in earlier else connection.table(risk).limit(0)
        )
        held_before.create_view("previous_risk")
        connection.execute(sql.load("publication_held"))
        connection.execute("DROP VIEW previous_risk")
    publication = {
        "published_at": [datetime.now(UTC)],
        "started_at": [plan.started_at],
        "fingerprint": [plan.fingerprint],
        "layout": [_layout()],
        "continued": [0 if plan.changed is None else before.continued + 1],
    }
    connection.from_arrow(pa.table(publication)).create("publication")
    connection.execute(sql.load("publication"))


def _load(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    table: str,
    plan: _Plan,
    earlier: Collection[str],
) -> None:
    """Bring the rows of `table` from the lake; of those held back, from the publication before."""
    name, carried = _stored_as(table), plan.carried(table)
    files = lake.files(table, carried)
    changed = plan.changed[table] if plan.changed and table in PARTITIONED else None
    if changed is not None:
        files = [path for path in files if partition(path) in changed]
    # The code is a column of each file: read as a Hive folder it would become a number.
    relation = (
        connection.read_parquet([str(path) for path in files], hive_partitioning=False)
        if files
        else connection.from_arrow(arrow_schema(table).empty_table())
    )
    if table in _ONLY_READ:
        relation.create_view(name)
    elif changed is not None:
        _replace(connection, name, changed, relation)
    else:
        (_of(relation, carried, without=True) if carried else relation).create(name)
        if carried and name in earlier:
            _of(_like(connection, name), carried).insert_into(name)


def _see_that_it_is_there(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Raise _NotWrittenError where there is no table `name`: DuckDB may lose one without a word."""
    try:
        connection.table(name)
    except duckdb.CatalogException as error:
        raise _NotWrittenError(f"table {name} was not written: is the disk full?") from error


def _replace(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    codes: Sequence[str],
    rows: duckdb.DuckDBPyRelation,
) -> None:
    """Put `rows` in the place of those that the table `name` has of the départements `codes`."""
    if codes:
        connection.execute(
            f'DELETE FROM "{name}" WHERE departement IN $codes',  # noqa: S608
            {"codes": list(codes)},
        )
        rows.insert_into(name)


def _drop_all_but(connection: duckdb.DuckDBPyConnection, kept: Collection[str]) -> None:
    """Drop the views, and the tables but those `kept`."""
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
    """Return the rows of `previous.<name>` with the columns of the new table, NULL those absent."""
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
    """Return the rows of the départements `codes`, or all but them."""
    column = duckdb.ColumnExpression("departement")
    several = [duckdb.ConstantExpression(code) for code in codes]
    return relation.filter(column.isnotin(*several) if without else column.isin(*several))


def _check(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return the rows of each table of the warehouse that was built, closed and opened again.

    Raises:
        BrokenPromiseError: it breaks one.
        duckdb.Error: it cannot be read to its end.
    """
    _read_to_the_end(connection)
    failures = connection.execute(sql.load("publication_checks")).fetchall()
    if failures:
        broken = "; ".join(f"{failure} ({found})" for failure, found in failures)
        raise BrokenPromiseError(f"not published, what was published before stays: {broken}")
    return _count(connection)


def _read_to_the_end(connection: duckdb.DuckDBPyConnection) -> None:
    """Read each value of each table, and so each block of the file that holds one."""
    for name, kind in connection.execute(sql.load("publication_contents")).fetchall():
        if kind == "TABLE":
            connection.execute(f'SELECT bit_xor(hash(COLUMNS(*))) FROM "{name}"').fetchall()  # noqa: S608


def _count(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return the rows of the tables that come from the lake."""
    stored = [_stored_as(table) for table in TABLES if table not in _ONLY_READ]
    return {name: connection.table(name).count("*").fetchall()[0][0] for name in stored}


def is_whole(path: Path) -> bool:
    """Return whether there is a publication at `path` that can be read to its end."""
    try:
        check_whole(path)
    except StorageError:
        return False
    return True


def _existing(path: Path) -> Path:
    """Return `path`.

    Raises:
        NotPublishedError: there is nothing.
    """
    if not path.exists():
        raise NotPublishedError(
            f"nothing is published at {path} yet: run `just run` (or `geo-pipeline run`)"
        )
    return path


def _damaged(path: Path, error: Exception) -> StorageError:
    reason = str(error).splitlines()[0]
    return StorageError(f"cannot read {path} ({reason}): publish again with `geo-pipeline run`")
