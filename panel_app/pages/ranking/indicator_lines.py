"""The indicator shown, a line for each place: the last years, and the whole record."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np

from geo_pipeline import dekads
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.publishing.formats import capitalise
from geo_pipeline.publishing.selection import LONGEST_STEP
from geo_pipeline.words import Lang
from panel_app.data.indicator_matrix import NO_STYLE, Matrix
from panel_app.data.kept import kept
from panel_app.data.page_view import PageView
from panel_app.drawing.indicator_heights import THRESHOLDS, heights
from panel_app.drawing.svg import (
    Chart,
    Mark,
    Scale,
    Table,
    Tip,
    level,
    line,
)
from panel_app.pages.ranking.compared_places import (
    BOTTOM,
    END,
    HEIGHT,
    LEFT,
    TOP,
    Place,
    amounts_beside,
    broken,
    listed,
    names_at_the_end,
    round_scale,
    source_words,
    years_below,
)

YEARS: Final = 5
"""Years of the first chart, up to the period shown."""
INDEX_MOST: Final = 3.0


def recent(view: PageView, chosen: Sequence[Place]) -> Chart | None:
    """The indicator shown, the last five years."""
    matrix = view.matrix
    end = matrix.periods[view.row]
    rows = [row for row in range(view.row + 1) if (end - matrix.periods[row]).days < YEARS * 365.25]
    title = view.words("ranking.beside.recent", indicator=view.indicator.name(view.lang), n=YEARS)
    return course(view, chosen, rows, "compare-recent", title)


def record(view: PageView, chosen: Sequence[Place]) -> Chart | None:
    """The indicator shown, the whole record."""
    matrix = view.matrix
    title = view.words(
        "ranking.beside.record",
        indicator=view.indicator.name(view.lang),
        first=matrix.periods[0].year,
        last=matrix.periods[-1].year,
    )
    rows = list(range(len(matrix.periods)))
    return course(view, chosen, rows, "compare-record", title)


def course(
    view: PageView, chosen: Sequence[Place], rows: Sequence[int], name: str, title: str
) -> Chart | None:
    """A line for each place through the periods of `rows`."""
    matrix, words, lang = view.matrix, view.words, view.lang
    values = heights(matrix, np.ix_(list(rows), [place.column for place in chosen]))
    if len(rows) < 2 or np.isnan(values).all():
        return None
    is_index = view.indicator.kind == "class"
    plot = HEIGHT - TOP - BOTTOM
    first, last = matrix.periods[rows[0]], matrix.periods[rows[-1]]
    if is_index:
        scale, values_on_axis = Scale(-INDEX_MOST, INDEX_MOST), [-2.0, -1.0, 0.0, 1.0, 2.0]
    else:
        scale, values_on_axis = round_scale(values)
    marks, labels = years_below(first, last, plot)
    across, beside = amounts_beside(scale, values_on_axis, plot, lang)
    marks += across
    if is_index:
        marks += [
            Mark(level(float(scale(limit)), plot), f"threshold {code}")
            for code, limit in THRESHOLDS.items()
        ]
    days = np.array([(matrix.periods[row] - first).days for row in rows], dtype=float)
    span = max(1.0, float(days[-1]))
    longest = LONGEST_STEP[view.indicator.step]
    shares = np.clip(scale(values), 0, 1)
    for place, share in zip(chosen, shares.T, strict=True):
        x, y = broken(days, share, longest)
        marks.append(Mark(line(x / span, y, plot), place.kind))
    years = [matrix.periods[row].year for row in rows]
    told_rows = walked(matrix, rows)
    texts = [_texts(matrix, place.column, lang) for place in chosen]
    told = {row: [each[row] for each in texts] for row in told_rows}
    head = [words("ranking.beside.period"), *(place.name for place in chosen)]
    return Chart(
        name,
        title,
        HEIGHT,
        _note(view, is_index),
        marks=marks,
        labels=[*labels, *beside, *names_at_the_end(chosen, shares, plot, years)],
        tips=_course_tips(view, chosen, told, first, span),
        table=Table(head, [[matrix.period_words(row, lang), *told[row]] for row in told_rows]),
        left=LEFT,
        right=END,
        top=TOP,
        bottom=BOTTOM,
        now=_now(view, rows, first, span),
    )


def walked(matrix: Matrix, rows: Sequence[int]) -> list[int]:
    """Periods with a tooltip of their own: months in a long record of dekads."""
    if not matrix.by_dekad or len(rows) <= YEARS * dekads.A_YEAR + 1:
        return list(rows)
    months = set(matrix.month_rows)
    return [row for row in rows if row in months]


def _now(
    view: PageView, rows: Sequence[int], first: date, span: float
) -> tuple[float, float] | None:
    """The period shown as a band of the plot, unless it is the last one."""
    if view.row == rows[-1] or view.row not in rows:
        return None
    share = (view.matrix.periods[view.row] - first).days / span
    return max(0.0, share - 0.003), min(1.0, share + 0.003)


def _course_tips(
    view: PageView, chosen: Sequence[Place], told: dict[int, list[str]], first: date, span: float
) -> list[Tip]:
    matrix = view.matrix
    at = [(matrix.periods[row] - first).days / span for row in told]
    middles = [0.0, *((a + b) / 2 for a, b in pairwise(at)), 1.0]
    return [
        Tip(
            middles[index],
            middles[index + 1],
            matrix.period_words(row, view.lang),
            listed(chosen, told[row]),
            matrix.period_typed(row),
        )
        for index, row in enumerate(told)
    ]


@kept(64)
def _texts(matrix: Matrix, column: int, lang: Lang) -> tuple[str, ...]:
    """Texts of a place at each period: its value, and its class if it has one."""
    values = [matrix.shown_value(row, column, lang) for row in range(len(matrix.periods))]
    if indicator_of(matrix.indicator).kind != "class":
        return tuple(values)
    names = [style.name(lang) for style in matrix.styles]
    return tuple(
        value if index == NO_STYLE else f"{value} ({names[index]})"
        for value, index in zip(values, matrix.style[:, column], strict=True)
    )


def _note(view: PageView, is_index: bool) -> str:
    words, which = view.words, view.indicator
    if is_index and which.standardised:
        unit = words("ranking.beside.index")
    elif is_index:
        unit = words("ranking.beside.rank_index")
    else:
        unit = words(
            "ranking.beside.unit", unit=which.unit(view.lang) or which.value_name(view.lang)
        )
    parts = [unit, f"{capitalise(view.reference)}." if view.reference and is_index else ""]
    return " ".join(each for each in [*parts, source_words(view, view.source)] if each)
