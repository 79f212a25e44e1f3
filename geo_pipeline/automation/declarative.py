"""Declarative automation: derived tables follow their observations by themselves.

Schedules, sensors and people request observations; nothing here asks a provider. What depends on
them is requested once they have changed and nothing upstream is under way: soil water and
indicators of just the départements concerned, then one publication for all. A run that makes the
dependent assets itself (`departement`, `refresh_weather`...) leaves nothing to request.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import dagster as dg
from dagster_shared.record import copy

from geo_pipeline.platform.internals import PARTITION_NAME_TAG, SensorExecutionData
from geo_pipeline.platform.partitions import codes_of, run_tags
from geo_pipeline.runtime.table_assets import settled
from geo_pipeline.tables import OBSERVED, PARTITIONED

SENSOR = "automation"

BULLETINS = "bulletins"

DEPTH = 4
"""Steps from an observation to the publication: soil water, indicators, risk, warehouse."""


def with_conditions(assets: Iterable[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """Return `assets`, each derived one with its automation condition."""
    return list(dg.map_asset_specs(_with_condition, list(assets)))


class _OneRun(dg.AutomationConditionSensorDefinition):
    """Requests one run for all départements that need the same assets.

    Dagster's own sensor would request a run for each, or a backfill for each contiguous range.
    """

    def evaluate_tick(self, context: dg.SensorEvaluationContext) -> SensorExecutionData:
        """Evaluate the conditions once."""
        found = super().evaluate_tick(context)
        return copy(found, run_requests=together(found.run_requests or []))


def together(asked: Sequence[dg.RunRequest]) -> list[dg.RunRequest]:
    """Merge requests for the same assets and checks into one, for the partitions of all.

    The tags list these partitions, as the sensor has resolved them.
    """
    groups: dict[tuple[Any, ...], list[dg.RunRequest]] = {}
    for each in asked:
        checks = each.asset_check_keys
        same = frozenset(each.asset_selection or ()), None if checks is None else frozenset(checks)
        groups.setdefault(same, []).append(each)
    requests = []
    for group in groups.values():
        first = group[0]
        tags = {name: value for name, value in first.tags.items() if name != PARTITION_NAME_TAG}
        tags |= run_tags(code for each in group for code in codes_of(each.tags))
        requests.append(first.with_replaced_attrs(partition_key=None, tags=tags))
    return requests


def sensor() -> dg.AutomationConditionSensorDefinition:
    """Return the sensor that evaluates the conditions twice a minute.

    It is on from the start, with embedded data too: it only completes what somebody has begun, so
    that a département repaired by hand appears on the map without a second click.
    """
    with settled():
        return _OneRun(
            SENSOR,
            target=dg.AssetSelection.all(),
            minimum_interval_seconds=30,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description="Makes what depends on observations again when these have changed.",
            run_tags={"geo_pipeline/automation": "true"},
            use_user_code_server=True,  # Dagster's daemon cannot evaluate a class of ours
            emit_backfills=False,
        )


def by_partition() -> dg.AutomationCondition:  # type: ignore[type-arg]
    """Return the condition of a partition: the same partition of a parent is newer."""
    return _changed() & ~_busy(1) & ~dg.AutomationCondition.in_progress()


def when_settled() -> dg.AutomationCondition:  # type: ignore[type-arg]
    """Return the condition of a table made from all partitions: something changed, none is busy.

    A département that was never run does not hold the others up.
    """
    return _changed() & ~_busy(DEPTH) & ~dg.AutomationCondition.in_progress()


def _changed() -> dg.AutomationCondition:  # type: ignore[type-arg]
    """Return the condition that a direct parent has changed since the last run or request."""
    return dg.AutomationCondition.any_deps_updated().since_last_handled()


def _busy(depth: int) -> dg.AutomationCondition:  # type: ignore[type-arg]
    """Return the condition that an ancestor up to `depth` steps away is being made, or will be."""
    busy = dg.AutomationCondition.in_progress()
    if depth > 1:
        busy |= _busy(depth - 1)
    return dg.AutomationCondition.any_deps_match(busy)


def _with_condition(spec: dg.AssetSpec) -> dg.AssetSpec:
    name = spec.key.to_user_string()
    # Providers are never asked automatically, and a bulletin appears once in ten days.
    if name in (*OBSERVED, BULLETINS):
        return spec
    condition = by_partition() if name in PARTITIONED else when_settled()
    return spec.replace_attributes(automation_condition=condition)
