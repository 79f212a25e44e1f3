"""Automation asks for nothing that a run in the queue or under way is making, and loses nothing."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent

from geo_pipeline.automation.requests import Left, left
from geo_pipeline.automation.run_log import OFFLINE_TAG
from geo_pipeline.automation.schedules import plans
from geo_pipeline.definitions import build_definitions
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.partitions import codes_of, run_tags
from geo_pipeline.settings import Settings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.territory import CODES
from tests.assets.test_inbox import RR_T_VENT, House, stations
from tests.assets.test_provider_news import STATIONS, Listed, Watcher
from tests.sources.conftest import Provider, provider

pytestmark = pytest.mark.slow

__all__ = ["provider"]

ASKED = ("01", "31", "32")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def instance(settings: Settings) -> Iterator[dg.DagsterInstance]:
    with open_instance(settings) as opened:
        yield opened


def queue(
    instance: dg.DagsterInstance,
    codes: Sequence[str],
    job: str = "departement",
    tables: Sequence[str] = (),
    **tags: str,
) -> dg.DagsterRun:
    """Put a run into the queue, of all that the job makes unless `tables` are named."""
    return instance.create_run_for_job(
        build_definitions().resolve_job_def(job),
        asset_selection={dg.AssetKey(table) for table in tables} or None,
        tags={**run_tags(codes), **tags},
        status=dg.DagsterRunStatus.NOT_STARTED,
    )


def tell(instance: dg.DagsterInstance, run: dg.DagsterRun, *kinds: str) -> None:
    """Record that a run went on: `START`, `SUCCESS`, `FAILURE`."""
    for kind in kinds:
        event = DagsterEvent(event_type_value=f"PIPELINE_{kind}", job_name=run.job_name)
        instance.report_dagster_event(event, run.run_id)


def weather(settings: Settings, instance: dg.DagsterInstance, since: datetime) -> Left:
    return left(settings, instance, "refresh_weather", ASKED, since)


def test_what_is_in_the_queue_is_waited_for_and_then_made(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    since = datetime.now(UTC)
    assert weather(settings, instance, since) == Left(ASKED, ())
    run = queue(instance, ["01", "2A", "31"])
    assert weather(settings, instance, since) == Left(("32",), ("01", "31"))
    tell(instance, run, "START")
    assert weather(settings, instance, since) == Left(("32",), ("01", "31"))
    tell(instance, run, "SUCCESS")
    assert weather(settings, instance, since) == Left(("32",), ())
    # It had begun before this: it may have looked already.
    assert weather(settings, instance, datetime.now(UTC)) == Left(ASKED, ())


def test_a_run_that_fails_has_made_nothing(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    since = datetime.now(UTC)
    run = queue(instance, ASKED)
    tell(instance, run, "START", "FAILURE")
    assert weather(settings, instance, since) == Left(ASKED, ())


def test_only_runs_that_make_the_same_count(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    since = datetime.now(UTC)
    queue(instance, ASKED, tables=["soil_water_daily", "drought_indicators"])
    queue(instance, ASKED, "refresh_crops")
    queue(instance, ASKED, "rebuild_from_raw", **{OFFLINE_TAG: "true"})
    queue(instance, (), "refresh_restrictions")
    assert weather(settings, instance, since) == Left(ASKED, ())
    assert left(settings, instance, "refresh_crops", ["01"], since) == Left((), ("01",))
    whole = left(settings, instance, "refresh_restrictions", (), since)
    assert (whole.to_ask, len(whole.under_way)) == ((), 1)
    # Outlines are made by whatever job has them, of whichever départements it is.
    assert left(settings, instance, "refresh_boundaries", (), since).under_way == ()
    queue(instance, ["75"])
    assert left(settings, instance, "refresh_boundaries", (), since).to_ask == ()


def test_a_file_in_the_inbox_waits_for_the_run_under_way(
    settings: Settings, instance: dg.DagsterInstance
) -> None:
    house = House(settings, instance)
    early = queue(instance, ["32", "65"])
    tell(instance, early, "START")
    house.drop(RR_T_VENT, stations())
    assert house.settled().run_requests == []
    assert [each.pending for each in house.provided.all()] == [True]
    # It had begun before the file was taken: the file is asked for now.
    tell(instance, early, "SUCCESS")
    (asked,) = house.tick().run_requests
    assert codes_of(asked.tags) == ("32",)
    # Another that begins only now sees it: nothing is left to ask for.
    late = queue(instance, ["32"])
    assert house.tick().run_requests == []
    tell(instance, late, "START", "SUCCESS")
    assert house.tick().run_requests == []
    assert [each.pending for each in house.provided.all()] == [False]


def test_news_wait_for_the_run_under_way(
    instance: dg.DagsterInstance, provider: Provider, tmp_path: Path
) -> None:
    listed = Listed(provider, STATIONS)

    def change(day: int) -> None:
        for code in ("31", "32"):
            name = f"Q_{code}_latest-2025-2026_RR-T-Vent.csv.gz"
            listed.files[name] = f"2026-10-{day:02}T06:00:00"

    change(1)
    watcher = Watcher(instance, tmp_path, source="meteo-france", data_gouv_url=provider.url)
    assert watcher.tick() == []
    early = queue(instance, ["31"])
    tell(instance, early, "START")
    change(2)
    assert watcher.tick() == []
    assert "waited for" in str(watcher.said)
    tell(instance, early, "SUCCESS")
    (asked,) = watcher.tick()
    assert codes_of(asked.tags) == ("31", "32")
    # While it is in the queue a further change waits, and is seen by it.
    run = queue(instance, ["31", "32"])
    change(3)
    assert watcher.tick() == []
    tell(instance, run, "START", "SUCCESS")
    assert watcher.tick() == []
    assert watcher.tick() == []
    change(4)
    assert len(watcher.tick()) == 1


def test_a_schedule_asks_for_what_nobody_is_at(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, source="open-meteo")
    outlines = Lake(settings.lake).path("departements")
    outlines.parent.mkdir(parents=True)
    outlines.touch()
    definitions = build_definitions(home=tmp_path, source="open-meteo")
    schedule = definitions.resolve_schedule_def("weather_daily_update")

    with open_instance(settings) as instance:

        def due() -> Any:
            context = dg.build_schedule_context(
                instance, scheduled_execution_time=datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
            )
            return schedule.evaluate_tick(context)

        queue(instance, ["01", "31"])
        (asked,) = due().run_requests
        assert set(codes_of(asked.tags)) == set(CODES) - {"01", "31"}
        queue(instance, CODES, "france")
        assert "at all of it already" in due().skip_message


def test_what_asks_providers_by_the_clock_says_so() -> None:
    asking = {each.name for each in plans(Settings()) if each.observes}
    assert asking == {
        "weather_daily_update",
        "restrictions_update",
        "crops_update",
        "boundaries_update",
    }
