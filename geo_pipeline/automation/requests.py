"""Run requests of automation: one run for any set of départements, nothing asked for twice.

What a run in the queue or under way is to make is waited for, not asked for again: once it is done
it has either seen what is new, having begun after it, or is asked for then.
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
    """Return the jobs that a sensor may ask for."""
    return [job for job in jobs(settings) if job.name in names]


def request(job: str, key: str, codes: Iterable[str], tags: dict[str, str]) -> dg.RunRequest:
    """Return the request to run `job` for `codes`; without them it is not partitioned."""
    of = run_tags(codes)
    return dg.RunRequest(
        run_key=key, job_name=job, tags={**tags, **of}, partition_key=of.get(PARTITION_NAME_TAG)
    )


@dataclass(frozen=True)
class Left:
    """What of a job's départements is to be asked for, and what is waited for.

    Of a job without partitions both are of `WHOLE`.
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
    """Return what of `codes` no run of any job has observed or is to observe since `since`.

    A run that began before and is not done yet is waited for as well: it may have looked already.
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
    """Yield the runs in the queue or under way, and those that ended well since `since`.

    Those that take what was received before, whatever is new, are none of them.
    """
    live = instance.get_run_records(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES))
    done = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS], updated_after=since)
    for record in [*live, *instance.get_run_records(done)]:
        run = record.dagster_run
        if OFFLINE_TAG not in run.tags and death(instance, run.run_id) is None:
            yield record


def _is_to_make(instance: dg.DagsterInstance, run: dg.DagsterRun, tables: Iterable[str]) -> bool:
    """Return whether a run makes all of `tables`."""
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
