"""Page of a département: the list of its sections, and the sections that have no module.

The sections answer how dry it is, compared with what, since when, which crops are concerned, what
may come and how certain that is. Those with more code are in the modules `departement_*`.
"""

from typing import Any, Final

import numpy as np
import pandas as pd

from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.publishing import season_courses
from geo_pipeline.publishing.formats import (
    capitalise,
    format_date,
    format_period,
    format_value,
    ordinal,
)
from geo_pipeline.publishing.legend import IN_DROUGHT
from geo_pipeline.territory import BY_CODE, REGIONS
from panel_app.data.crop_exposure import exposure
from panel_app.data.indicator_matrix import NO_STYLE, Matrix
from panel_app.data.page_view import PageView, Slots, enumeration, hectares
from panel_app.data.state import DEFAULT_INDICATOR
from panel_app.drawing.templates import render
from panel_app.pages.departement.departement_area import area
from panel_app.pages.departement.departement_history import events, outline, strip, strip_matrix
from panel_app.pages.departement.departement_outlook import outlook
from panel_app.pages.departement.departement_place import Place, held, record, swatch
from panel_app.pages.departement.departement_season import ahead, rain_rank, this_season
from panel_app.pages.departement.departement_sources import provenance
from panel_app.pages.departement.departement_stakes import (
    crops,
    level_of,
    order_in_force,
    other_time,
    restrictions,
)
from panel_app.pages.ranking.ranking_order import alphabetical

SLOTS: Final = (
    "head", "figures", "area", "season", "outlook", "strip_head", "strip", "strip_now", "events",
    "crops", "restrictions", "neighbours", "ahead", "provenance",
)  # fmt: skip
"""Slots of the page, in reading order."""

LOW: Final = ("departement.lowest", "departement.low")

HIGH: Final = ("departement.highest", "departement.high")

LEAST_CROPS_HA: Final = 100.0
"""Smaller areas of a crop are not mentioned as a stake."""


def slots(view: PageView) -> Slots:
    """Return the content of the page by slot."""
    if not view.state.departement:
        return dict.fromkeys(SLOTS, "") | {"head": render("departement/chooser", chooser(view))}
    place = Place(view, record(view.publication, view.state.departement))
    parts = {
        "head": head(place),
        "figures": {"figures": figures(place)},
        "area": area(place),
        "season": this_season(place),
        "outlook": outlook(place),
        "events": events(place),
        "crops": crops(place),
        "restrictions": restrictions(place),
        "neighbours": neighbours(place),
        "ahead": ahead(place),
        "provenance": provenance(place),
    }
    common = {"view": view, "words": view.words, "name": view.publication.name(place.code)}
    rendered = {
        name: render(f"departement/{name}", common | values).strip() if values else ""
        for name, values in parts.items()
    }
    return dict.fromkeys(SLOTS, "") | rendered | history(place)


def subject(view: PageView) -> str:
    """Name of the département that is shown."""
    code = view.state.departement
    return view.publication.name(code) if code else ""


def history(place: Place) -> Slots:
    """The strip, its heading, and the outline of the cell shown."""
    matrix, view = strip_matrix(place), place.view
    if matrix is None:
        return {}
    shown = outline(place, matrix)
    return {
        "strip_head": render("departement/strip_head", {"words": view.words}),
        "strip": strip(view.publication, matrix.indicator, place.code, view.lang),
        "strip_now": render("departement/strip_now", shown) if shown else "",
    }


# --- which département ---------------------------------------------------------------------------


def chooser(view: PageView) -> dict[str, Any]:
    """All départements by région, each with its class."""
    publication = view.publication
    regions: dict[str, list[dict[str, Any]]] = {}
    for column, code in enumerate(publication.codes):
        class_of = swatch(view, view.matrix, view.row, column)
        link = {"code": code, "name": publication.names[column], **class_of}
        regions.setdefault(publication.regions[column], []).append(link)
    code_of = {name: code for code, name in REGIONS.items()}
    return {
        "view": view,
        "words": view.words,
        "regions": [
            {"name": name, "code": code_of.get(name, ""), "departements": regions[name]}
            for name in sorted(regions, key=alphabetical)
        ],
    }


# --- how dry, since when -------------------------------------------------------------------------


def head(place: Place) -> dict[str, Any]:
    """The answer in words: class, since when, rank of the rain of the current three months."""
    view, code = place.view, place.code
    codes = view.publication.codes
    position = codes.index(code)
    verdict = swatch(view, place.matrix, place.row, place.column)
    headline = body = ""
    if place.row is not None:
        statement = place.matrix.statement(place.row, place.column, view.lang)
        headline, body = capitalise(statement.head), statement.body
        if since := drought_duration(place):
            headline = f"{headline}, {since}"
    else:
        headline, body = verdict["said"], _why_no_data(place)
        if place.unclassed is not None:
            headline, body = capitalise(place.unclassed.head), place.unclassed.body
    elsewhere = "" if place.has_weather else view.words("departement.elsewhere")
    sentences = [each for each in (rain_rank(place), body, elsewhere) if each]
    return {
        "code": code,
        "region": view.publication.region(code),
        "region_code": BY_CODE[code].region_code,
        "before": _step(view, codes[position - 1]) if position else None,
        "after": _step(view, codes[position + 1]) if position + 1 < len(codes) else None,
        "of": f"{indicator_of(place.matrix.indicator).name(view.lang)}, {place.period}",
        "verdict": verdict | {"said": f"{headline}."},
        "sentences": [f"{capitalise(each)}." for each in sentences],
        "held": held(place),
    }


def _step(view: PageView, code: str) -> dict[str, str]:
    return {"code": code, "name": view.publication.name(code)}


def _why_no_data(place: Place) -> str:
    """Why there is no class, and what the page has nevertheless."""
    words = place.view.words
    weather = place.view.publication.weather_source(place.code)
    if place.has_weather and weather is not None:
        last = pd.Timestamp(weather["last_date"]).date()
        if last < place.day:
            day = format_date(last, words.lang)
            return words("departement.weather_ended", period=place.period, day=day)
        return words("departement.no_period", period=place.period)
    source = place.view.publication.source_names(place.matrix.indicator)
    return words("departement.no_weather", source=source)


def drought_duration(place: Place) -> str:
    """How long the drought, or the time without one, has lasted."""
    matrix, row, words = place.matrix, place.row, place.view.words
    if row is None:
        return ""
    if duration := matrix.drought_words(row, place.column, words.lang):
        return duration
    first = _out_since(matrix, row, place.column)
    if first < 0:
        return ""
    since = format_period(matrix.periods[first], "dekad", words.lang)
    count = words.count("departement.dekads", row - first + 1)
    return words("departement.out_for", count=count, since=since)


def _out_since(matrix: Matrix, row: int, column: int) -> int:
    """First row after the last drought; -1 if a gap or the start of the record comes first."""
    age = matrix.age[: row + 1, column]
    ended = np.flatnonzero(age > 0)
    if not ended.size:
        return -1
    first = int(ended[-1]) + 1
    gap = any(not matrix.follows(each) for each in range(first, row + 1))
    return -1 if gap or np.isnan(age[first:]).any() else first


# --- key figures ---------------------------------------------------------------------------------


def figures(place: Place) -> list[dict[str, str]]:
    """The known key figures; unknown ones are left out rather than shown as zero."""
    all_figures = [
        _usual_figure(place, "precip_mm", "departement.rain"),
        _usual_figure(place, "swi", "departement.soil"),
        _usual_figure(place, "season_precip_mm", "departement.season_rain"),
        *_drought_figures(place),
        _exposed_figure(place),
        _restriction_figure(place),
    ]
    return [each for each in all_figures if each]


def _figure(label: str, value: str, *notes: str) -> dict[str, str]:
    return {"label": label, "value": value, "note": "\n".join(each for each in notes if each)}


def _usual_figure(place: Place, indicator: str, label: str) -> dict[str, str]:
    """A value with the median of the other years at the same dekad, and its rank."""
    course, words = place.courses.get(indicator), place.view.words
    year, slot = place.moment
    row = course.row(year) if course else None
    if course is None or row is None or np.isnan(course.values[row, slot]):
        return {}
    values = course.values[:, slot]
    usual, lang = season_courses.normal(values, row), words.lang
    notes = []
    if not np.isnan(usual):
        shown = format_value(indicator, usual, lang)
        notes.append(words("departement.usual", value=shown))
        notes.append(_rank_words(season_courses.rank(values, row), place))
    if indicator == "season_precip_mm" and usual > 0:
        change = 100 * (float(values[row]) / usual - 1)
        notes[0] += f" ({format_value('precip_anomaly_pct', change, lang)})"
    value = format_value(indicator, float(values[row]), lang)
    return _figure(words(label), value, *notes)


def _rank_words(rank: season_courses.Rank | None, place: Place) -> str:
    """`3e plus faible sur 12`, counted from the nearer end."""
    if rank is None:
        return ""
    words = place.view.words
    low = rank.from_lowest <= rank.from_highest
    position = rank.from_lowest if low else rank.from_highest
    key = (LOW if low else HIGH)[position > 1]
    return words(key, nth=ordinal(position, words.lang), n=rank.known)


def _drought_figures(place: Place) -> list[dict[str, str]]:
    """Score and age of the drought."""
    words, lang = place.view.words, place.view.lang
    known = []
    if score := _at(place, DEFAULT_INDICATOR):
        matrix, row = score
        value = matrix.shown_value(row, place.column, lang)
        known.append(_figure(words("departement.score"), value, words("departement.score_note")))
    if place.row is not None and _tells_age(place):
        age = place.matrix.age[place.row, place.column]
        value = words.count("departement.dekads", int(age)) if age else words("departement.no_age")
        known.append(_figure(words("departement.age"), value, words("departement.age_note")))
    return known


def _tells_age(place: Place) -> bool:
    """Whether the duration of the drought is known, or that there is none."""
    which = indicator_of(place.matrix.indicator)
    return which.kind == "class" and not np.isnan(place.matrix.age[place.row, place.column])


def _at(place: Place, indicator: str) -> tuple[Matrix, int] | None:
    """An indicator and its row at the period, None where it has no value there."""
    matrix = place.known(indicator)
    if matrix is None or place.day not in matrix.periods:
        return None
    row = matrix.periods.index(place.day)
    return (matrix, row) if matrix.style[row, place.column] != NO_STYLE else None


def _exposed_figure(place: Place) -> dict[str, str]:
    """Area of the growing crops that is in drought."""
    words, view = place.view.words, place.view
    growing = exposure(view, place.day)
    area, dry = float(growing.area[place.column]), float(growing.in_drought[place.column])
    if np.isnan(area) and place.row is not None:
        return _figure(words("departement.exposed"), capitalise(words("departement.no_area")))
    if not area >= LEAST_CROPS_HA:
        return {}
    note = words(
        "departement.exposed_note",
        area=hectares(area, words.lang),
        crops=enumeration(
            [words.crop(each).lower() for each in growing.crops[place.column]], words
        ),
        year=growing.years(place.column),
    )
    return _figure(words("departement.exposed"), hectares(dry, words.lang), note)


def _restriction_figure(place: Place) -> dict[str, str]:
    words = place.view.words
    order = order_in_force(place)
    if order is None or other_time(place, order):
        return {}
    style = level_of(order["level_max"])
    day = format_date(pd.Timestamp(order["date"]).date(), words.lang)
    return _figure(
        words("departement.restriction"),
        capitalise(style.name(words.lang)),
        words("departement.at_date", day=day),
    )


# --- around --------------------------------------------------------------------------------------


def neighbours(place: Place) -> dict[str, Any]:
    """The neighbours, the longest border first, and how dry each is."""
    view, matrix = place.view, place.matrix
    codes = view.publication.neighbours.get(place.code, [])
    if not codes:
        return {}
    row = matrix.periods.index(place.day) if place.day in matrix.periods else None
    rows, dry, known = [], 0, 0
    for code in codes:
        column = matrix.column(code)
        here = swatch(view, matrix, row, column)
        number = (
            "" if here["hatched"] or row is None else matrix.shown_value(row, column, view.lang)
        )
        known += not here["hatched"]
        dry += row is not None and matrix.drought_class[row, column] in IN_DROUGHT
        rows.append({"code": code, "name": view.publication.name(code), "value": number, **here})
    key = "departement.neighbours_dry" if dry else "departement.neighbours_fine"
    return {
        "rows": rows,
        "finding": view.tense(view.words(key, dry=dry, n=known)) if known else "",
        "of": f"{indicator_of(matrix.indicator).name(view.lang)}, {place.period}",
        "value_name": indicator_of(matrix.indicator).value_name(view.lang),
    }
