"""What the publication makes of the lake: yields against those before, the calendar of crops."""

from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.errors import StorageError
from geo_pipeline.provenance import Provenance
from geo_pipeline.publishing import selection
from geo_pipeline.runtime.providers import attributions
from geo_pipeline.settings import Settings
from geo_pipeline.sources.agronomy import crop_parameters
from geo_pipeline.spatial.database import attach
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.storage.warehouse_building import publish
from geo_pipeline.table_rows import validate
from geo_pipeline.transforms.calendar import calendar_tables
from geo_pipeline.transforms.exposure import risk_tables
from panel_app.data.store import Store
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

BESIDE = calendar_tables(crop_parameters(ROOT / "assets_data")) | risk_tables(Settings())
STAGES = BESIDE["crop_stages"]
ORIGIN = Provenance("test", "none", "2026-11-23", "0" * 64)
PARIS = "75"
"""Of which the embedded figures have no harvest."""


def harvests(crop: str, yields: "dict[int, float | None]") -> list[dict[str, Any]]:
    """Return rows of `crop_statistics` of Paris."""
    return [
        {
            "departement": PARIS,
            "year": year,
            "crop": crop,
            "area_ha": None,
            "yield_q_ha": quintals,
            "production_q": None,
            "source": "test",
        }
        for year, quintals in yields.items()
    ]


def table(home: Path, name: str) -> pd.DataFrame:
    """Return a published table."""
    with closing(attach(Settings(home=home).warehouse)) as connection:
        return connection.table(f"published.main.{name}").df()


def publish_with(home: Path, rows: list[dict[str, Any]], stages: pd.DataFrame = STAGES) -> None:
    """Publish with these harvests of Paris, whose rows are not checked."""
    settings = Settings(home=home)
    lake = Lake(settings.lake)
    empty = lake.read("crop_statistics", PARIS)
    lake.write("crop_statistics", pd.DataFrame(rows, columns=empty.columns), ORIGIN, PARIS)
    publish(lake, settings.warehouse, attributions(), BESIDE | {"crop_stages": stages})


def departures(home: Path, departement: str, crop: str) -> pd.DataFrame:
    """Return the rows of a crop there, by year."""
    rows = table(home, "yield_anomalies")
    return rows[(rows["departement"] == departement) & (rows["crop"] == crop)].set_index("year")


def test_embedded_yields_against_the_mean_of_five(published_home: Path) -> None:
    wheat = departures(published_home, "28", "soft_wheat")
    # Eure-et-Loir, q/ha: 79, 71, 86, 63 from 2000; 72, 82, 81, 85, 86 from 2011, then 54.3.
    assert list(wheat["yield_q_ha"].loc[2000:2003]) == [79, 71, 86, 63]
    assert list(wheat["yield_q_ha"].loc[2011:2016]) == [72, 82, 81, 85, 86, 54.3]
    assert wheat["anomaly_pct"].loc[2000:2002].isna().all()
    assert wheat.loc[2003, "expected_q_ha"] == pytest.approx((79 + 71 + 86) / 3)
    assert wheat.loc[2016, "expected_q_ha"] == pytest.approx(81.2)
    assert wheat.loc[2016, "anomaly_pct"] == pytest.approx(-33.128, abs=1e-3)


def test_a_year_that_is_missing_is_no_harvest(published_home: Path) -> None:
    maize = departures(published_home, "32", "grain_maize_irrigated")
    # Gers: 97, 109, 107, 83 from 2010, none in 2014, 101 in 2015.
    assert list(maize["yield_q_ha"].loc[2010:2015]) == [97, 109, 107, 83, 101]
    assert 2014 not in maize.index
    assert maize.loc[2012, "harvests"] == 2
    assert pd.isna(maize.loc[2012, "expected_q_ha"])
    assert maize.loc[2015, "harvests"] == 4
    assert maize.loc[2015, "expected_q_ha"] == pytest.approx((97 + 109 + 107 + 83) / 4)
    assert maize.loc[2015, "anomaly_pct"] == pytest.approx(100 * (101 - 99) / 99)


def test_harvests_are_of_the_five_calendar_years_before(own_home: Path) -> None:
    even = harvests("sunflower", {2000: 55, **dict.fromkeys(range(2001, 2006), 20), 2006: 25})
    gaps = harvests("soybean", {2000: 24, 2001: 30, 2002: 36, 2003: None, 2005: 27, 2008: 40})
    none = harvests("potato", {2000: 0, 2001: 0, 2002: 0, 2003: 300})
    other = harvests("avoine", {2000: 40, 2001: 40, 2002: 40, 2003: 50})
    publish_with(own_home, [*even, *gaps, *none, *other])

    sunflower = departures(own_home, PARIS, "sunflower")
    # Neither the sixth year before nor the year itself is in the mean.
    assert sunflower.loc[2006, "expected_q_ha"] == 20
    assert sunflower.loc[2006, "anomaly_pct"] == 25
    assert sunflower.loc[2006, "harvests"] == 5
    assert sunflower.loc[2002, "harvests"] == 2
    assert pd.isna(sunflower.loc[2002, "expected_q_ha"])

    soybean = departures(own_home, PARIS, "soybean")
    assert soybean.loc[2003, "expected_q_ha"] == 30
    assert pd.isna(soybean.loc[2003, "anomaly_pct"])
    assert soybean.loc[2005, "anomaly_pct"] == -10  # 24, 30 and 36 are known before
    assert soybean.loc[2008, "harvests"] == 1  # that of 2005
    assert pd.isna(soybean.loc[2008, "anomaly_pct"])

    potato = departures(own_home, PARIS, "potato")
    assert potato.loc[2003, "expected_q_ha"] == 0
    assert pd.isna(potato.loc[2003, "anomaly_pct"])
    assert departures(own_home, PARIS, "avoine").loc[2003, "anomaly_pct"] == 25

    validate("yield_anomalies", table(own_home, "yield_anomalies"))


def test_the_area_that_grows_is_that_of_its_crops_everywhere(published_home: Path) -> None:
    """The map, the ranking and the bulletin add up the same areas of the same crops."""
    risk = table(published_home, "departement_risk_values")
    risk = risk[risk["drought_class"].notna() & risk["crop_area_ha"].notna()]
    with closing(attach(Settings(home=published_home).warehouse)) as connection:
        crops = connection.sql("FROM published.main.exposure").df()
    crops = crops.groupby(["departement", "period_end"])
    added = crops.agg(
        area=("area_ha", "sum"), first=("area_year", "min"), last=("area_year", "max")
    )
    both = risk.set_index(["departement", "period_end"]).join(added)
    assert len(both[both["area"].notna()]) > 10_000
    assert both["area"].fillna(0).tolist() == both["crop_area_ha"].tolist()
    grows = both[both["area"].notna()]
    assert grows["first"].tolist() == grows["crop_area_first_year"].tolist()
    assert grows["last"].tolist() == grows["crop_area_last_year"].tolist()


def test_a_harvest_far_from_its_own_record_is_doubtful(published_home: Path) -> None:
    """Irrigated maize of the Marne: 17.4 q/ha in 2020, about 100 in all other years."""
    rows = departures(published_home, "51", "grain_maize_irrigated")
    assert rows.index[rows["doubtful"]].tolist() == [2020]
    assert np.isnan(rows.loc[2020, "anomaly_pct"])
    known = rows["yield_q_ha"].drop(2020)
    assert rows.loc[2021, "expected_q_ha"] == pytest.approx(known.loc[2016:2019].mean())
    assert rows.loc[2021, "harvests"] == 4
    every = table(published_home, "yield_anomalies")
    assert every["doubtful"].sum() < 12


@pytest.mark.parametrize(
    ("q_ha", "doubtful"), [(19.9, True), (20.1, False), (179.0, False), (181.0, True)]
)
def test_under_a_third_or_over_three_times_the_median(
    own_home: Path, q_ha: float, doubtful: bool
) -> None:
    yields = dict.fromkeys(range(2010, 2019), 60.0) | {2019: q_ha}
    publish_with(own_home, harvests("soft_wheat", yields))
    rows = departures(own_home, PARIS, "soft_wheat")
    assert rows["doubtful"].tolist() == [False] * 9 + [doubtful]


def test_a_map_can_show_departures_at_the_end_of_their_year(published_home: Path) -> None:
    warehouse = Warehouse(Settings(home=published_home).warehouse)
    periods = warehouse.query("indicator_periods")
    wheat = periods[periods["indicator"] == "yield_anomaly_pct_soft_wheat"]
    ends = [each.date().isoformat() for each in wheat["period_end"]]
    assert ends == [f"{year}-12-31" for year in range(2003, 2023)]
    rows = table(published_home, "yield_anomalies")
    known = rows[(rows["crop"] == "soft_wheat") & rows["anomaly_pct"].notna()]
    counts = dict(zip(wheat["period_end"].dt.year, wheat["departements"], strict=True))
    assert counts == known.groupby("year").size().to_dict()


def test_the_calendar_of_crops_is_published_as_it_is(published_home: Path) -> None:
    rows = table(published_home, "crop_stages")
    pd.testing.assert_frame_equal(validate("crop_stages", rows), STAGES, check_dtype=False)


def test_a_calendar_with_a_gap_is_not_published(own_home: Path) -> None:
    gap = STAGES.drop(STAGES.index[STAGES["crop"] == "soft_wheat"][3])
    with pytest.raises(StorageError, match=r"do not begin where the one before ends \(1\)"):
        publish_with(own_home, [], gap)
    with pytest.raises(StorageError, match=r"do not begin where the one before ends \(1\)"):
        publish_with(own_home, [], STAGES.drop(STAGES.index[0]))


def test_a_harvest_that_occurs_twice_is_not_published(own_home: Path) -> None:
    twice = harvests("sunflower", {2000: 20}) * 2
    with pytest.raises(StorageError, match=r"harvests that occur twice \(1\)") as broken:
        publish_with(own_home, twice)
    assert broken.value.message("fr").endswith("récoltes présentes deux fois (1)")


def courses(home: Path, **courses: dict[str, list[tuple[str, float]]]) -> None:
    """Publish with these values of indicators by dekad, of places that have none: `d75`, `d92`."""
    settings = Settings(home=home)
    lake = Lake(settings.lake)
    for place, of in courses.items():
        code = place.removeprefix("d")
        columns = lake.read("drought_indicators", code).columns
        rows = [
            {
                "reference_years": 0,
                "reference_period": "-",
                "departement": code,
                "indicator": name,
                "period_end": pd.Timestamp(day),
                "value": value,
            }
            for name, course in of.items()
            for day, value in course
        ]
        frame = validate("drought_indicators", pd.DataFrame(rows, columns=columns))
        lake.write("drought_indicators", frame, ORIGIN, code)
    publish(lake, settings.warehouse, attributions(), BESIDE)


NAN = float("nan")


def test_a_drought_is_over_running_or_lost_in_a_gap(own_home: Path) -> None:
    """The embedded record ends with 2022; of its droughts 19 were under way then,
    and those of 13 and 30 are lost in the gap of 2014.
    """
    course = {
        "75": [1, 2, 0, 1, 2, 3],
        "92": [1, 2, 0, 1, 2, NAN],
    }
    ends = ["2022-11-10", "2022-11-20", "2022-11-30", "2022-12-10", "2022-12-20", "2022-12-31"]
    courses(
        own_home,
        **{
            f"d{code}": {"drought_age_dekads": list(zip(ends, map(float, ages), strict=True))}
            for code, ages in course.items()
        },
    )
    events = table(own_home, "drought_events").set_index("departement")
    assert events.loc["75", "state"].tolist() == ["over", "running"]
    assert events.loc["92", "state"].tolist() == ["over", "unknown"]
    others = events.drop(["75", "92"])
    assert (others["state"] == "running").sum() == 19
    assert sorted(others.index[others["state"] == "unknown"]) == ["13", "30"]
    assert (others["state"] == "over").sum() == len(others) - 21


def test_one_departement_ahead_of_the_others_does_not_move_france(own_home: Path) -> None:
    with closing(Warehouse(Settings(home=own_home).warehouse)) as warehouse:
        newest = selection.select(warehouse, "swi").period_end
        running = (table(own_home, "drought_events")["state"] == "running").sum()
        ahead = [("2024-12-20", -1.0), ("2024-12-31", -1.5)]
        courses(own_home, d75={"swi": ahead, "drought_age_dekads": [("2024-12-31", 1.0)]})
        assert selection.select(warehouse, "swi").period_end == newest
        assert selection.select(warehouse, "swi", "2024-12").period_end == date(2024, 12, 31)
    events = table(own_home, "drought_events")
    assert (events.loc[events["departement"] != "75", "state"] == "running").sum() == running
    assert events.loc[events["departement"] == "75", "state"].tolist() == ["running"]
    publication = Store(Settings(home=own_home).warehouse).publication()
    matrix = publication.matrix("swi")
    assert matrix.periods[matrix.nearest(None)] == newest
    assert matrix.periods[matrix.nearest(None, "month")] == newest
    assert publication.weather_until == date(2022, 12, 31)
