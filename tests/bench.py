"""`just bench`: what the work costs on this machine, as medians, with the machine named.

Runs are whole processes (`geo-pipeline ...`), start included; "without Dagster" is the same work
called directly, in a process of its own too, so that the difference is Dagster's book-keeping and
start. Ratios and aims are printed; nothing fails for being slow.
"""

import contextlib
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.serving import serving

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 3


class Measured(NamedTuple):
    """Seconds of each repeat and the largest resident memory, MB."""

    seconds: list[float]
    peak_mb: float = 0.0

    @property
    def median(self) -> float:
        """Median of the repeats, in seconds."""
        return statistics.median(self.seconds)


def process(arguments: Sequence[str], home: Path) -> tuple[float, float]:
    """Run `python <arguments>` and return its seconds and its peak memory in MB."""
    environment = {**os.environ, "GEO_PIPELINE_HOME": str(home)}
    start = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            output.seek(0)
            sys.exit(f"{arguments} failed:\n{output.read().decode()}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def measure(arguments: Sequence[str], home: Callable[[], Path]) -> Measured:
    """Run `python <arguments>` a few times, each in the folder that `home` gives."""
    results = [process(arguments, home()) for _ in range(REPEATS)]
    return Measured([seconds for seconds, _ in results], max(peak for _, peak in results))


def without_dagster(codes: Sequence[str]) -> None:
    """Do the work of a run of `codes` directly: what Dagster's assets call, in the same order."""
    from geo_pipeline.assets.drought import risk_inputs
    from geo_pipeline.assets.providers import attributions
    from geo_pipeline.publishing.exports import export_handful
    from geo_pipeline.schemas import validate
    from geo_pipeline.settings import Settings
    from geo_pipeline.sources.bundled import Bundled
    from geo_pipeline.storage import spatial, warehouse
    from geo_pipeline.storage.lake import Lake
    from geo_pipeline.transforms.calendar import crop_stages
    from geo_pipeline.transforms.drought import drought_indicators
    from geo_pipeline.transforms.soil import soil_water_daily
    from geo_pipeline.transforms.weather import with_et0

    settings = Settings()
    source, lake = Bundled(settings.embedded_data), Lake(settings.lake)
    origin = source.provenance("weather_dekadal.parquet")
    boundaries = spatial.run("departements", {"boundaries": source.boundaries()})
    lake.write("departements", validate("departements", boundaries), origin)
    for table, frames in (
        ("departement_neighbours", {"departements": boundaries}),
        (
            "departement_shapes",
            {"light": source.light_boundaries(), "boundaries": boundaries},
        ),
    ):
        lake.write(table, validate(table, spatial.run(table, frames)), origin)
    restrictions = validate("water_restrictions", source.water_restrictions())
    lake.write("water_restrictions", restrictions, origin)
    weather = with_et0(source.weather_daily(codes))
    crops = source.crop_parameters()
    soil = soil_water_daily(weather, crops, source.soil_storage())
    for table, frame in (
        ("weather_daily", weather),
        ("crop_statistics", validate("crop_statistics", source.crop_statistics(codes))),
        ("soil_water_daily", soil),
        ("drought_indicators", drought_indicators(weather, soil, crops)),
    ):
        parts = dict(list(frame.groupby("departement", observed=True)))
        for code in codes:
            lake.write(table, parts.get(code, frame.iloc[:0]), origin, code)
    risk = spatial.run("departement_risk", risk_inputs(lake))
    lake.write("departement_risk", validate("departement_risk", risk), origin)
    warehouse.publish(lake, settings.warehouse, attributions(), crop_stages(crops))
    published = warehouse.Warehouse(settings.warehouse)
    export_handful(published, settings.exports, settings.language)


def runs(folder: Path) -> list[tuple[str, str, str, str]]:
    """Measure whole processes; return rows of the table."""
    numbers = iter(range(1000))

    def fresh() -> Path:
        return folder / f"home{next(numbers)}"

    france = measure(["-m", "geo_pipeline", "run"], fresh)
    home = folder / "home0"
    one = measure(["-m", "geo_pipeline", "materialize", "31"], lambda: home)
    direct = measure(["-m", "tests.bench", "without-dagster"], fresh)
    direct_one = measure(["-m", "tests.bench", "without-dagster", "31"], lambda: home)
    start = measure(["-c", "import geo_pipeline.definitions"], fresh)
    share = 100 * (france.median - direct.median) / france.median
    return [
        (
            "whole France, `geo-pipeline run`",
            said(france),
            f"{france.peak_mb:.0f} MB",
            "20 s, 1 GB",
        ),
        ("the same without Dagster", said(direct), f"{direct.peak_mb:.0f} MB", ""),
        ("  so Dagster's own part", f"{share:.0f} %", "", "under half"),
        ("one département, `materialize 31`", said(one), f"{one.peak_mb:.0f} MB", "8 s"),
        ("the same without Dagster", said(direct_one), f"{direct_one.peak_mb:.0f} MB", ""),
        ("loading the definitions", said(start), f"{start.peak_mb:.0f} MB", "3 s"),
    ]


@contextlib.contextmanager
def served(home: Path) -> Iterator[str]:
    """Serve the app on the publication in `home` on a free loopback port; give its address."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(home, Path(folder) / "log") as (_, address),
    ):
        yield address


def said(measured: Measured) -> str:
    """Return the median with its extremes."""
    low, high = min(measured.seconds), max(measured.seconds)
    return f"{measured.median:.2f} s ({low:.2f}-{high:.2f})"


def machine() -> str:
    """Name the machine: processor, cores, system, Python."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    return (
        f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )


def main() -> None:
    """Measure and print the table."""
    if sys.argv[1:2] == ["without-dagster"]:
        from geo_pipeline.departements import CODES

        without_dagster(sys.argv[2:] or CODES)
        return
    table = Table("what", "median (extremes)", "peak memory", "aim", title=machine())
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        for row in runs(folder):
            table.add_row(*row)
    finally:
        shutil.rmtree(folder)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
