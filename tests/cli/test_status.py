"""`geo-pipeline status`: in seconds, which département is late, broken or suspicious."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from geo_pipeline.cli import app
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import Failures
from geo_pipeline.storage.findings import Finding, Findings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.words import verbatim
from tests.cli.test_commands import MISUSE, geo_pipeline

pytestmark = pytest.mark.slow


def troubled(home: Path) -> Settings:
    """A whole France with a département failed, one held, one suspicious and one damaged."""
    settings = Settings(home=home)
    Failures(settings.failures).add(
        "weather_daily", "31", "open-meteo", verbatim("no answer [/bold]")
    )
    findings = Findings(settings.findings)
    for code, severity in (("29", "error"), ("67", "warning")):
        found = Finding(
            "weather_daily", code, "jump", severity, verbatim("too hot"), "2026-11-20T10:00:00Z"
        )
        findings.replace("weather_daily", code, [found], ["jump"])
    damaged = Lake(settings.lake).path("soil_water_daily", "44")
    damaged.write_bytes(damaged.read_bytes()[:1000])
    return settings


def status(*arguments: str, home: Path, code: int = 1) -> str:
    """Return what `geo-pipeline status` prints in this process, which ends with `code`."""
    settings = {"GEO_PIPELINE_HOME": str(home), "COLUMNS": "200"}
    result = CliRunner().invoke(app, ["status", *arguments], env=settings)
    assert result.exit_code == code, result.output
    return result.stdout


def test_troubles_are_told_with_commands(own_home: Path) -> None:
    troubled(own_home)
    result = geo_pipeline("status", home=own_home)
    assert result.returncode == 1, result.stderr
    lines = result.stdout.splitlines()

    def line(place: str) -> str:
        return next(each for each in lines if place in each)

    assert "3 in trouble" in result.stdout
    assert "failed" in line("Haute-Garonne (31)")
    assert "no answer [/bold]" in line("Haute-Garonne (31): ")
    assert "held" in line("Finistère (29)")
    # The published yields of some départements raise doubts too.
    assert "suspicious" in line("weather_daily ")
    assert "(crop_statistics, weather_daily)" in line("a check has a doubt")
    assert "damaged" in line("Loire-Atlantique (44)")
    order = [lines.index(line(place)) for place in ("(44)", "(29)", "(31)", "a doubt")]
    assert order == sorted(order)
    assert "geo-pipeline materialize 31" in result.stdout
    assert "geo-pipeline materialize 44 29" in result.stdout
    assert "7 without data (75, 92, 971, 972, 973, 974, 976)" in result.stdout
    assert any("france" in each and "success" in each for each in lines)  # the last run
    assert "Published: 20" in result.stdout


def test_status_as_json_keeps_its_keys(own_home: Path) -> None:
    troubled(own_home)
    told = json.loads(status("--json", home=own_home))
    assert {"home", "published_at", "files", "tables", "troubles", "runs"} <= told.keys()
    first = next(each for each in told["files"] if each["asset"] == "weather_daily")
    assert first.keys() == {
        *("asset", "departement", "source", "url", "fetched_at", "sha256"),
        *("rows", "first_date", "last_date"),
    }
    assert (first["departement"], first["rows"]) == ("01", 4383)
    held = next(each for each in told["troubles"] if each["state"] == "held")
    assert (held["departement"], held["do"]) == ("29", "geo-pipeline materialize 29")
    assert held["what"] == "jump: too hot"


def test_one_departement_in_detail(own_home: Path) -> None:
    troubled(own_home)
    told = status("--departement", "Finistere", home=own_home)
    assert "Finistère (29), Bretagne" in told
    assert "4,383" in told
    assert "held since 2026-11-20 10:00 UTC: jump: too hot" in told
    assert "geo-pipeline materialize 29" in told
    assert "Haute-Garonne" not in told


def test_a_departement_that_does_not_exist_is_misuse(tmp_path: Path) -> None:
    assert geo_pipeline("status", "--departement", "99", home=tmp_path).returncode == MISUSE


def test_an_empty_home_is_told_and_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    home = tmp_path / "home"
    told = status(home=home)
    assert "Published: not yet" in told
    assert "Runs: none yet" in told
    assert not home.exists()


def test_verbose_tells_each_file_on_standard_error(tmp_path: Path) -> None:
    home = tmp_path / "home"
    result = geo_pipeline("materialize", "75", "-v", home=home)
    assert result.returncode == 0, result.stderr
    assert "INFO weather_daily 75: 0 rows written" in result.stderr
    assert "INFO" not in result.stdout
    written = (home / "logs" / "pipeline.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(written[-1])["message"] == "run of departement ended: done"
