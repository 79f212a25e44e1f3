"""Several processes on one home folder at once: nobody's work is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from geo_pipeline.storage.warehouse import Warehouse
from tests.conftest import PARTITIONED

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.drill
def test_departements_run_at_once_are_all_published(published_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    codes = ["31", "32", "2A"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "geo_pipeline", "materialize", code],
            cwd=ROOT,
            env={**os.environ, "GEO_PIPELINE_HOME": str(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for code in codes
    ]
    for process in processes:
        _, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors.decode()
    rows = Warehouse(home / "published" / "drought.duckdb").query("provenance")
    assert set(rows.loc[rows["asset"] == "drought_indicators", "departement"]) == set(codes)
    for table in PARTITIONED:
        for code in codes:
            name = Path("lake", table, f"departement={code}", "part.parquet")
            assert (home / name).read_bytes() == (published_home / name).read_bytes()
