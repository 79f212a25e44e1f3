"""Area shares of alert zones beside geopandas: `python -m benchmarks.zones`.

The real zones of 2 July 2026 on the outlines of IGN, both read in place from
`../shared/data/observed`. Geopandas takes its usual way: overlay with the départements, dissolve by
level, and strictest first each level less what is stricter. Both are given the same frames in
longitude and latitude, take turns, and must agree to 1e-6 of each area. Where those files are not,
nothing is measured.
"""

import json
import statistics
import sys
import time

import geopandas as gpd
import pandas as pd
import shapely
from rich.console import Console
from rich.table import Table

from benchmarks.common import ROOT, asked, machine, told
from geo_pipeline.schemas import LEVELS
from geo_pipeline.spatial.zones import ZONE_TYPES, restriction_shares

OBSERVED = ROOT.parent / "shared" / "data" / "observed"
REPEATS = 5
KEY = ["departement", "zone_type", "level"]
AGREED = 1e-6
NEGLIGIBLE_KM2 = 1e-6


def by_geopandas(departements: gpd.GeoDataFrame, zones: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return departement, zone_type, level, area_km2 by overlay and dissolve."""
    outlines = departements.to_crs(6933)
    pieces = gpd.overlay(zones.to_crs(6933), outlines, how="intersection", keep_geom_type=True)
    pieces = pieces[pieces["departement_1"] == pieces["departement_2"]]
    pieces = pieces.rename(columns={"departement_1": "departement"})
    dissolved = pieces[[*KEY, "geometry"]].dissolve(by=KEY).reset_index()
    found = []
    for kind in ZONE_TYPES:
        stricter = gpd.GeoSeries(
            [shapely.MultiPolygon()] * len(outlines), index=outlines["departement"], crs=6933
        )
        for level in reversed(LEVELS):
            here = dissolved[(dissolved["zone_type"] == kind) & (dissolved["level"] == level)]
            of_level = here.set_index("departement")["geometry"]
            above = stricter.loc[of_level.index]
            left = of_level.difference(above).area / 1e6
            stricter.loc[of_level.index] = above.union(of_level)
            found.append(here[KEY].assign(area_km2=left.to_numpy()))
    return pd.concat(found, ignore_index=True)


def real() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the outlines and the zones with a level."""
    outlines = gpd.read_file(OBSERVED / "ign_departements_2018.geojson")
    outlines = outlines.rename(columns={"code": "departement"})[["departement", "geometry"]]
    text = (OBSERVED / "vigieau_zones_2026-07-02.geojson").read_text(encoding="utf-8")
    features = [f for f in json.loads(text)["features"] if f["properties"]["niveau"]]
    said = pd.DataFrame([f["properties"] for f in features])
    zones = gpd.GeoDataFrame(
        {
            "departement": said["departement_code"],
            "zone_type": said["type_zone"].map(
                dict(zip(("SUP", "SOU", "AEP"), ZONE_TYPES, strict=True))
            ),
            "level": said["niveau"],
        },
        geometry=shapely.from_geojson([json.dumps(f["geometry"]) for f in features]),
        crs="OGC:CRS84",
    )
    return outlines.set_crs("OGC:CRS84", allow_override=True), zones


def main() -> None:
    """Measure and print the table; exit 1 where the two do not agree."""
    _, smallest = asked()
    if not OBSERVED.exists():
        print(f"left out: no real zones to measure with, {OBSERVED} is not on this machine")
        return
    outlines, zones = real()
    seconds: dict[str, list[float]] = {"geo_pipeline": [], "geopandas": []}
    areas = {}
    for _ in range(1 if smallest else REPEATS):
        for name, call in (("geo_pipeline", restriction_shares), ("geopandas", by_geopandas)):
            start = time.perf_counter()
            areas[name] = call(outlines, zones)
            seconds[name].append(time.perf_counter() - start)
    both = areas["geo_pipeline"].merge(areas["geopandas"], on=KEY, how="outer").fillna(0.0)
    apart = (both["area_km2_x"] - both["area_km2_y"]).abs() / both["area_km2_y"].clip(lower=1e-9)
    apart = apart[both[["area_km2_x", "area_km2_y"]].max(axis=1) > NEGLIGIBLE_KM2]
    own = statistics.median(seconds["geo_pipeline"])
    table = Table(title=f"{machine()}\n{len(zones):,} zones, {len(outlines)} départements")
    for heading in ("area shares by", "median (extremes)", "takes"):
        table.add_column(heading, justify="left" if "by" in heading else "right")
    for name, of_name in seconds.items():
        median = statistics.median(of_name)
        table.add_row(name, told(of_name), f"{median / own:.1f} x")
    Console(width=100).print(table)
    print(f"largest difference of an area: {apart.max():.1e} of it ({len(both)} areas)")
    if not apart.max() < AGREED:
        sys.exit(1)


if __name__ == "__main__":
    main()
