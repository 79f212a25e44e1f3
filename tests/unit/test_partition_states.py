"""What is broken and how fresh it is, told from files alone."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pandas as pd
import pytest

from geo_pipeline.provenance import Provenance
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import Failures
from geo_pipeline.storage.findings import READABLE, Finding, Findings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.partition_states import broken, freshness
from geo_pipeline.table_rows import empty, validate
from geo_pipeline.territory import CODES
from geo_pipeline.words import verbatim

NOW = datetime(2026, 6, 20, 12, tzinfo=UTC)
LIVE = Provenance("open-meteo", "https://example.org", "2026-06-19T06:00:00+00:00", "0" * 64)
EMBEDDED = Provenance("bundled", "assets_data/weather.parquet", "2020-01-01", "0" * 64)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, weather_stale_days=5, crops_stale_days=400)


def weather(settings: Settings, code: str, last: date, origin: Provenance = LIVE) -> None:
    """Write ten days of weather that end on `last`."""
    days = pd.date_range(end=pd.Timestamp(last), periods=10)
    rows = empty("weather_daily").reindex(range(10))
    rows = rows.assign(departement=code, date=days, source="x", resolution="day", provisional=False)
    Lake(settings.lake).write("weather_daily", validate("weather_daily", rows), origin, code)


def state(settings: Settings, table: str, code: str, now: datetime = NOW) -> str:
    rows = freshness(settings, now).set_index(["table", "departement"])
    return str(rows.loc[(table, code), "state"])


def test_live_weather_is_late_from_its_limit_on(settings: Settings) -> None:
    weather(settings, "31", date(2026, 6, 16))  # 4 days ago
    weather(settings, "32", date(2026, 6, 15))  # 5 days ago: the limit
    weather(settings, "33", date(2022, 12, 31), EMBEDDED)
    Lake(settings.lake).write("weather_daily", empty("weather_daily"), LIVE, "75")
    rows = freshness(settings, NOW)
    assert list(rows.loc[rows["table"] == "weather_daily", "departement"]) == list(CODES)
    found = rows.set_index(["table", "departement"]).loc["weather_daily"]
    assert dict(found.loc[["31", "32", "33", "75", "01"], "state"]) == {
        "31": "fresh",
        "32": "late",
        "33": "archive",
        "75": "empty",
        "01": "absent",
    }
    assert found.loc["32", "age_days"] == found.loc["32", "limit_days"] == 5
    assert found.loc["31", "last_date"] == pd.Timestamp("2026-06-16")
    (late,) = broken(settings, NOW)
    assert (late.departement, late.table, late.state) == ("32", "weather_daily", "late")
    assert late.since == "2026-06-20"
    assert str(late.what) == "last day 2026-06-15, 5 days ago, the limit is 5: run it again"
    (two_days_on,) = [
        each for each in broken(settings, NOW + timedelta(days=2)) if each.departement == "32"
    ]
    assert two_days_on.since == "2026-06-20"


def test_days_are_those_of_utc_and_until_bounds_them(settings: Settings) -> None:
    weather(settings, "32", date(2026, 6, 16))
    east = timezone(timedelta(hours=14))  # 21 June there, the 20th in UTC
    assert state(settings, "weather_daily", "32", NOW.astimezone(east)) == "fresh"
    bounded = settings.model_copy(update={"until": date(2026, 6, 16)})
    assert state(bounded, "weather_daily", "32", NOW + timedelta(days=300)) == "fresh"


def test_crops_age_from_when_they_were_fetched(settings: Settings) -> None:
    rows = pd.DataFrame(
        {
            "departement": ["31"],
            "year": [2020],
            "crop": ["soft_wheat"],
            "area_ha": [100.0],
            "yield_q_ha": [60.0],
            "production_q": [6000.0],
            "source": ["saa"],
        }
    )
    Lake(settings.lake).write("crop_statistics", validate("crop_statistics", rows), LIVE, "31")
    assert state(settings, "crop_statistics", "31") == "fresh"
    later = datetime(2026, 6, 19, tzinfo=UTC) + timedelta(days=400)
    assert state(settings, "crop_statistics", "31", later - timedelta(days=1)) == "fresh"
    assert state(settings, "crop_statistics", "31", later) == "late"


def test_restrictions_are_one_table_of_all(settings: Settings) -> None:
    rows = empty("water_restrictions").reindex([0])
    rows = rows.assign(departement="31", date=pd.Timestamp("2026-06-19"))
    valid = validate("water_restrictions", rows)
    Lake(settings.lake).write("water_restrictions", valid, LIVE)
    assert state(settings, "water_restrictions", "france") == "fresh"
    assert state(settings, "water_restrictions", "france", NOW + timedelta(days=1)) == "late"


def test_failures_findings_and_damaged_files_are_broken(settings: Settings) -> None:
    weather(settings, "31", date(2026, 6, 20))
    weather(settings, "32", date(2026, 6, 20))
    Failures(settings.failures).add("weather_daily", "33", "open-meteo", verbatim("no answer"))
    findings = Findings(settings.findings)
    error = Finding(
        "weather_daily", "31", "jumps", "error", verbatim("40 °C"), "2026-06-18T00:00:00+00:00"
    )
    older = Finding(
        "weather_daily", "31", "range", "error", verbatim("60 °C"), "2026-06-17T00:00:00+00:00"
    )
    warning = Finding(
        "weather_daily", "32", "days", "warning", verbatim("a gap"), "2026-06-18T00:00:00+00:00"
    )
    findings.replace("weather_daily", "31", [error, older], ["jumps", "range"])
    findings.replace("weather_daily", "32", [warning], ["days"])
    path = Lake(settings.lake).path("weather_daily", "32")
    path.write_bytes(path.read_bytes()[:200])
    found = broken(settings, NOW)
    assert [(each.departement, each.state) for each in found] == [
        ("31", "held"),
        ("32", "damaged"),
        ("33", "failed"),
    ]
    assert found[0].since == "2026-06-17T00:00:00+00:00"
    assert str(found[0].what) == "jumps: 40 °C; range: 60 °C"
    assert "damaged" in str(found[1].what)
    assert "departement=32" in str(found[1].what)
    assert str(found[2].what) == "no answer"


def test_a_flipped_bit_is_told_as_long_as_it_is_there(settings: Settings) -> None:
    weather(settings, "32", date(2026, 6, 20))
    path = Lake(settings.lake).path("weather_daily", "32")
    whole = path.read_bytes()
    path.write_bytes(whole[:300] + bytes([whole[300] ^ 1]) + whole[301:])
    (found,) = broken(settings, NOW)
    assert (found.state, found.departement) == ("damaged", "32")
    assert "its bytes are not those that were written" in str(found.what)
    # What a publication said of it then holds nobody once the file is whole again.
    said = Finding(
        "weather_daily", "32", READABLE, "error", verbatim("x"), "2026-06-18T00:00:00+00:00"
    )
    Findings(settings.findings).replace("weather_daily", "32", [said], [READABLE])
    path.write_bytes(whole)
    assert broken(settings, NOW) == []
    assert Findings(settings.findings).held() == {}
