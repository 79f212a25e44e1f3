"""A class needs years of reference: with fewer there is a value and nothing that rests on one."""

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.catalogue.styles import NO_DATA
from geo_pipeline.publishing.sentences import statement
from geo_pipeline.settings import Settings
from geo_pipeline.transforms.drought import CLASS_MIN_YEARS, drought_indicators
from geo_pipeline.transforms.weather import with_et0
from tests.unit.test_drought import CROPS, grass, weather

CLASSED = ("spi_3", "swi", "sswi", "combined")
COURSE = ("drought_age_dekads", "drought_severity", "drought_peak", "drought_days_d1", "cdi")


@pytest.fixture(scope="module")
def days() -> pd.DataFrame:
    """Rain by chance over ten years, with the soil as random."""
    rain = weather("2010-01-01", "2019-12-31")
    rain["precip_mm"] = np.random.default_rng(3).gamma(0.4, 8.0, len(rain))
    return with_et0(rain)


def made(days: pd.DataFrame, last: str, **more: int) -> pd.DataFrame:
    days = days[days["date"] <= last]
    soil = grass(days, 0.0)
    soil["swi"] = np.random.default_rng(4).uniform(0.2, 0.9, len(soil))
    frame = drought_indicators(days, soil, CROPS.loc[["grassland"]], **more)
    return frame[frame["value"].notna() & frame["reference_years"].gt(0)]


def test_nine_years_have_values_and_no_classes(days: pd.DataFrame) -> None:
    few = made(days, "2018-12-31")
    of_classes = few[few["indicator"].isin(CLASSED)]
    assert set(of_classes["indicator"]) == set(CLASSED)
    assert of_classes["drought_class"].isna().all()
    assert of_classes["percentile"].notna().all()
    assert not few["indicator"].isin(COURSE).any()


def test_ten_years_have_classes(days: pd.DataFrame) -> None:
    rows = made(days, "2019-12-31")
    rows = rows[rows["indicator"].isin(CLASSED)]
    enough = rows["reference_years"] >= 10
    assert enough.any()
    assert (~enough).any()  # what looks back lacks the first winter
    assert rows.loc[enough, "drought_class"].notna().all()
    assert rows.loc[~enough, "drought_class"].isna().all()


def test_the_minimum_is_a_setting(days: pd.DataFrame) -> None:
    assert Settings().class_min_years == CLASS_MIN_YEARS == 10
    rows = made(days, "2018-12-31", class_min_years=8)
    assert rows.loc[rows["indicator"] == "spi_3", "drought_class"].notna().any()


def test_a_value_without_a_class_is_told() -> None:
    said = statement("spi_3", value=-2.14, percentile=1.6, reference_years=8.0)
    assert said.style is NO_DATA
    assert said.head == "pas de classe"
    assert said.body.replace("\u00a0", " ") == (
        "Indice SPI : \u22122,14 (8 ans de référence, trop peu pour une classe)"
    )
