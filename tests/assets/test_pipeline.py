"""The pipeline in Dagster: real runs, real instance, real lake."""

import hashlib
import shutil
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from geo_pipeline.commands.runs import run
from geo_pipeline.definitions import build_definitions, defs
from geo_pipeline.errors import SourceError
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.tables import TABLES
from geo_pipeline.territory import CODES
from tests.conftest import PARTITIONED, digests

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
UNCOVERED = ["75", "92", "971", "972", "973", "974", "976"]


def ignore(table: str, departement: str) -> None:
    """Nobody watches the progress."""


def test_definitions_hold_the_contract() -> None:
    keys = {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}
    optional = {name for name, table in TABLES.items() if table.optional}
    assert keys == TABLES.keys() - optional | {"warehouse", "exports", "bulletins"}
    for table in PARTITIONED:
        partitions = defs.resolve_asset_graph().get(dg.AssetKey(table)).partitions_def
        assert partitions is not None
        assert list(partitions.get_partition_keys()) == list(CODES)
    assert {job.name for job in defs.resolve_all_job_defs()} >= {"france", "departement", "publish"}


def test_cells_are_assets_where_the_grid_gives_weather(tmp_path: Path) -> None:
    for provider in ({"source": "sim2"}, {"history": "sim2"}):
        settings = Settings(home=tmp_path, **provider)
        graph = build_definitions(Workspace(settings)).resolve_asset_graph()
        assert dg.AssetKey("area_in_class") in graph.get(dg.AssetKey("warehouse")).parent_keys
        parents = graph.get(dg.AssetKey("area_in_class")).parent_keys
        assert parents == {dg.AssetKey("cell_dekads")}


def test_groundwater_is_an_asset_where_a_provider_is_chosen(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, groundwater="hubeau")
    graph = build_definitions(Workspace(settings)).resolve_asset_graph()
    parents = graph.get(dg.AssetKey("warehouse")).parent_keys
    assert dg.AssetKey("groundwater") in parents
    assert dg.AssetKey("departement_risk") in parents


def test_every_partition_is_there_and_names_its_departement(published_home: Path) -> None:
    lake = Lake(published_home / "lake")
    for table in PARTITIONED:
        assert len(lake.files(table)) == 101, table
    for code in ("01", "2A", "31"):
        assert set(lake.read("weather_daily", code)["departement"]) == {code}


def test_uncovered_departements_have_files_of_no_rows(published_home: Path) -> None:
    lake = Lake(published_home / "lake")
    bare = [code for code in CODES if lake.read("weather_daily", code).empty]
    assert bare == UNCOVERED


def test_the_lake_holds_what_was_observed(published_home: Path, shared_data: Path) -> None:
    """Sums of days and of dekads agree with the published table, département by département."""
    given = pd.read_csv(shared_data / "figures" / "weather_dekadal.csv", dtype={"code_dep": str})
    expected = given.groupby("code_dep")["precip_mm"].sum()
    rows = Lake(published_home / "lake").arrow("weather_daily").to_pandas(date_as_object=False)
    found = rows.groupby("departement")["precip_mm"].sum()
    assert list(found.index) == list(expected.index)
    assert found.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-12)
    assert set(rows["resolution"]) == {"dekad"}
    assert rows[["tmin_c", "tmax_c", "wind_m_s", "rh_pct"]].isna().all(axis=None)
    assert 2014 not in set(rows["date"].dt.year)


@pytest.mark.drill
def test_one_departement_alone_leaves_the_same_bytes(published_home: Path, tmp_path: Path) -> None:
    together = digests(published_home / "lake")
    settings = Settings(home=tmp_path / "home")
    for code in ("31", "2B", "75"):
        run(settings, [code], ignore)
        for table in PARTITIONED:
            name = f"{table}/departement={code}/part.parquet"
            assert digests(settings.lake)[name] == together[name], name


def test_a_partition_run_touches_nothing_of_others(own_small_home: Path) -> None:
    lake = own_small_home / "lake"
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("departement=*/part.parquet")}
    content = digests(lake)
    published = Warehouse(own_small_home / "published" / "drought.duckdb")
    version = published.version()
    run(Settings(home=own_small_home), ["31"], ignore)
    touched = {path.parent.name for path, when in before.items() if path.stat().st_mtime_ns != when}
    assert touched == {"departement=31"}
    assert digests(lake) == content
    assert published.version() != version


def test_a_partition_picked_in_dagster_leaves_the_same_bytes(
    published_home: Path, tmp_path: Path
) -> None:
    """Dagster's pages launch a job with the tag of one partition rather than a range."""
    settings = Settings(home=tmp_path / "home")
    job = build_definitions(Workspace(settings)).resolve_job_def("departement")
    with open_instance(settings) as instance:
        assert job.execute_in_process(instance=instance, partition_key="32").success
        recorded = instance.get_materialized_partitions(dg.AssetKey("drought_indicators"))
        assert recorded == {"32"}
        event = instance.get_latest_materialization_event(dg.AssetKey("drought_indicators"))
        assert event is not None
        materialization = event.asset_materialization
        assert materialization is not None
        rows = Lake(settings.lake).read("drought_indicators", "32")
        assert materialization.metadata["dagster/row_count"].value == len(rows)
        assert (rows["indicator"] == "spi_3").sum() == 13 * 36  # 13 years of dekads
    together = digests(published_home / "lake")
    alone = digests(settings.lake)
    for table in PARTITIONED:
        name = f"{table}/departement=32/part.parquet"
        assert alone[name] == together[name]


def test_each_partition_records_its_rows_and_hash(published_home: Path) -> None:
    settings = Settings(home=published_home)
    lake = Lake(settings.lake)
    with open_instance(settings) as instance:
        for code in ("31", "75"):
            (record,) = instance.fetch_materializations(
                dg.AssetRecordsFilter(dg.AssetKey("weather_daily"), asset_partitions=[code]),
                limit=1,
            ).records
            assert record.asset_materialization is not None
            metadata = record.asset_materialization.metadata
            content = lake.path("weather_daily", code).read_bytes()
            assert metadata["sha256"].value == hashlib.sha256(content).hexdigest()
            assert metadata["dagster/row_count"].value == len(lake.read("weather_daily", code))


def test_provenance_is_published_for_each_partition(published_home: Path) -> None:
    rows = Warehouse(published_home / "published" / "drought.duckdb").query("provenance")
    weather = rows[rows["asset"] == "weather_daily"].set_index("departement")
    embedded = ROOT / "assets_data" / "weather_dekadal.parquet"
    assert len(weather) == 101
    assert set(weather["sha256"]) == {hashlib.sha256(embedded.read_bytes()).hexdigest()}
    assert weather.loc["31", "rows"] == 12 * 365 + 3  # leap years 2012, 2016, 2020
    derived = rows[rows["asset"] == "drought_indicators"].set_index("departement")
    assert derived.loc["31", "url"] == "weather_daily/departement=31/part.parquet"


def test_since_and_until_bound_the_weather(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", since="2018-01-01", until="2019-12-31")
    run(settings, ["31"], ignore)
    dates = Lake(settings.lake).read("weather_daily", "31")["date"]
    assert (str(dates.min().date()), str(dates.max().date())) == ("2018-01-01", "2019-12-31")


def test_a_damaged_source_fails_the_run_and_keeps_everything(
    own_home: Path, tmp_path: Path
) -> None:
    embedded = tmp_path / "embedded"
    shutil.copytree(ROOT / "assets_data", embedded)
    weather = embedded / "weather_dekadal.parquet"
    weather.write_bytes(weather.read_bytes()[:5000])
    before = digests(own_home / "lake") | digests(own_home / "published")
    with pytest.raises(SourceError, match=r"weather_dekadal\.parquet cannot be read"):
        run(Settings(home=own_home, embedded_data=embedded), ["31"], ignore)
    assert digests(own_home / "lake") | digests(own_home / "published") == before
    weather.unlink()
    with pytest.raises(SourceError, match=r"weather_dekadal\.parquet is missing"):
        run(Settings(home=own_home, embedded_data=embedded), ["31"], ignore)


def test_a_damaged_lake_file_is_not_published_over_the_old(own_small_home: Path) -> None:
    """Of its département the published rows stay; running it again mends it (test_checks)."""
    settings = Settings(home=own_small_home)
    Lake(settings.lake).path("drought_indicators", "32").write_bytes(b"PAR1 broken")
    run(settings, ["31"], ignore)
    published = Warehouse(settings.warehouse).query("provenance").set_index("asset")
    rows = published.loc["drought_indicators"].set_index("departement")["rows"]
    assert rows["32"] == rows["31"] > 0
    run(settings, ["32"], ignore)
    rows = Lake(settings.lake).read("drought_indicators", "32")
    assert (rows["indicator"] == "spi_3").sum() == 13 * 36
