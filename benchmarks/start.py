"""How long commands take to start, as ratios: `python -m benchmarks.start`, `--smallest` for once.

Processor time, user and system, of whole processes, the least of several turns: what else the
machine does hardly counts. The ratios are to `python -c 'import dagster'` of the same turns.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.common import ROOT, asked, kept_home, machine

TURNS = 5
PLACE = "31"

IMPORTS = {
    "python": "pass",
    "import pandas": "import pandas",
    "import dagster": "import dagster",
}
COMMANDS = {
    "geo-pipeline --help": ["--help"],
    "geo-pipeline status": ["status"],
    "geo-pipeline export table": ["export", "table"],
    "geo-pipeline export map": ["export", "map"],
}
MATERIALIZE = {f"geo-pipeline materialize {PLACE}": ["materialize", PLACE]}
"""Not in the smallest measurement: `benchmarks.runs` starts it too."""
MEASURE = "import geo_pipeline.commands.runs"
"""What `materialize` loads before it does any work."""


def main() -> None:
    _, smallest = asked()
    turns = 1 if smallest else TURNS
    processes = {name: ["-c", code] for name, code in IMPORTS.items()}
    commands = COMMANDS if smallest else COMMANDS | MATERIALIZE
    processes |= {name: ["-m", "geo_pipeline", *words] for name, words in commands.items()}
    processes["what materialize loads"] = ["-c", MEASURE]
    print(f"{machine()}; processor time, least of {turns}")
    with tempfile.TemporaryDirectory() as folder:
        home = str(Path(folder) / "home")
        environment = {**os.environ, "GEO_PIPELINE_HOME": home}
        # Else our own modules are compiled at each start, which they are once where it is in use.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        if smallest and (kept := kept_home()) is not None:
            shutil.copytree(kept, home)
        else:
            seconds_of(["-m", "geo_pipeline", "materialize", PLACE], environment)
        least = dict.fromkeys(processes, float("inf"))
        for _ in range(turns):
            for name, words in processes.items():
                least[name] = min(least[name], seconds_of(words, environment))
    for name, seconds in least.items():
        print(f"{name:28} {seconds:6.2f} s  {seconds / least['import dagster']:5.2f} x Dagster")


def seconds_of(words: Sequence[str], environment: Mapping[str, str]) -> float:
    """Return the processor time that Python takes for `words`, with all that it starts."""
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, _, used = os.wait4(process.pid, 0)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
