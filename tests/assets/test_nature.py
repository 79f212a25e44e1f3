"""The indicators against published normals and against droughts that are on record."""

from pathlib import Path

import pandas as pd
import pytest

from geo_pipeline.settings import Settings
from geo_pipeline.sources.agronomy import soil_storage
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.storage.lake import Lake
from tools.nature import (
    ROOT,
    agreement,
    in_drought,
    indicators,
    spread_and_true,
    wetness,
)
from tools.soils import fit, normals, on_other_months, table, wetness_by_storage

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def by_drainage() -> dict[float, pd.DataFrame]:
    """Return the wetness under grass in soils of all storages, by drainage."""
    return wetness_by_storage(Bundled(ROOT / "assets_data"))


@pytest.fixture(scope="module")
def frame(published_home: Path) -> pd.DataFrame:
    """Return the indicators of the whole of France."""
    return indicators(Lake(published_home / "lake"))


def test_soil_wetness_follows_the_published_normals(frame: pd.DataFrame) -> None:
    fit = agreement(*wetness(frame))
    assert fit.count == 94 * 12
    assert fit.r > 0.95
    assert abs(fit.bias) < 0.05


def test_soils_fitted_on_half_of_the_months_agree_on_the_others(
    by_drainage: dict[float, pd.DataFrame],
) -> None:
    for odd in (0, 1):
        tested = on_other_months(by_drainage, normals(), odd).agreement
        assert tested.count == 94 * 6
        assert tested.r > 0.95
        assert abs(tested.bias) < 0.05


def test_the_embedded_soils_are_those_that_the_normals_choose(
    by_drainage: dict[float, pd.DataFrame],
) -> None:
    chosen = fit(by_drainage, normals())
    embedded = soil_storage(ROOT / "assets_data").reset_index()
    pd.testing.assert_frame_equal(table(chosen), embedded, check_dtype=False)
    # Loess and silt hold more than the sands of the Landes and the granite of the Vosges.
    storage_mm = chosen.storage_mm
    assert storage_mm[["02", "51", "67"]].min() > storage_mm[["40", "88", "07"]].max()


def test_spread_dekads_tell_nearly_what_true_days_tell(
    published_home: Path, shared_data: Path
) -> None:
    fit = spread_and_true(
        Settings(home=published_home), shared_data / "observed" / "weather_daily.parquet"
    )
    assert fit.count > 10_000
    assert fit.r > 0.99
    assert abs(fit.bias) < 0.03


@pytest.mark.parametrize(
    ("month", "indicator", "at_least"),
    [
        # Spring 2011: the driest in fifty years over the north and west (Météo-France).
        ("2011-05", "spei_3", 60),
        ("2011-05", "sswi", 60),
        # Summer 2022: the driest soils on record in August (Météo-France).
        ("2022-08", "sswi", 30),
        ("2022-07", "spei_3", 40),
        # Autumn 2018.
        ("2018-10", "spei_3", 40),
    ],
)
def test_droughts_on_record_are_severe_over_much_of_france(
    frame: pd.DataFrame, month: str, indicator: str, at_least: int
) -> None:
    rows = in_drought(frame, indicator, month)
    assert rows["drought_class"].isin(["D2", "D3", "D4"]).sum() >= at_least


def test_a_wet_spring_is_not_a_drought(frame: pd.DataFrame) -> None:
    """May 2016 flooded the Seine and the Loire."""
    rows = in_drought(frame, "sswi", "2016-05")
    assert rows["drought_class"].isin(["D1", "D2", "D3", "D4"]).sum() <= 5
