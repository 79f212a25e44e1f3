"""What is wrong is said by every command, with an exit code; `--resume` and `repair` mend it."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._daemon.types import DaemonHeartbeat
from pydantic import SecretStr
from typer.testing import CliRunner

from geo_pipeline.automation.monitoring import current_snapshot, is_wrong
from geo_pipeline.cli import app
from geo_pipeline.commands.unfinished import left
from geo_pipeline.definitions import build_definitions
from geo_pipeline.errors import RecordsError
from geo_pipeline.platform import record_damage
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.record_files import FILES, INDEX
from geo_pipeline.platform.run_locks import FOLDER
from geo_pipeline.settings import Settings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.tables import SUMMED, TABLES
from tests import postgres
from tests.cli.test_commands import FAILED, geo_pipeline, one_line
from tests.conftest import PARTITIONED, UNPARTITIONED, digests, made_from

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SEED = 20261129
PATIENCE_S = 120


@pytest.fixture
def home(pair_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of a home where two départements were run; it is where commands work."""
    home = tmp_path / "home"
    shutil.copytree(pair_home, home)
    monkeypatch.setenv("GEO_PIPELINE_HOME", str(home))
    return home


def command(*arguments: str) -> tuple[int, str]:
    """Return the exit code of a command in this process, and what it prints."""
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "300"})
    assert result.exception is None or isinstance(result.exception, SystemExit), arguments
    return result.exit_code, result.stdout


def wrong(home: Path) -> set[tuple[str, str]]:
    """Return kind and place of all that is wrong, as `status --json` tells it."""
    code, said = command("status", "--json")
    told = json.loads(said)
    found = {(each["kind"], Path(each["where"]).name) for each in told["system"]}
    found |= {
        (each["state"], f"{each['table']} {each['departement']}")
        for each in told["troubles"]
        if each["state"] != "warned"
    }
    assert code == (1 if found else 0)
    assert is_wrong(told) == bool(found)
    return found


def flip(path: Path, every: int) -> None:
    """Turn over one byte in `every` of a file, its first page apart."""
    content = bytearray(path.read_bytes())
    for place in range(4096, len(content), every):
        content[place] ^= 0xFF
    path.write_bytes(content)


def test_all_is_well_after_a_run(home: Path) -> None:
    assert wrong(home) == set()
    code, said = command("run", "--resume")
    assert (code, "nothing to resume" in said) == (0, True)
    before = digests(home)
    code, said = command("repair")
    assert (code, said.strip()) == (0, "all can be read: nothing was changed")
    assert digests(home) == before


def test_whatever_is_named_is_mended_by_resume(home: Path) -> None:
    lake = Lake(home / "lake")
    (home / "published" / "drought.duckdb").write_bytes(b"no database" * 100)
    flip(home / "dagster" / INDEX, every=512)
    lake.path("soil_water_daily", "76").unlink()
    note = home / "findings" / "weather_daily" / "75.json"
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text("")
    assert wrong(home) == {
        ("publication", "drought.duckdb"),
        ("records", "index.db"),
        ("missing", "soil_water_daily 76"),
        ("notes", "75.json"),
        ("held", "weather_daily 75"),  # what was found there may have been an error
    }
    found = {each["check"]: each for each in json.loads(command("doctor", "--json")[1])}
    for check in ("publication", "Dagster's records", "failures and findings", "tables"):
        assert not found[check]["ok"], check
    assert found["home folder"]["ok"]
    assert command("run", "--resume")[0] == 0
    assert wrong(home) == set()
    assert list(lake.root.glob("weather_daily/*"))[-1].name == "departement=76"  # no other was run
    (aside,) = (home / "dagster").glob("history.damaged-*")
    assert (aside / "runs" / "index.db").exists()


def test_a_table_made_from_other_files_than_are_there_is_outdated(home: Path) -> None:
    lake = Lake(home / "lake")
    kept = {table: lake.origin(table, "76") for table in ("weather_daily", "crop_statistics")}
    lake.write("weather_daily", lake.read("weather_daily", "76")[:-1], kept["weather_daily"], "76")
    lake.write(
        "crop_statistics", lake.read("crop_statistics", "76")[:-1], kept["crop_statistics"], "76"
    )
    sums = {table for table in SUMMED if kept.keys() & set(TABLES[table].made_from)}
    assert "departement_risk" in sums
    sums.add("provider_differences")  # its file names the weather that its notes were made of
    assert wrong(home) == {
        *(("outdated", f"{table} 76") for table in made_from("weather_daily")),
        *(("outdated", f"{table} france") for table in sums),
        ("publication", "drought.duckdb"),
    }
    assert left(current_snapshot(Settings(home=home))[0]).codes == ["76"]
    (lake.root / "departement_risk" / "part.parquet").unlink()
    assert ("missing", "departement_risk france") in wrong(home)


def test_an_empty_home_has_nothing_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody was asked to run anything, so doctor, who looks at what is installed, is content."""
    monkeypatch.setenv("GEO_PIPELINE_HOME", str(tmp_path / "home"))
    assert wrong(tmp_path / "home") == {("publication", "drought.duckdb")}
    assert len(left(current_snapshot(Settings())[0]).codes) == 101
    found = {each["check"]: each for each in json.loads(command("doctor", "--json")[1])}
    assert (found["publication"]["ok"], found["publication"]["needed"]) == (False, False)
    assert not (tmp_path / "home").exists()


def test_a_killed_run_is_told_as_such_and_leaves_no_litter(home: Path) -> None:
    """`kill -9` of a real process: nobody has marked the run as failed yet."""
    arguments = [sys.executable, "-m", "geo_pipeline", "materialize", "76"]
    with subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        patience = time.monotonic() + PATIENCE_S
        weather = Lake(home / "lake").path("weather_daily", "76")
        before = weather.stat().st_mtime_ns
        while weather.stat().st_mtime_ns == before and time.monotonic() < patience:
            time.sleep(0.01)
        assert wrong(home) == set()  # it is under way
        process.send_signal(signal.SIGKILL)
    (run_id,) = (path.name for path in (home / "dagster" / FOLDER).iterdir())
    assert ("run", run_id) in wrong(home)
    told = json.loads(command("status", "--json")[1])
    assert told["runs"][0]["status"] == "FAILURE"
    assert told["runs"][0]["error"].startswith("run of departement is recorded as under way")
    assert "STARTED" not in told["run_counts"]
    assert "failure" in command("status")[1]
    young = home / "dagster" / FOLDER / ".other.1"
    young.write_text("killed before it had its name")
    os.utime(young, (0, 0))
    assert command("run", "--resume")[0] == 0
    assert wrong(home) == set()
    assert not list((home / "dagster" / FOLDER).iterdir())


DAMAGES: dict[str, Callable[[bytearray, random.Random], bytes]] = {
    "a bit": lambda all_, chance: _with(all_, chance.randrange(len(all_)), 1),
    "a page of zeros": lambda all_, chance: _with(all_, 4096 * chance.randrange(20), 4096),
    "cut": lambda all_, chance: bytes(all_[: chance.randrange(1, len(all_))]),
    "a stump": lambda _all, _chance: b"",
    "no database": lambda _all, _chance: b"PAR1" * 5000,
}
FOUND_ALIKE = ("a page of zeros", "a stump", "no database")
"""Found by the same look as the others: drills."""


def _with(content: bytearray, first: int, count: int) -> bytes:
    if count == 1:
        content[first] ^= 1 << (first % 8)
    else:
        content[first : first + count] = bytes(len(content[first : first + count]))
    return bytes(content)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(each, marks=pytest.mark.drill if each in FOUND_ALIKE else ())
        for each in DAMAGES
    ],
)
def test_records_damaged_anywhere_are_told_and_mended(
    home: Path, pair_home: Path, name: str
) -> None:
    """Each of the three files; all else is still told, and one command mends it."""
    chance = random.Random(f"{SEED} {name}")
    for file in FILES:
        path = home / "dagster" / file
        path.write_bytes(DAMAGES[name](bytearray(path.read_bytes()), chance))
        taken, _ = current_snapshot(Settings(home=home))
        assert len(taken["partitions"]) == len(PARTITIONED) * 101 + len(UNPARTITIONED)
        kinds = {each["kind"] for each in taken["system"]}
        assert kinds <= {"records"}, (file, taken["system"])
        is_told = "records" in kinds
        assert is_told or name == "a bit", file
        assert command("repair")[0] == 0
        assert not is_wrong(current_snapshot(Settings(home=home))[0]), file
        shutil.rmtree(home / "dagster")
        shutil.copytree(pair_home / "dagster", home / "dagster")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"run_queue:", b"run_quetf:"),
        (b"max_concurrent_runs: 2", b"max_concurrent_runs: two"),
        (b"record_storage", b"record_storbge"),
        (b"retention:", b"retention: ["),
        (b"Dagster", b"D\xe1gster"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_told_and_mended(
    home: Path, before: bytes, after: bytes
) -> None:
    """A flipped bit, a slip of who changed it."""
    path = home / "dagster" / "dagster.yaml"
    content = path.read_bytes()
    assert before in content
    path.write_bytes(content.replace(before, after, 1))
    if b"\xe1" in after:
        path.write_bytes(path.read_bytes() + b"retention: []\n")
    assert wrong(home) == {("records", "dagster")}
    refused = CliRunner().invoke(app, ["materialize", "75"]).exception
    assert isinstance(refused, RecordsError)
    line = str(refused)
    assert f"{path} cannot be used" in line
    assert "`geo-pipeline repair`" in line
    code, told = command("repair")
    assert (code, "dagster.yaml.damaged-" in told) == (0, True)
    assert path.read_bytes() == content
    assert wrong(home) == set()


def test_a_command_on_damaged_records_says_one_line(home: Path) -> None:
    flip(home / "dagster" / "history" / "runs.db", every=512)
    result = geo_pipeline("materialize", "75", home=home)
    assert result.returncode == FAILED
    assert "`geo-pipeline repair` sets them aside" in one_line(result.stderr)


def test_repair_waits_for_nobody_and_disturbs_nobody(home: Path) -> None:
    """While another process has the records open they stay, damaged as they are."""
    with open_instance(Settings(home=home)):
        flip(home / "dagster" / "schedules" / "schedules.db", every=512)
        result = geo_pipeline("repair", home=home)
        assert result.returncode == FAILED
        assert "open in another process: stop Dagster" in one_line(result.stderr)
    assert command("repair")[0] == 0
    names = {path.name.partition(".")[0] for path in (home / "dagster").glob("*.damaged-*")}
    assert names == {"schedules"}  # the history of runs was whole


def test_locked_records_are_not_damaged(home: Path) -> None:
    path = home / "dagster" / "history" / "runs.db"
    with sqlite3.connect(path, isolation_level=None) as holder:
        holder.execute("PRAGMA locking_mode = EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        holder.execute("INSERT INTO kvs (key, value) VALUES ('a', 'b')")
        (told,) = current_snapshot(Settings(home=home))[0]["system"]
        assert (told["kind"], "another process holds them" in str(told["what"])) == (
            "records",
            True,
        )
        with pytest.raises(RecordsError, match="another process holds them"):
            record_damage.set_aside(home / "dagster")
    holder.close()
    assert not is_wrong(current_snapshot(Settings(home=home))[0])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Give a function that makes a folder with so many kB of room on a disk of its own."""
    with ExitStack() as stack:

        def make(room_kb: int) -> Path:
            folder = tmp_path / f"disk{room_kb}"
            folder.mkdir()
            size = f"size={room_kb}k"
            mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)]
            if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
                pytest.skip("this machine does not let a test mount a small file system")
            stack.callback(subprocess.run, ["umount", str(folder)], check=True)
            return folder

        yield make


@pytest.mark.parametrize("room_kb", [600, pytest.param(2400, marks=pytest.mark.drill)])
def test_a_disk_that_fills_with_records_is_one_line(
    small_disk: Callable[[int], Path], room_kb: int
) -> None:
    """While databases are made, and while the events of a run are stored."""
    result = geo_pipeline("materialize", "75", "76", home=small_disk(room_kb) / "home")
    assert result.returncode == FAILED
    assert "make room" in one_line(result.stderr)


def test_postgres_that_goes_away_meanwhile_is_one_line(tmp_path: Path) -> None:
    if postgres.programs() is None:
        pytest.skip("PostgreSQL is not on this machine: apt-get install postgresql")
    with ExitStack() as stack:
        url = stack.enter_context(postgres.served())
        settings = Settings(home=tmp_path, postgres_url=SecretStr(url))

        def lose_it() -> None:
            with open_instance(settings) as instance:
                stack.close()
                instance.get_runs()

        with pytest.raises(RecordsError, match=r"in PostgreSQL .*: start it") as told:
            lose_it()
    assert "\n" not in str(told.value)
    taken, _ = current_snapshot(settings)
    assert [each["where"] for each in taken["system"] if each["kind"] == "records"] == [
        "PostgreSQL"
    ]


# Services ---------------------------------------------------------------------------------------


def beat(instance: dg.DagsterInstance, at: datetime) -> None:
    """Give a sign of life of each daemon at a moment."""
    for name in instance.get_required_daemon_types():
        instance.add_daemon_heartbeat(DaemonHeartbeat(at.timestamp(), name, "x", None))


def tick(instance: dg.DagsterInstance, at: datetime, *names: str) -> None:
    """Let sensors of the system tick at a moment, as Dagster's daemon does."""
    repository = build_definitions().get_repository_def()
    for name in names:
        sensor = repository.get_sensor_def(name)
        origin = _origin(name)
        state = InstigatorState(
            origin,
            InstigatorType.SENSOR,
            InstigatorStatus.RUNNING,
            SensorInstigatorData(min_interval=sensor.minimum_interval_seconds),
        )
        if instance.get_instigator_state(origin.get_id(), origin.get_selector().get_id()) is None:
            instance.add_instigator_state(state)
        instance.create_tick(
            TickData(
                instigator_origin_id=origin.get_id(),
                selector_id=origin.get_selector().get_id(),
                instigator_name=name,
                instigator_type=InstigatorType.SENSOR,
                status=TickStatus.SKIPPED,
                timestamp=at.timestamp(),
            )
        )


def _origin(name: str) -> RemoteInstigatorOrigin:
    location = RegisteredCodeLocationOrigin("geo_pipeline.definitions")
    return RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), name)


def test_daemons_code_and_sensors_are_watched(home: Path) -> None:
    """Of a home on which Dagster was never started nothing is said; then each is told once."""
    now = datetime.now(UTC)
    ago = now - timedelta(minutes=20)
    assert command("health", "daemon")[0] == 1  # its container is there to give a sign of life
    with open_instance(Settings(home=home)) as instance:
        beat(instance, now)
        tick(instance, now, "inbox", "monitoring")
    assert wrong(home) == set()
    assert command("health", "daemon")[0] == 0
    with open_instance(Settings(home=home)) as instance:
        tick(instance, ago, "operations_alerts")
    assert wrong(home) == {("tick", "sensor operations_alerts")}
    with open_instance(Settings(home=home)) as instance:
        instance.schedule_storage.wipe()
        tick(instance, ago, "inbox", "monitoring", "operations_alerts")
    assert wrong(home) == {("code", "geo_pipeline.definitions")}
    assert command("health", "daemon")[0] == 1
    with open_instance(Settings(home=home)) as instance:
        beat(instance, ago)
    assert wrong(home) == {("daemon", "Dagster's daemon")}
    code, _ = command("run", "--resume")
    assert code == 1  # it cannot start a service: it says what does
