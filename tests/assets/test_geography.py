"""Neighbours and shapes are made again where the outlines are others, to the same bytes."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from geo_pipeline.runtime import france_tables
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.spatial import database
from geo_pipeline.table_rows import validate

TABLES = {
    "departement_neighbours": france_tables.neighbours,
    "departement_shapes": france_tables.shapes,
}


def write(workspace: Workspace) -> dict[str, bytes]:
    """Write both tables; return the files."""
    written = {}
    for table, make in TABLES.items():
        rows, origin = make(workspace, print)
        path = workspace.lake.write(table, validate(table, rows), origin).path
        written[table] = path.read_bytes()
    return written


def test_they_stay_until_the_outlines_change(
    published_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    run = database.run

    def watched(script: str, frames: Mapping[str, Any]) -> Any:
        made.append(script)
        return run(script, frames)

    monkeypatch.setattr(database, "run", watched)
    workspace = Workspace(Settings(home=tmp_path))
    lake = workspace.lake
    lake.path("departements").parent.mkdir(parents=True)
    shutil.copyfile(published_home / "lake/departements/part.parquet", lake.path("departements"))
    first = write(workspace)
    assert made == list(TABLES)
    assert write(workspace) == first
    assert made == list(TABLES)

    # Corsica without its north: nobody borders on 2A any more.
    outlines, origin = lake.read("departements"), lake.origin("departements")
    moved = outlines.geometry.where(outlines["departement"] != "2B", outlines.geometry.translate(5))
    lake.write("departements", outlines.assign(geometry=moved), origin)
    after = write(workspace)
    assert made == 2 * list(TABLES)
    pairs = lake.read("departement_neighbours")
    assert "2A" not in set(pairs["departement"])
    for table in TABLES:
        lake.path(table).unlink()
    assert write(workspace) == after
