"""Bulk queries on Dagster's storage: its private tables, used here and nowhere else.

Dagster's public interface answers these questions for one partition or run at a time, which takes
minutes over ten thousand materialisations.
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
from sqlalchemy import func, select

from geo_pipeline.platform.live_runs import death
from geo_pipeline.platform.step_failures import kept_why, why_raised, why_step_failed
from geo_pipeline.words import Message, message, verbatim

CHUNK = 500
"""Ids in one statement: older versions of SQLite accept at most 999."""


_UNSAID = "This run has been marked as failed from outside the execution context."
"""What Dagster says of a run whose process it found gone."""


@dataclass(frozen=True)
class Materialized:
    """The last materialisation of an asset, or of one of its partitions."""

    asset: str
    partition: str | None
    run_id: str
    at: datetime
    metadata: dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """How many of the last results of a check, one for each partition, passed and failed."""

    asset: str
    check: str
    succeeded: int
    failed: int
    at: datetime | None


@dataclass(frozen=True)
class RunFailure:
    """Why a run failed, and at which step; the step is empty where it failed at none."""

    step: str
    why: Message

    @property
    def told(self) -> Message:
        """The reason behind the name of the step."""
        return message("run_failed_at", step=self.step, why=self.why) if self.step else self.why


def latest_materializations(
    instance: dg.DagsterInstance, read: dict[int, Materialized] | None = None
) -> list[Materialized]:
    """Return the last materialisation of each asset and partition, with two kinds of query.

    Those in `read`, by the id of the event, are not read again; it gets the others.
    """
    read = {} if read is None else read
    events = SqlEventLogStorageTable.c
    newest = (
        select(func.max(events.id))
        .where(events.dagster_event_type == dg.DagsterEventType.ASSET_MATERIALIZATION.value)
        .group_by(events.asset_key, events.partition)
    )
    with _events(instance).index_connection() as connection:
        ids = sorted(row[0] for row in connection.execute(newest))
        missing = [each for each in ids if each not in read]
        for number, entry in _entries(connection, SqlEventLogStorageTable.c.id, missing):
            read[number] = _materialized(entry)
    return [read[each] for each in ids if each in read]


def run_failures(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> dict[str, RunFailure]:
    """Return why runs failed or were stopped, by the id of the run."""
    kinds = (dg.DagsterEventType.RUN_FAILURE.value, dg.DagsterEventType.RUN_CANCELED.value)
    with _events(instance).index_connection() as connection:
        entries = list(_entries(connection, SqlEventLogStorageTable.c.run_id, run_ids, kinds))
    return {entry.run_id: _failure(instance, entry) for _, entry in entries}


def interrupted(
    instance: dg.DagsterInstance, tables: Sequence[str]
) -> Iterator[tuple[str, str, str, float]]:
    """Yield table, partition, run and its creation time where the last run to write has not.

    The run is over and has not reported the materialisation.
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
) -> Iterator[tuple[int, EventLogEntry]]:
    """Yield the events, each after its id, whose `column` has one of `values`.

    Where there are any `kinds`, only theirs.
    """
    for first in range(0, len(values), CHUNK):
        query = select(SqlEventLogStorageTable.c.id, SqlEventLogStorageTable.c.event).where(
            column.in_(values[first : first + CHUNK])
        )
        if kinds:
            query = query.where(SqlEventLogStorageTable.c.dagster_event_type.in_(list(kinds)))
        for number, text in connection.execute(query):
            yield number, deserialize_value(text, EventLogEntry)


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


def _failure(instance: dg.DagsterInstance, entry: EventLogEntry) -> RunFailure:
    """Return why a run failed or was stopped, given the event of its end."""
    event = entry.get_dagster_event()
    # Of a run whose process was killed there is nothing but a text.
    if event.event_type == dg.DagsterEventType.RUN_FAILURE and event.event_specific_data:
        data = event.job_failure_data
        step = data.first_step_failure_event
        if step is None and data.error is not None:
            step = _failed_step(instance, entry.run_id)
        if step is not None:
            return RunFailure(str(step.step_key), why_step_failed(step.step_failure_data))
        if data.error is not None:
            return RunFailure("", why_raised(data.error))
    run = instance.get_run_by_id(entry.run_id)
    kept = None if run is None else kept_why(run.tags)
    said = " ".join((event.message or "").split())
    if kept is not None:
        return RunFailure("", kept)
    if _UNSAID in said:
        return RunFailure("", message("run_killed"))
    return RunFailure("", verbatim(said) if said else message("no_reason"))


def _failed_step(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterEvent | None:
    """Return the event of the first step of a run that failed; None where none did.

    A run of the command line raises what its step raised, and the event of its end does not name
    the step then.
    """
    of_type = {dg.DagsterEventType.STEP_FAILURE}
    entries = instance.all_logs(run_id, of_type=of_type)
    return entries[0].get_dagster_event() if entries else None


def _name(text: str) -> str:
    """Return the name of an asset from its key in the storage."""
    key = dg.AssetKey.from_db_string(text)
    return text if key is None else key.to_user_string()
