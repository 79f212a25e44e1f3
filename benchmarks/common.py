"""What all measurements share: where they run, how they are asked, how figures are told.

Needs nothing but Python's own library: peers import it in an environment of theirs.
"""

import os
import platform
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SMALLEST = "--smallest"


def asked() -> tuple[list[str], bool]:
    """Return the words of the command line, and whether the smallest measurement is asked for.

    That one is of no use as a figure: it shows that the measurement still works (`.ci/run`).
    """
    words = sys.argv[1:]
    return [word for word in words if word != SMALLEST], SMALLEST in words


def kept_home() -> Path | None:
    """Return the home of a published run that the tests share, where there is one: to be read."""
    kept = os.environ.get("GEO_PIPELINE_TEST_HOME")
    home = Path(kept) if kept else None
    return home if home is not None and (home / "published").exists() else None


def told(values: Sequence[float], unit: str = "s", digits: int = 2) -> str:
    """Return the median with its extremes."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} {unit} ({low:.{digits}f}-{high:.{digits}f})"


def machine() -> str:
    """Name the machine: processor, cores, how busy it is, system, Python."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    busy = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    python = f"{platform.system()}, Python {platform.python_version()}"
    return f"{model}, {os.cpu_count()} cores{busy}, {python}"
