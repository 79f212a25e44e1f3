"""Runs from the command line: they execute in this process, recorded in Dagster's instance."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from geo_pipeline.automation.jobs import FIRST_MAP
from geo_pipeline.automation.monitoring_files import kept_up
from geo_pipeline.commands.ending import StoppedError
from geo_pipeline.commands.quota_check import check_quotas
from geo_pipeline.definitions import build_definitions
from geo_pipeline.indicators.distributions import MIN_YEARS
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.internals import (
    MAX_RETRIES_TAG,
    DagsterExecutionInterruptedError,
    make_new_run_id,
)
from geo_pipeline.platform.live_runs import held, reap
from geo_pipeline.platform.partitions import run_tags
from geo_pipeline.platform.record_damage import without_echo
from geo_pipeline.runtime.guard import ONCE_TAG
from geo_pipeline.runtime.providers import check_settings
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.sources.observed import FIRST_LIVE_DAY
from geo_pipeline.storage.failures import WHOLE, Failure
from geo_pipeline.storage.findings import Finding
from geo_pipeline.storage.layout import Migrated, bring_up_to_date
from geo_pipeline.territory import CODES
from geo_pipeline.transforms.drought import CLASS_MIN_YEARS

# Dagster's own log goes to its event log; the terminal shows the messages of the command.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Outcome:
    """The result of a run: seconds of each asset and in total, and what failed."""

    run_ids: tuple[str, ...]
    seconds: float
    asset_seconds: dict[str, float]
    failures: tuple[Failure, ...] = ()
    """Partitions that could not be made; their last good files are unchanged."""
    held: tuple[Finding, ...] = ()
    """Findings of checks that hold départements of the run back from the publication."""
    doubts: tuple[Finding, ...] = ()
    """Warnings of checks in the départements of the run, which is published all the same."""
    killed: tuple[str, ...] = ()
    """Earlier runs that were found killed, and are marked as failed now."""
    migrated: Migrated | None = None
    """What became of the home where an earlier version wrote it."""


def foreseen(settings: Settings) -> str | None:
    """Return what a run with these settings cannot compute for lack of years, or None.

    Raises:
        UsageError: there is no such provider, or it has nothing between `since` and `until`.
    """
    check_settings(settings)
    begin, end = FIRST_LIVE_DAY, datetime.now(UTC).date()
    if settings.source == "bundled" and settings.history is None:
        bundled = Workspace(settings).bundled
        bundled.period(settings.since, settings.until)
        begin, end = (day.date() for day in bundled.period(None, None))
    first, last = settings.since or begin, min(settings.until or end, end)
    years = round(((last - first).days + 1) / 365.25, 1)
    if years >= CLASS_MIN_YEARS:
        return None
    lost = "there will be no classes and no map of them"
    if years < MIN_YEARS:
        lost = "there will be no index, no class and no map of them"
    return (
        f"{first} to {last} is {years:.1f} years, and a normal takes {MIN_YEARS} years of the same "
        f"period, a class {CLASS_MIN_YEARS}: {lost}; choose an earlier --since"
    )


def run(
    settings: Settings,
    codes: Sequence[str],
    on_partition: Callable[[str, str], None],
    *,
    first_map: bool = False,
) -> Outcome:
    """Run the départements `codes`, the risk mart and the publication in one Dagster run.

    For a `first_map` it is without forecasts of soils and yields. A département whose provider
    fails does not stop the others: it is in `Outcome.failures`.

    Raises:
        UsageError: there is no such provider, it has nothing between `since` and `until`, or
            allows less than that in a day; nothing is run.
        GeoPipelineError: a step failed; what had been written and published before is unchanged.
    """
    start = time.perf_counter()
    failures: list[Failure] = []
    workspace = Workspace(settings, on_partition, failures.append)
    check_settings(settings)
    if settings.source == "bundled" and (settings.since or settings.until):
        workspace.bundled.period(settings.since, settings.until)
    if settings.source != "bundled":
        check_quotas(settings, workspace.providers, codes)
    migrated = bring_up_to_date(settings.shared, workspace.lake)
    definitions = build_definitions(workspace)
    some = "france" if len(codes) == len(CODES) else "departement"
    job = definitions.resolve_job_def(FIRST_MAP if first_map else some)
    with open_instance(settings) as instance, kept_up(settings, instance, workspace.lake):
        killed = tuple(reap(instance))
        result = _execute(job, instance, run_tags(codes))
    asset_seconds = {
        str(event.step_key): event.step_success_data.duration_ms / 1e3
        for event in result.filter_events(lambda each: each.is_step_success)
    }
    held_back = workspace.findings.held()
    doubts = [
        each
        for each in workspace.findings.all()
        if each.severity == "warning" and each.departement in {*codes, WHOLE}
    ]
    return Outcome(
        (result.run_id,),
        time.perf_counter() - start,
        asset_seconds,
        tuple(failures),
        tuple(each for code in codes for each in held_back.get(code, [])),
        tuple(doubts),
        killed,
        migrated,
    )


def _execute(
    job: dg.JobDefinition, instance: dg.DagsterInstance, tags: Mapping[str, str]
) -> dg.ExecuteInProcessResult:
    """Run `job` in this process; a step that fails is not tried again.

    Raises:
        StoppedError: a signal has stopped the run.
        Exception: the error of the step that failed, without Dagster's wrappers.
    """
    run_id = make_new_run_id()
    # Dagster could not launch this run again, so it must not try to.
    ours = {ONCE_TAG: "true", MAX_RETRIES_TAG: "0"}
    try:
        with held(instance, run_id), without_echo():
            return job.execute_in_process(
                run_id=run_id,
                run_config=_QUIET,
                instance=instance,
                tags={**tags, **ours},
            )
    except dg.Failure as failure:
        if isinstance(failure.__cause__, DagsterExecutionInterruptedError):
            raise StoppedError from None
        raise failure.__cause__ or failure from None
    except DagsterExecutionInterruptedError:
        raise StoppedError from None
