"""The risk is made anew of what changed and its neighbours; the file is that of making it all."""

import shutil
from collections.abc import Collection
from pathlib import Path

import pandas as pd
import pytest

from geo_pipeline.runtime.risk_table import INPUTS, RISK, risk
from geo_pipeline.sources.agronomy import crop_parameters
from geo_pipeline.spatial import database
from geo_pipeline.storage.lake import Lake
from geo_pipeline.table_rows import validate
from geo_pipeline.tables import TABLES
from geo_pipeline.transforms.calendar import crop_seasons
from tests.conftest import ROOT, ignore

pytestmark = pytest.mark.slow

SEASONS = crop_seasons(crop_parameters(ROOT / "assets_data"))
BORDERS_ON_31 = {"09", "11", "32", "65", "81", "82"}
THERE = {"31", "66", "34", "12", "2A", "2B", *BORDERS_ON_31}
"""Whose partitions there are: the fewer, the quicker."""


@pytest.fixture
def lake(published_home: Path, tmp_path: Path) -> Lake:
    """Return a lake of some départements with their risk."""
    for table in INPUTS:
        for path in Lake(published_home / "lake").files(table):
            code = path.parent.name.removeprefix("departement=")
            if not TABLES[table].partitioned or code in THERE:
                target = tmp_path / "lake" / path.relative_to(published_home / "lake")
                target.parent.mkdir(parents=True)
                shutil.copyfile(path, target)
    lake = Lake(tmp_path / "lake")
    write(lake)
    return lake


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """Return the départements whose rows are made, one set for each time that some are."""
    seen: list[set[str]] = []
    run = database.table

    def watched(script: str, frames: dict[str, object]) -> object:
        if script == RISK:
            rows = frames["departements"]["departement"]  # type: ignore[index]
            seen.append(set(rows.to_pylist()))
        return run(script, frames)  # type: ignore[arg-type]

    monkeypatch.setattr(database, "table", watched)
    return seen


def write(lake: Lake, held: Collection[str] = ()) -> bytes:
    """Write the risk; return the file."""
    rows, origin = risk(lake, SEASONS, held, ignore_warning)
    return lake.write(RISK, validate(RISK, rows), origin).path.read_bytes()


def write_all(lake: Lake, held: Collection[str] = ()) -> bytes:
    """Write the risk where there is none to take rows from."""
    lake.path(RISK).unlink()
    return write(lake, held)


def ignore_warning(text: str) -> None:
    ignore(text, "")


def rewrite(lake: Lake, table: str, code: str | None, rows: pd.DataFrame) -> None:
    lake.write(table, rows, lake.origin(table, code), code)


def test_one_that_changes_is_made_again_with_its_neighbours(
    lake: Lake, made: list[set[str]]
) -> None:
    rows = lake.read("drought_indicators", "31")
    last = rows["period_end"] == rows["period_end"].max()
    combined = last & (rows["indicator"] == "combined")
    classes = rows["drought_class"].astype("object")
    rows["drought_class"] = classes.mask(
        combined, "D4" if "D4" not in set(classes[combined]) else "D3"
    )
    rewrite(lake, "drought_indicators", "31", rows)
    after = write(lake)
    assert made == [{"31", *BORDERS_ON_31}]
    assert after == write_all(lake)
    found = lake.read(RISK).set_index("departement")
    assert found.loc["31", "drought_class"].iloc[-1] in ("D3", "D4")


def test_one_that_is_deleted_counts_for_no_neighbour(lake: Lake, made: list[set[str]]) -> None:
    shutil.rmtree(lake.path("drought_indicators", "31").parent)
    after = write(lake)
    assert made == [{"31", *BORDERS_ON_31}]
    assert after == write_all(lake)
    assert lake.read(RISK).set_index("departement").loc["31", "score"].isna().all()


def test_one_is_held_and_released(lake: Lake, made: list[set[str]]) -> None:
    before = lake.path(RISK).read_bytes()
    held = write(lake, {"2A"})
    assert made == [{"2A", "2B"}]
    assert held != before
    assert held == write_all(lake, {"2A"})
    assert write(lake) == before
    assert made[2:] == [{"2A", "2B"}]


def test_a_damaged_file_is_left_out(lake: Lake) -> None:
    path = lake.path("crop_statistics", "2B")
    path.write_bytes(path.read_bytes()[:-50])
    assert write(lake) == write_all(lake, {"2B"})


def test_restrictions_and_crops_are_of_their_departement(lake: Lake, made: list[set[str]]) -> None:
    rows = lake.read("water_restrictions")
    rows.loc[rows["departement"] == "2A", "level_max"] = "crise"
    rewrite(lake, "water_restrictions", None, rows)
    crops = lake.read("crop_statistics", "82")
    rewrite(lake, "crop_statistics", "82", crops.assign(area_ha=crops["area_ha"] + 1))
    after = write(lake)
    assert made == [{"2A", "2B", "82"} | {"12", "31", "32", "46", "47", "81"}]
    assert after == write_all(lake)


def test_a_dekad_that_comes_or_goes_is_one_of_all(lake: Lake, made: list[set[str]]) -> None:
    before, rows = lake.path(RISK).read_bytes(), lake.read("drought_indicators", "2A")
    later = rows.tail(1).assign(period_end=rows["period_end"].max() + pd.DateOffset(days=10))
    whole = lake.path("drought_indicators", "2A").read_bytes()
    rewrite(
        lake,
        "drought_indicators",
        "2A",
        pd.concat([rows, later.assign(indicator="combined", value=50.0)]),
    )
    write(lake)
    lake.path("drought_indicators", "2A").write_bytes(whole)
    assert write(lake) == before
    assert [len(each) for each in made] == [101, 101]


def test_where_nothing_changed_nothing_is_made(lake: Lake, made: list[set[str]]) -> None:
    assert write(lake) == lake.path(RISK).read_bytes()
    assert made == []
