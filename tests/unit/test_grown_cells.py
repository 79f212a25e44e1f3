"""Cells that grow: a fresh dekad is added, and the file is the one that all dekads at once make."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest

from geo_pipeline.runtime.cell_tables import CellDekads
from geo_pipeline.runtime.making import Grown
from geo_pipeline.runtime.needed_weather import NeededWeather
from geo_pipeline.spatial.grid import GridMeans
from geo_pipeline.storage.lake import Lake
from tests.unit import test_cell_dekads, test_grown_weather
from tests.unit.test_cell_dekads import A, B, days, kept
from tests.unit.test_grid import line

outlines, grid = test_cell_dekads.outlines, test_cell_dekads.grid

JANUARY = days("202001", 1, 31)
FROM_21 = days("202001", 21, 31)
UNTIL_10, UNTIL_20 = days("202002", 1, 10), days("202002", 1, 20)


@pytest.fixture
def files(grid: GridMeans, tmp_path: Path) -> dict[str, Path]:
    """Return files of cells by name, each with another rain a day, mm."""
    spans = {
        "settled": (JANUARY, "1.0"),
        "latest": (FROM_21 + UNTIL_10, "2.0"),
        "fresh": (FROM_21 + UNTIL_20, "3.0"),
        "corrected": (JANUARY + UNTIL_10, "4.0"),
    }
    return {
        name: kept(
            grid, tmp_path, [line(cell, day, PRELIQ=rain) for cell in (A, B) for day in span]
        )
        for name, (span, rain) in spans.items()
    }


def write(
    home: Path, files: Sequence[Path], *, until: str, first: str = "2020-01-01", method: str = "m"
) -> Grown:
    """Write the cells of the Haute-Garonne with the weather of these days; return what was made."""
    lake = Lake(home)
    test_grown_weather.grown(lake, test_grown_weather.observed(until, first))
    weather = NeededWeather(lake, "cell_dekads")
    made = CellDekads(weather, {"31": tuple(files)}, method)(["31"])
    lake.write(
        "cell_dekads",
        made.rows,
        weather.origin("31", method),
        "31",
        before=made.before.get("31"),
        state=made.states["31"],
    )
    return made


def content(home: Path) -> bytes:
    return Lake(home).path("cell_dekads", "31").read_bytes()


def rain(home: Path) -> Mapping[str, float]:
    """Return the rain of each dekad, mm."""
    rows = Lake(home).read("cell_dekads", "31")
    return dict(zip(rows["period_end"].dt.strftime("%m-%d"), rows["rain_mm"], strict=True))


@pytest.mark.parametrize(
    ("now", "since", "expected"),
    [
        (("settled", "fresh"), date(2020, 1, 31), (10.0, 10.0, 11.0, 30.0, 30.0)),
        (("corrected", "fresh"), date(2020, 1, 10), (40.0, 40.0, 44.0, 40.0, 30.0)),
        (("latest", "settled"), date(2020, 1, 10), (10.0, 10.0, 22.0, 20.0)),
        (("settled",), date(2020, 1, 31), (10.0, 10.0, 11.0)),
    ],
    ids=["fresh days", "corrected", "another order", "a file that is gone"],
)
def test_dekads_are_made_since_the_first_of_a_file_that_is_new_or_gone(
    files: dict[str, Path],
    tmp_path: Path,
    now: tuple[str, ...],
    since: date,
    expected: tuple[float, ...],
) -> None:
    grown, anew = tmp_path / "grown", tmp_path / "anew"
    write(grown, [files["settled"], files["latest"]], until="2020-02-10")
    assert [*rain(grown).values()] == [10.0, 10.0, 11.0, 20.0]
    made = write(grown, [files[each] for each in now], until="2020-02-20")
    assert made.rows["period_end"].min().date() == since
    write(anew, [files[each] for each in now], until="2020-02-20")
    assert content(grown) == content(anew)
    ends = ("01-10", "01-20", "01-31", "02-10", "02-20")
    assert rain(grown) == dict(zip(ends, expected, strict=False))


def test_days_without_a_new_dekad_make_no_row(files: dict[str, Path], tmp_path: Path) -> None:
    both = [files["settled"], files["latest"]]
    write(tmp_path, both, until="2020-02-12")
    before = content(tmp_path)
    assert write(tmp_path, both, until="2020-02-13").rows.empty
    assert rain(tmp_path) == {"01-10": 10.0, "01-20": 10.0, "01-31": 11.0, "02-10": 20.0}
    assert len(content(tmp_path)) == len(before)


@pytest.mark.parametrize(
    "other", [{"first": "2019-12-30"}, {"method": "another"}], ids=["first day", "method"]
)
def test_another_record_or_method_makes_all_rows(
    files: dict[str, Path], tmp_path: Path, other: dict[str, str]
) -> None:
    both = [files["settled"], files["latest"]]
    write(tmp_path, both, until="2020-02-10")
    made = write(tmp_path, both, until="2020-02-20", **other)
    assert not made.before
    assert len(made.rows) == 4


def test_a_shorter_record_has_fewer_dekads(files: dict[str, Path], tmp_path: Path) -> None:
    grown, anew = tmp_path / "grown", tmp_path / "anew"
    both = [files["settled"], files["latest"]]
    write(grown, both, until="2020-02-10")
    for home in (grown, anew):
        write(home, both, until="2020-02-09")
    assert rain(grown) == {"01-10": 10.0, "01-20": 10.0, "01-31": 11.0}
    assert content(grown) == content(anew)
