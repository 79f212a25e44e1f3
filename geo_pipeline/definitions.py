"""The one Dagster entry point: everything the other rooms offer, assembled on one page."""

import dagster as dg

from geo_pipeline.assets import drought, geography, groundwater, observations, publication
from geo_pipeline.assets.workspace import Workspace
from geo_pipeline.automation.jobs import JOBS
from geo_pipeline.settings import Settings


def build_definitions(workspace: Workspace | None = None) -> dg.Definitions:
    """Return all definitions; reads the environment, touches neither disk nor network.

    Groundwater is among them where the settings choose a provider of it.
    """
    workspace = workspace or Workspace(Settings())
    modules = [geography, observations, drought, publication]
    if workspace.settings.groundwater is not None:
        modules.append(groundwater)
    return dg.Definitions(
        assets=dg.load_assets_from_modules(modules),
        jobs=JOBS,
        resources={"workspace": workspace},
        executor=dg.in_process_executor,
    )


defs = build_definitions()
