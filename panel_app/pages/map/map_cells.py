"""What the script of the map is sent: the classes of every period, and who is where."""

import json
from functools import lru_cache
from typing import Final

import numpy as np
import pandas as pd

from geo_pipeline.publishing import look
from geo_pipeline.publishing.look import Lang
from panel_app.data.indicator_matrix import Matrix
from panel_app.data.page_view import PageView, Slots
from panel_app.data.store import Publication
from panel_app.pages.map import map_charts

UNKNOWN: Final = "~"
"""What stands for no data in the cells sent to the page; styles are written from `0` on."""


def matrices(view: PageView) -> Slots:
    """What the script steps through time with: the classes of every period, of one map or two."""
    publication, state = view.publication, view.state
    other = other_indicator(view)
    apart = state.compare and other != state.indicator
    return {
        "matrix": cells(publication, state.indicator, state.crop, state.lang),
        "other": cells(publication, other, state.crop, state.lang) if apart else "",
    }


@lru_cache(maxsize=64)
def cells(publication: Publication, indicator: str, crop: str, lang: Lang) -> str:
    """One indicator as JSON: a character a département and period, and how periods are said."""
    matrix, area = publication.matrix(indicator), publication.crop_areas.get(crop)
    left, right, _ = map_charts.spans(matrix)
    letters = np.array([*(chr(48 + index) for index in range(len(matrix.styles))), UNKNOWN])
    rows = range(len(matrix.periods))
    months = matrix.month_rows if matrix.by_dekad else []
    return as_json(
        {
            "indicator": indicator,
            "name": look.indicator_of(indicator).name(lang),
            "cells": "".join(letters[matrix.style].ravel()),
            "styles": [
                {"name": style.name(lang), "colour": style.colour} for style in matrix.styles
            ],
            "drought": matrix.drought_styles if _by_drought(matrix) else [],
            "typed": [matrix.period_typed(row) for row in rows],
            "dates": [period.isoformat() for period in matrix.periods],
            "labels": [look.capitalise(matrix.period_words(row, lang)) for row in rows],
            "months": {
                str(row): look.capitalise(matrix.period_words(row, lang, "month")) for row in months
            },
            "left": np.round(left, 5).tolist(),
            "right": np.round(right, 5).tolist(),
            "crop": None if area is None else np.nan_to_num(area).round().tolist(),
        }
    )


def as_json(content: object) -> str:
    """JSON that may stand in a script element of the page."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _by_drought(matrix: Matrix) -> bool:
    return look.indicator_of(matrix.indicator).kind == "class"


def places(view: PageView) -> str:
    """Codes, names and areas of the départements as JSON, in the order of the cells."""
    publication = view.publication
    return as_json(
        {
            "codes": publication.codes,
            "names": publication.names,
            "area": [round(float(each)) for each in publication.area_km2],
            "row": view.row,
            "step": view.state.step,
            "held": sorted(publication.held),
        }
    )


def tips(view: PageView, matrix: Matrix, row: int) -> list[list[str]]:
    """What the hover tells of each département: a head and a sentence."""
    said = view.publication.statements(matrix.indicator, row, view.lang)
    return [[look.capitalise(each.head), f"{each.body}." if each.body else ""] for each in said]


def other_indicator(view: PageView) -> str:
    """Indicator of the second map."""
    return view.state.other_indicator or view.state.indicator


def other_row(view: PageView, other: Matrix) -> int:
    """Row of the second map: as chosen, else a year before, or now for another indicator."""
    if view.state.other_period is not None:
        return other.nearest(view.state.other_period)
    if other.indicator != view.matrix.indicator:
        return other.nearest(view.period_end)
    before = pd.Timestamp(view.period_end) - pd.DateOffset(years=1)
    return other.nearest(before.date())
