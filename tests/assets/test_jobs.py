"""The jobs: what each holds, and that they do what they say; what is left to run again."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from geo_pipeline.automation.jobs import FRANCE, MAX_RUNTIME_TAG, SCOPE_TAG, jobs
from geo_pipeline.commands.runs import run
from geo_pipeline.commands.unfinished import Unfinished, unfinished
from geo_pipeline.definitions import build_definitions
from geo_pipeline.errors import SourceError
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.partitions import run_tags
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import Failures
from geo_pipeline.storage.findings import Finding, Findings
from geo_pipeline.storage.incomplete import incomplete
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.tables import SUMMED
from geo_pipeline.words import verbatim
from tests.assets.test_live import Archive, archive, settings
from tests.conftest import PARTITIONED, digests, ignore, made_from, summed_from

pytestmark = pytest.mark.slow

__all__ = ["archive", "settings"]

PUBLISHED = {"warehouse", "exports"}
GEOGRAPHY = {"departements", "departement_neighbours", "departement_shapes"}
INDICATORS = made_from("weather_daily")
SOILS_TO_COME = {"outlook_hindcast", "outlook_skill", "soil_outlook", "recovery"}
FORECASTS = SOILS_TO_COME | {"yield_skill", "yield_outlook"}


def held_by(name: str, **chosen: str) -> set[str]:
    """Return the assets of a job."""
    job = build_definitions(**chosen).resolve_job_def(name)
    return {key.to_user_string() for key in job.asset_layer.selected_asset_keys}


def test_jobs_hold_what_they_refresh_and_what_depends_on_it() -> None:
    everything = (
        GEOGRAPHY
        | INDICATORS
        | PUBLISHED
        | set(SUMMED)
        | {"weather_daily", "crop_statistics", "water_restrictions"}
    )
    assert held_by("france") == held_by("departement") == everything
    assert held_by("rebuild_from_raw") == everything
    assert held_by("first_map") == everything - FORECASTS
    assert held_by("publish") == PUBLISHED | set(SUMMED)
    assert held_by("refresh_weather") == {"weather_daily"} | INDICATORS | PUBLISHED | set(SUMMED)
    for job, table in (
        ("refresh_crops", "crop_statistics"),
        ("refresh_restrictions", "water_restrictions"),
    ):
        follows = made_from(table) | summed_from(table)
        assert held_by(job) == {table} | follows | PUBLISHED
    assert held_by("refresh_boundaries") == GEOGRAPHY | PUBLISHED | set(SUMMED)
    assert held_by("checks") == held_by("tidy") == set()
    assert held_by("issue_bulletins") == {"bulletins"}


def test_groundwater_is_in_the_jobs_where_a_provider_is_chosen() -> None:
    chosen = {"groundwater": "hubeau"}
    assert "groundwater" in held_by("france", **chosen)
    assert held_by("refresh_weather", **chosen) == (
        {"weather_daily", "groundwater"} | INDICATORS | PUBLISHED | set(SUMMED)
    )
    assert "groundwater" not in held_by("refresh_boundaries", **chosen)


def test_every_job_runs_in_one_process_described_and_with_an_end() -> None:
    found = build_definitions(step_timeout_s=100.0)
    for each in jobs(Settings(step_timeout_s=100.0)):
        job = found.resolve_job_def(each.name)
        assert job.executor_def.name == "in_process"
        assert job.description
        assert job.tags[MAX_RUNTIME_TAG] == "400"
    whole = {each.name for each in jobs(Settings()) if each.tags.get(SCOPE_TAG) == FRANCE}
    assert whole == {"france", "first_map", "rebuild_from_raw"}


def test_the_jobs_that_sensors_name_are_those_of_the_definitions() -> None:
    """Dagster takes two of a name for two, unless they are the same object."""
    first, again = (jobs(Settings(home=Path("/nowhere"))) for _ in range(2))
    assert all(one is other for one, other in zip(first, again, strict=True))


def test_new_outlines_ask_for_no_weather(own_home: Path) -> None:
    lake = own_home / "lake"
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("part.parquet")}
    content = digests(lake)
    job = build_definitions(home=own_home).resolve_job_def("refresh_boundaries")
    with open_instance(Settings(home=own_home)) as instance:
        assert job.execute_in_process(instance=instance).success
    written = {path.parent.name for path, when in before.items() if path.stat().st_mtime_ns != when}
    assert written == GEOGRAPHY | set(SUMMED)
    assert digests(lake) == content


def test_a_first_map_is_whole_and_forecasts_follow(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    run(settings, ["31"], ignore, first_map=True)
    lake = Lake(settings.lake)
    assert not [table for table in FORECASTS if lake.files(table)]
    published = Warehouse(settings.warehouse)
    assert len(published.table("departement_risk"))
    assert published.table("soil_outlook").empty
    assert incomplete(settings, []) == []
    before = digests(settings.lake)
    run(settings, ["31"], ignore)
    assert before.items() < digests(settings.lake).items()
    assert incomplete(settings, []) == []
    lake.path("soil_outlook", "31").unlink()
    (missing,) = incomplete(settings, [])
    assert (missing.table, missing.departement, missing.state) == ("soil_outlook", "31", "missing")


def test_a_rebuild_asks_nothing_over_the_network(settings: Settings, archive: Archive) -> None:
    """The settings of the process that runs it say nothing of offline: as in Dagster's daemon."""
    run(settings, ["31", "32"], ignore)
    lake = digests(settings.lake)
    for table in PARTITIONED:
        Lake(settings.lake).path(table, "31").unlink()
    asked = len(archive.asked)
    assert asked > 0
    chosen = settings.model_dump(exclude_unset=True)
    definitions = build_definitions(**chosen)
    span = run_tags(["31", "32"])
    with open_instance(settings) as instance:
        job = definitions.resolve_job_def("rebuild_from_raw")
        assert job.execute_in_process(instance=instance, tags=span).success
        assert len(archive.asked) == asked
        assert digests(settings.lake) == lake
        # Of 33 nothing was ever received: it is not asked for now either.
        alone = job.execute_in_process(instance=instance, partition_key="33", raise_on_error=False)
        assert not alone.success
        assert len(archive.asked) == asked
        (failure,) = Failures(settings.failures).all()
        assert "was never received" in str(failure.why)
        weather = [dg.AssetKey("weather_daily")]
        online = definitions.resolve_job_def("refresh_weather")
        assert online.execute_in_process(
            instance=instance, partition_key="33", asset_selection=weather
        ).success
        assert len(archive.asked) > asked


# What is left to run again ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings on a home where three départements were run. Read it only."""
    home = tmp_path_factory.mktemp("three") / "home"
    chosen = Settings(home=home, since="2018-01-01", until="2019-12-31")
    run(chosen, ["31", "32", "33"], ignore)
    return chosen


@pytest.fixture
def home(three: Settings, tmp_path: Path) -> Settings:
    """Return settings on a copy of that home."""
    shutil.copytree(three.home, tmp_path / "home")
    return three.model_copy(update={"home": tmp_path / "home"})


@pytest.fixture
def instance(home: Settings) -> Iterator[dg.DagsterInstance]:
    with open_instance(home) as instance:
        yield instance


def test_nothing_is_left_after_a_run(home: Settings, instance: dg.DagsterInstance) -> None:
    """Départements that nobody ever asked for are not missing."""
    left = unfinished(home, instance)
    assert left == Unfinished({}, whole=False)
    assert left.codes == []


def test_what_is_left_has_its_reason(home: Settings, instance: dg.DagsterInstance) -> None:
    lake = Lake(home.lake)
    Failures(home.failures).add("weather_daily", "31", "open-meteo", verbatim("answered 503"))
    wrong = Finding(
        "weather_daily",
        "32",
        "jump",
        "error",
        verbatim("12 °C in a day"),
        "2026-01-01T00:00:00",
    )
    Findings(home.findings).replace("weather_daily", "32", [wrong], ["jump"])
    lake.path("crop_statistics", "33").unlink()
    left = unfinished(home, instance)
    assert left.reasons == {"31": "failed", "32": "held", "33": "missing"}
    assert left.codes == ["31", "32", "33"]
    assert left.in_words() == "1 failed, 1 held back by a check, 1 not written"


def test_a_warning_holds_nothing_back(home: Settings, instance: dg.DagsterInstance) -> None:
    mild = Finding(
        "weather_daily",
        "32",
        "jump",
        "warning",
        verbatim("9 °C in a day"),
        "2026-01-01T00:00:00",
    )
    Findings(home.findings).replace("weather_daily", "32", [mild], ["jump"])
    assert unfinished(home, instance).codes == []


def test_damaged_files_and_old_indicators_are_left(
    home: Settings, instance: dg.DagsterInstance
) -> None:
    lake = Lake(home.lake)
    lake.path("soil_water_daily", "31").write_bytes(b"PAR1 broken")
    other = lake.read("weather_daily", "32").iloc[:-10]
    lake.write("weather_daily", other, lake.origin("weather_daily", "32"), "32")
    left = unfinished(home, instance)
    assert left.reasons == {"31": "damaged", "32": "outdated"}
    assert left.whole  # the lake is newer than the publication


def test_what_a_killed_run_did_not_come_to_is_left(
    home: Settings, instance: dg.DagsterInstance
) -> None:
    """A run over 32 to 35 ends after the weather of 32: that is not to be done again."""
    span = run_tags(["32", "33", "34", "35"])
    job = build_definitions(home=home.home).resolve_job_def("france")
    killed = instance.create_run_for_job(job, tags=span, status=dg.DagsterRunStatus.STARTED)
    lake = Lake(home.lake)
    later = time.time() + 1
    for table in PARTITIONED:
        os.utime(lake.path(table, "32"), (later, later))
    assert unfinished(home, instance).reasons == {}  # it is under way
    instance.report_run_failed(killed)
    left = unfinished(home, instance)
    assert left.reasons == dict.fromkeys(("33", "34", "35"), "missing")


def test_a_publication_that_was_not_made_is_left(
    home: Settings, instance: dg.DagsterInstance
) -> None:
    home.warehouse.unlink()
    left = unfinished(home, instance)
    assert left == Unfinished({}, whole=True)
    assert left.codes == ["31"]  # with one that was run before, never with another
    assert "publication" in left.in_words()


def test_a_single_departement_that_fails_says_why_in_its_own_words(
    settings: Settings, archive: Archive
) -> None:
    """Nothing of Dagster's is around the error that the command line prints."""
    archive.broken["31"] = (404, b"")
    with pytest.raises(SourceError, match="département 31"):
        run(settings, ["31"], ignore)
