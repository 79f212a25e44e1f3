"""Standardised indices beside their peers: `just bench-indicators [places ...]`.

SPI-3 and SPEI-3 of 60 years of months, for 96 and for 9,892 places, by this package,
climate-indices (a block of all places in one call) and xclim (`floc=0`). The peers are pinned in
`requirements-peers.txt` and run by the interpreter that `PEERS_PYTHON` names: the recipe makes an
environment for them. Each candidate runs in a process of its own, with the same numbers, in the
layout it works on best; a first call on a few places is not counted, nor are imports. Memory is
what the calls add to the process at its peak, result included, input not.

The methods are the fastest that each has for the index: L-moments here (Thom would be faster), Thom
for climate-indices' and xclim's gamma, unbiased moments for climate-indices' SPEI, xclim's "APP".
"""

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.common import ROOT, asked, machine, told

PEERS_PYTHON = os.environ.get("PEERS_PYTHON", sys.executable)
PLACES = (96, 9_892)
FEW = (4,)
"""Of the smallest measurement."""
YEARS = 60
REPEATS = 5
PLENTY = 10.0
"""Seconds after which a candidate is not measured again."""

Series = np.ndarray
Call = Callable[[], object]


def rain_and_et0(places: int) -> tuple[Series, Series]:
    """Rain (one month in twenty dry) and a seasonal ET0, (places, months), mm."""
    rng = np.random.default_rng(2022)
    rain = rng.gamma(1.3, 45.0, size=(places, 12 * YEARS))
    rain[rng.random(rain.shape) < 0.05] = 0.0
    season = 60.0 - 50.0 * np.cos(2.0 * np.pi * np.arange(12 * YEARS) / 12.0)
    return rain, season * rng.uniform(0.8, 1.2, size=rain.shape)


def ours(index: str, rain: Series, et0: Series) -> Call:
    """This package."""
    from geo_pipeline.indicators.standardised import spei, spi

    if index == "spi":
        return lambda: spi(rain, 3)
    balance = rain - et0
    return lambda: spei(balance, 3)


def climate_indices(index: str, rain: Series, et0: Series) -> Call:
    """climate-indices, time first, all places in one block."""
    import logging

    from climate_indices import indices
    from climate_indices.compute import Periodicity

    logging.disable(logging.CRITICAL)
    rain, et0 = (np.ascontiguousarray(x.T)[:, :, np.newaxis] for x in (rain, et0))
    first, last = 1961, 1960 + YEARS
    gamma, logistic = indices.Distribution.gamma, indices.Distribution.loglogistic
    months = Periodicity.monthly
    if index == "spi":
        return lambda: indices.spi(
            rain, 3, gamma, first, first, last, months, spatial_time_major=True
        )
    return lambda: indices.spei(
        rain, et0, 3, logistic, months, first, first, last, spatial_time_major=True
    )


def xclim(index: str, rain: Series, et0: Series) -> Call:
    """xclim, on a DataArray of months in memory."""
    import pandas as pd
    import xarray as xr
    from xclim import indices

    time_axis = pd.date_range("1961-01-01", periods=12 * YEARS, freq="MS")

    def months(values: Series) -> xr.DataArray:
        return xr.DataArray(
            values,
            dims=("place", "time"),
            coords={"time": time_axis},
            attrs={"units": "mm/month"},
        )

    options = {"freq": None, "window": 3, "method": "APP"}
    if index == "spi":
        series, floor = months(rain), {"floc": 0}
        return lambda: indices.standardized_precipitation_index(
            series, dist="gamma", fitkwargs=floor, **options
        ).load()
    # Its log-logistic starts at a location that "APP" must be given: below all balances.
    series, floor = months(rain - et0), {"floc": float((rain - et0).min()) - 50.0}
    return lambda: indices.standardized_precipitation_evapotranspiration_index(
        series, dist="fisk", fitkwargs=floor, **options
    ).load()


CANDIDATES = {"geo_pipeline": ours, "climate_indices": climate_indices, "xclim": xclim}


def memory_mb(field: str) -> float:
    """`VmRSS` (held now) or `VmHWM` (most held so far) of this process, MB; NaN but on Linux."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    lines = (line.split() for line in status.read_text().splitlines())
    return next(int(words[1]) for words in lines if words[0] == f"{field}:") / 1024


def forget_the_peak() -> None:
    """Let the most held start again from what is held now."""
    if (clear := Path("/proc/self/clear_refs")).exists():
        clear.write_text("5")


def candidate(name: str, index: str, places: int) -> None:
    """Measure one candidate in this process; print JSON."""
    import warnings

    warnings.simplefilter("ignore")
    if importlib.util.find_spec(name) is None:
        print(json.dumps(None))
        return
    rain, et0 = rain_and_et0(places)
    CANDIDATES[name](index, rain[:4], et0[:4])()  # what is compiled or loaded at the first call
    call = CANDIDATES[name](index, rain, et0)
    del rain, et0
    forget_the_peak()
    before, seconds = memory_mb("VmRSS"), []
    while len(seconds) < REPEATS and sum(seconds) < PLENTY:
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds, "added_mb": memory_mb("VmHWM") - before}))


def measured(name: str, index: str, places: int) -> dict[str, object] | None:
    """Measure one candidate in a process of its own; None where it is not installed."""
    python = sys.executable if name == "geo_pipeline" else PEERS_PYTHON
    arguments = [python, "-m", "benchmarks.indicators", "candidate", name, index, str(places)]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure and print the table."""
    words, smallest = asked()
    if words[:1] == ["candidate"]:
        candidate(words[1], words[2], int(words[3]))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=machine())
    for heading in ("index", "places", "by", "median (extremes)", "added at peak", "takes"):
        table.add_column(heading, justify="left" if heading in ("index", "by") else "right")
    for places in map(int, words or (FEW if smallest else PLACES)):
        for index in ("spi", "spei"):
            own = 0.0
            for name in CANDIDATES:
                row = (f"{index.upper()}-3", f"{places:,}", name)
                if (result := measured(name, index, places)) is None:
                    table.add_row(*row, "not installed", "", "")
                    continue
                seconds = result["seconds"]
                median = statistics.median(seconds)
                own = own or median
                table.add_row(
                    *row,
                    told(seconds, digits=3),
                    f"{result['added_mb']:.0f} MB",
                    f"{median / own:.1f} x",
                )
            table.add_section()
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
