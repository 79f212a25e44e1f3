"""The part of the weather that a table needs: known by hand, and the same while days arrive."""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from geo_pipeline.places import PROJECT_ROOT
from geo_pipeline.provenance import Provenance
from geo_pipeline.runtime.needed_weather import NeededWeather
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.storage.lake import Footer, Lake
from geo_pipeline.storage.needed_days import needed_until
from geo_pipeline.transforms.weather import with_et0

WEATHER = "weather_daily"


def footer(first: date | None, last: date | None) -> Footer:
    return Footer(1, first, last, {})


@pytest.mark.parametrize(
    ("table", "last", "until"),
    [
        ("drought_indicators", date(2022, 8, 9), date(2022, 7, 31)),
        ("drought_indicators", date(2022, 8, 10), date(2022, 8, 10)),
        ("recovery", date(2022, 8, 11), date(2022, 8, 10)),
        ("soil_outlook", date(2024, 2, 28), date(2024, 2, 20)),
        ("irrigation_need", date(2023, 2, 28), date(2023, 2, 28)),
        ("outlook_hindcast", date(2022, 12, 30), date(2021, 12, 31)),
        ("outlook_hindcast", date(2022, 12, 31), date(2022, 12, 31)),
        ("soil_water_daily", date(2022, 8, 9), None),
    ],
)
def test_what_is_over_is_needed(table: str, last: date, until: date | None) -> None:
    assert needed_until(table, footer(date(2010, 1, 1), last)) == until


def test_a_short_record_is_needed_to_its_last_day() -> None:
    first, last = date(2020, 1, 1), date(2022, 1, 15)
    assert needed_until("recovery", footer(first, last)) == date(2022, 1, 10)
    assert needed_until("recovery", footer(first + timedelta(days=9), last)) is None
    assert needed_until("recovery", footer(None, None)) is None


def test_days_that_arrive_later_change_nothing_and_earlier_ones_do(tmp_path: Path) -> None:
    rows = with_et0(Bundled(PROJECT_ROOT / "assets_data").weather_daily(["31"], None, None))
    lake, needed = Lake(tmp_path), NeededWeather(Lake(tmp_path), "drought_indicators")

    def grown(until: str, received: str, rows: pd.DataFrame = rows) -> Provenance:
        kept = rows[rows["date"] <= until]
        lake.write(WEATHER, kept, Provenance("bundled", "x", received, received), "31")
        assert needed.read(["31"], ["departement", "date"])["date"].max() == pd.Timestamp(
            "2022-08-10"
        )
        return needed.origin("31", made_of="method")

    before = grown("2022-08-10", "2022-08-11")
    assert (before.until, before.fetched_at, before.made_of) == ("2022-08-10", "", "method")
    assert grown("2022-08-19", "2022-08-20") == before
    changed = rows.copy()
    changed.loc[changed["date"] == "2015-03-04", "precip_mm"] += 0.1
    assert grown("2022-08-19", "2022-08-20", changed) != before
