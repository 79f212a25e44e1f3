"""The slides and the demonstration: what they tell and do."""

import re
from pathlib import Path

import pytest

from geo_pipeline.settings import Settings
from tests.conftest import digests
from tools import demo, presentation
from tools.presentation import VIEWS


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, published_home: Path) -> str:
    """Return the slides of the published home; the tests themselves are not counted again."""
    names = ("fast_tests", "slow_tests", "browser_tests", "tests")
    monkeypatch.setattr(presentation, "_tests", lambda: dict.fromkeys(names, "7"))
    told = presentation.figures(Settings(home=published_home))
    return presentation.slides(told, dict.fromkeys(VIEWS, "data:image/jpeg;base64,"))


def test_slides_need_no_network_and_last_fifteen_minutes(page: str) -> None:
    assert not re.search(r"""(?:src|href)=["'](?!data:)|@import|url\((?!data:)""", page)
    slides = page.count("<section")
    minutes = [float(each.replace(",", ".")) for each in re.findall(r'data-minutes="(.+?)"', page)]
    assert len(minutes) == slides
    assert sum(minutes) == 15.0


def test_slides_tell_the_figures_of_the_publication(page: str) -> None:
    text = re.sub(r"<[^>]+>", "", page).replace("\u202f", " ").replace("\xa0", " ")
    assert re.search(r"\d+ départements sur \d+ en sécheresse fin août 2022", text)
    assert "données jusqu'au 31 décembre 2022" in text
    assert "Agreste, Statistique agricole annuelle" in text


@pytest.mark.drill
@pytest.mark.slow
def test_the_demonstration_repairs_the_fault_that_it_plants(own_small_home: Path) -> None:
    lake = Settings(home=own_small_home).lake
    before = digests(lake)
    shown = demo.Demonstration(own_small_home, pause_s=0.0, by_hand=False, browser=False)
    demo.fault(shown)
    assert digests(lake) == before
    demo.alert(shown)
    assert shown.steps == 3
