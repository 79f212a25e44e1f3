"""Maps of changes: by how many classes, since when, and what is not known."""

from datetime import date

import numpy as np
import pytest

from panel_app.data.class_changes import CHANGES, changes, earlier_rows, has_changes
from panel_app.data.indicator_matrix import NO_STYLE
from panel_app.data.store import Publication
from panel_app.pages.map import map_page as page
from tests.app.conftest import plain, view_of


def test_a_change_is_the_difference_of_the_published_classes(publication: Publication) -> None:
    """Gers was D2 in August 2022 and D3 a month before, by the published table."""
    matrix = publication.matrix("combined")
    row = matrix.nearest(date(2022, 8, 31))
    since = changes(publication, "combined", "month")
    order = ["D4", "D3", "D2", "D1", "D0", "normal", "W0", "W1", "W2"]
    before = matrix.nearest(date(2022, 7, 31))
    for column, code in enumerate(matrix.codes):
        then, now = matrix.drought_class[before, column], matrix.drought_class[row, column]
        style = since.style[row, column]
        if then is None or now is None:
            assert style == NO_STYLE, code
        else:
            steps = max(-3, min(3, order.index(now) - order.index(then)))
            assert CHANGES[style] is CHANGES[steps + 3], code


@pytest.mark.parametrize(
    ("since", "before"),
    [("dekad", (2022, 8, 20)), ("month", (2022, 7, 31)), ("quarter", (2022, 5, 31)),
     ("year", (2021, 8, 31))],
)  # fmt: skip
def test_the_period_before_is_the_one_of_its_name(
    publication: Publication, since: str, before: tuple[int, int, int]
) -> None:
    matrix = publication.matrix("combined")
    row = matrix.nearest(date(2022, 8, 31))
    earlier = earlier_rows(matrix, since)  # type: ignore[arg-type]
    assert matrix.periods[earlier[row]] == date(*before)
    assert earlier[0] == -1  # nothing is on record before


def test_across_a_hole_of_the_record_nothing_is_known(publication: Publication) -> None:
    """There is no weather in 2014, so a year before the end of August 2015 is not known."""
    matrix = publication.matrix("combined")
    row = matrix.nearest(date(2015, 8, 31))
    assert (changes(publication, "combined", "year").style[row] == NO_STYLE).all()
    view = view_of(publication, period="2015-08-31", compare="change", since="year")
    assert "n'est pas connue" in plain(page.found(view))


def test_only_classes_of_drought_have_changes(publication: Publication) -> None:
    assert has_changes("combined")
    assert has_changes("spi_3")
    assert not has_changes("precip_mm")
    assert not has_changes("water_restrictions")
    view = view_of(publication, indicator="precip_mm", period="2022-08", compare="change")
    assert page.comparison(view)["mode"] == ""
    assert "change" not in page.comparison(view)["modes"]


def test_the_page_says_how_many_are_drier_and_wetter(publication: Publication) -> None:
    view = view_of(publication, period="2022-08-31", compare="change", since="month")
    style = changes(publication, "combined", "month").style[view.row]
    counts = [int((style == index).sum()) for index in range(7)]
    said = plain(page.found(view))
    assert f"{sum(counts[:3])} départements sur {sum(counts)}" in said
    assert f"{sum(counts[4:])} plus humides" in said
    legend = page.legend(view)["rows"]
    assert [row["count"] for row in legend] == [*counts, int(np.sum(style == NO_STYLE))]
    assert [row["colour"] for row in legend][:7] == [style.colour for style in CHANGES]
