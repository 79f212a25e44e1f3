"""The warehouse: the published, read-only DuckDB file, built from the lake.

It is built beside the old one, checked, then renamed over it. Nothing else ever writes it, so a
reader never meets a lock and never sees half of it.
"""

import hashlib
import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import duckdb
import pandas as pd
import pyarrow as pa
from filelock import FileLock

from geo_pipeline import sql
from geo_pipeline.errors import DamagedError, NotPublishedError, StorageError
from geo_pipeline.files import replacing
from geo_pipeline.schemas import TABLES
from geo_pipeline.storage import spatial
from geo_pipeline.storage.failures import WHOLE
from geo_pipeline.storage.findings import Finding
from geo_pipeline.storage.lake import BY_DEPARTEMENT, Lake, arrow_schema
from geo_pipeline.storage.standing import READABLE, Damaged, unreadable

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
_HELD = pa.schema([("departement", pa.string()), ("since", pa.string()), ("what", pa.string())])

Version = tuple[int, int, int]


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
            plan = _plan(lake, held or {})
            if asked_at is not None and before.is_same(plan, asked_at):
                return Published(
                    target, target.stat().st_size, before.rows, plan.reasons(), (), False
                )
            while True:
                try:
                    rows = _publish(lake, target, beside, plan)
                    break
                except (DamagedError, duckdb.Error):
                    plan = _with_damaged_inside(lake, plan)
            size = target.stat().st_size
    except (duckdb.Error, OSError) as error:
        raise StorageError(
            f"cannot publish {target}: {str(error).splitlines()[0]}; "
            "what was published before is unchanged"
        ) from error
    return Published(target, size, rows, plan.reasons(), plan.damaged, True)


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


def _publish(
    lake: Lake, target: Path, beside: Mapping[str, pd.DataFrame], plan: "_Plan"
) -> dict[str, int]:
    """Build beside `target`, check, and put it in its place; return the rows of each table."""
    with replacing(target) as temporary:
        temporary.unlink()  # DuckDB makes its own file; an empty one is not a database
        try:
            with spatial.connect(temporary) as connection:
                rows = _build(connection, lake, beside, plan, target)
                _check(connection)
        finally:
            temporary.with_name(f"{temporary.name}.wal").unlink(missing_ok=True)
    return rows


@dataclass(frozen=True)
class _Plan:
    """What a publication is made of: which files, as they are, and whom it is without."""

    fingerprint: str
    started_at: datetime
    findings: Mapping[str, Sequence[Finding]]
    damaged: tuple[Damaged, ...]

    def reasons(self) -> dict[str, str]:
        """Return why each département is held back, by code."""
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
        if table in BY_DEPARTEMENT:
            return list(self.reasons())
        named = {code for code, some in self.findings.items() if table in {f.table for f in some}}
        return sorted(named) if table == "water_restrictions" else []


def _plan(lake: Lake, held: Mapping[str, Sequence[Finding]]) -> _Plan:
    """Return what there is to publish now."""
    started_at = datetime.now(UTC)
    findings = {
        code: [each for each in some if each.check != READABLE] for code, some in held.items()
    }
    findings = {code: some for code, some in findings.items() if some}
    seen = [
        (path.relative_to(lake.root).as_posix(), status.st_size, status.st_mtime_ns)
        for table in TABLES
        for path in lake.files(table)
        for status in [path.stat()]
    ]
    told = sorted((code, [asdict(each) for each in some]) for code, some in findings.items())
    digest = hashlib.sha256(json.dumps([seen, told]).encode()).hexdigest()
    damaged = tuple(_of_departements(unreadable(lake)))
    return _Plan(digest, started_at, findings, damaged)


def _of_departements(damaged: Iterable[Damaged]) -> Iterator[Damaged]:
    """Yield the damaged files that are of one département.

    Raises:
        StorageError: there is one of another: nothing can be published without it.
    """
    for each in damaged:
        if each.departement == WHOLE:
            raise StorageError(each.why)
        yield each


def _with_damaged_inside(lake: Lake, plan: _Plan) -> _Plan:
    """Return `plan` without the files that can be opened and not read to their end.

    Raises:
        the error being handled: there is none, it is something else.
    """
    known = {each.path for each in plan.damaged}
    others = (each for each in unreadable(lake, inside=True) if each.path not in known)
    found = tuple(_of_departements(others))
    if not found:
        raise  # noqa: PLE0704 - called while the error is handled
    return replace(plan, damaged=plan.damaged + found)


@dataclass(frozen=True)
class _Before:
    """The publication that is there, if any."""

    fingerprint: str | None = None
    started_at: datetime | None = None
    rows: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, target: Path) -> Self:
        """Return what is at `target`; nothing where there is no file, or none that says it."""
        if not target.exists():
            return cls()
        try:
            with closing(spatial.attach(target)) as connection:
                connection.execute("USE published")
                found = connection.execute(sql.load("publication_fingerprint")).fetchone()
                rows = {
                    str(name): connection.table(str(name)).count("*").fetchall()[0][0]
                    for (name,) in connection.execute("SHOW TABLES").fetchall()
                    if name in {_STORED_AS.get(table, table) for table in TABLES}
                }
        except duckdb.Error:  # damaged, or of before there were fingerprints: made anew
            return cls()
        return cls() if found is None else cls(found[0], found[1], rows)

    def is_same(self, plan: _Plan, asked_at: datetime) -> bool:
        """Return whether it began after `asked_at` and has seen what `plan` sees."""
        return (
            self.started_at is not None
            and self.started_at >= asked_at
            and self.fingerprint == plan.fingerprint
        )


def _build(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    beside: Mapping[str, pd.DataFrame],
    plan: _Plan,
    target: Path,
) -> dict[str, int]:
    """Fill the empty database of `connection`; return the rows of each table.

    `beside` are tables that are in no lake, by name.
    """
    reasons = plan.reasons()
    previous = set(_attach_previous(connection, target)) if reasons else set()
    for table in TABLES:
        name, carried = _STORED_AS.get(table, table), plan.carried(table)
        files = [str(path) for path in lake.files(table, carried)]
        # The code is a column of each file: read as a Hive folder it would become a number.
        relation = (
            connection.read_parquet(files, hive_partitioning=False)
            if files
            else connection.from_arrow(arrow_schema(table).empty_table())
        )
        if table in _ONLY_READ:
            relation.create_view(name)
            continue
        (_of(relation, carried, without=True) if carried else relation).create(name)
        if carried and name in previous:
            _of(_like(connection, name), carried).insert_into(name)
    provenance = pa.Table.from_pylist(list(lake.provenance(reasons)), schema=_PROVENANCE)
    connection.from_arrow(provenance).create("provenance")
    if "provenance" in previous:
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
        risk = _STORED_AS["departement_risk"]
        before = _like(connection, risk) if risk in previous else connection.table(risk).limit(0)
        before.create_view("previous_risk")
        connection.execute(sql.load("publication_held"))
        connection.execute("DROP VIEW previous_risk")
    publication = {
        "published_at": [datetime.now(UTC)],
        "started_at": [plan.started_at],
        "fingerprint": [plan.fingerprint],
    }
    connection.from_arrow(pa.table(publication)).create("publication")
    connection.execute(sql.load("publication"))
    if "soil_water_monthly" in previous:
        _of(_like(connection, "soil_water_monthly"), reasons).insert_into("soil_water_monthly")
    stored = [_STORED_AS.get(table, table) for table in TABLES if table not in _ONLY_READ]
    return {name: connection.table(name).count("*").fetchall()[0][0] for name in stored}


def _attach_previous(connection: duckdb.DuckDBPyConnection, target: Path) -> list[str]:
    """Attach the publication at `target` as `previous`; return its tables, none if it has none."""
    if not target.exists():
        return []
    try:
        spatial.attach_to(connection, target, "previous")
    except duckdb.Error:  # damaged: there is nothing to carry over
        return []
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


def _check(connection: duckdb.DuckDBPyConnection) -> None:
    """Raise StorageError where the warehouse breaks a promise."""
    failures = connection.execute(sql.load("publication_checks")).fetchall()
    if failures:
        broken = "; ".join(f"{failure} ({found})" for failure, found in failures)
        raise StorageError(f"not published, what was published before stays: {broken}")
