"""The one Dagster entry point: everything the other rooms offer, assembled on one page."""

import dagster as dg

from geo_pipeline.assets import drought, geography, observations, publication
from geo_pipeline.assets.workspace import Workspace
from geo_pipeline.automation.jobs import JOBS
from geo_pipeline.settings import Settings


def build_definitions(workspace: Workspace | None = None) -> dg.Definitions:
    """Return all definitions; reads the environment, touches neither disk nor network."""
    return dg.Definitions(
        assets=dg.load_assets_from_modules([geography, observations, drought, publication]),
        jobs=JOBS,
        resources={"workspace": workspace or Workspace(Settings())},
        executor=dg.in_process_executor,
    )


defs = build_definitions()
