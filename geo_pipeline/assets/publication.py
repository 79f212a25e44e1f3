"""What leaves the system: the published warehouse, exported maps and tables."""

import dagster as dg

from geo_pipeline.assets.drought import departement_risk
from geo_pipeline.assets.geography import departement_shapes
from geo_pipeline.assets.providers import attributions
from geo_pipeline.assets.workspace import Workspace
from geo_pipeline.assets.writing import OWNERS
from geo_pipeline.publishing.exports import export_handful
from geo_pipeline.storage import warehouse as storage


@dg.asset(
    group_name="publication",
    owners=OWNERS,
    kinds={"duckdb"},
    pool="publication",
    deps=[departement_risk, departement_shapes],
)
def warehouse(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[None]:
    """The read-only DuckDB file that the app reads: built beside the old one, checked, renamed."""
    published = storage.publish(workspace.lake, workspace.settings.warehouse, attributions())
    rows = {f"rows_{table}": count for table, count in published.rows.items()}
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(str(published.path)),
            "bytes": published.bytes,
            **rows,
        }
    )


@dg.asset(group_name="publication", owners=OWNERS, kinds={"html", "csv"}, deps=[warehouse])
def exports(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[None]:
    """A handful of maps (HTML that opens with no network) and tables (CSV, GeoParquet, GeoJSON)."""
    settings = workspace.settings
    written = export_handful(workspace.warehouse, settings.exports, settings.language)
    return dg.MaterializeResult(
        metadata={path.name: dg.MetadataValue.path(str(path)) for path in written}
    )
