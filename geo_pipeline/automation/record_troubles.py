"""Troubles found in Dagster's records: damage, dead runs, silent services.

Add here what else the records can tell; troubles found in files alone are in `troubles`, which does
not need Dagster.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import dagster as dg

from geo_pipeline.automation.troubles import DAGSTER, DOCTOR, RESUME, Trouble, iso, since
from geo_pipeline.errors import StorageError
from geo_pipeline.platform import live_runs, record_damage
from geo_pipeline.platform.internals import (
    InstigatorState,
    InstigatorTick,
    InstigatorType,
    TickStatus,
    schedule_execution_time_iterator,
)
from geo_pipeline.platform.record_files import REPAIR
from geo_pipeline.platform.tick_errors import why_tick_failed
from geo_pipeline.settings import Settings
from geo_pipeline.territory import TIME_ZONE
from geo_pipeline.words import Message, message, verbatim

ALL_DAEMONS: Final = message("trouble.all_daemons")

HEARTBEAT_LATE: Final = timedelta(minutes=5)
"""Daemons send a heartbeat every 30 s. Dagster itself calls one dead after half an hour."""

TICK_LATE: Final = timedelta(minutes=10)
"""A sensor is not called late before this: one that asks a provider may take minutes."""

TICKS_LATE: Final = 5
"""A sensor is not called late before this many of its intervals have passed."""

FORGOTTEN: Final = timedelta(days=30)
"""A sensor that has not ticked for so long while others did belongs to an older version."""

HUNG: Final = timedelta(hours=6)
"""A run whose process is not known here counts as dead after this time."""

UNDER_WAY: Final = (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED)


@dataclass(frozen=True)
class Watched:
    """A schedule or a sensor that is switched on, with its last ticks, the newest first."""

    name: str
    is_sensor: bool
    ticks: tuple[InstigatorTick, ...]
    due_by: datetime | None
    """Time after which its next tick is late; None where it has never ticked."""
    why: Message | None = None
    """Reason of its last failed tick; None where none of the last ticks failed."""

    @property
    def where(self) -> Message:
        """The place of a trouble with it."""
        return message(f"trouble.{'sensor' if self.is_sensor else 'schedule'}", name=self.name)

    @property
    def last_at(self) -> datetime | None:
        """Time of its last tick."""
        return datetime.fromtimestamp(self.ticks[0].timestamp, UTC) if self.ticks else None

    @property
    def failing(self) -> bool:
        """Whether its last ticks failed: one of a schedule, two of a sensor, which retries by
        itself."""
        ended = [each for each in self.ticks if each.status != TickStatus.STARTED]
        count = 2 if self.is_sensor else 1
        return len(ended) >= count and all(
            each.status == TickStatus.FAILURE for each in ended[:count]
        )


def of_damage(settings: Settings, home: Path) -> list[Trouble]:
    """Return which of Dagster's files below `home` cannot be used; none with PostgreSQL."""
    if settings.postgres_url is not None:
        return []
    return [
        Trouble(
            "records",
            str(each.path),
            message("trouble.reason", why=each.why, do=record_damage.answer(each.why)),
            since(each.path),
            REPAIR if each.mendable else RESUME,
        )
        for each in record_damage.examine(home)
    ]


def of_error(settings: Settings, home: Path, error: StorageError) -> Trouble:
    """Return the trouble behind a failed attempt to read the records."""
    do = REPAIR if REPAIR in str(error) else DOCTOR
    where = "PostgreSQL" if settings.postgres_url is not None else str(home)
    return Trouble("records", where, verbatim(error), None, do)


def of_runs(instance: dg.DagsterInstance, now: datetime) -> Iterator[Trouble]:
    """Yield the runs that are recorded as under way but are dead."""
    for record in instance.get_run_records(dg.RunsFilter(statuses=list(UNDER_WAY))):
        run = record.dagster_run
        why = live_runs.death(instance, run.run_id)
        began = record.start_time or record.create_timestamp.timestamp()
        if why is None and now.timestamp() - began > HUNG.total_seconds():
            if live_runs.is_held(instance, run.run_id):
                continue
            why = message("trouble.hung")
        if why is not None:
            what = message("trouble.dead_run", job=run.job_name, why=why)
            yield Trouble("run", run.run_id, what, iso(began), RESUME)


def under_way(instance: dg.DagsterInstance, dead: Sequence[Trouble]) -> list[dg.DagsterRun]:
    """Return the runs under way, without those known to be `dead`."""
    gone = {each.where for each in dead}
    runs = instance.get_runs(dg.RunsFilter(statuses=list(UNDER_WAY)))
    return [run for run in runs if run.run_id not in gone]


def of_services(
    daemons: Sequence[Mapping[str, Any]], watched: Sequence[Watched], now: datetime
) -> Iterator[Trouble]:
    """Yield the daemons, schedules and sensors that do not work as they should.

    There are none where Dagster was never started on this home. Consequences of a dead daemon are
    not reported beside it.
    """
    known = [each for each in daemons if each["required"] and each["heartbeat_at"]]
    late = [each for each in known if is_late(each["heartbeat_at"], now)]
    if known and len(late) == len(known):
        last = max(each["heartbeat_at"] for each in late)
        what = message("trouble.silent_daemons")
        yield Trouble("daemon", ALL_DAEMONS, what, last, DAGSTER)
        return
    for each in late:
        what = message("trouble.silent_daemon")
        yield Trouble("daemon", each["daemon"], what, each["heartbeat_at"], DAGSTER)
    for each in known:
        if each["errors"] and each not in late:
            what = verbatim(each["errors"][0])
            yield Trouble("daemon", each["daemon"], what, each["heartbeat_at"], DOCTOR)
    yield from _of_ticks(watched, now)


def is_late(heartbeat_at: str, now: datetime) -> bool:
    """Return whether the last heartbeat of a daemon is too old."""
    return now - datetime.fromisoformat(heartbeat_at) > HEARTBEAT_LATE


def _of_ticks(watched: Sequence[Watched], now: datetime) -> Iterator[Trouble]:
    sensors = [each for each in watched if each.is_sensor and each.last_at is not None]
    late = [each for each in watched if each.due_by is not None and each.due_by < now]
    if len(sensors) > 1 and all(each in late for each in sensors):
        last = max(iso(each.ticks[0].timestamp) for each in sensors)
        what = message("trouble.no_code")
        yield Trouble("code", "geo_pipeline.definitions", what, last, DAGSTER)
        return
    for each in late:
        last = iso(each.ticks[0].timestamp)
        yield Trouble("tick", each.where, message("trouble.overdue"), last, DAGSTER)
    for each in watched:
        if each.failing and each not in late:
            what = message("trouble.fails", why=each.why or message("no_reason"))
            yield Trouble("tick", each.where, what, iso(each.ticks[0].timestamp), DOCTOR)


def watched(instance: dg.DagsterInstance, now: datetime) -> list[Watched]:
    """Return the schedules and sensors that are switched on, by name."""
    states = [each for each in instance.all_instigator_state() if each.is_running]
    found = sorted((_watched(instance, each) for each in states), key=lambda each: each.name)
    newest = max((each.last_at for each in found if each.last_at is not None), default=now)
    return [
        each
        for each in found
        if not each.is_sensor or each.last_at is None or newest - each.last_at < FORGOTTEN
    ]


def _watched(instance: dg.DagsterInstance, state: InstigatorState) -> Watched:
    ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=3)
    is_sensor = state.instigator_type == InstigatorType.SENSOR
    data: Any = state.instigator_data
    due_by = None
    if is_sensor and ticks:
        interval = timedelta(seconds=getattr(data, "min_interval", None) or 30)
        last = datetime.fromtimestamp(ticks[0].timestamp, UTC)
        due_by = last + max(TICK_LATE, TICKS_LATE * interval)
    elif ticks and getattr(data, "cron_schedule", None):
        following = schedule_execution_time_iterator(
            ticks[0].timestamp + 1, data.cron_schedule, TIME_ZONE
        )
        due_by = next(following).astimezone(UTC) + TICK_LATE
    name = state.instigator_name
    failed = next((each for each in ticks if each.status == TickStatus.FAILURE), None)
    why = None if failed is None else why_tick_failed(instance, name, failed.error)
    return Watched(name, is_sensor, tuple(ticks), due_by, why)
