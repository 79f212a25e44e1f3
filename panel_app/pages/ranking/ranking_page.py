"""The ranking: all départements or régions in a table, and up to five départements side by side."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from geo_pipeline.catalogue.indicator_record import Indicator
from geo_pipeline.publishing.formats import format_number
from geo_pipeline.territory import BY_CODE, REGIONS
from geo_pipeline.words import NBSP
from panel_app.data.crops_at_stake import crops_at_stake
from panel_app.data.page_view import PageView, enumeration, percent
from panel_app.data.period_steps import drier_sign, step_name
from panel_app.data.state import MAX_PLACES
from panel_app.drawing.templates import render
from panel_app.pages.ranking import place_comparison
from panel_app.pages.ranking.compared_places import compared_places
from panel_app.pages.ranking.ranked_departements import (
    RankedDepartements,
    inside_region,
    rank_departements,
)
from panel_app.pages.ranking.ranked_regions import RankedRegions
from panel_app.pages.ranking.ranking_order import alphabetical, in_order, ranks
from panel_app.pages.ranking.ranking_table import departements
from panel_app.pages.ranking.region_table import regions_table

NAMED: Final = 3
"""Number of the driest named in the headline and offered for a comparison."""


def slots(view: PageView) -> dict[str, str]:
    """Return the content of the page by slot."""
    ranked = rank_departements(view)
    regions = RankedRegions(view, ranked) if view.state.level == "region" else None
    return {
        "headline": headline(view, ranked, regions),
        "filters": filters(view),
        "table": departements(view, ranked) if regions is None else regions_table(view, regions),
        "stakes": at_stake(view),
        "comparison": compared(view),
    }


def headline(view: PageView, ranked: RankedDepartements, regions: RankedRegions | None) -> str:
    """The driest places, and how many got worse."""
    words, lang = view.words, view.lang
    inside = inside_region(view)
    known = ranked.known
    if regions is not None:
        names = [regions.names[each] for each in in_order(list(regions.rank), False)[:NAMED]]
    else:
        order = [column for column in view.matrix.driest(view.row, known) if inside[column]]
        names = [view.matrix.names[column] for column in order[:NAMED]]
    first = _tied(view, ranked) if regions is None else ""
    first = first or _first(view, ranked, names)
    if names and view.state.region and regions is None:
        first = words("ranking.in_region", region=REGIONS[view.state.region], said=first)
    return render(
        "ranking/headline",
        {
            "first": first,
            "worse": _worse(view, ranked) if names else "",
            "indicator": view.indicator.name(lang),
            "period": view.period,
            "issued": view.issued,
            "covered": _covered(view, known),
            "words": words,
        },
    )


def _first(view: PageView, ranked: RankedDepartements, names: Sequence[str]) -> str:
    """The first places, in words that suit the indicator."""
    words, which = view.words, view.indicator
    if not names:
        return words("ranking.nothing")
    places = enumeration(names, words)
    if which.group == "restrictions":
        return words("ranking.first_strict", places=places)
    if not drier_sign(which) or which.group in ("yields", "days"):
        return words("ranking.first_plain", places=places)
    if which.dry_is_high and not np.nanmax(ranked.value) > 0:
        return view.tense(words("ranking.first_none"))
    if which.ahead:
        key = "ranking.first_likely" if which.dry_is_high else "ranking.first_ahead"
    else:
        key = "ranking.first_hit" if _tells_harm(which) else "ranking.first"
    return words(key, places=places)


def _tied(view: PageView, ranked: RankedDepartements) -> str:
    """A note that more places share the first rank than are named; else empty."""
    shown = np.where(inside_region(view), ranked.dryness, np.nan)
    first = np.flatnonzero(ranks(shown) == 1)
    if len(first) <= NAMED or (view.indicator.dry_is_high and not np.nanmax(ranked.value) > 0):
        return ""
    column = int(first[0])
    said = view.matrix.style_at(view.row, column).name(view.lang)
    if not view.indicator.by_class:
        said = view.matrix.shown_value(view.row, column, view.lang)
    many = format_number(len(first), 0, view.lang)
    return view.words("ranking.tied", n=many, what=said)


def _tells_harm(which: Indicator) -> bool:
    """Whether its classes are called graver rather than drier."""
    return which.dry_is_high or which.kind in ("stage", "restriction")


def _since(view: PageView) -> str:
    """The step before, in words."""
    said = {
        "dekad": "ranking.since_dekad",
        "month": "ranking.since_month",
        "year": "ranking.since_year",
        "day": "ranking.since_day",
    }
    return view.words(said[step_name(view.matrix, view.state.step)])


def _worse(view: PageView, ranked: RankedDepartements) -> str:
    if ranked.before < 0 or not drier_sign(view.indicator) or view.indicator.ahead:
        return ""
    words, since = view.words, _since(view)
    which = words("ranking.graver" if _tells_harm(view.indicator) else "ranking.drier_class")
    if not ranked.drier:
        return words("ranking.worse_none", which=which, since=since)
    many = format_number(ranked.drier, 0, view.lang)
    if ranked.drier == 1:
        return words("ranking.worse_one", n=many, which=which, since=since)
    return words("ranking.worse_many", n=many, which=which, since=since)


def _covered(view: PageView, known: int) -> str:
    words, matrix = view.words, view.matrix
    if view.indicator.kind != "class":
        return words.count("ranking.known", known)
    count = words.count("ranking.classed", known)
    dry = int(np.isin(matrix.style[view.row], matrix.drought_styles).sum())
    area = percent(matrix.drought_share(view.row), view.lang)
    return view.tense(words("ranking.in_drought", dry=dry, known=count, area=area))


def at_stake(view: PageView) -> str:
    """The crops at stake in the chosen région, or in each where régions are ranked; else empty."""
    words, chosen = view.words, REGIONS.get(view.state.region, "")
    if view.state.level == "region":
        names, title = tuple(REGIONS.values()), words("stakes.of_regions")
    elif chosen:
        names, title = (chosen,), words("stakes.of_region", region=chosen)
    else:
        return ""
    return render(
        "ranking/stakes",
        {
            "words": words,
            "title": title,
            "period": view.period,
            "rows": crops_at_stake(view, names),
            "by_region": len(names) > 1,
        },
    )


def filters(view: PageView) -> str:
    """The period, the level, the région, and a search among the rows."""
    level = view.state.level
    by_name = sorted(REGIONS.items(), key=lambda pair: alphabetical(pair[1]))
    return render(
        "ranking/filters",
        {
            "words": view.words,
            "level": level,
            "levels": [
                (each, view.words(key), view.href(level="" if each == "departement" else each))
                for each, key in (
                    ("departement", "ranking.departements"),
                    ("region", "ranking.regions"),
                )
            ],
            "regions": by_name,
            "region": view.state.region,
            **periods(view),
        },
    )


def periods(view: PageView) -> dict[str, Any]:
    """The periods to choose from, the latest first: months, and the dekad shown."""
    matrix, step = view.matrix, view.state.step
    rows = matrix.rows(step)
    place = rows.index(view.row)
    offered = matrix.rows("month")[::-1]
    listed = offered if view.row in offered and step == "month" else [view.row, *offered]
    steps = ["month", "dekad"] if matrix.by_dekad and matrix.month_rows else []
    options: dict[str, str] = {}
    for row in listed:
        said = step if row == view.row else "month"
        options.setdefault(
            matrix.period_typed(row, said), matrix.period_words(row, view.lang, said)
        )
    return {
        "shown": view.period_typed,
        "options": list(options.items()),
        "before": view.href(period=matrix.period_typed(rows[place - 1], step)) if place else "",
        "after": view.href(period=matrix.period_typed(rows[place + 1], step))
        if place + 1 < len(rows)
        else "",
        "step": step,
        "steps": [
            (each, view.words(key), view.href(period=matrix.period_typed(view.row, each)))
            for each, key in (("month", "ranking.by_month"), ("dekad", "ranking.by_dekad"))
            if each in steps
        ],
    }


def compared(view: PageView) -> str:
    """The charts of the chosen places, or suggestions."""
    words, matrix = view.words, view.matrix
    places = compared_places(view)
    chosen = [place.code for place in places]
    driest = [matrix.codes[column] for column in matrix.driest(view.row, NAMED)]
    offers = []
    if not places and driest:
        names = enumeration([BY_CODE[code].name for code in driest], words)
        offers.append(
            (words("ranking.offer_driest", places=names), view.href(places=",".join(driest)))
        )
    around = view.publication.neighbours.get(view.state.departement, [])[: MAX_PLACES - 1]
    if not places and around:
        name = BY_CODE[view.state.departement].name
        near = ",".join([view.state.departement, *around])
        offers.append((words("ranking.offer_neighbours", name=name), view.href(places=near)))
    rest = [
        (",".join([*chosen, code]), f"{code}{NBSP} {name}")
        for code, name in zip(matrix.codes, matrix.names, strict=True)
        if code not in chosen
    ]
    return render(
        "ranking/comparison",
        {
            "words": words,
            "most": MAX_PLACES,
            "places": [
                {
                    "name": place.name,
                    "kind": place.kind,
                    "href": view.href(page="departement", departement=place.code),
                    "without": view.href(places=",".join(c for c in chosen if c != place.code)),
                }
                for place in places
            ],
            "emptied": view.href(places=""),
            "chosen": ",".join(chosen),
            "offers": offers,
            "rest": rest if len(places) < MAX_PLACES else [],
            "charts": [chart.html(words) for chart in place_comparison.charts(view)]
            if places
            else [],
        },
    )
