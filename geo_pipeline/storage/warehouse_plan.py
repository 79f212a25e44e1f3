"""Plan of a publication: its input files, and which of them are not yet published.

`warehouse_building` builds it, `warehouse_tables` fills the tables.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import duckdb

from geo_pipeline import sql
from geo_pipeline.errors import StorageError
from geo_pipeline.spatial import database
from geo_pipeline.storage.failures import WHOLE
from geo_pipeline.storage.findings import Finding
from geo_pipeline.storage.lake import Lake, partition
from geo_pipeline.storage.lake_rows import arrow_schema
from geo_pipeline.storage.partition_states import Damaged, unreadable
from geo_pipeline.storage.warehouse import SUMS, Warehouse, count, is_whole, previous
from geo_pipeline.tables import PARTITIONED, TABLES

MOST_CHANGED = 25
"""With more changed départements, loading a table anew is as quick as replacing their rows."""
MOST_CONTINUED = 20
"""Publications in a row in which rows of a table are replaced: they leave gaps in the file."""


@dataclass(frozen=True)
class Plan:
    """Inputs of a publication: the files as they are, and the départements held back."""

    files: Mapping[tuple[str, str | None], str]
    """SHA-256 of each file of the lake, by table and département."""
    started_at: datetime
    findings: Mapping[str, Sequence[Finding]]
    damaged: tuple[Damaged, ...]
    changed: Mapping[str, Sequence[str]] | None = None
    """Départements with changed files, by table; None: everything is new."""

    def is_anew(self, table: str) -> bool:
        """Return whether all rows of a partitioned table are loaded, and not those of some."""
        return self.changed is None or len(self.changed[table]) > MOST_CHANGED

    @property
    def has_replaced(self) -> bool:
        """Whether rows of some départements are replaced in a table that is carried on."""
        changed = self.changed or {}
        return any(codes and not self.is_anew(table) for table, codes in changed.items())

    @property
    def fingerprint(self) -> str:
        """Hash of everything that the publication is made from."""
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
        """Return since when a département is held back, as far as it is known."""
        moments = [each.found_at for each in self.findings.get(code, ())]
        moments += [each.since for each in self.damaged if each.departement == code]
        return min(moments)

    def carried(self, table: str) -> list[str]:
        """Return the départements that keep the rows of `table` published before."""
        if table in PARTITIONED:
            return list(self.reasons())
        named = {code for code, some in self.findings.items() if table in {f.table for f in some}}
        return sorted(named) if table == "water_restrictions" else []


def plan_of(lake: Lake, held: Mapping[str, Sequence[Finding]]) -> Plan:
    """Return the plan of a publication now."""
    started_at = datetime.now(UTC)
    findings = {code: some for code, some in held.items() if some}
    files = {
        (table, partition(path)): lake.inspect(path).sha256
        for table in TABLES
        for path in lake.files(table)
    }
    damaged = tuple(_of_departements(unreadable(lake)))
    return Plan(files, started_at, findings, damaged)


def _of_departements(damaged: Iterable[Damaged]) -> Iterator[Damaged]:
    """Yield the damaged files that belong to one département.

    Raises:
        StorageError: a file of the whole of France is damaged, without which nothing can be
            published.
    """
    for each in damaged:
        if each.departement == WHOLE:
            raise StorageError(each.why)
        yield each


def with_damaged_since(lake: Lake, plan: Plan) -> Plan:
    """Return `plan` without the files that were damaged since it was made.

    Raises:
        Exception: the error being handled, where no file was damaged.
    """
    known = {each.path for each in plan.damaged}
    others = (each for each in unreadable(lake) if each.path not in known)
    found = tuple(_of_departements(others))
    if not found:
        raise  # noqa: PLE0704 - called while the error is handled
    return replace(plan, damaged=plan.damaged + found)


@dataclass(frozen=True)
class Before:
    """The existing publication, if any."""

    path: Path | None = None
    """The last one that can be read completely: this one, the one before, or none."""
    is_whole: bool = False
    """Whether that is the current one."""
    fingerprint: str | None = None
    started_at: datetime | None = None
    layout: str | None = None
    continued: int = 0
    """In how many publications in a row rows were replaced."""
    files: Mapping[tuple[str, str | None], str] = field(default_factory=dict)
    """SHA-256 of each file of the lake that was published."""
    rows: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, target: Path) -> Self:
        """Return the publication at `target`, as far as it can be read completely."""
        found = cls(path=next(filter(is_whole, (target, previous(target))), None))
        if found.path != target:
            return found
        found = replace(found, is_whole=True)
        try:
            with closing(database.attach(target)) as connection:
                connection.execute("USE published")
                made = connection.execute(sql.load("publication_made")).fetchone()
                files = connection.execute(sql.load("publication_files")).fetchall()
                rows = count(connection)
        except duckdb.Error:  # a version without these tables
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

    def changed(self, plan: Plan) -> dict[str, list[str]] | None:
        """Return the départements with changed files, by table.

        None where a publication is better built from nothing.
        """
        if self.layout != layout() or self.continued >= MOST_CONTINUED:
            return None
        changed: dict[str, list[str]] = {table: [] for table in PARTITIONED}
        held = plan.reasons()
        for table, code in sorted(
            (table, code) for table, code in self.files.keys() | plan.files.keys() if code
        ):
            key = table, code
            if code not in held and self.files.get(key) != plan.files.get(key):
                changed[table].append(code)
        return changed

    def is_same(self, plan: Plan, asked_at: datetime) -> bool:
        """Return whether it was begun after `asked_at` and has the same inputs as `plan`."""
        return (
            self.started_at is not None
            and self.started_at >= asked_at
            and self.fingerprint == plan.fingerprint
        )


def layout() -> str:
    """Return a hash of the form of the tables; only those of the same form can be continued."""
    forms = [str(arrow_schema(table)) for table in PARTITIONED]
    scripts = [sql.load(name) for name in SUMS]
    return hashlib.sha256("\n".join([duckdb.__version__, *forms, *scripts]).encode()).hexdigest()


def is_current(lake: Lake, warehouse: Warehouse, held: Mapping[str, Sequence[Finding]]) -> bool:
    """Return whether the publication was made from the files of the lake as they are now.

    `held` are the findings that hold départements back now; they count among the inputs.

    Raises:
        NotPublishedError: nothing has been published yet.
        StorageError: the publication, or a file of the whole of France, is damaged.
    """
    made = warehouse.query("publication_made")
    return made["fingerprint"].tolist() == [plan_of(lake.at_once(), held).fingerprint]
