"""How the pipeline stands: one snapshot, from Dagster's records and the lake, for page and metrics.

`write` puts it into `<home>/monitoring`: `pipeline.json` for the app, `metrics.prom` (OpenMetrics)
for a monitoring system, `volumes.json` with rows and bytes over time. What changed goes to Dagster.
"""

import json
import logging
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import dagster as dg
import pandas as pd
from filelock import FileLock
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.openmetrics.exposition import generate_latest

from geo_pipeline import logs
from geo_pipeline.automation import troubles
from geo_pipeline.automation.troubles import Trouble
from geo_pipeline.errors import NotPublishedError, StorageError
from geo_pipeline.files import write_text
from geo_pipeline.platform import live_runs, record_damage, run_records, state_checks
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.partitions import codes_of
from geo_pipeline.settings import Settings
from geo_pipeline.storage import partition_states
from geo_pipeline.storage.failures import WHOLE, Failures, reason, short
from geo_pipeline.storage.findings import Findings
from geo_pipeline.storage.incomplete import incomplete
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.partition_states import BROKEN, STATES, TROUBLES
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.tables import DERIVED, chosen
from geo_pipeline.territory import BY_CODE, CODES

PAGE: Final = "pipeline.json"
METRICS: Final = "metrics.prom"
VOLUMES: Final = "volumes.json"

VERSION: Final = 2
"""Of the content of `pipeline.json`."""

SHOWN_RUNS: Final = 30
FULL_DAYS: Final = 2
"""Volumes are kept at each change for so long, then the last of each day."""
KEPT_VOLUMES: Final = 1000

_log = logging.getLogger(__name__)


def snapshot(
    settings: Settings,
    instance: dg.DagsterInstance | None,
    now: datetime,
    unreadable: Sequence[Trouble] = (),
    asked_by: str | None = None,
) -> dict[str, Any]:
    """Return how the pipeline stands at `now`, ready for JSON; times are ISO, UTC.

    `troubles` is what is wrong with a table of a département or of France, `system` what is wrong
    with all of it: nothing else is. Without an instance what Dagster knows (`runs`, `daemons`,
    `checks`...) is left empty; `unreadable` says why there is none. The run that it is `asked_by`
    has made what it was to make.

    Raises:
        RecordsError: Dagster's records say what nobody wrote.
    """
    known = _NOTHING if instance is None else _recorded(settings, instance, now, asked_by)
    under_way = known.under_way or (
        instance is None and live_runs.any_held(troubles.dagster_home(settings))
    )
    lake = Lake(settings.lake).at_once()
    partitions = _partitions(settings, known, now, lake, all_due=instance is None and under_way)
    with closing(Warehouse(settings.warehouse)) as warehouse:
        of_files = troubles.of_files(settings, under_way, lake, warehouse)
        published_at = _published_at(warehouse)
    system = [*of_files, *unreadable, *known.system]
    return {
        "version": VERSION,
        "made_at": _iso(now),
        "home": str(settings.home),
        "source": settings.source,
        "published_at": published_at,
        "published_bytes": _size(settings.warehouse),
        "free_bytes": _free(settings.home),
        "tables": _tables(partitions),
        "departements": _departements(partitions),
        "partitions": partitions,
        "troubles": _troubles(partitions),
        "system": [asdict(each) for each in troubles.in_order(system)],
        "failures": [asdict(each) for each in Failures(settings.failures).all()],
        "findings": [asdict(each) for each in Findings(settings.findings).all()],
        **known.content,
        "volumes": volumes(settings),
    }


def is_wrong(taken: Mapping[str, Any]) -> bool:
    """Return whether a snapshot names anything that asks somebody to act; a doubt does not."""
    return bool(taken["system"]) or any(each["state"] in BROKEN for each in taken["troubles"])


def look(settings: Settings) -> tuple[dict[str, Any], str | None]:
    """Return the snapshot of now, making nothing, and why Dagster's part is missing if it is."""
    now, home = datetime.now(UTC), troubles.dagster_home(settings)
    if not (home / "dagster.yaml").exists():
        return snapshot(settings, None, now), None
    damaged = troubles.of_damage(settings, home)
    if damaged:
        why = f"Dagster's records in {home} cannot be read"
        return snapshot(settings, None, now, damaged), why
    try:
        with open_instance(settings) as instance:
            return snapshot(settings, instance, now), None
    except StorageError as error:
        beside = [troubles.of_error(settings, home, error)]
        return snapshot(settings, None, now, beside), str(error)


def write(
    settings: Settings, instance: dg.DagsterInstance | None, now: datetime | None = None
) -> dict[str, Any]:
    """Write the snapshot, the metrics and the volumes of now; return the snapshot.

    Dagster is told what its pages are to show of it.

    Raises:
        RecordsError: Dagster's records say what nobody wrote.
        StorageError: the disk is full, or a record cannot be read; what was written before stays.
    """
    folder = settings.monitoring
    folder.mkdir(parents=True, exist_ok=True)
    # Of two at once the later one also has the later figures.
    with FileLock(folder / ".writing.lock"):
        taken = snapshot(settings, instance, now or datetime.now(UTC))
        known = _with_volumes(taken["volumes"], taken)
        if known != taken["volumes"]:
            taken["volumes"] = known
            write_text(folder / VOLUMES, json.dumps(known))
        write_text(folder / PAGE, json.dumps(taken, ensure_ascii=False))
        write_text(folder / METRICS, metrics(taken))
        if instance is not None:
            with record_damage.reading(Path(instance.root_directory)):
                state_checks.tell(instance, taken)
    return taken


@contextmanager
def kept_up(settings: Settings, instance: dg.DagsterInstance) -> Iterator[None]:
    """Write the snapshot when what is done within has ended, well or badly."""
    try:
        yield
    finally:
        try:
            write(settings, instance)
        except (StorageError, OSError) as error:  # what was done counts, not the telling of it
            _log.warning("monitoring: not written", extra=logs.about(error=error))


def volumes(settings: Settings) -> list[dict[str, Any]]:
    """Return rows and bytes over time, a row each time they changed: `at`, and both by table."""
    try:
        known: list[dict[str, Any]] = json.loads(
            (settings.monitoring / VOLUMES).read_text(encoding="utf-8")
        )
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        _log.warning("%s is begun anew", VOLUMES, extra=logs.about(error=error))
        return []
    return known


# --------------------------------------------------------------------------------------------
# The lake
# --------------------------------------------------------------------------------------------


def _partitions(
    settings: Settings, known: "_Known", now: datetime, lake: Lake, *, all_due: bool
) -> list[dict[str, Any]]:
    """Return a row for each partition that there is or should be, whole tables as `france`.

    What runs under way are to make is not told to lack; where it is `all_due` nothing is.
    """
    fresh = partition_states.freshness(settings, now, lake).set_index(["table", "departement"])
    ages = dict(zip(fresh.index, fresh.to_dict("records"), strict=True))
    in_itself = partition_states.broken(settings, now, lake)
    lacking = [] if all_due else incomplete(settings, in_itself, lake)
    beside = [] if all_due else [*lacking, *_interrupted(known, in_itself)]
    due = known.codes_under_way | ({WHOLE} if known.under_way else set())
    broken = _worst([*in_itself, *(each for each in beside if each.departement not in due)])
    warned = _warned(Findings(settings.findings))
    made = {(each.asset, each.partition or WHOLE): each for each in known.made}
    rows = []
    for table, code in (
        (each.name, code)
        for each in chosen(settings)
        for code in (CODES if each.partitioned else (WHOLE,))
    ):
        row = _file(lake, table, code)
        age = ages.get((table, code))
        if age is not None:
            row["age_days"] = None if pd.isna(age["age_days"]) else int(age["age_days"])
            row["limit_days"] = int(age["limit_days"])
            if row["state"] == "present":
                row["state"] = age["state"]
        trouble = broken.get((table, code)) or warned.get((table, code))
        if trouble is not None:
            row |= trouble
        last = made.get((table, code))
        if last is not None:
            row["materialized_at"] = _iso(last.at)
            row["run_id"] = last.run_id
            row["seconds"] = last.metadata.get("seconds")
        rows.append(row)
    return rows


def _interrupted(
    known: "_Known", in_itself: Sequence[partition_states.Broken]
) -> list[partition_states.Broken]:
    """Return what runs now over were to write and did not, where its weather does not say why."""
    asked_again = {each.departement for each in in_itself if each.table == "weather_daily"}
    return [
        partition_states.Broken(
            code, table, "missing", since, f"run {run_id[:8]} ended before it was written"
        )
        for table, code, run_id, since in known.interrupted
        if table not in DERIVED or code not in asked_again
    ]


def _file(lake: Lake, table: str, code: str) -> dict[str, Any]:
    """Return what a file of the lake says of itself."""
    path = lake.path(table, None if code == WHOLE else code)
    row: dict[str, Any] = {
        "table": table,
        "departement": code,
        "name": "France" if code == WHOLE else BY_CODE[code].name,
        "state": "absent",
        "rows": None,
        "bytes": _size(path),
        "first_date": None,
        "last_date": None,
        "source": None,
        "url": None,
        "sha256": None,
        "fetched_at": None,
        "age_days": None,
        "limit_days": None,
        "since": None,
        "what": None,
        "written_at": None,
        "materialized_at": None,
        "run_id": None,
        "seconds": None,
    }
    try:
        known = lake.footer(table, None if code == WHOLE else code)
    except StorageError:  # `standing` says why
        return row
    return row | {
        "state": "present" if known.rows else "empty",
        "rows": known.rows,
        "first_date": None if known.first_date is None else known.first_date.isoformat(),
        "last_date": None if known.last_date is None else known.last_date.isoformat(),
        **{name: known.recorded.get(name) for name in ("source", "url", "sha256", "fetched_at")},
        "written_at": _iso(datetime.fromtimestamp(path.stat().st_mtime, UTC)),
    }


def _worst(broken: Sequence[partition_states.Broken]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the worst trouble of each partition."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for each in sorted(broken, key=lambda one: STATES.index(one.state)):
        before = found.setdefault(
            (each.table, each.departement),
            {"state": each.state, "since": each.since, "what": each.what},
        )
        if before["state"] == each.state and before["what"] != each.what:
            before["what"] += f"; {each.what}"
    return found


def _warned(findings: Findings) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the partitions that a check has a warning of."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for each in findings.all():
        if each.severity != "warning":
            continue
        what = f"{each.check}: {each.what}"
        before = found.get((each.table, each.departement))
        if before is None:
            found[each.table, each.departement] = {
                "state": "warned", "since": each.found_at, "what": what,
            }  # fmt: skip
        else:
            before["since"] = min(before["since"], each.found_at)
            before["what"] += f"; {what}"
    return found


def _tables(partitions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the sums of each table."""
    summed = []
    for table in dict.fromkeys(str(row["table"]) for row in partitions):
        rows = [row for row in partitions if row["table"] == table]
        states = Counter(row["state"] for row in rows)
        summed.append(
            {
                "table": table,
                "expected": len(rows),
                "files": sum(row["bytes"] is not None for row in rows),
                "rows": sum(row["rows"] or 0 for row in rows),
                "bytes": sum(row["bytes"] or 0 for row in rows),
                "first_date": min((r["first_date"] for r in rows if r["first_date"]), default=None),
                "last_date": max((r["last_date"] for r in rows if r["last_date"]), default=None),
                "written_at": max((r["written_at"] for r in rows if r["written_at"]), default=None),
                "states": {state: states[state] for state in STATES if state in states},
            }
        )
    return summed


def _departements(partitions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return each département with the worst state of its tables, and its weather's last day.

    Where nothing is wrong that is the state of its weather, which all the rest is made from.
    """
    by_code: dict[str, list[Mapping[str, Any]]] = {code: [] for code in CODES}
    for row in partitions:
        if row["departement"] in by_code:
            by_code[row["departement"]].append(row)
    found = []
    for code, rows in by_code.items():
        weather = next(row for row in rows if row["table"] == "weather_daily")
        worst = min(rows, key=lambda row: STATES.index(row["state"]))
        lead = worst if STATES.index(worst["state"]) <= STATES.index("absent") else weather
        found.append(
            {
                "departement": code,
                "name": BY_CODE[code].name,
                "region": BY_CODE[code].region,
                "state": lead["state"],
                "table": lead["table"],
                "since": lead["since"],
                "what": lead["what"],
                "last_date": weather["last_date"],
                "age_days": weather["age_days"],
                "limit_days": weather["limit_days"],
                "source": weather["source"],
                "rows": sum(row["rows"] or 0 for row in rows),
                "bytes": sum(row["bytes"] or 0 for row in rows),
                "written_at": max(
                    (row["written_at"] for row in rows if row["written_at"]), default=None
                ),
            }
        )
    return found


def _troubles(partitions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the partitions that ask for somebody, the worst first."""
    found = [_trouble(row) for row in partitions if row["state"] in TROUBLES]
    return sorted(found, key=lambda each: STATES.index(each["state"]))


def _trouble(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is wrong with a partition, and the command that mends it."""
    names = ("departement", "name", "table", "state", "since", "what", "last_date", "limit_days")
    if row["state"] == "warned":
        do = f"geo-pipeline status --departement {row['departement']}"
        do = "geo-pipeline status" if row["departement"] == WHOLE else do
    elif row["departement"] != WHOLE:
        do = f"geo-pipeline materialize {row['departement']}"
    else:
        do = troubles.RESUME
    what, code = row["what"] or "", row["departement"]
    return {
        **{name: row[name] for name in names},
        "short": short(what),
        "reason": reason(what, code),
        "do": do,
    }


# --------------------------------------------------------------------------------------------
# Dagster's records
# --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Known:
    """What Dagster's records say."""

    content: Mapping[str, Any]
    """The parts of the snapshot that come from them alone."""
    made: Sequence[run_records.Materialized] = ()
    interrupted: Sequence[tuple[str, str, str, str]] = ()
    """Table, département, run and since when, of what a run now over was to write and did not."""
    system: Sequence[Trouble] = ()
    under_way: bool = False
    codes_under_way: frozenset[str] = frozenset()
    """The départements of the runs that are under way."""


_NOTHING: Final = _Known(
    {"runs": [], "run_counts": {}, "checks": [], "daemons": [], "ticks": [], "code_up": None}
)


def _recorded(
    settings: Settings, instance: dg.DagsterInstance, now: datetime, asked_by: str | None
) -> _Known:
    """Return what Dagster's records say.

    Raises:
        RecordsError: they say what nobody wrote.
    """
    with record_damage.reading(Path(instance.root_directory)):
        dead = list(troubles.of_runs(instance, now))
        runs = instance.get_run_records(limit=SHOWN_RUNS)
        why = run_records.run_failures(instance, [each.dagster_run.run_id for each in runs])
        why |= {each.where: each.what for each in dead}
        beats = daemons(instance, now)
        watched = troubles.watched(instance, now)
        services = list(troubles.of_services(beats, watched, now))
        live = [run for run in troubles.under_way(instance, dead) if run.run_id != asked_by]
        content = {
            "runs": [_run(each, why) for each in runs],
            "run_counts": _run_counts(instance, len(dead)),
            "checks": [
                {**asdict(each), "at": None if each.at is None else _iso(each.at)}
                for each in run_records.check_results(instance)
            ],
            "daemons": beats,
            "ticks": [_tick(each, now) for each in watched],
            "code_up": _is_code_up(beats, services),
        }
        tables = [each.name for each in chosen(settings) if each.partitioned]
        return _Known(
            content,
            run_records.latest_materializations(instance),
            [
                (table, code, run_id, _iso(now))
                for table, code, run_id in run_records.interrupted(
                    instance, Lake(settings.lake), tables
                )
            ],
            [*dead, *services],
            bool(live),
            frozenset(code for run in live for code in codes_of(run.tags)),
        )


def _run_counts(instance: dg.DagsterInstance, dead: int) -> dict[str, int]:
    """Return how many runs there are of each status; those that are dead failed."""
    counts = {
        status.value: instance.get_runs_count(dg.RunsFilter(statuses=[status]))
        for status in dg.DagsterRunStatus
    }
    counts[dg.DagsterRunStatus.STARTED.value] -= dead
    counts[dg.DagsterRunStatus.FAILURE.value] += dead
    return {status: count for status, count in counts.items() if count > 0}


def daemons(instance: dg.DagsterInstance, now: datetime) -> list[dict[str, Any]]:
    """Return Dagster's daemons, each with its last sign of life and whether that is recent."""
    rows = []
    for name, each in sorted(instance.get_daemon_statuses().items()):
        beat = each.last_heartbeat
        at = None if beat is None else _iso(datetime.fromtimestamp(beat.timestamp, UTC))
        errors = (beat.errors if beat is not None else None) or ()
        rows.append(
            {
                "daemon": name,
                "required": each.required,
                "healthy": bool(each.healthy) and at is not None and not troubles.is_late(at, now),
                "heartbeat_at": at,
                "errors": [" ".join(error.message.split()) for error in errors],
            }
        )
    return rows


def _tick(each: troubles.Watched, now: datetime) -> dict[str, Any]:
    """Return when a schedule or a sensor last ticked, and how."""
    return {
        "name": each.name,
        "type": "sensor" if each.is_sensor else "schedule",
        "at": None if each.last_at is None else _iso(each.last_at),
        "status": each.ticks[0].status.value if each.ticks else None,
        "late": each.due_by is not None and each.due_by < now,
    }


def _is_code_up(beats: Sequence[Mapping[str, Any]], found: Sequence[Trouble]) -> bool | None:
    """Return whether Dagster can call the code; None where it was never started here."""
    if not any(each["required"] and each["heartbeat_at"] for each in beats):
        return None
    return not any(each.kind == "code" or each.where == troubles.ALL_DAEMONS for each in found)


def _run(record: dg.RunRecord, why: Mapping[str, str]) -> dict[str, Any]:
    """Return a run; one that is under way has no end, one that was killed has failed."""
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


# --------------------------------------------------------------------------------------------
# Volumes
# --------------------------------------------------------------------------------------------


def _with_volumes(known: list[dict[str, Any]], taken: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return `known` with the volumes of `taken` where they changed, old days thinned out."""
    tables = [each for each in taken["tables"] if each["files"]]
    now = {
        "at": taken["made_at"],
        "rows": {each["table"]: each["rows"] for each in tables},
        "bytes": {each["table"]: each["bytes"] for each in tables},
    }
    if not tables:
        return known
    if known and all(known[-1][name] == now[name] for name in ("rows", "bytes")):
        return known
    limit = _iso(datetime.fromisoformat(taken["made_at"]) - timedelta(days=FULL_DAYS))
    by_day = {each["at"][:10]: each for each in known if each["at"] < limit}
    recent = [each for each in known if each["at"] >= limit]
    return [*by_day.values(), *recent, now][-KEPT_VOLUMES:]


# --------------------------------------------------------------------------------------------
# Metrics
# --------------------------------------------------------------------------------------------


def metrics(taken: Mapping[str, Any]) -> str:
    """Return the figures of a snapshot as OpenMetrics text; what is not known has no sample."""
    registry = CollectorRegistry()

    def gauge(name: str, said: str, *labels: str, unit: str = "") -> Gauge:
        return Gauge(f"geo_pipeline_{name}", said, labels, unit=unit, registry=registry)

    def seconds(text: str) -> float:
        return datetime.fromisoformat(text).timestamp()

    made = gauge("snapshot_timestamp", "When these figures were taken.", unit="seconds")
    made.set(seconds(taken["made_at"]))
    if taken["published_at"] is not None:
        published = gauge("published_timestamp", "When it was last published.", unit="seconds")
        published.set(seconds(taken["published_at"]))
    if taken["published_bytes"] is not None:
        size = gauge("published_size", "Size of what is published.", unit="bytes")
        size.set(taken["published_bytes"])
    readable = gauge("publication_readable", "Whether what is published can be read (1) or not.")
    readable.set(taken["published_at"] is not None)
    if taken["free_bytes"] is not None:
        free = gauge("free", "Free room on the disk of the home.", unit="bytes")
        free.set(taken["free_bytes"])
    wrong = gauge("troubles", "What is wrong with the system as a whole, by kind.", "kind")
    counted = Counter(each["kind"] for each in taken["system"])
    for kind in troubles.KINDS:
        wrong.labels(kind).set(counted[kind])
    _lake_metrics(taken, gauge, seconds)
    _service_metrics(taken, gauge, seconds)
    _run_metrics(taken, gauge, seconds)
    content: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return content.decode()


def _lake_metrics(taken: Mapping[str, Any], gauge: Any, seconds: Any) -> None:
    place = ("table", "departement")
    success = gauge(
        "last_success_timestamp", "When a partition was last written.", *place, unit="seconds"
    )
    rows = gauge("rows", "Rows of a partition.", *place)
    age = gauge("data_age", "Age of a partition's last data.", *place, unit="seconds")
    limit = gauge("data_age_limit", "Age from which it is late.", "table", unit="seconds")
    size = gauge("table_size", "Size of a table in the lake.", "table", unit="bytes")
    states = gauge("partitions", "Partitions in each state.", "table", "state")
    places = gauge("departements", "Départements in each state, the worst of theirs.", "state")
    failures = gauge("failures", "Partitions that a provider failed for.", "table")
    findings = gauge("findings", "What the checks found.", "table", "check", "severity")
    for each in taken["partitions"]:
        labels = each["table"], each["departement"]
        if each["written_at"] is not None:
            success.labels(*labels).set(seconds(each["materialized_at"] or each["written_at"]))
        if each["rows"] is not None:
            rows.labels(*labels).set(each["rows"])
        if each["age_days"] is not None and each["state"] not in ("archive", "empty"):
            age.labels(*labels).set(each["age_days"] * 86_400)
            limit.labels(each["table"]).set(each["limit_days"] * 86_400)
    for each in taken["tables"]:
        size.labels(each["table"]).set(each["bytes"])
        failures.labels(each["table"]).set(0)
        for state in STATES:
            states.labels(each["table"], state).set(each["states"].get(state, 0))
    counted = Counter(each["state"] for each in taken["departements"])
    for state in STATES:
        places.labels(state).set(counted[state])
    for each in taken["failures"]:
        failures.labels(each["table"]).inc()
    for each in taken["findings"]:
        findings.labels(each["table"], each["check"], each["severity"]).inc()


def _service_metrics(taken: Mapping[str, Any], gauge: Any, seconds: Any) -> None:
    healthy = gauge("daemon_healthy", "Whether a daemon of Dagster is alive (1) or not.", "daemon")
    beat = gauge(
        "daemon_heartbeat_timestamp", "Last sign of life of a daemon.", "daemon", unit="seconds"
    )
    tick = gauge("last_tick_timestamp", "When it last ticked.", "name", "type", unit="seconds")
    late = gauge("tick_late", "Whether its next tick is overdue (1) or not.", "name", "type")
    for each in taken["daemons"]:
        if each["required"]:
            healthy.labels(each["daemon"].lower()).set(each["healthy"])
            if each["heartbeat_at"] is not None:
                beat.labels(each["daemon"].lower()).set(seconds(each["heartbeat_at"]))
    for each in taken["ticks"]:
        if each["at"] is not None:
            tick.labels(each["name"], each["type"]).set(seconds(each["at"]))
            late.labels(each["name"], each["type"]).set(each["late"])
    if taken["code_up"] is not None:
        up = gauge("code_location_up", "Whether Dagster can call the code (1) or not.")
        up.set(taken["code_up"])


def _run_metrics(taken: Mapping[str, Any], gauge: Any, seconds: Any) -> None:
    counts = gauge("runs", "Runs that are recorded.", "status")
    took = gauge("last_run_duration", "How long the last run took.", "job", unit="seconds")
    ended = gauge("last_run_timestamp", "When a run last ended.", "job", "status", unit="seconds")
    checks = gauge("checks", "Last results of Dagster's checks.", "table", "check", "result")
    for status, count in taken["run_counts"].items():
        counts.labels(status.lower()).set(count)
    for each in reversed(taken["runs"]):  # the newest comes last, and stays
        if each["ended_at"] is not None:
            ended.labels(each["job"], each["status"].lower()).set(seconds(each["ended_at"]))
        if each["seconds"] is not None:
            took.labels(each["job"]).set(each["seconds"])
    for each in taken["checks"]:
        for result in ("succeeded", "failed"):
            checks.labels(each["asset"], each["check"], result).set(each[result])


# --------------------------------------------------------------------------------------------
# Small things
# --------------------------------------------------------------------------------------------


def _published_at(warehouse: Warehouse) -> str | None:
    try:
        at = warehouse.query("publication_date")["published_at"].iloc[0]
    except NotPublishedError:
        return None
    except StorageError as error:
        _log.warning("the publication cannot be read", extra=logs.about(error=error))
        return None
    return _iso(at.to_pydatetime().astimezone(UTC))


def _free(home: Path) -> int | None:
    try:
        return shutil.disk_usage(home).free
    except OSError:
        return None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
