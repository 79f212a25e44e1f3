"""`just bench-runs`: what a run costs on this machine, and how much of it is Dagster's.

Three processes take turns, each in a fresh home, on the embedded data:

- the command `geo-pipeline run`, from its start to its end;
- the same work without Dagster: the functions that the assets and checks of that command's job are
  made of, in the order of the job, with the log, the findings and the snapshot for the app; what
  they tell Dagster goes nowhere. Loading Dagster and all that is defined with it is taken off, for
  they cannot be loaded without;
- that work without the checks of rows (`automation.checks`) as well.

One département again by `materialize` is measured the same way. The smallest measurement, of one
département, has neither this nor the work without checks.

Dagster's share is what the first takes beyond the second, in per cent of the first: its loading,
its records, its metadata, its events. The checks are ours, not Dagster's: their share is what the
second takes beyond the third. Each is told of the time on the clock and of that on the processors,
as the median over the turns; on a machine that others use too only the latter means much. Ratios
and aims are printed; nothing fails for being slow.

`PARTS` is for what a single part of the work costs, such as one that keeps data safe.
"""

import gc
import inspect
import json
import logging
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import SimpleNamespace
from typing import Any, NamedTuple

from benchmarks.common import ROOT, asked, machine, told

TURNS = 3
DAGSTER_AIM_PCT = 25
MATERIALIZE_AIM = 1.15
WITHOUT_DAGSTER = "without-dagster"
WITHOUT_CHECKS = "without-checks"

ROOMS_WITHOUT_DAGSTER = ("sources", "indicators", "transforms", "spatial", "storage", "publishing")
MODULES_WITHOUT_DAGSTER = ("cli", "runtime.workspace")


class Taken(NamedTuple):
    """What a process took: time on the clock and on the processors, memory at its peak."""

    clock_s: float
    cpu_s: float
    peak_mb: float


def process(home: Path, *arguments: str) -> tuple[Taken, str]:
    """Run `python <arguments>` on `home`; return what it took and the last line it wrote.

    Processor time is that of the process and of the children it waited for.
    """
    environment = {**os.environ, "GEO_PIPELINE_HOME": str(home)}
    environment.pop("DAGSTER_HOME", None)
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(child.pid, 0)
        spent = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read().decode()
    if child.returncode != 0:
        sys.exit(f"{' '.join(arguments)} failed:\n{said}")
    taken = Taken(spent, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
    return taken, said.strip().rpartition("\n")[2]


def with_dagster(home: Path, codes: Sequence[str]) -> Taken:
    """Measure the command on `codes`, all départements where there are none."""
    some = ("--departements", ",".join(codes)) if codes else ()
    return process(home, "-m", "geo_pipeline", "run", *some)[0]


def directly(home: Path, what: str, codes: Sequence[str]) -> Taken:
    """Measure the work that `what` names, less what loading Dagster took of it."""
    taken, said = process(home, "-m", "benchmarks.runs", what, *codes)
    loading = json.loads(said)
    return taken._replace(
        clock_s=taken.clock_s - loading["clock_s"], cpu_s=taken.cpu_s - loading["cpu_s"]
    )


def require_same(lake: Path, other: Path) -> None:
    """End the measurement where two lakes differ: nobody is fast for having done less."""
    one, two = (
        {path.relative_to(each): path.read_bytes() for path in each.rglob("*.parquet")}
        for each in (lake, other)
    )
    if differ := sorted({path for path, _ in one.items() ^ two.items()}):
        sys.exit(f"{len(differ)} files of the lakes differ, {differ[0]} first: not the same work")


# In the process that is measured --------------------------------------------------------------


class Nobody:
    """Stands where Dagster's context of a step would, and keeps nothing of what it is told.

    `instance` is one without records.
    """

    has_partition_key = False
    has_partition_key_range = True

    def __init__(self, codes: Sequence[str], instance: Any) -> None:
        self.instance = instance
        self.partition_keys = list(codes)
        self.op_execution_context = self
        self.run = SimpleNamespace(run_id="", tags={})
        self.log = logging.getLogger("benchmarks")
        self.log.addHandler(logging.NullHandler())
        self.log.propagate = False

    def add_asset_metadata(self, metadata: Mapping[str, Any], partition_key: str) -> None:
        """Nobody is told of a file."""

    def log_event(self, event: object) -> None:
        """Nobody is told of a check."""


def work(codes: Sequence[str], *, checked: bool) -> dict[str, float]:
    """Do the work of a run of `codes` here; return what loading Dagster and our part of it took."""
    from geo_pipeline.cli import OBJECTS_BETWEEN_COLLECTIONS

    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)  # as the command does
    for room in ROOMS_WITHOUT_DAGSTER:
        package = import_module(f"geo_pipeline.{room}")
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    for name in MODULES_WITHOUT_DAGSTER:
        import_module(f"geo_pipeline.{name}")
    assert "dagster" not in sys.modules, "its loading would be counted as work"
    before = time.perf_counter(), time.process_time()
    # What the command loads, and the job that it runs.
    import_module("geo_pipeline.commands.runs")
    import dagster

    from geo_pipeline.definitions import build_definitions
    from geo_pipeline.runtime.workspace import Workspace
    from geo_pipeline.settings import Settings
    from geo_pipeline.territory import CODES

    workspace = Workspace(Settings())
    name = "france" if len(codes) == len(CODES) else "departement"
    job = build_definitions(workspace).resolve_job_def(name)
    nobody = Nobody(codes, dagster.DagsterInstance.ephemeral())
    loading = {
        "clock_s": time.perf_counter() - before[0],
        "cpu_s": time.process_time() - before[1],
    }
    from geo_pipeline import logs
    from geo_pipeline.automation import checks, monitoring_files

    handed = {"context": nobody, "workspace": workspace}
    with logs.recording(workspace.settings):
        for function in functions(job):
            if checked or function.__module__ != checks.__name__:
                wanted = inspect.signature(function).parameters
                done = function(**{name: handed[name] for name in wanted})
                if inspect.isgenerator(done):
                    list(done)
    monitoring_files.write(workspace.settings, None)
    return loading


def functions(job: Any) -> Iterator[Callable[..., Any]]:
    """Yield the functions of the assets and checks of `job` in its order, as they were written."""
    for node in job.nodes_in_topological_order:
        yield inspect.unwrap(node.definition.compute_fn.decorated_fn)


def how_it_stands() -> None:
    """Look at every file's footer, as the snapshot and the checks do."""
    from geo_pipeline.settings import Settings
    from geo_pipeline.storage import partition_states

    partition_states.broken(Settings(), datetime.now(UTC))


def seals_of_the_lake() -> None:
    """Look at every byte of the lake once: a run does so at each step that reads a file."""
    from geo_pipeline import seal
    from geo_pipeline.settings import Settings
    from geo_pipeline.storage.lake import Lake
    from geo_pipeline.tables import TABLES

    lake = Lake(Settings().lake)
    for table in TABLES:
        for path in lake.files(table):
            seal.opened(path)


PARTS: dict[str, Callable[[], object]] = {
    "state of the lake (`partition_states.broken`)": how_it_stands,
    "every seal of the lake, once": seals_of_the_lake,
}
"""Parts of the work whose own cost is told, each on a complete home: a line here adds one."""


def parts() -> dict[str, float]:
    """Return the seconds of processors that each of `PARTS` takes."""
    spent = {}
    for name, part in PARTS.items():
        start = time.process_time()
        part()
        spent[name] = time.process_time() - start
    return spent


# The table ------------------------------------------------------------------------------------


def rows(
    folder: Path, codes: Sequence[str], turns: int, *, smallest: bool
) -> Iterator[tuple[str, ...]]:
    """Measure, and yield the rows of the table."""
    home = folder / "run"
    runs: list[Taken] = []
    works: list[Taken] = []
    bare: list[Taken] = []
    kinds = ((WITHOUT_DAGSTER, works), (WITHOUT_CHECKS, bare))[: 1 if smallest else 2]
    for _ in range(turns):
        shutil.rmtree(home, ignore_errors=True)
        runs.append(with_dagster(home, codes))
        for what, taken in kinds:
            taken.append(directly(folder / what, what, codes))
            require_same(home / "lake", folder / what / "lake")
            shutil.rmtree(folder / what)
    where = " ".join(codes) or "whole France"
    yield from _row(f"{where}, `geo-pipeline run`", runs, "20 s, 1 GB")
    yield from _row("the same without Dagster", works)
    yield from _share("so Dagster's share", runs, works, runs, f"{DAGSTER_AIM_PCT} %")
    if not smallest:
        yield from _row("  and without checks", bare)
        yield from _share("so the share of the checks", works, bare, runs)
    whole_s = statistics.median(each.cpu_s for each in runs)
    for name, spent in json.loads(process(home, "-m", "benchmarks.runs", "parts")[1]).items():
        yield name, "", f"{spent:.2f} s, {100 * spent / whole_s:.1f} % of the run", "", ""
    if not smallest:
        one, alone = [], []
        for _ in range(turns):
            one.append(process(home, "-m", "geo_pipeline", "materialize", "31")[0])
            alone.append(directly(home, WITHOUT_DAGSTER, ["31"]))
        yield from _row("one département again, `materialize 31`", one, "8 s")
        yield from _row("the same without Dagster", alone)
        yield "so with Dagster it takes", *_times(one, alone), "", f"{MATERIALIZE_AIM} times"
    loaded = [process(home, "-c", "import geo_pipeline.definitions")[0] for _ in range(turns)]
    yield from _row("loading the definitions", loaded, "3 s")


def _row(what: str, taken: Sequence[Taken], aim: str = "") -> Iterator[tuple[str, ...]]:
    clock, cpu = told([each.clock_s for each in taken]), told([each.cpu_s for each in taken])
    yield what, clock, cpu, f"{max(each.peak_mb for each in taken):.0f} MB", aim


def _share(
    what: str, more: Sequence[Taken], less: Sequence[Taken], of: Sequence[Taken], aim: str = ""
) -> Iterator[tuple[str, ...]]:
    clock, cpu = [], []
    for one, other, whole in zip(more, less, of, strict=True):
        clock.append(100 * (one.clock_s - other.clock_s) / whole.clock_s)
        cpu.append(100 * (one.cpu_s - other.cpu_s) / whole.cpu_s)
    yield what, told(clock, "%", 0), told(cpu, "%", 0), "", aim


def _times(more: Sequence[Taken], less: Sequence[Taken]) -> tuple[str, str]:
    """Return how many times as long the one takes, on the clock and of processors."""
    clock = [one.clock_s / other.clock_s for one, other in zip(more, less, strict=True)]
    cpu = [one.cpu_s / other.cpu_s for one, other in zip(more, less, strict=True)]
    return told(clock, "times"), told(cpu, "times")


def main() -> None:
    """Measure and print the table."""
    words, smallest = asked()
    match words:
        case ["parts"]:
            print(json.dumps(parts()))
            return
        case [what, *codes] if what in (WITHOUT_DAGSTER, WITHOUT_CHECKS):
            from geo_pipeline.territory import CODES

            print(json.dumps(work(codes or CODES, checked=what == WITHOUT_DAGSTER)))
            return
    from rich.console import Console
    from rich.table import Table

    codes, turns = (["31"], 1) if smallest else ([], TURNS)
    table = Table("what", "time on the clock", "of processors", "peak memory", "aim")
    table.title = machine()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        for row in rows(Path(name), codes, turns, smallest=smallest):
            table.add_row(*row)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
