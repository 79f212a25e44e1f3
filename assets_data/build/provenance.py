"""Refresh the measured parts of PROVENANCE.md: file hashes and the table of areas.

    python assets_data/build/provenance.py

Run it after the other two scripts. Prose is written by hand; what lies between a pair of
`<!-- begin:x -->` and `<!-- end:x -->` marks is measured from the files and replaced here.
"""

from __future__ import annotations

import hashlib
import re
import statistics
from pathlib import Path

import geopandas as gpd
from pyproj import Geod

ASSETS = Path(__file__).resolve().parent.parent
PROVENANCE = ASSETS / "PROVENANCE.md"
GEOD = Geod(ellps="WGS84")


def data_files() -> list[Path]:
    """Every file that holds data, sorted by name."""
    files = [path for path in ASSETS.iterdir() if path.suffix in {".parquet", ".geojson", ".csv"}]
    return sorted([*files, ASSETS / "build" / "official_areas.csv"])


def hash_table() -> str:
    """Size and SHA-256 of each data file."""
    lines = ["| file | bytes | SHA-256 |", "|---|---:|---|"]
    for path in data_files():
        content = path.read_bytes()
        name = path.relative_to(ASSETS).as_posix()
        lines.append(f"| `{name}` | {len(content)} | `{hashlib.sha256(content).hexdigest()}` |")
    return "\n".join(lines)


def measured_areas() -> gpd.GeoDataFrame:
    """Départements with the geodesic area of their polygon and its distance to the official one."""
    frame = gpd.read_parquet(ASSETS / "departements.parquet")
    areas = [abs(GEOD.geometry_area_perimeter(shape)[0]) / 1e6 for shape in frame.geometry]
    frame["area_km2"] = areas
    frame["difference_km2"] = frame["area_km2"] - frame["area_official_km2"]
    frame["difference_pct"] = 100 * frame["difference_km2"] / frame["area_official_km2"]
    return frame


def area_table(frame: gpd.GeoDataFrame) -> str:
    """One line a département: our polygon against the official figure."""
    lines = [
        "| code | name | polygon km2 | official km2 | difference km2 | difference % |",
        "|---|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.departement} | {row.name} | {row.area_km2:.1f} | {row.area_official_km2:.1f} "
        f"| {row.difference_km2:+.1f} | {row.difference_pct:+.2f} |"
        for row in frame.itertuples(index=False)
    ]
    return "\n".join(lines)


def area_summary(frame: gpd.GeoDataFrame) -> str:
    """Median and worst differences, in one paragraph."""
    size = frame["difference_pct"].abs()
    worst = frame.loc[size.sort_values(ascending=False).index[:6]]
    listed = ", ".join(f"{r.departement} {r.difference_pct:+.1f} %" for r in worst.itertuples())
    return (
        f"Median absolute difference {statistics.median(size):.2f} %; within 1 % for "
        f"{(size < 1).sum()} of {len(frame)} départements, within 3 % for {(size < 3).sum()}, "
        f"within 5 % for {(size < 5).sum()}. Worst: {listed}."
    )


def replace_block(text: str, name: str, content: str) -> str:
    """Put new content between the marks of one block, which must exist exactly once."""
    pattern = re.compile(rf"(<!-- begin:{name} -->\n).*?(<!-- end:{name} -->)", re.DOTALL)
    replaced, count = pattern.subn(lambda found: f"{found[1]}{content}\n{found[2]}", text)
    if count != 1:
        raise ValueError(f"{PROVENANCE.name}: {count} blocks called {name!r} instead of 1")
    return replaced


def main() -> None:
    """Rewrite the measured blocks in place."""
    text = PROVENANCE.read_text(encoding="utf-8")
    frame = measured_areas()
    text = replace_block(text, "sha256", hash_table())
    text = replace_block(text, "area-summary", area_summary(frame))
    text = replace_block(text, "areas", area_table(frame))
    PROVENANCE.write_text(text, encoding="utf-8")
    print(f"{PROVENANCE.name}: refreshed")


if __name__ == "__main__":
    main()
