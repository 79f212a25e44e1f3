"""The jobs: what is run together. Each runs in one process."""

from typing import Any

import dagster as dg

from geo_pipeline.settings import Settings

france = dg.define_asset_job(
    "france",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="Everything, from the sources to the exports, for one or all départements.",
)

departement = dg.define_asset_job(
    "departement",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="One département through to publication: choose its partition. The files of the "
    "other départements are not touched.",
)

publish = dg.define_asset_job(
    "publish",
    selection=dg.AssetSelection.groups("risk", "publication"),
    executor_def=dg.in_process_executor,
    description="The risk mart, the published warehouse and the exports, from what the lake holds.",
)


def jobs(settings: Settings) -> list[Any]:
    """Return the jobs."""
    return [france, departement, publish]
