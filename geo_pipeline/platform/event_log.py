"""Dagster's SQLite event log, with connections kept open and batches stored in one transaction.

The stock storage opens a new engine and connection for every event: no compiled statement is used
twice, and each close merges SQLite's write-ahead log back into the file. Over 101 départements that
is most of the cost of the records (`just bench`). Files and content are those of the stock storage:
either reads what the other wrote.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from dagster._core.events import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    BATCH_WRITABLE_EVENTS,
    DagsterEventType,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    SqlEventLogStorageMetadata,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sql import create_engine, get_alembic_config
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import bindparam, text
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError, OperationalError

from geo_pipeline.platform.partition_marks import MarkedPartitions
from geo_pipeline.platform.pools import ExactPools
from geo_pipeline.platform.record_damage import hold

# The index and the runs under way; a long-lived process must not keep the file of every run open.
KEPT_ENGINES = 8

_EVALUATION = DagsterEventType.ASSET_CHECK_EVALUATION

# Check evaluations by partition come by the hundred, and a run's plans all at once; the stock
# storage stores them one by one.
_BATCHED = {
    *BATCH_WRITABLE_EVENTS,
    _EVALUATION,
    DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
}
_INDEXED = ASSET_EVENTS | ASSET_CHECK_EVENTS

_NUMBERED = SqlEventLogStorageTable.insert().returning(
    SqlEventLogStorageTable.c.id, sort_by_parameter_order=True
)

_CHECKS = AssetCheckExecutionsTable.c
_EVALUATED = AssetCheckExecutionsTable.update().where(
    _CHECKS.asset_key == bindparam("of_asset"),
    _CHECKS.check_name == bindparam("of_check"),
    _CHECKS.run_id == bindparam("of_run"),
    _CHECKS.partition.is_not_distinct_from(bindparam("of_partition")),
)

_REVISION = text("SELECT version_num FROM alembic_version")


class Numbered(NamedTuple):
    """An event, its row for the table of events, and its number in the index."""

    event: EventLogEntry
    row: Mapping[str, Any]
    number: int

    @property
    def type(self) -> DagsterEventType | None:
        """Return the kind of the event."""
        return self.event.dagster_event_type

    def evaluated(self) -> dict[str, Any]:
        """Return the parameters of `_EVALUATED` for an evaluation."""
        evaluation = self.event.get_dagster_event().asset_check_evaluation_data
        status = AssetCheckExecutionRecordStatus
        target = evaluation.target_materialization_data
        return {
            "of_asset": evaluation.asset_key.to_string(),
            "of_check": evaluation.check_name,
            "of_run": self.event.run_id,
            "of_partition": evaluation.partition,
            "execution_status": (status.SUCCEEDED if evaluation.passed else status.FAILED).value,
            "evaluation_event": self.row["event"],
            "evaluation_event_timestamp": self.row["timestamp"],
            "evaluation_event_storage_id": self.number,
            "materialization_event_storage_id": None if target is None else target.storage_id,
        }


class KeptConnectionEventLogStorage(ExactPools, MarkedPartitions, SqliteEventLogStorage):
    """The stock storage, which keeps the engines of the last few files."""

    batches_evaluations = True
    """Evaluations of checks may come in a batch, which other storages do not support."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._within = threading.local()
        super().__init__(base_dir, inst_data)
        self._in_use = hold(Path(base_dir))

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store the events of one run: one transaction in its file, one in the index.

        The stock storage opens two transactions for each event.
        """
        if any(each.dagster_event_type not in _BATCHED for each in events):
            super().store_event_batch(events)
            return
        rows = [self._event_to_row(each) for each in events]
        with self.run_connection(events[0].run_id) as connection:
            connection.execute(SqlEventLogStorageTable.insert(), rows)
        told = [
            (each, row)
            for each, row in zip(events, rows, strict=True)
            if each.dagster_event_type in _INDEXED
        ]
        if not told:
            return
        with self.index_connection() as connection:
            numbers = connection.execute(_NUMBERED, [row for _, row in told]).scalars().all()
            numbered = [Numbered(*each, of) for each, of in zip(told, numbers, strict=True)]
            self._store_assets(connection, [each for each in numbered if each.type in ASSET_EVENTS])
            self._within.index = connection
            try:
                self._store_checks(
                    connection, [each for each in numbered if each.type in ASSET_CHECK_EVENTS]
                )
            finally:
                del self._within.index

    def _store_assets(self, connection: Connection, events: Sequence["Numbered"]) -> None:
        """Store the asset events in the index."""
        if not events:
            return
        self._store_asset_event_tags(
            connection, [each.event for each in events], [each.number for each in events]
        )
        # A row of the table of assets only reflects the last event of its asset and kind.
        last = {(each.event.get_dagster_event().asset_key, each.type): each for each in events}
        for each in last.values():
            self._store_asset_event(connection, each.event, each.number)

    def _store_checks(self, connection: Connection, events: Sequence["Numbered"]) -> None:
        """Store the check events in the index: evaluations fill the rows that plans made."""
        evaluations = [each for each in events if each.type == _EVALUATION]
        for each in events:
            if each.type != _EVALUATION:
                self.store_asset_check_event(each.event, each.number)
        if not evaluations:
            return
        filled = connection.execute(_EVALUATED, [each.evaluated() for each in evaluations])
        if filled.rowcount != len(evaluations):  # some were not planned: store these one by one
            for each in evaluations:
                self.store_asset_check_event(each.event, each.number)

    def _store_asset_check_evaluation_planned(
        self, event: EventLogEntry, event_id: int | None
    ) -> None:
        """Store a row for each partition of a check that is planned for evaluation.

        The stock storage writes the whole event again for each partition, in one long statement.
        """
        planned = event.get_dagster_event().asset_check_planned_data
        subset = planned.partitions_subset
        told = self._event_to_row(event)
        row = {
            "asset_key": planned.asset_key.to_string(),
            "check_name": planned.check_name,
            "run_id": event.run_id,
            "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
            "evaluation_event": told["event"],
            "evaluation_event_timestamp": told["timestamp"],
            "evaluation_event_storage_id": event_id,
        }
        partitions = [None] if subset is None else subset.get_partition_keys()
        with self.index_connection() as connection:
            connection.execute(
                AssetCheckExecutionsTable.insert(),
                [{**row, "partition": partition} for partition in partitions],
            )

    @contextmanager
    def index_connection(self) -> Iterator[Connection]:
        """Give a connection to the index: within a batch, the one that the batch uses."""
        if hasattr(self._within, "index"):
            yield self._within.index
            return
        with super().index_connection() as connection:
            yield connection

    @property
    def supports_asset_checks(self) -> bool:
        """Return True: the check tables exist, which the stock storage verifies at every event."""
        return True

    def dispose(self) -> None:
        """Close all files."""
        self._in_use.close()
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
        super().dispose()

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                if not _is_stamped(engine):
                    self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _initdb(self, engine: Engine, for_index_shard: bool = False) -> None:
        """Create the tables of a new file.

        The stock storage reads all past migrations for each file, which takes 0.2 s of a run.
        """
        if for_index_shard:
            super()._initdb(engine, for_index_shard)
            return
        try:
            with engine.begin() as connection:
                # Python's driver begins no transaction for DDL: each table would be a transaction
                # of its own.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                SqlEventLogStorageMetadata.create_all(connection)
                MigrationContext.configure(connection).stamp(self._migrations, "head")
        except DatabaseError:  # another process is creating it: the stock storage waits and checks
            super()._initdb(engine)

    @cached_property
    def _migrations(self) -> ScriptDirectory:
        """Dagster's migrations of these tables, read once a process."""
        return ScriptDirectory.from_config(get_alembic_config(sqlite_event_log.__file__))

    def _engine(self, shard: str) -> Engine:
        """Return the engine of the file `shard`; the least recently used ones are closed."""
        if shard not in self._engines:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                pool_size=1,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
            )
            sqlalchemy_event.listen(engine, "connect", _spare_flushes)
            self._engines[shard] = engine
            if len(self._engines) > KEPT_ENGINES:
                self._engines.popitem(last=False)[1].dispose()
        self._engines.move_to_end(shard)
        return self._engines[shard]


def _is_stamped(engine: Engine) -> bool:
    """Return whether the file already has its tables."""
    try:
        with engine.connect() as connection:
            return connection.execute(_REVISION).scalar() is not None
    except OperationalError:
        return False


def _spare_flushes(connection: Any, _record: object) -> None:
    """Flush to the disk at checkpoints, not at each event.

    A killed process loses nothing. A power cut may cost the last events but never the file, which
    has a write-ahead log.
    """
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
