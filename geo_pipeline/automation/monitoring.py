"""How the pipeline stands: one snapshot, from Dagster's records and the lake, for page and metrics.

`write` puts it into `<home>/monitoring`: `pipeline.json` for the app, `metrics.prom` (OpenMetrics)
for a monitoring system, `volumes.json` with rows and bytes over time.
"""

import json
import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import dagster as dg
import pandas as pd
from filelock import FileLock
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.openmetrics.exposition import generate_latest

from geo_pipeline import logs
from geo_pipeline.assets.partitions import codes_of
from geo_pipeline.automation import records
from geo_pipeline.automation.instance import open_instance
from geo_pipeline.departements import BY_CODE, CODES
from geo_pipeline.errors import NotPublishedError, StorageError
from geo_pipeline.files import write_text
from geo_pipeline.schemas import TABLES
from geo_pipeline.settings import Settings
from geo_pipeline.storage import standing
from geo_pipeline.storage.failures import WHOLE, Failures, reason, short
from geo_pipeline.storage.findings import Findings
from geo_pipeline.storage.lake import BY_DEPARTEMENT, OPTIONAL, Lake
from geo_pipeline.storage.standing import STATES, TROUBLES
from geo_pipeline.storage.warehouse import Warehouse

PAGE: Final = "pipeline.json"
METRICS: Final = "metrics.prom"
VOLUMES: Final = "volumes.json"

VERSION: Final = 1
"""Of the content of `pipeline.json`."""

SHOWN_RUNS: Final = 30
FULL_DAYS: Final = 2
"""Volumes are kept at each change for so long, then the last of each day."""
KEPT_VOLUMES: Final = 1000

_log = logging.getLogger(__name__)


def snapshot(
    settings: Settings, instance: dg.DagsterInstance | None, now: datetime
) -> dict[str, Any]:
    """Return how the pipeline stands at `now`, ready for JSON; times are ISO, UTC.

    Without an instance what Dagster knows (`runs`, `daemons`, `checks`...) is left empty.

    Raises:
        StorageError: a record of a failure or finding cannot be read.
    """
    partitions = _partitions(settings, instance, now)
    failures = [asdict(each) for each in Failures(settings.failures).all()]
    findings = [asdict(each) for each in Findings(settings.findings).all()]
    recorded = _recorded(instance) if instance is not None else {}
    return {
        "version": VERSION,
        "made_at": _iso(now),
        "home": str(settings.home),
        "source": settings.source,
        "published_at": _published_at(settings),
        "published_bytes": _size(settings.warehouse),
        "tables": _tables(partitions),
        "departements": _departements(partitions),
        "partitions": partitions,
        "troubles": _troubles(partitions),
        "failures": failures,
        "findings": findings,
        "runs": [],
        "run_counts": {},
        "checks": [],
        "daemons": [],
        **recorded,
        "volumes": volumes(settings),
    }


def look(settings: Settings) -> tuple[dict[str, Any], str | None]:
    """Return the snapshot of now, making nothing, and why Dagster's part is missing if it is.

    Raises:
        StorageError: a record of a failure or finding cannot be read.
    """
    now = datetime.now(UTC)
    home = Path(os.environ.get("DAGSTER_HOME") or settings.dagster_home)
    if not (home / "dagster.yaml").exists():
        return snapshot(settings, None, now), None
    try:
        with open_instance(settings) as instance:
            return snapshot(settings, instance, now), None
    except StorageError as error:
        return snapshot(settings, None, now), str(error)


def write(
    settings: Settings, instance: dg.DagsterInstance | None, now: datetime | None = None
) -> dict[str, Any]:
    """Write the snapshot, the metrics and the volumes of now; return the snapshot.

    Raises:
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
    settings: Settings, instance: dg.DagsterInstance | None, now: datetime
) -> list[dict[str, Any]]:
    """Return a row for each partition that there is or should be, whole tables as `france`."""
    lake = Lake(settings.lake)
    tables = [name for name in TABLES if name not in OPTIONAL or settings.groundwater is not None]
    fresh = standing.freshness(settings, now).set_index(["table", "departement"])
    ages = dict(zip(fresh.index, fresh.to_dict("records"), strict=True))
    broken = _worst(standing.broken(settings, now))
    warned = _warned(Findings(settings.findings))
    made = {
        (each.asset, each.partition or WHOLE): each
        for each in (records.latest_materializations(instance) if instance is not None else ())
    }
    rows = []
    for table in tables:
        for code in CODES if table in BY_DEPARTEMENT else (WHOLE,):
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


def _worst(broken: Sequence[standing.Broken]) -> dict[tuple[str, str], dict[str, Any]]:
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
        do = "geo-pipeline run --resume" if row["state"] == "failed" else "geo-pipeline run"
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


def _recorded(instance: dg.DagsterInstance) -> dict[str, Any]:
    """Return runs, checks and daemons."""
    runs = instance.get_run_records(limit=SHOWN_RUNS)
    why = records.run_failures(instance, [each.dagster_run.run_id for each in runs])
    counts = {
        status.value: instance.get_runs_count(dg.RunsFilter(statuses=[status]))
        for status in dg.DagsterRunStatus
    }
    daemons = instance.get_daemon_statuses()
    return {
        "runs": [_run(each, why) for each in runs],
        "run_counts": {status: count for status, count in counts.items() if count},
        "checks": [
            {**asdict(each), "at": None if each.at is None else _iso(each.at)}
            for each in records.check_results(instance)
        ],
        "daemons": [
            {
                "daemon": name,
                "required": each.required,
                "healthy": bool(each.healthy),
                "heartbeat_at": None
                if each.last_heartbeat is None
                else _iso(datetime.fromtimestamp(each.last_heartbeat.timestamp, UTC)),
            }
            for name, each in sorted(daemons.items())
        ],
    }


def _run(record: dg.RunRecord, why: Mapping[str, str]) -> dict[str, Any]:
    """Return a run; one that is under way has no end."""
    run, start, end = record.dagster_run, record.start_time, record.end_time
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
        "status": run.status.value,
        "created_at": _iso(record.create_timestamp.astimezone(UTC)),
        "started_at": None if start is None else _iso(datetime.fromtimestamp(start, UTC)),
        "ended_at": None if end is None else _iso(datetime.fromtimestamp(end, UTC)),
        "seconds": None if start is None or end is None else round(end - start, 3),
        "first_departement": codes[0] if codes else None,
        "last_departement": codes[-1] if codes else None,
        "departements": len(codes),
        "launched_by": launched,
        "error": why.get(run.run_id) if run.is_failure_or_canceled else None,
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
    _lake_metrics(taken, gauge, seconds)
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


def _run_metrics(taken: Mapping[str, Any], gauge: Any, seconds: Any) -> None:
    counts = gauge("runs", "Runs that are recorded.", "status")
    took = gauge("last_run_duration", "How long the last run took.", "job", unit="seconds")
    ended = gauge("last_run_timestamp", "When a run last ended.", "job", "status", unit="seconds")
    healthy = gauge("daemon_healthy", "Whether a daemon of Dagster is alive (1) or not.", "daemon")
    checks = gauge("checks", "Last results of Dagster's checks.", "table", "check", "result")
    for status, count in taken["run_counts"].items():
        counts.labels(status.lower()).set(count)
    for each in reversed(taken["runs"]):  # the newest comes last, and stays
        if each["ended_at"] is not None:
            ended.labels(each["job"], each["status"].lower()).set(seconds(each["ended_at"]))
        if each["seconds"] is not None:
            took.labels(each["job"]).set(each["seconds"])
    for each in taken["daemons"]:
        if each["required"]:
            healthy.labels(each["daemon"].lower()).set(each["healthy"])
    for each in taken["checks"]:
        for result in ("succeeded", "failed"):
            checks.labels(each["asset"], each["check"], result).set(each[result])


# --------------------------------------------------------------------------------------------
# Small things
# --------------------------------------------------------------------------------------------


def _published_at(settings: Settings) -> str | None:
    warehouse = Warehouse(settings.warehouse)
    try:
        at = warehouse.query("publication_date")["published_at"].iloc[0]
    except NotPublishedError:
        return None
    except StorageError as error:
        _log.warning("the publication cannot be read", extra=logs.about(error=error))
        return None
    finally:
        warehouse.close()
    return _iso(at.to_pydatetime().astimezone(UTC))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
