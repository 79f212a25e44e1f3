"""Backfills: a run for each département, or for some, in the queue that Dagster's daemon empties.

`geo-pipeline run` does everything in one run and one process, which is much quicker for the
embedded data. Separate runs are for providers that take minutes for a département: each succeeds,
fails and is repeated on its own. They end before the publication; declarative automation publishes
once when no run is under way any more.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import dagster as dg

from geo_pipeline.automation.requests import left
from geo_pipeline.definitions import build_definitions
from geo_pipeline.errors import UsageError
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.internals import (
    NOT_FINISHED_STATUSES,
    REPOSITORY_LABEL_TAG,
    CodePointer,
    JobPythonOrigin,
    LoadableTargetOrigin,
    ManagedGrpcPythonEnvCodeLocationOrigin,
    QueuedRunCoordinatorDaemon,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
    RepositoryPythonOrigin,
    SubmitRunContext,
    make_new_backfill_id,
)
from geo_pipeline.platform.live_runs import reap
from geo_pipeline.platform.partitions import codes_of, run_tags
from geo_pipeline.runtime.providers import check_settings
from geo_pipeline.settings import Settings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.tables import chosen
from geo_pipeline.territory import CODES
from geo_pipeline.words import message

BACKFILL_TAG: Final = "geo_pipeline/backfill"
"""Its value is the id of the backfill. Dagster's own tag would need one of Dagster's backfills,
which puts all partitions of these assets into one run."""

JOB: Final = "departement"
MODULE: Final = "geo_pipeline.definitions"
ONCE: Final = ("departements", "departement_neighbours", "departement_shapes", "water_restrictions")
"""Tables that the publication needs besides those of the départements."""

DAEMON_SILENT_S: Final = 90.0


@dataclass(frozen=True)
class Queued:
    """The runs that were put into the queue."""

    backfill_id: str
    run_ids: dict[str, str]
    """Run ids by département."""
    waiting: tuple[str, ...]
    """Départements whose run was already queued or under way: not queued again."""
    daemon_runs: bool
    """Whether the daemon that starts queued runs had a recent heartbeat."""


def enqueue(settings: Settings, codes: Sequence[str], together: int = 1) -> Queued:
    """Queue runs of the départements `codes`, from their observations to indicators.

    Args:
        settings: they say where the home is; the runs read those of the machine they are on.
        codes: the départements.
        together: how many of them share a run.

    Raises:
        UsageError: there is no such provider; nothing is queued.
        StorageError: Dagster's home cannot be written.
    """
    check_settings(settings)
    # The runs read the settings from the daemon's environment, not these.
    job = build_definitions(None, **settings.where).resolve_job_def(JOB)
    partitioned = {dg.AssetKey(each.name) for each in chosen(settings) if each.partitioned}
    lake = Lake(settings.lake)
    missing = {dg.AssetKey(table) for table in ONCE if not lake.path(table).exists()}
    backfill_id = make_new_backfill_id()
    with open_instance(settings) as instance:
        reap(instance)
        _retry_from_now_on(instance)
        waiting = left(settings, instance, "refresh_weather", codes, datetime.now(UTC)).under_way
        unfinished = dg.RunsFilter(job_name=JOB, statuses=NOT_FINISHED_STATUSES)
        if missing and all(codes_of(run.tags) for run in instance.get_runs(unfinished)):
            _submit(instance, job, missing, {BACKFILL_TAG: backfill_id})
        asked = [code for code in codes if code not in waiting]
        run_ids: dict[str, str] = {}
        for first in range(0, len(asked), together):
            some = asked[first : first + together]
            tags = {BACKFILL_TAG: backfill_id, **run_tags(some)}
            run_ids |= dict.fromkeys(some, _submit(instance, job, partitioned, tags))
        return Queued(backfill_id, run_ids, waiting, _daemon_runs(instance))


def left_over(settings: Settings, backfill_id: str) -> list[str]:
    """Return the départements of a backfill that have not succeeded yet.

    Raises:
        UsageError: there is no such backfill.
    """
    with open_instance(settings) as instance:
        reap(instance)
        runs = instance.get_runs(dg.RunsFilter(tags={BACKFILL_TAG: backfill_id}))
    if not runs:
        raise UsageError(message("backfill.unknown", id=backfill_id, tag=BACKFILL_TAG))
    # Dagster's own retries carry the tags of the first try.
    done = {code for run in runs if run.is_success for code in codes_of(run.tags)}
    asked = {code for run in runs for code in codes_of(run.tags)}
    return [code for code in CODES if code in asked - done]


def _retry_from_now_on(instance: dg.DagsterInstance) -> None:
    """Have the daemon retry crashed runs from now on, also in a home where it never ran.

    The daemon only retries failures after its own first look, which may come after a crash.
    """
    kinds = (dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_SUCCESS)
    keys = {f"EVENT_LOG_CONSUMER_CURSOR-{kind.value}" for kind in kinds}
    storage = instance.daemon_cursor_storage
    newest = str(instance.event_log_storage.get_maximum_record_id() or 0)
    missing = keys - set(storage.get_cursor_values(keys))
    if missing:
        storage.set_cursor_values(dict.fromkeys(missing, newest))


def _submit(
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    assets: set[dg.AssetKey],
    tags: dict[str, str],
) -> str:
    """Put a run of some assets of `job` into the queue; return its id."""
    origin = _origin()
    run = instance.create_run_for_job(
        job,
        asset_selection=assets,
        tags={**job.run_tags, REPOSITORY_LABEL_TAG: origin.get_label(), **tags},
        remote_job_origin=RemoteJobOrigin(origin, job.name),
        job_code_origin=JobPythonOrigin(job.name, code()),
        status=dg.DagsterRunStatus.NOT_STARTED,
    )
    # Queueing needs no workspace; a real one would start a code server, which takes seconds.
    nowhere: Any = None
    instance.run_coordinator.submit_run(SubmitRunContext(run, nowhere))
    return run.run_id


def _origin() -> RemoteRepositoryOrigin:
    """Return the origin that `dagster dev -m geo_pipeline.definitions` gives the job."""
    target = LoadableTargetOrigin(
        executable_path=sys.executable, module_name=MODULE, working_directory=str(Path.cwd())
    )
    return RemoteRepositoryOrigin(
        ManagedGrpcPythonEnvCodeLocationOrigin(target, MODULE), "__repository__"
    )


def code() -> RepositoryPythonOrigin:
    """Return what a worker loads, on whatever machine it is."""
    pointer = CodePointer.from_module(MODULE, "defs", str(Path.cwd()))
    return RepositoryPythonOrigin(sys.executable, pointer)


def _daemon_runs(instance: dg.DagsterInstance) -> bool:
    """Return whether the daemon of the queue had a recent heartbeat."""
    heartbeat = instance.get_daemon_heartbeats().get(QueuedRunCoordinatorDaemon.daemon_type())
    return heartbeat is not None and time.time() - heartbeat.timestamp < DAEMON_SILENT_S
