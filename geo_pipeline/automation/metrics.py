"""Metrics: a snapshot of `monitoring` as OpenMetrics text."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.openmetrics.exposition import generate_latest

from geo_pipeline.automation import troubles
from geo_pipeline.storage.partition_states import STATES


def metrics(taken: Mapping[str, Any]) -> str:
    """Return the figures of a snapshot as OpenMetrics text; unknown ones have no sample."""
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
    for each in reversed(taken["runs"]):  # the newest comes last and overwrites the others
        if each["ended_at"] is not None:
            ended.labels(each["job"], each["status"].lower()).set(seconds(each["ended_at"]))
        if each["seconds"] is not None:
            took.labels(each["job"]).set(each["seconds"])
    for each in taken["checks"]:
        for result in ("succeeded", "failed"):
            checks.labels(each["asset"], each["check"], result).set(each[result])
