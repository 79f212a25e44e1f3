"""The workspace of a run, and that of one of its steps."""

from pathlib import Path

from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings


def test_a_step_has_a_lake_of_its_own_and_shares_the_rest(tmp_path: Path) -> None:
    workspace = Workspace(Settings(home=tmp_path))
    step, other = workspace.for_a_step(), workspace.for_a_step()
    assert step.lake.root == workspace.lake.root
    assert step.lake is not other.lake is not workspace.lake
    assert step.providers is other.providers is workspace.providers
    assert step.for_a_step().lake is step.lake
