"""Run requests of automation: one run for any set of départements, nothing requested twice.

What a run in the queue or under way will make is waited for instead of requested. Once that run is
over, it either began after the news and has seen it, or the request is made then.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg

from geo_pipeline.automation.jobs import jobs, observed_by
from geo_pipeline.automation.run_log import OFFLINE_TAG
from geo_pipeline.platform.internals import NOT_FINISHED_STATUSES, PARTITION_NAME_TAG
from geo_pipeline.platform.live_runs import death
from geo_pipeline.platform.partitions import codes_of, run_tags
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import WHOLE


def jobs_named(settings: Settings, names: Sequence[str]) -> list[Any]:
    """Return the jobs of these names, for a sensor to request."""
    return [job for job in jobs(settings) if job.name in names]


def request(job: str, key: str, codes: Iterable[str], tags: dict[str, str]) -> dg.RunRequest:
    """Return the request to run `job` for `codes`; without codes the job is not partitioned."""
    of = run_tags(codes)
    return dg.RunRequest(
        run_key=key, job_name=job, tags={**tags, **of}, partition_key=of.get(PARTITION_NAME_TAG)
    )


@dataclass(frozen=True)
class Left:
    """Which départements of a job are to be requested, and which are waited for.

    For a job without partitions both hold `WHOLE`.
    """

    to_ask: tuple[str, ...]
    under_way: tuple[str, ...]


def left(
    settings: Settings,
    instance: dg.DagsterInstance,
    job: str,
    codes: Sequence[str],
    since: datetime,
) -> Left:
    """Return which of `codes` no run of any job has observed, or will observe, since `since`.

    A run that began before and is not over is waited for as well: it may not have looked yet.
    """
    tables, wanted = observed_by(job, settings), codes or (WHOLE,)
    under_way: set[str] = set()
    made: set[str] = set()
    for record in _runs(instance, since):
        run = record.dagster_run
        if not _is_to_make(instance, run, tables):
            continue
        of = set(codes_of(run.tags)) if codes else {WHOLE}
        if not run.is_finished:
            under_way |= of
        elif record.start_time is not None and record.start_time >= since.timestamp():
            made |= of
    return Left(
        tuple(code for code in wanted if code not in under_way | made),
        tuple(code for code in wanted if code in under_way),
    )


def _runs(instance: dg.DagsterInstance, since: datetime) -> Iterator[dg.RunRecord]:
    """Yield the runs in the queue or under way, and those that succeeded since `since`.

    Runs that only use what was received before are left out, because they see no news.
    """
    live = instance.get_run_records(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES))
    done = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS], updated_after=since)
    for record in [*live, *instance.get_run_records(done)]:
        run = record.dagster_run
        if OFFLINE_TAG not in run.tags and death(instance, run.run_id) is None:
            yield record


def _is_to_make(instance: dg.DagsterInstance, run: dg.DagsterRun, tables: Iterable[str]) -> bool:
    """Return whether a run will make all of `tables`."""
    if run.execution_plan_snapshot_id is None:
        return False
    plan = instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id)
    planned = {
        output.properties.asset_key.to_user_string()
        for step in plan.steps
        if step.key in plan.step_keys_to_execute
        for output in step.outputs
        if output.properties is not None and output.properties.asset_key is not None
    }
    return planned.issuperset(tables)
