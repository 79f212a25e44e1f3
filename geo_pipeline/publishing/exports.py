"""Maps and tables as files, read from the published warehouse."""

from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd

from geo_pipeline.errors import UsageError
from geo_pipeline.files import replacing, write_text
from geo_pipeline.publishing import bulletin, look, maps, views
from geo_pipeline.storage.warehouse import Warehouse

TABLE_FORMATS = {"csv": "csv", "geoparquet": "parquet", "geojson": "geojson"}


def export_map(
    warehouse: Warehouse,
    view: views.View,
    lang: look.Lang,
    target: Path,
    *,
    published_on: date | None = None,
) -> Path:
    """Write `view` as one HTML page that opens with no network.

    It shows the day of the publication, or `published_on`.

    Raises:
        StorageError: the file cannot be written; an older one stays.
    """
    day = published_on or _day(warehouse)
    page = maps.render_map(
        gpd.GeoDataFrame(warehouse.query("shapes")),
        view.with_reasons(lang),
        indicator=view.indicator,
        period_end=view.period_end,
        lang=lang,
        sources=view.sources,
        published_on=day,
        ended=views.ended(warehouse, view.indicator, day),
        reference_period=view.reference_period,
        step=view.step,
    )
    return write_text(target, page)


def export_table(warehouse: Warehouse, view: views.View, target: Path) -> Path:
    """Write `view` as CSV, GeoParquet or GeoJSON, as the ending of `target` says.

    Raises:
        UsageError: the ending is none of these.
        StorageError: the file cannot be written; an older one stays.
    """
    rows = view.values.drop(columns=["covered", "dry_rank", "ranked_years", "little_grown"]).assign(
        indicator=view.indicator, period_end=view.period_end.isoformat()
    )
    first = ["departement", "name", "region", "indicator", "period_end"]
    rows = rows[first + [name for name in rows if name not in first]]
    ending = target.suffix.removeprefix(".")
    if ending not in TABLE_FORMATS.values():
        endings = ", ".join(f".{each}" for each in TABLE_FORMATS.values())
        raise UsageError(f"cannot write a table as '{target.name}': end its name in {endings}")
    with replacing(target) as temporary:
        if ending == "csv":
            rows.to_csv(temporary, index=False)
        elif ending == "parquet":
            _with_geometry(warehouse, rows).to_parquet(temporary, index=False)
        else:
            text = _with_geometry(warehouse, rows).to_json(drop_id=True, to_wgs84=True)
            temporary.write_text(text, encoding="utf-8")
    return target


def export_bulletin(
    warehouse: Warehouse,
    period: str | None,
    lang: look.Lang,
    folder: Path,
    output: Path | None,
    *,
    published_on: date | None = None,
) -> Path:
    """Write the bulletin of `period`, by default the latest, to `output` or into `folder`.

    It shows the day of the publication, or `published_on`.

    Raises:
        UsageError: there is nothing for that period.
        StorageError: the file cannot be written; an older one stays.
    """
    view = views.select(warehouse, bulletin.INDICATOR, period)
    before, day = views.before(warehouse, view), published_on or _day(warehouse)
    page = bulletin.render_bulletin(warehouse, view, before, lang, published_on=day)
    return write_text(output or folder / f"bulletin_{view.period_end:%Y-%m}.html", page)


def _day(warehouse: Warehouse) -> date:
    """Return the day of the publication."""
    day: date = warehouse.query("publication_date")["published_at"].iloc[0].date()
    return day


def _with_geometry(warehouse: Warehouse, rows: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return `rows` with the boundaries of their départements."""
    boundaries = gpd.GeoDataFrame(warehouse.query("boundaries"))[["departement", "geometry"]]
    return gpd.GeoDataFrame(boundaries.merge(rows, on="departement", validate="1:1"))
