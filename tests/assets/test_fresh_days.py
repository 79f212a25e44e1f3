"""A fresh day: what it costs is what it changes, and the home is as if made from nothing."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from geo_pipeline.commands.runs import run
from geo_pipeline.runtime import blocks
from geo_pipeline.settings import Settings
from geo_pipeline.storage.lake import Lake
from tests.conftest import digests, ignore

pytestmark = pytest.mark.slow

CODES = ["31"]
DAYS = (date(2022, 8, 9), date(2022, 8, 10), date(2022, 8, 11))
"""A dekad ends on the second."""

BY_DEKADS = ("drought_indicators", "irrigation_need", "soil_outlook", "recovery")
BY_YEARS = ("outlook_hindcast",)


def updated(home: Path, day: date) -> Settings:
    """Return the settings of a home that has been run until `day`."""
    settings = Settings(home=home, until=day)
    assert not run(settings, CODES, ignore).failures
    return settings


def published(settings: Settings) -> dict[str, list[object]]:
    """Return the rows of each table of the publication but the one that says when it was made."""
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        names = [name for (name,) in connection.execute("SHOW TABLES").fetchall()]
        return {
            name: sorted(map(repr, connection.table(name).fetchall()))
            for name in names
            if name != "publication"
        }


def written(settings: Settings, tables: tuple[str, ...]) -> dict[str, int]:
    """Return when each file of `tables` was written."""
    lake = Lake(settings.lake)
    return {
        path.as_posix(): path.stat().st_mtime_ns for table in tables for path in lake.files(table)
    }


@pytest.mark.drill
def test_day_after_day_is_the_same_as_all_at_once(tmp_path: Path) -> None:
    times = []
    for day in DAYS:
        settings = updated(tmp_path / "grown", day)
        times.append((written(settings, BY_DEKADS), written(settings, BY_YEARS)))
    by_dekads, by_years = zip(*times, strict=True)
    assert len(by_dekads[0]) == len(BY_DEKADS)
    assert not by_dekads[0].items() & by_dekads[1].items()  # a dekad is over
    assert by_dekads[1] == by_dekads[2]
    assert by_years[0] == by_years[1] == by_years[2]

    rebuilt = updated(tmp_path / "rebuilt", DAYS[-1])
    assert digests(settings.lake) == digests(rebuilt.lake)
    assert published(settings) == published(rebuilt)
    last = {table: Lake(settings.lake).footer(table, "31").last_date for table in BY_DEKADS}
    assert last == dict.fromkeys(BY_DEKADS, DAYS[1])
    assert Lake(settings.lake).footer("soil_water_daily", "31").last_date == DAYS[2]


@pytest.mark.drill
def test_processes_write_the_same_bytes(
    own_small_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for long records: each process makes a département at a time."""
    settings = Settings(home=own_small_home, processes=2)
    before, tables = digests(settings.lake), ("soil_water_daily", "drought_indicators")
    for table in tables:
        shutil.rmtree(settings.lake / table)
    monkeypatch.setattr(blocks, "DAYS_FOR_PROCESSES", 1)
    monkeypatch.setattr(blocks, "DAYS_AT_ONCE", 1)
    asked: list[int] = []
    monkeypatch.setattr(blocks.processes, "mapped", counting(blocks.processes.mapped, asked))
    assert not run(settings, ["31", "32", "33"], ignore).failures
    assert digests(settings.lake) == before
    assert asked.count(2) == len(tables)


def counting(mapped: Callable[..., Any], asked: list[int]) -> Callable[..., Any]:
    """Return `mapped`, noting for how many processes it is asked where there are three blocks."""

    def noted(function: object, items: Sequence[object], processes: int) -> Iterator[Any]:
        if len(items) == 3:
            asked.append(processes)
        return mapped(function, items, processes)

    return noted
