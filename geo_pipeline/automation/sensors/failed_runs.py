"""Alerts on failed runs: the run, the step, the reason, and what has been made since.

Troubles of partitions, schedules and sensors are in `present_troubles`; `operations` remembers
which alerts of both were sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import dagster as dg

from geo_pipeline.automation.alerts import Alert, Rows, digest
from geo_pipeline.automation.sensors.places import listed, moment, whom
from geo_pipeline.automation.sensors.present_troubles import Trouble, dagster_page
from geo_pipeline.platform.internals import WILL_RETRY_TAG
from geo_pipeline.platform.partitions import codes_of
from geo_pipeline.platform.run_records import run_failures
from geo_pipeline.publishing.formats import capitalise
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import reason, short
from geo_pipeline.storage.partition_states import Broken
from geo_pipeline.tables import PARTITIONED
from geo_pipeline.words import Catalogue, Message, catalogue, message

LOOKED_BACK: Final = timedelta(hours=1)
"""The very first look reports runs that failed no longer ago than this."""

RUNS_AT_A_LOOK: Final = 500


@dataclass(frozen=True)
class FailedRun:
    """A run that failed: its départements, its failed step (empty where there is none), why."""

    run_id: str
    job: str
    codes: tuple[str, ...]
    step: str
    why: Message
    started_at: float
    failed_at: float
    """Both in seconds since 1970, UTC."""


def failed_runs(
    instance: dg.DagsterInstance, after: int | None, now: datetime
) -> tuple[list[FailedRun], int]:
    """Return the runs that failed since the record `after`, and the last record seen.

    A run that Dagster will retry is left out: only the last try is reported.
    """
    records = _failures(instance, after_storage_id=after)
    last = max((record.storage_id for record in records), default=after or 0)
    if after is None:
        begin = (now - LOOKED_BACK).timestamp()
        records = [record for record in records if record.timestamp >= begin]
    ids = [record.event_log_entry.run_id for record in records]
    found = instance.get_run_records(dg.RunsFilter(run_ids=ids)) if ids else []
    runs = {each.dagster_run.run_id: each for each in found}
    reasons = run_failures(instance, ids)
    failed = []
    for record in records:
        run = runs.get(record.event_log_entry.run_id)
        if run is None or run.dagster_run.tags.get(WILL_RETRY_TAG) == "true":
            continue
        failure = reasons[run.dagster_run.run_id]
        failed.append(
            FailedRun(
                run_id=run.dagster_run.run_id,
                job=run.dagster_run.job_name,
                codes=codes_of(run.dagster_run.tags),
                step=failure.step,
                why=failure.why,
                started_at=run.start_time or record.timestamp,
                failed_at=record.timestamp,
            )
        )
    return failed, last


def _failures(
    instance: dg.DagsterInstance, *, after_storage_id: int | None
) -> Sequence[dg.EventLogRecord]:
    """Return the records of failed runs, oldest first; without `after_storage_id` the last ones."""
    wanted = dg.RunStatusChangeRecordsFilter(
        event_type=dg.DagsterEventType.RUN_FAILURE,
        after_storage_id=after_storage_id,
    )
    found = instance.fetch_run_status_changes(
        wanted, limit=RUNS_AT_A_LOOK, ascending=after_storage_id is not None
    )
    return sorted(found.records, key=lambda record: record.storage_id)


def without_told_elsewhere(runs: Sequence[FailedRun], found: Sequence[Broken]) -> list[FailedRun]:
    """Return the runs without those that failed with their provider, which are reported by
    table."""
    failed = {
        (each.table, each.departement): each.since for each in found if each.state == "failed"
    }

    def told(run: FailedRun) -> bool:
        begun = _iso(run.started_at)
        return bool(run.codes) and all(
            failed.get((run.step, code), "") >= begun for code in run.codes
        )

    return [run for run in runs if not told(run)]


def of_runs(settings: Settings, runs: Sequence[FailedRun]) -> Iterator[Trouble]:
    """Yield one trouble for all runs of a job that failed at the same step for the same reason."""
    groups: dict[tuple[str, str, str], list[FailedRun]] = {}
    for run in runs:
        groups.setdefault((run.job, run.step, reason(str(run.why))), []).append(run)
    for (job, step, template), members in groups.items():
        yield _of_alike(settings, f"run:{job}:{step}:{digest(template)}", members)


def _of_alike(settings: Settings, key: str, runs: Sequence[FailedRun]) -> Trouble:
    """Return the trouble of several runs that failed in the same way."""
    words, last, several = catalogue(settings.alert_language), runs[-1], len(runs) > 1
    codes = tuple(dict.fromkeys(code for run in runs for code in run.codes))
    at_step = "_at_step" if last.step else ""
    name = message(f"operations.run{at_step}", job=last.job, step=last.step)
    head = message(f"operations.runs{at_step}", count=len(runs), **name.values)
    title = [(head if several else name)(words.lang), *([whom(codes, words)] if codes else [])]
    failed_at = _iso(last.failed_at)
    text = (
        words("operations.reason", why=last.why),
        words("operations.failed_at", moment=moment(failed_at, words)),
    )
    pages = [dagster_page(settings, f"runs/{run.run_id}") for run in runs]
    return Trouble(
        name=name,
        since=dict.fromkeys(codes or ("",), failed_at),
        alert=Alert(
            kind="operations",
            key=key,
            severity="error",
            departements=codes,
            title=capitalise(", ".join(title)),
            text="\n".join(text),
            link=pages[-1],
            table=_table(runs, words) if several else (),
            links=tuple(pages) if several else (),
        ),
        run={"job": last.job, "step": last.step},
    )


def _table(runs: Sequence[FailedRun], words: Catalogue) -> Rows:
    heads = tuple(words(f"operations.head.{name}") for name in ("run", "departements", "reason"))
    rows = [(run.run_id[:8], listed(run.codes, words), short(run.why(words.lang))) for run in runs]
    return (heads, *rows)


def mended(instance: dg.DagsterInstance, told: Mapping[str, Any]) -> set[str]:
    """Return the départements of a failed run whose step, or job, has succeeded since."""
    since, step = told["since"], told["run"]["step"]
    failed_at = datetime.fromisoformat(max(since.values()))
    made_again: set[str] = set()
    if step:
        partitioned = step in PARTITIONED and "" not in since
        made = instance.fetch_materializations(
            dg.AssetRecordsFilter(
                dg.AssetKey(step),
                asset_partitions=list(since) if partitioned else None,
                after_timestamp=failed_at.timestamp(),
            ),
            limit=1000 if partitioned else 1,
        ).records
        if made:
            made_again = {str(each.partition_key) for each in made} if partitioned else set(since)
    later = instance.get_run_records(
        dg.RunsFilter(
            job_name=told["run"]["job"],
            statuses=[dg.DagsterRunStatus.SUCCESS],
            created_after=failed_at,
        ),
        limit=200,
    )
    for each in later:
        codes = set(codes_of(each.dagster_run.tags))
        made_again |= set(since) & codes if codes else {""} & set(since)
    return made_again & set(since)


def _iso(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds")
