"""The one Dagster entry point: the definitions of all other rooms, assembled on one page."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import dagster as dg

from geo_pipeline import assets
from geo_pipeline.assets import publication
from geo_pipeline.automation import declarative
from geo_pipeline.automation.checks import checks
from geo_pipeline.automation.jobs import jobs
from geo_pipeline.automation.run_log import workspace_resource
from geo_pipeline.automation.schedules import schedules
from geo_pipeline.automation.sensors import sensors
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.tables import TABLES, chosen


def build_definitions(workspace: Workspace | None = None, **overrides: Any) -> dg.Definitions:
    """Return all definitions; reads the environment, touches neither disk nor network.

    Args:
        workspace: the resource that assets get, made from the settings by default.
        overrides: settings by name, in place of the environment's: `home=`, `source=`...

    Tables that depend on a setting are included where it is set.
    """
    workspace = workspace or Workspace(Settings(**overrides))
    settings = workspace.settings
    absent = {
        dg.AssetKey(name) for name in TABLES.keys() - {each.name for each in chosen(settings)}
    }
    loaded = dg.load_assets_from_package_module(assets)
    there = [
        each for each in loaded if isinstance(each, dg.AssetsDefinition) and not each.keys & absent
    ]
    awaited = [dg.AssetKey(each.name) for each in chosen(settings) if each.optional]
    there = list(dg.map_asset_specs(partial(_published_after, awaited), there))
    return dg.Definitions(
        assets=declarative.with_conditions(there),
        asset_checks=checks(settings),
        jobs=jobs(settings),
        schedules=schedules(settings),
        sensors=[*sensors(settings), declarative.sensor()],
        resources={"workspace": workspace_resource(workspace)},
        executor=dg.in_process_executor,
    )


def _published_after(awaited: Sequence[dg.AssetKey], spec: dg.AssetSpec) -> dg.AssetSpec:
    """Let the warehouse wait for optional tables, where they exist."""
    if spec.key != publication.warehouse.key:
        return spec
    return spec.replace_attributes(deps=[*spec.deps, *awaited])


defs = build_definitions()
