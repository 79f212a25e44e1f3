"""Exports are written where they would differ, and only there; what stays is what a new one is."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from geo_pipeline.publishing import standard_exports
from geo_pipeline.publishing.standard_exports import export_handful
from geo_pipeline.storage.warehouse import Warehouse

FILES = {
    "combined_2022-12.csv",
    "combined_2022-12.geojson",
    "combined_2022-12.html",
    "combined_2022-12.parquet",
    "spi_3_2022-08.html",
}


@pytest.fixture(autouse=True)
def _two_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer of them, to be quicker."""
    monkeypatch.setattr(standard_exports, "HANDFUL", (("combined", None), ("spi_3", "2022-08")))


@pytest.fixture
def database(published_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(published_home / "published" / "drought.duckdb", tmp_path))


@pytest.fixture
def warehouse(database: Path) -> Iterator[Warehouse]:
    with closing(Warehouse(database)) as warehouse:
        yield warehouse


def change(database: Path, statement: str) -> None:
    """Change what is published, in a file of its own as a publication is."""
    another = Path(shutil.copy(database, database.with_name("another.duckdb")))
    with closing(duckdb.connect(str(another))) as connection:
        connection.execute(statement)
    another.rename(database)


def names(paths: list[Path]) -> set[str]:
    return {path.name for path in paths}


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_only_what_would_differ_is_written(
    database: Path, warehouse: Warehouse, tmp_path: Path
) -> None:
    folder = tmp_path / "exports"
    change(database, "UPDATE publication SET published_at = TIMESTAMPTZ '2026-11-28 10:00:00+00'")
    first = export_handful(warehouse, folder, "fr")
    assert names(first.files) == names(first.written) == FILES
    before = content(folder)
    assert "Publié le 28\N{NO-BREAK SPACE}novembre 2026" in before["spi_3_2022-08.html"].decode()

    # The next day nothing else changed: nothing is written.
    change(database, "UPDATE publication SET published_at = TIMESTAMPTZ '2026-11-29 10:00:00+00'")
    again = export_handful(warehouse, folder, "fr")
    assert (names(again.files), again.written) == (FILES, [])
    assert content(folder) == before

    # What is gone or altered is what it was, and says the same day.
    (folder / "combined_2022-12.parquet").unlink()
    (folder / "combined_2022-12.html").write_text("altered")
    mended = export_handful(warehouse, folder, "fr")
    assert names(mended.written) == {"combined_2022-12.parquet", "combined_2022-12.html"}
    assert content(folder) == before

    # One value: the one page that shows it, as of today; all the rest as before.
    change(
        database,
        "UPDATE drought_indicators SET value = -9.87 WHERE departement = '31' "
        "AND indicator = 'spi_3' AND period_end = DATE '2022-08-31'",
    )
    changed = export_handful(warehouse, folder, "fr")
    assert names(changed.written) == {"spi_3_2022-08.html"}
    after, full = content(folder), tmp_path / "full"
    assert {name for name in FILES if after[name] != before[name]} == {"spi_3_2022-08.html"}
    export_handful(warehouse, full, "fr")
    assert content(full)["spi_3_2022-08.html"] == after["spi_3_2022-08.html"]
    assert "Publié le 29\N{NO-BREAK SPACE}novembre 2026" in after["spi_3_2022-08.html"].decode()


def test_another_language_or_a_note_that_is_lost_makes_all_again(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    folder = tmp_path / "exports"
    export_handful(warehouse, folder, "fr")
    french = content(folder)
    (tmp_path / "exports.json").write_text("{half")
    assert names(export_handful(warehouse, folder, "fr").written) == FILES
    assert content(folder) == french
    assert names(export_handful(warehouse, folder, "en").written) == FILES
    assert "Published on" in content(folder)["combined_2022-12.html"].decode()
