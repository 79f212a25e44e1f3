"""Repairs: a damaged file of the lake is made again automatically.

It is made once from what is here (the lake, the embedded data, what was received before) and, where
that does not repair it, once by asking the providers. What is still damaged then is left to the
reader of the alerts. A file written since is a new file, and may be repaired again.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import dagster as dg

from geo_pipeline.automation.alerts import digest
from geo_pipeline.automation.requests import jobs_named, request
from geo_pipeline.automation.run_log import OFFLINE_TAG
from geo_pipeline.automation.sensors.operations import UNDER_WAY
from geo_pipeline.platform.partitions import codes_of
from geo_pipeline.platform.tick_errors import keeping_errors
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import WHOLE
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.partition_states import Damaged, unreadable
from geo_pipeline.tables import DERIVED, SUMMED, chosen

EVERY_S: Final = 60

REPAIR_TAG: Final = "geo_pipeline/repair"
"""Tag of the runs that are requested here."""

CHAIN: Final = ("weather_daily", *DERIVED)
"""Tables of a département, each made from those before it; some depend on the settings."""

PUBLISHED: Final = (*SUMMED, "warehouse", "exports")

MOST_RUNS_LOOKED_AT: Final = 500


def sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensor."""

    @dg.sensor(
        name="repairs",
        jobs=jobs_named(settings, ["departement", "publish"]),
        minimum_interval_seconds=EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Checks every byte of the lake and launches a run that makes damaged files "
        "again, without the network where that is possible. docs/checks.md.",
    )
    @keeping_errors("repairs")
    def repairs(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        return tick(settings, context.instance)

    return [repairs]


def tick(settings: Settings, instance: dg.DagsterInstance) -> dg.SensorResult:
    """Return the requests of one tick, without files that a run under way may be writing."""
    there = [each.name for each in chosen(settings)]
    damaged = list(unreadable(Lake(settings.lake), there))
    if not damaged:
        return dg.SensorResult(skip_reason="no file of the lake is damaged")
    under_way = instance.get_runs(dg.RunsFilter(statuses=list(UNDER_WAY)))
    busy = {code for run in under_way for code in codes_of(run.tags) or (WHOLE,)}
    idle = [each for each in damaged if each.departement not in busy]
    chain = [table for table in CHAIN if table in there]
    asked = [*_of_departements(instance, idle, chain), *_of_france(instance, idle)]
    return dg.SensorResult(
        run_requests=asked,
        skip_reason=None
        if asked
        else f"{len(damaged)} damaged files: their repair was requested before",
    )


def _of_departements(
    instance: dg.DagsterInstance, damaged: Sequence[Damaged], chain: Sequence[str]
) -> Iterator[dg.RunRequest]:
    """Yield the runs that make files of départements again, and publish.

    `chain` are the tables of a département, each made from those before it.
    """
    tables: dict[str, set[str]] = {}
    for each in damaged:
        if each.departement != WHOLE:
            tables.setdefault(each.departement, set()).add(each.table)
    tries = _tries(instance, damaged)
    groups: dict[tuple[tuple[str, ...], int], list[str]] = {}
    for code, some in tables.items():
        groups.setdefault((_to_make(some, chain), tries[code]), []).append(code)
    for (assets, tried), codes in groups.items():
        if tried > 1:
            continue
        tags = {REPAIR_TAG: "true", **({OFFLINE_TAG: "true"} if tried == 0 else {})}
        selection = [dg.AssetKey(name) for name in (*assets, *PUBLISHED)]
        asked = request("departement", _key(damaged, codes, tried), codes, tags)
        yield asked.with_replaced_attrs(asset_selection=selection)


def _of_france(instance: dg.DagsterInstance, damaged: Sequence[Damaged]) -> Iterator[dg.RunRequest]:
    """Yield the run that makes tables of the whole of France again: any publication does so."""
    if any(each.departement == WHOLE for each in damaged) and not _tries(instance, damaged)[WHOLE]:
        yield request("publish", _key(damaged, [WHOLE], 0), [], {REPAIR_TAG: "true"})


def _to_make(tables: Collection[str], chain: Sequence[str]) -> tuple[str, ...]:
    """Return the tables to make again where `tables` are damaged, with those derived from them."""
    first = min((chain.index(table) for table in tables if table in chain), default=len(chain))
    return (*sorted(table for table in tables if table not in chain), *chain[first:])


def _tries(instance: dg.DagsterInstance, damaged: Sequence[Damaged]) -> Mapping[str, int]:
    """Return how many repairs were tried since the damaged files were last written, by code."""
    asked = instance.get_run_records(
        dg.RunsFilter(tags={REPAIR_TAG: "true"}), limit=MOST_RUNS_LOOKED_AT
    )
    written: dict[str, float] = {}
    for each in damaged:
        at = each.path.stat().st_mtime
        written[each.departement] = max(at, written.get(each.departement, 0.0))
    return {
        code: sum(
            code in (codes_of(each.dagster_run.tags) or (WHOLE,))
            and each.create_timestamp.timestamp() > at
            for each in asked
        )
        for code, at in written.items()
    }


def _key(damaged: Sequence[Damaged], codes: Sequence[str], tried: int) -> str:
    """Return a key that is different for any other damage."""
    files = [(each.path.as_posix(), each.since) for each in damaged if each.departement in codes]
    return f"repair:{digest(files, tried)}"
