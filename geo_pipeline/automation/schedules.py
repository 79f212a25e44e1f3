"""Schedules: jobs at fixed times, in French time; docs/automation.md explains the times.

None of the times lies between 2 and 3 in the morning, an hour that one day in March lacks and one
day in October has twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import dagster as dg

from geo_pipeline import dekads
from geo_pipeline.automation.jobs import FRANCE, SCOPE_TAG
from geo_pipeline.automation.requests import left
from geo_pipeline.platform.partitions import place_tags, run_tags
from geo_pipeline.platform.tick_errors import keeping_errors
from geo_pipeline.providers import EMBEDDED, KINDS
from geo_pipeline.settings import Settings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.tables import TABLES
from geo_pipeline.territory import CODES, TIME_ZONE

DEKAD_TAG: Final = "geo_pipeline/dekad_end"
"""Tag with the last day of the dekad of a publication, ISO."""

UNDER_WAY: Final = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@dataclass(frozen=True)
class Plan:
    """When a job runs by itself: `cron` in Europe/Paris, switched on where a source is live.

    `tags` returns the tags of a run due at a given time.
    """

    name: str
    job: str
    cron: str
    live: bool
    description: str
    observes: bool = False
    """Whether the job asks a provider, for `codes` or the whole of France: it does not request what
    a run in the queue or under way already requests."""
    codes: tuple[str, ...] = ()
    tags: Callable[[datetime], dict[str, str]] = lambda _due: {}


REFRESHING: Final = tuple(
    dict.fromkeys(table.refreshed_by for table in TABLES.values() if table.refreshed_by)
)
"""The jobs that ask providers."""


def is_live(settings: Settings, job: str) -> bool:
    """Return whether a setting has `job` ask a live provider.

    A history and a provider of the overseas départements are asked when the provider is.
    """
    kinds = {table.asks for table in TABLES.values() if table.refreshed_by == job}
    return any(
        getattr(settings, setting) not in (None, EMBEDDED)
        for setting, kind in KINDS.items()
        if kind in kinds and setting not in ("history", "overseas")
    )


def plans(settings: Settings) -> list[Plan]:
    """Return the plans of all scheduled jobs; they are on only where a live provider is chosen."""
    return [*_requests(settings), *_upkeep(settings)]


def _requests(settings: Settings) -> list[Plan]:
    """Return the plans of the jobs that ask providers."""
    return [
        Plan(
            "weather_daily_update",
            "refresh_weather",
            "30 10 * * *",
            is_live(settings, "refresh_weather"),
            "Requests weather each morning and makes all that depends on it.",
            observes=True,
            codes=CODES,
        ),
        Plan(
            "restrictions_update",
            "refresh_restrictions",
            "15 7,18 * * *",
            is_live(settings, "refresh_restrictions"),
            "Requests water restrictions before and after the working day.",
            observes=True,
        ),
        Plan(
            "crops_update",
            "refresh_crops",
            "0 5 5 * *",
            is_live(settings, "refresh_crops"),
            "Requests crop statistics on the 5th of each month.",
            observes=True,
            codes=CODES,
        ),
        Plan(
            "boundaries_update",
            "refresh_boundaries",
            "0 5 15 2 *",
            is_live(settings, "refresh_boundaries"),
            "Requests the outlines of the départements on 15 February.",
            observes=True,
        ),
    ]


def _upkeep(settings: Settings) -> list[Plan]:
    """Return the plans of the jobs on what there is: publication, checks, removal of the old."""
    of_any = any(is_live(settings, job) for job in REFRESHING)
    return [
        Plan(
            "dekad_publication",
            "publish",
            "0 14 1,11,21 * *",
            is_live(settings, "refresh_weather"),
            "Publishes the dekad that ended the day before: warehouse, maps, tables.",
            tags=lambda due: {DEKAD_TAG: dekad_end(due).isoformat()},
        ),
        Plan(
            "dekad_bulletins",
            "issue_bulletins",
            "0 16 1,11,21 * *",
            is_live(settings, "refresh_weather"),
            "Writes the bulletins of the dekad that ended the day before, once it is published.",
            tags=lambda due: {DEKAD_TAG: dekad_end(due).isoformat(), **place_tags()},
        ),
        Plan(
            "standing_checks",
            "checks",
            "0 8 * * *",
            of_any,
            "Checks the data in the lake each morning, before people look at them.",
        ),
        Plan(
            "weekly_tidying",
            "tidy",
            "0 4 * * 0",
            of_any,
            "Removes on Sundays what is older than the settings keep.",
        ),
    ]


def schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """Return the schedules."""
    return [_schedule(plan, settings) for plan in plans(settings)]


def dekad_end(due: datetime) -> date:
    """Return the last day of the dekad before the one in which `due` lies, in Paris."""
    return dekads.before(due.astimezone(ZoneInfo(TIME_ZONE)).date())


def _schedule(plan: Plan, settings: Settings) -> dg.ScheduleDefinition:
    """Return `plan` as a Dagster schedule."""

    @keeping_errors(plan.name)
    def evaluate(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        due = context.scheduled_execution_time
        running = context.instance.get_runs(
            dg.RunsFilter(job_name=plan.job, statuses=UNDER_WAY), limit=1
        )
        if running:
            state = running[0].status.value.lower()
            return dg.SkipReason(
                f"{plan.job} is {state} already (run {running[0].run_id}): it is not run twice"
            )
        if plan.job != "refresh_boundaries" and not _begun(settings):
            return dg.SkipReason(
                f"{settings.lake} holds nothing yet: run the job france, or `geo-pipeline run`"
            )
        tags = plan.tags(due)
        if plan.observes:
            rest = left(settings, context.instance, plan.job, plan.codes, due)
            if not rest.to_ask:
                return dg.SkipReason("runs in the queue or under way are at all of it already")
            if plan.codes:
                tags = {**tags, **run_tags(rest.to_ask), SCOPE_TAG: FRANCE}
        # The key makes a tick launch one run, however often it is evaluated.
        return dg.RunRequest(run_key=f"{plan.name} {due.isoformat()}", tags=tags)

    status = dg.DefaultScheduleStatus.RUNNING if plan.live else dg.DefaultScheduleStatus.STOPPED
    return dg.ScheduleDefinition(
        name=plan.name,
        job_name=plan.job,
        cron_schedule=plan.cron,
        execution_timezone=TIME_ZONE,
        execution_fn=evaluate,
        default_status=status,
        description=plan.description,
    )


def _begun(settings: Settings) -> bool:
    """Return whether the lake holds the départements, which every other table needs."""
    return Lake(settings.lake).path("departements").exists()
