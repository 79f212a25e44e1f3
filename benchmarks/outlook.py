"""`just bench-outlook`: the outlook of soils and all its hindcasts, on the embedded data.

Every past issue of the record, all départements and crops: ensembles, references, scores and valid
rows, in blocks on the threads that the pipeline uses. Told of each turn is the time on the clock
and on the processors; the aim is for two cores. The outlook of today and the rain until recovery
are measured beside it.
"""

import statistics
import time
from collections.abc import Callable, Sequence

import pandas as pd

from benchmarks.common import ROOT, asked, machine, told
from geo_pipeline.assets.soil_outlook import AT_ONCE, WORKERS
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.territory import CODES
from geo_pipeline.threads import mapped
from geo_pipeline.transforms.soil_outlook import outlook_hindcast, recovery, soil_outlook
from geo_pipeline.transforms.weather import with_et0

TURNS = 3
AIM_S = 60.0
SMALLEST_CODES = ("31", "32")

Make = Callable[[pd.DataFrame, pd.DataFrame, pd.DataFrame], pd.DataFrame]


def turn(
    make: Make, blocks: Sequence[pd.DataFrame], agronomy: tuple[pd.DataFrame, pd.DataFrame]
) -> tuple[float, float, int]:
    """Return seconds on the clock and on the processors, and how many rows were made."""
    clock, processor = time.perf_counter(), time.process_time()
    rows = sum(
        len(frame) for frame in mapped(lambda block: make(block, *agronomy), blocks, WORKERS)
    )
    return time.perf_counter() - clock, time.process_time() - processor, rows


def main() -> None:
    """Measure and print."""
    _, smallest = asked()
    source = Bundled(ROOT / "assets_data")
    codes = SMALLEST_CODES if smallest else CODES
    weather = with_et0(source.weather_daily(list(codes)))
    blocks = [
        weather[weather["departement"].isin(codes[first : first + AT_ONCE])]
        for first in range(0, len(codes), AT_ONCE)
    ]
    blocks = [block for block in blocks if len(block)]
    agronomy = source.crop_parameters(), source.soil_storage()
    print(machine())
    for make in (outlook_hindcast, soil_outlook, recovery):
        turns = [turn(make, blocks, agronomy) for _ in range(1 if smallest else TURNS)]
        clocks, processors, rows = zip(*turns, strict=True)
        print(
            f"{make.__name__}: {rows[0]:,} rows, "
            f"clock {told(clocks)}, processors {told(processors)}"
        )
        if make is outlook_hindcast:
            print(f"  aim: {AIM_S:.0f} s, {statistics.median(clocks) / AIM_S:.0%} of it taken")


if __name__ == "__main__":
    main()
