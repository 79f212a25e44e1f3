"""France for the tests of maps: the project's own shapes, laid out as the pipeline does."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.affinity import affine_transform
from shapely.geometry import MultiPolygon, Polygon, box

LIGHT = Path(__file__).parents[3] / "assets_data" / "departements_light.geojson"
OVERSEAS = {"971": 5490, "972": 5490, "973": 2972, "974": 2975, "976": 4471}
WITHOUT_DATA = ("75", "92", *OVERSEAS)


def squares(names: list[str]) -> gpd.GeoDataFrame:
    """Départements as a row of 100 km squares, the last one framed as an inset."""
    shapes = [box(100 * i, 6500, 100 * i + 100, 6600) for i in range(len(names))]
    frames = [None] * (len(names) - 1) + [shapes[-1].buffer(10).envelope]
    return gpd.GeoDataFrame(
        {
            "departement": [f"{i + 1:02d}" for i in range(len(names))],
            "name": names,
            "region": "Somewhere",
            "inset": [frame is not None for frame in frames],
            "frame": frames,
        },
        geometry=shapes,
    )


def _inset(shape: Polygon | MultiPolygon, place: int) -> tuple[Polygon | MultiPolygon, Polygon]:
    """Scale a shape in metres into its frame of 170 x 150 km, the name's room left above it."""
    frame = box(105 + 190 * place, 5960, 275 + 190 * place, 6110)
    west, south, east, north = shape.bounds
    scale = min(146 / (east - west), 96 / (north - south))
    middle, height = 190 + 190 * place, 6020
    shift = (middle - scale * (west + east) / 2, height - scale * (south + north) / 2)
    return affine_transform(shape, [scale, 0, 0, scale, *shift]), frame


def france() -> gpd.GeoDataFrame:
    """The 101 départements in Lambert-93 kilometres, overseas ones in a row of insets."""
    light = gpd.read_file(LIGHT)
    planar = light.to_crs(2154).scale(1e-3, 1e-3, origin=(0, 0))
    shapes, frames = list(planar), [None] * len(light)
    for place, (code, crs) in enumerate(OVERSEAS.items()):
        row = light.index[light["departement"] == code][0]
        own = light.geometry.to_crs(crs)[row]
        shapes[row], frames[row] = _inset(own, place)
    return gpd.GeoDataFrame(
        {
            "departement": light["departement"],
            "name": light["name"],
            "region": "",
            "inset": [frame is not None for frame in frames],
            "frame": frames,
        },
        geometry=shapes,
    )


def dry_south(shapes: gpd.GeoDataFrame) -> pd.DataFrame:
    """A made-up month, exceptional drought in the south to extremely wet in the north."""
    known = shapes[~shapes["departement"].isin(WITHOUT_DATA)]
    north = known.geometry.centroid.y.rank(pct=True).to_numpy()
    percentile = np.clip(100 * north - 0.5, 0.2, 99.8)
    limits = [2, 5, 10, 20, 30, 84.13, 93.32, 97.72]
    codes = np.array(["D4", "D3", "D2", "D1", "D0", "normal", "W0", "W1", "W2"], dtype=object)
    return pd.DataFrame(
        {
            "departement": known["departement"].to_numpy(),
            "value": np.round(4 * north - 2, 2),
            "percentile": percentile,
            "drought_class": codes[np.searchsorted(limits, percentile)],
            "reference_years": 12,
        }
    )
