"""What a provider of weather sent that cannot be is left out, and shown as a doubt."""

import json
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from geo_pipeline.assets.observations import weather_daily
from geo_pipeline.cli import app
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from tests.assets.test_live import SPACING_KM, Archive


class Slipping(Archive):
    """An archive in which one value of a place cannot be, until it is `mended`."""

    mended = False

    def answer(self, query: dict[str, str]) -> bytes:
        """Return what the archive says, -1 mm on the third day of the first place."""
        said = json.loads(super().answer(query))
        if not self.mended:
            (said[0] if isinstance(said, list) else said)["daily"]["precipitation_sum"][2] = -1.0
        return json.dumps(said).encode()


def test_a_value_left_out_is_a_doubt_until_it_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Slipping()
    home = tmp_path / "home"
    settings = Settings(
        home=home,
        source="open-meteo",
        open_meteo_url=archive.url,
        open_meteo_spacing_km=SPACING_KM,
        since=date(2026, 1, 1),
        until=date(2026, 1, 31),
    )
    told = "left out a precip_mm of 2026-01-03: sent -1 as precip_mm of 2026-01-03, beyond 0 to"

    def found() -> list[tuple[str, str, str]]:
        workspace = Workspace(settings)
        result = dg.materialize(
            [weather_daily], partition_key="31", resources={"workspace": workspace}
        )
        assert result.success
        rows = workspace.lake.read("weather_daily", "31")
        assert len(rows) == 31
        known = rows["precip_mm"].notna()
        assert known.sum() == 30 + archive.mended
        return [(each.check, each.severity, str(each.what)) for each in workspace.findings.all()]

    ((check, severity, what),) = found()
    assert (check, severity) == ("left_out", "warning")
    assert what.startswith(told)
    monkeypatch.setenv("GEO_PIPELINE_HOME", str(home))
    shown = CliRunner().invoke(app, ["status"], env={"COLUMNS": "200"}).output
    assert "left_out" in shown, shown
    archive.mended = True
    for kept in (settings.raw).rglob("*"):
        if kept.is_file():
            kept.unlink()
    assert found() == []
