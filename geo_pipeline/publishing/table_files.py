"""Tables as files, from the published warehouse: the values behind a map.

Nothing here draws, because drawing is slow to import; maps and bulletins are in `exports`.
"""

from pathlib import Path

import geopandas as gpd
import pandas as pd

from geo_pipeline.errors import UsageError
from geo_pipeline.files import replacing
from geo_pipeline.publishing import selection
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import message

TABLE_FORMATS = {"csv": "csv", "geoparquet": "parquet", "geojson": "geojson"}


def export_table(warehouse: Warehouse, view: selection.Selection, target: Path) -> Path:
    """Write `view` as CSV, GeoParquet or GeoJSON, by the ending of `target`.

    Raises:
        UsageError: the ending is none of these.
        StorageError: the file cannot be written; an older one stays.
    """
    left_out = ["covered", "dry_rank", "ranked_years", "little_grown", "known_until"]
    rows = view.values.drop(columns=left_out, errors="ignore").assign(
        indicator=view.indicator, period_end=view.period_end.isoformat()
    )
    if view.issued is not None:
        rows = rows.assign(issued=view.issued.isoformat())
    first = ["departement", "name", "region", "indicator", "period_end"]
    rows = rows[first + [name for name in rows if name not in first]]
    ending = target.suffix.removeprefix(".")
    if ending not in TABLE_FORMATS.values():
        endings = ", ".join(f".{each}" for each in TABLE_FORMATS.values())
        raise UsageError(message("unknown.ending", name=target.name, known=endings))
    with replacing(target) as temporary:
        if ending == "csv":
            rows.to_csv(temporary, index=False)
        elif ending == "parquet":
            _with_geometry(warehouse, rows).to_parquet(temporary, index=False)
        else:
            text = _with_geometry(warehouse, rows).to_json(drop_id=True, to_wgs84=True)
            temporary.write_text(text, encoding="utf-8")
    return target


def _with_geometry(warehouse: Warehouse, rows: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return `rows` with the boundaries of their départements."""
    boundaries = gpd.GeoDataFrame(warehouse.query("boundaries"))[["departement", "geometry"]]
    return gpd.GeoDataFrame(boundaries.merge(rows, on="departement", validate="1:1"))
