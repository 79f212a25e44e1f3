"""Any set of départements is one run, of which Dagster records just these."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value
from dagster._core.test_utils import create_test_daemon_workspace_context, freeze_time
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.daemon import get_default_daemon_logger
from dagster._daemon.sensor import execute_sensor_iteration

from geo_pipeline.commands.runs import run
from geo_pipeline.definitions import build_definitions
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.partitions import codes_of, departement_partitions, run_tags
from geo_pipeline.settings import Settings
from geo_pipeline.territory import CODES
from tests.conftest import PARTITIONED, ROOT, digests, ignore, made_from

pytestmark = pytest.mark.slow

SCATTERED = ("01", "2A", "31")
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@pytest.mark.parametrize(
    ("codes", "tags"),
    [
        ((), {}),
        (("2A",), {"dagster/partition": "2A"}),
        (("29", "2A", "2B"), {START: "29", END: "2B"}),
        (CODES, {START: "01", END: "976"}),
        (SCATTERED, {START: "01,2A,31", END: "01,2A,31"}),
        (("01", "03"), {START: "01,03", END: "01,03"}),
    ],
)
def test_tags_say_which_departements_a_run_is_of(
    codes: tuple[str, ...], tags: dict[str, str]
) -> None:
    assert run_tags([*reversed(codes), *codes]) == tags
    assert codes_of(tags) == codes


def test_a_code_that_there_is_not_is_of_no_run() -> None:
    assert codes_of({"dagster/partition": "20"}) == ()
    assert codes_of({START: "01,20,31", END: "01,20,31"}) == ()
    assert codes_of({START: "01", END: "20"}) == ()


def planned(instance: dg.DagsterInstance, run_id: str, table: str) -> set[str | None]:
    """Return the partitions of a table that a run is to make, as its events say."""
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    records = instance.get_records_for_run(run_id, of_type=kind).records
    return {each.partition_key for each in records if each.asset_key == dg.AssetKey(table)}


def shown(instance: dg.DagsterInstance, table: str) -> dict[str, list[str]]:
    """Return which partitions Dagster's pages show as made, failed and under way."""
    key, of = dg.AssetKey(table), departement_partitions
    cached = get_and_update_asset_status_cache_value(instance, key, of)
    assert cached is not None
    subsets = {
        "made": cached.deserialize_materialized_partition_subsets(of),
        "failed": cached.deserialize_failed_partition_subsets(of),
        "under way": cached.deserialize_in_progress_partition_subsets(of),
    }
    return {name: sorted(each.get_partition_keys()) for name, each in subsets.items()}


@pytest.mark.drill
def test_scattered_departements_are_one_run_with_one_publication(
    published_home: Path, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path / "home")
    outcome = run(settings, ["31", "01", "2A"], ignore)
    together, alone = digests(published_home / "lake"), digests(settings.lake)
    files = {name for name in alone if "departement=" in name}
    assert files == {
        f"{table}/departement={code}/part.parquet" for table in PARTITIONED for code in SCATTERED
    }
    assert {name: alone[name] for name in files} == {name: together[name] for name in files}
    with open_instance(settings) as instance:
        (only,) = instance.get_runs()
        assert outcome.run_ids == (only.run_id,)
        kind = dg.DagsterEventType.ASSET_MATERIALIZATION
        made = instance.get_records_for_run(only.run_id, of_type=kind).records
        assert [each.asset_key.to_user_string() for each in made if each.asset_key].count(
            "warehouse"
        ) == 1
        for table in PARTITIONED:
            assert planned(instance, only.run_id, table) == set(SCATTERED)
            assert shown(instance, table)["made"] == list(SCATTERED)
        assert planned(instance, only.run_id, "warehouse") == {None}
        for name in ("schema", "jumps"):
            check = dg.AssetCheckKey(dg.AssetKey("weather_daily"), name)
            told = instance.event_log_storage.get_asset_check_execution_history(check, limit=200)
            assert sorted(str(each.partition) for each in told) == list(SCATTERED)


def test_a_run_that_fails_leaves_those_between_as_they_were(tmp_path: Path) -> None:
    job = build_definitions(home=tmp_path).resolve_job_def("departement")
    with open_instance(Settings(home=tmp_path)) as instance:
        failed = instance.create_run_for_job(
            job, tags=run_tags(SCATTERED), status=dg.DagsterRunStatus.STARTED
        )
        before = shown(instance, "weather_daily")
        assert before == {"made": [], "failed": [], "under way": list(SCATTERED)}
        instance.report_run_failed(failed)
        after = shown(instance, "weather_daily")
        assert after == {"made": [], "failed": list(SCATTERED), "under way": []}
        assert shown(instance, "soil_water_daily") == after


@pytest.mark.drill
def test_the_daemon_asks_for_scattered_departements_in_one_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster's own process knows a range and no more: it plans just these all the same."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("GEO_PIPELINE_HOME", str(tmp_path))
    target = ModuleTarget("geo_pipeline.definitions", None, str(ROOT), "here")
    logger = get_default_daemon_logger("SensorDaemon")
    with (
        open_instance(Settings(home=tmp_path)) as instance,
        create_test_daemon_workspace_context(target, instance) as workspace,
    ):

        def look(minutes: int) -> Sequence[dg.DagsterRun]:
            with freeze_time(begun + timedelta(minutes=minutes)):
                for error in execute_sensor_iteration(workspace, logger, None, None):
                    assert error is None, error
            return instance.get_runs()

        begun = datetime.now(UTC)
        assert look(1) == []  # it begins to look
        assert look(2) == []
        for code in SCATTERED:
            instance.report_runless_asset_event(
                dg.AssetMaterialization("weather_daily", partition=code)
            )
        (asked,) = look(3)
        assert codes_of(asked.tags) == SCATTERED
        assert asked.tags["geo_pipeline/automation"] == "true"
        follows = made_from("weather_daily")
        assert asked.asset_selection == {dg.AssetKey(table) for table in follows}
        for table in follows:
            assert planned(instance, asked.run_id, table) == set(SCATTERED)
            assert shown(instance, table)["under way"] == list(SCATTERED)
        assert [each.run_id for each in look(4)] == [asked.run_id]
