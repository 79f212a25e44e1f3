"""`kill -9` at random points of a run: what is published stays readable, a second run completes."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.warehouse import NotPublishedError, Warehouse
from tests.conftest import PARTITIONED, UNPARTITIONED, digests

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
KILLS = 3
SOME = ("31", "32", "33")  # a run of few is short, and kills fall into each part of it
FILES = len(PARTITIONED) * len(SOME) + len(UNPARTITIONED)
RUN = [sys.executable, "-m", "geo_pipeline", "run", "--departements", ",".join(SOME)]


def killed_after(seconds: float, home: Path) -> bool:
    """Start a run, kill it after `seconds`; return whether it was still running."""
    process = subprocess.Popen(
        RUN,
        cwd=ROOT,
        env={**os.environ, "GEO_PIPELINE_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(seconds)
    running = process.poll() is None
    if running:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return running


@pytest.mark.drill
@pytest.mark.slow
def test_killed_runs_leave_everything_valid(small_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(small_home, home)
    complete = digests(home / "lake")
    assert len(complete) == FILES
    chance = random.Random()
    seed = chance.randrange(10**6)
    chance.seed(seed)
    start = time.perf_counter()
    environment = {**os.environ, "GEO_PIPELINE_HOME": str(home)}
    subprocess.run(RUN, cwd=ROOT, env=environment, check=True, capture_output=True)
    whole = time.perf_counter() - start
    assert digests(home / "lake") == complete
    hit = 0
    for _ in range(KILLS):
        # Python's start takes the first part of a run: the kills fall after it.
        after = chance.uniform(0.25, 0.95) * whole
        was_running = killed_after(after, home)
        hit += was_running
        whole = whole if was_running else after  # the machine was busier when it was timed
        provenance = Warehouse(home / "published" / "drought.duckdb").query("provenance")
        assert len(provenance) == FILES, f"seed {seed}: killed after {after:.2f} s"
        assert len(list(Lake(home / "lake").provenance())) == FILES, f"seed {seed}"
    assert hit, "no run was killed before its end"
    subprocess.run(RUN, cwd=ROOT, env=environment, check=True, capture_output=True)
    assert digests(home / "lake") == complete


@pytest.mark.drill
@pytest.mark.slow
def test_a_first_run_that_is_killed_can_be_run_again(small_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    chance = random.Random()
    seed = chance.randrange(10**6)
    chance.seed(seed)
    for after in sorted(chance.uniform(2.0, 10.0) for _ in range(3)):
        killed_after(after, home)
        try:
            Warehouse(home / "published" / "drought.duckdb").query("provenance")
        except NotPublishedError:
            continue  # killed before the first publication: nothing there rather than half of it
    subprocess.run(
        RUN,
        cwd=ROOT,
        env={**os.environ, "GEO_PIPELINE_HOME": str(home)},
        check=True,
        capture_output=True,
    )
    assert digests(home / "lake") == digests(small_home / "lake"), f"seed {seed}"
