"""Open-Meteo over real HTTP on loopback: what is asked for, what is made of it, every fault."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.errors import SourceError
from geo_pipeline.sources.http import Http
from geo_pipeline.sources.observed import OBSERVED
from geo_pipeline.sources.open_meteo import OpenMeteo, Period, calls, periods
from geo_pipeline.sources.raw import RawStore
from geo_pipeline.table_rows import validate
from geo_pipeline.transforms.weather import with_et0
from tests.sources.conftest import Answer, Asked, Provider

PATH = "/v1/archive"
TODAY = date(2026, 11, 23)
UNITS = {
    "temperature_2m_mean": "°C",
    "temperature_2m_max": "°C",
    "temperature_2m_min": "°C",
    "precipitation_sum": "mm",
    "et0_fao_evapotranspiration": "mm",
    "shortwave_radiation_sum": "MJ/m²",
    "wind_speed_10m_mean": "m/s",
    "relative_humidity_2m_mean": "%",
}
GERS = pd.DataFrame(
    {"departement": "32", "latitude": [43.5, 43.75, 44.0], "longitude": [0.25, 0.5, 0.75]}
)
PARIS = pd.DataFrame({"departement": ["75"], "latitude": [48.856], "longitude": [2.3502]})
POINTS = pd.concat([GERS, PARIS], ignore_index=True)

# A day of July by point; the third is the same throughout.
JULY = {
    "temperature_2m_mean": [20.0, 21.0, 22.0],
    "temperature_2m_max": [27.0, 28.0, 29.0],
    "temperature_2m_min": [13.0, 14.0, 18.0],
    "precipitation_sum": [0.0, 0.3, 3.0],
    "et0_fao_evapotranspiration": [5.0, 5.2, 5.4],
    "shortwave_radiation_sum": [24.0, 24.0, 24.0],
    "wind_speed_10m_mean": [2.0, 3.0, 4.0],
    "relative_humidity_2m_mean": [60, 62, 64],
}
Value = Callable[[str, int, date], float | None]


def july(name: str, point: int, day: date) -> float | None:
    """Return the value of a variable at a point, the same on all days."""
    return JULY[name][point]


def archive(value: Value = july, **changes: Any) -> Callable[[Asked], Answer]:
    """Return the archive as its contract has it; `changes` are put into every place's answer."""

    def answer(asked: Asked) -> Answer:
        latitudes = [float(text) for text in asked.one("latitude").split(",")]
        longitudes = [float(text) for text in asked.one("longitude").split(",")]
        start = date.fromisoformat(asked.one("start_date"))
        n_days = (date.fromisoformat(asked.one("end_date")) - start).days + 1
        days = [start + timedelta(days=n) for n in range(n_days)]
        names = asked.one("daily").split(",")
        places = [
            {
                "latitude": round(latitude * 4) / 4,
                "longitude": round(longitude * 4) / 4,
                "elevation": 150.0,
                "generationtime_ms": 0.3,
                "utc_offset_seconds": 0,
                "timezone": asked.one("timezone"),
                "daily_units": {"time": "iso8601", **{name: UNITS[name] for name in names}},
                "daily": {
                    "time": [str(day) for day in days],
                    **{name: [value(name, point, day) for day in days] for name in names},
                },
                **({"location_id": point} if point else {}),
                **changes,
            }
            for point, (latitude, longitude) in enumerate(zip(latitudes, longitudes, strict=True))
        ]
        return Answer(json=places if len(places) > 1 else places[0])

    return answer


@pytest.fixture
def http(tmp_path: Path) -> Iterator[Http]:
    with Http(RawStore(tmp_path / "raw"), default_rate=1000, backoff_s=0.01) as door:
        yield door


def source(http: Http, provider: Provider, today: date = TODAY, **options: Any) -> OpenMeteo:
    return OpenMeteo(http, POINTS, url=f"{provider.url}{PATH}", today=today, **options)


def past(
    http: Http, provider: Provider, first: str = "2020-07-01", last: str = "2020-07-03"
) -> Any:
    """Return the days asked for of the Gers, and their provenance."""
    since, until = date.fromisoformat(first), date.fromisoformat(last)
    return source(http, provider).weather("32", since, until)


def test_one_request_asks_for_all_points_and_says_what_it_wants(
    http: Http, provider: Provider
) -> None:
    provider.on(PATH, archive())
    past(http, provider)
    (asked,) = provider.asked
    assert asked.one("latitude") == "43.5000,43.7500,44.0000"
    assert asked.one("longitude") == "0.2500,0.5000,0.7500"
    assert asked.one("start_date") == "2020-01-01"
    assert asked.one("end_date") == "2020-12-31"
    assert set(asked.one("daily").split(",")) == set(UNITS)
    assert asked.one("timezone") == "GMT"
    assert asked.one("wind_speed_unit") == "ms"
    assert asked.one("models") == "best_match"


def test_the_mean_over_points_by_hand(http: Http, provider: Provider) -> None:
    provider.on(PATH, archive())
    rows, provenance, *_ = past(http, provider)
    assert list(rows.columns) == list(OBSERVED)
    assert rows["date"].astype(str).tolist() == ["2020-07-01", "2020-07-02", "2020-07-03"]
    assert rows["date"].dtype == "datetime64[ns]"
    first = rows.iloc[0]
    assert first["tmean_c"] == 21.0
    assert first["tmax_c"] == 28.0
    assert first["tmin_c"] == 15.0
    assert first["precip_mm"] == pytest.approx(1.1)
    assert first["et0_source_mm"] == pytest.approx(5.2)
    assert first["radiation_mj_m2"] == 24.0
    assert first["wind_m_s"] == 3.0
    assert first["rh_pct"] == 62.0
    assert np.isnan(first["swi_source"])
    assert rows["stations"].isna().all()
    assert rows["stations"].dtype == "Int64"
    assert set(rows["source"]) == {"open-meteo:best_match"}
    assert set(rows["resolution"]) == {"day"}
    assert not rows["provisional"].any()
    assert provenance.source == "open-meteo"
    assert provenance.url.startswith(f"{provider.url}{PATH}?latitude=43.5")
    assert len(provenance.sha256) == 64


def test_a_single_point_is_answered_by_an_object(http: Http, provider: Provider) -> None:
    provider.on(PATH, archive())
    day = date(2020, 7, 1)
    rows, *_ = source(http, provider).weather("75", day, day)
    assert rows["departement"].tolist() == ["75"]
    assert rows["tmean_c"].tolist() == [20.0]
    assert rows["precip_mm"].tolist() == [0.0]


def test_the_rows_are_those_of_weather_daily(http: Http, provider: Provider) -> None:
    provider.on(PATH, archive())
    rows, *_ = past(http, provider)
    places = pd.DataFrame({"departement": ["32"], "latitude_deg": [43.75]})
    weather = with_et0(rows, places)
    assert set(weather["et0_method"]) == {"penman-monteith"}
    # FAO-56 by two programs for the same day, wind brought from 10 m to 2 m by both.
    assert weather["et0_mm"].iloc[0] == pytest.approx(5.0, abs=0.4)
    pd.testing.assert_frame_equal(validate("weather_daily", weather), weather)


@pytest.mark.parametrize(
    ("unknown", "mean"), [({0}, 21.5), ({1}, 21.0), ({0, 1}, None), ({0, 1, 2}, None)]
)
def test_a_mean_needs_half_of_the_points(
    http: Http, provider: Provider, unknown: set[int], mean: float | None
) -> None:
    def value(name: str, point: int, day: date) -> float | None:
        if name == "temperature_2m_mean" and point in unknown:
            return None
        return july(name, point, day)

    provider.on(PATH, archive(value))
    rows, *_ = past(http, provider)
    assert len(rows) == 3
    if mean is None:
        assert rows["tmean_c"].isna().all()
    else:
        assert rows["tmean_c"].tolist() == [mean] * 3
    assert rows["precip_mm"].tolist() == pytest.approx([1.1] * 3)


def test_half_of_the_points_is_enough(http: Http, provider: Provider) -> None:
    two = OpenMeteo(http, GERS.iloc[:2], url=f"{provider.url}{PATH}", today=TODAY)
    provider.on(PATH, archive(lambda name, point, day: july(name, point, day) if point else None))
    rows, *_ = two.weather("32", date(2020, 7, 1), date(2020, 7, 1))
    assert rows["tmean_c"].tolist() == [21.0]
    assert rows["precip_mm"].tolist() == [0.3]


def test_missing_is_not_zero_and_a_day_without_any_value_has_no_row(
    http: Http, provider: Provider
) -> None:
    def value(name: str, point: int, day: date) -> float | None:
        if day == date(2020, 7, 2) or (day == date(2020, 7, 3) and name == "precipitation_sum"):
            return None
        return july(name, point, day)

    provider.on(PATH, archive(value))
    rows, *_ = past(http, provider)
    assert rows["date"].dt.day.tolist() == [1, 3]
    assert rows["precip_mm"].isna().tolist() == [False, True]


def test_a_variable_that_is_null_throughout_has_no_unit_to_check(
    http: Http, provider: Provider
) -> None:
    def value(name: str, point: int, day: date) -> float | None:
        return None if name == "relative_humidity_2m_mean" else july(name, point, day)

    units = {**UNITS, "relative_humidity_2m_mean": "undefined"}
    provider.on(PATH, archive(value, daily_units=units))
    rows, *_ = past(http, provider)
    assert rows["rh_pct"].isna().all()
    assert rows["tmean_c"].tolist() == [21.0] * 3


def test_wind_in_kilometres_an_hour_is_told_by_its_unit(http: Http, provider: Provider) -> None:
    provider.on(PATH, archive(daily_units={**UNITS, "wind_speed_10m_mean": "km/h"}))
    rows, *_ = past(http, provider)
    assert rows["wind_m_s"].tolist() == pytest.approx([3.0 / 3.6] * 3)


# --- periods ---------------------------------------------------------------------------------


def asked_for(since: str, until: str, today: date = TODAY, **options: int) -> list[Period]:
    return list(
        periods(date.fromisoformat(since), date.fromisoformat(until), today=today, **options)
    )


def test_past_years_then_months_then_dekads() -> None:
    found = asked_for("2024-06-01", "2026-11-23")
    assert [period.name for period in found] == [
        "2024", "2025", *(f"2026-{month:02}" for month in range(1, 11)),
        "2026-11-01", "2026-11-11", "2026-11-21",
    ]  # fmt: skip
    # Of 23 November the 18th is the last that does not change any more.
    assert [period.name for period in found if not period.final] == ["2026-11-11", "2026-11-21"]
    assert found[-1].end == date(2026, 11, 22)


@pytest.mark.parametrize("provisional_days", [0, 5, 40])
def test_every_day_is_in_one_period(provisional_days: int) -> None:
    for today in (date(2026, 1, 1) + timedelta(days=n) for n in range(0, 400, 3)):
        found = asked_for("2023-05-17", "2027-12-31", today, provisional_days=provisional_days)
        days = [
            period.start + timedelta(days=n)
            for period in found
            for n in range((period.end - period.start).days + 1)
        ]
        assert days == sorted(set(days))
        assert days[0] <= date(2023, 5, 17)
        assert days[-1] == today - timedelta(days=1)
        assert len(days) == (days[-1] - days[0]).days + 1
        for period in found:
            assert period.final == ((today - period.end).days >= max(provisional_days, 1))
            parts = period.parts()
            if parts:
                assert (parts[0].start, parts[-1].end) == (period.start, period.end)


def test_a_year_is_asked_for_whole_when_it_is_settled() -> None:
    assert asked_for("2025-12-30", "2025-12-31", date(2026, 4, 1))[-1].name == "2025-12"
    assert asked_for("2025-12-30", "2025-12-31", date(2026, 4, 2))[-1].name == "2025"


def test_nothing_before_1940_and_nothing_to_come_is_asked_for() -> None:
    assert asked_for("1850-01-01", "1940-02-01")[0].start == date(1940, 1, 1)
    assert asked_for("2026-11-23", "2030-01-01") == []


def test_a_request_counts_by_its_size_at_open_meteo_and_as_one_elsewhere() -> None:
    year, days = asked_for("2020-01-01", "2020-12-31")[0], asked_for("2026-11-21", "2026-11-22")[0]
    url = "https://archive-api.open-meteo.com/v1/archive"
    assert calls(url, 9, year) == pytest.approx(9 * 366 / 14)  # two weeks a call, as it counts them
    assert calls(url, 9, days) == 9
    assert calls("http://127.0.0.1:8000/v1/archive", 9, year) == 1
    assert calls("http://open-meteo.com.example.org/v1/archive", 9, year) == 1


def test_the_last_days_are_provisional(http: Http, provider: Provider) -> None:
    provider.on(PATH, archive())
    rows, *_ = source(http, provider).weather("32", date(2026, 11, 15), date(2026, 12, 31))
    assert rows["date"].iloc[-1] == pd.Timestamp("2026-11-22")
    told = rows.set_index("date")["provisional"]
    assert told.index[told].astype(str).tolist() == [f"2026-11-{day}" for day in (19, 20, 21, 22)]
    rows, *_ = source(http, provider, provisional_days=2).weather(
        "32", date(2026, 11, 15), date(2026, 11, 22)
    )
    assert rows["date"][rows["provisional"]].dt.day.tolist() == [22]


def test_days_that_the_provider_does_not_have_yet_are_fewer_rows(
    http: Http, provider: Provider
) -> None:
    def value(name: str, point: int, day: date) -> float | None:
        return None if day > date(2026, 11, 19) else july(name, point, day)

    provider.on(PATH, archive(value))
    rows, *_ = source(http, provider).weather("32", date(2026, 11, 17), date(2026, 11, 23))
    assert rows["date"].dt.day.tolist() == [17, 18, 19]


# --- asked once --------------------------------------------------------------------------------


def test_a_second_run_asks_for_what_is_provisional_only(http: Http, provider: Provider) -> None:
    provider.on(PATH, archive())
    open_meteo = source(http, provider)
    first, *_ = open_meteo.weather("32", date(2025, 1, 1), date(2026, 11, 23))
    assert len(provider.asked) == 1 + 10 + 3
    provider.asked.clear()
    second, *_ = open_meteo.weather("32", date(2025, 1, 1), date(2026, 11, 23))
    assert [asked.one("start_date") for asked in provider.asked] == ["2026-11-11", "2026-11-21"]
    pd.testing.assert_frame_equal(first, second)
    provider.asked.clear()
    part, *_ = open_meteo.weather("32", date(2025, 3, 7), date(2025, 3, 9))
    assert provider.asked == []
    assert part["date"].dt.day.tolist() == [7, 8, 9]


def test_a_provisional_day_is_as_it_is_told_last(http: Http, provider: Provider) -> None:
    provider.on(PATH, archive())
    days = date(2026, 11, 21), date(2026, 11, 22)
    before, *_ = source(http, provider).weather("32", *days)
    provider.reset(PATH)
    provider.on(PATH, archive(lambda name, point, day: 30.0 if "ature" in name else 1.0))
    after, *_ = source(http, provider).weather("32", *days)
    assert (before["tmean_c"].tolist(), after["tmean_c"].tolist()) == ([21.0] * 2, [30.0] * 2)


def test_offline_gives_what_was_received_even_weeks_later(
    tmp_path: Path, http: Http, provider: Provider
) -> None:
    """The dekads kept then have become a month meanwhile, and months a year."""
    provider.on(PATH, archive())
    first, *_ = source(http, provider).weather("32", date(2026, 8, 30), TODAY)
    provider.asked.clear()
    with Http(RawStore(tmp_path / "raw"), offline=True) as offline:
        for later in (TODAY, date(2026, 11, 24), date(2026, 12, 20), date(2027, 6, 1)):
            rows, *_ = source(offline, provider, later).weather("32", date(2026, 8, 30), later)
            pd.testing.assert_frame_equal(
                rows.drop(columns="provisional"), first.drop(columns="provisional")
            )
        with pytest.raises(SourceError, match=r"open-meteo, département 75: .*never received"):
            source(offline, provider).weather("75", date(2026, 8, 30), TODAY)
    assert provider.asked == []


def test_other_points_or_another_model_are_another_question(http: Http, provider: Provider) -> None:
    provider.on(PATH, archive())
    past(http, provider)
    moved = OpenMeteo(
        http, GERS.assign(latitude=GERS["latitude"] + 0.1), url=f"{provider.url}{PATH}", today=TODAY
    )
    moved.weather("32", date(2020, 7, 1), date(2020, 7, 3))
    rows, *_ = source(http, provider, model="era5_land").weather(
        "32", date(2020, 7, 1), date(2020, 7, 3)
    )
    assert len(provider.asked) == 3
    assert provider.asked[-1].one("models") == "era5_land"
    assert set(rows["source"]) == {"open-meteo:era5_land"}


def test_an_answer_that_came_too_early_is_asked_for_again_on_another_day(
    http: Http, provider: Provider
) -> None:
    """A provider further behind than five days: what it lacks is not lost for ever."""
    today = pd.Timestamp.now("UTC").date()
    since = (today - timedelta(days=20)).replace(day=1)
    late = since + timedelta(days=4)
    provider.on(
        PATH,
        archive(lambda name, point, day: july(name, point, day) if day <= late else None),
    )
    rows, *_ = source(http, provider, today).weather("32", since, today)
    assert rows["date"].iloc[-1].date() == late
    provider.reset(PATH)
    provider.on(PATH, archive())
    same, *_ = source(http, provider, today).weather("32", since, since + timedelta(days=9))
    assert len(same) == 5
    later = today + timedelta(days=2)
    rows, *_ = source(http, provider, later).weather("32", since, since + timedelta(days=9))
    assert len(rows) == 10


@pytest.mark.parametrize("points", [{0}, {0, 1, 2}])
@pytest.mark.parametrize("name", ["precipitation_sum", "temperature_2m_min"])
def test_a_day_inside_a_month_that_is_filled_later_is_asked_for_again(
    http: Http, provider: Provider, name: str, points: set[int]
) -> None:
    """Open-Meteo's issues 2122 and 1277. A variable that a model never has is no hole."""
    today = pd.Timestamp.now("UTC").date()
    first = (today - timedelta(days=70)).replace(day=1)
    hole = first + timedelta(days=13)
    is_filled = False

    def value(variable: str, point: int, day: date) -> float | None:
        lacks = variable == name and day == hole and point in points and not is_filled
        never = variable == "relative_humidity_2m_mean"
        return None if lacks or never else july(variable, point, day)

    def mean(on: date) -> float:
        rows, *_ = source(http, provider, on).weather("32", first, first + timedelta(days=19))
        column = {"precipitation_sum": "precip_mm", "temperature_2m_min": "tmin_c"}[name]
        return float(rows.set_index("date")[column][pd.Timestamp(hole)])

    provider.on(PATH, archive(value))
    expected = np.mean(JULY[name])
    assert mean(today) != pytest.approx(expected)
    asked, is_filled = len(provider.asked), True
    assert mean(today) != pytest.approx(expected)
    assert len(provider.asked) == asked, "the same day it is not asked for again"
    patience = (today - hole).days // 10
    assert mean(today + timedelta(days=patience - 1)) != pytest.approx(expected)
    assert mean(today + timedelta(days=patience)) == pytest.approx(expected)
    mean(today + timedelta(days=2 * patience))
    asked = len(provider.asked)
    mean(today + timedelta(days=9 * patience))
    assert len(provider.asked) == asked, "what is whole is not asked for again"


# --- faults ------------------------------------------------------------------------------------


def fails(http: Http, provider: Provider, match: str) -> str:
    """Return the one-line error, which names source, département and URL."""
    with pytest.raises(SourceError, match=match) as told:
        past(http, provider)
    message = str(told.value)
    assert message.startswith("open-meteo, département 32: ")
    assert f"{provider.url}{PATH}" in message
    assert "\n" not in message
    return message


def broken(**changes: Any) -> Callable[[Asked], Answer]:
    """Return the archive with the `daily` of one place changed."""

    def answer(asked: Asked) -> Answer:
        document = archive()(asked).json
        for name, change in changes.items():
            daily = document[1]["daily"]
            daily[name] = change(daily[name]) if callable(change) else change
        return Answer(json=document)

    return answer


def replaced(value: Any) -> Callable[[list[Any]], list[Any]]:
    """Return what puts `value` in the place of the third."""
    return lambda values: [*values[:2], value, *values[3:]]


CANNOT_BE: list[tuple[str, Any, str, list[str]]] = [
    ("temperature_2m_mean", "21,5", 'sent "21,5" as temperature_2m_mean', ["tmean_c"]),
    ("temperature_2m_mean", "21.5", 'sent "21.5" as temperature_2m_mean', ["tmean_c"]),
    ("temperature_2m_mean", True, "sent true as temperature_2m_mean", ["tmean_c"]),
    ("temperature_2m_mean", [21.5], "sent [21.5] as temperature_2m_mean", ["tmean_c"]),
    ("precipitation_sum", -0.1, "sent -0.1 as precip_mm of 2020-01-03, beyond 0", ["precip_mm"]),
    ("precipitation_sum", 99999.0, "sent 99999 as precip_mm of 2020-01-03", ["precip_mm"]),
    ("precipitation_sum", 10**400, "as precipitation_sum", ["precip_mm"]),
    ("temperature_2m_max", 999.9, "sent 999.9 as tmax_c of 2020-01-03", ["tmax_c"]),
    ("relative_humidity_2m_mean", 130, "sent 130 as rh_pct", ["rh_pct"]),
    (
        "temperature_2m_min",
        30.0,
        "sent a minimum above the maximum on 2020-01-03",
        ["tmin_c", "tmax_c"],
    ),
]
"""A variable, a value that it cannot have, what is said of it and which columns lose it."""


@pytest.mark.parametrize(("name", "value", "told", "columns"), CANNOT_BE)
def test_one_value_that_cannot_be_is_left_out_and_named(
    http: Http,
    provider: Provider,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    name: str,
    value: Any,
    told: str,
    columns: list[str],
) -> None:
    """The second of three places lacks it on that day: the mean of the two others is the same."""
    provider.on(PATH, broken(**{name: replaced(value)}))
    rows, _, notes, *_ = past(http, provider, "2020-01-02", "2020-01-04")
    (note,) = map(str, notes)
    assert note.startswith("left out ")
    assert told in note
    assert f"open-meteo, département 32: {note}" in caplog.text
    provider.on(PATH, archive())
    with Http(RawStore(tmp_path / "another"), default_rate=1000) as another:
        whole, *_ = past(another, provider, "2020-01-02", "2020-01-04")
    pd.testing.assert_frame_equal(rows.drop(columns=columns), whole.drop(columns=columns))
    assert rows.loc[1, columns].tolist() == pytest.approx(whole.loc[1, columns].tolist())


@pytest.mark.parametrize(("name", "value", "told", "columns"), CANNOT_BE)
def test_more_than_the_share_that_cannot_be_refuses_the_answer(
    http: Http, provider: Provider, name: str, value: Any, told: str, columns: list[str]
) -> None:
    """All of one place are a third of the values of three."""
    provider.on(PATH, broken(**{name: lambda values: [value] * len(values)}))
    fails(http, provider, re.escape(told.replace("2020-01-03", "2020-01-01")))


def test_the_share_that_may_be_left_out_is_that_of_the_door(
    tmp_path: Path, provider: Provider
) -> None:
    """One of 1,098 values is more than none."""
    provider.on(PATH, broken(precipitation_sum=replaced(-0.1)))
    with Http(RawStore(tmp_path / "raw"), default_rate=1000, most_left_out=0.0) as strict:
        fails(strict, provider, "sent -0.1 as precip_mm")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"temperature_2m_mean": "21.5"}, 'sent "21.5" as temperature_2m_mean'),
        ({"temperature_2m_mean": None}, "sent no temperature_2m_mean"),
        ({"precipitation_sum": replaced(float("nan"))}, "sent JSON with the value NaN"),
        ({"precipitation_sum": lambda v: v[:-1]}, "sent 365 values of precipitation_sum for 366"),
        ({"time": lambda days: days[1:]}, "other days for one place than for another"),
    ],
)
def test_an_answer_of_another_form_is_refused(
    http: Http, provider: Provider, changes: dict[str, Any], match: str
) -> None:
    provider.on(PATH, broken(**changes))
    fails(http, provider, match)


def for_all(change: Callable[[list[str]], Any]) -> Callable[[Asked], Answer]:
    """Return the archive with the days of all places changed; values as many as days."""

    def answer(asked: Asked) -> Answer:
        document = archive()(asked).json
        for place in document:
            daily = place["daily"]
            daily["time"] = change(daily["time"])
            if isinstance(daily["time"], list):
                for name in UNITS:
                    daily[name] = (daily[name] * 2)[: len(daily["time"])]
        return Answer(json=document)

    return answer


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda days: [*days[:5], days[4], *days[6:]], "sent 2020-01-05 twice"),
        (lambda days: [*days, "2021-01-01"], "not asked for, 2021-01-01 first"),
        (lambda days: ["2027-03-01", *days], "not asked for, 2027-03-01 first"),
        (lambda days: [*days[:-1], "2020-02-30"], "sent what is no day"),
        (lambda days: [*days[:-1], "31/12/2020"], 'sent what is no day: .*"?31/12/2020'),
        (lambda days: [*days[:-1], 1609372800], "sent what is no day: 1609372800"),
        (lambda days: None, "sent null in place of a list of days"),
    ],
)
def test_days_that_cannot_be_are_named(
    http: Http, provider: Provider, change: Callable[[list[str]], Any], match: str
) -> None:
    provider.on(PATH, for_all(change))
    fails(http, provider, match)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"daily_units": {**UNITS, "temperature_2m_mean": "°F"}}, 'in "°F", expected °C'),
        ({"daily_units": {**UNITS, "precipitation_sum": "inch"}}, 'in "inch", expected mm'),
        ({"daily_units": {**UNITS, "wind_speed_10m_mean": "kn"}}, 'in "kn", expected m/s'),
        ({"daily_units": {"time": "iso8601"}}, "sent temperature_2m_mean in null, expected °C"),
        ({"daily_units": None}, "sent no `daily_units`"),
        ({"daily": None}, "sent no `daily`"),
        ({"daily": []}, "sent no `daily`"),
        ({"daily": {}}, "sent null in place of a list of days"),
        ({"latitude": 0.25, "longitude": 43.5}, "answered for the place"),
        ({"latitude": "43.5"}, "sent a place at"),
        ({"utc_offset_seconds": 7200}, "7200 s off UTC"),
        ({"error": True, "reason": "Daily limit exceeded"}, 'says no: "Daily limit exceeded"'),
    ],
)
def test_an_answer_to_another_question_is_refused(
    http: Http, provider: Provider, changes: dict[str, Any], match: str
) -> None:
    provider.on(PATH, archive(**changes))
    fails(http, provider, match)


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (b"<!DOCTYPE html><html><body>Maintenance</body></html>", "HTML"),
        (b"", "sent"),
        (b"[1, 2, 3]", "sent 1 in place of a place's weather"),
        (b'"weather"', 'sent "weather" in place of'),
        (b"[]", "answered for 0 places of 3 asked for"),
        (b'[{"latitude": 43.5, "daily": {"time": ["2020-01-01"', "sent a body that ends too early"),
        (b"\xff\xfe\x00", "sent"),
    ],
)
def test_what_is_not_json_of_places_is_told(
    http: Http, provider: Provider, body: bytes, match: str
) -> None:
    provider.on(PATH, body)
    fails(http, provider, match)


def test_as_many_places_as_were_asked_for(http: Http, provider: Provider) -> None:
    provider.on(PATH, lambda asked: Answer(json=archive()(asked).json[:2]))
    fails(http, provider, "answered for 2 places of 3 asked for")
    provider.reset(PATH)
    provider.on(PATH, lambda asked: Answer(json=archive()(asked).json[0]))
    fails(http, provider, "answered for 1 places of 3 asked for")


def test_unknown_fields_days_out_of_order_and_a_byte_order_mark_do_no_harm(
    http: Http, provider: Provider
) -> None:
    def answer(asked: Asked) -> Answer:
        document = archive(lambda name, point, day: float(day.day % 20))(asked).json
        for place in document:
            place["model_run"] = {"of": "today"}
            place["daily"] = {name: list(reversed(v)) for name, v in place["daily"].items()}
            place["daily"]["snowfall_sum"] = ["?"]
        return Answer(b"\xef\xbb\xbf" + Answer(json=document).content())

    provider.on(PATH, answer)
    rows, *_ = past(http, provider)
    assert rows["tmean_c"].tolist() == [1.0, 2.0, 3.0]


def test_what_the_provider_says_against_a_request_is_passed_on(
    http: Http, provider: Provider
) -> None:
    reason = "Parameter 'start_date' is out of allowed range from 1940-01-01 to 2026-11-23"
    provider.on(PATH, status=400, json={"error": True, "reason": reason})
    fails(http, provider, "out of allowed range from 1940-01-01")
    assert len(provider.asked) == 1


def test_nothing_at_all_is_an_error(http: Http, provider: Provider) -> None:
    provider.on(PATH, archive(lambda name, point, day: None))
    fails(http, provider, "has no value from 2020-07-01 to 2020-07-03")
    provider.reset(PATH)
    empty = {"time": [], **{name: [] for name in UNITS}}
    provider.on(PATH, archive(daily=empty))
    with pytest.raises(SourceError, match="has no value from 2019-07-01"):
        past(http, provider, "2019-07-01", "2019-07-03")
    with pytest.raises(SourceError, match="ask for days from 1940-01-01 to 2026-11-22"):
        past(http, provider, "2026-11-23", "2026-12-01")


def test_a_departement_without_points_is_named(http: Http, provider: Provider) -> None:
    with pytest.raises(SourceError, match="open-meteo, département 31: no point"):
        source(http, provider).weather("31", date(2020, 1, 1), date(2020, 1, 2))
    assert provider.asked == []


def test_a_bad_answer_is_not_kept_and_the_next_run_asks_anew(
    http: Http, provider: Provider
) -> None:
    provider.on(PATH, broken(precipitation_sum=lambda values: ["wet"] * len(values)))
    provider.on(PATH, archive())
    fails(http, provider, 'sent "wet"')
    rows, *_ = past(http, provider)
    assert rows["tmean_c"].tolist() == [21.0] * 3
    assert len(provider.asked) == 2


def test_slow_busy_and_broken_answers_are_tried_again(http: Http, provider: Provider) -> None:
    provider.on(PATH, status=500, times=2)
    provider.on(PATH, status=429, headers={"Retry-After": "0"})
    provider.on(PATH, b'[{"latitude": 43.5', cut=9)
    provider.on(PATH, archive())
    rows, *_ = past(http, provider)
    assert rows["tmean_c"].tolist() == [21.0] * 3
    assert len(provider.asked) == 5


# --- real figures ------------------------------------------------------------------------------


@pytest.mark.parametrize("departement", ["32", "05"])
def test_real_days_come_through_unchanged(
    http: Http, provider: Provider, shared_data: Path, departement: str
) -> None:
    """AgERA5 days of two years served at several points: their mean is the very value."""
    observed = pd.read_parquet(
        shared_data / "observed" / "weather_daily.parquet",
        filters=[("code_dep", "==", departement)],
    )
    observed["date"] = pd.to_datetime(observed["date"])
    observed = observed[observed["date"].dt.year.isin([2019, 2020])].sort_values("date")
    columns = {
        "temperature_2m_mean": "tmean_c",
        "precipitation_sum": "precip_mm",
        "shortwave_radiation_sum": "radiation_mj_m2",
    }
    by_day = observed.set_index(observed["date"].dt.date)
    known = {name: by_day[column].to_dict() for name, column in columns.items()}

    def value(name: str, point: int, day: date) -> float | None:
        number = known.get(name, {}).get(day)
        return None if number is None or np.isnan(number) else float(number)

    points = pd.DataFrame(
        {
            "departement": departement,
            "latitude": np.round(44 + np.arange(13) / 7, 4),
            "longitude": np.round(np.arange(13) / 11, 4),
        }
    )
    provider.on(PATH, archive(value))
    open_meteo = OpenMeteo(http, points, url=f"{provider.url}{PATH}", today=TODAY)
    rows, *_ = open_meteo.weather(departement, date(2019, 1, 1), date(2020, 12, 31))
    assert len(rows) == 731
    for column in columns.values():
        assert rows[column].tolist() == observed[column].astype(float).tolist()
    assert rows["tmin_c"].isna().all()
