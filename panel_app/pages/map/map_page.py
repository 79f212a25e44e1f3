"""The map page: France on the left, what is selected on the right, the timeline under the map."""

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pandas as pd
from markupsafe import escape

from geo_pipeline.publishing import look, maps
from geo_pipeline.publishing.look import Lang
from panel_app.data import dekads
from panel_app.data.indicator_matrix import NO_STYLE, FloatMatrix, Matrix
from panel_app.data.page_view import PageView, enumeration, hectares, indicator_options, percent
from panel_app.data.store import DROUGHT_INDICATOR, Publication
from panel_app.drawing import atlas, indicator_charts
from panel_app.drawing.templates import render
from panel_app.pages.ranking.standing import exposure

DRIEST: Final = 10
GROWING_HA: Final = 1000
"""Those with less of a crop are left out of the list of the worst hit: nobody lives on it there."""
UNKNOWN: Final = "~"
"""What stands for no data in the cells sent to the page; styles are written from `0` on."""

Slots = dict[str, str]


def slots(view: PageView) -> Slots:
    """Return all that the page says and draws, by the name of its place."""
    selected = view.state.departement
    detail = departement(view) if selected else france(view)
    return {
        "headline": render("map/headline", headline(view)),
        "stage": stage(view),
        "legend": render("map/legend", legend(view)),
        "timeline": indicator_charts.timeline(
            view.publication, view.state.indicator, view.state.crop
        ),
        "timeline_title": str(escape(timeline_title(view))),
        "comparison": render("map/comparison", comparison(view)),
        "detail": render("map/place" if selected else "map/france", detail),
        "tips": _json(tips(view, view.matrix, view.row)),
        "places": places(view),
        **matrices(view),
    }


def kept_up(view: PageView) -> dict[str, object]:
    """Places that the script keeps up by itself, and what else they depend on."""
    version = view.publication.version
    return {"stage": (view.state.compare, version), "places": version}


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
    left, right, _ = indicator_charts.spans(matrix)
    letters = np.array([*(chr(48 + index) for index in range(len(matrix.styles))), UNKNOWN])
    rows = range(len(matrix.periods))
    months = matrix.month_rows if matrix.by_dekad else []
    return _json(
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


def _json(content: object) -> str:
    """JSON that may stand in a script element of the page."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def timeline_title(view: PageView) -> str:
    """What the chart under the map shows."""
    if view.state.crop in view.publication.crop_areas:
        return view.words("timeline.title_crop", crop=view.words.crop(view.state.crop).lower())
    return view.words("timeline.title")


def _by_drought(matrix: Matrix) -> bool:
    return look.indicator_of(matrix.indicator).kind == "class"


def places(view: PageView) -> str:
    """Codes, names and areas of the départements as JSON, in the order of the cells."""
    publication = view.publication
    return _json(
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


def headline(view: PageView) -> dict[str, Any]:
    """The map's answer in one sentence."""
    values = view.matrix.frame(view.row)
    return {
        "period": view.period,
        "finding": view.tense(maps.finding(view.matrix.indicator, values, view.lang)),
        "indicator": view.indicator.name(view.lang),
    }


def colours(matrix: Matrix, row: int) -> list[str]:
    """Colour of each département, '' without data."""
    palette = [*(style.colour for style in matrix.styles), ""]
    return [palette[index] for index in matrix.style[row]]


def stage(view: PageView) -> str:
    """The map, or two of them to compare."""
    matrix, words = view.matrix, view.words
    said = tips(view, matrix, view.row)
    first = atlas.map_html(
        view.publication,
        words,
        colours(matrix, view.row),
        name="a",
        label=words("control.map"),
        titles=[head for head, _ in said],
        selected=view.state.departement,
        walk=True,
    )
    if not view.state.compare:
        return render("map/stage", {"mode": "", "words": words, "first": first, "second": ""})
    other = view.publication.matrix(other_indicator(view))
    row = other_row(view, other)
    second = atlas.map_html(
        view.publication,
        words,
        colours(other, row),
        name="b",
        label=words("compare.second", name=_named(view, other, row)),
        selected=view.state.departement,
    )
    return render(
        "map/stage",
        {
            "mode": view.state.compare,
            "words": words,
            "first": first,
            "second": second,
            "first_name": _named(view, matrix, view.row),
            "second_name": _named(view, other, row),
        },
    )


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


def _named(view: PageView, matrix: Matrix, row: int) -> str:
    name = look.indicator_of(matrix.indicator).name(view.lang)
    return f"{name}, {matrix.period_words(row, view.lang, view.state.step)}"


def comparison(view: PageView) -> dict[str, Any]:
    """Controls of the comparison: how, with what, with when."""
    words, matrix = view.words, view.matrix
    other = view.publication.matrix(other_indicator(view))
    same = other.indicator == matrix.indicator
    years = [
        {
            "value": other.period_typed(row),
            "name": other.period_words(row, view.lang, view.state.step),
        }
        for row in reversed(range(len(other.periods)))
        if dekads.of_year(other.periods[row]) == dekads.of_year(view.period_end)
        and not (same and row == view.row)
    ]
    at = view.state.other_period
    chosen = other.period_typed(other.nearest(at)) if at else ""
    if chosen and chosen not in {each["value"] for each in years}:
        row = other.nearest(at)
        years.insert(0, {"value": chosen, "name": other.period_words(row, view.lang)})
    return {
        "words": words,
        "mode": view.state.compare,
        "indicators": indicator_options(view),
        "other": other_indicator(view),
        "default_when": words("compare.year_before" if same else "compare.same_time"),
        "years": years,
        "at": chosen,
        "pin": view.period_typed if view.state.step != "month" else f"{view.period_end:%Y-%m-%d}",
        "finding": _difference(view, other) if view.state.compare and same else "",
    }


def _difference(view: PageView, other: Matrix) -> str:
    """How many départements are drier, and wetter, on the first map than on the second."""
    row = other_row(view, other)
    one, two = view.matrix.style[view.row], other.style[row]
    known = (one != NO_STYLE) & (two != NO_STYLE)
    worse = look.indicator_of(view.matrix.indicator).dry_is_high
    drier = int(((one > two) if worse else (one < two))[known].sum())
    wetter = int(((one < two) if worse else (one > two))[known].sum())
    return view.words(
        "compare.finding", drier=drier, wetter=wetter, same=int(known.sum()) - drier - wetter
    )


def legend(view: PageView) -> dict[str, Any]:
    """Each class in words, with its départements, its share of the area and of a crop's area."""
    lang, words, publication = view.lang, view.words, view.publication
    crop = publication.crop_areas.get(view.state.crop)
    years = look.longest_reference(view.matrix.reference_years[view.row])
    rows = [
        {
            "colour": share.style.colour,
            "hatched": False,
            "name": look.capitalise(share.style.name(lang)),
            "meaning": look.capitalise(look.class_meaning(share.style, years, lang)),
            "count": share.departements,
            "area": percent(share.area_pct, lang) if share.departements else "",
            "crop": percent(share.crop_pct, lang) if share.crop_pct > 0 else "",
        }
        for share in view.matrix.shares(view.row, crop)
    ]
    matrix = view.matrix
    columns = range(len(matrix.codes))
    hatched = look.hatched(
        unclassed=any(matrix.is_unclassed(view.row, each) for each in columns),
        little_grown=bool(matrix.little_grown),
        lang=lang,
    )
    rows.append(
        {
            "colour": look.NO_DATA.colour,
            "hatched": True,
            "name": look.capitalise(hatched.name),
            "meaning": look.capitalise(hatched.told),
            "count": view.matrix.missing(view.row),
            "area": "",
            "crop": "",
        }
    )
    known = view.matrix.style[view.row] != NO_STYLE
    note = look.capitalise(view.reference)
    return {
        "rows": rows,
        "words": words,
        "crop": view.state.crop,
        "crops": [{"value": each, "name": words.crop(each)} for each in publication.crop_areas],
        "area": look.format_number(float(view.matrix.area_km2[known].sum()), 0, lang),
        "explanation": view.indicator.explanation(lang),
        "crop_note": _crop_note(view),
        "note": note,
        "source": view.source,
        "held": _held(view),
    }


def _crop_note(view: PageView) -> str:
    """Of which year the areas of the crop are by which classes are weighed."""
    crop = view.state.crop
    if crop not in view.publication.crop_areas:
        return ""
    note = view.words("map.crop_note", year=view.publication.crop_area_years(crop))
    standing = exposure(view).of_france if view.matrix.by_dekad else ()
    if standing and crop not in standing:
        note = f"{note} {view.tense(view.words('map.crop_off_season'))}"
    return note


def _held(view: PageView) -> str:
    """Which départements are held back: their figures are those of before."""
    held = view.publication.held
    if not held:
        return ""
    names = ", ".join(view.publication.name(code) for code in sorted(held))
    return view.words("map.held", names=names)


# --------------------------------------------------------------------------------------------
# France
# --------------------------------------------------------------------------------------------


def france(view: PageView) -> dict[str, Any]:
    """What is beside the map when nothing is selected."""
    kind = view.indicator.kind
    return {
        "words": view.words,
        "view": view,
        "period": view.period,
        "list_heading": view.words(_list_heading(view)),
        "driest": [_driest_row(view, column) for column in _worst(view)],
        "value_name": _list_note(view),
        "same_month": _same_month(view) if kind == "class" else None,
        "exposed": _exposed(view),
        "changes": changes(view),
    }


def _list_heading(view: PageView) -> str:
    if view.indicator.kind == "restriction":
        return "france.strictest"
    if view.indicator.group in ("crops", "yields"):
        return "france.worst_growing" if _grown(view) is not None else "france.worst"
    return "france.driest"


def _worst(view: PageView) -> list[int]:
    """The driest, the strictest, or of a crop the worst hit among those that grow some of it."""
    grown = _grown(view)
    order = view.matrix.driest(view.row, len(view.matrix.codes))
    if grown is not None:
        order = [column for column in order if grown[column] >= GROWING_HA]
    return order[:DRIEST]


def _grown(view: PageView) -> FloatMatrix | None:
    """Area of the indicator's crop, ha, None where it is of no crop or none is known."""
    return view.publication.crop_areas.get(crop_of(view.matrix.indicator))


def _list_note(view: PageView) -> str:
    """What the numbers of the list are; for restrictions, how many share the strictest level."""
    if view.indicator.kind != "restriction":
        name = view.indicator.value_name(view.lang)
        if _grown(view) is None:
            return name
        year = view.publication.crop_area_years(crop_of(view.matrix.indicator))
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


def crop_of(indicator: str) -> str:
    """The crop that an indicator is of, '' for none."""
    return next((crop for crop in look.CROP_NAMES if indicator.endswith(f"_{crop}")), "")


def _crop_area(view: PageView, column: int) -> str:
    """How much of the indicator's crop stands there, where its area is known."""
    area = _grown(view)
    if not crop_of(view.matrix.indicator):
        return ""
    if area is None or np.isnan(area[column]):
        return view.words("france.no_area")
    return hectares(float(area[column]), view.lang)


def changes(view: PageView) -> dict[str, str] | None:
    """What has changed since the step before: how many are drier, how many wetter."""
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
    month = look.month_name(view.period_end.month, view.lang)
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
        "bars": indicator_charts.same_month(view),
    }


def _exposed(view: PageView) -> dict[str, str] | None:
    """The crops that stand where it is dry by what is shown, for the dekads with known areas."""
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
            year=stands.year,
        ),
    }


def crop_names(crops: Sequence[str], view: PageView) -> list[str]:
    """Names of crops as they stand within a sentence."""
    return [view.words.crop(crop).lower() for crop in crops]


# --------------------------------------------------------------------------------------------
# Département
# --------------------------------------------------------------------------------------------


def departement(view: PageView) -> dict[str, Any]:
    """What is beside the map when a département is selected: the answer, and the way to more."""
    matrix, publication, code = view.matrix, view.publication, view.state.departement
    column = view.column
    said = matrix.statement(view.row, column, view.lang, reason=reason(view, code))
    chart = indicator_charts.history(view)
    return {
        "words": view.words,
        "view": view,
        "code": code,
        "name": publication.name(code),
        "region": publication.region(code),
        "period": view.period,
        "style": said.style,
        "hatched": said.style is look.NO_DATA,
        "head": look.capitalise(said.head),
        "body": f"{said.body}." if said.body else "",
        "value": matrix.shown_value(view.row, column, view.lang),
        "value_name": view.indicator.value_name(view.lang),
        "since": since(view, column),
        "held": view.words("detail.held") if code in publication.held else "",
        "figures": figures(view, code),
        "apart": apart(view, code),
        "drivers": drivers(view, code),
        "chart": chart.html(view.words) if chart else "",
    }


def reason(view: PageView, code: str) -> str:
    """Why there are no data, when there are none."""
    matrix = view.matrix
    if (matrix.style[:, matrix.column(code)] != NO_STYLE).any():
        return view.words("detail.no_period")
    return view.words("detail.not_covered", source=view.source)


def since(view: PageView, column: int) -> str:
    """How long the drought under way has lasted; empty in none, and of what knows no droughts."""
    if view.indicator.kind != "class":
        return ""
    said = view.matrix.drought_words(view.row, column, view.lang)
    return f"{look.capitalise(said)}." if said else ""


def figures(view: PageView, code: str) -> list[dict[str, str]]:
    """The key figures that are known; what is not known is left out rather than shown as zero."""
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
            "value": look.format_value("precip_mm", float(rain.value[row, column]), view.lang),
            "note": said.head,
        }
    ]


def _drought_figures(view: PageView, code: str) -> list[dict[str, str]]:
    """Neighbours in drought, and what stands in it: by what is shown, which is named."""
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
            year=stands.year,
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
    """The restriction of water, the day it is of, and whether that is of the period."""
    surveyed = view.restrictions(view.period_end)
    if view.indicator.kind == "restriction" or surveyed is None:
        return None
    matrix, row, then = surveyed
    column = matrix.column(code)
    if matrix.style[row, column] == NO_STYLE:
        return None
    said = matrix.statement(row, column, view.lang).head
    return look.capitalise(said), matrix.period_words(row, view.lang), then


def drivers(view: PageView, code: str) -> list[dict[str, str]]:
    """The indicators in drought, driest first, in words: they are what the drought is made of."""
    if view.state.indicator != DROUGHT_INDICATOR:
        return []
    risk = view.publication.risk(view.period_end)
    if code not in risk.index or pd.isna(risk.loc[code, "drivers"]):
        return []
    years = view.matrix.reference_years[view.row, view.matrix.column(code)]
    pairs = [each.split(":") for each in str(risk.loc[code, "drivers"]).split(", ")]
    return [
        {
            "name": look.indicator_of(indicator).name(view.lang),
            "said": look.class_words(style, years, view.lang),
            "colour": style.colour,
            "key": indicator,
        }
        for indicator, drought_class in pairs
        if drought_class in look.IN_DROUGHT
        for style in [look.style_of(indicator, drought_class=drought_class)]
    ]
