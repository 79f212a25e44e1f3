"""The model card has the figures of the table."""

from pathlib import Path

import pytest

from geo_pipeline.storage.lake import Lake
from tools.model_card import PAGE, VERDICTS, page

pytestmark = pytest.mark.slow


def test_the_page_is_that_of_the_embedded_data(published_home: Path) -> None:
    """`just run` and `just model-card` write it."""
    skill = Lake(published_home / "lake").read("yield_skill")
    assert PAGE.read_text(encoding="utf-8") == page(skill)
    assert set(skill["verdict"]) <= set(VERDICTS)
