"""What follows observations by itself: just what changed, once, when all is quiet."""

import warnings
from collections.abc import Callable, Iterator

import dagster as dg
import pytest

from geo_pipeline.automation.declarative import OBSERVED, sensor
from geo_pipeline.definitions import build_definitions
from tests.conftest import made_from, summed_from

Tick = Callable[[], dict[str, set[str | None]]]

PUBLICATION: dict[str, set[str | None]] = {
    "departement_risk": {None},
    "provider_differences": {None},
    "yield_skill": {None},
    "yield_outlook": {None},
    "warehouse": {None},
    "exports": {None},
}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Return an instance in which three départements, and all of France's tables, were made."""
    graph = build_definitions().resolve_asset_graph()
    with dg.DagsterInstance.ephemeral() as instance:
        for key in graph.get_all_asset_keys():
            partitioned = graph.get(key).partitions_def is not None
            for code in ("31", "32", "33") if partitioned else (None,):
                made(instance, key.to_user_string(), code)
        yield instance


@pytest.fixture
def tick(instance: dg.DagsterInstance) -> Tick:
    """Return what evaluates all conditions once and gives what they ask for."""
    defs = build_definitions()
    keys = defs.resolve_asset_graph().get_all_asset_keys()
    cursor = None

    def evaluate() -> dict[str, set[str | None]]:
        nonlocal cursor
        with warnings.catch_warnings():  # of Dagster about a part of its own
            warnings.simplefilter("ignore", dg.BetaWarning)
            result = dg.evaluate_automation_conditions(defs, instance, cursor=cursor)
        cursor = result.cursor
        asked = {key.to_user_string(): result.get_requested_partitions(key) for key in keys}
        return {name: partitions for name, partitions in asked.items() if partitions}

    assert evaluate() == {}  # what was there before is no news
    return evaluate


def made(instance: dg.DagsterInstance, name: str, code: str | None = None) -> None:
    """Record that something was materialised."""
    event = dg.AssetMaterialization(dg.AssetKey(name), partition=code)
    instance.report_runless_asset_event(event)


def test_new_weather_of_one_departement_asks_for_just_what_depends_on_it(
    instance: dg.DagsterInstance, tick: Tick
) -> None:
    made(instance, "weather_daily", "31")
    after = {table: {"31"} for table in made_from("weather_daily")}
    assert {"soil_water_daily", "drought_indicators"} <= after.keys()
    assert tick() == after
    assert tick() == {}
    for table in after:
        made(instance, table, "31")
    followed = PUBLICATION | {table: {None} for table in summed_from("weather_daily")}
    assert tick() == followed
    assert tick() == {}
    for name in followed:
        made(instance, name)
    assert tick() == {}


def test_one_publication_follows_many_departements(
    instance: dg.DagsterInstance, tick: Tick
) -> None:
    """The fourth département was never run: it does not hold the others up."""
    for code in ("31", "32", "34"):
        made(instance, "drought_indicators", code)
    for table in ("crop_statistics", *made_from("crop_statistics")):
        made(instance, table, "33")
    made(instance, "water_restrictions")
    assert tick() == PUBLICATION
    assert tick() == {}


def test_publication_waits_while_something_before_it_is_under_way(
    instance: dg.DagsterInstance, tick: Tick
) -> None:
    job = build_definitions().resolve_job_def("departement")
    run = instance.create_run_for_job(
        job,
        asset_selection={dg.AssetKey("weather_daily")},
        status=dg.DagsterRunStatus.STARTED,
        tags={"dagster/partition": "33"},
    )
    made(instance, "drought_indicators", "31")
    assert tick() == {}
    assert tick() == {}
    instance.report_run_failed(run)
    assert tick() == PUBLICATION


def test_new_outlines_ask_no_provider(instance: dg.DagsterInstance, tick: Tick) -> None:
    made(instance, "departements")
    asked = tick()
    assert not asked.keys() & OBSERVED
    drawn = PUBLICATION.keys() - {"provider_differences", "yield_skill", "yield_outlook"}
    assert asked.keys() == {"departement_neighbours", "departement_shapes", *drawn}


def test_the_sensor_runs_from_the_start_and_asks_for_nothing_observed() -> None:
    assert sensor().default_status == dg.DefaultSensorStatus.RUNNING
    found = build_definitions(groundwater="hubeau")
    assert sensor().name in {each.name for each in found.sensors or ()}
    graph = found.resolve_asset_graph()
    conditions = {
        key.to_user_string(): graph.get(key).automation_condition
        for key in graph.get_all_asset_keys()
    }
    without = {name for name, condition in conditions.items() if condition is None}
    assert without == {*OBSERVED, "bulletins"}  # issues of a dekad come by their schedule


def test_dagster_can_load_all_that_is_defined() -> None:
    """No job has the name of an asset: Dagster's pages and daemon load none of the definitions."""
    dg.Definitions.validate_loadable(build_definitions(groundwater="hubeau"))
    dg.Definitions.validate_loadable(build_definitions(source="sim2"))
