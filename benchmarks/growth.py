"""`just bench-growth`: soil water and indicators as the record and the number of places grow.

Generated weather of 12, 36 and 65 years in 12, 25, 50 and 101 départements lies in a lake; the
functions of the two assets then do their work on it, on one core and on two, without Dagster's
records. Files must be the same, byte for byte. Memory is the peak of all processes together, with
what they share counted once. `python -m benchmarks.growth 65 101` measures one of them.
"""

import gc
import inspect
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.common import ROOT, asked, machine

YEARS = (12, 36, 65)
PLACES = (12, 25, 50, 101)
CORES = (1, 2)
LAST_DAY = "2025-12-31"
TABLES = ("soil_water_daily", "drought_indicators")
LOOK_AGAIN_S = 0.25


class Taken(NamedTuple):
    """What the work took: time on the clock and on the processors, memory at its peak."""

    clock_s: float
    cpu_s: float
    peak_mb: float


def weather(code: str, years: int):
    """Rows of `weather_daily`: seasons and noise, two dry days in three."""
    import numpy as np
    import pandas as pd

    from geo_pipeline.table_rows import validate
    from geo_pipeline.territory import CODES

    end = pd.Timestamp(LAST_DAY)
    dates = pd.date_range(end - pd.DateOffset(years=years) + pd.DateOffset(days=1), end)
    days = len(dates)
    rng = np.random.default_rng(CODES.index(code))
    season = -np.cos(2 * np.pi * (dates.dayofyear.to_numpy() - 15) / 365.25)
    mean = 11 + 8 * season + rng.normal(0, 3, days)
    rain = np.where(rng.random(days) < 0.35, rng.gamma(0.8, 7.0, days), 0.0)
    numbers = {
        "tmin_c": mean - 4,
        "tmax_c": mean + 5,
        "tmean_c": mean,
        "precip_mm": rain,
        "radiation_mj_m2": 12 + 9 * season + rng.uniform(0, 2, days),
        "wind_m_s": rng.uniform(1, 6, days),
        "rh_pct": rng.uniform(50, 100, days),
        "et0_mm": 2.6 + 2.2 * season + rng.uniform(0, 0.6, days),
    }
    return validate(
        "weather_daily",
        pd.DataFrame(
            {
                "departement": code,
                "date": dates,
                **{name: values.round(1) for name, values in numbers.items()},
                "et0_method": "penman-monteith",
                "et0_source_mm": np.nan,
                "swi_source": np.nan,
                "stations": pd.array([pd.NA] * days, dtype="Int64"),
                "source": "generated",
                "resolution": "day",
                "provisional": False,
            }
        ),
    )


def make_home(home: Path, years: int, codes: Sequence[str]) -> None:
    """Write the weather of `codes` into the lake of `home`."""
    from geo_pipeline.provenance import Provenance
    from geo_pipeline.storage.lake import Lake

    lake = Lake(home / "lake")
    for code in codes:
        origin = Provenance("generated", "none", LAST_DAY, f"{code} {years}")
        lake.write("weather_daily", weather(code, years), origin, code)


def work(codes: Sequence[str]) -> None:
    """Do the work of the two assets here; print what it took."""
    import dagster

    from benchmarks.runs import Nobody
    from geo_pipeline.assets import drought
    from geo_pipeline.cli import OBJECTS_BETWEEN_COLLECTIONS
    from geo_pipeline.runtime.workspace import Workspace
    from geo_pipeline.settings import Settings

    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)  # as the command does
    workspace = Workspace(Settings())
    nobody = Nobody(codes, dagster.DagsterInstance.ephemeral())
    started, before = time.perf_counter(), os.times()
    for table in TABLES:
        asset = getattr(drought, table)
        inspect.unwrap(asset.op.compute_fn.decorated_fn)(nobody, workspace)
    clock_s, after = time.perf_counter() - started, os.times()
    cpu_s = sum(after[:4]) - sum(before[:4])
    print(json.dumps({"clock_s": clock_s, "cpu_s": cpu_s}))


def measured(home: Path, cores: int, codes: Sequence[str]) -> Taken:
    """Run the work in a process of its own that may use so many cores."""
    environment = {
        **os.environ,
        "GEO_PIPELINE_HOME": str(home),
        "GEO_PIPELINE_PROCESSES": str(cores),
    }
    command = [sys.executable, "-m", "benchmarks.growth", "work", *codes]
    pinned = shutil.which("taskset")
    if pinned:
        command = [pinned, "--cpu-list", f"0-{cores - 1}", *command]
    lines, peak_mb = apart(command, environment)
    return Taken(**json.loads(lines[-1]), peak_mb=peak_mb)


def apart(command: Sequence[str], environment: Mapping[str, str]) -> tuple[list[str], float]:
    """Run a command in a process of its own; return its lines and the peak of its memory, MB."""
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors
        )
        peak = Peak(child.pid)
        output, _ = child.communicate()
        peak_mb = peak.end()
        if child.returncode != 0:
            errors.seek(0)
            sys.exit(f"{' '.join(command[:6])} failed:\n{errors.read().decode()}")
    return output.decode().splitlines(), peak_mb


class Peak:
    """Looks at the memory of a process and its children until it is told to end."""

    def __init__(self, pid: int) -> None:
        self._pid, self._most_kb, self._over = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> float:
        """Return the most held at the same time, MB; 0 but on Linux."""
        self._over.set()
        self._thread.join()
        return self._most_kb / 1024

    def _look(self) -> None:
        while not self._over.wait(LOOK_AGAIN_S):
            self._most_kb = max(self._most_kb, sum(map(_held_kb, _family(self._pid))))


def _family(pid: int) -> Iterator[int]:
    """The process and its descendants."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for thread in Path(f"/proc/{pid}/task").iterdir():
            if thread.name != str(pid):
                children += (thread / "children").read_text().split()
    except OSError:  # it is gone, or this is not Linux
        return
    for child in children:
        yield from _family(int(child))


def _held_kb(pid: int) -> int:
    """Memory of a process, its part of what is shared."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def rows(folder: Path, years: int, places: int) -> Iterator[tuple[str, ...]]:
    """Measure one record and number of places; yield the rows of the table."""
    from benchmarks.runs import require_same
    from geo_pipeline.territory import CODES

    codes, taken = CODES[:places], []
    for cores in CORES:
        home = folder / f"{cores}"
        make_home(home, years, codes)
        taken.append(measured(home, cores, codes))
        faster = f"{taken[0].clock_s / taken[-1].clock_s:.2f}" if cores > 1 else ""
        yield (
            *(f"{years}", f"{places}", f"{cores}", f"{taken[-1].clock_s:.1f} s"),
            *(f"{taken[-1].cpu_s:.1f} s", f"{taken[-1].peak_mb:.0f} MB", faster),
        )
    require_same(*(folder / f"{cores}" / "lake" for cores in CORES))


def main() -> None:
    """Measure and print the table."""
    words, smallest = asked()
    match words:
        case ["work", *codes]:
            work(codes)
            return
        case [years, places]:
            measurements = [(int(years), int(places))]
        case _ if smallest:
            measurements = [(1, 1)]
        case _:
            measurements = [(years, places) for years in YEARS for places in PLACES]
    from rich.console import Console
    from rich.table import Table

    table = Table("years", "places", "cores", "clock", "processors", "memory", "faster")
    table.title = machine()
    for years, places in measurements:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            for row in rows(Path(name), years, places):
                table.add_row(*row)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
