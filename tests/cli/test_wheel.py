"""The wheel: installed alone, in an environment of its own, it runs from any folder."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow


def test_a_wheel_runs_from_any_folder_with_its_data_inside(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")

    venv.create(place := tmp_path / "venv", with_pip=True)
    python = place / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    # What it depends on is taken from this environment; a path alone does not bring its project.
    (packages,) = (place / "lib").glob("python*/site-packages")
    (packages / "here.pth").write_text(sysconfig.get_path("purelib"))

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    kept = {name: value for name, value in os.environ.items() if "GEO_PIPELINE" not in name}
    environment = {**kept, "HOME": str(elsewhere), "XDG_DATA_HOME": str(elsewhere / "share")}
    # Paris has no weather in the embedded data: a short run, which is published all the same.
    run = [str(place / "bin" / "geo-pipeline"), "run", "--departements", "75"]
    subprocess.run(run, cwd=elsewhere, env=environment, check=True, capture_output=True)
    home = elsewhere / "share" / "geo-pipeline"
    assert (home / "published" / "drought.duckdb").exists()
    assert not (packages / "data").exists()
    said = subprocess.run(
        [str(python), "-c", "import geo_pipeline, panel_app.app; print(geo_pipeline.__file__)"],
        cwd=elsewhere, env=environment, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert Path(said.strip()).is_relative_to(packages)
