"""Assets of the publication: the warehouse that readers open, exported maps and tables."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import dagster as dg

from geo_pipeline.assets.drought import departement_risk
from geo_pipeline.assets.geography import departement_shapes
from geo_pipeline.assets.observations import provider_differences
from geo_pipeline.assets.soil_outlook import outlook_skill, recovery, soil_outlook
from geo_pipeline.assets.yields import yield_outlook
from geo_pipeline.publishing.bulletin import issues, places
from geo_pipeline.publishing.bulletin.records import Records
from geo_pipeline.publishing.standard_exports import export_handful
from geo_pipeline.runtime import france_tables
from geo_pipeline.runtime.guard import guarded
from geo_pipeline.runtime.providers import attributions
from geo_pipeline.runtime.table_assets import OWNERS, map_links, place_asset
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.storage.findings import READABLE, Finding
from geo_pipeline.storage.partition_states import Damaged
from geo_pipeline.storage.warehouse_building import publish
from geo_pipeline.tables import LAYERS
from geo_pipeline.transforms.calendar import calendar_tables
from geo_pipeline.transforms.exposure import risk_tables
from geo_pipeline.words import LANGS

GROUP: Final = "4_publication"


@dg.asset(
    group_name=GROUP,
    tags={"layer": LAYERS[GROUP]},
    owners=OWNERS,
    kinds={"duckdb"},
    pool="publication",
    deps=[
        departement_risk,
        departement_shapes,
        outlook_skill,
        provider_differences,
        recovery,
        soil_outlook,
        yield_outlook,
    ],
)
@guarded
def warehouse(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """The read-only DuckDB file that the app reads: built beside the last one, checked, renamed.

    Départements that a check holds back, or whose file is damaged, keep their rows of the last
    publication; the table `held_departements` lists them with the reason. A damaged table of the
    whole of France is made again first. When this asset is red, its check `state` lists all that is
    wrong, in any table and in the system.
    """
    france_tables.mend(workspace, context.log.warning)
    published = publish(
        workspace.lake,
        workspace.settings.warehouse,
        attributions(),
        calendar_tables(workspace.bundled.crop_parameters()) | risk_tables(workspace.settings),
        workspace.findings.held(),
        asked_at=_asked_at(context),
    )
    if published.is_new:
        _tell_damaged(workspace, published.damaged)
    else:
        context.log.info("a publication that began later already holds all of the lake")
    for code, why in published.held.items():
        context.log.warning(f"département {code} is held back, its rows are those of before: {why}")
    rows = {f"rows_{table}": count for table, count in published.rows.items()}
    return dg.MaterializeResult(
        metadata={
            "path": dg.MetadataValue.path(str(published.path)),
            "bytes": published.bytes,
            "held": ", ".join(published.held) or "none",
            "built": published.is_new,
            "dagster/row_count": sum(published.rows.values()),
            "map": dg.MetadataValue.url(workspace.settings.app_url),
            **rows,
        }
    )


def _asked_at(context: dg.AssetExecutionContext) -> datetime | None:
    """Return when this run was requested; it may have waited in the queue since."""
    record = context.instance.get_run_record_by_id(context.run.run_id)
    return None if record is None else record.create_timestamp


def _tell_damaged(workspace: Workspace, damaged: Sequence[Damaged]) -> None:
    """Record the files that could not be read, and clear the records of those that now can."""
    findings, now = workspace.findings, datetime.now(UTC).isoformat(timespec="seconds")
    found = {(each.table, each.departement): each for each in damaged}
    earlier = {
        (each.table, each.departement): each.found_at
        for each in findings.all()
        if each.check == READABLE
    }
    for table, code in earlier.keys() | found.keys():
        told = []
        if (damage := found.get((table, code))) is not None:
            since = earlier.get((table, code), now)
            told = [Finding(table, code, READABLE, "error", damage.why, since)]
        findings.replace(table, code, told, [READABLE])


@place_asset(
    group_name=GROUP,
    tags={"layer": LAYERS[GROUP]},
    kinds={"pdf", "html", "csv"},
    deps=[warehouse],
)
def bulletins(
    context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult[None]:
    """The bulletin of the newest dekad: two pages as PDF and HTML, in French and English.

    A partition is a place: `FR`, a région (`R76`) or a département (`32`). The table
    `bulletin_claims` beside each has the query behind each figure.
    """
    records, known = Records(workspace.warehouse, workspace.settings.embedded_data), places.places()
    chosen = [known[key] for key in context.partition_keys]
    exports = workspace.settings.exports
    left_out: list[str] = []

    def leave_out(error: issues.NothingKnownError) -> None:
        left_out.append(str(error))
        context.log.warning(str(error))

    days = [records.newest]
    written = list(issues.write_issues(records, chosen, days, LANGS, exports, leave_out=leave_out))
    folder = str(issues.folder_of(exports, records.newest))
    return dg.MaterializeResult(
        metadata={
            "folder": dg.MetadataValue.path(folder),
            "files": len(written),
            "left_out": left_out,
            "period_end": records.newest.isoformat(),
        }
    )


@dg.asset(
    group_name=GROUP,
    tags={"layer": LAYERS[GROUP]},
    owners=OWNERS,
    kinds={"html", "csv"},
    deps=[warehouse],
)
@guarded
def exports(workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult[None]:
    """Maps (HTML that opens without a network) and tables (CSV, GeoParquet, GeoJSON) as files.

    Files whose content has not changed are not written again.
    """
    settings = workspace.settings
    exported = export_handful(workspace.warehouse, settings.exports, settings.language)
    paths = {path.name: dg.MetadataValue.path(str(path)) for path in exported.files}
    written = ", ".join(path.name for path in exported.written) or "none"
    return dg.MaterializeResult(metadata={**paths, "written": written, **map_links(settings)})
