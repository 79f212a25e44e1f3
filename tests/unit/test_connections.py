"""DuckDB's connections: all made in one place, none of which draws anything where a log is read."""

import ast
import errno
import os
import pty
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import duckdb
import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo_pipeline.errors import StorageError
from geo_pipeline.spatial.database import attach, run
from geo_pipeline.spatial.parameters import projections

ROOT = Path(__file__).resolve().parents[2]

MAKING = {"connect", "sql", "query", "execute", "cursor", "from_df", "from_arrow", "read_parquet"}
"""Functions of the module `duckdb` that open a connection, or use that of the module itself."""

# A process without a script, which DuckDB takes for somebody at a keyboard: so are children of
# `multiprocessing` and whatever else is started by `python -c`.
ASK = """
import sys
from pathlib import Path
import duckdb
from geo_pipeline.spatial import database

def draws(connection):
    name = "enable_progress_bar"
    return connection.execute("SELECT current_setting($1)", [name]).fetchone()[0]

with database.connect(functions=False) as connection:
    ours = [draws(connection), draws(connection.cursor())]
attached = database.attach(Path(sys.argv[1]))
ours += [draws(attached), draws(attached.cursor())]
print(draws(duckdb.connect()), any(ours))
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "some.duckdb"
    duckdb.connect(str(path)).close()
    return path


def _to_the_end(reader: int) -> bytes:
    """All that was written; a terminal whose writer has gone says EIO where a pipe says nothing."""
    said = b""
    while True:
        try:
            part = os.read(reader, 4096)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return said
        if not part:
            return said
        said += part


@pytest.mark.parametrize("terminal", [False, True])
def test_no_connection_draws_a_progress_bar(database: Path, terminal: bool) -> None:
    """DuckDB's own default there is to draw them."""
    reader, writer = pty.openpty() if terminal else os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", ASK, str(database)], cwd=ROOT, stdout=writer, stderr=writer
    ):
        os.close(writer)
        said = _to_the_end(reader)
        os.close(reader)
    assert said.split() == [b"True", b"False"]


def test_connections_are_made_in_one_place() -> None:
    """And nobody uses the one that DuckDB's module has of its own."""
    made = {
        path.relative_to(ROOT).as_posix()
        for room in ("geo_pipeline", "panel_app")
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "duckdb"
        and node.func.attr in MAKING
    }
    assert made == {"geo_pipeline/spatial/database.py"}


def _departement_of_a_station(code: str) -> str:
    """Ask a spatial script which département a station lies in; there is but the one of `code`."""
    shape = shapely.box(0.0, 43.2, 1.0, 44.0)
    outline = gpd.GeoDataFrame({"departement": [code]}, geometry=[shape], crs="OGC:CRS84")
    frames = {
        "departements": outline,
        "stations": pd.DataFrame({"station": ["32013005"], "lon": [0.25], "lat": [43.6]}),
        "projections": projections(),
    }
    return str(run("station_departements", frames)["departement"].iloc[0])


def test_spatial_scripts_that_run_at_once_see_their_own_tables_only() -> None:
    codes = [f"{number:02d}" for number in range(1, 17)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(_departement_of_a_station, codes)) == codes


def test_a_spatial_script_that_fails_leaves_the_next_what_it_needs() -> None:
    with pytest.raises(StorageError, match="stations does not exist"):
        run("station_departements", {"projections": projections()})
    assert _departement_of_a_station("32") == "32"


@pytest.mark.parametrize(
    "asked",
    [
        "SELECT * FROM read_csv('{place}/secret.csv')",
        "SELECT * FROM read_text('{place}/secret.csv')",
        "SELECT * FROM glob('{place}/*')",
        "COPY (SELECT 1) TO '{place}/written.csv'",
        "ATTACH '{place}/other.duckdb'",
        "EXPORT DATABASE '{place}/all'",
        "LOAD spatial",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "CREATE TABLE t AS SELECT 1",
        "DETACH published",
    ],
)
def test_what_readers_are_given_reads_and_writes_nothing_else(
    database: Path, tmp_path: Path, asked: str
) -> None:
    (tmp_path / "secret.csv").write_text("a\ns3cret\n", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    with closing(attach(database)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("USE published")
        with pytest.raises(duckdb.Error):
            cursor.execute(asked.format(place=tmp_path)).fetchall()
        assert cursor.execute("SELECT 1 + $1", [1]).fetchall() == [(2,)]
    assert sorted(tmp_path.rglob("*")) == before
