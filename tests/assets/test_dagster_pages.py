"""Dagster's pages are red where something is wrong, and only there; asked as the pages ask."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.asset_health.asset_check_health import (
    get_asset_check_status_and_metadata,
)
from dagster._core.definitions.asset_health.asset_materialization_health import (
    get_materialization_status_and_metadata,
)
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget

from geo_pipeline.automation.monitoring_files import write
from geo_pipeline.commands.runs import run
from geo_pipeline.definitions import build_definitions
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.state_checks import STATE, STATE_TAG, TOLD_AGAIN
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import Failures
from geo_pipeline.storage.findings import Finding, Findings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.words import verbatim
from tests.conftest import PARTITIONED, ROOT, ignore

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)
WEATHER = "weather_daily"
ASKED = """query ($key: AssetKeyInput!) {assetNodeOrError(assetKey: $key) {... on AssetNode {
    partitionStats {numMaterialized numFailed}
    assetPartitionStatuses {... on DefaultPartitionStatuses {failedPartitions}}
    assetChecksOrError {... on AssetChecks {checks {name executionForLatestMaterialization {
        status evaluation {success severity description}}}}}}}}"""


@pytest.fixture
def settings(small_home: Path, tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    shutil.copytree(small_home, home)
    return Settings(home=home)


def spoil(settings: Settings) -> None:
    """Make the weather of 31 late, of 32 held, of 33 damaged, of 34 failed before it ever came."""
    lake = Lake(settings.lake)
    rows, origin = lake.read(WEATHER, "31"), lake.origin(WEATHER, "31")
    live = type(origin)("open-meteo", origin.url, "2023-01-01T00:00:00+00:00", origin.sha256)
    lake.write(WEATHER, rows, live, "31")
    finding = Finding(WEATHER, "32", "jumps", "error", verbatim("40 °C in a day"), NOW.isoformat())
    Findings(settings.findings).replace(WEATHER, "32", [finding], ["jumps"])
    lake.path(WEATHER, "33").write_bytes(b"PAR1 broken")
    Failures(settings.failures).add(WEATHER, "34", "open-meteo", verbatim("no answer"))


@contextmanager
def asked(settings: Settings) -> Iterator[Any]:
    """Give what Dagster's web server answers from, in this process."""
    target = LoadableTargetOrigin(module_name="geo_pipeline.definitions")
    origin = InProcessCodeLocationOrigin(target, location_name="geo_pipeline")
    with (
        open_instance(settings) as instance,
        WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as process,
    ):
        yield process.create_request_context()


@cache
def schema() -> Any:
    """Return what can be asked of Dagster's web server: to load it takes two seconds."""
    from dagster_graphql.schema import create_schema

    return create_schema()


def health(context: Any, asset: str) -> tuple[str, str]:
    """Return what Dagster says of an asset's materialisations and checks."""

    async def both() -> tuple[str, str]:
        key = dg.AssetKey(asset)
        made, _ = await get_materialization_status_and_metadata(context, key)
        checked, _ = await get_asset_check_status_and_metadata(context, key)
        return made.value, checked.value

    return asyncio.run(both())


def overview(settings: Settings, asset: str) -> dict[str, Any]:
    """Return what the catalogue, the partitions and the checks page ask for of an asset."""
    with asked(settings) as context:
        key = {"key": {"path": [asset]}}
        told = asyncio.run(schema().execute_async(ASKED, context_value=context, variables=key))
        assert not told.errors, told.errors
        node: dict[str, Any] = told.data["assetNodeOrError"]
        checks = node["assetChecksOrError"]["checks"]
        (execution,) = (
            each["executionForLatestMaterialization"] for each in checks if each["name"] == STATE
        )
        return node | {"state": execution, "health": health(context, asset)}


def tell(settings: Settings, now: datetime = NOW) -> None:
    with open_instance(settings) as instance:
        write(settings, instance, now)


def told(settings: Settings, asset: str) -> list[dg.AssetCheckEvaluation]:
    """Return the evaluations of the check of a table, the last first."""
    key = dg.AssetCheckKey(dg.AssetKey(asset), STATE)
    with open_instance(settings) as instance:
        history = instance.event_log_storage.get_asset_check_execution_history(key, limit=100)
    return [each.evaluation for each in history if each.evaluation is not None]


def observed(settings: Settings, asset: str) -> list[tuple[str | None, str]]:
    """Return the partitions that were observed with their state, the first first."""
    with open_instance(settings) as instance:
        records = instance.fetch_observations(dg.AssetKey(asset), limit=100).records
    found = [each.asset_observation for each in reversed(records)]
    return [(each.partition, each.tags[STATE_TAG]) for each in found if each is not None]


def rows(evaluation: dg.AssetCheckEvaluation) -> list[tuple[Any, Any, Any]]:
    table = evaluation.metadata["troubles"]
    assert isinstance(table, dg.TableMetadataValue)
    return [(r.data["departement"], r.data["state"], r.data["do"]) for r in table.records]


def test_what_is_wrong_between_runs_is_red_and_what_was_mended_green(settings: Settings) -> None:
    before = overview(settings, WEATHER)
    assert before["partitionStats"] == {"numMaterialized": 3, "numFailed": 0}
    assert before["health"] == ("HEALTHY", "HEALTHY")
    assert before["state"]["evaluation"]["description"] == "nothing is wrong"

    spoil(settings)
    tell(settings)  # as the sensor does each minute
    now = overview(settings, WEATHER)
    assert now["partitionStats"] == {"numMaterialized": 0, "numFailed": 4}
    assert set(now["assetPartitionStatuses"]["failedPartitions"]) == {"31", "32", "33", "34"}
    assert now["health"] == ("DEGRADED", "DEGRADED")
    assert now["state"] == {
        "status": "FAILED",
        "evaluation": {
            "success": False,
            "severity": "ERROR",
            "description": "1 damaged: 33; 1 held: 32; 1 failed: 34; 1 late: 31",
        },
    }
    last = told(settings, WEATHER)[0]
    assert rows(last) == [
        (code, state, f"geo-pipeline materialize {code}")
        for code, state in (("33", "damaged"), ("32", "held"), ("34", "failed"), ("31", "late"))
    ]
    assert [last.metadata[state].value for state in ("damaged", "late", "outdated")] == [1, 1, 0]
    said = [("31", "late"), ("32", "held"), ("33", "damaged"), ("34", "failed")]
    assert observed(settings, WEATHER) == said
    # Where all comes together it is red as well, and nowhere else: crops are as they were.
    assert overview(settings, "warehouse")["health"] == ("HEALTHY", "DEGRADED")
    assert overview(settings, "crop_statistics")["health"] == ("HEALTHY", "HEALTHY")

    Failures(settings.failures).clear(WEATHER, "34")
    run(settings, ["31", "32", "33"], ignore)
    after = overview(settings, WEATHER)
    assert after["partitionStats"] == {"numMaterialized": 3, "numFailed": 0}
    assert after["health"] == ("HEALTHY", "HEALTHY")
    assert after["state"]["evaluation"]["description"] == "nothing is wrong"
    mended = [("31", "archive"), ("32", "archive"), ("33", "archive"), ("34", "absent")]
    assert observed(settings, WEATHER) == said + mended
    assert overview(settings, "warehouse")["health"] == ("HEALTHY", "HEALTHY")


def test_what_has_not_changed_is_told_once_a_day_and_starts_nothing(settings: Settings) -> None:
    definitions = build_definitions(Workspace(settings))
    with open_instance(settings) as instance:
        cursor = dg.evaluate_automation_conditions(definitions, instance).cursor
    spoil(settings)
    tell(settings)
    evaluated = len(told(settings, WEATHER))
    tell(settings)
    assert len(told(settings, WEATHER)) == evaluated
    tell(settings, NOW + TOLD_AGAIN - timedelta(hours=1))  # most likely of the next day
    assert len(told(settings, WEATHER)) == evaluated
    tell(settings, NOW + TOLD_AGAIN + timedelta(hours=1))  # 31 is a day later, no more
    assert len(told(settings, WEATHER)) == evaluated + 1
    assert len(observed(settings, WEATHER)) == 4
    # An observation is nothing new to make soil water from.
    with open_instance(settings) as instance:
        ticked = dg.evaluate_automation_conditions(definitions, instance, cursor=cursor)
    assert ticked.total_requested == 0


def test_a_doubt_is_yellow_and_leaves_its_partition_green(settings: Settings) -> None:
    doubt = Finding(WEATHER, "32", "jumps", "warning", verbatim("20 °C in a day"), NOW.isoformat())
    Findings(settings.findings).replace(WEATHER, "32", [doubt], ["jumps"])
    tell(settings)
    now = overview(settings, WEATHER)
    assert now["health"] == ("HEALTHY", "WARNING")
    assert now["state"]["evaluation"]["description"] == "1 warned: 32"
    assert now["partitionStats"] == {"numMaterialized": 3, "numFailed": 0}
    assert observed(settings, WEATHER) == []


def test_to_execute_the_check_looks_at_what_there_is_at_that_moment(settings: Settings) -> None:
    """The run that looks is no reason to wait for what it does not make."""
    Lake(settings.lake).path("departement_risk").unlink()
    everything = build_definitions(Workspace(settings)).resolve_implicit_global_asset_job_def()
    keys = {
        dg.AssetCheckKey(dg.AssetKey(name), STATE) for name in ("departement_risk", "warehouse")
    }
    with open_instance(settings) as instance:
        job = everything.get_subset(asset_check_selection=keys)
        assert job.execute_in_process(instance=instance).success
    assert told(settings, "departement_risk")[0].description == "1 missing: france"
    warehouse = told(settings, "warehouse")[0]
    assert rows(warehouse) == [("france", "missing", "geo-pipeline run --resume")]
    assert "publication" in (warehouse.description or "")
    assert len(told(settings, WEATHER)) == 1


def test_the_lineage_reads_in_the_order_of_the_flow(settings: Settings) -> None:
    definitions = build_definitions(Workspace(settings))
    graph = definitions.resolve_asset_graph()
    groups = {key.to_user_string(): graph.get(key).group_name for key in graph.get_all_asset_keys()}
    for key in graph.get_all_asset_keys():
        for parent in graph.get(key).parent_keys:
            assert groups[parent.to_user_string()] <= groups[key.to_user_string()], (parent, key)
        node = graph.get(key)
        assert node.tags["layer"] in ("core", "mart", "published"), key
        assert node.kinds, key
        assert node.description, key
        assert node.owners, key
    assert sorted(set(groups.values())) == [
        "1_geography",
        "2_observations",
        "3_drought",
        "4_publication",
    ]
    # The link that opens them all names them.
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    opened = "%2C".join(f"global@global:{group}" for group in sorted(set(groups.values())))
    assert f"/asset-groups?expanded={opened})" in page
    for table in PARTITIONED:
        assert "check `state`" in (graph.get(dg.AssetKey(table)).description or ""), table
