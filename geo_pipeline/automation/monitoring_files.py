"""Files of monitoring: `<home>/monitoring`, the last snapshot and its figures through time.

`pipeline.json` is for the app, `metrics.prom` (OpenMetrics) for a monitoring system, `volumes.json`
has rows and bytes through time, and `records.json` is the copy of Dagster's records for the next
snapshot. Changes are reported to Dagster too.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import dagster as dg
from filelock import FileLock

from geo_pipeline import logs, notes
from geo_pipeline.automation import dagster_records
from geo_pipeline.automation.known_records import NOTHING, keep, version
from geo_pipeline.automation.metrics import metrics
from geo_pipeline.automation.monitoring import VOLUMES, snapshot_of
from geo_pipeline.errors import StorageError
from geo_pipeline.files import write_text
from geo_pipeline.platform import record_damage, state_checks
from geo_pipeline.platform.run_records import Materialized
from geo_pipeline.settings import Settings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.words import keep_all

PAGE: Final = "pipeline.json"
METRICS: Final = "metrics.prom"

FULL_DAYS: Final = 2
"""Volumes are kept at each change for so many days, then only the last of each day."""
KEPT_VOLUMES: Final = 1000

_log = logging.getLogger(__name__)


def write(
    settings: Settings,
    instance: dg.DagsterInstance | None,
    now: datetime | None = None,
    lake: Lake | None = None,
) -> dict[str, Any]:
    """Write the snapshot, the metrics and the volumes of now; return the snapshot.

    What Dagster's pages show of the state is reported to Dagster. A `lake` that a run has used
    knows hashes of rows that are asked for here again.

    Raises:
        RecordsError: Dagster's records hold values that it cannot have written.
        StorageError: the disk is full, or a record cannot be read; what was written before stays.
    """
    folder = settings.monitoring
    folder.mkdir(parents=True, exist_ok=True)
    # Of two processes at once, the later one must also write the later figures.
    with FileLock(folder / ".writing.lock"):
        now = now or datetime.now(UTC)
        made: dict[int, Materialized] = {}
        known = NOTHING if instance is None else dagster_records.read(instance, now, made=made)
        taken = snapshot_of(settings, known, now, lake=lake)
        changed = _with_volumes(taken["volumes"], taken)
        if changed != taken["volumes"]:
            taken["volumes"] = changed
            notes.write(folder / VOLUMES, changed)
        page = keep_all(taken)
        sealed = {**page, "digest": notes.digest(page)}
        write_text(folder / PAGE, json.dumps(sealed, ensure_ascii=False))
        write_text(folder / METRICS, metrics(taken))
        if instance is not None:
            with record_damage.reading(Path(instance.root_directory)):
                state_checks.tell(instance, taken)
            if known.settled:
                _keep(settings, instance, now, made)
    return taken


def _keep(
    settings: Settings, instance: dg.DagsterInstance, now: datetime, made: dict[int, Materialized]
) -> None:
    """Keep a copy of the records, read again after the report to Dagster was added.

    What was `made` is in the copy as it was read, for events do not change.
    """
    home = Path(instance.root_directory)
    before = version(settings, home)
    if before is None or record_damage.examine(home):
        return
    known = dagster_records.read(instance, now, made=made)
    # Another process may have written meanwhile.
    if known.settled and version(settings, home) == before:
        keep(settings, known, before)


@contextmanager
def kept_up(
    settings: Settings, instance: dg.DagsterInstance, lake: Lake | None = None
) -> Iterator[None]:
    """Write the snapshot when the block ends, also when it ends with an error."""
    try:
        yield
    finally:
        try:
            write(settings, instance, lake=lake)
        except (StorageError, OSError) as error:  # a failed snapshot must not fail the work itself
            _log.warning("monitoring: not written", extra=logs.about(error=error))


def _with_volumes(known: list[dict[str, Any]], taken: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return `known` plus the volumes of `taken` where they changed; old days are thinned out."""
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
    begin = datetime.fromisoformat(taken["made_at"]) - timedelta(days=FULL_DAYS)
    limit = begin.isoformat(timespec="seconds")
    by_day = {each["at"][:10]: each for each in known if each["at"] < limit}
    recent = [each for each in known if each["at"] >= limit]
    return [*by_day.values(), *recent, now][-KEPT_VOLUMES:]
