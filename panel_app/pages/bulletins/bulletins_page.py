"""Bulletins: the issues of a place, the newest first, each with what it finds.

Documents are made by the server when they are opened (`serving.bulletins`).
"""

from datetime import date
from typing import Any

from geo_pipeline.catalogue.styles import NO_DATA
from geo_pipeline.publishing.bulletin.issues import claims_name
from geo_pipeline.publishing.bulletin.places import places, region_of
from geo_pipeline.publishing.formats import capitalise, format_period
from geo_pipeline.territory import REGIONS
from panel_app.data.indicator_matrix import NO_STYLE, Matrix
from panel_app.data.page_view import PageView, percent
from panel_app.data.store import DROUGHT_INDICATOR
from panel_app.drawing.templates import render


def slots(view: PageView) -> dict[str, str]:
    """Return the content of the page by slot."""
    days = view.bulletin_days
    return {
        "head": render("bulletins/head", _head(view, days)),
        "issues": render("bulletins/issues", {"words": view.words, "years": _years(view, days)}),
        "places": render("bulletins/places", _places(view)),
    }


def _head(view: PageView, days: tuple[date, ...]) -> dict[str, Any]:
    newest = days[-1] if days else None
    return {
        "words": view.words,
        "name": places()[view.bulletin_place].name(view.lang),
        "newest": capitalise(format_period(newest, "dekad", view.lang)) if newest else "",
        "pdf": view.bulletin("pdf", newest),
        "html": view.bulletin("html", newest),
    }


def _years(view: PageView, days: tuple[date, ...]) -> list[dict[str, Any]]:
    """Return the issues of each year, the newest first."""
    if not days:
        return []
    matrix = view.publication.matrix(DROUGHT_INDICATOR)
    by_year: dict[int, list[dict[str, Any]]] = {}
    for day in reversed(days):
        by_year.setdefault(day.year, []).append(_issue(view, matrix, day))
    return [
        {"year": year, "issues": issues, "open": index == 0}
        for index, (year, issues) in enumerate(by_year.items())
    ]


def _issue(view: PageView, matrix: Matrix, day: date) -> dict[str, Any]:
    period = capitalise(format_period(day, "dekad", view.lang))
    return {
        "period": period,
        "pdf": view.bulletin("pdf", day),
        "html": view.bulletin("html", day),
        "claims": f"bulletins/{claims_name(places()[view.bulletin_place], day)}",
        **_finding(view, matrix, day),
    }


def _finding(view: PageView, matrix: Matrix, day: date) -> dict[str, Any]:
    """Return what is known now of an issue's dekad: a class, the share of an area in drought.

    Of a département of which the issue has no class, that it has none.
    """
    row = matrix.periods.index(day)
    columns = [matrix.column(code) for code in places()[view.bulletin_place].codes]
    if len(columns) == 1:
        years = int(view.publication.years_then[row, columns[0]])
        if years < view.publication.class_min_years:
            said = view.words("bulletins.no_class", years=years)
            return {"colour": "", "hatched": True, "said": said}
        style = matrix.style[row, columns[0]]
        known = NO_DATA if style == NO_STYLE else matrix.styles[style]
        return {
            "colour": known.colour,
            "hatched": known is NO_DATA,
            "said": capitalise(known.name(view.lang)),
        }
    known_area = dry_area = 0.0
    for column in columns:
        style = matrix.style[row, column]
        if style != NO_STYLE:
            known_area += matrix.area_km2[column]
            dry_area += matrix.area_km2[column] * (style in matrix.drought_styles)
    if not known_area:
        return {"colour": "", "hatched": True, "said": capitalise(NO_DATA.name(view.lang))}
    share = percent(100 * dry_area / known_area, view.lang)
    return {"colour": "", "hatched": False, "said": view.words("bulletins.share", share=share)}


def _places(view: PageView) -> dict[str, Any]:
    """Return links to France, the régions and the départements of the selected one."""
    key = view.bulletin_place
    region = "" if key == "FR" else key.removeprefix("R")
    if view.state.departement:
        region = region_of(view.state.departement).key.removeprefix("R")
    return {
        "words": view.words,
        "view": view,
        "regions": sorted(REGIONS.items(), key=lambda each: each[1]),
        "region": REGIONS.get(region, ""),
        "departements": [
            (code, view.publication.name(code))
            for code in (places()[f"R{region}"].codes if region in REGIONS else ())
            if code in view.publication.codes
        ],
    }
