"""Stages of crops on days counted by hand from `assets_data/crop_parameters.csv`."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.catalogue.crop_names import CROP_PERIOD_NAMES, CROP_STAGE_NAMES, crop_period_name
from geo_pipeline.indicators.crops import STAGES, day_of_season, growth_stage
from geo_pipeline.publishing.calendar import Stage, stage_on
from geo_pipeline.schemas import GROWTH_STAGES, YIELD_PERIODS
from geo_pipeline.sources.agronomy import crop_parameters
from geo_pipeline.transforms.calendar import crop_stages
from tests.conftest import ROOT

CROPS = crop_parameters(ROOT / "assets_data")
CALENDAR = crop_stages(CROPS)


@pytest.mark.parametrize(
    ("crop", "day", "stage", "period", "ky", "first", "last"),
    [
        # Sown on 20 October: 30, 140, 68 and 30 days. 20 October to 31 December are 73 days.
        ("soft_wheat", "2022-10-20", "initial", "vegetative", 0.2, "2022-10-20", "2022-11-18"),
        ("soft_wheat", "2022-11-18", "initial", "vegetative", 0.2, "2022-10-20", "2022-11-18"),
        ("soft_wheat", "2022-12-31", "development", "vegetative", 0.2, "2022-11-19", "2023-04-07"),
        ("soft_wheat", "2023-01-01", "development", "vegetative", 0.2, "2022-11-19", "2023-04-07"),
        # Flowering from day 210, 17 May (day 137 of the year), to day 227.
        ("soft_wheat", "2023-05-16", "mid", "vegetative", 0.2, "2023-04-08", "2023-05-16"),
        ("soft_wheat", "2023-05-17", "mid", "flowering", 0.6, "2023-05-17", "2023-06-03"),
        ("soft_wheat", "2024-05-16", "mid", "flowering", 0.6, "2024-05-16", "2024-06-02"),
        ("soft_wheat", "2023-06-15", "late", "yield_formation", 0.5, "2023-06-15", "2023-06-30"),
        ("soft_wheat", "2023-07-14", "late", "ripening", None, "2023-07-01", "2023-07-14"),
        # From 20 April: flowering from day 76, 4 July, to day 95.
        ("grain_maize_rainfed", "2022-07-04", "mid", "flowering", 1.5, "2022-07-04", "2022-07-23"),
        # One factor for the whole season, of the beet without periods.
        ("sugar_beet", "2022-06-30", "mid", None, 1.0, "2022-06-23", "2022-09-10"),
        ("vineyard", "2022-06-08", "development", "flowering", 0.85, "2022-06-08", "2022-06-22"),
        # No factor is published.
        ("winter_barley", "2023-05-02", "mid", "flowering", None, "2023-05-02", "2023-05-18"),
        ("grassland", "2022-02-15", "initial", None, None, "2022-02-15", "2022-02-24"),
        ("grassland", "2022-12-31", "late", None, None, "2022-12-02", "2022-12-31"),
    ],
)
def test_the_stage_of_a_day(
    crop: str, day: str, stage: str, period: str | None, ky: float | None, first: str, last: str
) -> None:
    expected = Stage(stage, period, ky, date.fromisoformat(first), date.fromisoformat(last))
    assert stage_on(CALENDAR, crop, date.fromisoformat(day)) == expected


@pytest.mark.parametrize(
    ("crop", "day"),
    [
        ("soft_wheat", "2023-07-15"),  # the day after the last
        ("soft_wheat", "2023-10-19"),
        ("grassland", "2023-01-01"),
        ("triticale", "2023-05-01"),  # no calendar is known
    ],
)
def test_off_season_there_is_no_stage(crop: str, day: str) -> None:
    assert stage_on(CALENDAR, crop, date.fromisoformat(day)) is None


@pytest.mark.slow
def test_stages_are_those_by_which_water_is_counted() -> None:
    """On each day of a season, that of a leap year, as the soil's balance has it."""
    dates = np.arange("2023-08-01", "2025-01-01", dtype="datetime64[D]")
    lengths = CROPS[["days_initial", "days_development", "days_mid", "days_late"]].to_numpy()
    day = day_of_season(
        dates,
        CROPS["start_month"].to_numpy(),
        CROPS["start_day"].to_numpy(),
        lengths.sum(axis=1),
    )
    expected = growth_stage(day, lengths)
    for row, crop in enumerate(CROPS.index):
        for column, each in enumerate(dates.tolist()):
            found = stage_on(CALENDAR, crop, each)
            number = 0 if found is None else STAGES.index(found.stage) + 1
            assert number == expected[row, column], (crop, each)
            assert found is None or found.first <= each <= found.last


def test_a_season_that_never_ends_has_a_stage_on_every_day() -> None:
    lengths = {"days_initial": 65, "days_development": 100, "days_mid": 100, "days_late": 100}
    calendar = crop_stages(CROPS.loc[["grassland"]].assign(**lengths))
    for day in pd.date_range("2023-02-15", "2024-02-14"):
        assert stage_on(calendar, "grassland", day.date()) is not None, day


def test_stretches_follow_each_other_through_the_season() -> None:
    for crop, rows in CALENDAR.groupby("crop"):
        assert rows["first_day"].iloc[0] == 1
        assert (rows["first_day"].iloc[1:].to_numpy() == rows["last_day"].iloc[:-1] + 1).all()
        days = CROPS.loc[crop, ["days_initial", "days_development", "days_mid", "days_late"]]
        assert rows["last_day"].iloc[-1] == days.sum()


def test_a_stage_without_days_is_left_out() -> None:
    calendar = crop_stages(CROPS.loc[["sugar_beet"]].assign(days_initial=0))
    assert list(calendar["stage"]) == ["development", "mid", "late"]
    assert calendar["first_day"].iloc[0] == 1


def test_stages_and_periods_have_names_in_both_languages() -> None:
    assert tuple(GROWTH_STAGES) == STAGES == tuple(CROP_STAGE_NAMES)
    assert list(CROP_PERIOD_NAMES) == YIELD_PERIODS
    assert crop_period_name("soft_wheat", "flowering").fr == "floraison"
    assert crop_period_name("soft_wheat", "flowering").en == "flowering"
    assert crop_period_name("potato", "flowering").en == "tuber initiation"
    assert crop_period_name("potato", "ripening").fr == "maturation"
