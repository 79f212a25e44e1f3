"""`just bench-fresh-day`: what a day more costs once a long record is there, by step.

SIM2 (a cell of each metropolitan département) and NASA POWER (overseas) are served on loopback,
with one file a year and that of the last 60 days, as the providers have them. A home is made of
them from nothing, then brought up to date by a day within a dekad, and then to the end of that
dekad. Each time the functions of the assets and checks do their work in a process of its own, in
the order of the job and without Dagster's records; a further day is made by the command `run`, with
all that is its own. Past forecasts of soils are left out: they are made once a year, by the command
too, which is why it is not measured from nothing. Seconds are those of the processors, of the
process and its workers.

`python -m benchmarks.fresh_day 65 101` is the whole: years, and how many départements. A third word
names a home that stays.
"""

import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks.common import asked, machine
from benchmarks.growth import apart
from tests.cli.live_host import FOLDER, LIST, POWER, PowerHost

YEARS, PLACES = 65, 101
FEW_YEARS, FEW_PLACES, FEW_RUNS = 2, 1, 2
BY_COMMAND = "a day more by the command"
AIM_S = 60.0
LATEST_DAYS = 60
ANCHOR = (4360, 18570)
"""A cell of the grid."""
ONCE_A_YEAR = {"outlook_hindcast", "outlook_skill"}
TOLD_FROM_S = 0.5
COLUMNS = ("PRENEI", "PRELIQ", "T", "FF", "SSI", "HU", "ETP", "SWI", "TINF_H", "TSUP_H")


def days() -> dict[str, date]:
    """Return the last day of weather of each run: of the last whole month, by what is measured."""
    month = (datetime.now(UTC).date().replace(day=1) - timedelta(days=1)).replace(day=1)
    return {
        "all from nothing": month.replace(day=14),
        "a day within a dekad": month.replace(day=15),
        BY_COMMAND: month.replace(day=16),
        "the end of a dekad": month.replace(day=20),
    }


class Host(PowerHost):
    """Files of SIM2, and NASA POWER."""

    def put(self, cells: Sequence[tuple[int, int]], first: date, last: date, name: str) -> None:
        """Put the grid file of these days."""
        self.files[f"{FOLDER}QUOT_SIM2_{name}.csv.gz"] = grid(cells, first, last)
        resources = [
            {"title": path.rpartition("/")[2], "url": f"{self.url}{path}"}
            for path in self.files
            if path != LIST
        ]
        self.files[LIST] = json.dumps({"resources": resources}).encode()


def grid(cells: Sequence[tuple[int, int]], first: date, last: date) -> bytes:
    """Return a grid file: seasons and noise that are the same whenever a day is asked for."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from isal import igzip
    from pyarrow import csv

    dates = pd.date_range(first, last)
    places, count = len(cells), len(dates)
    noise = np.stack(
        [np.random.default_rng(day).random((places, 3)) for day in dates.map(date.toordinal)],
        axis=1,
    )
    season = np.cos((dates.dayofyear.to_numpy() - 200) / 365.25 * 2 * np.pi)
    mean = 12.0 + 8.0 * season + 6.0 * (noise[..., 0] - 0.5)
    values = {
        "PRENEI": np.zeros((places, count)),
        "PRELIQ": np.where(noise[..., 1] < 0.35, 40.0 * noise[..., 2] ** 3, 0.0),
        "T": mean,
        "FF": 1.0 + 5.0 * noise[..., 2],
        "SSI": 1300.0 + 900.0 * season - 200.0 * noise[..., 1],
        "HU": 60.0 + 30.0 * noise[..., 2],
        "ETP": 2.6 + 2.0 * season + 0.5 * noise[..., 0],
        "SWI": 0.6 - 0.25 * season + 0.2 * (noise[..., 2] - 0.5),
        "TINF_H": mean - 5.0,
        "TSUP_H": mean + 5.0,
    }
    x, y = np.repeat(np.array(cells), count, axis=0).T
    day = np.tile((dates.year * 10_000 + dates.month * 100 + dates.day).to_numpy(), places)
    digits = {name: 3 if name == "SWI" else 1 for name in COLUMNS}
    table = {"LAMBX": x, "LAMBY": y, "DATE": day} | {
        name: np.broadcast_to(values[name], (places, count)).round(digits[name]).ravel()
        for name in COLUMNS
    }
    content = io.BytesIO()
    options = csv.WriteOptions(delimiter=";", quoting_style="none")
    csv.write_csv(pa.table(table), content, options)
    return bytes(igzip.compress(content.getvalue(), 1))


def cells_of(home: Path, codes: Sequence[str]) -> list[tuple[int, int]]:
    """Return the cell that each metropolitan département has most of."""
    from geo_pipeline.runtime.workspace import Workspace
    from geo_pipeline.settings import Settings
    from geo_pipeline.spatial.grid_files import Cell

    shares = Workspace(Settings(home=home)).providers.grid_means.weights(Cell(*ANCHOR))
    most = shares.sort_values("area_m2").groupby("departement").tail(1).set_index("departement")
    chosen = most.loc[[code for code in codes if code in most.index], ["x_hm", "y_hm"]]
    return sorted({(int(x), int(y)) for x, y in chosen.to_numpy()})


def work(codes: Sequence[str]) -> None:
    """Do the work of a run here; print the processor seconds of each step."""
    import gc
    import inspect

    import dagster

    from benchmarks.runs import Nobody, functions
    from geo_pipeline import logs
    from geo_pipeline.automation import monitoring_files
    from geo_pipeline.cli import OBJECTS_BETWEEN_COLLECTIONS
    from geo_pipeline.definitions import build_definitions
    from geo_pipeline.runtime.workspace import Workspace
    from geo_pipeline.settings import Settings

    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)  # as the command does
    workspace = Workspace(Settings())
    job = build_definitions(workspace).resolve_job_def("france")
    nobody = Nobody(codes, dagster.DagsterInstance.ephemeral())
    handed = {"context": nobody, "workspace": workspace}
    spent: dict[str, float] = {}

    def timed(name: str, function: Callable[[], object]) -> None:
        before = sum(os.times()[:4])
        done = function()
        if inspect.isgenerator(done):
            list(done)
        spent[name] = spent.get(name, 0.0) + sum(os.times()[:4]) - before

    with logs.recording(workspace.settings):
        for function in functions(job):
            name = function.__name__
            if name in ONCE_A_YEAR:
                continue
            wanted = {each: handed[each] for each in inspect.signature(function).parameters}
            checks = function.__module__.startswith("geo_pipeline.automation")
            timed("checks" if checks else name, lambda f=function, w=wanted: f(**w))
    timed("snapshot for the app", lambda: monitoring_files.write(workspace.settings, None))
    print(json.dumps(spent))


class Run(NamedTuple):
    """What a run took: processors by step, clock, memory at its peak."""

    what: str
    cpu_s: dict[str, float]
    clock_s: float
    peak_mb: float


def environment(home: Path, host: PowerHost, since: date, until: date) -> dict[str, str]:
    """Return the environment of a run."""
    settings = {
        "HOME": str(home),
        "SOURCE": "sim2",
        "OVERSEAS": "nasa-power",
        "SINCE": since.isoformat(),
        "UNTIL": until.isoformat(),
        "DATA_GOUV_URL": host.url,
        "NASA_POWER_URL": host.url + POWER,
        "OPEN_METEO_SPACING_KM": "200",
        "RATES": json.dumps({host.host: 10_000.0}),
    }
    return {**os.environ, **{f"GEO_PIPELINE_{name}": value for name, value in settings.items()}}


def measured(what: str, settings: dict[str, str], codes: Sequence[str]) -> Run:
    """Do the work in a process of its own."""
    if what == BY_COMMAND:
        return by_command(settings, codes)
    command = [sys.executable, "-m", "benchmarks.fresh_day", "work", *codes]
    started = time.perf_counter()
    lines, most_mb = apart(command, settings)
    spent = json.loads(lines[-1])
    return Run(what, spent, time.perf_counter() - started, most_mb)


def by_command(settings: dict[str, str], codes: Sequence[str]) -> Run:
    """Run the command; the first time it also makes the past forecasts, which are not counted."""
    command = [sys.executable, "-m", "geo_pipeline", "run", "--departements", ",".join(codes)]
    yesterday = date.fromisoformat(settings["GEO_PIPELINE_UNTIL"]) - timedelta(days=1)
    apart(command, settings | {"GEO_PIPELINE_UNTIL": yesterday.isoformat()})
    before, started = os.times(), time.perf_counter()
    _, most_mb = apart(command, settings)
    clock_s, after = time.perf_counter() - started, os.times()
    cpu_s = sum(after[2:4]) - sum(before[2:4])
    return Run(BY_COMMAND, {"the command": cpu_s}, clock_s, most_mb)


def runs(home: Path, years: int, places: int, count: int) -> Iterator[Run]:
    """Yield what each of the first so many runs took."""
    from geo_pipeline.territory import CODES

    codes = CODES[:places]
    with closing(Host()) as host:
        cells = cells_of(home, codes)
        last = max(days().values())
        since = date(last.year - years + 1, 1, 1)
        for year in range(since.year, last.year + 1):
            end = min(date(year, 12, 31), last.replace(day=1) - timedelta(days=1))
            if end >= date(year, 1, 1):
                host.put(cells, date(year, 1, 1), end, str(year))
        for what, until in [*days().items()][:count]:
            host.put(cells, until - timedelta(days=LATEST_DAYS - 1), until, "latest")
            done = measured(what, environment(home, host, since, until), codes)
            print(f"{what}: {done.clock_s:.0f} s on the clock", flush=True)
            yield done


def main() -> None:
    """Measure and print the table."""
    words, smallest = asked()
    size, kept = ((FEW_YEARS, FEW_PLACES) if smallest else (YEARS, PLACES)), ""
    match words:
        case ["work", *codes]:
            work(codes)
            return
        case [years, places, *more]:
            size, kept = (int(years), int(places)), "".join(more[:1])
    from rich.console import Console
    from rich.table import Table

    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        done = list(runs(Path(kept or name), *size, FEW_RUNS if smallest else len(days())))
    table = Table("seconds of processors", *(each.what for each in done))
    table.title = f"{machine()}\n{size[0]} years, {size[1]} départements"
    rows: dict[str, list[float]] = {}
    rest = [0.0] * len(done)
    for step in dict.fromkeys(step for each in done for step in each.cpu_s):
        spent = [each.cpu_s.get(step, 0.0) for each in done]
        if max(spent) >= TOLD_FROM_S:
            rows[step] = spent
        else:
            rest = [one + other for one, other in zip(rest, spent, strict=True)]
    rows |= {"the rest": rest, "together": [sum(each.cpu_s.values()) for each in done]}
    rows["on the clock, with its start"] = [each.clock_s for each in done]
    for step, spent in rows.items():
        table.add_row(step, *(f"{each:.1f}" for each in spent))
    table.add_row("memory at its peak, MB", *(f"{each.peak_mb:.0f}" for each in done))
    Console(width=110).print(table)
    print(f"aim of a day within a dekad: {AIM_S:.0f} s on two cores")


if __name__ == "__main__":
    main()
