"""Whole tables as files: every one that is published, with the rows that were published."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from typer.testing import CliRunner

from geo_pipeline.cli import app
from geo_pipeline.errors import UsageError
from geo_pipeline.publishing.whole_tables import NAMES, export_whole_table
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.warehouse import ONLY_READ, Warehouse
from tests.cli.test_commands import geo_pipeline

pytestmark = pytest.mark.slow

AHEAD = (
    "soil_outlook",
    "outlook_hindcast",
    "outlook_skill",
    "recovery",
    "yield_outlook",
    "yield_skill",
    "irrigation_need",
    "exposure",
    "exposure_by_region",
)


@pytest.fixture(scope="module")
def warehouse(small_home: Path) -> Warehouse:
    return Warehouse(small_home / "published" / "drought.duckdb")


def test_every_published_table_is_a_file(
    small_home: Path, warehouse: Warehouse, tmp_path: Path
) -> None:
    """Each row and column of the publication, of a table not published those of the lake."""
    lake = Lake(small_home / "lake")
    assert set(AHEAD) <= set(NAMES)
    for name in NAMES:
        file = export_whole_table(warehouse, lake, name, tmp_path / f"{name}.parquet")
        written = pd.read_parquet(file)
        if name in ONLY_READ:
            # Of a grid that nobody chose there are no files, and so no rows.
            there = [code for code in ("31", "32", "33") if lake.path(name, code).exists()]
            assert bool(there) == (name != "cell_dekads")
            assert len(written) == sum(len(lake.read(name, code)) for code in there)
        else:
            known = warehouse.table(name)
            assert list(written) == list(known), name
            assert len(written) == len(known), name
    outlines = gpd.read_parquet(tmp_path / "departements.parquet")
    assert outlines.crs.to_authority() == ("OGC", "CRS84")


def test_some_departements_as_csv_are_those_of_parquet(
    small_home: Path, warehouse: Warehouse, tmp_path: Path
) -> None:
    lake = Lake(small_home / "lake")
    for name in ("soil_outlook", "outlook_hindcast", "departement_risk"):
        read = {}
        for ending in ("csv", "parquet"):
            target = tmp_path / f"{name}.{ending}"
            export_whole_table(warehouse, lake, name, target, ["32", "33"])
            read[ending] = target
        csv = pd.read_csv(read["csv"], dtype={"departement": str}, parse_dates=["period_end"])
        parquet = pd.read_parquet(read["parquet"]).drop(columns="geometry", errors="ignore")
        assert set(csv["departement"]) == {"32", "33"}
        assert list(csv) == list(parquet)
        assert len(csv) == len(parquet)
        for column in parquet.select_dtypes("number"):
            assert csv[column].to_numpy() == pytest.approx(parquet[column].to_numpy(), nan_ok=True)


def test_a_whole_table_from_the_command_line(small_home: Path, tmp_path: Path) -> None:
    target = tmp_path / "gers.csv"
    told = ["export", "table", "--table", "soil_outlook", "--departements", "Gers"]
    done = geo_pipeline(*told, "--output", str(target), home=small_home)
    assert done.returncode == 0, done.stderr
    assert str(target) in done.stdout
    rows = pd.read_csv(target, dtype={"departement": str})
    assert set(rows["departement"]) == {"32"}
    assert rows["published"].any()


MISTAKES = (
    (["--table", "soil"], "unknown table soil: expected one of departements"),
    (["--table", "yield_skill", "--departements", "31"], "is of the whole of France"),
    (["--table", "recovery", "--indicator", "spi_3"], "leave --indicator and --period away"),
    (["--table", "recovery", "--format", "geojson"], "end its name in .csv, .parquet"),
    (["--departements", "31"], "is for a whole table (--table)"),
)


def test_mistakes_are_one_line(small_home: Path) -> None:
    for arguments, says in MISTAKES:
        done = CliRunner().invoke(
            app, ["export", "table", *arguments], env={"GEO_PIPELINE_HOME": str(small_home)}
        )
        # Typer tells some by itself; the others are raised, and told by the command.
        assert done.exit_code == 2 or isinstance(done.exception, UsageError), arguments
        assert says in " ".join(f"{done.stderr} {done.exception}".split()), arguments
        assert not list((small_home / "exports").glob("recovery*"))


def test_an_unknown_table_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    nowhere = Warehouse(tmp_path / "none.duckdb")
    with pytest.raises(UsageError, match="unknown table"):
        export_whole_table(nowhere, Lake(tmp_path), "soil", tmp_path / "soil.csv")
