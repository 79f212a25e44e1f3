"""Yields of all crops and dates of issue, measured with permutations: `just bench-yields`.

On the embedded data, the whole of France, in this process. What is told is processor time: the aim
is that measuring takes under 120 s.
"""

import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.common import ROOT, asked, machine
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.territory import CODES
from geo_pipeline.transforms.crop_seasons import seasons_of_crops
from geo_pipeline.transforms.weather import with_et0
from geo_pipeline.transforms.yields import measured, yield_outlook, yield_skill

FEW = ("31", "32")
"""Of the smallest measurement."""


def main() -> None:
    """Measure and print the table."""
    _, smallest = asked()
    source, codes = Bundled(ROOT / "assets_data"), FEW if smallest else CODES
    weather, statistics = with_et0(source.weather_daily(codes)), source.crop_statistics(codes)
    agronomy = source.crop_parameters(), source.soil_storage()
    table = Table(title=f"{machine()}; {len(codes)} départements")
    for heading in ("what", "processor"):
        table.add_column(heading, justify="left" if heading == "what" else "right")

    def timed(what: str, make: Callable[[], Any]) -> Any:
        start = time.process_time()
        result = make()
        table.add_row(what, f"{time.process_time() - start:.1f} s")
        return result

    crops = list(seasons_of_crops(weather, statistics, *agronomy))
    dates = [issue for each in crops for issue in each.issues]
    timed(f"features of {len(dates)} dates of issue", lambda: [each.features for each in dates])
    rows = timed("skill, with permutations", lambda: [r for each in crops for r in measured(each)])
    skill = yield_skill(rows)
    told = timed("outlook", lambda: yield_outlook(crops, skill))
    Console(width=120).print(table)
    print(f"{len(told):,} yields told, {int((skill['verdict'] == 'model').sum())} dates by a model")


if __name__ == "__main__":
    main()
