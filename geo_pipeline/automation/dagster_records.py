"""Dagster's records read through Dagster: runs, checks, daemons, materialisations.

Bulk queries on its storage are in `platform.run_records`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import dagster as dg

from geo_pipeline.automation import record_troubles
from geo_pipeline.automation.known_records import Attempt, Known, Made
from geo_pipeline.automation.record_troubles import ALL_DAEMONS, Watched, is_late
from geo_pipeline.automation.troubles import Trouble
from geo_pipeline.platform import record_damage, run_records
from geo_pipeline.platform.internals import NOT_FINISHED_STATUSES
from geo_pipeline.platform.partitions import codes_of
from geo_pipeline.storage.failures import WHOLE
from geo_pipeline.tables import PARTITIONED
from geo_pipeline.words import Message

SHOWN_RUNS: Final = 30


def read(
    instance: dg.DagsterInstance,
    now: datetime,
    asked_by: str | None = None,
    made: dict[int, run_records.Materialized] | None = None,
) -> Known:
    """Return the content of Dagster's records; the run `asked_by` no longer counts as under way.

    `made` has materialisations that were read before, by the id of their event, and gets the rest.

    Raises:
        RecordsError: the records hold values that Dagster cannot have written.
    """
    made = {} if made is None else made
    with record_damage.reading(Path(instance.root_directory)):
        dead = list(record_troubles.of_runs(instance, now))
        runs = instance.get_run_records(limit=SHOWN_RUNS)
        ids = [each.dagster_run.run_id for each in runs]
        failures = run_records.run_failures(instance, ids)
        why = {run_id: each.told for run_id, each in failures.items()}
        why |= {str(each.where): each.what for each in dead}
        beats = daemons(instance, now)
        watched = record_troubles.watched(instance, now)
        services = list(record_troubles.of_services(beats, watched, now))
        live = [run for run in record_troubles.under_way(instance, dead) if run.run_id != asked_by]
        run_counts = _run_counts(instance, len(dead))
        content = {
            "runs": [_run(each, why) for each in runs],
            "run_counts": run_counts,
            "checks": [
                {**asdict(each), "at": None if each.at is None else _iso(each.at)}
                for each in run_records.check_results(instance)
            ],
            "daemons": beats,
            "ticks": [_tick(each, now) for each in watched],
            "code_up": _is_code_up(beats, services),
        }
        return Known(
            content,
            [_made(each) for each in run_records.latest_materializations(instance, made)],
            [Attempt(*each) for each in run_records.interrupted(instance, PARTITIONED)],
            [*dead, *services],
            bool(live),
            frozenset(code for run in live for code in codes_of(run.tags)),
            settled=not dead and _is_over(run_counts) and _is_silent(beats, watched, now),
        )


def _made(each: run_records.Materialized) -> Made:
    seconds = each.metadata.get("seconds")
    return Made(each.asset, each.partition or WHOLE, _iso(each.at), each.run_id, seconds)


def _is_over(run_counts: Mapping[str, int]) -> bool:
    """Return whether no run is queued or under way."""
    return not any(dg.DagsterRunStatus(status) in NOT_FINISHED_STATUSES for status in run_counts)


def _is_silent(
    beats: Sequence[Mapping[str, Any]], watched: Sequence[Watched], now: datetime
) -> bool:
    """Return whether all daemons, schedules and sensors that ever ran are late by now."""
    at = [each["heartbeat_at"] for each in beats if each["heartbeat_at"] is not None]
    due = [each.due_by for each in watched if each.due_by is not None]
    return all(is_late(each, now) for each in at) and all(each < now for each in due)


def _run_counts(instance: dg.DagsterInstance, dead: int) -> dict[str, int]:
    """Return the number of runs by status; dead ones count as failed."""
    counts = {
        status.value: instance.get_runs_count(dg.RunsFilter(statuses=[status]))
        for status in dg.DagsterRunStatus
    }
    counts[dg.DagsterRunStatus.STARTED.value] -= dead
    counts[dg.DagsterRunStatus.FAILURE.value] += dead
    return {status: count for status, count in counts.items() if count > 0}


def daemons(instance: dg.DagsterInstance, now: datetime) -> list[dict[str, Any]]:
    """Return Dagster's daemons, each with its last heartbeat and whether that is recent."""
    rows = []
    for name, each in sorted(instance.get_daemon_statuses().items()):
        beat = each.last_heartbeat
        at = None if beat is None else _iso(datetime.fromtimestamp(beat.timestamp, UTC))
        errors = (beat.errors if beat is not None else None) or ()
        rows.append(
            {
                "daemon": name,
                "required": each.required,
                "healthy": bool(each.healthy) and at is not None and not is_late(at, now),
                "heartbeat_at": at,
                "errors": [" ".join(error.message.split()) for error in errors],
            }
        )
    return rows


def _tick(each: Watched, now: datetime) -> dict[str, Any]:
    """Return when a schedule or a sensor last ticked, and with which result."""
    return {
        "name": each.name,
        "type": "sensor" if each.is_sensor else "schedule",
        "at": None if each.last_at is None else _iso(each.last_at),
        "status": each.ticks[0].status.value if each.ticks else None,
        "late": each.due_by is not None and each.due_by < now,
    }


def _is_code_up(beats: Sequence[Mapping[str, Any]], found: Sequence[Trouble]) -> bool | None:
    """Return whether Dagster can load the code; None where it was never started here."""
    if not any(each["required"] and each["heartbeat_at"] for each in beats):
        return None
    return not any(each.kind == "code" or each.where == ALL_DAEMONS for each in found)


def _run(record: dg.RunRecord, why: Mapping[str, Message]) -> dict[str, Any]:
    """Return a run; one that is under way has no end, one that was killed counts as failed."""
    run, start, end = record.dagster_run, record.start_time, record.end_time
    is_dead = run.run_id in why and not run.is_finished
    codes = codes_of(run.tags)
    launched = next(
        (
            f"{kind} {run.tags[tag]}"
            for kind, tag in (
                ("schedule", "dagster/schedule_name"),
                ("sensor", "dagster/sensor_name"),
                ("backfill", "dagster/backfill"),
            )
            if tag in run.tags
        ),
        None,
    )
    return {
        "run_id": run.run_id,
        "job": run.job_name,
        "status": dg.DagsterRunStatus.FAILURE.value if is_dead else run.status.value,
        "created_at": _iso(record.create_timestamp.astimezone(UTC)),
        "started_at": None if start is None else _iso(datetime.fromtimestamp(start, UTC)),
        "ended_at": None if end is None else _iso(datetime.fromtimestamp(end, UTC)),
        "seconds": None if start is None or end is None else round(end - start, 3),
        "first_departement": codes[0] if codes else None,
        "last_departement": codes[-1] if codes else None,
        "departements": len(codes),
        "launched_by": launched,
        "error": why.get(run.run_id) if is_dead or run.is_failure_or_canceled else None,
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
