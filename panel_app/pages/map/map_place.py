"""The panel beside the map for the selected département."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.catalogue.styles import NO_DATA
from geo_pipeline.publishing.formats import capitalise, format_value
from geo_pipeline.publishing.legend import IN_DROUGHT, class_words, style_of
from panel_app.data.crop_exposure import exposure
from panel_app.data.indicator_matrix import NO_STYLE
from panel_app.data.page_view import PageView, enumeration, hectares
from panel_app.data.store import DROUGHT_INDICATOR
from panel_app.pages.map import map_charts
from panel_app.pages.map.map_france import crop_names
from panel_app.pages.map.map_quotes import cited, place_quote, year_in_classes


def departement(view: PageView) -> dict[str, Any]:
    """The panel when a département is selected: the answer, and a link to its page."""
    matrix, publication, code = view.matrix, view.publication, view.state.departement
    column = view.column
    said = matrix.statement(view.row, column, view.lang, reason=reason(view, code))
    chart = map_charts.history(view)
    return {
        "words": view.words,
        "view": view,
        "code": code,
        "name": publication.name(code),
        "region": publication.region(code),
        "period": view.period,
        "style": said.style,
        "hatched": said.style is NO_DATA,
        "head": capitalise(said.head),
        "body": f"{said.body}." if said.body else "",
        "value": matrix.shown_value(view.row, column, view.lang),
        "value_name": view.indicator.value_name(view.lang),
        "since": since(view, column),
        "held": view.words("detail.held") if code in publication.held else "",
        "figures": figures(view, code),
        "apart": apart(view, code),
        "drivers": drivers(view, code),
        "chart": chart.html(view.words) if chart else "",
        "year": year_in_classes(view),
        "quote": place_quote(view),
        "cited": cited(view),
    }


def reason(view: PageView, code: str) -> str:
    """Why there are no data, if there are none."""
    matrix = view.matrix
    if (matrix.style[:, matrix.column(code)] != NO_STYLE).any():
        return view.words("detail.no_period")
    if ended := view.publication.no_forecast(view.state.indicator, code, view.lang):
        return ended
    return view.words("detail.not_covered", source=view.source)


def since(view: PageView, column: int) -> str:
    """How long the drought has lasted; empty without one, or for an indicator without droughts."""
    if view.indicator.kind != "class":
        return ""
    said = view.matrix.drought_words(view.row, column, view.lang)
    return f"{capitalise(said)}." if said else ""


def figures(view: PageView, code: str) -> list[dict[str, str]]:
    """The known key figures; unknown ones are left out rather than shown as zero."""
    makers: tuple[Callable[[PageView, str], list[dict[str, str]]], ...] = (
        _rain_figure,
        _drought_figures,
        _restriction_figure,
    )
    return [figure for make in makers for figure in make(view, code)]


def _rain_figure(view: PageView, code: str) -> list[dict[str, str]]:
    if not {"precip_mm", "precip_anomaly_pct"} <= set(view.publication.indicators):
        return []
    rain = view.publication.matrix("precip_mm")
    if view.period_end not in rain.periods:
        return []
    row, column = rain.periods.index(view.period_end), rain.column(code)
    against = view.publication.matrix("precip_anomaly_pct")
    if np.isnan(rain.value[row, column]):
        return []
    said = against.statement(against.nearest(view.period_end), column, view.lang)
    return [
        {
            "label": view.words("detail.rain"),
            "value": format_value("precip_mm", float(rain.value[row, column]), view.lang),
            "note": said.head,
        }
    ]


def _drought_figures(view: PageView, code: str) -> list[dict[str, str]]:
    """Neighbours in drought, and crops in drought, by the indicator that is named."""
    words, lang, dry = view.words, view.lang, view.in_drought(view.period_end)
    column = view.matrix.column(code)
    found: list[tuple[str, str, str]] = []
    around = [view.matrix.column(each) for each in view.publication.neighbours.get(code, [])]
    known = [float(dry[each]) for each in around if not np.isnan(dry[each])]
    if known:
        note = words("detail.neighbours_note", indicator=view.drought_name)
        found.append(("detail.neighbours", f"{sum(known):.0f}/{len(known)}", note))
    stands = exposure(view)
    if stands.area[column] > 0:
        note = words(
            "detail.crop_area_note",
            crops=enumeration(crop_names(stands.crops[column], view), words),
            year=stands.years(column),
        )
        label = "detail.exposed" if stands.in_drought[column] > 0 else "detail.not_exposed"
        found.append((label, hectares(float(stands.area[column]), lang), note))
    return [{"label": words(label), "value": value, "note": note} for label, value, note in found]


def _restriction_figure(view: PageView, code: str) -> list[dict[str, str]]:
    level = _level(view, code)
    if level is None or not level[2]:
        return []
    said, day, _ = level
    note = view.words("detail.restriction_note", day=day)
    return [{"label": view.words("detail.restriction"), "value": said, "note": note}]


def apart(view: PageView, code: str) -> str:
    """The restriction of water where only one of another date is known."""
    level = _level(view, code)
    if level is None or level[2]:
        return ""
    return view.words("detail.apart_said", level=level[0], day=level[1])


def _level(view: PageView, code: str) -> tuple[str, str, bool] | None:
    """The restriction of water, its date, and whether that is the date of the period."""
    surveyed = view.restrictions(view.period_end)
    if view.indicator.kind == "restriction" or surveyed is None:
        return None
    matrix, row, then = surveyed
    column = matrix.column(code)
    if matrix.style[row, column] == NO_STYLE:
        return None
    said = matrix.statement(row, column, view.lang).head
    return capitalise(said), matrix.period_words(row, view.lang), then


def drivers(view: PageView, code: str) -> list[dict[str, str]]:
    """The indicators in drought, driest first, in words, from which the drought is made."""
    if view.state.indicator != DROUGHT_INDICATOR:
        return []
    risk = view.publication.risk(view.period_end)
    if code not in risk.index or pd.isna(risk.loc[code, "drivers"]):
        return []
    years = view.matrix.reference_years[view.row, view.matrix.column(code)]
    pairs = [each.split(":") for each in str(risk.loc[code, "drivers"]).split(", ")]
    return [
        {
            "name": indicator_of(indicator).name(view.lang),
            "said": class_words(style, years, view.lang),
            "colour": style.colour,
            "key": indicator,
        }
        for indicator, drought_class in pairs
        if drought_class in IN_DROUGHT
        for style in [style_of(indicator, drought_class=drought_class)]
    ]
