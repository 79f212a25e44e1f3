"""Notes of how far providers differ: the table is what they hold, less those that are damaged."""

from pathlib import Path

import numpy as np
import pandas as pd

from geo_pipeline.runtime.provider_notes import note, noted
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.table_rows import empty, validate


def row(code: str, common_years: int) -> pd.DataFrame:
    known = {"provider_mean": 53.1, "other_mean": 0.1 + 0.2, "difference": 52.8}
    unknown = dict.fromkeys(("standard_error", "ratio", "error_before", "error_after"), np.nan)
    about = {"variable": "precip_mm", "month": 7, "provider": "sim2", "other_provider": "bundled"}
    rows = [
        {"departement": code, "common_years": common_years, "adjusted": False}
        | about
        | known
        | unknown
    ]
    return validate("provider_differences", pd.DataFrame(rows))


def test_what_was_noted_is_the_table(tmp_path: Path) -> None:
    workspace, warned = Workspace(Settings(home=tmp_path)), list[str]()
    rows, origin = noted(workspace, warned.append)
    pd.testing.assert_frame_equal(rows, empty("provider_differences"))
    assert "made_of" not in origin.recorded()

    note(workspace, "31", row("31", 12))
    note(workspace, "32", row("32", 3))
    rows, origin = noted(workspace, warned.append)
    both = pd.concat([row("31", 12), row("32", 3)], ignore_index=True)
    pd.testing.assert_frame_equal(validate("provider_differences", rows), both)
    assert origin.url == "weather_daily"
    assert noted(workspace, warned.append)[1] == origin

    note(workspace, "31", empty("provider_differences"))
    assert noted(workspace, warned.append)[0]["departement"].tolist() == ["32"]
    assert not warned


def test_a_damaged_note_is_left_out_and_told(tmp_path: Path) -> None:
    workspace, warned = Workspace(Settings(home=tmp_path)), list[str]()
    note(workspace, "31", row("31", 12))
    note(workspace, "32", row("32", 12))
    path = tmp_path / "reports" / "provider_differences" / "31.json"
    path.write_text(path.read_text(encoding="utf-8").replace("53.1", "93.1"), encoding="utf-8")
    assert noted(workspace, warned.append)[0]["departement"].tolist() == ["32"]
    assert len(warned) == 1
    assert "31.json" in warned[0]
