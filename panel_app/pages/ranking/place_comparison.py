"""Up to five départements on the same charts: each keeps its colour, its name at the line's end."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

import numpy as np

from geo_pipeline.publishing import look
from geo_pipeline.publishing.look import Lang
from panel_app.data import dekads, season_courses
from panel_app.data.indicator_matrix import NO_STYLE, FloatMatrix, Matrix
from panel_app.data.page_view import PageView
from panel_app.data.state import State
from panel_app.data.store import Publication
from panel_app.drawing.indicator_charts import THRESHOLDS, heights
from panel_app.drawing.svg import (
    WIDTH,
    Anchor,
    Chart,
    Label,
    Mark,
    Scale,
    Table,
    Tip,
    axis,
    bars,
    decimals,
    end_names,
    level,
    line,
    number,
    runs,
    ticks,
)

HEIGHT: Final = 260
LEFT, TOP, BOTTOM = 48, 8, 24
END: Final = 132
"""Room for the names at the end of the lines, px."""
YEARS: Final = 5
"""The first chart shows so many years up to the period shown."""
MOST_TICKS: Final = 7
INDEX_MOST: Final = 3.0
SEASON_CHARTS: Final = ("season_precip_mm", "season_balance_mm", "swi")
MAIZE: Final = ("grain_maize_irrigated", "grain_maize", "grain_maize_rainfed")
"""Which are never added: one of them is drawn, that of the most places and then the latest."""
Harvests = dict[str, dict[int, float]]
"""Yields by crop, then by year of harvest."""


@dataclass(frozen=True)
class Place:
    """A département on the charts: its colour goes with its position in the list."""

    code: str
    name: str
    column: int
    position: int

    @property
    def kind(self) -> str:
        """Class of its lines."""
        return f"series-{self.position + 1}"


def places(view: PageView) -> list[Place]:
    """Return the départements that are compared."""
    matrix = view.matrix
    known = [code for code in view.state.places if code in matrix.codes]
    return [
        Place(code, matrix.names[matrix.column(code)], matrix.column(code), position)
        for position, code in enumerate(known)
    ]


def charts(view: PageView) -> list[Chart]:
    """Return the charts of the places chosen; what is not published is left out."""
    chosen = places(view)
    found: list[Chart | None] = []
    if view.indicator.kind not in ("stage", "restriction"):
        if view.matrix.by_dekad:
            found.append(recent(view, chosen))
        found.append(record(view, chosen))
    state = view.state
    drought, *crops = _lasting(view.publication, state.indicator, state.places, state.lang)
    found.append(drought)
    found += [
        this_season(view, chosen, key)
        for key in SEASON_CHARTS
        if key in view.publication.indicators
    ]
    return [chart for chart in (*found, *crops) if chart is not None]


@lru_cache(maxsize=32)
def _lasting(
    publication: Publication, indicator: str, codes: tuple[str, ...], lang: Lang
) -> tuple[Chart | None, ...]:
    """The charts that are the same at all periods: the timeline of drought, then the harvests."""
    view = PageView(publication, State(indicator=indicator, places=codes, lang=lang))
    chosen = places(view)
    crops = [harvests(view, place) for place in chosen]
    return (
        timeline(view, chosen),
        *(yields(view, chosen, crops, crop) for crop in ("soft_wheat", maize(crops)) if crop),
    )


# --------------------------------------------------------------------------------------------
# Lines and their names
# --------------------------------------------------------------------------------------------


def names_at_the_end(
    chosen: Sequence[Place], lines: FloatMatrix, plot: float, years: Sequence[int] = ()
) -> list[Label]:
    """The name of each line beside its last value (a share from the bottom), none over another.

    `years` are those of the rows: a line that ends in an earlier one says in which.
    """
    ends = []
    for place, values in zip(chosen, lines.T, strict=True):
        known = np.flatnonzero(~np.isnan(values))
        if not known.size:
            continue
        row = int(known[-1])
        early = bool(years) and years[row] < years[-1]
        text = f"{place.name} ({years[row]})" if early else place.name
        ends.append((1 - float(values[row]), text, place.kind))
    return end_names(ends, plot)


def broken(
    days: FloatMatrix, values: FloatMatrix, longest: float
) -> tuple[FloatMatrix, FloatMatrix]:
    """Put a hole between days further apart than `longest`, so that no line crosses it."""
    holes = np.flatnonzero(np.diff(days) > longest) + 1
    return np.insert(days, holes, days[holes]), np.insert(values, holes, np.nan, axis=0)


def round_scale(values: FloatMatrix, zero: bool = False) -> tuple[Scale, list[float]]:
    """A scale from one round value to another around all numbers, and its ticks."""
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high <= low:
        high = low + 1.0
    step = ticks(0, high - low)[1]
    low, high = np.floor(low / step + 1e-9) * step, np.ceil(high / step - 1e-9) * step
    return Scale(float(low), float(high)), ticks(float(low), float(high), 8)


def every_other(index: int) -> str:
    """Kind of a label below the plot: on a phone every other one is left out."""
    return "x odd" if index % 2 else "x"


def amounts_beside(
    scale: Scale, values: Sequence[float], plot: float, lang: Lang
) -> tuple[list[Mark], list[Label]]:
    """Marks and labels of the axis on the left, all with the same decimals."""
    many = decimals(values)
    return axis(scale, values, plot, lambda value: look.format_number(value, many, lang))


def years_below(first: date, last: date, plot: float) -> tuple[list[Mark], list[Label]]:
    """Marks and labels of the years between two days."""
    span = max(1, (last - first).days)
    begun = [year for year in range(first.year, last.year + 1) if date(year, 1, 1) >= first]
    every = -(-len(begun) // MOST_TICKS) or 1
    marks, labels = [], []
    for index, year in enumerate(begun[::every]):
        share = (date(year, 1, 1) - first).days / span
        marks.append(upright(share, plot))
        if share < 0.97:
            anchor: Anchor = "start" if share < 0.02 else "middle"
            labels.append(Label(share, 1.0, str(year), anchor, every_other(index)))
    return marks, labels


def upright(share: float, plot: float) -> Mark:
    """A line up the plot at a share of its width."""
    return Mark(f"M{number(share * WIDTH)} 0V{number(plot)}", "grid")


# --------------------------------------------------------------------------------------------
# The indicator through time
# --------------------------------------------------------------------------------------------


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
    """A line a place through the periods of `rows`."""
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
    longest = dekads.LONGEST_STEP[view.indicator.step]
    shares = np.clip(scale(values), 0, 1)
    for place, share in zip(chosen, shares.T, strict=True):
        x, y = broken(days, share, longest)
        marks.append(Mark(line(x / span, y, plot), place.kind))
    years = [matrix.periods[row].year for row in rows]
    walked = _walked(matrix, rows)
    texts = [_texts(matrix, place.column, lang) for place in chosen]
    told = {row: [each[row] for each in texts] for row in walked}
    head = [words("ranking.beside.period"), *(place.name for place in chosen)]
    return Chart(
        name,
        title,
        HEIGHT,
        _note(view, is_index),
        marks=marks,
        labels=[*labels, *beside, *names_at_the_end(chosen, shares, plot, years)],
        tips=_course_tips(view, chosen, told, first, span),
        table=Table(head, [[matrix.period_words(row, lang), *told[row]] for row in walked]),
        left=LEFT,
        right=END,
        top=TOP,
        bottom=BOTTOM,
        now=_now(view, rows, first, span),
    )


def _walked(matrix: Matrix, rows: Sequence[int]) -> list[int]:
    """Periods that are told one by one: of a long record of dekads the months."""
    if not matrix.by_dekad or len(rows) <= YEARS * dekads.A_YEAR + 1:
        return list(rows)
    months = set(matrix.month_rows)
    return [row for row in rows if row in months]


def _now(
    view: PageView, rows: Sequence[int], first: date, span: float
) -> tuple[float, float] | None:
    """The period shown as a column of the plot, where it is not its end."""
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
            _listed(chosen, told[row]),
            matrix.period_typed(row),
        )
        for index, row in enumerate(told)
    ]


def _listed(chosen: Sequence[Place], told: Sequence[str]) -> str:
    return " · ".join(f"{place.name} {text}" for place, text in zip(chosen, told, strict=True))


@lru_cache(maxsize=64)
def _texts(matrix: Matrix, column: int, lang: Lang) -> tuple[str, ...]:
    """What is told of a place at each period: its value, and its class where it has one."""
    values = [matrix.shown_value(row, column, lang) for row in range(len(matrix.periods))]
    if look.indicator_of(matrix.indicator).kind != "class":
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
    parts = [unit, f"{look.capitalise(view.reference)}." if view.reference and is_index else ""]
    return " ".join(each for each in [*parts, _source(view, view.source)] if each)


def _source(view: PageView, source: str) -> str:
    return view.words("ranking.beside.source", source=source) if source else ""


# --------------------------------------------------------------------------------------------
# Drought, a row a place
# --------------------------------------------------------------------------------------------


def timeline(view: PageView, chosen: Sequence[Place]) -> Chart | None:
    """The classes of each place through the whole record, one row below the other."""
    matrix = view.matrix
    if view.indicator.kind not in ("class", "stage"):
        if "combined" not in view.publication.indicators:
            return None
        matrix = view.publication.matrix("combined")
    which, lang, words = look.indicator_of(matrix.indicator), view.lang, view.words
    plot = 28 * len(chosen)
    rows = _walked(matrix, range(len(matrix.periods)))
    monthly = matrix.by_dekad and len(rows) < len(matrix.periods)
    step = "month" if monthly else "dekad"
    longest = dekads.LONGEST_STEP["month" if monthly else which.step]
    last = matrix.periods[rows[-1]]
    first = matrix.periods[rows[0]] - timedelta(days=longest)
    span = float((last - first).days)
    ends = np.array([(matrix.periods[row] - first).days for row in rows]) / span
    starts = np.maximum(np.concatenate(([0.0], ends[:-1])), ends - longest / span)
    drawn: dict[int, str] = {}
    marks, labels, tips = [], [], []
    for place in chosen:
        top, share = place.position / len(chosen), 1 / len(chosen)
        low, high = 1 - top - 0.92 * share, 1 - top - 0.08 * share
        labels.append(Label(0.0, top + share / 2, place.name, "end", f"y {place.kind}"))
        marks.append(Mark(bars([0.0], [1.0], [low], [high], plot), "hatch"))
        style = matrix.style[rows, place.column]
        for stretch in _stretches(style, starts, ends):
            index = int(style[stretch.start])
            if index == NO_STYLE:
                continue
            x0, x1 = float(starts[stretch.start]), float(ends[stretch.stop - 1])
            drawn[index] = drawn.get(index, "") + bars([x0], [x1], [low], [high], plot)
            name = f"{place.name}, {matrix.styles[index].name(lang)}"
            ends_with = (rows[stretch.start], rows[stretch.stop - 1])
            begun, over = (matrix.period_words(row, lang, step) for row in ends_with)
            said = begun
            if begun != over:
                said = words("ranking.beside.from_to", first=begun, last=over)
            typed = matrix.period_typed(rows[stretch.start], step)
            tips.append(Tip(x0, x1, name, said, typed, top, top + share))
    marks += [Mark(path, "fill", fill=matrix.styles[index].colour) for index, path in drawn.items()]
    below, years = years_below(first, last, plot)
    table = Table(
        [words("ranking.beside.period"), *(place.name for place in chosen)],
        [
            [
                matrix.period_words(row, lang, step),
                *(_class_name(matrix, row, place, lang) for place in chosen),
            ]
            for row in rows
        ],
    )
    title = words(
        "ranking.beside.timeline",
        indicator=which.name(lang),
        first=matrix.periods[0].year,
        last=last.year,
    )
    source = _source(view, view.publication.source_names(matrix.indicator))
    note = f"{words('ranking.beside.timeline_note')} {source}".strip()
    return Chart(
        "compare-timeline",
        title,
        TOP + plot + BOTTOM,
        note,
        marks=[*marks, *below],
        labels=[*labels, *years],
        tips=tips,
        table=table,
        left=END,
        top=TOP,
        bottom=BOTTOM,
    )


def _stretches(style: Any, starts: FloatMatrix, ends: FloatMatrix) -> list[slice]:
    """Rows that follow on one another in the same class."""
    follows = np.concatenate(([False], (style[1:] == style[:-1]) & (starts[1:] <= ends[:-1])))
    first = np.flatnonzero(~follows)
    return [slice(int(a), int(b)) for a, b in zip(first, [*first[1:], len(style)], strict=True)]


def _class_name(matrix: Matrix, row: int, place: Place, lang: Lang) -> str:
    return matrix.style_at(row, place.column).name(lang)


# --------------------------------------------------------------------------------------------
# The season
# --------------------------------------------------------------------------------------------


def this_season(view: PageView, chosen: Sequence[Place], key: str) -> Chart | None:
    """The season under way of each place, beside what is usual there."""
    matrix, words, lang = view.publication.matrix(key), view.words, view.lang
    which = look.indicator_of(key)
    year, now = season_courses.place(view.period_end)
    course = season_courses.seasons(
        matrix.periods, matrix.value[:, [place.column for place in chosen]]
    )
    values = course.of(year)
    if np.isnan(values).all():
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a dekad that no season knows is unknown
        usual = np.nanmedian(course.values, axis=0)
    scale, on_axis = round_scale(np.concatenate([values, usual]), zero=True)
    plot = HEIGHT - TOP - BOTTOM
    x = (np.arange(season_courses.SLOTS) + 1) / season_courses.SLOTS
    months = words("ranking.beside.months").split(" ")
    across, beside = amounts_beside(scale, on_axis, plot, lang)
    marks = [*(upright(month / 12, plot) for month in range(12)), *across]
    for place, normal in zip(chosen, scale(usual).T, strict=True):
        marks.append(Mark(line(x, normal, plot), f"usual usual-{place.position + 1}"))
    for place, share in zip(chosen, scale(values).T, strict=True):
        marks.append(Mark(line(x, share, plot), place.kind))
    labels = [
        Label(month / 12 + 1 / 24, 1.0, months[month], "middle", every_other(month // 2))
        for month in range(0, 12, 2)
    ]
    labels += [*beside, *names_at_the_end(chosen, scale(values), plot)]
    known = [slot for slot in range(season_courses.SLOTS) if not np.isnan(values[slot]).all()]
    places_of = (season_courses.place(period) for period in matrix.periods)
    periods = {slot: row for row, (ends, slot) in enumerate(places_of) if ends == year}

    told = {row: [look.format_value(key, each, lang) for each in values[row]] for row in known}
    tips = [
        Tip(
            row / season_courses.SLOTS,
            (row + 1) / season_courses.SLOTS,
            matrix.period_words(periods[row], lang),
            _listed(chosen, told[row]),
            matrix.period_typed(periods[row]),
        )
        for row in known
    ]
    table = Table(
        [
            words("ranking.beside.period"),
            *(
                text
                for each in chosen
                for text in (each.name, words("ranking.beside.usual", name=each.name))
            ),
        ],
        [
            [
                matrix.period_words(periods[row], lang),
                *(
                    text
                    for i in range(len(chosen))
                    for text in (told[row][i], look.format_value(key, usual[row, i], lang))
                ),
            ]
            for row in known
        ],
    )
    name = words("ranking.beside.season", what=which.name(lang), season=f"{year - 1}-{year}")
    note = words(
        "ranking.beside.season_note",
        unit=words("ranking.beside.unit", unit=which.unit(lang) or which.value_name(lang)),
        first=matrix.periods[0].year,
        last=matrix.periods[-1].year,
    )
    source = _source(view, view.publication.source_names(key))
    return Chart(
        f"compare-{key}",
        name,
        HEIGHT,
        f"{note} {source}".strip(),
        marks=marks,
        labels=labels,
        tips=tips,
        table=table,
        left=LEFT,
        right=END,
        top=TOP,
        bottom=BOTTOM,
        now=(now / season_courses.SLOTS, (now + 1) / season_courses.SLOTS),
    )


# --------------------------------------------------------------------------------------------
# Yields
# --------------------------------------------------------------------------------------------


def harvests(view: PageView, place: Place) -> Harvests:
    """Yields of each crop by year, q/ha."""
    table = view.publication.crops(place.code)
    found: Harvests = {}
    columns = (table[name].tolist() for name in ("crop", "year", "yield_q_ha"))
    for crop, year, quintals in zip(*columns, strict=True):
        if not look.is_missing(quintals):
            found.setdefault(str(crop), {})[int(year)] = float(quintals)
    return found


def maize(crops: Sequence[Harvests]) -> str:
    """The kind of maize that the most places have, the latest of those alike; "" for none."""
    best, most = "", (0, 0)
    for crop in MAIZE:
        known = [found[crop] for found in crops if crop in found]
        rank = (len(known), max((max(years) for years in known), default=0))
        if rank > most:
            best, most = crop, rank
    return best


def yields(
    view: PageView, chosen: Sequence[Place], crops: Sequence[Harvests], crop: str
) -> Chart | None:
    """The harvests of a crop, a line a place."""
    words, lang = view.words, view.lang
    known = [found.get(crop, {}) for found in crops]
    every = sorted({year for found in known for year in found})
    if len(every) < 2:
        return None
    years = list(range(every[0], every[-1] + 1))
    values = np.array([[found.get(year, np.nan) for found in known] for year in years])
    scale, on_axis = round_scale(values, zero=True)
    plot = HEIGHT - TOP - BOTTOM
    x = (np.arange(len(years)) + 0.5) / len(years)
    marks, labels = amounts_beside(scale, on_axis, plot, lang)
    step = -(-len(years) // MOST_TICKS)
    labels += [
        Label(float(x[index]), 1.0, str(years[index]), "middle", every_other(index // step))
        for index in range(0, len(years), step)
    ]
    shares = scale(values)
    for place, share in zip(chosen, shares.T, strict=True):
        marks.append(Mark(line(x, share, plot) + _lone(x, share, plot), place.kind))
    labels += names_at_the_end(chosen, shares, plot, years)

    def said(amount: float) -> str:
        text = look.format_number(amount, 1, lang)
        return text if np.isnan(amount) else words("ranking.beside.quintals", n=text)

    told = [[said(amount) for amount in row] for row in values]
    return Chart(
        f"compare-yield-{crop}",
        words("ranking.beside.yields", crop=words.crop(crop), first=years[0], last=years[-1]),
        HEIGHT,
        f"{words('ranking.beside.yields_note')} "
        f"{_source(view, view.publication.source_names(f'yield_anomaly_pct_{crop}'))}".strip(),
        marks=marks,
        labels=labels,
        tips=[
            Tip(
                index / len(years),
                (index + 1) / len(years),
                str(year),
                _listed(chosen, told[index]),
            )
            for index, year in enumerate(years)
        ],
        table=Table(
            [words("ranking.beside.year"), *(place.name for place in chosen)],
            [[str(year), *texts] for year, texts in zip(years, told, strict=True)],
        ),
        left=LEFT,
        right=END,
        top=TOP,
        bottom=BOTTOM,
    )


def _lone(x: FloatMatrix, y: FloatMatrix, plot: float) -> str:
    """A short stroke for each value without a neighbour, which no line would show."""
    return "".join(
        f"M{number(float(x[run.start]) * WIDTH - 4)} {number((1 - float(y[run.start])) * plot)}h8"
        for run in runs(~np.isnan(y))
        if run.stop - run.start == 1
    )
