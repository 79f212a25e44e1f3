"""The map page: France on the left, the selection on the right, the timeline under the map."""

from typing import Any, get_args

from markupsafe import escape

from geo_pipeline import dekads
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.catalogue.styles import NO_DATA
from geo_pipeline.publishing.certainty import chance_note
from geo_pipeline.publishing.formats import capitalise, format_number
from geo_pipeline.publishing.headlines import finding
from geo_pipeline.publishing.legend import class_meaning, hatching, longest_reference
from geo_pipeline.publishing.provider_joins import joins_note
from panel_app.data.class_changes import MOST, has_changes
from panel_app.data.crop_exposure import exposure
from panel_app.data.indicator_matrix import NO_STYLE, Matrix
from panel_app.data.page_view import PageView, Slots, enumeration, indicator_list, percent
from panel_app.data.state import Since
from panel_app.drawing import atlas
from panel_app.drawing.templates import render
from panel_app.pages.map import map_charts, map_overlay
from panel_app.pages.map.map_cells import (
    as_json,
    drawn,
    matrices,
    other_indicator,
    other_row,
    places,
    shown,
    shows_changes,
    tells_area,
    tips,
)
from panel_app.pages.map.map_france import france
from panel_app.pages.map.map_place import departement


def slots(view: PageView) -> Slots:
    """Return the content of the page by slot."""
    return {**stepped(view), **updated(view)}


def updated(view: PageView) -> Slots:
    """Return the slots that the script updates."""
    return {"stage": stage(view), "places": places(view)}


def stepped(view: PageView) -> Slots:
    """Return the other slots, which a step through time sends."""
    selected = view.state.departement
    detail = departement(view) if selected else france(view)
    return {
        "headline": render("map/headline", headline(view)),
        "legend": render("map/legend", legend(view)),
        "timeline": map_charts.timeline(view.publication, view.state.indicator, view.state.crop),
        "timeline_title": str(escape(timeline_title(view))),
        "comparison": render("map/comparison", comparison(view)),
        "detail": render("map/place" if selected else "map/france", detail),
        "sheet": render("map/sheet", detail if selected else {"name": ""}),
        "tips": as_json(_tips(view)),
        "over": map_overlay.hatched_cells(view),
        "shown": shown(view),
        **matrices(view),
    }


def kept_up(view: PageView) -> dict[str, object]:
    """Slots that the script updates, with what else they depend on."""
    version = view.publication.version
    kind = view.state.compare if view.state.two_maps else ""
    return {"stage": (kind, version), "places": version}


def subject(view: PageView) -> str:
    """What the map shows, for the window's title."""
    place = view.publication.name(view.state.departement) if view.state.departement else ""
    return ", ".join(each for each in (place, view.indicator.name(view.lang), view.period) if each)


def found(view: PageView) -> str:
    """The finding of the map in one sentence."""
    if shows_changes(view):
        return _changes_found(view)
    values = view.matrix.frame(view.row)
    return view.tense(finding(view.matrix.indicator, values, view.lang))


def _changes_found(view: PageView) -> str:
    """How many départements are drier than before, and how many wetter."""
    style = drawn(view).style[view.row]
    known = style != NO_STYLE
    if not known.any():
        before = view.words(f"change.before_{view.state.since}")
        return view.words("change.unknown", before=before)
    than = view.words(f"change.than_{view.state.since}")
    drier, wetter = int((style[known] < MOST).sum()), int((style[known] > MOST).sum())
    said = view.words(
        "change.finding", drier=drier, wetter=wetter, known=int(known.sum()), than=than
    )
    return view.tense(said)


def timeline_title(view: PageView) -> str:
    """Title of the chart under the map."""
    if view.state.crop in view.publication.crop_areas:
        return view.words("timeline.title_crop", crop=view.words.crop(view.state.crop).lower())
    return view.words("timeline.title")


def headline(view: PageView) -> dict[str, Any]:
    """The finding of the map, with what it is of."""
    return {
        "period": view.period,
        "finding": found(view),
        "indicator": view.indicator.name(view.lang),
        "issued": view.issued,
    }


def _tips(view: PageView) -> list[list[str]]:
    """Tooltip of each département on the first map."""
    return map_overlay.told_in_tips(view, tips(view, drawn(view), view.row))


def colours(matrix: Matrix, row: int) -> list[str]:
    """Colour of each département, '' without data."""
    palette = [*(style.colour for style in matrix.styles), ""]
    return [palette[index] for index in matrix.style[row]]


def stage(view: PageView) -> str:
    """The map, or two of them to compare."""
    matrix, words = drawn(view), view.words
    said = _tips(view)
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
    if not view.state.two_maps:
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


def _named(view: PageView, matrix: Matrix, row: int) -> str:
    name = indicator_of(matrix.indicator).name(view.lang)
    return f"{name}, {matrix.period_words(row, view.lang, view.state.step)}"


def comparison(view: PageView) -> dict[str, Any]:
    """Controls of the comparison: its kind, indicator and period."""
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
        "mode": _mode(view),
        "modes": ["", "side", "swipe", *(["change"] if has_changes(matrix.indicator) else [])],
        "since": [
            {"value": each, "name": words(f"change.since_{each}")} for each in get_args(Since)
        ],
        "chosen_since": view.state.since,
        "indicators": indicator_list(view),
        "other": other_indicator(view),
        "overlays": map_overlay.choices(view),
        "over": view.state.over,
        "default_when": words("compare.year_before" if same else "compare.same_time"),
        "years": years,
        "at": chosen,
        "pin": view.period_typed if view.state.step != "month" else f"{view.period_end:%Y-%m-%d}",
        "finding": _difference(view, other) if view.state.two_maps and same else "",
    }


def _mode(view: PageView) -> str:
    """How maps are compared: an indicator without classes of drought has no map of changes."""
    return view.state.compare if view.state.two_maps or shows_changes(view) else ""


def _difference(view: PageView, other: Matrix) -> str:
    """Number of départements that are drier, and wetter, on the first map than on the second."""
    row = other_row(view, other)
    one, two = view.matrix.style[view.row], other.style[row]
    known = (one != NO_STYLE) & (two != NO_STYLE)
    worse = indicator_of(view.matrix.indicator).dry_is_high
    drier = int(((one > two) if worse else (one < two))[known].sum())
    wetter = int(((one < two) if worse else (one > two))[known].sum())
    return view.words(
        "compare.finding", drier=drier, wetter=wetter, same=int(known.sum()) - drier - wetter
    )


def legend(view: PageView) -> dict[str, Any]:
    """Each class in words, with its départements and its shares of the area and of a crop's
    area."""
    lang, words, publication = view.lang, view.words, view.publication
    crop = publication.crop_areas.get(view.state.crop)
    years = longest_reference(view.matrix.reference_years[view.row])
    by_area = tells_area(view.indicator)
    rows = [
        {
            "colour": share.style.colour,
            "hatched": False,
            "name": capitalise(share.style.name(lang)),
            "brief": capitalise(share.style.brief(lang)),
            "meaning": capitalise(class_meaning(share.style, years, lang)),
            "count": share.departements,
            "area": percent(share.area_pct, lang) if share.departements and by_area else "",
            "crop": percent(share.crop_pct, lang) if share.crop_pct > 0 and by_area else "",
        }
        for share in drawn(view).shares(view.row, crop)
    ]
    matrix = view.matrix
    columns = range(len(matrix.codes))
    hatched = hatching(
        unclassed=any(matrix.is_unclassed(view.row, each) for each in columns),
        little_grown=bool(matrix.little_grown),
        lang=lang,
    )
    rows.append(
        {
            "colour": NO_DATA.colour,
            "hatched": True,
            "name": capitalise(hatched.name),
            "brief": capitalise(hatched.name),
            "meaning": capitalise(hatched.told),
            "count": drawn(view).missing(view.row),
            "area": "",
            "crop": "",
        }
    )
    chances = view.matrix.class_chance
    right = "" if chances is None else chance_note(chances[view.row], lang)
    note = ". ".join(each for each in (capitalise(view.reference), right) if each)
    return {
        "rows": rows,
        "words": words,
        "crop": view.state.crop,
        "crops": [{"value": each, "name": words.crop(each)} for each in publication.crop_areas],
        "units": units(view, by_crop=crop is not None),
        "explanation": view.indicator.explanation(lang),
        "crop_note": _crop_note(view),
        "note": note,
        "source": view.source,
        "joined": joins_note(
            publication.unadjusted_weather, view.indicator.key, view.period_end, lang
        ),
        "held": _held(view),
        "over": map_overlay.hatched_legend(view),
        "cells": _cells(view),
    }


def _cells(view: PageView) -> dict[str, Any]:
    """Whether the zoomed map shows cells of the grid, and what is said of them then.

    Nothing is said where maps are compared: they show départements.
    """
    publication, known = view.publication, view.publication.cell_indicators
    if _mode(view) or not publication.draws_cells:
        return {"there": False, "said": ""}
    if not known:
        return {"there": False, "said": view.words("cells.no_grid")}
    if view.state.indicator in known:
        return {"there": True, "said": view.words("cells.shown")}
    names = [indicator_of(key).name(view.lang) for key in publication.indicators if key in known]
    said = view.words("cells.others", names=enumeration(names, view.words))
    return {"there": False, "said": said}


def units(view: PageView, *, by_crop: bool = False) -> str:
    """What the two or three figures of a class are."""
    if not tells_area(view.indicator):
        return view.words("map.counted_levels")
    known = view.matrix.style[view.row] != NO_STYLE
    area = format_number(float(view.matrix.area_km2[known].sum()), 0, view.lang)
    counted = view.words("map.counted_crop" if by_crop else "map.counted")
    return f"{counted} {view.words('map.covered', area=area)}"


def _crop_note(view: PageView) -> str:
    """Year of the crop areas that weight the classes."""
    crop = view.state.crop
    if crop not in view.publication.crop_areas:
        return ""
    note = view.words("map.crop_note", year=view.publication.crop_area_years(crop))
    growing = exposure(view).of_france if view.matrix.by_dekad else ()
    if growing and crop not in growing:
        note = f"{note} {view.tense(view.words('map.crop_off_season'))}"
    return note


def _held(view: PageView) -> str:
    """The départements that are held back, whose figures are earlier ones."""
    held = view.publication.held
    if not held:
        return ""
    names = ", ".join(view.publication.name(code) for code in sorted(held))
    return view.words("map.held", names=names)
