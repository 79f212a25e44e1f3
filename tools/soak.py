"""`just soak`: an hour of work in accelerated time, and whether anything leaks, is lost or locks.

Three départements get a later last day with each run, half a year on, then
from the beginning again. Every third run is killed after a random while and continued with
`--resume`. Beside it readers ask the app and its data, and one opens the publication at each turn.
At the end the lake must have the bytes of a home that saw the last day alone, and the raw data and
notes that lay there before. Memory and file handles of the app, and the files of the home, are
taken at each turn: what is higher in the last third than in the second, by more than chance allows,
is told as a leak. Exit code 1 where anything is.
"""

import hashlib
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Final

import psutil
import typer
from rich.console import Console

from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.warehouse import Warehouse
from tests.conftest import digests
from tests.serving import ROOT, serving

CODES: Final = "31,32,33"
FIRST_YEAR: Final = 2015
LAST_YEAR: Final = 2021
KILLED_EVERY: Final = 3
READERS: Final = 4
GRACE: Final = 1.1
"""Growth from the second third of the turns to the last that is no leak."""
GRACE_MB: Final = 40.0
GRACE_HANDLES: Final = 10
LOCKED: Final = ("database is locked", "could not set lock", "conflicting lock", "timeouterror")
RAW: Final = Path("raw", "soak", "example.org", "answer~0123456789ab", "answer.json")

PATHS: Final = (
    "/health",
    "/app",
    "/app?page=departement&departement=31",
    "/app?page=pipeline",
    "/api/v1/tables/departement_risk?limit=50",
    "/metrics",
)


@dataclass
class Turn:
    """What was measured after a run."""

    until: date
    seconds: float
    killed: bool
    memory_mb: float
    handles: int
    home_mb: float
    files: int


@dataclass
class Report:
    """What happened."""

    turns: list[Turn] = field(default_factory=list)
    asked: int = 0
    slowest_s: float = 0.0
    wrong: list[str] = field(default_factory=list)
    """Losses, lock errors and failures, one line each."""

    def leaks(self) -> list[str]:
        """Return what has grown beyond chance, in a line each."""
        third = len(self.turns) // 3
        if third < 2:
            return []
        found = []
        kinds: list[tuple[str, Callable[[Turn], float], float]] = [
            ("memory of the app, MB", lambda each: each.memory_mb, GRACE_MB),
            ("file handles of the app", lambda each: each.handles, GRACE_HANDLES),
            ("files of the home, but logs and records", lambda each: each.files, GRACE_HANDLES),
        ]
        for name, value, grace in kinds:
            middle = statistics.median(map(value, self.turns[third : 2 * third]))
            last = statistics.median(map(value, self.turns[-third:]))
            if last > middle * GRACE and last > middle + grace:
                found.append(f"{name}: {middle:.0f} in the second third, {last:.0f} in the last")
        return found


class Soak:
    """A home, the app on it, and what goes on meanwhile."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.home = folder, folder / "home"
        self.report = Report()
        self.chance = random.Random(seed)
        self.over = threading.Event()

    def command(self, *arguments: str, home: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a command on the home."""
        return subprocess.Popen(
            [sys.executable, "-m", "geo_pipeline", *arguments],
            cwd=ROOT,
            env={**os.environ, "GEO_PIPELINE_HOME": str(home or self.home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, *arguments: str, home: Path | None = None, kill: bool = False) -> None:
        """Run a command to its end, or kill it with all its children after a random while."""
        process = self.command(*arguments, home=home)
        try:
            after_s = self.chance.uniform(1.0, 12.0) if kill else None
            _, errors = process.communicate(timeout=after_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return
        said = errors.decode(errors="replace")
        self.look_for_locks(said, " ".join(arguments))
        if process.returncode != 0:
            line = (said.strip().splitlines() or ["without a word"])[-1]
            self.report.wrong.append(f"{' '.join(arguments)} ended with {line}")

    def look_for_locks(self, said: str, where: str) -> None:
        """Note lock errors in what a process said."""
        for line in said.splitlines():
            if any(each in line.lower() for each in LOCKED):
                self.report.wrong.append(f"a lock error of {where}: {line[:200]}")

    def read(self, base: str, number: int) -> None:
        """Ask the app for one thing after the other until all is over."""
        at = number
        while not self.over.wait(0.5):
            path = PATHS[at % len(PATHS)]
            at += 1
            begun = time.monotonic()
            try:
                with urllib.request.urlopen(f"{base}{path}", timeout=120) as answer:
                    answer.read()
            except urllib.error.HTTPError as error:
                if error.code != 503 or path != "/app":  # 503: all places are taken
                    self.report.wrong.append(f"{path} answered {error.code}")
            except OSError as error:
                self.report.wrong.append(f"{path}: {error}")
            self.report.asked += 1
            self.report.slowest_s = max(self.report.slowest_s, time.monotonic() - begun)

    def check(self) -> None:
        """Read the publication to its end, and each file of the lake."""
        try:
            warehouse = Warehouse(self.home / "published" / "drought.duckdb")
            rows = len(warehouse.query("provenance"))
            warehouse.close()
            if rows == 0:
                self.report.wrong.append("the publication has no rows")
        except GeoPipelineError as error:
            self.report.wrong.append(f"the publication: {error}")
        lake = Lake(self.home / "lake")
        for path in sorted(lake.root.glob("*/**/part.parquet")):
            if (damage := lake.inspect(path).damage) is not None:
                self.report.wrong.append(f"damaged: {damage}")

    def measure(self, app: psutil.Process, until: date, seconds: float, *, killed: bool) -> None:
        """Take memory, handles and files."""
        files = [path for path in self.home.rglob("*") if path.is_file()]
        counted = [p for p in files if p.relative_to(self.home).parts[0] not in ("dagster", "logs")]
        self.report.turns.append(
            Turn(
                until,
                seconds,
                killed,
                app.memory_info().rss / 1e6,
                app.num_fds(),
                sum(path.stat().st_size for path in files) / 1e6,
                len(counted),
            )
        )


def months() -> list[date]:
    """Return the last days of the runs, one after the other."""
    return [date(year, month, 28) for year in range(FIRST_YEAR, LAST_YEAR + 1) for month in (3, 8)]


def soak(work: Soak, minutes: float, console: Console) -> Report:
    """Work for so many minutes, and tell each turn."""
    end = time.monotonic() + 60 * minutes
    days = months()
    work.run("run", "--departements", CODES, "--until", days[0].isoformat())
    answer = work.home / RAW
    answer.parent.mkdir(parents=True)
    answer.write_bytes(b"as it was sent")
    sent = hashlib.sha256(answer.read_bytes()).hexdigest()
    log = work.folder / "app.log"
    until, number = days[0], 0
    with serving(work.home, log, check_s=2, unused_s=4) as (process, url):
        base = url.removesuffix("/app")
        readers = [threading.Thread(target=work.read, args=(base, each)) for each in range(READERS)]
        for each in readers:
            each.start()
        app = psutil.Process(process.pid)
        try:
            while number < 2 or time.monotonic() < end:
                number += 1
                until, killed = days[number % len(days)], number % KILLED_EVERY == 0
                begun = time.monotonic()
                options = ("run", "--departements", CODES, "--until", until.isoformat())
                work.run(*options, kill=killed)
                if killed:
                    work.run("run", "--resume", "--until", until.isoformat())
                    work.run(*options)
                work.check()
                work.measure(app, until, time.monotonic() - begun, killed=killed)
                last = work.report.turns[-1]
                console.print(
                    f"{number:4} until {until} {last.seconds:6.1f} s{' killed' * killed:7} "
                    f"app {last.memory_mb:6.0f} MB, {last.handles:3} handles; home "
                    f"{last.home_mb:6.1f} MB, {last.files} files; {work.report.asked} answers",
                    highlight=False,
                    soft_wrap=True,
                )
        finally:
            work.over.set()
            for each in readers:
                each.join()
    work.look_for_locks(log.read_text(encoding="utf-8", errors="replace"), "the app")
    if hashlib.sha256(answer.read_bytes()).hexdigest() != sent:
        work.report.wrong.append("a raw answer was changed")
    anew = work.folder / "anew"
    work.run("run", "--departements", CODES, "--until", until.isoformat(), home=anew)
    one, other = digests(work.home / "lake"), digests(anew / "lake")
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            work.report.wrong.append(f"{name} is not what a new home has")
    return work.report


def main(
    minutes: Annotated[float, typer.Option(help="How long to work; at least two runs.")] = 60.0,
    seed: Annotated[int, typer.Option(help="Of the moments at which runs are killed.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the turns as JSON.")] = False,
) -> None:
    """Work on a home of its own for a while; tell leaks, losses and lock errors."""
    console = Console(stderr=as_json)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        report = soak(Soak(Path(folder), seed), minutes, console)
    leaks = report.leaks()
    if as_json:
        turns = [{**vars(each), "until": each.until.isoformat()} for each in report.turns]
        sys.stdout.write(json.dumps({"turns": turns, "wrong": report.wrong, "leaks": leaks}))
    for line in (*report.wrong, *leaks):
        console.print(line, style="red", markup=False)
    enough = "" if len(report.turns) >= 6 else "; too few turns to tell leaks"
    console.print(
        f"{len(report.turns)} runs, {sum(each.killed for each in report.turns)} of them killed; "
        f"{report.asked} answers of the app, the slowest after {report.slowest_s:.1f} s; "
        f"{len(report.wrong)} wrong, {len(leaks)} leaks{enough}"
    )
    if report.wrong or leaks:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
