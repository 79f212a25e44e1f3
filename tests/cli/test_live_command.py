"""`geo-pipeline live` whole, on loopback, from nothing: killed at random, and gone on with."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from geo_pipeline.storage.lake import Lake
from tests.cli.live_host import LIST, LiveHost, weather
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

CODES = ["32"]
TABLES = ("weather_daily", "soil_water_daily", "drought_indicators")


@pytest.fixture
def host() -> Iterator[LiveHost]:
    server = LiveHost(since=datetime.now(UTC).year - 10)
    yield server
    server.close()


def started(host: LiveHost, home: Path, *options: str) -> "subprocess.Popen[str]":
    """Return `geo-pipeline live` since ten years ago, as a process."""
    years = ["--since", str(host.today.year - 10), "--departements", ",".join(CODES)]
    return subprocess.Popen(
        [sys.executable, "-m", "geo_pipeline", "live", *years, *options],
        cwd=ROOT, env={**os.environ, **host.environment(home)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def rows(home: Path, table: str, code: str) -> pd.DataFrame:
    return Lake(home / "lake").read(table, code)


def killed_with_its_run(process: "subprocess.Popen[str]") -> None:
    """Kill the command and the run that it has started, as a power cut does."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    runs = children.read_text().split() if children.exists() else []
    process.kill()
    for pid in runs:
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    process.communicate()


@pytest.mark.timeout(900)
def test_from_nothing_to_a_map_and_the_same_after_kills(host: LiveHost, tmp_path: Path) -> None:
    first = started(host, tmp_path / "plan", "--plan")
    planned, errors = first.communicate(timeout=120)
    assert first.returncode == 0, errors
    assert "1. " in planned
    assert "against the embedded years 2010-2022: 1 département from sim2" in planned
    # Only the list and the lengths that it lacks were asked for.
    assert {(method, path) for method, path, _, _ in host.asked if method == "GET"} == {
        ("GET", LIST)
    }
    assert not (tmp_path / "plan" / "lake").exists()

    whole = tmp_path / "whole"
    process = started(host, whole)
    told, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    assert "\x1b" not in errors  # no bar in a log
    assert told.count("published (") == 2
    found = rows(whole, "weather_daily", "32").set_index("date")
    assert set(found["source"]) == {"sim2"}
    assert found.index[0] == pd.Timestamp(f"{host.today.year - 10}-01-01")
    day = found.index[-1].date()
    assert (host.today - day).days == 2
    assert found.loc[pd.Timestamp(day), "precip_mm"] == pytest.approx(weather("32", day)["PRELIQ"])
    classes = rows(whole, "drought_indicators", "32").query("indicator == 'spi_3'")
    newest = classes.sort_values("period_end").iloc[-1]
    assert newest["drought_class"] is not None
    assert (whole / "published" / "drought.duckdb").exists()

    # Each GET of a file, however often the command is killed, and a line that is cut.
    home = tmp_path / "killed"
    host.cuts, host.bytes_per_s = 5, 60_000
    chance = random.Random(17)
    for n in range(2):
        process = started(host, home)
        time.sleep(chance.uniform(3.0, 25.0))
        if n == 0:
            process.terminate()
            stopped_s = time.monotonic()
            process.communicate(timeout=30)
            assert time.monotonic() - stopped_s < 5.0
        else:
            killed_with_its_run(process)
    host.cuts, host.bytes_per_s = 0, 0.0
    process = started(host, home)
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    for table in TABLES:
        for code in CODES:
            assert_frame_equal(rows(home, table, code), rows(whole, table, code))
    assert not [*home.rglob(".partial"), *home.rglob(".partial.json")]


def test_a_plan_that_the_disk_cannot_hold_is_refused(host: LiveHost, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=10m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not let a test mount a small file system")
    try:
        process = started(host, disk / "home")
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 1
        assert " MB are needed in " in errors
        assert len(errors.strip().splitlines()) == 1
        assert {path for method, path, _, _ in host.asked if method == "GET"} == {LIST}
    finally:
        subprocess.run(["umount", str(disk)], check=True)
