"""The wheel: installed alone, in an environment of its own, it runs from any folder."""

import email
import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

CITED = re.findall(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)[0]


def _assert_tells_the_truth(wheel: Path) -> None:
    """Its metadata say what it is, under which licence, for which versions that were tried."""
    with zipfile.ZipFile(wheel) as archive:
        (path,) = [name for name in archive.namelist() if name.endswith("dist-info/METADATA")]
        about = email.message_from_bytes(archive.read(path))
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())
    assert about["Name"] == "geo-pipeline"
    assert about["Version"] == CITED
    assert about["License-Expression"] == "MIT"
    assert about["Requires-Python"] == "<3.14,>=3.11"
    tried = {each.rpartition(" ")[2] for each in about.get_all("Classifier", []) if "3." in each}
    assert tried == {"3.11", "3.12", "3.13"}
    assert about.get_payload().startswith("# ")
    # The project has no address of its own: none is promised.
    assert about.get_all("Project-URL") is None
    assert about["Home-page"] is None


@pytest.mark.drill
def test_a_wheel_runs_from_any_folder_with_its_data_inside(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    _assert_tells_the_truth(wheel)

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
    tells = [str(place / "bin" / "geo-pipeline"), "--version"]
    said = subprocess.run(tells, env=environment, check=True, capture_output=True, text=True).stdout
    assert said == f"geo-pipeline {CITED}\n"
    home = elsewhere / "share" / "geo-pipeline"
    assert (home / "published" / "drought.duckdb").exists()
    assert not (packages / "data").exists()
    said = subprocess.run(
        [str(python), "-c", "import geo_pipeline, panel_app.app; print(geo_pipeline.__file__)"],
        cwd=elsewhere, env=environment, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert Path(said.strip()).is_relative_to(packages)
