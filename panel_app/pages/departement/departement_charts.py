"""Charts of the département page: a season over the spread of the others, and the strip of years.

Figures come from `data.season_courses` and the matrices, elements of charts from `drawing.svg`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo_pipeline import dekads
from geo_pipeline.publishing import season_courses
from geo_pipeline.publishing.formats import capitalise, format_number, format_period
from geo_pipeline.publishing.sentences import statement
from geo_pipeline.words import NBSP, Lang
from panel_app.data.indicator_matrix import NO_STYLE, Matrix
from panel_app.data.page_words import Catalogue
from panel_app.drawing import svg

Floats = NDArray[np.float64]

FAN_HEIGHT: Final = 272
STRIP_ROWS: Final = (8, 20)
"""Height of a year in the strip, px: for many years, for few."""
STRIP_TALL: Final = 480
STRIP_LEFT: Final = 48
STRIP_RIGHT: Final = 8
STRIP_TOP: Final = 4
STRIP_BOTTOM: Final = 28
SPREAD: Final = (
    "departement.median", "departement.p10", "departement.p25", "departement.p75",
    "departement.p90",
)  # fmt: skip
"""Headings of the table of a fan."""
_X: Final = (np.arange(season_courses.SLOTS) + 0.5) / season_courses.SLOTS


@dataclass(frozen=True)
class FanChart:
    """The parts of a chart of a season, besides its numbers."""

    name: str
    title: str
    note: str
    year: int
    """The highlighted season, by the year in which it ends."""
    upto: int
    """The dekad up to which it is highlighted."""
    years: Sequence[int]
    """Seasons drawn beside it."""
    typed: frozenset[str]
    """Periods that a click can lead to, as they are typed."""
    write: Callable[[float], str]
    """Returns a value with its unit as text."""
    decimals: int = 0
    floor: float | None = None
    """The lowest value of the axis; None for the lowest of the data."""
    ceiling: float | None = None


@dataclass(frozen=True)
class _Lines:
    """The courses of a chart: the season, the spread of all others, and those drawn beside it."""

    own: Floats
    others: season_courses.Fan
    beside: dict[int, Floats]


def fan(about: FanChart, course: season_courses.Seasons, words: Catalogue) -> str:
    """Return one season up to its dekad, over the spread of all others."""
    lines = _Lines(
        course.of(about.year),
        season_courses.fan(course.values, course.row(about.year)),
        {year: course.of(year) for year in about.years},
    )
    others, scale = lines.others, _scale(about, lines)
    chart = svg.Chart(
        name=about.name,
        title=about.title,
        height=FAN_HEIGHT,
        note=about.note,
        left=48,
        right=64,
        top=16,
        now=(about.upto / season_courses.SLOTS, (about.upto + 1) / season_courses.SLOTS),
        table=_fan_table(about, lines, words),
    )
    height = chart.height - chart.top - chart.bottom
    marks, labels = svg.axis(
        scale,
        svg.ticks(scale.low, scale.high),
        height,
        lambda tick: _plain(about, tick, words.lang),
    )
    chart.marks.extend(marks)
    chart.labels.extend(labels)
    before, after = lines.own.copy(), lines.own.copy()
    before[about.upto + 1 :] = np.nan
    after[: about.upto] = np.nan
    limits = (others.low, others.lower, others.upper, others.high)
    chart.marks.extend(svg.spread(_X, limits, scale, height))
    drawn = [
        ("median", others.median),
        *(
            (f"thin series-{index}", values)
            for index, values in enumerate(lines.beside.values(), 1)
        ),
        ("line later", after),
        ("line", before),
    ]
    chart.marks.extend(svg.curve(_X, values, scale, height, kind) for kind, values in drawn)
    chart.labels.extend(_month_labels(words))
    chart.labels.extend(_line_labels(lines, scale, height, words))
    chart.labels.extend(_own_label(about, lines.own, scale))
    chart.tips.extend(_fan_tips(about, lines, words))
    return chart.html(words)


def _scale(about: FanChart, lines: _Lines) -> svg.Scale:
    values = np.concatenate([lines.own, *lines.others, *lines.beside.values()])
    values = values[~np.isnan(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    low = low if about.floor is None else about.floor
    high = high if about.ceiling is None else about.ceiling
    room = 0.04 * (high - low)
    return svg.Scale(
        low - (0.0 if about.floor is not None else room),
        high + (0.0 if about.ceiling is not None else room),
    )


def season_name(year: int) -> str:
    """`2021-22` for the season that ends in 2022."""
    return f"{year - 1}-{year % 100:02d}"


def _month_labels(words: Catalogue) -> list[svg.Label]:
    """Names of the months from September; where there is no room every second one is hidden."""
    return [
        svg.Label((index + 0.5) / 12, 1, short_month((index + 8) % 12 + 1, words), "middle", kind)
        for index in range(12)
        for kind in ["x" if index % 2 == 0 else "x odd"]
    ]


def short_month(month: int, words: Catalogue) -> str:
    """Name of a month in at most four letters: `sept`, `janv`, `mars`."""
    return words("departement.months").split()[month - 1]


def _line_labels(
    lines: _Lines, scale: svg.Scale, height: float, words: Catalogue
) -> list[svg.Label]:
    """Names at the right end of the lines, moved apart where they would overlap."""
    named = [(words("departement.median"), "", lines.others.median)]
    named += [
        (season_name(year), f"series-{index}", values)
        for index, (year, values) in enumerate(lines.beside.items(), 1)
    ]
    ends = []
    for text, kind, values in named:
        known = np.flatnonzero(~np.isnan(values))
        if known.size:
            ends.append((1 - float(scale(values[known[-1]])), text, kind))
    return svg.end_names(sorted(ends), height)


def _own_label(about: FanChart, own: Floats, scale: svg.Scale) -> list[svg.Label]:
    known = np.flatnonzero(~np.isnan(own[: about.upto + 1]))
    if not known.size:
        return []
    at = int(known[-1])
    dot = svg.Label(float(_X[at]), 1 - float(scale(own[at])), "", "middle", "here")
    left = at > season_courses.SLOTS // 2
    name = svg.Label(
        float(_X[at]), dot.y, season_name(about.year), "end" if left else "start", "strong own"
    )
    return [dot, name]


def _fan_tips(about: FanChart, lines: _Lines, words: Catalogue) -> list[svg.Tip]:
    tips = []
    for slot in range(season_courses.SLOTS):
        period = season_courses.period_of(about.year, slot)
        parts = [
            (season_name(about.year), lines.own[slot]),
            (words("departement.median"), lines.others.median[slot]),
            *((season_name(year), values[slot]) for year, values in lines.beside.items()),
        ]
        text = " · ".join(
            f"{name}{NBSP}: {about.write(float(value))}"
            for name, value in parts
            if not np.isnan(value)
        )
        if text:
            typed = period.isoformat()
            tips.append(
                svg.Tip(
                    slot / season_courses.SLOTS,
                    (slot + 1) / season_courses.SLOTS,
                    capitalise(format_period(period, "dekad", words.lang)),
                    text,
                    typed if typed in about.typed else "",
                )
            )
    return tips


def _fan_table(about: FanChart, lines: _Lines, words: Catalogue) -> svg.Table:
    others = lines.others
    columns = [
        *(lines.own, others.median, others.low, others.lower, others.upper, others.high),
        *lines.beside.values(),
    ]
    head = [
        words("departement.dekad"),
        season_name(about.year),
        *(words(key) for key in SPREAD),
        *(season_name(each) for each in lines.beside),
    ]
    rows = [
        [
            _dekad(slot, words),
            *(
                "" if np.isnan(column[slot]) else _plain(about, column[slot], words.lang)
                for column in columns
            ),
        ]
        for slot in range(season_courses.SLOTS)
    ]
    return svg.Table(head, rows)


def _plain(about: FanChart, value: float, lang: Lang) -> str:
    return format_number(float(value), about.decimals, lang)


def _dekad(slot: int, words: Catalogue) -> str:
    """A dekad without its year: `sept 1`, `sept 2`."""
    return f"{short_month((slot // 3 + 8) % 12 + 1, words)}{NBSP}{slot % 3 + 1}"


# --- the strip ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Strip:
    """The data of a strip: an indicator of one département."""

    matrix: Matrix
    column: int
    title: str
    note: str


def strip(about: Strip, words: Catalogue) -> str:
    """Return the history of an indicator: one row a year, one cell a dekad, coloured as on the
    map."""
    matrix, column = about.matrix, about.column
    known = known_rows(matrix, column)
    years = _years(matrix, known)
    row_height = _row_height(len(years))
    height = row_height * len(years)
    cells = {_cell(matrix, int(row), years[0]): int(row) for row in known}
    chart = svg.Chart(
        name="departement-strip",
        title=about.title,
        height=STRIP_TOP + height + STRIP_BOTTOM,
        note=about.note,
        hint=words("departement.strip_hint"),
        left=STRIP_LEFT,
        right=STRIP_RIGHT,
        top=STRIP_TOP,
        bottom=STRIP_BOTTOM,
        table=_strip_table(matrix, column, cells, years, words),
    )
    chart.marks.append(svg.Mark(_hatched(cells, len(years), height), "hatch"))
    for index, style in enumerate(matrix.styles):
        of_class = [cell for cell, row in cells.items() if matrix.style[row, column] == index]
        if of_class:
            chart.marks.append(
                svg.Mark(_rectangles(of_class, len(years), height), "fill", style.colour)
            )
    every = 1 if row_height >= 16 else 5
    chart.labels.extend(
        svg.Label(0, (index + 0.5) / len(years), str(year), "end", "y")
        for index, year in enumerate(years)
        if year % every == 0
    )
    chart.labels.extend(
        svg.Label((month - 0.5) / 12, 1, short_month(month, words), "middle", kind)
        for month in range(1, 13)
        for kind in ["x" if month % 2 else "x odd"]
    )
    chart.tips.extend(
        svg.Tip(
            dekad / season_courses.SLOTS,
            (dekad + 1) / season_courses.SLOTS,
            capitalise(matrix.period_words(row, words.lang)),
            cell_text(matrix, row, column, words.lang),
            matrix.period_typed(row),
            year / len(years),
            (year + 1) / len(years),
        )
        for (year, dekad), row in cells.items()
    )
    return chart.html(words)


def known_rows(matrix: Matrix, column: int) -> NDArray[np.int_]:
    """Rows in which a département has a value."""
    return np.flatnonzero(matrix.style[:, column] != NO_STYLE)


def _years(matrix: Matrix, known: NDArray[np.int_]) -> list[int]:
    return list(range(matrix.periods[known[0]].year, matrix.periods[known[-1]].year + 1))


def _row_height(years: int) -> int:
    return min(STRIP_ROWS[1], max(STRIP_ROWS[0], STRIP_TALL // years))


def outline(matrix: Matrix, column: int, row: int) -> str:
    """Position of a period's cell on the strip, as a style. It is separate from the strip, so that
    a step in time does not send the strip again."""
    years = _years(matrix, known_rows(matrix, column))
    year, dekad = _cell(matrix, row, years[0])
    height = _row_height(len(years))
    width = f"(100% - {STRIP_LEFT + STRIP_RIGHT}px)"
    return (
        f"top:{STRIP_TOP + year * height}px;height:{height}px;"
        f"left:calc({STRIP_LEFT}px + {width} * {dekad / season_courses.SLOTS:.5f});"
        f"width:calc({width} / {season_courses.SLOTS})"
    )


def _cell(matrix: Matrix, row: int, first: int) -> tuple[int, int]:
    """Row of a period in the strip, and its number among the 36 dekads of the year."""
    period = matrix.periods[row]
    return period.year - first, dekads.of_year(period)


def cell_text(matrix: Matrix, row: int, column: int, lang: Lang) -> str:
    """One cell in words, without what all cells have in common."""
    described = statement(
        matrix.indicator,
        value=float(matrix.value[row, column]),
        percentile=float(matrix.percentile[row, column]),
        drought_class=matrix.drought_class[row, column],
        reference_years=float(matrix.reference_years[row, column]),
        ranked=matrix.ranked(row, column),
        lang=lang,
        noted=False,
    )
    head = capitalise(described.head)
    return f"{head}. {described.body}." if described.body else head


def _rectangles(cells: Sequence[tuple[int, int]], years: int, height: float) -> str:
    """Cells of the strip as one path, with neighbours in a row joined."""
    is_filled = np.zeros((years, season_courses.SLOTS), dtype=np.bool_)
    for year, dekad in cells:
        is_filled[year, dekad] = True
    left, right, low, high = [], [], [], []
    for year in range(years):
        for run in svg.runs(is_filled[year]):
            left.append(run.start / season_courses.SLOTS)
            right.append(run.stop / season_courses.SLOTS)
            low.append(1 - (year + 1) / years)
            high.append(1 - year / years)
    return svg.bars(left, right, low, high, height)


def _hatched(cells: dict[tuple[int, int], int], years: int, height: float) -> str:
    missing = [
        (year, dekad)
        for year in range(years)
        for dekad in range(season_courses.SLOTS)
        if (year, dekad) not in cells
    ]
    return _rectangles(missing, years, height)


def _strip_table(
    matrix: Matrix,
    column: int,
    cells: dict[tuple[int, int], int],
    years: list[int],
    words: Catalogue,
) -> svg.Table:
    slots = range(season_courses.SLOTS)
    named = [f"{short_month(slot // 3 + 1, words)}{NBSP}{slot % 3 + 1}" for slot in slots]
    rows = [
        [
            str(year),
            *(
                _short(matrix, cells[index, slot], column, words.lang)
                if (index, slot) in cells
                else ""
                for slot in slots
            ),
        ]
        for index, year in enumerate(years)
    ]
    return svg.Table([words("departement.year"), *named], rows)


def _short(matrix: Matrix, row: int, column: int, lang: Lang) -> str:
    """The value of a cell, or the name of its class where it has no number."""
    text = matrix.shown_value(row, column, lang)
    return text or matrix.styles[matrix.style[row, column]].name(lang)
