"""Sentences to quote: complete by themselves, with period and source, ready to be copied."""

from datetime import timedelta
from typing import Any, Final

import numpy as np

from geo_pipeline import dekads
from geo_pipeline.catalogue.styles import ClassStyle
from geo_pipeline.publishing.formats import capitalise
from geo_pipeline.publishing.legend import IN_DROUGHT
from panel_app.data.indicator_matrix import NO_STYLE, Matrix
from panel_app.data.page_view import PageView, percent
from panel_app.data.period_steps import row_of_year_before

YEAR_DAYS: Final = 365
SEVERE: Final = ("D2", "D3", "D4")


def france_quote(view: PageView) -> str:
    """How much of France is in drought by the map's indicator, and a year before; '' if unknown."""
    matrix, row = view.matrix, view.row
    if view.indicator.kind != "class" or not (matrix.style[row] != NO_STYLE).any():
        return ""
    known = int((matrix.style[row] != NO_STYLE).sum())
    dry = int(np.isin(matrix.style[row], matrix.drought_styles).sum())
    said = view.tense(
        view.words(
            "quote.france",
            dry=dry,
            known=known,
            share=percent(matrix.drought_share(row), view.lang),
            period=capitalise(view.period),
            indicator=view.indicator.name(view.lang),
        )
    )
    before = row_of_year_before(matrix, row)
    if before < 0 or not (matrix.style[before] != NO_STYLE).any():
        return said
    share = percent(matrix.drought_share(before), view.lang)
    return f"{said} {view.words('quote.year_before', share=share)}"


def place_quote(view: PageView) -> str:
    """The class of the selected département in a sentence, with its period; '' without data."""
    matrix, row, column = view.matrix, view.row, view.column
    if matrix.style[row, column] == NO_STYLE:
        return ""
    said = matrix.statement(row, column, view.lang)
    name = view.publication.name(view.state.departement)
    first = view.words(
        "quote.place",
        name=name,
        period=capitalise(view.period),
        indicator=view.indicator.name(view.lang),
        said=said.head,
    )
    return " ".join(each for each in (first, f"{said.body}." if said.body else "") if each)


def cited(view: PageView) -> str:
    """Who says so, after whom."""
    return view.words("quote.source", title=view.words("title"), source=view.source)


def days_in_classes(matrix: Matrix, row: int, column: int) -> list[tuple[ClassStyle, int]]:
    """Days of the year until the end of a period in each class, driest first; unknown ones in none.

    Only for periods of dekads.
    """
    first = matrix.periods[row] - timedelta(days=YEAR_DAYS)
    rows = [each for each in range(row + 1) if matrix.periods[each] > first]
    ends = [matrix.periods[each] for each in rows]
    lengths = np.array([(end - dekads.first_day(end)).days + 1 for end in ends])
    style = matrix.style[rows, column]
    return [(each, int(lengths[style == index].sum())) for index, each in enumerate(matrix.styles)]


def year_in_classes(view: PageView) -> dict[str, Any] | None:
    """The last year of the selected département by class: parts of a bar, and a sentence."""
    matrix = view.matrix
    if view.indicator.kind != "class" or not matrix.by_dekad or view.indicator.ahead:
        return None
    spent = days_in_classes(matrix, view.row, view.column)
    known = sum(days for _, days in spent)
    if not known:
        return None
    dry = sum(days for style, days in spent if style.code in IN_DROUGHT)
    severe = sum(days for style, days in spent if style.code in SEVERE)
    words = view.words
    said = words("year.none")
    if dry:
        said = f"{words.count('year.dry', dry)}, {words.count('year.severe', severe)}."
    return {
        "parts": [
            {
                "colour": style.colour,
                "width": f"{100 * days / YEAR_DAYS:.2f}",
                "said": words(
                    "year.part",
                    name=capitalise(style.name(view.lang)),
                    days=words.count("year.days", days),
                ),
            }
            for style, days in spent
            if days
        ],
        "said": said,
        "note": "" if known > YEAR_DAYS - 11 else words.count("year.known", known),
    }
