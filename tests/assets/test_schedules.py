"""What runs by the clock: at which instants, over what, and when it does not."""

from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from geo_pipeline.automation.jobs import jobs
from geo_pipeline.automation.schedules import (
    DEKAD_TAG,
    dekad_end,
    plans,
    schedules,
)
from geo_pipeline.definitions import build_definitions
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.partitions import run_tags
from geo_pipeline.settings import Settings
from geo_pipeline.territory import CODES

PARIS = ZoneInfo("Europe/Paris")
LIVE = {"source": "open-meteo", "crops": "agreste", "restrictions": "vigieau"}


def due(name: str, first: date, days: int) -> list[datetime]:
    """Return the instants (UTC) at which a schedule is due from midnight of `first` in Paris."""
    schedule = {each.name: each for each in schedules(Settings())}[name]
    start = datetime.combine(first, datetime.min.time(), PARIS)
    end = datetime.combine(first + timedelta(days), datetime.min.time(), PARIS)
    moments = schedule_execution_time_iterator(
        start.timestamp(), schedule.cron_schedule, schedule.execution_timezone
    )
    return [each.astimezone(UTC) for each in takewhile(lambda each: each < end, moments)]


@pytest.fixture
def begun(tmp_path: Path) -> Settings:
    """Return live settings on a lake that holds the départements."""
    settings = Settings(home=tmp_path / "home", **LIVE)
    outlines = settings.lake / "departements" / "part.parquet"
    outlines.parent.mkdir(parents=True)
    outlines.touch()
    return settings


def ticked(
    settings: Settings, instance: dg.DagsterInstance, name: str, when: datetime
) -> dg.RunRequest | dg.SkipReason:
    """Return what a schedule asks for at `when`."""
    schedule = {each.name: each for each in schedules(settings)}[name]
    with dg.build_schedule_context(instance, scheduled_execution_time=when) as context:
        data = schedule.evaluate_tick(context)
    if data.skip_message:
        return dg.SkipReason(data.skip_message)
    assert data.run_requests is not None
    (request,) = data.run_requests
    return request


def test_weather_is_asked_for_once_on_the_days_when_the_clocks_change() -> None:
    # 29 March 2026 has 23 hours, 25 October 25: half past ten in Paris is 8:30, then 9:30 UTC.
    assert due("weather_daily_update", date(2026, 3, 28), 3) == [
        datetime(2026, 3, 28, 9, 30, tzinfo=UTC),
        datetime(2026, 3, 29, 8, 30, tzinfo=UTC),
        datetime(2026, 3, 30, 8, 30, tzinfo=UTC),
    ]
    assert due("weather_daily_update", date(2026, 10, 24), 3) == [
        datetime(2026, 10, 24, 8, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 9, 30, tzinfo=UTC),
        datetime(2026, 10, 26, 9, 30, tzinfo=UTC),
    ]


def test_every_schedule_fires_as_often_in_a_year_as_its_cadence_says() -> None:
    """2026 has both changes of the clocks: none is lost and none is doubled."""
    counts = {plan.name: len(due(plan.name, date(2026, 1, 1), 365)) for plan in plans(Settings())}
    assert counts == {
        "weather_daily_update": 365,
        "restrictions_update": 730,
        "crops_update": 12,
        "boundaries_update": 1,
        "dekad_publication": 36,
        "dekad_bulletins": 36,
        "standing_checks": 365,
        "weekly_tidying": 52,  # the year begins on a Thursday and ends on one
    }


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2028, 3, 1), date(2028, 2, 29)),  # a leap year
        (date(2026, 3, 1), date(2026, 2, 28)),
        (date(2026, 1, 1), date(2025, 12, 31)),
        (date(2026, 5, 11), date(2026, 5, 10)),
        (date(2026, 5, 21), date(2026, 5, 20)),
        (date(2026, 6, 1), date(2026, 5, 31)),
        (date(2026, 5, 31), date(2026, 5, 20)),  # a run that somebody starts later
    ],
)
def test_the_dekad_that_ended(day: date, end: date) -> None:
    assert dekad_end(datetime(day.year, day.month, day.day, 14, tzinfo=PARIS)) == end


def test_a_publication_at_the_end_of_each_dekad_names_it(begun: Settings) -> None:
    moments = due("dekad_publication", date(2028, 2, 11), 20)
    assert moments == [
        datetime(2028, 2, 11, 13, tzinfo=UTC),
        datetime(2028, 2, 21, 13, tzinfo=UTC),
        datetime(2028, 3, 1, 13, tzinfo=UTC),
    ]
    with open_instance(begun) as instance:
        requests = [ticked(begun, instance, "dekad_publication", when) for when in moments]
    ends = [each.tags[DEKAD_TAG] for each in requests if isinstance(each, dg.RunRequest)]
    assert ends == ["2028-02-10", "2028-02-20", "2028-02-29"]


def test_all_partitions_go_in_one_run_and_a_tick_fires_once(begun: Settings) -> None:
    when = datetime(2026, 7, 14, 10, 30, tzinfo=PARIS)
    with open_instance(begun) as instance:
        first = ticked(begun, instance, "weather_daily_update", when)
        again = ticked(begun, instance, "weather_daily_update", when)
        later = ticked(begun, instance, "weather_daily_update", when + timedelta(1))
    assert isinstance(first, dg.RunRequest)
    assert isinstance(again, dg.RunRequest)
    assert isinstance(later, dg.RunRequest)
    assert first.partition_key is None
    assert dict(first.tags).items() >= run_tags(CODES).items()
    assert set(run_tags(CODES).values()) == {CODES[0], CODES[-1]}
    assert first.run_key == again.run_key
    assert first.run_key != later.run_key


def test_a_job_under_way_is_not_started_again(begun: Settings) -> None:
    when = datetime(2026, 7, 14, 10, 30, tzinfo=PARIS)
    job = build_definitions(home=begun.home).resolve_job_def("refresh_weather")
    with open_instance(begun) as instance:
        under_way = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        skipped = ticked(begun, instance, "weather_daily_update", when)
        assert isinstance(skipped, dg.SkipReason)
        assert under_way.run_id in (skipped.skip_message or "")
        other = ticked(begun, instance, "restrictions_update", when)
        assert isinstance(other, dg.RunRequest)
        instance.report_run_canceled(under_way)
        assert isinstance(ticked(begun, instance, "weather_daily_update", when), dg.RunRequest)


def test_nothing_is_asked_of_a_provider_before_there_is_a_lake(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", **LIVE)
    when = datetime(2026, 7, 14, 10, 30, tzinfo=PARIS)
    with open_instance(settings) as instance:
        skipped = ticked(settings, instance, "weather_daily_update", when)
    assert isinstance(skipped, dg.SkipReason)
    assert "holds nothing yet" in (skipped.skip_message or "")


def test_schedules_run_from_the_start_where_their_provider_is_live() -> None:
    def running(**chosen: str) -> set[str]:
        started = dg.DefaultScheduleStatus.RUNNING
        found = schedules(Settings(**chosen))
        return {each.name for each in found if each.default_status == started}

    assert running() == set()
    of_any = {"standing_checks", "weekly_tidying"}
    weather = {"weather_daily_update", "dekad_publication", "dekad_bulletins"} | of_any
    assert running(source="open-meteo") == weather
    assert running(groundwater="hubeau") == weather
    assert running(crops="agreste") == {"crops_update"} | of_any
    assert running(restrictions="vigieau") == {"restrictions_update"} | of_any
    assert running(boundaries="etalab") == {"boundaries_update"} | of_any


def test_each_schedule_has_a_job() -> None:
    settings = Settings()
    assert {plan.job for plan in plans(settings)} <= {each.name for each in jobs(settings)}
