"""What the sources cost beside their peers: `python -m benchmarks.sources sim2 [years [file]]`.

Each candidate runs in a process of its own on the same file; seconds are those of the work without
imports, memory is the peak of the process, imports included. Results are compared, so that nobody
is fast for being wrong. A peer that cannot be imported is left out: name an interpreter that has
pandas and polars in `PEERS_PYTHON`.

`sim2`: a grid file in its real format (9,892 cells, 28 columns, cell after cell) of one year, or of
as many as are named, to daily means of 96 départements. pandas reads it in chunks of a million
rows, polars with its streaming engine. Weights are given to all; ours also checks the archive's
checksum, ranges, dates and rows that come twice, and writes what it keeps. Where a folder is named
in place of a file, it is all files of a year in it (`benchmarks.live` makes such), without pandas,
which takes many minutes for them.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from benchmarks.common import ROOT, asked, machine

PEERS_PYTHON = os.environ.get("PEERS_PYTHON", sys.executable)
CELLS = 9_892
FEW_YEARS = "0.01"
"""Of the smallest measurement: four days."""
CELLS_AT_ONCE = 200
SIM2_COLUMNS = {
    "PRENEI": "", "PRELIQ": "precip_mm", "T": "tmean_c", "TINF_H": "tmin_c", "TSUP_H": "tmax_c",
    "SSI": "radiation_j_cm2", "FF": "wind_10m_m_s", "HU": "rh_pct", "ETP": "etp_mm", "SWI": "swi",
}  # fmt: skip
SIM2_VALUES = [name for name in SIM2_COLUMNS.values() if name]

SIM2_CELLS = """
CREATE TABLE cells AS
SELECT x, y, row_number() OVER (ORDER BY x, y) - 1 AS number
FROM (
    SELECT CAST(x AS INTEGER) AS x, CAST(y AS INTEGER) AS y
    FROM range(40, 13000, 80) AS columns(x), range(14010, 28000, 80) AS rows(y), land
    ORDER BY ST_Distance(geometry, ST_Point(100 * x, 100 * y)), x, y
    LIMIT $cells
)
"""
SIM2_ROWS = """
WITH noise AS (
    SELECT
        x, y, CAST($start AS DATE) + CAST(i AS INTEGER) AS day,
        hash(x, y, i) % 1000 / 1000 AS u,
        hash(y, i, x) % 1000 / 1000 AS v,
        -cos(2 * pi() * (i - 15) / 365.25) AS season
    FROM cells, range($days) AS days(i)
    WHERE number >= $first AND number < $last
)
SELECT
    x AS LAMBX, y AS LAMBY, strftime(day, '%Y%m%d') AS "DATE",
    CAST(CASE WHEN season < -0.9 AND u > 0.7 THEN 10 * v ELSE 0 END AS DECIMAL(6, 1)) AS PRENEI,
    CAST(CASE WHEN season >= -0.9 AND u > 0.6 THEN 30 * v ELSE 0 END AS DECIMAL(6, 1)) AS PRELIQ,
    CAST(8 + 9 * season + 6 * u AS DECIMAL(6, 1)) AS T,
    CAST(0.5 + 6 * v AS DECIMAL(6, 1)) AS FF,
    CAST(7 + 3 * season + u AS DECIMAL(6, 3)) AS Q,
    CAST(2400 + 300 * v * season AS DECIMAL(7, 1)) AS DLI,
    CAST(1250 + 900 * season - 150 * u AS DECIMAL(7, 1)) AS SSI,
    CAST(60 + 35 * v AS DECIMAL(6, 1)) AS HU,
    CAST(1.5 + 1.4 * season + 0.3 * u AS DECIMAL(6, 1)) AS EVAP,
    CAST(2.5 + 2 * season + 0.4 * u AS DECIMAL(6, 1)) AS ETP,
    CAST(v - 0.5 AS DECIMAL(6, 1)) AS PE,
    CAST(0.6 - 0.35 * season + 0.1 * u AS DECIMAL(6, 3)) AS SWI,
    CAST(v * u AS DECIMAL(6, 1)) AS DRAINC,
    CAST(0.2 * v AS DECIMAL(6, 1)) AS RUNC,
    0.0 AS RESR_NEIGE, 0.0 AS RESR_NEIGE6,
    0.000 AS HTEURNEIGE, 0.000 AS HTEURNEIGE6, 0.000 AS HTEURNEIGEX,
    0.0 AS SNOW_FRAC, 0.0 AS ECOULEMENT,
    CAST(0.2 + 0.1 * v AS DECIMAL(6, 3)) AS WG_RACINE, 0.000 AS WGI_RACINE,
    CAST(4 + 9 * season + 6 * u AS DECIMAL(6, 1)) AS TINF_H,
    CAST(12 + 9 * season + 6 * u AS DECIMAL(6, 1)) AS TSUP_H
FROM noise
ORDER BY x, y, day
"""


def outlines():
    """The embedded départements."""
    import geopandas as gpd
    import pyarrow.parquet as pq

    path = ROOT / "assets_data" / "departements.parquet"
    return gpd.GeoDataFrame.from_arrow(pq.ParquetFile(path).read())


def make_sim2_file(path: Path, days: int, *, start: str = "2010-01-01", cells: int = CELLS) -> None:
    """Write a grid file of `days` over the cells that are nearest to France."""
    from geo_pipeline.spatial import database

    land = outlines().query("departement.str.len() == 2").to_crs("EPSG:27572").union_all()
    packer = zlib.compressobj(level=6, wbits=31)
    part = path.with_suffix(".part")
    with database.connect() as connection, path.open("wb") as file:
        connection.execute(
            "CREATE TABLE land AS SELECT ST_GeomFromWKB($land) AS geometry", {"land": land.wkb}
        )
        connection.execute(SIM2_CELLS, {"cells": cells})
        for first in range(0, cells, CELLS_AT_ONCE):
            bounds = {"days": days, "first": first, "last": first + CELLS_AT_ONCE, "start": start}
            rows = connection.execute(SIM2_ROWS, bounds).to_arrow_table()
            connection.register("rows_of_cells", rows)
            connection.execute(
                f"COPY rows_of_cells TO '{part}' (FORMAT csv, DELIMITER ';', HEADER {first == 0})"
            )
            connection.unregister("rows_of_cells")
            file.write(packer.compress(part.read_bytes()))
        file.write(packer.flush())
    part.unlink()


def sim2_ours(file: Path, weights: Path, out: Path) -> Callable[[], object]:
    """This package: `GridMeans`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from geo_pipeline.spatial.grid import GridMeans

    means = GridMeans(outlines(), weights.parent / "means")

    def work() -> None:
        kept = [means.means(each, f"{n}" * 64) for n, each in enumerate(years_of(file))]
        pq.write_table(
            pa.concat_tables(pq.read_table(each).replace_schema_metadata(None) for each in kept),
            out,
        )

    return work


def sim2_pandas(file: Path, weights: Path, out: Path) -> Callable[[], object]:
    """pandas in chunks of a million rows: weighted sums of each, then the sum of sums."""
    import pandas as pd

    def work() -> None:
        shares = pd.read_parquet(weights)
        parts = []
        chunks = pd.read_csv(
            file,
            sep=";",
            usecols=["LAMBX", "LAMBY", "DATE", *SIM2_COLUMNS],
            chunksize=1_000_000,
            compression="gzip",
        )
        for part in chunks:
            chunk = part.copy()
            chunk["PRELIQ"] += chunk.pop("PRENEI")
            named = chunk.rename(columns={**SIM2_COLUMNS, "LAMBX": "x_hm", "LAMBY": "y_hm"})
            joined = named.merge(shares, on=["x_hm", "y_hm"])
            area = joined["area_m2"]
            sums = joined[["departement", "DATE"]].copy()
            for name in SIM2_VALUES:
                sums[name] = joined[name] * area
                sums[f"{name}_m2"] = area.where(joined[name].notna(), 0.0)
            parts.append(sums.groupby(["departement", "DATE"]).sum())
        total = pd.concat(parts).groupby(level=[0, 1]).sum()
        means = pd.DataFrame({name: total[name] / total[f"{name}_m2"] for name in SIM2_VALUES})
        means.reset_index().to_parquet(out)

    return work


def sim2_polars(file: Path, weights: Path, out: Path) -> Callable[[], object]:
    """polars, lazily, with its streaming engine."""
    import polars as pl

    def work() -> None:
        area = pl.col("area_m2")
        means = [
            ((pl.col(name) * area).sum() / area.filter(pl.col(name).is_not_null()).sum()).alias(
                name
            )
            for name in SIM2_VALUES
        ]
        kinds = dict.fromkeys(SIM2_COLUMNS, pl.Float64)
        (
            pl.scan_csv(years_of(file), separator=";", schema_overrides=kinds)
            .select("LAMBX", "LAMBY", "DATE", *SIM2_COLUMNS)
            .with_columns(pl.col("PRELIQ") + pl.col("PRENEI"))
            .rename({column: name for column, name in SIM2_COLUMNS.items() if name})
            .join(
                pl.scan_parquet(weights).with_columns(
                    pl.col("x_hm").cast(pl.Int64), pl.col("y_hm").cast(pl.Int64)
                ),
                left_on=["LAMBX", "LAMBY"],
                right_on=["x_hm", "y_hm"],
            )
            .group_by("departement", "DATE")
            .agg(means)
            .collect(engine="streaming")
            .write_parquet(out)
        )

    return work


def years_of(file: Path) -> list[Path]:
    """Return a grid file as a list, or those of a year in a folder."""
    return sorted(file.glob("QUOT_SIM2_[12]???.csv.gz")) if file.is_dir() else [file]


CANDIDATES = {
    "sim2": {"ours": sim2_ours, "pandas in chunks": sim2_pandas, "polars": sim2_polars},
}
NEEDS = {"pandas in chunks": "pandas", "polars": "polars"}


def run(comparison: str, who: str, *arguments: str) -> None:
    """Do the work of one candidate in this process and print what it took."""
    if who in NEEDS:
        try:
            importlib.import_module(NEEDS[who])
        except ImportError:
            print(json.dumps(None))
            return
    work = CANDIDATES[comparison][who](*map(Path, arguments))
    started, before = time.perf_counter(), time.process_time()
    work()
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - before
    print(json.dumps({"seconds": seconds, "cpu_s": cpu_s, "peak_mb": peak_memory_mb()}))


def peak_memory_mb() -> float:
    """Peak of this program's own memory: what it was started from is not counted on Linux."""
    status = Path("/proc/self/status")
    if status.exists():
        (peak,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(comparison: str, who: str, *arguments: Path) -> dict[str, float] | None:
    """Run one candidate in a process of its own; None where it cannot be imported."""
    python = PEERS_PYTHON if who == "polars" else sys.executable
    command = [python, "-m", "benchmarks.sources", "run", comparison, who, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{who} failed:\n{done.stderr}")
    said: dict[str, float] | None = json.loads(done.stdout.splitlines()[-1])
    return said


def sim2(years: str = "1", kept: str | None = None) -> None:
    """Compare on a grid file of so many `years`; `kept` names one that exists, or is to stay."""
    import numpy as np
    import pandas as pd

    from geo_pipeline.spatial.grid import GridMeans
    from geo_pipeline.spatial.grid_files import head

    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        file = Path(kept) if kept else folder / "QUOT_SIM2_2010-2019.csv.gz"
        if not file.exists():
            print("making the file ...", flush=True)
            make_sim2_file(file, round(365.25 * float(years)))
        weights = folder / "weights.parquet"
        grids = years_of(file)
        shares = GridMeans(outlines(), folder / "means").weights(head(grids[0])[1])
        shares.drop(columns="departement_m2").to_parquet(weights, index=False)
        size_mb = sum(each.stat().st_size for each in grids) / 1e6
        print(f"{machine()}\nSIM2, {len(grids)} files, {size_mb:.0f} MB of gzip")
        expected, ours_s = None, 0.0
        for number, who in enumerate(CANDIDATES["sim2"]):
            if who == "pandas in chunks" and len(grids) > 1:
                continue
            out = folder / f"out{number}.parquet"
            said = measured("sim2", who, file, weights, out)
            if said is None:
                print(f"{who:18} cannot be imported")
                continue
            rows = pd.read_parquet(out).rename(columns={"DATE": "date"})
            rows = rows.sort_values(["departement", "date"])[["departement", *SIM2_VALUES]]
            if expected is None:
                expected, ours_s = rows, said["seconds"]
                print(f"{len(rows)} rows of départements and days")
            assert rows["departement"].tolist() == expected["departement"].tolist(), who
            np.testing.assert_allclose(rows[SIM2_VALUES], expected[SIM2_VALUES], rtol=1e-9)
            print(
                f"{who:18} {said['seconds']:7.1f} s ({said['seconds'] / ours_s:.2f} of ours), "
                f"{said['cpu_s']:.1f} s of CPU, {said['peak_mb']:.0f} MB",
                flush=True,
            )


COMPARISONS: dict[str, Callable[..., None]] = {"sim2": sim2}


def main() -> None:
    """Run the comparison that is named, or all of them."""
    words, smallest = asked()
    match words:
        case ["run", comparison, who, *arguments]:
            run(comparison, who, *arguments)
        case [name, *arguments]:
            COMPARISONS[name](*arguments)
        case []:
            for comparison in COMPARISONS.values():
                comparison(*([FEW_YEARS] if smallest else []))


if __name__ == "__main__":
    main()
