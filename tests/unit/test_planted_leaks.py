"""The whole way from weather and harvests to what is told of them, with leaks and signals planted.

Made-up départements and years: what each ought to come to is known. Each function of `outlook` has
its own tests; here none of them is called by hand.
"""

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.transforms.crop_seasons import CropSeasons, seasons_of_crops
from geo_pipeline.transforms.yields import measured, yield_outlook, yield_skill
from tests.conftest import ROOT

CODES = ["18", "28", "45", "77", "86", "89"]
YEARS = range(2003, 2023)
SOURCE = Bundled(ROOT / "assets_data")
TABLES = SOURCE.crop_parameters(), SOURCE.soil_storage()
MAIZE = "grain_maize"  # 20 April to 6 October


def wet_seasons(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how wet the summer and the winter of each year are, independent of each other."""
    return tuple(np.random.default_rng(seed).normal(size=(2, len(YEARS))))


def weather(seed: int = 1) -> pd.DataFrame:
    """Return days whose rain from May to August and from December to March follow `wet_seasons`."""
    random = np.random.default_rng(seed + 1000)
    dates = pd.date_range(f"{YEARS[0]}-01-01", f"{YEARS[-1]}-12-31")
    summer, winter = wet_seasons(seed)
    year, warm = dates.year.to_numpy() - YEARS[0], dates.month.isin([5, 6, 7, 8])
    cold = dates.month.isin([12, 1, 2, 3])
    wet = np.exp(0.5 * np.where(warm, summer[year], np.where(cold, winter[year], 0.0)))
    turn = np.cos(2 * np.pi * (dates.dayofyear.to_numpy() - 15) / 365.25)
    rows = []
    for code in CODES:
        rain = wet * np.where(
            random.random(len(dates)) < 0.35, random.gamma(0.8, 6.0, len(dates)), 0.0
        )
        rows.append(
            pd.DataFrame(
                {
                    "departement": code,
                    "date": dates,
                    "precip_mm": rain,
                    "et0_mm": 2.7 - 2.2 * turn,
                    "tmean_c": 12.0 - 8.0 * turn + random.normal(size=len(dates)),
                    "radiation_mj_m2": 12.0 - 8.0 * turn + random.normal(size=len(dates)),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def harvests(of_year: np.ndarray, crop: str = MAIZE, seed: int = 5) -> pd.DataFrame:
    """Return yields that are off by `of_year` (a share), and 4 % by place and year besides."""
    random = np.random.default_rng(seed)
    level = random.uniform(60.0, 90.0, len(CODES))
    off = 0.04 * random.normal(size=(len(YEARS), len(CODES)))
    yields = level * (1.0 + of_year[:, np.newaxis] + off)
    return pd.DataFrame(
        {
            "departement": np.tile(CODES, len(YEARS)),
            "year": np.repeat(list(YEARS), len(CODES)),
            "crop": crop,
            "yield_q_ha": yields.ravel(),
        }
    )


def seasons(days: pd.DataFrame, yields: pd.DataFrame) -> list[CropSeasons]:
    return list(seasons_of_crops(days, yields, *TABLES))


def skill_of(days: pd.DataFrame, yields: pd.DataFrame) -> pd.DataFrame:
    return yield_skill([row for each in seasons(days, yields) for row in measured(each)])


WEATHER = weather()
SUMMER, WINTER = wet_seasons(1)
SIGNAL = harvests(0.1 * SUMMER)


def test_a_tenth_of_the_harvest_that_summers_make_is_found() -> None:
    told = skill_of(WEATHER, SIGNAL).set_index("issue_month")
    assert set(told.loc[[8, 9], "verdict"]) == {"model"}
    assert told.loc[4, "verdict"] != "model"  # eleven days after sowing


def test_harvests_of_noise_are_not_told_by_the_weather() -> None:
    """Five crops, each 8 % off by year: none is published."""
    crops = (MAIZE, "sunflower", "soybean", "soft_wheat", "winter_barley")
    off = 0.08 * np.random.default_rng(11).normal(size=(len(crops), len(YEARS)))
    noise = pd.concat([harvests(of, crop) for of, crop in zip(off, crops, strict=True)])
    assert "model" not in set(skill_of(WEATHER, noise)["verdict"])


def test_years_in_another_order_are_not_told_by_the_weather() -> None:
    """The same weather and harvests, each harvest beside the weather of another year."""
    for shift in (3, 7, 11):
        moved = harvests(0.1 * np.roll(SUMMER, shift))
        assert "model" not in set(skill_of(WEATHER, moved)["verdict"]), shift


def test_weather_before_sowing_tells_nothing() -> None:
    """Harvests that follow the winter before them: the season does not know of it."""
    assert "model" not in set(skill_of(WEATHER, harvests(0.1 * WINTER))["verdict"])


@pytest.mark.parametrize("year", [2012, 2019])
def test_the_harvest_of_a_year_and_what_comes_after_change_no_byte_of_its_forecast(
    year: int,
) -> None:
    """Told by the model at the end of August; all later weather and harvests are others."""
    issued = pd.Timestamp(year, 8, 31)
    days = pd.concat([WEATHER[WEATHER["date"] <= issued], weather(77).query("date > @issued")])
    later = SIGNAL["year"] >= year
    yields = SIGNAL.assign(yield_q_ha=SIGNAL["yield_q_ha"].mask(later, 30.0))

    def told(days: pd.DataFrame, yields: pd.DataFrame) -> pd.DataFrame:
        (of,) = seasons(days, yields)
        verdict = pd.DataFrame({"crop": MAIZE, "issue": [each.number for each in of.issues]})
        rows = yield_outlook([of], verdict.assign(verdict="model"))
        return rows[(rows["year"] == year) & (rows["issued"] <= issued)]

    before, then = told(WEATHER, SIGNAL), told(days, yields)
    assert (before["published"] == "model").any()
    assert before.to_csv() == then.to_csv()
