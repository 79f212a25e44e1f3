"""Operations alerts: a run that failed, a département that is late, held back or broken.

Each look compares what is wrong now with what was reported before (the cursor). Troubles of the
same kind and table are one message, with the départements grouped by reason. While runs are under
way the look waits for some minutes, so that ten départements that fail one after the other are
reported together.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import dagster as dg

from geo_pipeline.automation.alerts import Alert, Alerts, digest
from geo_pipeline.automation.readers import readers
from geo_pipeline.automation.sensors.failed_runs import (
    failed_runs,
    mended,
    of_runs,
    without_told_elsewhere,
)
from geo_pipeline.automation.sensors.memory import remembered
from geo_pipeline.automation.sensors.places import listed, whom
from geo_pipeline.automation.sensors.present_troubles import (
    Trouble,
    dagster_page,
    of_partitions,
    of_ticks,
)
from geo_pipeline.platform.live_runs import reap
from geo_pipeline.platform.tick_errors import keeping_errors
from geo_pipeline.settings import Settings
from geo_pipeline.storage.partition_states import broken
from geo_pipeline.words import Message, catalogue, read_kept, verbatim

PATIENCE: Final = timedelta(minutes=10)
"""How long to wait for runs under way before reporting what has failed so far."""

REMEMBERED_RUNS: Final = 100

UNDER_WAY: Final = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensors."""

    @dg.sensor(
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends an alert when a run, a schedule or a sensor fails, or when a "
        "département is late, damaged, held back by a check or without an answer of its provider; "
        "and one when that is over. Sends again what a channel did not accept. Launches no run.",
    )
    @keeping_errors("operations_alerts")
    def operations_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        reap(context.instance)
        names = None
        if context.repository_def is not None:
            repository = context.repository_def
            names = {each.name for each in repository.sensor_defs}
            names |= {each.name for each in repository.schedule_defs}
        now = datetime.now(UTC)
        cursor, alerts, said = tick(settings, context.instance, context.cursor, now, names)
        Alerts(settings).send(alerts)
        for reader in readers(settings):  # what a channel of theirs did not accept
            Alerts(reader.settings(settings), reader.folder).send()
        if cursor != context.cursor:
            context.update_cursor(cursor)
        return dg.SkipReason(said)

    return [operations_alerts]


def tick(
    settings: Settings,
    instance: dg.DagsterInstance,
    cursor: str | None,
    now: datetime,
    instigators: set[str] | None = None,
) -> tuple[str, list[Alert], str]:
    """Return the new cursor, the alerts to send at `now` and the message for this tick.

    `instigators` are the schedules and sensors to look at, all by default. Everything that is still
    wrong is returned at each look: `Alerts` knows what was sent already.
    """
    beginning: dict[str, Any] = {"runs": None, "waiting_since": None, "standing": {}}
    known = remembered(cursor, *beginning) or beginning
    reported: dict[str, Any] = known["standing"]
    broken_now = broken(settings, now)
    current = {each.alert.key: each for each in of_partitions(settings, broken_now)}
    current |= {each.alert.key: each for each in of_ticks(settings, instance, instigators)}
    runs, last = failed_runs(instance, known["runs"], now)
    failed = list(of_runs(settings, without_told_elsewhere(runs, broken_now)))
    ended = _ended(instance, reported, current)
    fresh = [
        key
        for key, each in current.items()
        if set(each.since) - set(reported.get(key, {}).get("since", {}))
    ]
    if (fresh or failed or ended) and instance.get_runs_count(
        dg.RunsFilter(statuses=list(UNDER_WAY))
    ):
        waiting_since = known["waiting_since"] or now.isoformat()
        if now - datetime.fromisoformat(waiting_since) < PATIENCE:
            waiting = json.dumps(known | {"waiting_since": waiting_since}, separators=(",", ":"))
            return waiting, [], "runs are under way: failures are reported once they are done"
    told = [each.alert for each in (*current.values(), *failed)]
    if ended:
        told.append(_resolved(settings, reported, ended))
    left = _still_reported(reported, ended)
    for each in (*current.values(), *failed):
        _remember(left, each)
    text = json.dumps(
        {"runs": last, "waiting_since": None, "standing": _bounded(left)}, separators=(",", ":")
    )
    said = f"{len(current)} troubles, {len(failed)} kinds of failed run, {len(ended)} ended"
    return text, told, said


def _remember(reported: dict[str, Any], trouble: Trouble) -> None:
    """Add a trouble to those reported; one that was reported keeps its first date."""
    before = reported.get(trouble.alert.key, {}).get("since", {})
    reported[trouble.alert.key] = {
        "name": trouble.name.kept(),
        "since": dict(trouble.since) | (before if trouble.run is None else {}),
        "run": trouble.run,
    }


def _bounded(reported: dict[str, Any]) -> dict[str, Any]:
    """Return `reported` with at most the last `REMEMBERED_RUNS` failed runs."""
    runs = sorted(
        (key for key, each in reported.items() if each["run"] is not None),
        key=lambda key: max(reported[key]["since"].values()),
    )
    for key in runs[:-REMEMBERED_RUNS]:
        del reported[key]
    return reported


# --------------------------------------------------------------------------------------------
# What is over
# --------------------------------------------------------------------------------------------


def _ended(
    instance: dg.DagsterInstance, reported: Mapping[str, Any], current: Mapping[str, Trouble]
) -> dict[str, tuple[str, ...]]:
    """Return what was reported and is over: départements by key (`""` where there is none)."""
    ended = {}
    for key, told in reported.items():
        if told["run"] is not None:
            over = mended(instance, told)
        else:
            over = set(told["since"]) - set(current[key].since if key in current else ())
        if over:
            ended[key] = tuple(sorted(over))
    return ended


def _still_reported(
    reported: Mapping[str, Any], ended: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Return `reported` without what ended."""
    left = {}
    for key, told in reported.items():
        since = {code: at for code, at in told["since"].items() if code not in ended.get(key, ())}
        if since:
            left[key] = {**told, "since": since}
    return left


def _resolved(
    settings: Settings, reported: Mapping[str, Any], ended: Mapping[str, tuple[str, ...]]
) -> Alert:
    """Return one message on everything that is over."""
    words = catalogue(settings.alert_language)
    names = {key: _name(reported[key]["name"])(words.lang) for key in ended}
    codes = sorted({code for over in ended.values() for code in over if code})
    begun = {key: [reported[key]["since"][code] for code in over] for key, over in ended.items()}
    what = [words("operations.troubles", count=len(ended))]
    if len(ended) == 1:
        what = [*names.values(), *([whom(codes, words)] if codes else [])]
    heads = words("operations.head.trouble"), words("operations.head.departements")
    rows = [
        (names[key], listed([code for code in over if code], words)) for key, over in ended.items()
    ]
    return Alert(
        kind="operations",
        key=f"resolved:{digest(ended, begun)}",
        severity="info",
        departements=tuple(codes),
        title=words("operations.mended", what=what),
        text=words("operations.mended_text"),
        link=dagster_page(settings),
        table=(heads, *rows),
        resolves={key: tuple(code for code in over if code) for key, over in ended.items()},
    )


def _name(kept: Any) -> Message:
    """Return the name of a trouble; older versions kept one text in French and one in English."""
    return verbatim(kept[0]) if isinstance(kept, list) else read_kept(kept)
