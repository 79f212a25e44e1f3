"""What is not as it should be and can be made so by running it again: `geo-pipeline run --resume`.

The lake says what is there, the notes beside it what failed or is held, Dagster's records what a
run was to write and did not come to. A département that nobody ever asked for is not among it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

import dagster as dg

from geo_pipeline.automation.alive import death
from geo_pipeline.departements import CODES
from geo_pipeline.errors import StorageError
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import WHOLE
from geo_pipeline.storage.lake import OPTIONAL, PARTITIONED, Lake, file_sha256
from geo_pipeline.storage.standing import broken

WHY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "failed": "failed",
        "held": "held back by a check",
        "damaged": "with a damaged file",
        "missing": "not written",
        "outdated": "computed from other weather than is there",
    }
)
"""The reasons, the first that holds being told, in words that follow a count."""

DERIVED = ("soil_water_daily", "drought_indicators")
"""Tables whose files say from which weather they were computed."""


@dataclass(frozen=True)
class Unfinished:
    """Départements to run again, each with the reason (a key of `WHY`)."""

    reasons: Mapping[str, str]
    whole: bool
    """A table of the whole of France, or the publication, is to be made again."""

    @property
    def codes(self) -> list[str]:
        """The départements in their order; tables of the whole of France come with any run."""
        return [code for code in CODES if code in self.reasons] or [CODES[0]] * self.whole

    def in_words(self) -> str:
        """Return how many of each there are: `2 failed, 1 held back by a check`."""
        counts = {why: list(self.reasons.values()).count(why) for why in WHY}
        said = [f"{count} {WHY[why]}" for why, count in counts.items() if count]
        if self.whole:
            said.append("tables of the whole of France or the publication")
        return ", ".join(said)


def unfinished(settings: Settings, instance: dg.DagsterInstance) -> Unfinished:
    """Return what there is to run again.

    Raises:
        StorageError: the record of a failure or a finding cannot be read.
    """
    lake = Lake(settings.lake)
    tables = PARTITIONED + (OPTIONAL if settings.groundwater is not None else ())
    found: dict[str, set[str]] = {}
    whole = False
    for each in broken(settings, datetime.now(UTC)):
        if each.departement == WHOLE:
            whole |= each.state != "late"
        elif each.state != "late":
            found.setdefault(each.departement, set()).add(each.state)
    begun = {path.parent.name.partition("=")[2] for name in tables for path in lake.files(name)}
    missing = {code for code in begun if not all(lake.path(name, code).exists() for name in tables)}
    for code in missing | set(_interrupted(instance, lake, tables)):
        found.setdefault(code, set()).add("missing")
    for code in begun - found.keys():
        if _outdated(lake, code):
            found[code] = {"outdated"}
    reasons = {code: next(why for why in WHY if why in of) for code, of in found.items()}
    return Unfinished(reasons, whole or (bool(begun) and _unpublished(settings)))


def _interrupted(
    instance: dg.DagsterInstance, lake: Lake, tables: tuple[str, ...]
) -> Iterator[str]:
    """Yield the partitions that a run now over was to write, and whose file is older than it."""
    storage = instance.event_log_storage
    attempts_without = (
        storage.get_latest_asset_partition_materialization_attempts_without_materializations
    )
    planned = {table: attempts_without(dg.AssetKey(table)) for table in tables}
    ids = {run_id for attempts in planned.values() for run_id, _ in attempts.values()}
    records = instance.get_run_records(dg.RunsFilter(run_ids=list(ids))) if ids else []
    over = {
        each.dagster_run.run_id: each.create_timestamp.timestamp()
        for each in records
        if each.dagster_run.is_finished or death(instance, each.dagster_run.run_id) is not None
    }
    for table, attempts in planned.items():
        for code, (run_id, _) in attempts.items():
            if run_id in over and _written_at(lake.path(table, code)) < over[run_id]:
                yield code


def _outdated(lake: Lake, code: str) -> bool:
    """Return whether soil water or indicators were computed from other weather than is there."""
    try:
        weather = file_sha256(lake.path("weather_daily", code))
        return any(lake.footer(table, code).recorded.get("sha256") != weather for table in DERIVED)
    except StorageError:  # written again this very moment
        return True


def _unpublished(settings: Settings) -> bool:
    """Return whether the lake has changed since the publication, or nothing is published."""
    files = settings.lake.glob("*/**/part.parquet")
    newest = max((_written_at(path) for path in files), default=0.0)
    return _written_at(settings.warehouse) < newest


def _written_at(path: Path) -> float:
    """Return when a file was written, seconds since 1970; 0 where there is none."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
