"""The table of groundwater, from a provider on loopback: what it does not have is said."""

from pathlib import Path

import dagster as dg
import pytest

from geo_pipeline.assets.groundwater import groundwater
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from tests.sources.conftest import Provider, provider

pytestmark = pytest.mark.slow

__all__ = ["provider"]


@pytest.mark.parametrize(("announced", "told"), [(9000, True), (None, False)])
def test_a_silent_piezometer_is_a_doubt(
    tmp_path: Path, provider: Provider, announced: int | None, told: bool
) -> None:
    of = {"code_departement": "31", "x": 1.44, "y": 43.6, "date_debut_mesure": "1995-03-01"}
    of |= {"date_fin_mesure": "2026-09-30"}
    stations = [
        {**of, "code_bss": "A/1", "nb_mesures_piezo": 9000},
        {**of, "code_bss": "B/2", "nb_mesures_piezo": announced},
    ]
    base = "/api/v1/niveaux_nappes"
    provider.on(f"{base}/stations", json={"count": 2, "next": None, "data": stations})

    def levels(asked: object) -> object:
        there = asked.one("code_bss") == "A/1"  # type: ignore[attr-defined]
        row = {"code_bss": "A/1", "date_mesure": "2020-07-14", "niveau_nappe_eau": 134.5}
        return provider.answer(json={"count": int(there), "next": None, "data": [row] * there})

    provider.on(f"{base}/chroniques", levels)  # type: ignore[arg-type]
    settings = Settings(
        home=tmp_path / "home", groundwater="hubeau", hubeau_url=f"{provider.url}/api", attempts=1
    )
    workspace = Workspace(settings)
    result = dg.materialize([groundwater], partition_key="31", resources={"workspace": workspace})
    assert result.success
    found = [(each.check, each.severity, str(each.what)) for each in workspace.findings.all()]
    what = "sent none of the measurements that are announced of B/2 (9000)"
    assert found == ([("piezometers", "warning", what)] if told else [])
