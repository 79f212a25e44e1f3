"""Checks in real runs: what is wrong is told by département, held back, released once mended."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
import pytest

from geo_pipeline import tables
from geo_pipeline.automation.checks import FIND, check_keys
from geo_pipeline.automation.monitoring_files import write
from geo_pipeline.commands.runs import run
from geo_pipeline.definitions import build_definitions
from geo_pipeline.errors import HeldError, StorageError
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.partitions import departement_partitions
from geo_pipeline.platform.state_checks import STATE
from geo_pipeline.runtime.providers import attributions
from geo_pipeline.runtime.table_assets import column_lineage
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.sources.agronomy import crop_parameters
from geo_pipeline.storage.failures import Failures
from geo_pipeline.storage.findings import Finding, Findings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.partition_states import broken
from geo_pipeline.storage.warehouse_building import publish
from geo_pipeline.table_rows import InvalidTableError
from geo_pipeline.tables import TABLES
from geo_pipeline.territory import CODES
from geo_pipeline.transforms.calendar import calendar_tables
from geo_pipeline.transforms.exposure import risk_tables
from geo_pipeline.words import verbatim
from tests.conftest import PARTITIONED, ROOT, digests, ignore

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 23, tzinfo=UTC)
BESIDE = calendar_tables(crop_parameters(ROOT / "assets_data")) | risk_tables(Settings())
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def settings(small_home: Path, tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    shutil.copytree(small_home, home)
    return Settings(home=home)


def embedded(tmp_path: Path, file: str, change: "dict[str, dict[str, float]]") -> Path:
    """Return a copy of the embedded data with columns of some départements multiplied."""
    folder = tmp_path / "embedded"
    if not folder.exists():
        shutil.copytree(ROOT / "assets_data", folder)
    frame = pd.read_parquet(folder / file)
    for code, columns in change.items():
        for name, factor in columns.items():
            frame.loc[frame["departement"] == code, name] *= factor
    frame.to_parquet(folder / file)
    return folder


def evaluations(settings: Settings, table: str, check: str) -> dict[str | None, bool]:
    """Return how the check ended last, by partition, as Dagster tells it."""
    key = dg.AssetCheckKey(dg.AssetKey(table), check)
    with open_instance(settings) as instance:
        records = instance.event_log_storage.get_asset_check_execution_history(key, limit=500)
    found: dict[str | None, bool] = {}
    for record in records:
        event = record.event.dagster_event if record.event else None
        if event is not None and event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.asset_check_evaluation_data
            found.setdefault(evaluation.partition, evaluation.passed)
    return found


def rows_of(settings: Settings, table: str, code: str) -> pd.DataFrame:
    """Return the published rows of a département, geometries aside."""
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        relation = connection.table(table)
        rows = relation.filter(f"departement = '{code}'").df()
    return rows.sort_values(list(rows.columns[:3]), ignore_index=True)


def span(first: str, last: str | None = None) -> dict[str, str]:
    """Return the tags of a run over the départements from `first` to `last`."""
    ends = {"start": first, "end": last or first}
    return {f"dagster/asset_partition_range_{end}": code for end, code in ends.items()}


CARRIED = (
    "weather_daily",
    "crop_statistics",
    "drought_indicators",
    "soil_water_monthly",
    "departement_risk_values",
    "provenance",
)


def test_every_table_has_a_blocking_check_by_partition(settings: Settings) -> None:
    graph = build_definitions(Workspace(settings)).resolve_asset_graph()
    for table in PARTITIONED:
        check = graph.get(dg.AssetCheckKey(dg.AssetKey(table), "schema"))
        assert check.blocking
        assert check.partitions_def is not None
        assert evaluations(settings, table, "schema") == {"31": True, "32": True, "33": True}
    for table in ("departements", "departement_neighbours", "water_restrictions"):
        assert evaluations(settings, table, "schema") == {None: True}
    for table in PARTITIONED:
        for name in TABLES[table].checks:
            ended = evaluations(settings, table, name)
            assert set(ended) == {"31", "32", "33"}, (table, name)


def shown(settings: Settings, table: str, check: str) -> dict[str, set[str]]:
    """Return what Dagster's pages show of a check by partition: the partitions by result."""
    key = dg.AssetCheckKey(dg.AssetKey(table), check)
    with open_instance(settings) as instance:
        state = instance.event_log_storage.get_asset_check_state([(key, departement_partitions)])
    return {
        status.value: set(subset.subset_value.get_partition_keys())
        for status, subset in state[key].subsets.items()
        if not subset.is_empty
    }


def test_the_pages_show_a_check_of_all_partitions_and_not_of_the_last_alone(
    settings: Settings,
) -> None:
    """Each evaluation names the materialisation that it judges; a newer one clears just its own."""
    for table in PARTITIONED:
        for name in (*TABLES[table].checks, "schema"):
            assert shown(settings, table, name) == {"SUCCEEDED": {"31", "32", "33"}}, (table, name)
    lake = Lake(settings.lake)
    rows = lake.read("weather_daily", "32")
    rows.loc[100:400, "tmean_c"] = 49.0
    lake.write("weather_daily", rows, lake.origin("weather_daily", "32"), "32")
    job = build_definitions(Workspace(settings)).resolve_job_def("checks")
    with open_instance(settings) as instance:
        job.execute_in_process(instance=instance, run_config=QUIET, tags=span("31", "33"))
    assert shown(settings, "weather_daily", "climatology") == {
        "SUCCEEDED": {"31", "33"},
        "FAILED": {"32"},
    }
    run(settings, ["32"], ignore)
    assert shown(settings, "weather_daily", "climatology") == {"SUCCEEDED": {"31", "32", "33"}}


def test_lineage_names_columns_that_there_are() -> None:
    for table, columns in ((each.name, each.columns_from) for each in TABLES.values()):
        assert set(columns) <= set(TABLES[table].rows.to_schema().columns), table
        for source, column in (each.split(".") for several in columns.values() for each in several):
            assert column in TABLES[source].rows.to_schema().columns, (table, source, column)
        assert bool(column_lineage(table)) == bool(columns)
    assert column_lineage("drought_indicators")
    assert not column_lineage("weather_daily")


def test_whatever_is_checked_has_who_looks() -> None:
    assert set(FIND) == {each.name for each in TABLES.values() if each.checks}


def test_rows_that_break_the_schema_stop_their_departement_alone(
    settings: Settings, tmp_path: Path
) -> None:
    before = digests(settings.lake)
    folder = embedded(tmp_path, "weather_dekadal.parquet", {"32": {"tmean_c": 40.0}})
    folder = embedded(tmp_path, "crop_statistics.parquet", {"33": {"yield_q_ha": -1.0}})
    bad = settings.model_copy(update={"embedded_data": folder})
    outcome = run(bad, ["31", "32", "33"], ignore)
    failed = {(each.table, each.departement): str(each.why) for each in outcome.failures}
    assert set(failed) == {("weather_daily", "32"), ("crop_statistics", "33")}
    assert "tmean_c" in failed["weather_daily", "32"]
    assert evaluations(settings, "weather_daily", "schema") == {"31": True, "32": False, "33": True}
    after = digests(settings.lake)
    name = "weather_daily/departement=32/part.parquet"
    assert after[name] == before[name]
    with pytest.raises(InvalidTableError, match="tmean_c"):
        run(bad, ["32"], ignore)
    run(settings, ["31", "32", "33"], ignore)
    assert not list(Failures(settings.failures).all())
    assert evaluations(settings, "weather_daily", "schema") == {"31": True, "32": True, "33": True}


@pytest.mark.drill
def test_an_error_holds_its_departement_and_releases_it_once_mended(
    settings: Settings, tmp_path: Path
) -> None:
    """Yields ten times too high in 32: what was published of it stays, in all its tables."""
    before = {table: rows_of(settings, table, "32") for table in CARRIED}
    assert all(len(rows) for rows in before.values())
    folder = embedded(tmp_path, "crop_statistics.parquet", {"32": {"area_ha": 40.0}})
    folder = embedded(tmp_path, "weather_dekadal.parquet", {"31": {"precip_mm": 1.1}})
    bad = settings.model_copy(update={"embedded_data": folder})
    outcome = run(bad, ["31", "32", "33"], ignore)
    held = Findings(settings.findings).held()
    assert set(held) == {"32"}
    assert list(outcome.held) == held["32"]
    assert {each.check for each in held["32"]} == {"area", "figures"}
    assert evaluations(settings, "crop_statistics", "area") == {
        "31": True,
        "32": False,
        "33": True,
    }
    for table in CARRIED:
        pd.testing.assert_frame_equal(rows_of(settings, table, "32"), before[table])
    # The lake has the new rows, and the other départements are published from it.
    assert Lake(settings.lake).read("crop_statistics", "32")["area_ha"].max() > 1e6
    rain = rows_of(settings, "weather_daily", "31")["precip_mm"].sum()
    assert rain == pytest.approx(Lake(settings.lake).read("weather_daily", "31")["precip_mm"].sum())
    risk = Lake(settings.lake).read("departement_risk").set_index("departement")
    assert risk.loc["32", "score"].isna().all()
    assert risk.loc["31", "score"].notna().any()
    told = rows_of(settings, "held_departements", "32")
    assert len(told) == 1
    assert "crops cover" in told["what"].iloc[0]
    (state,) = broken(settings, NOW)
    assert (state.departement, state.table, state.state) == ("32", "crop_statistics", "held")
    found_at = held["32"][0].found_at

    with pytest.raises(HeldError, match=r"crop_statistics, département 32 is held back.*area"):
        run(bad, ["32"], ignore)
    assert Findings(settings.findings).held()["32"][0].found_at == found_at  # since then

    run(settings, ["32"], ignore)
    assert not Findings(settings.findings).held()
    assert rows_of(settings, "held_departements", "32").empty
    assert evaluations(settings, "crop_statistics", "area")["32"]
    pd.testing.assert_frame_equal(
        rows_of(settings, "crop_statistics", "32"), before["crop_statistics"]
    )


def test_one_that_was_never_published_is_shown_as_no_data(settings: Settings) -> None:
    settings.warehouse.unlink()
    finding = Finding("weather_daily", "32", "jumps", "error", verbatim("40 °C"), NOW.isoformat())
    publish(Lake(settings.lake), settings.warehouse, attributions(), BESIDE, {"32": [finding]})
    assert rows_of(settings, "weather_daily", "32").empty
    assert rows_of(settings, "soil_water_monthly", "32").empty
    risk = rows_of(settings, "departement_risk_values", "32")
    assert len(risk) == len(rows_of(settings, "departement_risk_values", "31"))
    assert risk["score"].isna().all()
    assert risk["drought_class"].isna().all()
    assert len(rows_of(settings, "weather_daily", "31"))


def test_restrictions_that_contradict_themselves_keep_those_of_before(settings: Settings) -> None:
    before = rows_of(settings, "water_restrictions", "32")
    lake = Lake(settings.lake)
    rows = lake.read("water_restrictions")
    rows.loc[rows["departement"].isin(["31", "32"]), "level_max"] = "crise"
    lake.write("water_restrictions", rows, lake.origin("water_restrictions"))
    finding = Finding("water_restrictions", "32", "levels", "error", verbatim("x"), NOW.isoformat())
    publish(lake, settings.warehouse, attributions(), BESIDE, {"32": [finding]})
    pd.testing.assert_frame_equal(rows_of(settings, "water_restrictions", "32"), before)
    assert rows_of(settings, "water_restrictions", "31")["level_max"].tolist() == ["crise"]
    # Held for its weather, it keeps its restrictions up to date.
    other = Finding("weather_daily", "32", "jumps", "error", verbatim("x"), NOW.isoformat())
    publish(lake, settings.warehouse, attributions(), BESIDE, {"32": [other]})
    assert rows_of(settings, "water_restrictions", "32")["level_max"].tolist() == ["crise"]


@pytest.mark.parametrize("inside", [pytest.param(False, marks=pytest.mark.drill), True])
def test_a_damaged_file_stops_nobody_else(settings: Settings, inside: bool) -> None:
    before = {table: rows_of(settings, table, "32") for table in CARRIED}
    path = Lake(settings.lake).path("drought_indicators", "32")
    content = path.read_bytes()
    # Its footer is at the end: the file opens, and cannot be read.
    path.write_bytes(b"\0" * 20_000 + content[20_000:] if inside else b"PAR1 broken")
    with open_instance(settings) as instance:
        job = build_definitions(Workspace(settings)).resolve_job_def("publish")
        assert job.execute_in_process(instance=instance, run_config=QUIET).success
    for table in CARRIED:
        pd.testing.assert_frame_equal(rows_of(settings, table, "32"), before[table])
    assert len(rows_of(settings, "held_departements", "32")) == 1
    assert [(each.departement, each.state) for each in broken(settings, NOW)] == [("32", "damaged")]
    if inside:  # running it again mends it
        run(settings, ["32"], ignore)
        assert not broken(settings, NOW)
        assert rows_of(settings, "held_departements", "32").empty


def test_weather_that_is_damaged_stops_no_other(settings: Settings) -> None:
    """In a run of many, what is made from the damaged file fails, the rest goes on."""
    lake = Lake(settings.lake)
    lake.path("weather_daily", "32").write_bytes(b"PAR1 broken")
    failures: list[str] = []
    workspace = Workspace(settings, on_failure=lambda each: failures.append(each.departement))
    job = build_definitions(workspace).resolve_job_def("departement")
    with open_instance(settings) as instance:
        result = job.execute_in_process(
            instance=instance,
            run_config=QUIET,
            tags=span("31", "33"),
            asset_selection=[dg.AssetKey("soil_water_daily"), dg.AssetKey("drought_indicators")],
        )
    assert result.success
    assert failures == ["32", "32"]


def test_damage_of_what_all_need_stops_the_publication(settings: Settings) -> None:
    published = digests(settings.warehouse.parent)
    Lake(settings.lake).path("departements").write_bytes(b"PAR1 broken")
    with pytest.raises(StorageError, match=r"departements.*damaged"):
        publish(Lake(settings.lake), settings.warehouse, attributions(), BESIDE)
    after = digests(settings.warehouse.parent)
    assert after["drought.duckdb"] == published["drought.duckdb"]


def test_publications_that_waited_for_the_same_are_made_once(settings: Settings) -> None:
    lake, target = Lake(settings.lake), settings.warehouse
    asked_at = datetime.now(UTC)
    first = publish(lake, target, attributions(), BESIDE, asked_at=asked_at)
    made = target.stat().st_mtime_ns
    waited = publish(lake, target, attributions(), BESIDE, asked_at=asked_at)
    assert (first.is_new, waited.is_new) == (True, False)
    assert target.stat().st_mtime_ns == made
    assert waited.rows == first.rows
    # Asked for since, or with a file or a finding that it has not seen: made again.
    assert publish(lake, target, attributions(), BESIDE, asked_at=datetime.now(UTC)).is_new
    assert publish(lake, target, attributions(), BESIDE).is_new
    lake.path("weather_daily", "31").touch()  # its content is the same
    assert not publish(lake, target, attributions(), BESIDE, asked_at=asked_at).is_new
    rows = lake.read("weather_daily", "31").iloc[:-1]
    lake.write("weather_daily", rows, lake.origin("weather_daily", "31"), "31")
    assert publish(lake, target, attributions(), BESIDE, asked_at=asked_at).is_new
    finding = Finding("weather_daily", "32", "jumps", "error", verbatim("40 °C"), NOW.isoformat())
    held = {"32": [finding]}
    assert publish(lake, target, attributions(), BESIDE, held, asked_at=asked_at).is_new
    assert not publish(lake, target, attributions(), BESIDE, held, asked_at=asked_at).is_new


def test_checks_alone_ask_for_nothing_and_tell_what_is_broken(settings: Settings) -> None:
    """A fault put into the lake by hand is found without writing any of its files."""
    lake = Lake(settings.lake)
    rows = lake.read("weather_daily", "32")
    rows.loc[100:400, "tmean_c"] = 49.0
    lake.write("weather_daily", rows, lake.origin("weather_daily", "32"), "32")
    Failures(settings.failures).add("weather_daily", "33", "open-meteo", verbatim("no answer"))
    before = digests(settings.lake)
    definitions = build_definitions(Workspace(settings))
    job = definitions.resolve_job_def("checks")
    with open_instance(settings) as instance:
        assert job.execute_in_process(instance=instance, run_config=QUIET).success
        taken = write(settings, instance)  # as the sensor `monitoring` does
    assert digests(settings.lake) == before
    assert set(Findings(settings.findings).held()) == {"32"}
    assert evaluations(settings, "weather_daily", "climatology") == {
        "31": True,
        "32": False,
        "33": True,
    }
    assert evaluations(settings, "warehouse", STATE) == {None: False}
    states = {(each["departement"], each["state"]) for each in taken["troubles"]}
    assert {("32", "held"), ("33", "failed")} <= states
    assert "late" not in {state for _, state in states}  # the embedded data are an archive


def test_late_live_weather_only_warns(settings: Settings) -> None:
    lake = Lake(settings.lake)
    rows, origin = lake.read("weather_daily", "32"), lake.origin("weather_daily", "32")
    live = type(origin)("open-meteo", origin.url, "2023-01-01T00:00:00+00:00", origin.sha256)
    lake.write("weather_daily", rows, live, "32")
    job = build_definitions(Workspace(settings)).resolve_job_def("checks")
    with open_instance(settings) as instance:
        assert job.execute_in_process(instance=instance, run_config=QUIET, tags=span("32")).success
    assert evaluations(settings, "weather_daily", "freshness")["32"] is False
    (finding,) = Findings(settings.findings).of("weather_daily", "32")
    assert (finding.check, finding.severity) == ("freshness", "warning")
    (late,) = broken(settings, NOW)
    assert late.state == "late"
    assert late.since == date(2023, 1, 5).isoformat()  # 5 days after 31 December 2022


def test_the_checks_that_can_be_run_alone_are_those_there_are(settings: Settings) -> None:
    for groundwater in (None, "hubeau"):
        chosen = settings.model_copy(update={"groundwater": groundwater})
        graph = build_definitions(Workspace(chosen)).resolve_asset_graph()
        alone = {key for key in graph.asset_check_keys if key.name not in ("schema", STATE)}
        assert set(check_keys(tables.chosen(chosen))) == alone


@pytest.mark.slow
def test_the_embedded_data_hold_nobody_back(published_home: Path, tmp_path: Path) -> None:
    """All checks on the whole of France: no error, and every département judged."""
    home = tmp_path / "home"
    shutil.copytree(published_home, home)
    settings = Settings(home=home)
    tags = span(CODES[0], CODES[-1])
    job = build_definitions(Workspace(settings)).resolve_job_def("checks")
    with open_instance(settings) as instance:
        assert job.execute_in_process(instance=instance, run_config=QUIET, tags=tags).success
    found = list(Findings(settings.findings).all())
    assert not [each for each in found if each.severity == "error"]
    assert len(found) < 30
    assert set(evaluations(settings, "weather_daily", "days")) == set(CODES)
