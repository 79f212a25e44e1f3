"""The plan of `geo-pipeline live`, computed from lists by hand."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from geo_pipeline.commands.live_plan import (
    FILE_BYTES,
    LIGHT_YEARS,
    STATIONS_READ_BYTES_PER_S,
    Download,
    Plan,
    certainty,
    first_day,
    lacks_map,
    plan,
    since_years,
    spread_pct,
    told,
)
from geo_pipeline.commands.quota_check import refuse_beyond
from geo_pipeline.errors import UsageError
from geo_pipeline.provenance import Provenance
from geo_pipeline.providers import DAY_S, Quota
from geo_pipeline.sources.demand import Demand
from geo_pipeline.sources.quotas import Quotas
from geo_pipeline.storage.lake import Lake
from tests.unit.test_seal import filled

TODAY = date(2026, 11, 30)
MB = 1_000_000
NASA = Demand("nasa-power", "power.larc.nasa.gov", 360, 360.0, 20 * MB)


def year_files(here: Sequence[int] = ()) -> Callable[[date], list[Download]]:
    """Return the lister of a file of 140 MB a year and one of 23 MB of the last days."""

    def files(since: date) -> list[Download]:
        years = [
            Download(
                f"https://host/QUOT_SIM2_{year}.csv.gz", date(year, 1, 1), date(year, 12, 31),
                year < 2022, None, 140 * MB, 140 * MB if year in here else 0,
            )
            for year in range(since.year, 2027)
        ]  # fmt: skip
        latest = "https://host/QUOT_SIM2_latest.csv.gz"
        return [*years, Download(latest, date(2025, 11, 29), date.max, False, None, 23 * MB, 0)]

    return files


def made(**said: object) -> Plan:
    options: dict[str, object] = {
        "lake_since": None, "files": year_files(), "overseas": ("nasa-power", NASA), **said,
    }  # fmt: skip
    return plan(["31", "32", "974"], TODAY, date(1991, 1, 1), **options)  # type: ignore[arg-type]


def test_the_newest_comes_first_and_each_file_once() -> None:
    steps = made().steps
    assert [(step.since.year, step.embedded) for step in steps] == [
        (2026, True), (2016, False), (2006, False), (1991, False), (1991, False),
    ]  # fmt: skip
    assert [each.name for each in steps[0].downloads] == [
        "QUOT_SIM2_latest.csv.gz", "QUOT_SIM2_2026.csv.gz",
    ]  # fmt: skip
    fetched = [each.name for step in steps for each in step.downloads]
    assert fetched[2:] == [f"QUOT_SIM2_{year}.csv.gz" for year in range(2025, 1990, -1)]
    assert [step.codes for step in steps] == [("31", "32")] * 4 + [("974",)]
    assert steps[-1].source == "nasa-power"
    assert steps[-1].demand == NASA
    # 36 years of 140 MB, the last days, and the answers of NASA POWER.
    assert made().bytes_to_load == (36 * 140 + 23 + 20) * MB


def test_the_first_map_is_made_where_no_day_of_this_year_is_there(tmp_path: Path) -> None:
    lake, first, second = Lake(tmp_path), *made().steps[:2]
    assert lacks_map(lake, first)
    assert not lacks_map(lake, second), "only the step against the embedded years has one"
    for day, lacks in (("2022-12-31", True), ("2026-11-28", False)):
        rows = filled("weather_daily", rows=1).assign(date=pd.Timestamp(day))
        lake.write("weather_daily", rows, Provenance("bundled, sim2", "", "", ""), "32")
        assert lacks_map(lake, first) == lacks


def test_before_july_the_first_map_takes_the_year_before() -> None:
    assert next(since_years(date(2027, 2, 1), date(1991, 1, 1), None)) == (date(2026, 1, 1), True)
    assert next(since_years(date(2027, 8, 1), date(1991, 1, 1), None)) == (date(2027, 1, 1), True)


def test_what_is_there_is_brought_up_to_date_first() -> None:
    begins = [*since_years(TODAY, date(1991, 1, 1), date(2016, 1, 1))]
    assert begins == [
        (date(2016, 1, 1), False),
        (date(2006, 1, 1), False),
        (date(1991, 1, 1), False),
    ]
    assert [*since_years(TODAY, date(1991, 1, 1), date(1991, 1, 1))] == [(date(1991, 1, 1), False)]
    # The years that are kept need not come again, of a file that was cut only the rest.
    kept = made(files=year_files(here=range(2016, 2027)), lake_since=date(2016, 1, 1))
    assert kept.bytes_to_load == (25 * 140 + 23 + 20) * MB
    cut = Download(
        "https://host/a", date(2020, 1, 1), date(2020, 12, 31), True, None, None, 40 * MB
    )
    assert cut.to_load == FILE_BYTES - 40 * MB


def test_only_metropolitan_or_only_overseas() -> None:
    overseas = plan(
        ["974"], TODAY, date(1991, 1, 1),
        lake_since=None, files=lambda since: [], overseas=("nasa-power", NASA),
    )  # fmt: skip
    (step,) = overseas.steps
    assert step.codes == ("974",)
    assert len(made(overseas=None).steps) == 4


def test_years_are_told_with_what_they_are_worth() -> None:
    # The standard error of a share of 10 % among 30 years: sqrt(0.1 * 0.9 / 30) is 5.5 %.
    assert spread_pct(30) == pytest.approx(5.477, abs=0.001)
    assert spread_pct(12) == pytest.approx(8.660, abs=0.001)
    assert certainty(TODAY, date(1991, 1, 1)).startswith("30 years: ")
    assert "give or take 9 (30 years: 5)" in certainty(TODAY, date(2014, 1, 1))
    assert "no drought class" in certainty(TODAY, date(2018, 1, 1))
    assert "no index and no class" in certainty(TODAY, date(2025, 1, 1))


def test_the_lines_tell_megabytes_and_minutes() -> None:
    plan_made = made()
    lines = [*told(plan_made, 10.0 * MB, lambda host: 1.0, measured=True)]
    # The first two files are 163 MB, read as they come: 16.3 s at 10 MB/s. Then they are published.
    after_s = 16.3 + plan_made.steps[0].run_s(TODAY)
    assert lines[0].startswith(
        "  1. 2026 to today, against the embedded years 2010-2022: 2 départements from sim2, "
        f"2 files, 163 MB; published after some {after_s:.0f} s"
    )
    assert "360 requests, 20 MB" in lines[4]
    assert lines[5].startswith("to load: 5,083 MB, 8 min at 10.0 MB/s, as measured here")
    # And 200 kB a year for each of three départements, this year among the 36.
    assert lines[6] == "on the disk: 5,105 MB"
    assert any(line.startswith("missing: the last day or two") for line in lines)


def test_stations_are_two_steps_that_read_their_files_themselves() -> None:
    """The last two years first, then all years, which are in one file for each group."""

    def files(since: date) -> list[Download]:
        years = [("latest", 2025, 2026, MB)] + [("previous", 1950, 2024, 8 * MB)] * (
            since.year < 2025
        )
        return [
            Download(f"https://host/Q_32_{name}", date(first, 1, 1), date(last, 12, 31), False,
                     length=length)
            for name, first, last, length in years
        ]  # fmt: skip

    steps = made(files=files, overseas=None, source="meteo-france", step_years=())
    first, second = steps.steps
    assert (first.since.year, first.embedded, first.bytes_to_load) == (2026, True, MB)
    assert (second.since.year, second.embedded, second.bytes_to_load) == (1991, False, 8 * MB)
    without_files = replace(second, downloads=())
    assert second.run_s(TODAY) - without_files.run_s(TODAY) == pytest.approx(
        8 * MB / STATIONS_READ_BYTES_PER_S
    )
    lines = [*told(steps, 10.0 * MB, lambda host: 1.0, measured=False)]
    assert "missing: the soil wetness index of Météo-France" in "\n".join(lines)
    assert not any("SIM2" in line for line in lines)


def test_first_years() -> None:
    assert first_day(None, light=False) == date(1991, 1, 1)
    assert first_day(1900, light=True) == date(1959, 1, 1)
    light = first_day(None, light=True)
    assert light.year + LIGHT_YEARS == date.today().year
    with pytest.raises(UsageError, match="no weather of 3000 yet"):
        first_day(3000, light=False)


def test_more_than_a_day_allows_is_refused_with_what_to_do(tmp_path: object) -> None:
    quotas = Quotas(tmp_path, {"archive": (Quota(10_000, DAY_S),)})  # type: ignore[arg-type]

    def demand(since: date) -> Demand:
        calls = 7000.0 * (2027 - since.year)
        return Demand("open-meteo", "archive", 101, calls, 0)

    assert refuse_beyond(demand, date(2026, 1, 1), TODAY, quotas).calls == 7000
    with pytest.raises(
        UsageError,
        match=r"^open-meteo since 1991-01-01 is 252,000 calls, and 10,000 a day are allowed: that "
        r"is 25\.2 days; ask since 2026-01-01 \(--since\)",
    ):
        refuse_beyond(demand, date(1991, 1, 1), TODAY, quotas)
