"""`just bench-cells`: the tables by cell of SIM2 as the record grows, for the whole of France.

Generated weather of 96 départements lies in a lake, and the dekads of their cells in files of a
year, as `spatial.grid` keeps them; the functions of the two assets of `assets.cells` then do their
work, in one process and in two, without Dagster's records. Neighbouring cells are alike only in
their season, so that files are no smaller than real ones. `python -m benchmarks.cells 36` measures
one length. What cells cost while a grid file is read is part of `benchmarks.sources`.
"""

import gc
import inspect
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.common import asked, machine
from benchmarks.growth import CORES, LAST_DAY, Taken, apart, make_home

YEARS = (12, 36, 65)
TABLES = ("cell_dekads", "area_in_class")
ANCHOR = (4360, 18570)
"""A cell of the grid."""


def make_cells(home: Path, years: int, codes: list[str]) -> None:
    """Write the kept cells of each year, and the notes that name them."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    from geo_pipeline import dekads
    from geo_pipeline.runtime import cell_tables
    from geo_pipeline.runtime.workspace import Workspace
    from geo_pipeline.settings import Settings
    from geo_pipeline.spatial.grid import CELLS_TOGETHER
    from geo_pipeline.spatial.grid_files import Cell

    workspace, rng = Workspace(Settings(home=home)), np.random.default_rng(8)
    grid = workspace.providers.grid_means
    workspace.settings.raw.joinpath("sim2-means").mkdir(parents=True)
    weights = grid.weights(Cell(*ANCHOR))
    weights = weights[weights["departement"].isin(codes)].reset_index(drop=True)
    cell = weights.groupby(["x_hm", "y_hm"]).ngroup().to_numpy()
    last = int(LAST_DAY[:4])
    hashes = [f"{year}" * 16 for year in range(last, last - years, -1)]
    for name in hashes:
        ends = pd.DatetimeIndex([dekads.last_day_of(int(name[:4]), step) for step in range(36)])
        season = -np.cos(2 * np.pi * (ends.dayofyear.to_numpy() - 15) / 365.25)
        shape = cell.max() + 1, len(ends)
        values = {
            "rain_mm": rng.gamma(1.5, 15.0, shape).round(1),
            "etp_mm": (26 + 22 * season + rng.normal(0, 3, shape)).round(1),
            "swi": (0.6 - 0.3 * season + rng.normal(0, 0.1, shape)).round(3),
        }
        each = np.repeat(np.arange(len(cell)), len(ends))
        rows = weights.loc[each, ["departement", "x_hm", "y_hm", "x_km", "y_km"]]
        table = rows.assign(
            area_km2=weights["area_m2"].to_numpy()[each] / 1e6,
            period_end=np.tile(ends.to_numpy().astype("datetime64[D]"), len(cell)),
            **{key: made[cell].ravel().astype(np.float32) for key, made in values.items()},
        )
        content = pa.Table.from_pandas(table, preserve_index=False)
        days = content["period_end"].cast(pa.date32())
        content = content.set_column(content.column_names.index("period_end"), "period_end", days)
        path = grid.cells(name)
        pq.write_table(content, path, compression="zstd", row_group_size=CELLS_TOGETHER)
    for code in codes:
        cell_tables.note(workspace, code, hashes)


def work(codes: list[str]) -> None:
    """Do the work of the two assets here; print what each took."""
    import dagster

    from benchmarks.runs import Nobody
    from geo_pipeline.assets import cells
    from geo_pipeline.cli import OBJECTS_BETWEEN_COLLECTIONS
    from geo_pipeline.runtime.workspace import Workspace
    from geo_pipeline.settings import Settings

    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)  # as the command does
    workspace = Workspace(Settings())
    nobody = Nobody(codes, dagster.DagsterInstance.ephemeral())
    for table in TABLES:
        started, before = time.perf_counter(), os.times()
        asset = getattr(cells, table)
        inspect.unwrap(asset.op.compute_fn.decorated_fn)(nobody, workspace)
        clock_s, after = time.perf_counter() - started, os.times()
        cpu_s = sum(after[:4]) - sum(before[:4])
        print(json.dumps([table, clock_s, cpu_s]))


def measured(home: Path, cores: int, codes: list[str]) -> Iterator[tuple[str, Taken]]:
    """Run the work in a process of its own with so many processes; yield what each table took."""
    settings = {"GEO_PIPELINE_HOME": str(home), "GEO_PIPELINE_PROCESSES": str(cores)}
    command = [sys.executable, "-m", "benchmarks.cells", "work", *codes]
    lines, most_mb = apart(command, os.environ | settings)
    for line in lines:
        if line.startswith("["):
            table, clock_s, cpu_s = json.loads(line)
            yield table, Taken(clock_s, cpu_s, most_mb)


def rows(folder: Path, years: int, codes: list[str]) -> Iterator[tuple[str, ...]]:
    """Measure one length of the record; yield the rows of the table."""
    for cores in CORES:
        home = folder / f"{cores}"
        make_home(home, years, codes)
        make_cells(home, years, codes)
        kept = sum(path.stat().st_size for path in home.rglob("cells-*.parquet"))
        for table, taken in measured(home, cores, codes):
            size = sum(each.stat().st_size for each in home.glob(f"lake/{table}/*/*.parquet"))
            yield (
                *(f"{years}", f"{cores}", table, f"{taken.clock_s:.1f} s", f"{taken.cpu_s:.1f} s"),
                *(f"{taken.peak_mb:.0f} MB", f"{size / 1e6:.1f} MB", f"{kept / 1e6:.1f} MB"),
            )


def main() -> None:
    """Measure and print the table."""
    words, smallest = asked()
    if words[:1] == ["work"]:
        work(words[1:])
        return
    from rich.console import Console
    from rich.table import Table

    from geo_pipeline.territory import DEPARTEMENTS

    codes = [each.code for each in DEPARTEMENTS if not each.overseas]
    lengths = [int(word) for word in words] or list(YEARS)
    if smallest:
        lengths, codes = [11], ["32"]
    table = Table("years", "cores", "table", "clock", "processors", "memory", "lake", "kept")
    table.title = machine()
    for years in lengths:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            for row in rows(Path(name), years, codes):
                table.add_row(*row)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
