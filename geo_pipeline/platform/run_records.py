"""Bulk queries on Dagster's storage: its private tables, used here and nowhere else.

Dagster's public interface answers these questions a partition or a run at a time, which over ten
thousand materialisations takes minutes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._serdes import deserialize_value
from dagster_shared.error import SerializableErrorInfo
from sqlalchemy import func, select

from geo_pipeline.platform.live_runs import death
from geo_pipeline.platform.step_failures import message_of_step
from geo_pipeline.words import Message, message, plain

CHUNK = 500
"""Ids in one statement: SQLite takes 999 at most in its older versions."""


_UNSAID = "This run has been marked as failed from outside the execution context."
_KILLED = "its process ended before the run did (killed, or out of memory?)"
"""In the place of what Dagster says of a run whose process is gone."""


@dataclass(frozen=True)
class Materialized:
    """The last materialisation of an asset, or of a partition of it."""

    asset: str
    partition: str | None
    run_id: str
    at: datetime
    metadata: dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """How often the last results of a check, one a partition, were good and bad."""

    asset: str
    check: str
    succeeded: int
    failed: int
    at: datetime | None


def latest_materializations(instance: dg.DagsterInstance) -> list[Materialized]:
    """Return the last materialisation of each asset and partition: two kinds of query in all."""
    events = SqlEventLogStorageTable.c
    newest = (
        select(func.max(events.id))
        .where(events.dagster_event_type == dg.DagsterEventType.ASSET_MATERIALIZATION.value)
        .group_by(events.asset_key, events.partition)
    )
    with _events(instance).index_connection() as connection:
        ids = [row[0] for row in connection.execute(newest)]
        entries = _entries(connection, SqlEventLogStorageTable.c.id, ids)
        return [_materialized(entry) for entry in entries]


def run_failures(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> dict[str, Message]:
    """Return why runs failed or were stopped, in one line each."""
    kinds = (dg.DagsterEventType.RUN_FAILURE.value, dg.DagsterEventType.RUN_CANCELED.value)
    with _events(instance).index_connection() as connection:
        entries = list(_entries(connection, SqlEventLogStorageTable.c.run_id, run_ids, kinds))
    return {entry.run_id: _why(entry) for entry in entries}


def interrupted(
    instance: dg.DagsterInstance, tables: Sequence[str]
) -> Iterator[tuple[str, str, str, float]]:
    """Yield table, partition, run and when it was created where one now over was to write last.

    It has not told that it did.
    """
    storage = instance.event_log_storage
    attempts_without = (
        storage.get_latest_asset_partition_materialization_attempts_without_materializations
    )
    planned = {table: attempts_without(dg.AssetKey(table)) for table in tables}
    ids = {run_id for attempts in planned.values() for run_id, _ in attempts.values()}
    runs = instance.get_run_records(dg.RunsFilter(run_ids=list(ids))) if ids else []
    over = {
        each.dagster_run.run_id: each.create_timestamp.timestamp()
        for each in runs
        if each.dagster_run.is_finished or death(instance, each.dagster_run.run_id) is not None
    }
    for table, attempts in planned.items():
        for code, (run_id, _) in attempts.items():
            if run_id in over:
                yield table, code, run_id, over[run_id]


def check_results(instance: dg.DagsterInstance) -> list[Checked]:
    """Return the last results of each check, counted over the partitions."""
    checks = AssetCheckExecutionsTable.c
    newest = select(func.max(checks.id)).group_by(
        checks.asset_key, checks.check_name, checks.partition
    )
    counted = (
        select(
            checks.asset_key,
            checks.check_name,
            checks.execution_status,
            func.count(),
            func.max(checks.evaluation_event_timestamp),
        )
        .where(checks.id.in_(newest))
        .group_by(checks.asset_key, checks.check_name, checks.execution_status)
    )
    found: dict[tuple[str, str], Checked] = {}
    with _events(instance).index_connection() as connection:
        for key, check, status, count, at in connection.execute(counted):
            asset = _name(key)
            before = found.get((asset, check), Checked(asset, check, 0, 0, None))
            good, bad = count * (status == "SUCCEEDED"), count * (status == "FAILED")
            times = [each for each in (before.at, at and at.replace(tzinfo=UTC)) if each]
            found[asset, check] = Checked(
                asset, check, before.succeeded + good, before.failed + bad, max(times, default=None)
            )
    return [found[name] for name in sorted(found)]


def _events(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        raise TypeError(f"Dagster's records are in a {type(storage).__name__}, which is not SQL")
    return storage


def _entries(
    connection: Any, column: Any, values: Sequence[Any], kinds: Iterable[str] = ()
) -> Iterator[EventLogEntry]:
    """Yield the events whose `column` has one of `values`, of these `kinds` where there are any."""
    for first in range(0, len(values), CHUNK):
        query = select(SqlEventLogStorageTable.c.event).where(
            column.in_(values[first : first + CHUNK])
        )
        if kinds:
            query = query.where(SqlEventLogStorageTable.c.dagster_event_type.in_(list(kinds)))
        for (text,) in connection.execute(query):
            yield deserialize_value(text, EventLogEntry)


def _materialized(entry: EventLogEntry) -> Materialized:
    event = entry.get_dagster_event()
    made = event.step_materialization_data.materialization
    return Materialized(
        made.asset_key.to_user_string(),
        made.partition,
        entry.run_id,
        datetime.fromtimestamp(entry.timestamp, UTC),
        {name: value.value for name, value in made.metadata.items()},
    )


def _why(entry: EventLogEntry) -> Message:
    """Return why a run failed: the error of its first failed step where it is known."""
    event = entry.get_dagster_event()
    said = (event.message or "").replace(_UNSAID, _KILLED)
    # A run whose process was killed has nothing but its message.
    if event.event_type == dg.DagsterEventType.RUN_FAILURE and event.event_specific_data:
        data = event.job_failure_data  # none where Dagster found the process gone
        step = None if data is None else data.first_step_failure_event
        if step is not None and step.step_failure_data.error is not None:
            failed, error = step.step_failure_data, step.step_failure_data.error
            why = message_of_step(failed) or cause(error)
            return message("run_failed_at", step=step.step_key, why=why)
        if event.job_failure_data.error is not None:
            said = cause(event.job_failure_data.error)
    return plain(" ".join(said.split()))


def cause(error: SerializableErrorInfo) -> str:
    """Return what was raised, in one line; our own errors say all in their message."""
    raised = error.cause or error
    said = " ".join(raised.message.split())
    return said.partition(": ")[2] if said.startswith("geo_pipeline.") else said


def _name(text: str) -> str:
    """Return the name of an asset out of its key as the storage writes it."""
    key = dg.AssetKey.from_db_string(text)
    return text if key is None else key.to_user_string()
