"""The drought classes of each place through the record, one row below the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np

from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.publishing.selection import LONGEST_STEP
from geo_pipeline.words import Lang
from panel_app.data.indicator_matrix import NO_STYLE, FloatMatrix, Matrix
from panel_app.data.page_view import PageView
from panel_app.drawing.svg import (
    Chart,
    Label,
    Mark,
    Table,
    Tip,
    bars,
)
from panel_app.pages.ranking.compared_places import (
    BOTTOM,
    END,
    TOP,
    Place,
    source_words,
    years_below,
)
from panel_app.pages.ranking.indicator_lines import walked


@dataclass(frozen=True, eq=False)
class Axis:
    """The periods along the timeline: `rows` of the matrix, where each starts and ends (0 to 1)."""

    matrix: Matrix
    rows: list[int]
    first: date
    step: Literal["month", "dekad"]
    starts: FloatMatrix
    ends: FloatMatrix

    @property
    def last(self) -> date:
        """End of the last period."""
        return self.matrix.periods[self.rows[-1]]


def axis_of(matrix: Matrix) -> Axis:
    """Return the axis of a record, its months alone where it is long."""
    rows = walked(matrix, range(len(matrix.periods)))
    monthly = matrix.by_dekad and len(rows) < len(matrix.periods)
    longest = LONGEST_STEP["month" if monthly else indicator_of(matrix.indicator).step]
    first = matrix.periods[rows[0]] - timedelta(days=longest)
    span = float((matrix.periods[rows[-1]] - first).days)
    ends = np.array([(matrix.periods[row] - first).days for row in rows]) / span
    starts = np.maximum(np.concatenate(([0.0], ends[:-1])), ends - longest / span)
    return Axis(matrix, rows, first, "month" if monthly else "dekad", starts, ends)


def timeline(view: PageView, chosen: Sequence[Place]) -> Chart | None:
    """The classes of each place through the whole record, one row below the other."""
    matrix = view.matrix
    if view.indicator.kind not in ("class", "stage"):
        if "combined" not in view.publication.indicators:
            return None
        matrix = view.publication.matrix("combined")
    lang, words = view.lang, view.words
    axis, plot = axis_of(matrix), 28 * len(chosen)
    marks, tips = _rows_of_classes(view, axis, chosen, plot)
    below, years = years_below(axis.first, axis.last, plot)
    labels = [
        Label(0.0, (place.position + 0.5) / len(chosen), place.name, "end", f"y {place.kind}")
        for place in chosen
    ]
    table = Table(
        [words("ranking.beside.period"), *(place.name for place in chosen)],
        [
            [
                matrix.period_words(row, lang, axis.step),
                *(_class_name(matrix, row, place, lang) for place in chosen),
            ]
            for row in axis.rows
        ],
    )
    title = words(
        "ranking.beside.timeline",
        indicator=indicator_of(matrix.indicator).name(lang),
        first=matrix.periods[0].year,
        last=axis.last.year,
    )
    source = source_words(view, view.publication.source_names(matrix.indicator))
    return Chart(
        "compare-timeline",
        title,
        TOP + plot + BOTTOM,
        f"{words('ranking.beside.timeline_note')} {source}".strip(),
        marks=[*marks, *below],
        labels=[*labels, *years],
        tips=tips,
        table=table,
        left=END,
        top=TOP,
        bottom=BOTTOM,
    )


def _rows_of_classes(
    view: PageView, axis: Axis, chosen: Sequence[Place], plot: float
) -> tuple[list[Mark], list[Tip]]:
    """A row for each place, in the colours of its classes, and the tooltip of each run."""
    matrix, lang = axis.matrix, view.lang
    drawn: dict[int, str] = {}
    marks, tips = [], []
    for place in chosen:
        top, share = place.position / len(chosen), 1 / len(chosen)
        low, high = 1 - top - 0.92 * share, 1 - top - 0.08 * share
        marks.append(Mark(bars([0.0], [1.0], [low], [high], plot), "hatch"))
        style = matrix.style[axis.rows, place.column]
        for stretch in _stretches(style, axis.starts, axis.ends):
            index = int(style[stretch.start])
            if index == NO_STYLE:
                continue
            x0, x1 = float(axis.starts[stretch.start]), float(axis.ends[stretch.stop - 1])
            drawn[index] = drawn.get(index, "") + bars([x0], [x1], [low], [high], plot)
            name = f"{place.name}, {matrix.styles[index].name(lang)}"
            typed = matrix.period_typed(axis.rows[stretch.start], axis.step)
            said = _stretch_words(view, axis, stretch)
            tips.append(Tip(x0, x1, name, said, typed, top, top + share))
    marks += [Mark(path, "fill", fill=matrix.styles[index].colour) for index, path in drawn.items()]
    return marks, tips


def _stretch_words(view: PageView, axis: Axis, stretch: slice) -> str:
    """First and last period of a run, in words."""
    first, last = (
        axis.matrix.period_words(axis.rows[at], view.lang, axis.step)
        for at in (stretch.start, stretch.stop - 1)
    )
    return first if first == last else view.words("ranking.beside.from_to", first=first, last=last)


def _stretches(style: Any, starts: FloatMatrix, ends: FloatMatrix) -> list[slice]:
    """Runs of consecutive periods in the same class."""
    follows = np.concatenate(([False], (style[1:] == style[:-1]) & (starts[1:] <= ends[:-1])))
    first = np.flatnonzero(~follows)
    return [slice(int(a), int(b)) for a, b in zip(first, [*first[1:], len(style)], strict=True)]


def _class_name(matrix: Matrix, row: int, place: Place, lang: Lang) -> str:
    return matrix.style_at(row, place.column).name(lang)
