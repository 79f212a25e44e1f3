"""The command line as a user meets it: a process of its own, its exit code and its one line."""

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from typer.testing import CliRunner

from geo_pipeline.cli import app
from tests.sources.conftest import Provider, provider
from tests.typed import typed

pytestmark = pytest.mark.slow

__all__ = ["provider"]

ROOT = Path(__file__).resolve().parents[2]
MISUSE, FAILED = 2, 1


def geo_pipeline(
    *arguments: str, home: Path, settings: Mapping[str, str] | None = None, file_bytes: int = 0
) -> "subprocess.CompletedProcess[str]":
    """Run `geo-pipeline`; `file_bytes` bounds how large a file it may write."""

    def bound() -> None:
        if file_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    return subprocess.run(
        [sys.executable, "-m", "geo_pipeline", *arguments],
        cwd=ROOT,
        env={**os.environ, "GEO_PIPELINE_HOME": str(home), "COLUMNS": "200", **(settings or {})},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=bound,
    )


def one_line(error: str) -> str:
    """Return the one line of standard error, having checked that it is one and no traceback."""
    lines = error.strip().splitlines()
    assert len(lines) == 1, error
    assert lines[0].startswith("error: ")
    return lines[0]


UNPUBLISHED: tuple[tuple[list[str], int, str], ...] = (
    (["materialize", "99"], MISUSE, "unknown département '99': use an INSEE code"),
    (["materialize", "Gerss"], MISUSE, "did you mean"),
    (["run", "--departements", "31,20"], MISUSE, "unknown département '20'"),
    (["run", "--departements", ""], MISUSE, "no département given"),
    (["run", "--source", "nowhere"], MISUSE, "unknown source 'nowhere': choose one of bundled"),
    (["run", "--since", "2030-01-01"], MISUSE, "no weather between 2030-01-01"),
    (
        ["materialize", "31", "--since", "2020-02-01", "--until", "2020-01-01"],
        MISUSE,
        "choose --since and --until within",
    ),
    (["export", "map"], FAILED, "nothing is published at"),
    (["export", "table"], FAILED, "run `just run`"),
)
"""Mistakes before anything is published, each with its exit code and what is said of it."""


def test_mistakes_before_anything_is_published(tmp_path: Path) -> None:
    home = {"GEO_PIPELINE_HOME": str(tmp_path / "home")}
    commands = [(arguments, home) for arguments, _, _ in UNPUBLISHED]
    all_said = typed("geo_pipeline", commands, {})
    for (arguments, code, says), said in zip(UNPUBLISHED, all_said, strict=True):
        assert said.code == code, arguments
        assert says in one_line(said.error), arguments
    assert not (tmp_path / "home" / "lake").exists()


def test_what_a_run_needs_and_is_not_there(tmp_path: Path) -> None:
    """A home that cannot be written, and embedded data."""
    (tmp_path / "file").write_text("not a folder")
    no_home = {"GEO_PIPELINE_HOME": str(tmp_path / "file" / "home")}
    no_data = {
        "GEO_PIPELINE_HOME": str(tmp_path / "home"),
        "GEO_PIPELINE_EMBEDDED_DATA": str(tmp_path / "none"),
    }
    commands = [(["materialize", "31"], settings) for settings in (no_home, no_data)]
    unwritable, missing = typed("geo_pipeline", commands, {})
    assert (unwritable.code, missing.code) == (FAILED, FAILED)
    assert "cannot be written" in one_line(unwritable.error)
    assert "set GEO_PIPELINE_HOME" in unwritable.error
    assert "is missing: restore it" in one_line(missing.error)


EXPORTS: tuple[tuple[list[str], str], ...] = (
    (["map", "--indicator", "spi_7"], "unknown indicator 'spi_7': expected one of combined"),
    (["map", "--period", "2035-01"], "no combined for 2035-01: the data run from"),
    (["map", "--indicator", "spi_3", "--period", "2014-05"], "the nearest period is 2013-12"),
    (["map", "--period", "August"], "'August' is not a period: write it as 2022-08"),
    (
        ["map", "--indicator", "yield_anomaly_pct_sunflower", "--period", "2022-08"],
        "'2022-08' is not a period: write it as 2022",
    ),
    (
        ["map", "--indicator", "yield_anomaly_pct_sunflower", "--period", "2031"],
        "the data run from 2003 to 2017; the nearest period is 2017",
    ),
    (["table", "--output", "x.ods"], "cannot write a table as 'x.ods'"),
    (["table", "--format", "csv", "--output", "x.geojson"], "disagree"),
)
"""Mistakes in exports, each with what is said of it."""


def test_mistakes_in_exports(published_home: Path) -> None:
    commands = [(["export", *arguments], {}) for arguments, _ in EXPORTS]
    all_said = typed("geo_pipeline", commands, {"GEO_PIPELINE_HOME": str(published_home)})
    for (arguments, says), said in zip(EXPORTS, all_said, strict=True):
        assert said.code == MISUSE, arguments
        assert says in one_line(said.error), arguments


def test_unknown_options_and_help() -> None:
    assert geo_pipeline("run", "--nonsense", home=ROOT).returncode == MISUSE
    assert geo_pipeline("export", "map", "--lang", "de", home=ROOT).returncode == MISUSE
    shown = geo_pipeline("--help", home=ROOT)
    assert shown.returncode == 0
    for command in ("run", "materialize", "export", "status", "doctor", "dagster"):
        assert command in shown.stdout


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    result = geo_pipeline("status", home=tmp_path, settings={"GEO_PIPELINE_SINCE": "yesterday"})
    assert result.returncode == MISUSE
    assert "GEO_PIPELINE_SINCE" in one_line(result.stderr)


def test_an_error_is_json_where_that_is_asked_for(tmp_path: Path) -> None:
    result = geo_pipeline("run", "--json", "--departements", "99", home=tmp_path)
    assert result.returncode == MISUSE
    assert f"error: {json.loads(result.stdout)['error']}" == one_line(result.stderr)


@pytest.mark.drill
def test_a_disk_that_fills_while_publishing_keeps_the_old_publication(own_home: Path) -> None:
    """No file may grow beyond 20 MB: enough for lake and records, too little for the warehouse."""
    published = own_home / "published" / "drought.duckdb"
    before = published.read_bytes()
    result = geo_pipeline("materialize", "31", home=own_home, file_bytes=20_000_000)
    assert result.returncode == FAILED
    line = one_line(result.stderr)
    assert "cannot publish" in line
    assert "what was published before is unchanged" in line
    assert published.read_bytes() == before
    left = {path.name for path in published.parent.iterdir()}
    assert left <= {"drought.duckdb", "drought.lock"}
    assert geo_pipeline("export", "map", home=own_home).returncode == 0


@pytest.mark.drill
def test_a_disk_that_is_really_full(own_home: Path, tmp_path: Path) -> None:
    """A file system that holds the lake and one publication, but not two."""
    small = tmp_path / "small"
    small.mkdir()
    parts = [own_home / "lake", own_home / "published"]
    files = [path for part in parts for path in part.rglob("*") if path.is_file()]
    block = 4096
    held = sum(-(-path.stat().st_size // block) * block for path in files)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={held + 2_000_000}", "tmpfs", str(small)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("this machine does not let a test mount a small file system")
    try:
        for part in ("lake", "published"):
            shutil.copytree(own_home / part, small / part)
        before = (small / "published" / "drought.duckdb").read_bytes()
        settings = {"DAGSTER_HOME": str(tmp_path / "dagster")}
        result = geo_pipeline("materialize", "31", home=small, settings=settings)
        assert result.returncode == FAILED
        one_line(result.stderr)
        assert (small / "published" / "drought.duckdb").read_bytes() == before
        # It tells that the disk is nearly full.
        assert geo_pipeline("status", home=small, settings=settings).returncode == FAILED
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_damaged_publication_says_how_to_mend_it(own_home: Path) -> None:
    (own_home / "published" / "drought.duckdb").write_bytes(b"not a database")
    result = geo_pipeline("export", "map", home=own_home)
    assert result.returncode == FAILED
    assert "publish again with `geo-pipeline run`" in one_line(result.stderr)


def test_materialize_and_status_as_json(own_small_home: Path) -> None:
    home = own_small_home
    done = geo_pipeline("materialize", "Val-d'Oise", "--json", home=home)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["departements"] == ["95"]
    # Agreste says 25 q/ha of triticale in 2016: it is not done without a word of that.
    (doubt,) = outcome["doubts"]
    assert (doubt["table"], doubt["departement"]) == ("crop_statistics", "95")
    assert "triticale yields 25.0 q/ha in 2016" in doubt["what"]
    said = f"crop_statistics 95: {doubt['check']}: {doubt['what']}"
    assert [line.strip() for line in done.stderr.splitlines()][-1] == said
    assert Path(outcome["warehouse"]).is_file()
    status = json.loads(geo_pipeline("status", "--json", home=home).stdout)
    weather = [row for row in status["files"] if row["asset"] == "weather_daily"]
    assert [row["departement"] for row in weather] == ["31", "32", "33", "95"]
    assert weather[-1]["last_date"] == "2022-12-31"


def test_doctor_imports_providers_before_it_asks_them_at_once(tmp_path: Path) -> None:
    """Imports in several threads now and then ended in "cannot import name"."""
    code = """
import sys
from geo_pipeline.commands import doctor
from geo_pipeline.providers import LIVE
from geo_pipeline.settings import Settings
class Pool:
    def __init__(self):
        names = {"geo_pipeline.sources." + each.name.replace("-", "_") for each in LIVE}
        assert len(names) > 5 and names <= sys.modules.keys(), names - sys.modules.keys()
        sys.exit(0)
doctor.ThreadPoolExecutor = Pool
doctor.providers(Settings())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_exported_map_and_tables(published_home: Path, tmp_path: Path) -> None:
    page = tmp_path / "map.html"
    arguments = ["export", "map", "--indicator", "spi_3", "--period", "2022-08"]
    result = geo_pipeline(*arguments, "--output", str(page), home=published_home)
    assert result.returncode == 0, result.stderr
    assert str(page) in result.stdout
    assert page.stat().st_size < 600_000
    table = ["export", "table", "--indicator", "spi_3", "--period", "2022-08", "--output"]
    frames = {}
    for ending in ("csv", "parquet", "geojson"):
        target = tmp_path / f"table.{ending}"
        done = CliRunner().invoke(
            app, [*table, str(target)], env={"GEO_PIPELINE_HOME": str(published_home)}
        )
        assert done.exit_code == 0, done.output
        read = {"csv": pd.read_csv, "parquet": gpd.read_parquet, "geojson": gpd.read_file}[ending]
        french = {"sep": ";", "decimal": ",", "dtype": {"departement": str}}
        options = french if ending == "csv" else {}
        frames[ending] = read(target, **options)
    for frame in frames.values():
        assert len(frame) == 101
        assert frame["departement"].iloc[0] == "01"
    assert frames["parquet"].crs.to_authority() == ("OGC", "CRS84")
    values = [frame["value"].to_numpy() for frame in frames.values()]
    assert values[0] == pytest.approx(values[1], nan_ok=True)
    assert values[1] == pytest.approx(values[2], nan_ok=True)


def test_csv_is_french_unless_it_is_asked_for_otherwise(
    published_home: Path, tmp_path: Path
) -> None:
    def first_line(*options: str) -> bytes:
        target = tmp_path / "table.csv"
        arguments = ["export", "table", "--output", str(target), *options]
        result = CliRunner().invoke(app, arguments, env={"GEO_PIPELINE_HOME": str(published_home)})
        assert result.exit_code == 0, result.output
        return target.read_bytes().splitlines()[0]

    assert first_line().startswith(b"\xef\xbb\xbfdepartement;name;")
    assert first_line("--csv", "international").startswith(b"departement,name,")
    assert first_line("--lang", "en").startswith(b"departement,name,")
    assert first_line("--lang", "en", "--csv", "french").startswith(b"\xef\xbb\xbfdepartement;")


def test_exported_map_of_yields(published_home: Path, tmp_path: Path) -> None:
    """Of a year, with the office of statistics as its source and not the weather's."""
    page = tmp_path / "yields.html"
    arguments = ["--indicator", "yield_anomaly_pct_soft_wheat", "--period", "2016"]
    result = geo_pipeline("export", "map", *arguments, "--output", str(page), home=published_home)
    assert result.returncode == 0, result.stderr
    text = page.read_text(encoding="utf-8").replace("\u00a0", " ").replace("\u202f", " ")
    assert "<title>Rendement comparé à la moyenne : blé tendre, 2016</title>" in text
    assert "Agreste, Statistique agricole annuelle" in text
    assert "AgERA5" not in text
    assert "Trop peu de récoltes connues de cette culture dans ce département." in text


def test_doctor_finds_this_installation_sound(published_home: Path) -> None:
    result = geo_pipeline("doctor", "--json", home=published_home)
    assert result.returncode == 0, result.stdout
    findings = {each["check"]: each for each in json.loads(result.stdout)}
    assert all(each["ok"] for each in findings.values() if each["needed"])
    assert "from its wheel" in findings["DuckDB spatial"]["found"]
    assert "94 départements" in findings["embedded data"]["found"]


def test_doctor_asks_the_providers(tmp_path: Path, provider: Provider) -> None:
    """One that the settings choose must give what it should; a key that is missing is named."""
    provider.on("/archive", "<html><title>Maintenance</title>")
    settings = {
        "GEO_PIPELINE_SOURCE": "open-meteo",
        "GEO_PIPELINE_OPEN_METEO_URL": f"{provider.url}/archive",
        "GEO_PIPELINE_HUBEAU_URL": "http://127.0.0.1:9/api",
    }
    result = geo_pipeline("doctor", "--json", home=tmp_path, settings=settings)
    assert result.returncode == FAILED
    findings = {each["check"]: each for each in json.loads(result.stdout)}
    archive = findings["provider open-meteo"]
    assert not archive["ok"]
    assert "sent HTML in place of data (a page titled 'Maintenance')" in archive["found"]
    assert "GEO_PIPELINE_OPEN_METEO_URL" in archive["advice"]
    assert "refused the connection" in findings["provider hubeau"]["found"]
    key = findings["provider meteo-france-api"]
    assert (key["ok"], key["found"]) == (False, "no key")
    assert "GEO_PIPELINE_METEO_FRANCE_API_KEY" in key["advice"]

    # In 80 columns nothing of an address is cut.
    narrow = {**settings, "COLUMNS": "80"}
    shown = geo_pipeline("doctor", home=tmp_path, settings=narrow).stdout
    parts = [line.split("│")[3].strip() for line in shown.splitlines() if line.count("│") == 5]
    assert f"{provider.url}/archive" in "".join(parts)


def test_doctor_fails_where_something_needed_is_missing(tmp_path: Path) -> None:
    settings = {"GEO_PIPELINE_EMBEDDED_DATA": str(tmp_path)}
    result = geo_pipeline("doctor", home=tmp_path, settings=settings)
    assert result.returncode == FAILED


def test_a_command_does_not_look_for_cycles_all_the_time(tmp_path: Path) -> None:
    """Most of what it loads stays: with Python's own threshold it would look over 600 times."""
    told = (
        "import atexit, gc, sys; atexit.register(lambda: print(gc.get_stats()[0]['collections']))"
    )
    command = f"{told}; sys.argv = ['geo-pipeline', 'status', '--json']; cli.main()"
    result = subprocess.run(
        [sys.executable, "-c", f"from geo_pipeline import cli; {command}"],
        cwd=ROOT,
        env={**os.environ, "GEO_PIPELINE_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert int(result.stdout.splitlines()[-1]) < 300


NO_BULLETINS: tuple[tuple[list[str], str], ...] = (
    (["Atlantis"], "there is no bulletin of 'Atlantis'"),
    (["32", "--period", "1976-08"], "no bulletin of 1976-08"),
    (["--period", "soon"], "there is one of each dekad from 2013-"),
    (["31", "32", "--output", "x.pdf"], "--output names one file"),
    (["32", "--output", "x.docx"], "end its name with .pdf or .html"),
)
"""Mistakes in bulletins, each with what is said of it."""


def test_a_bulletin_that_cannot_be_is_told_in_one_line(small_home: Path) -> None:
    commands = [(["export", "bulletin", *arguments], {}) for arguments, _ in NO_BULLETINS]
    all_said = typed("geo_pipeline", commands, {"GEO_PIPELINE_HOME": str(small_home)})
    for (arguments, says), said in zip(NO_BULLETINS, all_said, strict=True):
        assert said.code == MISUSE, arguments
        assert says in one_line(said.error), arguments


def test_no_bulletin_without_a_publication(tmp_path: Path) -> None:
    result = geo_pipeline("export", "bulletin", home=tmp_path)
    assert result.returncode == FAILED
    assert "nothing is published at" in one_line(result.stderr)
    assert not (tmp_path / "exports").exists()


def test_a_bulletin_that_the_disk_does_not_take_leaves_nothing(
    small_home: Path, tmp_path: Path
) -> None:
    target = tmp_path / "gers.pdf"
    result = geo_pipeline(
        "export", "bulletin", "32", "--output", str(target), home=small_home, file_bytes=20_000
    )
    assert result.returncode == FAILED
    assert "File too large" in one_line(result.stderr)
    assert list(tmp_path.iterdir()) == []
