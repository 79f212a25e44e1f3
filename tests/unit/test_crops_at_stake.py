"""Crops at stake and their risk, by figures that can be computed by hand."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pandas as pd
import pytest
from pydantic import ValidationError

from geo_pipeline import sql
from geo_pipeline.settings import Settings
from geo_pipeline.sources.agronomy import crop_parameters
from geo_pipeline.transforms.calendar import crop_seasons
from geo_pipeline.transforms.exposure import risk_tables
from tests.conftest import ROOT

JULY = pd.Timestamp(2022, 7, 10)
"""Maize flowers (Ky 1.5); wheat ripens, for which no Ky of the stage is published."""

STATISTICS = [
    # departement, crop, year, area_ha, production_q
    ("31", "grain_maize_rainfed", 2013, 1000.0, 80_000.0),
    ("31", "grain_maize_irrigated", 2020, 500.0, 50_000.0),
    ("31", "grain_maize_irrigated", 2022, 3000.0, 300_000.0),
    ("32", "grain_maize_irrigated", 2022, 1000.0, 100_000.0),
    ("32", "grain_maize_rainfed", 2023, 9999.0, 1.0),  # after the dekad: not known then
    ("32", "sunflower", 2013, 700.0, 14_000.0),
    ("32", "sunflower", 2021, 0.0, 0.0),  # not grown any more
    ("32", "soybean", 2021, 200.0, None),
    ("32", "soybean", 2022, None, 5_000.0),  # its area is not known: that of before holds
]
RISK = [
    # departement, drought_class, restriction_level
    ("31", "D3", "alerte"),
    ("32", "normal", None),
    ("33", None, None),
]
SHORTAGES = [("31", 40.0, 10.0), ("32", 10.0, 60.0)]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a database with two départements of Occitanie in a dekad, and one without a class."""
    tables = {
        "departements": pd.DataFrame(
            {"departement": ["31", "32", "33"], "region": ["Occitanie", "Occitanie", "N-A"]}
        ),
        "crop_statistics": pd.DataFrame(
            STATISTICS, columns=["departement", "crop", "year", "area_ha", "production_q"]
        ),
        "departement_risk_values": pd.DataFrame(
            RISK, columns=["departement", "drought_class", "restriction_level"]
        ).assign(period_end=JULY),
        "drought_indicators": pd.DataFrame(
            SHORTAGES, columns=["departement", "value", "percentile"]
        ).assign(period_end=JULY, indicator="crop_stress_pct_grain_maize_rainfed"),
        "crop_seasons": crop_seasons(crop_parameters(ROOT / "assets_data")),
        **risk_tables(Settings()),
    }
    with duckdb.connect() as made:
        for name, frame in tables.items():
            made.from_df(frame).create(name)
        made.sql(sql.load("crop_areas")).create("crop_areas")
        made.execute(sql.load("exposure"))
        yield made


@pytest.fixture(scope="module")
def rows(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the rows by département and crop."""
    found = connection.table("exposure").df().to_dict("records")
    return {(row["departement"], row["crop"]): dict(row) for row in found}


def test_a_row_is_a_crop_that_stands_where_area_and_class_are_known(rows: Any) -> None:
    assert set(rows) == {
        ("31", "grain_maize_rainfed"),
        ("31", "grain_maize_irrigated"),
        ("32", "grain_maize_irrigated"),
        ("32", "soybean"),
    }


def test_areas_are_the_latest_by_then(rows: Any) -> None:
    irrigated = rows["31", "grain_maize_irrigated"]
    assert (irrigated["area_ha"], irrigated["area_year"]) == (3000.0, 2022)
    assert rows["31", "grain_maize_rainfed"]["area_year"] == 2013
    assert irrigated["exposure"] == pytest.approx(3000 / 4000)
    assert rows["32", "grain_maize_irrigated"]["exposure"] == pytest.approx(1000 / 1200)
    assert (rows["32", "soybean"]["area_ha"], rows["32", "soybean"]["area_year"]) == (200.0, 2021)
    # Of the 400,000 q of irrigated maize of 2022 three quarters grew there.
    assert irrigated["production_share_pct"] == pytest.approx(75.0)


def test_hazard_is_shortage_and_class_each_by_half(rows: Any) -> None:
    """D3 is the fourth of five steps; an irrigated crop's hazard is that of rain alone."""
    for crop in ("grain_maize_rainfed", "grain_maize_irrigated"):
        assert rows["31", crop]["hazard"] == pytest.approx(0.5 * 0.40 + 0.5 * 4 / 5)
    assert rows["32", "grain_maize_irrigated"]["hazard"] == pytest.approx(0.5 * 0.10)


def test_vulnerability_is_the_stage_and_the_water_at_hand(rows: Any) -> None:
    """At flowering Ky is 1.5, the highest; 0.4 of it under an alert, 0.2 without an order."""
    assert rows["31", "grain_maize_rainfed"]["vulnerability"] == pytest.approx(1.0)
    assert rows["31", "grain_maize_irrigated"]["vulnerability"] == pytest.approx(0.4)
    assert rows["32", "grain_maize_irrigated"]["vulnerability"] == pytest.approx(0.2)
    assert rows["31", "grain_maize_rainfed"]["risk"] == pytest.approx(0.6)
    assert rows["31", "grain_maize_irrigated"]["risk"] == pytest.approx(0.24)
    assert rows["32", "grain_maize_irrigated"]["risk"] == pytest.approx(0.01)


def test_classes_of_the_shortage(rows: Any) -> None:
    assert rows["31", "grain_maize_rainfed"]["shortage_class"] == "strong"
    assert rows["32", "grain_maize_irrigated"]["shortage_class"] == "slight"


def test_regions_and_france_are_sums_by_area(connection: duckdb.DuckDBPyConnection) -> None:
    sums = connection.table("exposure_by_region").df()
    irrigated = sums[sums["crop"] == "grain_maize_irrigated"]
    france = irrigated[irrigated["region"].isna()].iloc[0]
    assert (france["area_ha"], france["judged_ha"]) == (4000.0, 4000.0)
    assert france["area_year"] == 2022
    assert (france["short_ha"], france["affected_ha"]) == (3000.0, 3000.0)
    assert france["affected_pct"] == pytest.approx(75.0)
    assert france["production_at_stake_pct"] == pytest.approx(75.0)
    assert france["risk"] == pytest.approx((3000 * 0.24 + 1000 * 0.01) / 4000)
    region = irrigated[irrigated["region"] == "Occitanie"].iloc[0]
    assert region["risk"] == pytest.approx(france["risk"])


def test_a_share_for_each_level_is_asked_for() -> None:
    with pytest.raises(ValidationError, match="alerte_renforcee"):
        Settings(risk_irrigated={"none": 0.1})
    with pytest.raises(ValidationError, match="from 0 to 1"):
        Settings(risk_irrigated=dict.fromkeys(Settings().risk_irrigated, 2.0))
