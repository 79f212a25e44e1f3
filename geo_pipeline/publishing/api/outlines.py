"""Outlines of the départements, in the forms that answers need; kept for each publication."""

from dataclasses import dataclass

import pyarrow as pa

from geo_pipeline.storage.warehouse import Warehouse

DECIMALS = 5
"""Decimals of degrees in GeoJSON: a metre."""


@dataclass(frozen=True)
class Outlines:
    """The outlines, in the order of `codes`; longitude before latitude (OGC:CRS84)."""

    codes: tuple[str, ...]
    names: tuple[str, ...]
    regions: tuple[str, ...]
    wkb: pa.Array
    geojson: tuple[str, ...]
    kinds: tuple[str, ...]
    """The types of geometry among them, such as `Polygon`."""
    bounds: tuple[float, ...]
    """West, south, east, north."""


def read(warehouse: Warehouse) -> Outlines:
    """Return the outlines of the publication.

    Raises:
        StorageError: the publication cannot be read.
    """
    import shapely  # noqa: PLC0415  slow to import

    rows = warehouse.query("boundaries")
    shapes = rows["geometry"].to_numpy()
    rounded = shapely.transform(shapes, lambda points: points.round(DECIMALS))
    return Outlines(
        tuple(rows["departement"]),
        tuple(rows["name"]),
        tuple(rows["region"]),
        pa.array(shapely.to_wkb(shapes), pa.binary()),
        tuple(shapely.to_geojson(rounded)),
        tuple(sorted({str(each.geom_type) for each in shapes})),
        tuple(float(each) for each in shapely.total_bounds(shapes)),
    )
