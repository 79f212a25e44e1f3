"""Inbox sensor: dropped files are recognised, validated, and taken or rejected.

A taken file is marked as still to be run. The run is requested at every tick until Dagster knows it
under its key, and only then is the mark removed: whichever process dies in between, no run is lost
and none is started twice. Where a run of the same kind is under way it is waited for. Deleting a
file from `provided/` requests the same run again, on what remains.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
from filelock import FileLock, Timeout

from geo_pipeline.automation.alerts import Alert, Alerts, digest
from geo_pipeline.automation.requests import jobs_named, left, request
from geo_pipeline.automation.sensors.memory import remembered
from geo_pipeline.automation.sensors.present_troubles import dagster_page
from geo_pipeline.inbox.taking import REJECTED, Inbox, Scan
from geo_pipeline.platform.internals import RUN_KEY_TAG
from geo_pipeline.platform.tick_errors import keeping_errors
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.storage.inbox_files import Kind
from geo_pipeline.words import catalogue, printable

EVERY_S = 30
JOBS: dict[Kind, str] = {
    "crops": "refresh_crops",
    "stations": "refresh_weather",
    "boundaries": "refresh_boundaries",
}
"""The job that depends on a file of each kind."""

FILE_TAG = "geo_pipeline/file"


def sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensors."""

    @dg.sensor(
        name="inbox",
        jobs=jobs_named(settings, list(JOBS.values())),
        minimum_interval_seconds=EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Takes valid files from the inbox and launches a run of what depends on them; "
        "other files go to `rejected/` with the reason. docs/inbox.md.",
    )
    @keeping_errors("inbox")
    def inbox(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        return tick(Inbox(Workspace(settings)), context)

    return [inbox]


def tick(inbox: Inbox, context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Return the run requests of one tick; its cursor holds the state of the inbox."""
    seen = remembered(context.cursor)
    inbox.provided.folder.mkdir(parents=True, exist_ok=True)
    try:
        # A tick that takes too long continues in its thread while the next one begins.
        with FileLock(inbox.provided.folder / ".looking.lock", timeout=0):
            scan = inbox.scan(seen)
    except Timeout:
        return dg.SensorResult(
            skip_reason="the look before is still at work", cursor=context.cursor
        )
    settings = inbox.workspace.settings
    if scan.rejected:
        Alerts(settings).send([_alert(settings, scan)])
    asked = list(_asked(inbox, context.instance))
    for line in _told(scan):
        context.log.info(line)
    return dg.SensorResult(
        run_requests=asked,
        skip_reason=None if asked else "; ".join(_told(scan)) or "nothing new in the inbox",
        cursor=json.dumps(scan.waiting),
    )


def _asked(inbox: Inbox, instance: dg.DagsterInstance) -> Iterator[dg.RunRequest]:
    """Yield the runs still to be requested, without those under way."""
    settings = inbox.workspace.settings
    pending = [(each, each.taken_at, "") for each in inbox.provided.all() if each.pending]
    gone = [(each, inbox.provided.gone_at(each), "-gone") for each in inbox.provided.gone()]
    for provided, since, suffix in pending + gone:
        about, key = provided.about, f"{provided.run_key}{suffix}"
        job = JOBS[about.kind]
        codes = () if about.kind == "boundaries" else about.departements
        rest = left(settings, instance, job, codes, since)
        if _is_known(instance, key) or not (rest.to_ask or rest.under_way):
            inbox.provided.settle(provided)
        elif not rest.under_way:
            yield request(job, key, rest.to_ask if codes else (), {FILE_TAG: provided.file})


def _is_known(instance: dg.DagsterInstance, run_key: str) -> bool:
    return instance.get_runs_count(dg.RunsFilter(tags={RUN_KEY_TAG: run_key})) > 0


def _alert(settings: Settings, scan: Scan) -> Alert:
    """Return the alert on the files that were rejected: whoever dropped them may be away."""
    words = catalogue(settings.alert_language)
    names = list(scan.rejected)
    return Alert(
        kind="operations",
        # A file that is dropped again is alerted again.
        key=digest("rejected", *scan.rejected, datetime.now(UTC).isoformat()),
        severity="warning",
        departements=(),
        title=words.count("rejected.title", len(names)),
        text=words("rejected.text", folder=settings.inbox / REJECTED),
        link=dagster_page(settings, "automation"),
        table=(
            (words("rejected.file"), words("operations.head.reason")),
            *((name, why.told(words.lang)) for name, why in scan.rejected.items()),
        ),
    )


def _told(scan: Scan) -> list[str]:
    """Return what happened, one line each."""
    lines = [
        *(f"{each.name} taken as {each.about.place}" for each in scan.taken),
        *(f"{name} is in use already" for name in scan.known),
        *(f"{name} rejected: {why}" for name, why in scan.rejected.items()),
        *scan.troubles,
    ]
    return [printable(line) for line in lines]
