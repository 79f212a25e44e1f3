"""The trends page: what changes season by season, where it is dry together, shares of each year."""

from typing import Any, Final

import numpy as np
from markupsafe import Markup

from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.indicators.trends import MIN_YEARS
from geo_pipeline.publishing.formats import capitalise
from geo_pipeline.publishing.legend import FULL_REFERENCE_YEARS
from panel_app.data.page_view import PageView
from panel_app.drawing.templates import render
from panel_app.pages.trends import season_trends
from panel_app.pages.trends.hot_spots import hot
from panel_app.pages.trends.trend_map import limits, paler, trend_map
from panel_app.pages.trends.trends_charts import (
    DRY,
    SEASON_NAMES,
    USUAL,
    WET,
    Shown,
    through_years,
)
from panel_app.pages.trends.year_shares import shares

OFFERED: Final = ("combined", "spei_3", "spi_3", "swi", "precip_mm")
"""Indicators offered where the one shown has no trend."""
IN_SEASON: Final = {
    "year": "trends.in.year",
    "winter": "trends.in.winter",
    "spring": "trends.in.spring",
    "summer": "trends.in.summer",
    "autumn": "trends.in.autumn",
}
MONTHS: Final = {
    "year": "trends.months.year",
    "winter": "trends.months.winter",
    "spring": "trends.months.spring",
    "summer": "trends.months.summer",
    "autumn": "trends.months.autumn",
}


def slots(view: PageView) -> dict[str, str]:
    """Return the content of the page by slot. Only `hot` depends on the period."""
    about = Shown(view)
    if not season_trends.has_trend(view.indicator):
        return {
            "headline": _headline(
                view.words("trends.none.title"), view.words("trends.none.why")
            ),
            "choose": _offers(view),
            "trend": "",
            "place": "",
            "hot": "",
            "shares": shares(about),
            "notes": notes(view),
        }  # fmt: skip
    return {
        "headline": headline(about),
        "choose": choose(about),
        "trend": trend_map(about),
        "place": place(about),
        "hot": hot(about),
        "shares": shares(about),
        "notes": notes(view),
    }


def chance(p_value: float, view: PageView) -> str:
    """How often chance alone gives such a trend, in words."""
    times = round(100 * p_value)
    return view.words.count("trends.chance", times) if times else view.words("trends.chance.rare")


def headline(about: Shown) -> str:
    """The finding: how many départements have a significant trend."""
    view, words, found = about.view, about.view.words, about.trend
    many = found.counts(about.sign)
    first, last = found.span()
    where = words(IN_SEASON[about.season])
    years = int(found.used[:-1].max(initial=0))
    what = words(
        "trends.what",
        indicator=view.indicator.name(view.lang),
        how=about.how(about.season),
        months=words(MONTHS[about.season]),
        first=first,
        last=last,
        n=words.count("trends.years", years),
    )
    if not many.known:
        return _headline(words("trends.few", season=where, n=MIN_YEARS), what if first else "")
    values = {"season": where, "known": many.known, "years": years}
    brown, green = about.way(brown=True), about.way(brown=False)
    if many.surely_drier and many.surely_wetter:
        said = words(
            "trends.both",
            way=brown,
            n=many.surely_drier,
            other=green,
            m=many.surely_wetter,
            **values,
        )
    elif many.surely_drier or many.surely_wetter:
        way = brown if many.surely_drier else green
        said = words("trends.sure", way=way, n=many.surely_drier or many.surely_wetter, **values)
    else:
        said = words("trends.unsure", season=where, years=years)
    short = words("trends.short") if years < FULL_REFERENCE_YEARS else ""
    sure = bool(many.surely_drier or many.surely_wetter)
    return _headline(said, f"{what} {short}".strip(), sure=sure)


def _headline(said: str, what: str, *, sure: bool = True) -> str:
    """The heading; where nothing is sure the page leads with what is known, the years."""
    return render("trends/headline", {"said": said, "what": what, "sure": sure})


def _offers(view: PageView) -> str:
    offered = [
        (key, indicator_of(key).name(view.lang))
        for key in OFFERED
        if key in view.publication.indicators
    ]
    return render("trends/offers", {"words": view.words, "offers": offered})


def choose(about: Shown) -> str:
    """The seasons to choose from, each with its finding."""
    view, words = about.view, about.view.words
    rows = []
    for season in season_trends.seasons_of(view.indicator):
        found = about.trend_of(season)
        many = found.counts(about.sign)
        sizes = (
            (many.surely_drier, DRY),
            (many.drier - many.surely_drier, paler(DRY)),
            (many.known - many.drier - many.wetter, USUAL),
            (many.wetter - many.surely_wetter, paler(WET)),
            (many.surely_wetter, WET),
        )
        rows.append(
            {
                "season": season,
                "name": words(SEASON_NAMES[season]),
                "months": words(MONTHS[season]),
                "known": many.known,
                "stack": [
                    (f"{100 * size / many.known:.1f}", colour) for size, colour in sizes if size
                ],
                "drier": many.drier,
                "wetter": many.wetter,
                "surely_drier": many.surely_drier,
                "surely_wetter": many.surely_wetter,
                "slope": about.change(float(found.slope[-1])),
                "limits": limits(about, found, -1),
            }
        )
    return render(
        "trends/choose",
        {
            "words": words,
            "rows": rows,
            "season": about.season,
            "brown": capitalise(about.way(brown=True)),
            "green": capitalise(about.way(brown=False)),
        },
    )


def place(about: Shown) -> str:
    """The season through the years: of France, and of the selected département."""
    view, words = about.view, about.view.words
    drawn = [_through(about, -1, words("trends.france"), "trend-france")]
    if view.state.departement:
        name = view.publication.name(view.state.departement)
        drawn.insert(0, _through(about, view.column, name, "trend-place"))
    return render(
        "trends/place", {"words": words, "drawn": drawn, "chosen": bool(view.state.departement)}
    )


def _through(about: Shown, at: int, name: str, key: str) -> dict[str, Any]:
    chart = through_years(about, at, name, key)
    return {
        "said": sentence(about, at, name),
        "chart": Markup(chart.html(about.view.words)) if chart else "",  # noqa: S704
    }


def sentence(about: Shown, at: int, name: str) -> str:
    """The trend of a place and its significance in a sentence; -1 is France."""
    view, words, found = about.view, about.view.words, about.trend
    used = int(found.used[at])
    if np.isnan(found.slope[at]):
        return words(
            "trends.sentence_few", name=name, n=words.count("trends.years", used), least=MIN_YEARS
        )
    p_value, sure = float(found.p_value[at]), bool(found.significant[at])
    tests = int(found.known.sum())
    if at == -1:
        worth = words(
            "trends.worth.nation" if sure else "trends.worth.none", chance=chance(p_value, view)
        )
    elif sure:
        worth = words("trends.worth.sure", n=tests)
    elif p_value <= season_trends.ALONE:
        worth = words("trends.worth.alone", chance=chance(p_value, view), n=tests)
    else:
        worth = words("trends.worth.none", chance=chance(p_value, view))
    return words(
        "trends.sentence",
        name=name,
        season=words(IN_SEASON[about.season]).lower(),
        slope=about.change(float(found.slope[at])),
        interval=about.interval(float(found.low[at]), float(found.high[at])),
        worth=worth,
    )


def notes(view: PageView) -> str:
    """How to read the page, and the limits of its tests."""
    first, last = view.matrix.periods[0].year, view.matrix.periods[-1].year
    return render(
        "trends/notes",
        {
            "words": view.words,
            "lang": view.lang,
            "first": first,
            "last": last,
            "trend": season_trends.has_trend(view.indicator),
        },
    )
