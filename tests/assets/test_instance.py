"""Dagster's instance under the home folder, its records in SQLite files and in PostgreSQL."""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psycopg2
import pytest
from dagster._core.launcher import WorkerStatus
from dagster._core.loader import LoadingContextForTest
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._core.utils import make_new_run_id
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import EmptyWorkspaceTarget
from dagster._daemon.daemon import get_default_daemon_logger
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration
from pydantic import SecretStr

from geo_pipeline.automation.monitoring_files import write
from geo_pipeline.commands.runs import run
from geo_pipeline.errors import RecordsError, StorageError, UsageError
from geo_pipeline.platform import configuration
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.live_runs import death, held, reap
from geo_pipeline.platform.partitions import departement_partitions
from geo_pipeline.platform.record_storage import EVENT_BATCH, psycopg2_url
from geo_pipeline.platform.run_records import run_failures
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import Failures
from geo_pipeline.storage.lake import Lake
from geo_pipeline.words import verbatim
from tests import postgres
from tests.conftest import PARTITIONED, ignore

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
CODES = dg.StaticPartitionsDefinition(["01", "2A", "971"])
PATIENCE_S = 120
RANGE = {"dagster/asset_partition_range_start": "01", "dagster/asset_partition_range_end": "971"}


@dg.asset(partitions_def=CODES, backfill_policy=dg.BackfillPolicy.single_run())
def thing(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """Something with a figure a partition."""
    for place, key in enumerate(context.partition_keys):
        context.add_asset_metadata({"dagster/row_count": 10 + place}, partition_key=key)
    return dg.MaterializeResult()


@dg.asset_check(asset=thing)
def looks_good() -> dg.AssetCheckResult:
    """Say so."""
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)


@dg.job(executor_def=dg.in_process_executor)
def idle() -> None:
    """Do nothing."""


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """Return the address of a PostgreSQL of our own; skip where its programs are absent."""
    if postgres.programs() is None:
        assert not os.environ.get("REQUIRE_POSTGRES"), "PostgreSQL is required and not here"
        pytest.skip("PostgreSQL is not on this machine: apt-get install postgresql")
    with postgres.served() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Return settings of a home of our own, on each of the storages."""
    if request.param == "sqlite":
        return Settings(home=tmp_path)
    return Settings(home=tmp_path, postgres_url=SecretStr(request.getfixturevalue("postgres_url")))


def test_what_a_run_recorded_is_read_back(settings: Settings) -> None:
    with open_instance(settings) as instance:
        before = len(instance.get_runs())
        assert dg.materialize([thing, looks_good], instance=instance, tags=RANGE).success
    with open_instance(settings) as again:
        assert len(again.get_runs()) == before + 1
        (newest,) = again.get_runs(limit=1)
        assert newest.status is dg.DagsterRunStatus.SUCCESS
        assert again.get_materialized_partitions(thing.key) == {"01", "2A", "971"}
        events = again.get_records_for_run(newest.run_id, of_type=_MATERIALIZED).records
        found = {each.partition_key: _rows(each) for each in events}
        assert found == {"01": 10, "2A": 11, "971": 12}
        latest = again.get_latest_materialization_event(thing.key)
        assert latest is not None
        assert latest.run_id == newest.run_id
        (check,) = again.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(thing.key, "looks_good"), limit=1
        )
        assert check.run_id == newest.run_id
        assert check.status.value == "FAILED"


_MATERIALIZED = dg.DagsterEventType.ASSET_MATERIALIZATION


def _rows(record: dg.EventLogRecord) -> object:
    materialization = record.asset_materialization
    assert materialization is not None
    return materialization.metadata["dagster/row_count"].value


def test_a_partition_in_trouble_counts_as_failed_until_it_is_out_of_it(settings: Settings) -> None:
    key, failures = dg.AssetKey("weather_daily"), Failures(settings.failures)

    def failed(instance: dg.DagsterInstance) -> set[str]:
        write(settings, instance)
        (known,) = instance.event_log_storage.get_asset_status_cache_values(
            [(key, departement_partitions)], LoadingContextForTest(instance)
        )
        if known is None:
            return set()
        subset = known.deserialize_failed_partition_subsets(departement_partitions)
        return set(subset.get_partition_keys())

    with open_instance(settings) as instance:
        assert failed(instance) == set()
        failures.add("weather_daily", "2A", "open-meteo", verbatim("no answer"))
        assert failed(instance) == {"2A"}
        failures.clear("weather_daily", "2A")
        assert failed(instance) == set()


def test_the_state_of_a_sensor_survives(settings: Settings) -> None:
    from dagster._core.definitions.run_request import InstigatorType
    from dagster._core.remote_origin import RemoteInstigatorOrigin
    from dagster._core.scheduler.instigation import (
        InstigatorState,
        InstigatorStatus,
        SensorInstigatorData,
        TickData,
        TickStatus,
    )

    from geo_pipeline.commands.backfill import _origin

    origin = RemoteInstigatorOrigin(_origin(), "watcher")
    name, selector = origin.get_id(), origin.get_selector().get_id()
    data = SensorInstigatorData(cursor="seen up to here")
    with open_instance(settings) as instance:
        state = InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING, data)
        instance.add_instigator_state(state)
        kind, status = InstigatorType.SENSOR, TickStatus.SUCCESS
        instance.create_tick(
            TickData(name, "watcher", kind, status, 1e9, ["run"], selector_id=selector)
        )
    with open_instance(settings) as again:
        kept = again.get_instigator_state(name, selector)
        assert kept is not None
        assert isinstance(kept.instigator_data, SensorInstigatorData)
        assert kept.instigator_data.cursor == "seen up to here"
        (tick,) = again.get_ticks(name, selector)
        assert (tick.status, tick.timestamp) == (TickStatus.SUCCESS, 1e9)


def test_events_are_stored_in_batches(settings: Settings) -> None:
    with open_instance(settings):
        assert os.environ["DAGSTER_EVENT_BATCH_SIZE"] == EVENT_BATCH


def test_a_run_without_its_process_is_marked_as_failed(settings: Settings) -> None:
    with open_instance(settings) as instance:
        alive, dead, ended = (_started(instance) for _ in range(3))
        instance.report_run_failed(ended)
        _leave_file(instance, dead.run_id)
        _leave_file(instance, ended.run_id)
        with held(instance, alive.run_id):
            assert reap(instance) == [dead.run_id]
            why = run_failures(instance, [dead.run_id])[dead.run_id].told
            assert why("fr").startswith("tuée\u00a0: son processus 1234 sur a-host")
            states = [instance.get_run_by_id(each.run_id) for each in (alive, dead)]
            assert [each.status.value for each in states if each] == ["STARTED", "FAILURE"]
            instance.report_run_canceled(alive)
        messages = [each.message for each in instance.all_logs(dead.run_id)]
        assert any("process 1234 on a-host" in each and "run it again" in each for each in messages)
        assert reap(instance) == []
        assert list((Path(instance.root_directory) / "running").iterdir()) == []


def test_a_dead_run_gives_its_place_in_a_pool_back(settings: Settings) -> None:
    with open_instance(settings) as instance:
        storage = instance.event_log_storage
        storage.set_concurrency_slots("publication", 1)
        dead, next_one = _started(instance), _started(instance)
        assert storage.claim_concurrency_slot("publication", dead.run_id, "warehouse").is_claimed
        _leave_file(instance, dead.run_id)
        assert reap(instance) == [dead.run_id]
        claim = storage.claim_concurrency_slot("publication", next_one.run_id, "warehouse")
        assert claim.is_claimed
        storage.free_concurrency_slots_for_run(next_one.run_id)


def test_the_daemon_finds_a_dead_run_by_itself(settings: Settings) -> None:
    """Dagster's own monitoring of runs, an iteration of it, with the launcher of `dagster.yaml`."""
    with open_instance(settings) as instance:
        alive, dead = _started(instance), _started(instance)
        _leave_file(instance, dead.run_id)
        launcher = instance.run_launcher
        assert launcher.supports_check_run_worker_health
        with (
            held(instance, alive.run_id),
            WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as workspace,
        ):
            assert launcher.check_run_worker_health(alive).status is WorkerStatus.RUNNING
            logger = get_default_daemon_logger("MonitoringDaemon")
            assert not any(execute_run_monitoring_iteration(workspace, logger))
            states = [instance.get_run_by_id(each.run_id) for each in (alive, dead)]
            assert [each.status.value for each in states if each] == ["STARTED", "FAILURE"]
            why = run_failures(instance, [dead.run_id])[dead.run_id].told
            assert why("fr").startswith("tuée\u00a0: son processus 1234 sur a-host")
        # A crash is worth another try by the daemon, unlike a step that failed.
        assert states[1] is not None
        assert states[1].tags["dagster/will_retry"] == "true"
        instance.report_run_canceled(alive)


def _started(instance: dg.DagsterInstance) -> dg.DagsterRun:
    """Return a run that is recorded as started."""
    return instance.create_run_for_job(
        idle, run_id=make_new_run_id(), status=dg.DagsterRunStatus.STARTED
    )


def _leave_file(instance: dg.DagsterInstance, run_id: str) -> None:
    """Leave what a killed process leaves: its file, and nobody who holds the lock."""
    path = Path(instance.root_directory) / "running" / run_id
    path.parent.mkdir(exist_ok=True)
    process = {"pid": 1234, "host": "a-host", "started": "2026-01-01 00:00:00 UTC"}
    path.write_text(json.dumps(process), encoding="utf-8")


def test_nobody_sees_a_run_of_this_process_as_dead(tmp_path: Path) -> None:
    with open_instance(Settings(home=tmp_path)) as instance:
        path = Path(instance.root_directory) / "running" / "some-run"
        with held(instance, "some-run"):
            assert death(instance, "some-run") is None
            with path.open() as file, pytest.raises(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert not path.exists()
        assert death(instance, "some-run") is None


def test_a_run_whose_end_is_not_recorded_is_held_while_its_process_lives(tmp_path: Path) -> None:
    """And is dead with it, as where the disk was full when its end was to be recorded."""
    settings = Settings(home=tmp_path)
    with open_instance(settings) as instance:
        run, ended = _started(instance), _started(instance)
    child = subprocess.run(
        [sys.executable, "-c", _HOLDS, str(tmp_path), run.run_id],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert child.stdout == "None\n"
    with open_instance(settings) as instance:
        assert "its process" in str(death(instance, run.run_id))
        with held(instance, ended.run_id):
            instance.report_run_failed(ended)
        assert reap(instance) == [run.run_id]
        assert list((Path(instance.root_directory) / "running").iterdir()) == []


_HOLDS = """
import sys
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.live_runs import death, held
from geo_pipeline.settings import Settings

with open_instance(Settings(home=sys.argv[1])) as instance:
    with held(instance, sys.argv[2]):
        pass
    print(death(instance, sys.argv[2]))
"""


@pytest.mark.drill
@pytest.mark.slow
def test_a_killed_command_is_reported_by_the_next_one(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    running = settings.dagster_home / "running"
    first = subprocess.Popen(
        [sys.executable, "-m", "geo_pipeline", "run"],
        cwd=ROOT,
        env={**os.environ, "GEO_PIPELINE_HOME": str(settings.home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + PATIENCE_S
        while not any(Lake(settings.lake).files("crop_statistics")):
            assert time.monotonic() < end, f"nothing was written in {PATIENCE_S} s"
            assert first.poll() is None, "the run ended by itself"
            time.sleep(0.02)
    finally:
        first.kill()
        first.wait()
    (killed,) = (each.name for each in running.iterdir())
    outcome = run(settings, ["31"], ignore)
    assert outcome.killed == (killed,)
    assert list(running.iterdir()) == []
    with open_instance(settings) as instance:
        states = {each.run_id: each.status.value for each in instance.get_runs()}
        assert states == {killed: "FAILURE", outcome.run_ids[0]: "SUCCESS"}
        assert instance.get_materialized_partitions(dg.AssetKey("drought_indicators")) == {"31"}


def test_the_stock_sqlite_storage_opens_the_same_files(tmp_path: Path) -> None:
    with open_instance(Settings(home=tmp_path)) as instance:
        assert dg.materialize([thing], instance=instance, tags=RANGE).success
    stock = DagsterSqliteStorage(str(tmp_path / "dagster"))
    assert stock.event_log_storage.get_materialized_partitions(thing.key) == {"01", "2A", "971"}
    assert len(stock.run_storage.get_runs()) == 1


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_the_driver_is_named_in_the_address(scheme: str) -> None:
    assert psycopg2_url(f"{scheme}://a:b@c:5/d?e=f") == "postgresql+psycopg2://a:b@c:5/d?e=f"


def test_an_address_that_is_none_is_told_without_its_password(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, postgres_url=SecretStr("mysql://me:hush@host/base"))
    with pytest.raises(UsageError, match="postgresql://user") as caught, open_instance(settings):
        pytest.fail("it was opened")
    assert "hush" not in str(caught.value)


def test_a_postgresql_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    url = SecretStr("postgresql://me:hush@127.0.0.1:1/base")
    with (
        pytest.raises(StorageError, match=r"cannot be opened .*refused") as caught,
        open_instance(Settings(home=tmp_path, postgres_url=url)),
    ):
        pytest.fail("it was opened")
    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_instance_that_is_closed_leaves_no_connection(tmp_path: Path, postgres_url: str) -> None:
    settings = Settings(home=tmp_path, postgres_url=SecretStr(postgres_url))
    for _ in range(4):
        with open_instance(settings) as instance:
            instance.get_runs(limit=1)
            instance.event_log_storage.get_maximum_record_id()
    watcher = psycopg2.connect(postgres_url)
    with watcher, watcher.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone() == (0,)
    watcher.close()


def test_no_secret_lies_in_the_home(settings: Settings) -> None:
    with open_instance(settings) as instance:
        assert dg.materialize([thing], instance=instance, tags=RANGE).success
    for path in settings.home.rglob("*"):
        if path.is_file():
            assert b"s3cret" not in path.read_bytes(), path


def test_an_untouched_configuration_is_renewed(tmp_path: Path) -> None:
    """The first version that was shipped, byte for byte, gives way; a home that used it goes on."""
    settings = Settings(home=tmp_path)
    path = settings.dagster_home / "dagster.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(FIRST, encoding="utf-8")
    with open_instance(settings) as instance:
        assert path.read_text(encoding="utf-8") == configuration.shipped()
        assert instance.run_retries_enabled
    assert configuration.note(settings.dagster_home, settings) is None


def test_a_changed_configuration_stays(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    path = settings.dagster_home / "dagster.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    with open_instance(settings):
        assert path.read_text(encoding="utf-8") == "telemetry: {enabled: false}\n"
    note = configuration.note(settings.dagster_home, settings)
    assert note is not None
    assert str(path) in note
    assert "POSTGRES" not in note
    elsewhere = Settings(home=tmp_path, postgres_url=SecretStr("postgresql://a@b/c"))
    assert "POSTGRES" in str(configuration.note(settings.dagster_home, elsewhere))


def test_the_configuration_of_today_is_among_those_shipped(tmp_path: Path) -> None:
    """Whoever changes `dagster.yaml` adds its SHA-256, so that homes with it are renewed later."""
    (tmp_path / "dagster.yaml").write_text(configuration.shipped(), encoding="utf-8")
    assert configuration.is_untouched(tmp_path / "dagster.yaml")


def test_a_changed_configuration_of_an_earlier_version_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "dagster.yaml"
    mine = "storage:\n  custom:\n    module: geo_pipeline.automation.storage\n"
    path.write_text(mine, encoding="utf-8")
    with pytest.raises(RecordsError, match=r"which is geo_pipeline\.platform\.record_storage now"):
        configuration.install(tmp_path)
    assert path.read_text(encoding="utf-8") == mine


FIRST = """\
# Dagster's instance, copied into its home on first use. See docs/operations.md.

# Nothing is sent to anybody.
telemetry:
  enabled: false

# The stock SQLite storage with its connections kept open: less than half the book-keeping.
event_log_storage:
  module: geo_pipeline.automation.event_log
  class: KeptConnectionEventLogStorage
  config: {}
"""


def test_the_pipeline_records_in_postgresql_and_writes_the_same(
    postgres_url: str, tmp_path: Path, published_home: Path
) -> None:
    settings = Settings(home=tmp_path / "home", postgres_url=SecretStr(postgres_url))
    outcome = run(settings, ["31", "32"], ignore)
    assert not outcome.failures
    assert not outcome.held
    for table in PARTITIONED:
        for code in ("31", "32"):
            name = Path("lake", table, f"departement={code}", "part.parquet")
            assert (settings.home / name).read_bytes() == (published_home / name).read_bytes()
    with open_instance(settings) as instance:
        written = instance.get_materialized_partitions(dg.AssetKey("drought_indicators"))
        checks = instance.event_log_storage.get_asset_check_partition_info(
            [dg.AssetCheckKey(dg.AssetKey("weather_daily"), "schema")]
        )
    assert written == {"31", "32"}
    assert {each.partition_key for each in checks} == {"31", "32"}
    assert not list((settings.home / "dagster").rglob("*.db"))
