"""Damaged files of the lake: they stop nobody else, and are made again by themselves."""

import random
from pathlib import Path

import dagster as dg
import pytest

from geo_pipeline.automation.run_log import OFFLINE_TAG
from geo_pipeline.automation.sensors.repairs import REPAIR_TAG, tick
from geo_pipeline.commands.runs import run
from geo_pipeline.commands.unfinished import unfinished
from geo_pipeline.definitions import build_definitions
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import Failures
from geo_pipeline.storage.findings import READABLE, Finding, Findings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.partition_states import unreadable
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.tables import DERIVED, SUMMED
from geo_pipeline.words import verbatim
from tests.conftest import PARTITIONED, digests, ignore

pytestmark = pytest.mark.slow

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
OF_FRANCE = (
    "departements",
    "departement_neighbours",
    "departement_shapes",
    "water_restrictions",
    *SUMMED,
)


@pytest.fixture
def settings(own_small_home: Path) -> Settings:
    return Settings(home=own_small_home)


def flip(path: Path, seed: int = 0) -> None:
    """Flip a bit of a file."""
    content = bytearray(path.read_bytes())
    bit = random.Random(seed).randrange(8 * len(content))
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def execute(settings: Settings, job: str, **options: object) -> dg.ExecuteInProcessResult:
    """Run a job here."""
    definition = build_definitions(Workspace(settings)).resolve_job_def(job)
    with open_instance(settings) as instance:
        return definition.execute_in_process(instance=instance, run_config=QUIET, **options)


def published(settings: Settings, table: str, code: str) -> list[str]:
    """Return the published rows of a département, each as text."""
    rows = Warehouse(settings.warehouse).table(table)
    return sorted(str(row) for row in rows[rows["departement"] == code].to_dict("records"))


def held(settings: Settings) -> dict[str, str]:
    """Return whom the publication holds back, and why."""
    rows = Warehouse(settings.warehouse).table("held_departements")
    return dict(zip(rows["departement"], rows["what"], strict=True))


def damaged(settings: Settings) -> list[tuple[str, str]]:
    """Return table and département of the damaged files."""
    return [(each.table, each.departement) for each in unreadable(Lake(settings.lake))]


@pytest.mark.drill
def test_the_others_are_published_and_resume_mends(settings: Settings) -> None:
    """A bit in each file of 32: 31 and 33 go on, 32 keeps what was published, then is mended."""
    whole = digests(settings.lake)
    lake = Lake(settings.lake)
    # Not what is told of soils to come: its skill is measured on those that can be read.
    kept = ("weather_daily", "drought_indicators")
    before = {table: published(settings, table, "32") for table in kept}
    for place, table in enumerate(PARTITIONED):
        flip(lake.path(table, "32"), seed=place)
    outcome = run(settings, ["31", "33"], ignore)
    assert not outcome.failures
    assert not outcome.held
    assert list(held(settings)) == ["32"]
    for table in PARTITIONED:
        assert f"{table}: its file is damaged" in held(settings)["32"]
        (said,) = [
            each for each in Findings(settings.findings).of(table, "32") if each.check == READABLE
        ]
        assert "its bytes are not those that were written" in str(said.what)
    for table, rows in before.items():
        assert published(settings, table, "32") == rows
        assert published(settings, table, "31")
    with open_instance(settings) as instance:
        left = unfinished(settings, instance)
    assert left.reasons == {"32": "damaged"}
    run(settings, left.codes, ignore)
    assert held(settings) == {}
    assert digests(settings.lake) == whole
    with open_instance(settings) as instance:
        assert unfinished(settings, instance).codes == []


@pytest.mark.parametrize("job", ["publish", "refresh_crops"])
def test_tables_of_the_whole_of_france_are_made_again(settings: Settings, job: str) -> None:
    """Whatever is run, the same bytes are there again, and nobody is held back."""
    whole = digests(settings.lake)
    for seed, table in enumerate(OF_FRANCE):
        flip(Lake(settings.lake).path(table), seed)
    assert set(damaged(settings)) == {(table, "france") for table in OF_FRANCE}
    partition = {"partition_key": "31"} if job == "refresh_crops" else {}
    assert execute(settings, job, **partition).success
    assert digests(settings.lake) == whole
    assert held(settings) == {}


def test_weather_finds_its_way_without_the_outlines(settings: Settings) -> None:
    whole = digests(settings.lake)
    flip(Lake(settings.lake).path("departements"))
    flip(Lake(settings.lake).path("weather_daily", "31"))
    assert execute(settings, "refresh_weather", partition_key="31").success
    assert digests(settings.lake) == whole


def test_restrictions_that_nobody_can_give_are_those_published_before(settings: Settings) -> None:
    """The provider is out of reach, nothing of it was ever received: what is known stays."""
    before = published(settings, "water_restrictions", "31")
    flip(Lake(settings.lake).path("water_restrictions"))
    away = settings.model_copy(
        update={"restrictions": "vigieau", "vigieau_url": "http://127.0.0.1:9", "attempts": 1}
    )
    assert execute(away, "publish").success
    assert published(settings, "water_restrictions", "31") == before
    assert damaged(settings) == []
    assert Lake(settings.lake).footer("water_restrictions").provenance["source"] == "bundled"
    (failure,) = Failures(settings.failures).all()
    assert (failure.table, failure.departement) == ("water_restrictions", "france")


def test_checks_go_on_and_release_nobody(settings: Settings) -> None:
    """What cannot be judged keeps what was found of it; what can be is judged."""
    for table in ("departement_neighbours", "water_restrictions"):
        flip(Lake(settings.lake).path(table))
    for table in ("weather_daily", "drought_indicators"):
        flip(Lake(settings.lake).path(table, "32"))
    findings, at = Findings(settings.findings), "2026-01-01T00:00:00+00:00"
    stands = [
        Finding("weather_daily", "32", "jumps", "error", verbatim("40 °C"), at),
        Finding("water_restrictions", "33", "levels", "error", verbatim("over 100 %"), at),
    ]
    for each in stands:
        findings.replace(each.table, each.departement, [each], [each.check])
    gone = Finding("weather_daily", "31", "jumps", "error", verbatim("40 °C"), at)
    findings.replace("weather_daily", "31", [gone], ["jumps"])
    before = digests(settings.lake)
    assert execute(settings, "checks").success
    assert digests(settings.lake) == before  # a check writes nothing
    for each in stands:
        assert findings.of(each.table, each.departement) == [each]
    assert findings.of("weather_daily", "31") == []


def test_a_repair_is_asked_for_once_and_makes_the_same_bytes(settings: Settings) -> None:
    whole = digests(settings.lake)
    lake = Lake(settings.lake)
    with open_instance(settings) as instance:
        assert not tick(settings, instance).run_requests
        flip(lake.path("soil_water_daily", "31"))
        flip(lake.path("crop_statistics", "33"))
        flip(lake.path("departement_shapes"))
        asked = tick(settings, instance).run_requests or []
    made = {
        (request.job_name, request.partition_key): [
            key.to_user_string() for key in request.asset_selection or ()
        ]
        for request in asked
    }
    published_too = [*SUMMED, "warehouse", "exports"]
    assert made == {
        ("departement", "31"): [*(each for each in DERIVED if each in PARTITIONED), *published_too],
        ("departement", "33"): ["crop_statistics", *published_too],
        ("publish", None): [],
    }
    assert {request.tags.get(OFFLINE_TAG) for request in asked if request.partition_key} == {"true"}
    for request in asked[:2]:
        execute(
            settings,
            "departement",
            partition_key=request.partition_key,
            asset_selection=list(request.asset_selection or ()),
            tags=dict(request.tags),
        )
    assert digests(settings.lake) == whole
    with open_instance(settings) as instance:
        assert not tick(settings, instance).run_requests


def test_a_repair_that_does_not_help_is_tried_with_the_provider_and_no_more(
    settings: Settings,
) -> None:
    flip(Lake(settings.lake).path("weather_daily", "31"))
    job = build_definitions(Workspace(settings)).resolve_job_def("departement")
    offline = []
    with open_instance(settings) as instance:
        for _ in range(2):
            (request,) = tick(settings, instance).run_requests or []
            offline.append(OFFLINE_TAG in request.tags)
            tags = {**request.tags, "dagster/partition": "31"}
            under_way = instance.create_run_for_job(
                job, tags=tags, status=dg.DagsterRunStatus.STARTED
            )
            assert REPAIR_TAG in under_way.tags
            assert not tick(settings, instance).run_requests  # it is being made
            instance.report_run_failed(under_way)
        assert offline == [True, False]
        assert not tick(settings, instance).run_requests
        # Written since, and damaged again: another damage.
        content = Lake(settings.lake).path("weather_daily", "31").read_bytes()
        Lake(settings.lake).path("weather_daily", "31").write_bytes(content)
        assert tick(settings, instance).run_requests
