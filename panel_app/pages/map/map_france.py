"""The panel beside the map for all of France, while no département is selected."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.publishing.formats import month_name
from panel_app.data.crop_exposure import exposure
from panel_app.data.crops_at_stake import crops_at_stake
from panel_app.data.indicator_matrix import NO_STYLE, FloatMatrix
from panel_app.data.page_view import PageView, enumeration, hectares
from panel_app.pages.map import map_charts
from panel_app.pages.map.map_quotes import cited, france_quote

DRIEST: Final = 10
GROWING_HA: Final = 1000
"""Départements with less of a crop, ha, are left out of the list of the worst affected."""


def france(view: PageView) -> dict[str, Any]:
    """The panel when nothing is selected."""
    kind = view.indicator.kind
    return {
        "words": view.words,
        "view": view,
        "period": view.period,
        "list_heading": view.words(_list_heading(view)),
        **worst(view),
        "same_month": _same_month(view) if kind == "class" else None,
        "exposed": _exposed(view),
        "at_stake": crops_at_stake(view),
        "changes": changes(view),
        "quote": france_quote(view),
        "cited": cited(view),
    }


def worst(view: PageView) -> dict[str, Any]:
    """The driest, the strictest or the worst affected, and what their numbers are."""
    return {
        "driest": [_driest_row(view, column) for column in _worst(view)],
        "value_name": _list_note(view),
    }


def _list_heading(view: PageView) -> str:
    if view.indicator.group == "restrictions":
        return "france.strictest"
    if view.indicator.group in ("crops", "yields"):
        return "france.worst_growing" if _grown(view) is not None else "france.worst"
    return "france.driest"


def _worst(view: PageView) -> list[int]:
    """The driest, the strictest, or for a crop the worst affected that grow enough of it."""
    grown = _grown(view)
    order = view.matrix.driest(view.row, len(view.matrix.codes))
    if grown is not None:
        order = [column for column in order if grown[column] >= GROWING_HA]
    return order[:DRIEST]


def _grown(view: PageView) -> FloatMatrix | None:
    """Area of the indicator's crop, ha; None where it has no crop or no area is known."""
    return view.publication.crop_areas.get(indicator_of(view.matrix.indicator).crop)


def _list_note(view: PageView) -> str:
    """Meaning of the list's numbers; for restrictions, how many share the strictest level."""
    if view.indicator.kind != "restriction":
        name = view.indicator.value_name(view.lang)
        if _grown(view) is None:
            return name
        year = view.publication.crop_area_years(indicator_of(view.matrix.indicator).crop)
        return f"{name}, {view.words('france.areas', year=year)}"
    strictest = view.matrix.style[view.row].min(initial=len(view.matrix.styles))
    total = int((view.matrix.style[view.row] == strictest).sum())
    return view.words("france.first_of", n=DRIEST, total=total) if total > DRIEST else ""


def _driest_row(view: PageView, column: int) -> dict[str, str]:
    matrix = view.matrix
    said = matrix.statement(view.row, column, view.lang)
    plain = view.indicator.kind in ("amount", "anomaly")
    return {
        "code": matrix.codes[column],
        "name": matrix.names[column],
        "colour": said.style.colour,
        "said": _crop_area(view, column)
        if plain
        else matrix.class_words(view.row, column, view.lang),
        "value": matrix.shown_value(view.row, column, view.lang),
    }


def _crop_area(view: PageView, column: int) -> str:
    """Area of the indicator's crop there, where it is known."""
    area = _grown(view)
    if not indicator_of(view.matrix.indicator).crop:
        return ""
    if area is None or np.isnan(area[column]):
        return view.words("france.no_area")
    return hectares(float(area[column]), view.lang)


def changes(view: PageView) -> dict[str, str] | None:
    """Changes since the step before: how many are drier, how many wetter."""
    rows = view.matrix.rows(view.state.step)
    place = rows.index(view.row)
    if place == 0 or not view.indicator.by_class:
        return None
    before = rows[place - 1]
    now, then = view.matrix.style[view.row], view.matrix.style[before]
    known = (now != NO_STYLE) & (then != NO_STYLE)
    if not known.any():
        return None
    drier, wetter = int((now < then)[known].sum()), int((now > then)[known].sum())
    worst = np.flatnonzero(known & (now < then))
    order = worst[np.argsort((now - then)[worst], kind="stable")][:3]
    names = ", ".join(view.publication.names[column] for column in order)
    since = view.matrix.period_words(before, view.lang, view.state.step)
    step = view.state.step if view.matrix.by_dekad else "day"
    words = view.words
    return {
        "title": words(
            "france.changes_dekad" if step == "dekad" else "france.changes", since=since
        ),
        "drier": view.tense(words.count("france.drier", drier)),
        "wetter": words.count("france.wetter", wetter),
        "names": words("france.drier_names", names=names) if names else "",
    }


def _same_month(view: PageView) -> dict[str, Any]:
    month = month_name(view.period_end.month, view.lang)
    elided = "d'" if month[0] in "ao" else "de "
    by_month = view.state.step == "month"
    crop = view.state.crop if view.state.crop in view.publication.crop_areas else ""
    of = f"{elided}{month}" if view.lang == "fr" else month
    return {
        "note": view.words(
            "france.same_month_crop_note" if crop else "france.same_month_note",
            source=view.source,
            crop=view.words.crop(crop).lower() if crop else "",
        ),
        "title": view.words("france.same_month" if by_month else "france.same_dekad", of_month=of),
        "bars": map_charts.same_month(view),
    }


def _exposed(view: PageView) -> dict[str, str] | None:
    """The crops growing where it is in drought by the map, for dekads with known areas."""
    stands = exposure(view)
    total = float(np.nansum(stands.area))
    if not view.matrix.by_dekad or not total:
        return None
    return {
        "value": hectares(float(np.nansum(stands.in_drought)), view.lang),
        "note": view.words(
            "france.exposed_note",
            indicator=view.drought_name,
            crops=enumeration(crop_names(stands.of_france, view), view.words),
            total=hectares(total, view.lang),
            year=stands.years(),
        ),
    }


def crop_names(crops: Sequence[str], view: PageView) -> list[str]:
    """Names of crops as written inside a sentence."""
    return [view.words.crop(crop).lower() for crop in crops]
