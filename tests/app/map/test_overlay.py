"""A second indicator as hatching: where it is grave, and that it is told."""

import json

import numpy as np
import pytest

from panel_app.data.overlay import grave_places
from panel_app.data.state import from_query
from panel_app.data.store import Publication
from panel_app.page_list import BY_KEY
from panel_app.pages.map import map_page as page
from tests.app.conftest import plain, view_of


def test_hatched_is_what_is_in_severe_drought_or_worse(publication: Publication) -> None:
    other = publication.matrix("swi")
    found = grave_places(publication, "combined", "swi")
    shown = publication.matrix("combined")
    assert found.shape == shown.style.shape
    for day in (shown.periods[100], shown.periods[-1]):
        row, at = shown.periods.index(day), other.periods.index(day)
        for column, drought_class in enumerate(other.drought_class[at]):
            expected = -1 if drought_class is None else int(drought_class in ("D2", "D3", "D4"))
            assert found[row, column] == expected
    assert (found == 1).any()


def test_restrictions_of_another_time_are_unknown_then(publication: Publication) -> None:
    assert (grave_places(publication, "combined", "water_restrictions") == -1).all()
    of_its_own_day = grave_places(publication, "water_restrictions", "water_restrictions")
    levels = publication.matrix("water_restrictions").drought_class
    limited = np.isin(levels.astype(str), ("alerte", "alerte_renforcee", "crise"))
    assert ((of_its_own_day == 1) == limited).all()
    slots = page.slots(view_of(publication, period="2022-08-20", over="water_restrictions"))
    assert "pas connu à cette date" in plain(slots["legend"])


def test_hatching_is_in_address_legend_and_tips(publication: Publication) -> None:
    view = view_of(publication, period="2022-08-20", over="swi")
    assert view.state.query()["over"] == "swi"
    slots = page.slots(view)
    cells = json.loads(slots["over"])["cells"]
    codes = publication.codes
    here = cells[view.row * len(codes) : (view.row + 1) * len(codes)]
    assert f">{here.count('1')}</b>" in slots["legend"]
    assert "Hachures : Humidité du sol, sécheresse grave ou pire" in plain(slots["legend"])
    tips = json.loads(slots["tips"])
    gers = here[codes.index("32")]
    assert gers == "1"
    assert plain(tips[codes.index("32")][0]).endswith(
        "Hachuré : Humidité du sol, sécheresse grave ou pire"
    )
    assert [("Hachuré" in head) for head, _ in tips] == [each == "1" for each in here]


def test_without_a_second_indicator_nothing_is_sent(publication: Publication) -> None:
    slots = page.slots(view_of(publication, period="2022-08-20"))
    assert slots["over"] == ""
    assert "data-over" not in slots["legend"]


@pytest.mark.parametrize("over", ["precip_mm", "drought_age_dekads", "?"])
def test_what_has_no_limit_cannot_be_hatched(publication: Publication, over: str) -> None:
    state, notices = from_query({"over": over}, tuple(BY_KEY), publication.indicators)
    assert state.over == ""
    assert len(notices) == 1
