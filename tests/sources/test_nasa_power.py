"""NASA POWER over real HTTP on loopback: what is asked for, what is made of it, every fault."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.errors import SourceError
from geo_pipeline.sources.http import Http
from geo_pipeline.sources.nasa_power import NasaPower, cells, periods
from geo_pipeline.sources.observed import OBSERVED
from geo_pipeline.sources.raw import RawStore
from geo_pipeline.table_rows import validate
from geo_pipeline.transforms.weather import with_et0
from tests.sources.conftest import Answer, Asked, Provider

PATH = "/api/temporal/daily/point"
TODAY = date(2026, 11, 23)
UNITS = {
    "T2M": "C",
    "T2M_MAX": "C",
    "T2M_MIN": "C",
    "PRECTOTCORR": "mm/day",
    "ALLSKY_SFC_SW_DWN": "MJ/m^2/day",
    "WS10M": "m/s",
    "RH2M": "%",
}
# Two points of the Gers lie in the cell of 43.5, 0.625, one in that of 44.0, 0.625.
GERS = pd.DataFrame(
    {"departement": "32", "latitude": [43.45, 43.6, 43.9], "longitude": [0.4, 0.8, 0.6]}
)
TARN_ET_GARONNE = pd.DataFrame({"departement": ["82"], "latitude": [44.1], "longitude": [0.7]})
POINTS = pd.concat([GERS, TARN_ET_GARONNE], ignore_index=True)
SOUTH = {"T2M": 21.0, "T2M_MAX": 28.0, "T2M_MIN": 15.0, "PRECTOTCORR": 0.0}
SOUTH |= {"ALLSKY_SFC_SW_DWN": 24.0, "WS10M": 2.0, "RH2M": 60.0}
NORTH = {name: value + 3.0 for name, value in SOUTH.items()}
Value = Callable[[str, str, date], float]


def july(name: str, latitude: str, day: date) -> float:
    return (NORTH if latitude == "44" else SOUTH)[name]


def archive(value: Value = july, **changes: Any) -> Callable[[Asked], Answer]:
    """Answer as the interface does; `changes` are put in the place of parts of it."""

    def answer(asked: Asked) -> Answer:
        start, end = (
            date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:]}")
            for text in (asked.one("start"), asked.one("end"))
        )
        days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
        latitude, longitude = asked.one("latitude"), asked.one("longitude")
        names = asked.one("parameters").split(",")
        said = {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [float(longitude), float(latitude), 150]},
            "properties": {
                "parameter": {
                    name: {f"{day:%Y%m%d}": value(name, latitude, day) for day in days}
                    for name in names
                }
            },
            "header": {"fill_value": -999.0, "time_standard": asked.one("time-standard")},
            "messages": [],
            "parameters": {name: {"units": UNITS[name], "longname": name} for name in names},
        }
        return Answer(json=said | changes)

    return answer


@pytest.fixture
def http(tmp_path: Path) -> Http:
    return Http(RawStore(tmp_path / "raw"), default_rate=10_000, attempts=1)


def past(http: Http, provider: Provider, code: str = "32", year: int = 2021) -> Any:
    source = NasaPower(http, POINTS, url=provider.url + PATH, today=TODAY)
    return source.weather(code, date(year, 7, 1), date(year, 7, 3))


def test_each_cell_is_asked_once_and_says_what_it_wants(http: Http, provider: Provider) -> None:
    provider.on(PATH, archive())
    past(http, provider)
    assert [(each.one("latitude"), each.one("longitude")) for each in provider.asked] == [
        ("43.5", "0.625"),
        ("44", "0.625"),
    ]
    asked = provider.asked[0]
    assert (asked.one("start"), asked.one("end")) == ("20210101", "20211231")
    assert set(asked.one("parameters").split(",")) == set(UNITS)
    assert asked.one("community") == "AG"
    assert asked.one("time-standard") == "UTC"
    assert asked.one("format") == "JSON"


def test_a_cell_that_two_departements_share_is_asked_once(http: Http, provider: Provider) -> None:
    provider.on(PATH, archive())
    past(http, provider)
    rows = past(http, provider, "82").rows
    assert len(provider.asked) == 2
    assert rows["tmean_c"].tolist() == [24.0] * 3


def test_the_mean_over_points_by_hand(http: Http, provider: Provider) -> None:
    """Of three points two lie in the southern cell: a third of the way to the northern one."""
    provider.on(PATH, archive())
    rows, provenance, notes, *_ = past(http, provider)
    assert list(rows.columns) == list(OBSERVED)
    assert rows["date"].astype(str).tolist() == ["2021-07-01", "2021-07-02", "2021-07-03"]
    first = rows.iloc[0]
    told = {name: first[name] for name in ("tmean_c", "tmax_c", "tmin_c", "precip_mm")}
    assert told == pytest.approx({"tmean_c": 22, "tmax_c": 29, "tmin_c": 16, "precip_mm": 1})
    told = {name: first[name] for name in ("radiation_mj_m2", "wind_m_s", "rh_pct")}
    assert told == pytest.approx({"radiation_mj_m2": 25, "wind_m_s": 3, "rh_pct": 61})
    assert np.isnan(first["et0_source_mm"])
    assert np.isnan(first["swi_source"])
    assert rows["stations"].isna().all()
    assert set(rows["source"]) == {"nasa-power"}
    assert not rows["provisional"].any()
    assert provenance.source == "nasa-power"
    assert provenance.url.startswith(f"{provider.url}{PATH}?parameters=T2M")
    assert notes == ()


def test_the_rows_are_those_of_the_table(http: Http, provider: Provider) -> None:
    provider.on(PATH, archive())
    rows = past(http, provider).rows
    latitudes = pd.DataFrame({"departement": ["32"], "latitude_deg": [43.7]})
    daily = validate("weather_daily", with_et0(rows, latitudes))
    # FAO-56 Penman-Monteith of a sunny day of July at 22 degrees lies between 5 and 6 mm.
    assert daily["et0_mm"].between(5, 6).all()


def test_decades_that_are_over_are_one_request_and_later_years_one_each() -> None:
    found = list(periods(date(1995, 5, 1), date(2026, 12, 31), today=TODAY))
    assert [each.name for each in found] == [
        *("1991-2000", "2001-2010", "2011-2020"),
        *("2021", "2022", "2023", "2024", "2025", "2026"),
    ]
    assert [each.final for each in found] == [True] * 8 + [False]
    assert found[-1].end == date(2026, 11, 22)
    assert (found[0].start, found[0].end) == (date(1991, 1, 1), date(2000, 12, 31))


def test_there_is_nothing_before_1981() -> None:
    (first, *_) = periods(date(1950, 1, 1), date(1982, 1, 1), today=TODAY)
    assert (first.start, first.name) == (date(1981, 1, 1), "1981-1990")


def test_a_year_is_final_two_months_after_its_end() -> None:
    (year,) = periods(date(2025, 1, 1), date(2025, 12, 31), today=date(2026, 2, 20))
    assert not year.final
    (year,) = periods(date(2025, 1, 1), date(2025, 12, 31), today=date(2026, 3, 2))
    assert year.final


def test_cells_are_those_of_the_reanalysis() -> None:
    told = cells(POINTS).to_dict("records")
    assert told == [
        {"latitude": 43.5, "longitude": 0.625, "points": 2},
        {"latitude": 44.0, "longitude": 0.625, "points": 2},
    ]


def test_what_is_not_known_yet_is_missing_and_never_zero(http: Http, provider: Provider) -> None:
    """Sunshine follows later than the rest, and the last days are the fill value throughout."""

    def recent(name: str, latitude: str, day: date) -> float:
        late = date(2026, 11, 12) if name == "ALLSKY_SFC_SW_DWN" else date(2026, 11, 20)
        return -999.0 if day >= late else july(name, latitude, day)

    provider.on(PATH, archive(recent))
    source = NasaPower(http, POINTS, url=provider.url + PATH, today=TODAY)
    rows = source.weather("32", date(2026, 11, 10), date(2026, 11, 30)).rows
    assert rows["date"].dt.day.tolist() == list(range(10, 20))
    assert rows["radiation_mj_m2"].notna().tolist() == [True] * 2 + [False] * 8
    assert rows["provisional"].all()


def test_kilowatt_hours_are_brought_to_our_unit(http: Http, provider: Provider) -> None:
    units = {name: {"units": unit} for name, unit in UNITS.items()}
    units["ALLSKY_SFC_SW_DWN"] = {"units": "kW-hr/m^2/day"}
    provider.on(PATH, archive(lambda name, latitude, day: SOUTH[name] / 4, parameters=units))
    assert past(http, provider).rows["radiation_mj_m2"].tolist() == pytest.approx([21.6] * 3)


def test_one_value_that_cannot_be_is_left_out_and_told(http: Http, provider: Provider) -> None:
    def odd(name: str, latitude: str, day: date) -> float:
        wrong = (name, latitude, day) == ("PRECTOTCORR", "43.5", date(2021, 7, 2))
        return -5.0 if wrong else july(name, latitude, day)

    provider.on(PATH, archive(odd))
    rows, _, notes, *_ = past(http, provider)
    # One of three points is left: under half, so the day has no rain.
    assert rows["precip_mm"].notna().tolist() == [True, False, True]
    assert len(notes) == 1
    assert "precip_mm of 2021-07-02" in str(notes[0])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"properties": {"parameter": {}}}, "sent no `properties.parameter.T2M`"),
        ({"properties": []}, "sent no `properties.parameter.T2M`"),
        ({"header": {}}, "says no `fill_value`"),
        ({"parameters": {"T2M": {"units": "K"}}}, 'sent T2M in "K", expected C'),
        (
            {"properties": {"parameter": {"T2M": {"20220101": 1.0}}}},
            'sent "20220101", a day that was not asked for',
        ),
        (
            {"properties": {"parameter": {"T2M": {"20210101": "warm"}}}},
            'sent "warm" as T2M of 20210101',
        ),
    ],
)
def test_an_answer_of_another_shape_is_one_clear_line(
    http: Http, provider: Provider, changes: dict[str, Any], says: str
) -> None:
    provider.on(PATH, archive(**changes))
    with pytest.raises(SourceError) as error:
        past(http, provider)
    assert says in str(error.value)
    assert "nasa-power, département 32" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_list_is_no_answer(http: Http, provider: Provider) -> None:
    provider.on(PATH, json=[1, 2])
    with pytest.raises(SourceError, match="sent no `properties"):
        past(http, provider)


def test_too_much_that_cannot_be_refuses_all(http: Http, provider: Provider) -> None:
    provider.on(PATH, archive(lambda name, latitude, day: 400.0))
    with pytest.raises(SourceError, match="400"):
        past(http, provider)


def test_days_without_any_value_are_an_error(http: Http, provider: Provider) -> None:
    provider.on(PATH, archive(lambda *_: -999.0))
    with pytest.raises(SourceError, match="has no value from 2021-07-01 to 2021-07-03"):
        past(http, provider)


def test_offline_takes_what_is_kept(tmp_path: Path, provider: Provider) -> None:
    provider.on(PATH, archive())
    store = RawStore(tmp_path / "raw")
    online = past(Http(store, default_rate=10_000, attempts=1), provider).rows
    offline = past(Http(store, offline=True), provider).rows
    pd.testing.assert_frame_equal(online, offline)
    with pytest.raises(SourceError, match="offline"):
        past(Http(store, offline=True), provider, year=2022)


def test_a_departement_without_a_point_is_an_error(http: Http, provider: Provider) -> None:
    with pytest.raises(SourceError, match="département 99: no point"):
        past(http, provider, "99")
