"""Data for the script of the map: the classes of every period, and the list of départements."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo_pipeline.catalogue.indicator_record import Indicator
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.publishing.formats import capitalise
from geo_pipeline.words import Lang
from panel_app.data.class_changes import ChangeMatrix, changes, earlier_rows, has_changes
from panel_app.data.class_shares import shares_of
from panel_app.data.indicator_matrix import NO_STYLE, FloatMatrix, Matrix
from panel_app.data.kept import kept
from panel_app.data.page_view import PageView, Slots, percent
from panel_app.data.state import Since
from panel_app.data.store import Publication
from panel_app.pages.map import map_charts

UNKNOWN: Final = "~"
"""Character for no data in the cells sent to the page; styles are written from `0` on."""
LITTLE: Final = 101
"""Code of a share above 0 that rounds to 0; others are whole percents."""


def matrices(view: PageView) -> Slots:
    """Data for the script's steps through time: the classes of every period, of one map or two."""
    publication, state = view.publication, view.state
    other = other_indicator(view)
    apart = state.two_maps and other != state.indicator
    since = state.since if shows_changes(view) else ""
    second = _second_rows(publication, state.indicator, other, state.other_period)
    return {
        "matrix": cells(publication, state.indicator, state.crop, state.lang, since),
        "other": cells(publication, other, state.crop, state.lang) if apart else "",
        "second": as_json(second) if state.two_maps else "",
    }


def shows_changes(view: PageView) -> bool:
    """Whether the map shows changes of class rather than classes."""
    return view.state.compare == "change" and has_changes(view.state.indicator)


def drawn(view: PageView) -> Matrix:
    """What the map is coloured by: the indicator, or changes of its class."""
    if shows_changes(view):
        return changes(view.publication, view.state.indicator, view.state.since)
    return view.matrix


@kept(64)
def cells(
    publication: Publication, indicator: str, crop: str, lang: Lang, since: Since | Literal[""] = ""
) -> str:
    """One indicator, or changes of its class, as JSON: a character for each département and
    period, and texts of periods."""
    matrix = publication.matrix(indicator)
    if since:
        matrix = changes(publication, indicator, since)
    left, right, _ = map_charts.period_bounds(matrix)
    letters = [chr(48 + index) for index in range(len(matrix.styles))]
    rows = range(len(matrix.periods))
    months = matrix.month_rows if matrix.by_dekad else []
    return as_json(
        {
            "indicator": indicator,
            "name": indicator_of(indicator).name(lang),
            "letters": "".join(letters),
            "cells": "".join(np.array([*letters, UNKNOWN])[matrix.style].ravel()),
            "styles": [
                {"name": style.name(lang), "colour": style.colour} for style in matrix.styles
            ],
            "typed": [matrix.period_typed(row) for row in rows],
            "dates": [period.isoformat() for period in matrix.periods],
            "labels": [capitalise(matrix.period_words(row, lang)) for row in rows],
            "months": {
                str(row): capitalise(matrix.period_words(row, lang, "month")) for row in months
            },
            "left": np.round(left, 5).tolist(),
            "right": np.round(right, 5).tolist(),
            **legend_figures(publication, matrix, crop, lang),
        }
    )


def legend_figures(
    publication: Publication, matrix: Matrix, crop: str, lang: Lang
) -> dict[str, object]:
    """The figures of the legend at every period; shares are positions in `percents`.

    `counts` are the départements of each class, then those without data; `drought` is -1 where
    there is no such figure.
    """
    of_drought = publication.matrix(matrix.indicator)
    classes = range(len(matrix.styles))
    counts = np.stack([(matrix.style == index).sum(axis=1) for index in (*classes, NO_STYLE)], 1)
    drought = [-1] * len(matrix.periods)
    if indicator_of(matrix.indicator).kind == "class" and len(matrix.periods) > 1:
        shares = shares_of(publication, matrix.indicator, crop)
        dry = _codes(shares[:, of_drought.drought_styles].sum(axis=1))
        drought = np.where(shares.sum(axis=1) > 0, dry, -1).tolist()
    grown = publication.crop_areas.get(crop)
    return {
        "counts": counts.ravel().tolist(),
        "area": _codes(matrix.area_shares).ravel().tolist(),
        "crop": None if grown is None else _codes(matrix.shares_by(grown)).ravel().tolist(),
        "drought": drought,
        "percents": [
            percent(share, lang) if tells_area(indicator_of(matrix.indicator)) else ""
            for share in (*range(LITTLE), 0.1)
        ],
    }


def tells_area(indicator: Indicator) -> bool:
    """Whether a class holds for the area of its départements.

    The highest level of restriction holds somewhere in them.
    """
    return indicator.kind != "restriction"


def _codes(shares: FloatMatrix) -> NDArray[np.int64]:
    """Shares (%) as whole percents, `LITTLE` for those that round to 0."""
    return np.where((shares > 0) & (shares < 0.5), LITTLE, np.rint(shares)).astype(np.int64)


def as_json(content: object) -> str:
    """JSON that is safe in a script element of the page."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def places(view: PageView) -> str:
    """Codes and names of the départements as JSON, in the order of the cells."""
    publication = view.publication
    return as_json(
        {
            "codes": publication.codes,
            "names": publication.names,
            "held": sorted(publication.held),
        }
    )


def shown(view: PageView) -> str:
    """The period shown, and the step through time, as JSON."""
    walks_months = view.matrix.by_dekad and bool(view.matrix.month_rows)
    return as_json({"row": view.row, "step": view.state.step if walks_months else "dekad"})


def tips(view: PageView, matrix: Matrix, row: int) -> list[list[str]]:
    """Tooltip of each département: a heading and a sentence."""
    if isinstance(matrix, ChangeMatrix):
        before = int(earlier_rows(matrix, view.state.since)[row])
        return [_changed(view, matrix, (before, row), each) for each in range(len(matrix.codes))]
    said = view.publication.statements(matrix.indicator, row, view.lang)
    return [[capitalise(each.head), f"{each.body}." if each.body else ""] for each in said]


def _changed(view: PageView, matrix: ChangeMatrix, rows: tuple[int, int], column: int) -> list[str]:
    """The change of a département, and the classes in the two `rows`, before and now."""
    before, row = rows
    change = capitalise(matrix.style_at(row, column).name(view.lang))
    if matrix.style[row, column] == NO_STYLE:
        return [change, ""]
    of_class = view.matrix
    return [
        change,
        view.words(
            "change.tip",
            then=of_class.class_words(before, column, view.lang),
            before=capitalise(view.words(f"change.before_{view.state.since}")),
            now=of_class.class_words(row, column, view.lang),
        ),
    ]


def other_indicator(view: PageView) -> str:
    """Indicator of the second map."""
    return view.state.other_indicator or view.state.indicator


def other_row(view: PageView, other: Matrix) -> int:
    """Row of the second map."""
    shown, at = view.state.indicator, view.state.other_period
    return _second_rows(view.publication, shown, other.indicator, at)[view.row]


@kept(64)
def _second_rows(
    publication: Publication, indicator: str, other: str, at: date | None
) -> list[int]:
    return second_rows(publication.matrix(indicator), publication.matrix(other), at)


def second_rows(matrix: Matrix, other: Matrix, at: date | None) -> list[int]:
    """Row of the second map for each row of the first: as chosen, else a year before.

    For another indicator it is the same time.
    """
    if at is not None:
        return [other.nearest(at)] * len(matrix.periods)
    wanted: Sequence[date] = matrix.periods
    if other.indicator == matrix.indicator:
        year = pd.DateOffset(years=1)
        wanted = [(pd.Timestamp(period) - year).date() for period in matrix.periods]
    rows: list[int] = other.nearest_rows(wanted).tolist()
    return rows
