"""The outlook of soils in the pipeline: told where its skill is sure, not made again in vain."""

import shutil
from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
import pytest

from geo_pipeline.commands.runs import run
from geo_pipeline.outlook_schemas import WHY_NOT
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.settings import Settings
from geo_pipeline.storage.lake import Lake, partition
from tests.conftest import ignore

pytestmark = pytest.mark.slow

MADE = ("outlook_hindcast", "soil_outlook", "recovery")


def rows(home: Path, query: str) -> pd.DataFrame:
    """Return what a query finds in the publication of `home`."""
    with duckdb.connect(str(home / "published" / "drought.duckdb"), read_only=True) as connection:
        return connection.sql(query).df()


def test_nothing_is_told_whose_skill_is_not_sure(published_home: Path) -> None:
    told = rows(
        published_home,
        "SELECT told.*, month(period_end) AS month, skill.crpss_climatology_low AS sure "
        "FROM soil_outlook AS told LEFT JOIN outlook_skill AS skill ON told.crop = skill.crop "
        "AND month(told.period_end) = skill.month AND told.lead_dekads = skill.lead_dekads",
    )
    assert len(told) == len(rows(published_home, "FROM soil_outlook_values"))
    numbers = told[["p10", "p25", "p50", "p75", "p90", "d0_pct", "d1_pct", "d2_pct"]]
    sure = told["sure"] > 0
    assert sure.any()
    assert (~sure).any()
    assert (told["published"] == sure).all()
    # A chance is missing where the other years are too few to tell the limit of its class.
    assert numbers.loc[sure, ["p10", "p25", "p50", "p75", "p90"]].notna().all(axis=None)
    assert numbers[~sure].isna().all(axis=None)
    assert told.loc[sure, "why_not"].isna().all()
    assert set(told.loc[~sure, "why_not"]) <= set(WHY_NOT)
    # Grass is told of a dekad ahead at any season, and nothing of nine dekads in winter.
    grass = told[told["crop"] == "grassland"].groupby("lead_dekads")["published"].all()
    assert grass[1]
    assert not grass[9]


def test_skill_falls_with_the_dekads_ahead(published_home: Path) -> None:
    """Two measurements of others on these data: some 0.7, 0.4, 0.25, 0.16, 0.1 at 1 to 5 dekads."""
    lake = Lake(published_home / "lake")
    codes = [str(partition(path)) for path in lake.files("outlook_hindcast")]
    hindcast = lake.read(
        "outlook_hindcast",
        *codes,
        columns=["lead_dekads", "crps", "crps_climatology", "crps_persistence"],
    ).dropna()
    sums = hindcast.groupby("lead_dekads").sum()
    skill = 1 - sums["crps"] / sums["crps_climatology"]
    assert skill.loc[1:5].tolist() == pytest.approx([0.66, 0.38, 0.24, 0.16, 0.11], abs=0.03)
    assert (skill.diff().dropna() < 0).all()
    assert (sums["crps"] < sums["crps_persistence"]).all()


def test_local_skill_is_of_each_departement(published_home: Path) -> None:
    found = rows(
        published_home,
        "SELECT count(DISTINCT departement) AS codes, max(crpss_climatology) AS best, "
        "min(forecasts) AS fewest FROM outlook_local_skill",
    ).iloc[0]
    assert found["codes"] == 94
    assert found["best"] <= 1.0
    assert found["fewest"] > 0


def test_what_has_not_changed_is_not_computed_again(small_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(small_home, home)
    settings = Settings(home=home)
    lake = Lake(settings.lake)
    before = {table: lake.path(table, "31").stat().st_mtime_ns for table in MADE}
    run(settings, ["31"], ignore)
    assert {table: lake.path(table, "31").stat().st_mtime_ns for table in MADE} == before
    with open_instance(settings) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("outlook_hindcast"))
        assert event is not None
        told = event.asset_materialization
        assert told is not None
        assert told.metadata["kept"].value is True
        count = told.metadata["dagster/row_count"].value
        assert count == lake.footer("outlook_hindcast", "31").rows
    lake.path("outlook_hindcast", "31").write_bytes(b"PAR1 broken")
    run(settings, ["31"], ignore)
    assert lake.is_sound("outlook_hindcast", "31")
    assert lake.path("recovery", "31").stat().st_mtime_ns == before["recovery"]
