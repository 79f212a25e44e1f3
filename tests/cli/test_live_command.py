"""`geo-pipeline live` whole, on loopback, from nothing: killed at random, and gone on with."""

import json
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

from geo_pipeline.commands.live_state import LiveState
from geo_pipeline.sources.quotas import Quotas, quotas_with
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


def started(
    host: LiveHost, home: Path, *options: str, years: int = 10, **more: str
) -> "subprocess.Popen[str]":
    """Return `geo-pipeline live` since so many years ago, as a process."""
    since = ["--since", str(host.today.year - years)]
    if "--departements" not in options:
        since += ["--departements", ",".join(CODES)]
    return subprocess.Popen(
        [sys.executable, "-m", "geo_pipeline", "live", *since, *options],
        cwd=ROOT, env={**os.environ, **host.environment(home), **more}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def rows(home: Path, table: str, code: str) -> pd.DataFrame:
    return Lake(home / "lake").read(table, code)


def runs_of(process: "subprocess.Popen[str]") -> list[int]:
    """Return the processes that a command has started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in children.read_text().split()] if children.exists() else []


def killed_with_its_run(process: "subprocess.Popen[str]") -> None:
    """Kill the command and the run that it has started, as a power cut does."""
    runs = runs_of(process)
    process.kill()
    for pid in runs:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.communicate()


def until_it_says(words: str, process: "subprocess.Popen[str]") -> str:
    """Return what a command has said on standard error up to a line with these words."""
    said = ""
    assert process.stderr is not None
    for line in process.stderr:
        said += line
        if words in line:
            return said
    raise AssertionError(f"it never said {words!r}: {said}")


@pytest.mark.drill
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
    assert told.count("published (") == 3
    assert "a first map, without forecasts: published (" in told
    # The files of the first map came and were read before it, those of later steps after it.
    with (whole / "logs" / "pipeline.jsonl").open(encoding="utf-8") as log:
        ends = [each for each in map(json.loads, log) if "of first_map ended" in each["message"]]
    mapped_s = datetime.fromisoformat(ends[0]["time"]).timestamp()
    kept = [*(whole / "raw" / "sim2-means").glob("means-*.parquet")]
    of_map = planned.partition("1 département from sim2, ")[2].partition(" files")[0]
    assert sum(path.stat().st_mtime < mapped_s for path in kept) == int(of_map)
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
    # The command has read each file when it came, for its runs as well: with the same outlines.
    fetched = {path for method, path, _, _ in host.asked if method == "GET"} - {LIST}
    assert len([*(whole / "raw" / "sim2-means").glob("means-*.parquet")]) == len(fetched)

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
            process.communicate(timeout=60)
            assert time.monotonic() - stopped_s < 30.0
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


@pytest.mark.drill
def test_a_run_whose_command_was_killed_is_told_and_waited_for(
    host: LiveHost, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    process = started(host, home, years=0)
    while not (runs := runs_of(process)):
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(runs[0], signal.SIGSTOP)
    told = str(LiveState(home).told())
    assert told.startswith(f"under way, process {process.pid}, since ")
    assert told.endswith(f" UTC: step 1 of 1, {host.today.year} to today: computed and published")
    try:
        second = started(host, home, years=0)
        _, errors = second.communicate(timeout=60)
        assert second.returncode == 1
        assert errors.startswith("error: another `geo-pipeline live` is under way, process ")
        process.kill()
        process.wait()
        assert str(LiveState(home).told()).endswith("; the run of this step goes on by itself")
        following = started(host, home, years=0)
        until_it_says("waiting for the run of a command that was killed", following)
    finally:
        os.kill(runs[0], signal.SIGCONT)
    _, errors = following.communicate(timeout=300)
    assert following.returncode == 0, errors
    assert LiveState(home).told() is None
    day = rows(home, "weather_daily", "32")["date"].max().date()
    assert (host.today - day).days == 2


def test_without_a_network_a_plan_tells_what_is_known(host: LiveHost, tmp_path: Path) -> None:
    def planned(**more: str) -> tuple[str, str]:
        begun_s = time.monotonic()
        process = started(host, tmp_path, "--plan", years=2, **more)
        told, errors = process.communicate(timeout=120)
        assert time.monotonic() - begun_s < 60.0
        assert process.returncode == 1
        (line,) = errors.strip().splitlines()
        assert line.startswith("error: sim2: http://127.0.0.1:")
        return line, told

    nowhere = "http://127.0.0.1:1"
    line, told = planned(GEO_PIPELINE_DATA_GOUV_URL=nowhere)
    assert "département" not in line
    assert "without the list of files: those listed last, else the usual ones" in told
    # Two years and the running one of 140 MB each, and the last 60 days.
    assert "to load: 443 MB" in told
    listed = started(host, tmp_path, "--plan", years=2)
    listed.communicate(timeout=60)
    host.close()
    _, told = planned()
    assert f"asked: {host.host}, " in told  # by the list that came last


def test_without_a_network_it_says_at_once_what_works(host: LiveHost, tmp_path: Path) -> None:
    nowhere = {"GEO_PIPELINE_DATA_GOUV_URL": "http://127.0.0.1:1"}
    process = started(host, tmp_path, years=2, **nowhere)
    told, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert told == ""
    (line,) = errors.strip().splitlines()
    assert line.startswith("error: sim2: http://127.0.0.1:1/")
    assert "(2 attempts in " in line  # a download has eight
    assert "`geo-pipeline live --plan`" in line
    assert "`geo-pipeline run`" in line
    assert "--offline" not in line


@pytest.mark.drill
def test_stations_in_place_of_the_grid(host: LiveHost, tmp_path: Path) -> None:
    process = started(host, tmp_path, "--stations", years=0)
    told, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert "1 département from meteo-france, 2 files, " in told
    assert "missing: the places between stations" in told
    assert not [method for method, _, _, _ in host.asked if method == "HEAD"]  # the list tells all
    found = rows(tmp_path, "weather_daily", "32")
    assert set(found["source"]) == {"meteo-france:stations"}
    last = found.iloc[-1]
    assert (host.today - last["date"].date()).days == 2
    assert last["precip_mm"] == weather("32", last["date"].date())["PRELIQ"]
    assert found["swi_source"].isna().all()


@pytest.mark.drill
def test_a_quota_is_waited_for_and_gone_on_with(host: LiveHost, tmp_path: Path) -> None:
    quota = {host.host: 100}
    quotas = Quotas(tmp_path / "raw" / ".pace", quotas_with(quota))
    quotas.take(host.host, 97.0)  # one more request has room, of two for each cell
    asked = {"GEO_PIPELINE_QUOTAS": json.dumps(quota)}
    overseas = ["--departements", "974", "--wait"]
    waiting = "nasa-power goes on in "

    process = started(host, tmp_path, *overseas, years=1, **asked)
    until_it_says(waiting, process)
    assert "nasa-power goes on at " in str(LiveState(tmp_path).told())
    process.terminate()
    stopped_s = time.monotonic()
    told, _ = process.communicate(timeout=60)
    assert time.monotonic() - stopped_s < 30.0
    assert process.returncode == 1
    assert "98 of 100 calls are used: it goes on at " in told
    assert "97 of 100 a day are used: what has no room comes after 00:00 UTC, with --wait" in told

    process = started(host, tmp_path, *overseas, years=1, **asked)
    until_it_says(waiting, process)
    for note in (tmp_path / "raw" / ".pace").glob("*.quota.json"):
        note.unlink()  # as a new day does
    told, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert set(rows(tmp_path, "weather_daily", "974")["source"]) == {"nasa-power"}
