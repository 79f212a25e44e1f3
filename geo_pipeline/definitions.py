"""The one Dagster entry point: everything the other rooms offer, assembled on one page."""

from typing import Any

import dagster as dg

from geo_pipeline.assets import drought, geography, groundwater, observations, publication
from geo_pipeline.automation import declarative
from geo_pipeline.automation.checks import checks
from geo_pipeline.automation.jobs import jobs
from geo_pipeline.automation.run_log import recorded
from geo_pipeline.automation.schedules import schedules
from geo_pipeline.automation.sensors import sensors
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings


def build_definitions(workspace: Workspace | None = None, **overrides: Any) -> dg.Definitions:
    """Return all definitions; reads the environment, touches neither disk nor network.

    Args:
        workspace: what the assets are handed, made from the settings by default.
        overrides: settings by name, in the place of the environment's: `home=`, `source=`...

    Groundwater is among them where the settings choose a provider of it.
    """
    workspace = workspace or Workspace(Settings(**overrides))
    settings = workspace.settings
    modules = [geography, observations, drought, publication]
    if settings.groundwater is not None:
        modules.append(groundwater)
    loaded = dg.load_assets_from_modules(modules)
    assets = [asset for asset in loaded if isinstance(asset, dg.AssetsDefinition)]
    if settings.groundwater is not None:
        assets = list(dg.map_asset_specs(_published_after_groundwater, assets))
    return dg.Definitions(
        assets=declarative.with_conditions(assets),
        asset_checks=checks(settings),
        jobs=jobs(settings),
        schedules=schedules(settings),
        sensors=[*sensors(settings), declarative.sensor()],
        resources={"workspace": recorded(workspace)},
        executor=dg.in_process_executor,
    )


def _published_after_groundwater(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Let the warehouse wait for groundwater, where there is an asset of it."""
    if spec.key != publication.warehouse.key:
        return spec
    return spec.replace_attributes(deps=[*spec.deps, groundwater.groundwater.key])


defs = build_definitions()
