"""Charts of the map page: the timeline under the map, and an indicator's history at one place.

Pure functions of the view; `svg.py` knows how a chart is written.
"""

from datetime import date, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geo_pipeline import dekads
from geo_pipeline.publishing.formats import capitalise, format_number, format_years
from panel_app.data.class_shares import shares_of, weighted_shares
from panel_app.data.indicator_matrix import NO_STYLE, FloatMatrix, Matrix
from panel_app.data.kept import kept
from panel_app.data.page_view import PageView, percent
from panel_app.data.store import Publication
from panel_app.drawing import svg
from panel_app.drawing.indicator_heights import THRESHOLDS, heights
from panel_app.drawing.templates import render
from panel_app.drawing.theme import bar_colour

TIMELINE_HEIGHT: Final = 88
HISTORY_HEIGHT: Final = 192
HISTORY_YEARS: Final = 6


def days(matrix: Matrix) -> tuple[FloatMatrix, FloatMatrix]:
    """First day of each period and the day after its last, as ordinals.

    A day or a year is drawn from the beginning of its month, because a single day would be
    invisible.
    """
    ends = np.array([period.toordinal() for period in matrix.periods], dtype=float) + 1
    starts = [
        dekads.first_day(period) if matrix.by_dekad else period.replace(day=1)
        for period in matrix.periods
    ]
    return np.array([start.toordinal() for start in starts], dtype=float), ends


def period_bounds(matrix: Matrix) -> tuple[FloatMatrix, FloatMatrix, svg.Scale]:
    """Position (0 to 1) of the start and end of each period on a chart of all, and the scale."""
    first, last = days(matrix)
    scale = svg.Scale(first[0], max(last[-1], first[0] + 30))
    return scale(first), scale(last), scale


def year_labels(first: date, last: date, scale: svg.Scale, most: int) -> list[svg.Label]:
    """Labels of the years at their beginning; some are left out where there are many."""
    every = 1 + (last.year - first.year) // most
    return [
        svg.Label(float(scale(date(year, 1, 1).toordinal())), 1.0, str(year), "start", "x")
        for year in range(first.year, last.year + 1)
        if year % every == 0 and date(year, 1, 1) >= first - timedelta(days=60)
    ]


@kept(64)
def timeline(publication: Publication, indicator: str, crop: str) -> str:
    """Share of the area (or of a crop's) in each class through all periods, as HTML."""
    matrix, height = publication.matrix(indicator), float(TIMELINE_HEIGHT)
    left, right, scale = period_bounds(matrix)
    shares = shares_of(publication, indicator, crop)
    top = np.cumsum(shares, axis=1) / 100
    # Usual classes are left blank, so that unusual ones stand out in any theme.
    marks = [
        svg.Mark(
            svg.bars(left[seen], right[seen], top[seen, index] - shares[seen, index] / 100,
                     top[seen, index], height),
            "fill", fill=style.colour,
        )
        for index, style in enumerate(matrix.styles)
        if style.code != "normal" and (seen := shares[:, index] > 0).any()
    ]  # fmt: skip
    hole = np.flatnonzero(left[1:] - right[:-1] > 1e-6)
    blank = svg.bars(right[hole], left[hole + 1], np.zeros(len(hole)), np.ones(len(hole)), height)
    for run in svg.runs((matrix.style == NO_STYLE).all(axis=1)):
        blank += svg.bars(left[run][:1], right[run][-1:], [0.0], [1.0], height)
    return render(
        "map/timeline",
        {
            "width": svg.WIDTH,
            "height": TIMELINE_HEIGHT,
            "marks": [svg.Mark(blank, "hatch"), *marks],
            "years": year_labels(matrix.periods[0], matrix.periods[-1], scale, 14),
        },
    )


def history(view: PageView) -> svg.Chart | None:
    """The indicator of the selected département in the years up to the period, bars by class."""
    matrix, column, words = view.matrix, view.column, view.words
    height = heights(matrix, np.s_[:, column])
    known = (matrix.style[:, column] != NO_STYLE) & ~np.isnan(height)
    begin = matrix.periods[view.row].toordinal() - 366 * HISTORY_YEARS
    ordinals = np.array([period.toordinal() for period in matrix.periods])
    window = (ordinals > begin) & (ordinals <= ordinals[view.row] + 100)
    if not (known & window).any() or len(matrix.periods) < 2:
        return None
    first, last = days(matrix)
    scale = svg.Scale(first[window][0], last[window][-1])
    marks, labels = _history_marks(view, scale, height, np.flatnonzero(window))
    shown = [int(row) for row in np.flatnonzero(window & known)]
    said = {row: capitalise(matrix.period_words(row, view.lang)) for row in shown}
    return svg.Chart(
        name="history",
        title=words("detail.series", indicator=view.indicator.name(view.lang)),
        note=series_note(view),
        hint=words("detail.series_hint"),
        height=HISTORY_HEIGHT,
        marks=marks,
        labels=labels,
        right=72 if view.indicator.kind == "class" else 8,
        tips=[
            svg.Tip(
                float(scale(first[row])), float(scale(last[row])), said[row],
                _tip(view, row, column), matrix.period_typed(row, view.state.step),
            )
            for row in shown
        ],
        table=svg.Table(
            [words("chart.period"), view.indicator.short_name(view.lang), words("chart.value")],
            [
                [
                    said[row],
                    matrix.statement(row, column, view.lang).head,
                    matrix.shown_value(row, column, view.lang),
                ]
                for row in shown[::-1]
            ],
        ),
        now=(float(scale(first[view.row])), float(scale(last[view.row]))),
    )  # fmt: skip


def _history_marks(
    view: PageView, scale: svg.Scale, height: FloatMatrix, window: NDArray[np.intp]
) -> tuple[list[svg.Mark], list[svg.Label]]:
    """The axes, the bars of the rows `window` in the colours of their classes, the thresholds."""
    matrix, column = view.matrix, view.column
    (first, last), inner = days(matrix), float(HISTORY_HEIGHT - 32)
    known = (matrix.style[window, column] != NO_STYLE) & ~np.isnan(height[window])
    low, high, ticks = _range(view, height[window][known])
    across = svg.Scale(low, high)
    zero = float(across(0.0))
    marks, labels = svg.axis(across, ticks, inner, lambda tick: _plain(tick, view))
    for index, style in enumerate(matrix.styles):
        rows = window[matrix.style[window, column] == index]
        left, right = scale(first[rows]), scale(last[rows]) - 0.0006
        shape = svg.bars(left, right, np.full(len(rows), zero), across(height[rows]), inner)
        if shape:
            marks.append(svg.Mark(shape, "fill", fill=bar_colour(style)))
    marks.append(svg.Mark(svg.level(zero, inner), "zero"))
    if view.indicator.kind == "class":
        for code, limit in THRESHOLDS.items():
            at, said = float(across(limit)), view.words(f"threshold.{code}")
            marks.append(svg.Mark(svg.level(at, inner), "threshold"))
            labels.append(svg.Label(1, 1 - at, said, "start", "end"))
    edge = [matrix.periods[row] for row in window[[0, -1]]]
    return marks, labels + year_labels(edge[0], edge[1], scale, 8)


def _plain(tick: float, view: PageView) -> str:
    return format_number(tick, 0 if float(tick).is_integer() else 1, view.lang)


def _tip(view: PageView, row: int, column: int) -> str:
    said = view.matrix.statement(row, column, view.lang)
    value = view.matrix.shown_value(row, column, view.lang)
    return (
        f"{said.head} ({value})" if view.matrix.drought_class[row, column] and value else said.head
    )


def _range(view: PageView, height: FloatMatrix) -> tuple[float, float, list[float]]:
    """Ends and ticks of the axis of values: symmetric for an index, else from zero."""
    kind = view.indicator.kind
    if kind == "class":
        return -2.7, 2.7, [-2.0, -1.0, 1.0, 2.0]
    if kind in ("stage", "restriction"):
        return 0.0, 1.1, []
    low = min(0.0, float(height.min())) * 1.08
    high = max(0.0, float(height.max())) * 1.08 or 1.0
    return low, high, [tick for tick in svg.ticks(low, high, 4) if tick != 0]


def series_note(view: PageView) -> str:
    """Unit, source and span of the indicator's chart."""
    words, which = view.words, view.indicator
    if which.kind == "class":
        unit = words("detail.index_unit" if which.standardised else "detail.score_unit")
    elif which.kind in ("stage", "restriction"):
        unit = words("detail.stage_unit")
    elif which.unit(view.lang) == "%":
        unit = words("detail.pct_unit")
    else:
        unit = words("detail.unit", unit=which.unit(view.lang))
    return words("detail.series_note", unit=unit, span=span(view.matrix), source=view.source)


def span(matrix: Matrix) -> str:
    """First and last year: `2010-2022`."""
    return format_years(matrix.periods[0].year, matrix.periods[-1].year)


def same_month(view: PageView) -> list[dict[str, Any]]:
    """Area in drought at the same time of each year, to see whether this one is unusual."""
    matrix, end = view.matrix, view.period_end
    shares: NDArray[np.float64] = weighted_shares(view)
    rows = {
        period.year: row
        for row, period in enumerate(matrix.periods)
        if dekads.of_year(period) == dekads.of_year(end)
    }
    bars: list[dict[str, Any]] = []
    for year in range(min(rows), max(rows) + 1):
        row = rows.get(year)
        known = row is not None and bool((matrix.style[row] != NO_STYLE).any())
        parts = [
            {"colour": matrix.styles[index].colour, "height": f"{shares[row, index]:.2f}"}
            for index in reversed(matrix.drought_styles)
            if known and shares[row, index] > 0
        ]
        total = float(shares[row, matrix.drought_styles].sum()) if known else 0.0
        bars.append(
            {
                "year": year,
                "short": f"{year % 100:02d}",
                "parts": parts if known else None,
                "text": percent(total, view.lang) if known else "",
                "now": year == end.year,
                "period": matrix.period_typed(row, view.state.step) if row is not None else "",
            }
        )
    return bars
