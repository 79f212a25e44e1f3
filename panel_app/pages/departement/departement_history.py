"""History of a département: the strip of all years, and its droughts on record.

The strip itself is drawn in `departement_charts`.
"""

from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.publishing.formats import format_number, format_period
from geo_pipeline.words import NBSP, Lang
from panel_app.data.indicator_matrix import NO_STYLE, Matrix
from panel_app.data.kept import kept
from panel_app.data.page_words import catalogue
from panel_app.data.state import DEFAULT_INDICATOR
from panel_app.data.store import Publication
from panel_app.drawing.templates import render
from panel_app.pages.departement import departement_charts as charts
from panel_app.pages.departement.departement_place import Place

STATES: Final = {
    "over": "departement.state_over",
    "running": "departement.state_running",
    "unknown": "departement.state_unknown",
}
"""Texts for how a drought on record ends."""


def strip_matrix(place: Place) -> Matrix | None:
    """The indicator of the strip: the one shown, if it has dekads; None where nothing is known."""
    matrix = place.view.matrix if place.view.matrix.by_dekad else place.matrix
    known = matrix.by_dekad and charts.known_rows(matrix, place.column).size
    return matrix if known else None


@kept(64)
def strip(publication: Publication, indicator: str, code: str, lang: Lang) -> str:
    """The whole record of an indicator, years down and dekads across; the same at all periods."""
    matrix, words = publication.matrix(indicator), catalogue(lang)
    name = indicator_of(indicator).name(lang)
    about = charts.Strip(
        matrix,
        matrix.column(code),
        title=words("departement.strip_title", indicator=name),
        note=words(
            "departement.strip_note",
            span=f"{matrix.periods[0].year}-{matrix.periods[-1].year}",
            source=publication.source_names(indicator),
        ),
    )
    legend = [{"colour": style.colour, "name": style.name(lang)} for style in matrix.styles]
    return render(
        "departement/strip",
        {"chart": Markup(charts.strip(about, words)), "legend": legend, "words": words},  # noqa: S704
    )


def outline(place: Place, matrix: Matrix) -> dict[str, Any]:
    """The position of the cell that is shown."""
    if place.day not in matrix.periods:
        return {}
    row = matrix.periods.index(place.day)
    if matrix.style[row, place.column] == NO_STYLE:
        return {}
    return {"style": charts.outline(matrix, place.column, row)}


def events(place: Place) -> dict[str, Any]:
    """The droughts on record, the latest first, the worst marked."""
    table, words, lang = place.record.events, place.view.words, place.view.lang
    if table.empty:
        return {"rows": []} if place.has_weather else {}
    worst = int(table["severity"].to_numpy().argmax())
    longest = int(table["duration_dekads"].max())
    day = pd.Timestamp(place.day)
    rows = []
    for index, event in table.iterrows():
        peak_dekad = event["peak_dekad"]
        rows.append(
            {
                "first": format_period(event["first_dekad"].date(), "dekad", lang),
                "href": place.view.href(period=event["first_dekad"].date().isoformat()),
                "last": format_period(event["last_dekad"].date(), "dekad", lang),
                "duration": words.count("departement.dekads", int(event["duration_dekads"])),
                "share": round(100 * int(event["duration_dekads"]) / longest),
                "severity": format_number(float(event["severity"]), 1, lang),
                "peak": format_number(float(event["peak"]), 1, lang),
                "peak_at": ""
                if pd.isna(peak_dekad)
                else format_period(peak_dekad.date(), "dekad", lang),
                "peak_href": ""
                if pd.isna(peak_dekad)
                else place.view.href(period=peak_dekad.date().isoformat()),
                "state": words(STATES[event["state"]])
                if event["state"] != "running" or place.view.ended is None
                else words("departement.state_then"),
                "running": event["state"] == "running",
                "worst": index == worst and len(table) > 1,
                "now": bool(event["first_dekad"] <= day <= event["last_dekad"]),
            }
        )
    return {
        "rows": rows,
        "finding": words(
            "departement.events_finding",
            count=words.count("departement.droughts", len(table)),
            year=_first_year(place),
            worst=_month_span(dict(table.iloc[worst]), lang),
        ),
    }


def _first_year(place: Place) -> int:
    """First year of the record of droughts."""
    matrix = place.known(DEFAULT_INDICATOR) or place.matrix
    known = charts.known_rows(matrix, place.column)
    return matrix.periods[int(known[0]) if known.size else 0].year


def _month_span(event: dict[str, Any], lang: Lang) -> str:
    first, last = (
        format_period(event[key].date(), "month", lang) for key in ("first_dekad", "last_dekad")
    )
    return f"{first}{NBSP}– {last}"
