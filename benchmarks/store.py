"""`just bench-store`: what the lake in an object store costs beside a folder, on one machine.

The same partitions written, read for the first time, read again and listed; then
`geo-pipeline run` of three départements, in fresh homes, in turns. Each as the ratio of the store
(SeaweedFS on loopback: no network between, so what is told is the cost of requests) to the folder.
The run also tells its requests by kind. Nothing fails for being slow.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.common import ROOT, asked, machine, told
from geo_pipeline.settings import Settings
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.storage.lake import Lake
from geo_pipeline.territory import CODES
from tests.object_store import KEY, SECRET, proxied, served

TURNS = 3
PLACES = ("31", "32", "33")
TABLE = "crop_statistics"


def settings_of(home: Path, endpoint: str | None) -> Settings:
    """Return the settings of a home in a folder, or of one in the store at `endpoint`."""
    if endpoint is None:
        return Settings(home=home)
    told = {"store": f"s3://measured/{home.name.lower()}", "store_endpoint": endpoint}
    keys = {"store_access_key_id": KEY, "store_secret_access_key": SECRET}
    return Settings.model_validate({"home": home, **told, **keys})


def partitions(folder: Path, endpoint: str | None, codes: Sequence[str]) -> dict[str, float]:
    """Return the seconds that each kind of work on the partitions of `codes` takes."""
    source = Bundled(Settings().embedded_data)
    origin = source.provenance("crop_statistics.parquet")
    frames = {code: source.crop_statistics([code]) for code in codes}
    settings = settings_of(folder / ("store" if endpoint else "folder"), endpoint)
    lake = Lake(settings.lake)

    def write() -> None:
        for code, frame in frames.items():
            lake.write(TABLE, frame, origin, code)

    def read() -> None:
        lake.read(TABLE, *codes)

    def afresh() -> None:
        shutil.rmtree(settings.home / "objects", ignore_errors=True)
        read()

    works: dict[str, Callable[[], object]] = {
        "written": write,
        "read for the first time": afresh,
        "read again": read,
        "listed": lambda: [path.stat() for path in lake.files(TABLE)],
    }
    write()
    taken = {}
    for name, work in works.items():
        seconds = []
        for _ in range(TURNS):
            start = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - start)
        taken[name] = statistics.median(seconds)
    return taken


def run(home: Path, endpoint: str | None) -> tuple[float, float]:
    """Return the seconds on the clock and on the processors of a run in a fresh home."""
    settings = settings_of(home, endpoint)
    environment = {**os.environ, "GEO_PIPELINE_HOME": str(home)}
    if endpoint is not None:
        environment |= {
            "GEO_PIPELINE_STORE": settings.store,
            "GEO_PIPELINE_STORE_ENDPOINT": endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }
    command = [sys.executable, "-m", "geo_pipeline", "run", "--departements", ",".join(PLACES)]
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        if child.returncode != 0:
            sys.exit(output.read().decode())
    return time.perf_counter() - start, used.ru_utime + used.ru_stime


def kinds(seen: Sequence[str]) -> str:
    """Return the requests of a run by method and by part of the home."""
    counted: Counter[str] = Counter()
    for method, _, path in (each.partition(" ") for each in seen):
        part = "list" if "list-type" in path else [*path.split("/"), "", "", ""][3]
        counted[f"{method} {part}"] += 1
    return ", ".join(f"{count} {kind}" for kind, count in counted.most_common())


def main() -> None:
    """Print the ratios."""
    _, smallest = asked()
    print(machine())
    with served() as store, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        codes = CODES[:4] if smallest else CODES
        one, other = (partitions(folder, each, codes) for each in (store.address, None))
        for what, seconds in one.items():
            print(
                f"{len(codes)} partitions {what:24} {seconds / len(codes) * 1e3:6.2f} ms each, "
                f"{seconds / other[what]:5.1f} x the folder"
            )
        if smallest:
            return
        taken: dict[str, list[tuple[float, float]]] = {"store": [], "folder": []}
        for turn in range(TURNS):
            taken["folder"].append(run(folder / f"folder-{turn}", None))
            taken["store"].append(run(folder / f"store-{turn}", store.address))
        for n, clock in enumerate(("on the clock", "on the processors")):
            of_store, of_folder = ([each[n] for each in taken[k]] for k in ("store", "folder"))
            ratio = statistics.median(of_store) / statistics.median(of_folder)
            print(
                f"run of {len(PLACES)} {clock}: store {told(of_store)}, folder {told(of_folder)}: "
                f"{ratio:.2f} x"
            )
        with proxied(store) as proxy:
            run(folder / "counted", proxy.address)
            print(f"its {len(proxy.seen)} requests: {kinds(proxy.seen)}")


if __name__ == "__main__":
    main()
