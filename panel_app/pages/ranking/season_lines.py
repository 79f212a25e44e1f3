"""The current season of each place, with its usual course."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.publishing import season_courses
from geo_pipeline.publishing.formats import format_value
from geo_pipeline.publishing.season_courses import SLOTS
from geo_pipeline.words import Lang
from panel_app.data.indicator_matrix import FloatMatrix, Matrix
from panel_app.data.page_view import PageView
from panel_app.drawing.svg import (
    Chart,
    Label,
    Mark,
    Table,
    Tip,
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
    every_other,
    listed,
    names_at_the_end,
    round_scale,
    source_words,
    upright,
)


@dataclass(frozen=True, eq=False)
class SeasonUnderWay:
    """An indicator through a season: rows are dekads, columns the compared places."""

    key: str
    matrix: Matrix
    year: int
    """Year in which it ends."""
    values: FloatMatrix
    usual: FloatMatrix
    rows: dict[int, int]
    """Row of the matrix of each dekad of the season."""

    @property
    def known(self) -> list[int]:
        """Dekads at which any place has a value."""
        return [slot for slot in range(SLOTS) if not np.isnan(self.values[slot]).all()]

    def said(self, value: float, lang: Lang) -> str:
        """A value with its unit."""
        return format_value(self.key, value, lang)


def season_under_way(view: PageView, chosen: Sequence[Place], key: str) -> SeasonUnderWay:
    """Return the season of the period that is shown."""
    matrix = view.publication.matrix(key)
    year, _ = season_courses.place(view.period_end)
    course = season_courses.seasons(
        matrix.periods, matrix.value[:, [place.column for place in chosen]]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a dekad without values becomes NaN
        usual = np.nanmedian(course.values, axis=0)
    places_of = (season_courses.place(period) for period in matrix.periods)
    rows = {slot: row for row, (ends, slot) in enumerate(places_of) if ends == year}
    return SeasonUnderWay(key, matrix, year, course.of(year), usual, rows)


def this_season(view: PageView, chosen: Sequence[Place], key: str) -> Chart | None:
    """The current season of each place, with its usual course."""
    season = season_under_way(view, chosen, key)
    if np.isnan(season.values).all():
        return None
    words, lang, which = view.words, view.lang, indicator_of(key)
    marks, labels = _lines(view, chosen, season)
    _, now = season_courses.place(view.period_end)
    note = words(
        "ranking.beside.season_note",
        unit=words("ranking.beside.unit", unit=which.unit(lang) or which.value_name(lang)),
        first=season.matrix.periods[0].year,
        last=season.matrix.periods[-1].year,
    )
    source = source_words(view, view.publication.source_names(key))
    seasons = f"{season.year - 1}-{season.year}"
    return Chart(
        f"compare-{key}",
        words("ranking.beside.season", what=which.name(lang), season=seasons),
        HEIGHT,
        f"{note} {source}".strip(),
        marks=marks,
        labels=labels,
        tips=_tips(chosen, season, lang),
        table=_table(view, chosen, season),
        left=LEFT,
        right=END,
        top=TOP,
        bottom=BOTTOM,
        now=(now / SLOTS, (now + 1) / SLOTS),
    )


def _lines(
    view: PageView, chosen: Sequence[Place], season: SeasonUnderWay
) -> tuple[list[Mark], list[Label]]:
    """The axes, the usual course and the season of each place, and their labels."""
    scale, on_axis = round_scale(np.concatenate([season.values, season.usual]), zero=True)
    plot = HEIGHT - TOP - BOTTOM
    x = (np.arange(SLOTS) + 1) / SLOTS
    across, beside = amounts_beside(scale, on_axis, plot, view.lang)
    marks = [*(upright(month / 12, plot) for month in range(12)), *across]
    for place, normal in zip(chosen, scale(season.usual).T, strict=True):
        marks.append(Mark(line(x, normal, plot), f"usual usual-{place.position + 1}"))
    for place, share in zip(chosen, scale(season.values).T, strict=True):
        marks.append(Mark(line(x, share, plot), place.kind))
    months = view.words("ranking.beside.months").split(" ")
    labels = [
        Label(month / 12 + 1 / 24, 1.0, months[month], "middle", every_other(month // 2))
        for month in range(0, 12, 2)
    ]
    return marks, [*labels, *beside, *names_at_the_end(chosen, scale(season.values), plot)]


def _tips(chosen: Sequence[Place], season: SeasonUnderWay, lang: Lang) -> list[Tip]:
    return [
        Tip(
            slot / SLOTS,
            (slot + 1) / SLOTS,
            season.matrix.period_words(season.rows[slot], lang),
            listed(chosen, [season.said(each, lang) for each in season.values[slot]]),
            season.matrix.period_typed(season.rows[slot]),
        )
        for slot in season.known
    ]


def _table(view: PageView, chosen: Sequence[Place], season: SeasonUnderWay) -> Table:
    """The value and the usual value of each place, one row a dekad."""
    words, lang = view.words, view.lang
    head = [words("ranking.beside.period")]
    for each in chosen:
        head += [each.name, words("ranking.beside.usual", name=each.name)]
    rows = []
    for slot in season.known:
        row = [season.matrix.period_words(season.rows[slot], lang)]
        for value, usual in zip(season.values[slot], season.usual[slot], strict=True):
            row += [season.said(value, lang), season.said(usual, lang)]
        rows.append(row)
    return Table(head, rows)
