"""Columns of a publication: a missing one is found; models are loaded only where they changed."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from geo_pipeline.storage.warehouse import Warehouse, expected_columns, lacking, stored_as
from geo_pipeline.tables import models_digest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a publication with all columns and no row."""
    path = tmp_path / "drought.duckdb"
    expected = expected_columns()
    with duckdb.connect(str(path)) as connection:
        for name, columns in expected.items():
            named = ", ".join(f"{column} INTEGER" for column in columns)
            connection.execute(f"CREATE TABLE {stored_as(name)} ({named})")
        connection.execute(
            "CREATE TABLE publication AS SELECT ? AS models, ? AS columns",
            [models_digest(), json.dumps(expected)],
        )
    return path


def changed(path: Path, *statements: str) -> list[str]:
    """Return what the publication lacks after these statements."""
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)
    with closing(Warehouse(path)) as warehouse:
        return lacking(warehouse)


def test_a_complete_publication_lacks_nothing(path: Path) -> None:
    assert changed(path) == []


def test_a_missing_column_and_a_missing_table_are_found(path: Path) -> None:
    drop = "ALTER TABLE water_restrictions DROP COLUMN level_max", "DROP TABLE recovery"
    assert changed(path, *drop) == ["water_restrictions", "recovery"]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE publication SET models = 'others', columns = '{}'", "DROP TABLE publication"],
)
def test_columns_recorded_with_other_models_are_not_used(path: Path, statement: str) -> None:
    drop = "ALTER TABLE water_restrictions DROP COLUMN level_max"
    assert changed(path, statement, drop) == ["water_restrictions"]


def test_recorded_columns_are_compared_without_loading_the_models(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; "
        "from geo_pipeline.storage.warehouse import Warehouse, lacking; "
        f"assert lacking(Warehouse(Path({str(path)!r}))) == []; "
        "sys.exit('pandera' in sys.modules or 'geopandas' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
