"""Weather that grows: the file is, to the byte, the one that all days at once make."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.provenance import Provenance
from geo_pipeline.runtime.grown_weather import GrownWeather, grown_weather
from geo_pipeline.sources.observed import OBSERVED
from geo_pipeline.storage.lake import Lake
from geo_pipeline.weather_variables import WEATHER_VARIABLES

PLACES = pd.DataFrame({"departement": ["31", "32"], "latitude_deg": [43.4, 43.7]})
ORIGIN = Provenance("sim2", "none", "2026-11-28", "ab" * 32)


def observed(last: str, first: str = "2019-10-01") -> pd.DataFrame:
    """Return what a provider gives until a day: the last sixty days are provisional."""
    dates = pd.date_range(first, last)
    chance = np.random.default_rng(4).random((2 * 366 * 10, 3))[: len(dates)]
    values = dict.fromkeys(WEATHER_VARIABLES, np.full(len(dates), np.nan)) | {
        "tmin_c": 4 + 5 * chance[:, 0],
        "tmean_c": 11 + 5 * chance[:, 0],
        "tmax_c": 17 + 5 * chance[:, 1],
        "precip_mm": np.where(chance[:, 2] < 0.4, 9 * chance[:, 1], 0.0),
        "rh_pct": 60 + 30 * chance[:, 2],
    }
    return pd.DataFrame(
        {
            "departement": "31",
            "date": dates,
            **values,
            "stations": pd.array([pd.NA] * len(dates), dtype="Int64"),
            "source": "sim2",
            "resolution": "day",
            "provisional": np.arange(len(dates)) >= len(dates) - 60,
        }
    )[list(OBSERVED)]


def grown(lake: Lake, days: pd.DataFrame, method: str = "m") -> GrownWeather:
    """Write the weather of these days."""
    made = grown_weather(lake, "31", days, PLACES, method)
    origin = Provenance(**vars(ORIGIN) | {"made_of": made.made_of})
    lake.write("weather_daily", made.history.rows, origin, "31", before=made.before)
    return made


def content(lake: Lake) -> bytes:
    return lake.path("weather_daily", "31").read_bytes()


@pytest.mark.parametrize(
    ("changed", "first_made"),
    [
        (None, date(2021, 1, 1)),
        ("2021-11-30", date(2021, 1, 1)),
        ("2020-12-31", date(2020, 1, 1)),
        ("2019-10-01", date(2019, 10, 1)),
    ],
)
def test_rows_are_made_since_the_year_of_the_first_change(
    tmp_path: Path, changed: str | None, first_made: date
) -> None:
    lake, anew = Lake(tmp_path / "grown"), Lake(tmp_path / "anew")
    grown(lake, observed("2021-11-27"))
    days = observed("2021-11-30")
    days.loc[days["date"] == changed, "tmax_c"] = 30.25
    made = grown(lake, days)
    assert made.history.rows["date"].min().date() == first_made
    grown(anew, days)
    assert content(lake) == content(anew)
    back = lake.read("weather_daily", "31").set_index("date")
    assert len(back) == len(days)
    assert changed is None or back.loc[changed, "tmax_c"] == 30.25


def test_days_without_a_value_are_no_change(tmp_path: Path) -> None:
    lake, anew = Lake(tmp_path / "grown"), Lake(tmp_path / "anew")
    days = observed("2021-11-28")
    days.loc[days["date"] == "2020-05-05", list(WEATHER_VARIABLES)] = np.nan
    grown(lake, days.iloc[:-1])
    assert grown(lake, days).history.rows["date"].min() == pd.Timestamp("2021-01-01")
    grown(anew, days)
    assert content(lake) == content(anew)
    assert len(lake.read("weather_daily", "31")) == len(days) - 1


@pytest.mark.parametrize("last", ["2021-03-01", "2020-12-31"])
def test_fewer_days_than_before(tmp_path: Path, last: str) -> None:
    lake, anew = Lake(tmp_path / "grown"), Lake(tmp_path / "anew")
    for each in (lake, anew):
        grown(each, observed("2021-11-28") if each is lake else observed(last))
    grown(lake, observed(last))
    assert content(lake) == content(anew)


def test_another_method_makes_all_rows(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    grown(lake, observed("2021-11-28"))
    made = grown(lake, observed("2021-11-28"), "another")
    assert made.before is None
    assert len(made.history.rows) == len(observed("2021-11-28"))
