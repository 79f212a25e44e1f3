"""What is wrong with the system as a whole: one list for status, doctor, `--resume`, page, figures.

Each trouble says what is wrong, where, since when, and the one command that mends it. What is wrong
with a table of a département is told by `storage/partition_states.py` and `storage/incomplete.py`;
both are joined in `monitoring`. Add here what else can be wrong; nothing here is remembered or
mended.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import dagster as dg

from geo_pipeline.automation.schedules import PARIS
from geo_pipeline.errors import NotPublishedError, StorageError
from geo_pipeline.platform import live_runs, record_damage
from geo_pipeline.platform.internals import (
    InstigatorState,
    InstigatorTick,
    InstigatorType,
    TickStatus,
    schedule_execution_time_iterator,
)
from geo_pipeline.settings import Settings
from geo_pipeline.storage import warehouse
from geo_pipeline.storage.failures import Failures
from geo_pipeline.storage.findings import Findings
from geo_pipeline.storage.incomplete import written_at
from geo_pipeline.storage.lake import Lake

Kind = Literal[
    "home", "room", "notes", "records", "publication", "run", "daemon", "code", "tick"
]  # fmt: skip
KINDS: Final[tuple[Kind, ...]] = (
    "home", "room", "records", "notes", "code", "daemon", "tick", "run", "publication",
)  # fmt: skip
"""The kinds, first what others may follow from."""

RESUME: Final = "geo-pipeline run --resume"
RUN: Final = "geo-pipeline run"
DAGSTER: Final = "geo-pipeline dagster"
DOCTOR: Final = "geo-pipeline doctor"
STATUS: Final = "geo-pipeline status"

MENDED_BY_RESUME: Final[frozenset[Kind]] = frozenset({"records", "notes", "run", "publication"})
"""The kinds that `--resume` mends; of the others it says what does."""

ALL_DAEMONS: Final = "Dagster's daemon"

HEARTBEAT_LATE: Final = timedelta(minutes=5)
"""Daemons give a sign of life every 30 s. Dagster itself calls one dead after half an hour."""

TICK_LATE: Final = timedelta(minutes=10)
"""A sensor is not called late before: one that asks a provider may take minutes."""

TICKS_LATE: Final = 5
"""Nor before so many of its intervals."""

FORGOTTEN: Final = timedelta(days=30)
"""A sensor that has not ticked for so long while others did is one of an older version."""

HUNG: Final = timedelta(hours=6)
"""A run of which no process is known here is not believed to be under way for longer."""

UNDER_WAY: Final = (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED)


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong now."""

    kind: Kind
    where: str
    what: str
    """In one line."""
    since: str | None
    """ISO time (UTC), where it is known."""
    do: str
    """The one command that mends it."""


@dataclass(frozen=True)
class Watched:
    """A schedule or a sensor that is switched on, with its last ticks, the newest first."""

    name: str
    is_sensor: bool
    ticks: tuple[InstigatorTick, ...]
    due_by: datetime | None
    """When its next tick is late; None of one that has never ticked."""

    @property
    def last_at(self) -> datetime | None:
        """When it last ticked."""
        return datetime.fromtimestamp(self.ticks[0].timestamp, UTC) if self.ticks else None

    @property
    def failing(self) -> bool:
        """Whether its last ticks failed: one of a schedule, two of a sensor, which tries again."""
        ended = [each for each in self.ticks if each.status != TickStatus.STARTED]
        count = 2 if self.is_sensor else 1
        return len(ended) >= count and all(
            each.status == TickStatus.FAILURE for each in ended[:count]
        )


# --------------------------------------------------------------------------------------------
# Files
# --------------------------------------------------------------------------------------------


def of_files(
    settings: Settings, under_way: bool, lake: Lake, published: warehouse.Warehouse
) -> list[Trouble]:
    """Return what the files of the home tell. While a run is `under_way` its publication is due."""
    found = [*_of_home(settings), *_of_room(settings, lake)]
    notes = list(_of_notes(settings))
    if under_way:
        return [*found, *notes]
    publication = _of_publication(settings, lake, published, is_held_known=not notes)
    return [*found, *notes, *publication]


def _of_home(settings: Settings) -> Iterator[Trouble]:
    """Yield that nothing can be written."""
    nearest = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest) as probe:
            probe.write(b"0")
    except OSError as error:
        what = f"cannot be written ({error.strerror}): set GEO_PIPELINE_HOME to a folder of yours"
        yield Trouble("home", str(settings.home), what, None, DOCTOR)


def _of_room(settings: Settings, lake: Lake) -> Iterator[Trouble]:
    """Yield the disks that are too full for the next publication."""
    margin = settings.free_room_mb * 1_000_000
    publication = warehouse.room_needed(lake, settings.warehouse)
    nearest = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    for folder, needed in ((nearest, publication + margin), (tempfile.gettempdir(), margin)):
        free = shutil.disk_usage(folder).free
        if free < needed:
            what = (
                f"{free / 1e6:.0f} MB are free and about {needed / 1e6:.0f} MB are needed: make "
                "room, or lower GEO_PIPELINE_FREE_ROOM_MB"
            )
            yield Trouble("room", str(folder), what, None, f"df -h {folder}")


def _of_notes(settings: Settings) -> Iterator[Trouble]:
    """Yield the failures and findings that cannot be read."""
    for each in (*Failures(settings.failures).damaged(), *Findings(settings.findings).damaged()):
        yield Trouble("notes", str(each.path), each.why, _since(each.path), record_damage.REPAIR)


def _of_publication(
    settings: Settings, lake: Lake, published: warehouse.Warehouse, *, is_held_known: bool
) -> Iterator[Trouble]:
    """Yield that the publication lacks, cannot be read, or is not that of the lake.

    The last is told only where it is known what the checks hold back.
    """
    path = settings.warehouse
    files = list(settings.lake.glob("*/**/part.parquet"))
    newest = _iso(max(map(written_at, files))) if files else None
    do = RESUME if files else RUN
    try:
        tables = warehouse.lacking(published)
        if published.damage is not None:
            raise published.damage
        if tables:
            what = f"it is of another version, without {', '.join(tables)} as this one has them"
        elif not is_held_known or warehouse.is_current(
            lake, published, Findings(settings.findings).held()
        ):
            return
        else:
            what = "it was made of other files than the lake holds"
        yield Trouble("publication", str(path), what, newest, do)
    except NotPublishedError:
        yield Trouble("publication", str(path), "nothing is published yet", newest, do)
    except StorageError as error:
        yield Trouble("publication", str(path), str(error), _since(path), do)


# --------------------------------------------------------------------------------------------
# Dagster's records
# --------------------------------------------------------------------------------------------


def of_damage(settings: Settings, home: Path) -> list[Trouble]:
    """Return which of Dagster's files below `home` cannot be used; none of PostgreSQL."""
    if settings.postgres_url is not None:
        return []
    return [
        Trouble(
            "records",
            str(each.path),
            f"{each.why}: {record_damage.answer(each.why)}",
            _since(each.path),
            record_damage.REPAIR if each.mendable else RESUME,
        )
        for each in record_damage.examine(home)
    ]


def of_error(settings: Settings, home: Path, error: StorageError) -> Trouble:
    """Return the trouble that an attempt to read the records ended with."""
    do = record_damage.REPAIR if record_damage.REPAIR in str(error) else DOCTOR
    where = "PostgreSQL" if settings.postgres_url is not None else str(home)
    return Trouble("records", where, str(error), None, do)


def of_runs(instance: dg.DagsterInstance, now: datetime) -> Iterator[Trouble]:
    """Yield the runs that say that they are under way and are not."""
    for record in instance.get_run_records(dg.RunsFilter(statuses=list(UNDER_WAY))):
        run = record.dagster_run
        why = live_runs.death(instance, run.run_id)
        began = record.start_time or record.create_timestamp.timestamp()
        if why is None and now.timestamp() - began > HUNG.total_seconds():
            if live_runs.is_held(instance, run.run_id):
                continue
            why = "nothing is known of its process here, and it began long ago"
        if why is not None:
            what = f"run of {run.job_name} is recorded as under way: {why}"
            yield Trouble("run", run.run_id, what, _iso(began), RESUME)


def under_way(instance: dg.DagsterInstance, dead: Sequence[Trouble]) -> list[dg.DagsterRun]:
    """Return the runs that are under way beside those that are known to be `dead`."""
    gone = {each.where for each in dead}
    runs = instance.get_runs(dg.RunsFilter(statuses=list(UNDER_WAY)))
    return [run for run in runs if run.run_id not in gone]


def of_services(
    daemons: Sequence[Mapping[str, Any]], watched: Sequence[Watched], now: datetime
) -> Iterator[Trouble]:
    """Yield the daemons, schedules and sensors that do not do what they are to.

    Where Dagster was never started on this home there are none. What follows from a dead daemon is
    not told.
    """
    known = [each for each in daemons if each["required"] and each["heartbeat_at"]]
    late = [each for each in known if is_late(each["heartbeat_at"], now)]
    if known and len(late) == len(known):
        last = max(each["heartbeat_at"] for each in late)
        what = "no sign of life: schedules and sensors do not run, queued runs wait"
        yield Trouble("daemon", ALL_DAEMONS, what, last, DAGSTER)
        return
    for each in late:
        yield Trouble("daemon", each["daemon"], "no sign of life", each["heartbeat_at"], DAGSTER)
    for each in known:
        if each["errors"] and each not in late:
            yield Trouble("daemon", each["daemon"], each["errors"][0], each["heartbeat_at"], DOCTOR)
    yield from _of_ticks(watched, now)


def is_late(heartbeat_at: str, now: datetime) -> bool:
    """Return whether a daemon's last sign of life is too old."""
    return now - datetime.fromisoformat(heartbeat_at) > HEARTBEAT_LATE


def _of_ticks(watched: Sequence[Watched], now: datetime) -> Iterator[Trouble]:
    sensors = [each for each in watched if each.is_sensor and each.last_at is not None]
    late = [each for each in watched if each.due_by is not None and each.due_by < now]
    if len(sensors) > 1 and all(each in late for each in sensors):
        last = max(_iso(each.ticks[0].timestamp) for each in sensors)
        what = (
            "no sensor ticks though the daemon lives: the code server is gone, or the code cannot "
            "be loaded"
        )
        yield Trouble("code", "geo_pipeline.definitions", what, last, DAGSTER)
        return
    for each in late:
        kind = "sensor" if each.is_sensor else "schedule"
        last = _iso(each.ticks[0].timestamp)
        yield Trouble("tick", f"{kind} {each.name}", "its next tick is overdue", last, DAGSTER)
    for each in watched:
        if each.failing and each not in late:
            kind = "sensor" if each.is_sensor else "schedule"
            error = next(tick.error for tick in each.ticks if tick.status == TickStatus.FAILURE)
            why = " ".join((error.message if error else "no error is recorded").split())
            since = _iso(each.ticks[0].timestamp)
            yield Trouble("tick", f"{kind} {each.name}", f"it fails: {why}", since, DOCTOR)


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
            ticks[0].timestamp + 1, data.cron_schedule, PARIS
        )
        due_by = next(following).astimezone(UTC) + TICK_LATE
    return Watched(state.instigator_name, is_sensor, tuple(ticks), due_by)


# --------------------------------------------------------------------------------------------
# Small things
# --------------------------------------------------------------------------------------------


def in_order(found: Sequence[Trouble]) -> list[Trouble]:
    """Return the troubles, first those that others may follow from."""
    return sorted(found, key=lambda each: (KINDS.index(each.kind), each.where))


def dagster_home(settings: Settings) -> Path:
    """Return where Dagster's home is or would be, making nothing."""
    return Path(os.environ.get("DAGSTER_HOME") or settings.dagster_home)


def _since(path: Path) -> str | None:
    return _iso(written_at(path)) if path.exists() else None


def _iso(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds")
