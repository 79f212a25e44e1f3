"""Charts as SVG: lines broken where nothing is known, bars from zero, round ticks."""

from itertools import pairwise

import numpy as np
import pytest

from panel_app.data.page_words import catalogue
from panel_app.drawing import svg

NAN = float("nan")


def test_a_line_is_broken_where_nothing_is_known() -> None:
    assert (
        svg.line([0, 0.25, 0.5, 0.75, 1], [0, 1, NAN, 1, 0], 100) == "M0 100L250 0M750 0L1000 100"
    )


def test_a_band_closes_on_itself() -> None:
    assert svg.band([0, 1], [0, 0.5], [1, 1], 10) == "M0 0L1000 0L1000 5L0 10z"
    assert svg.band([0, 1], [NAN, NAN], [1, 1], 10) == ""
    assert svg.band([0, 0.2, 0.4, 1], [0, 0, NAN, 0], [1, 1, 1, 1], 10).count("M") == 2


def test_bars_stand_between_their_ends() -> None:
    assert svg.bars([0], [0.1], [0.5], [0.25], 100) == "M0 50H100V75H0z"
    assert svg.bars([0, 0.5], [0.1, 0.6], [0, 0], [NAN, 1], 100) == "M500 0H600V100H500z"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (-2.7, 2.7, [-2, 0, 2]),
        (0, 0.45, [0, 0.1, 0.2, 0.3, 0.4]),
        (0, 730, [0, 200, 400, 600]),
        (3, 3, [3]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert svg.ticks(low, high) == pytest.approx(expected)


def test_runs() -> None:
    known = np.array([True, True, False, False, True])
    assert svg.runs(known) == [slice(0, 2), slice(4, 5)]
    assert svg.runs(np.array([False])) == []


def test_a_chart_escapes_and_has_a_table_behind() -> None:
    hostile = "<img src=x onerror=alert(1)>\"'"
    chart = svg.Chart(
        name="one",
        title=hostile,
        height=100,
        note=hostile,
        labels=[svg.Label(0, 0, hostile)],
        tips=[svg.Tip(0, 1, hostile, hostile)],
        table=svg.Table([hostile], [[hostile]]),
    )
    html = chart.html(catalogue("fr"))
    assert "<img" not in html
    assert html.count("<table") == 1
    assert "Tableau" in html


def test_a_spark_leaves_gaps() -> None:
    drawn = svg.spark([1.0, NAN, -2.5], ["#000000"] * 3, "x")
    assert drawn.count("<path") == 1  # one a colour
    assert drawn.count("M") == 2
    assert "nan" not in drawn


def test_names_at_the_ends_of_lines_do_not_overlap() -> None:
    assert svg.apart([], 0.1) == []
    assert svg.apart([0.2, 0.8], 0.1) == pytest.approx([0.2, 0.8])
    assert svg.apart([0.5, 0.5], 0.1) == pytest.approx([0.45, 0.55])
    assert svg.apart([1.0, 0.99, 0.98], 0.1) == pytest.approx([1.0, 0.9, 0.8])
    assert svg.apart([0.0, 0.0], 0.2) == pytest.approx([0.0, 0.2])
    chance = np.random.default_rng(7)
    for _ in range(200):
        wanted = chance.random(5).tolist()
        placed = svg.apart(wanted, 0.12)
        assert np.argsort(placed).tolist() == np.argsort(wanted).tolist()
        assert all(after - before > 0.12 - 1e-9 for before, after in pairwise(sorted(placed)))
        assert min(placed) > -1e-9
        assert max(placed) < 1 + 1e-9


def test_the_names_of_two_lines_that_end_alike_stand_17_px_apart() -> None:
    """In a plot of 170 px that is a tenth."""
    first, second = svg.end_names([(0.5, "Gers", "series-1"), (0.5, "médiane", "")], 170)
    assert (first.y, second.y) == pytest.approx((0.45, 0.55))
    assert (first.text, first.kind) == ("Gers", "end series-1")
    assert (second.text, second.kind) == ("médiane", "end")


def test_an_axis_has_as_many_decimals_as_its_values_need() -> None:
    assert svg.decimals([0.0, 200.0]) == 0
    assert svg.decimals([0.0, 0.5, 1.0]) == 1
    assert svg.decimals([0.25, 0.5]) == 2
    assert svg.decimals([]) == 0


def test_the_axis_is_strong_at_zero() -> None:
    marks, labels = svg.axis(svg.Scale(-1, 1), [-1.0, 0.0, 1.0], 100, lambda value: f"{value:g} mm")
    assert [mark.kind for mark in marks] == ["grid", "zero", "grid"]
    assert [mark.d for mark in marks] == ["M0 100H1000", "M0 50H1000", "M0 0H1000"]
    assert [(label.text, label.y) for label in labels] == [("-1 mm", 1), ("0 mm", 0.5), ("1 mm", 0)]
