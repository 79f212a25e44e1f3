"""The trends page: what changes season by season, where it is dry together, shares of each year."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from geo_pipeline.indicators.trends import MIN_YEARS
from geo_pipeline.publishing import look
from panel_app.data import dekads
from panel_app.data.indicator_matrix import NO_STYLE
from panel_app.data.page_view import PageView, percent
from panel_app.drawing import atlas, indicator_charts
from panel_app.drawing.templates import render
from panel_app.pages.trends import season_trends
from panel_app.pages.trends.trends_charts import (
    COLOURS,
    SEASON_NAMES,
    USUAL,
    Shown,
    colon,
    known_said,
    season_said,
    shares_chart,
    through_years,
)

NAMED: Final = 8
"""So many members of the clusters are named in a sentence."""
OFFERED: Final = ("combined", "spei_3", "spi_3", "swi", "precip_mm")
"""Indicators that are offered where the one shown has no trend."""
DRY, WET = COLOURS[0], COLOURS[-1]
KIND_COLOURS: Final = (USUAL, DRY, WET, COLOURS[2], COLOURS[6])
PALE: Final = 0.5
"""How much white is in the colour of a trend that chance explains."""
STRONG, SOME = 0.5, 0.2
"""From these indices of Moran on neighbours are called very alike, and alike."""

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
KINDS: Final = {
    "dry": (
        "trends.kind.dry_cluster",
        "trends.kind.wet_cluster",
        "trends.kind.dry_alone",
        "trends.kind.wet_alone",
    ),
    "high": (
        "trends.kind.high_cluster",
        "trends.kind.low_cluster",
        "trends.kind.high_alone",
        "trends.kind.low_alone",
    ),
    "low": (
        "trends.kind.low_cluster",
        "trends.kind.high_cluster",
        "trends.kind.low_alone",
        "trends.kind.high_alone",
    ),
}
"""By what the brown end of the colours is called."""


def slots(view: PageView) -> dict[str, str]:
    """Return what the page says, by place. Only `hot` depends on the period."""
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


def p_text(p_value: float, lang: look.Lang) -> str:
    """`0,21`, `< 0,001`."""
    if p_value < 0.001:
        return f"<{look.THIN}{look.format_number(0.001, 3, lang)}"
    return look.format_number(p_value, 3 if p_value < 0.1 else 2, lang)


def chance(p_value: float, view: PageView) -> str:
    """How often chance alone does as much, in words."""
    times = round(100 * p_value)
    return view.words.count("trends.chance", times) if times else view.words("trends.chance.rare")


# --------------------------------------------------------------------------------------------
# Headline
# --------------------------------------------------------------------------------------------


def headline(about: Shown) -> str:
    """The finding: in how many départements there is a trend that chance does not explain."""
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
        way = brown if many.drier >= many.wetter else green
        said = words("trends.unsure", way=way, n=max(many.drier, many.wetter), **values)
    short = words("trends.short") if years < look.FULL_REFERENCE_YEARS else ""
    return _headline(said, f"{what} {short}".strip())


def _headline(said: str, what: str) -> str:
    return render("trends/headline", {"said": said, "what": what})


def _offers(view: PageView) -> str:
    offered = [
        (key, look.indicator_of(key).name(view.lang))
        for key in OFFERED
        if key in view.publication.indicators
    ]
    return render("trends/offers", {"words": view.words, "offers": offered})


# --------------------------------------------------------------------------------------------
# Seasons
# --------------------------------------------------------------------------------------------


def choose(about: Shown) -> str:
    """The seasons with what each of them says, to choose one."""
    view, words = about.view, about.view.words
    rows = []
    for season in season_trends.seasons_of(view.indicator):
        found = about.kept.trend(view.state.indicator, season)
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
                "limits": _limits(about, found, -1),
            }
        )
    return render(
        "trends/choose",
        {
            "words": words,
            "rows": rows,
            "season": about.season,
            "brown": look.capitalise(about.way(brown=True)),
            "green": look.capitalise(about.way(brown=False)),
        },
    )


def _limits(about: Shown, found: season_trends.Trend, at: int) -> str:
    if np.isnan(found.slope[at]):
        return ""
    return about.view.words(
        "trends.limits",
        low=about.number(float(found.low[at])),
        high=about.number(float(found.high[at])),
    )


# --------------------------------------------------------------------------------------------
# Trend map
# --------------------------------------------------------------------------------------------


def paler(colour: str) -> str:
    """The same colour with white in it; near-white as it is."""
    if colour == USUAL:
        return colour
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * PALE):02x}" for part in parts)


def trend_map(about: Shown) -> str:
    """The slopes on a map, its legend, the table of all départements."""
    view, words, found = about.view, about.view.words, about.trend
    step = about.kept.step(view.state.indicator, about.season)
    classes = season_trends.bins(found.places, step, about.sign)
    certain = found.significant[:-1]
    colours = [
        "" if index < 0 else COLOURS[index] if sure else paler(COLOURS[index])
        for index, sure in zip(classes, certain, strict=True)
    ]
    names = view.publication.names
    titles = [_place_title(about, column) for column in range(len(names))]
    label = words("trends.map", indicator=view.indicator.name(view.lang), season=season_said(about))
    return render(
        "trends/trend",
        {
            "words": words,
            "title": label,
            "map": Markup(  # noqa: S704  rendered with escaping
                atlas.map_html(
                    view.publication, words, colours, name="trend", label=label, titles=titles,
                    marks=["significant" if sure else "" for sure in certain],
                    selected=view.state.departement,
                )
            ),
            "legend": _legend(about, classes, step),
            "unknown": int((classes < 0).sum()),
            "least": MIN_YEARS,
            "any": bool(certain.any()),
            "unit": _unit_line(about),
            "rows": _rows(about),
            "look_back": _look_back(about),
            "source": view.source,
        },
    )  # fmt: skip


def _place_title(about: Shown, column: int) -> str:
    view, found = about.view, about.trend
    name = view.publication.names[column]
    if np.isnan(found.slope[column]):
        return view.words("trends.tip_none", name=name, least=MIN_YEARS)
    key = "trends.tip_sure" if found.significant[column] else "trends.tip"
    return view.words(
        key,
        name=name,
        slope=about.change(float(found.slope[column])),
        p=p_text(float(found.p_value[column]), view.lang),
    )


def _legend(about: Shown, classes: season_trends.Ints, step: float) -> list[dict[str, Any]]:
    """The classes of slopes, the brown end first, with how many are in each."""
    certain = about.trend.significant[:-1]
    rows = []
    for index, colour in enumerate(COLOURS):
        inside = classes == index
        rows.append(
            {
                "name": bin_name(about, index, step),
                "colour": colour,
                "pale": paler(colour),
                "sure": int((inside & certain).sum()),
                "unsure": int((inside & ~certain).sum()),
            }
        )
    return rows


def bin_name(about: Shown, index: int, step: float) -> str:
    """`plus de +80 mm`, `−40 à −20 mm`, `±20 mm`: the number's own sign, whatever the colour."""
    words, lang = about.view.words, about.view.lang
    decimals = next(many for many in range(6) if abs(round(step, many) - step) < 1e-9)
    unit = f"{look.NBSP}{about.unit}" if about.unit else ""

    def number(value: float) -> str:
        text = look.format_number(value, decimals, lang)
        return f"+{text}" if value > 0 else text

    if index == 4:
        return f"±{look.THIN}{look.format_number(step, decimals, lang)}{unit}"
    size = 4 - index if index < 4 else index - 4
    sign = about.sign if index < 4 else -about.sign
    low = number(sign * size * step)
    if size == season_trends.EDGES:
        key = "trends.above" if sign > 0 else "trends.below"
        return words(key, low=f"{low}{unit}")
    return words("trends.range", low=low, high=f"{number(sign * (size + 1) * step)}{unit}")


def _rows(about: Shown) -> list[dict[str, str | bool]]:
    """The table: a row a département, in the order of their codes."""
    view, found = about.view, about.trend
    return [
        {
            "code": code,
            "name": name,
            "slope": about.number(float(found.slope[at])),
            "limits": _limits(about, found, at),
            "p": p_text(float(found.p_value[at]), view.lang),
            "years": str(found.used[at]),
            "sure": bool(found.significant[at]),
            "known": bool(found.known[at]),
        }
        for at, (code, name) in enumerate(
            zip(view.publication.codes, view.publication.names, strict=True)
        )
    ]


def _unit_line(about: Shown) -> str:
    words = about.view.words
    if about.unit:
        return words("trends.unit", unit=about.unit)
    return words("trends.unit_none")


def _look_back(about: Shown) -> str:
    """That a value looks back on months before its season, where it does."""
    months = about.view.indicator.months or 1
    if months < 2 or season_trends.how(about.view.indicator) != "mean":
        return ""
    return about.view.words("trends.look_back", n=months)


# --------------------------------------------------------------------------------------------
# Through the years
# --------------------------------------------------------------------------------------------


def place(about: Shown) -> str:
    """The season through the years: France, and the département that is selected."""
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
    """What the trend of a place is, and what it is worth; -1 is France."""
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


# --------------------------------------------------------------------------------------------
# Hot spots
# --------------------------------------------------------------------------------------------


def hot(about: Shown) -> str:
    """Where neighbours are dry together at the period that is shown."""
    view, words = about.view, about.view.words
    found = about.kept.hot_spots(view.state.indicator, view.row)
    names = [words(key) for key in KINDS[about.speech]]
    said = [words("trends.kind.neither"), *names]
    codes = view.publication.codes
    titles = [
        f"{view.publication.names[at]}{colon(view)}"
        + (words("trends.kind.unknown") if kind < 0 else said[kind])
        + (
            f", {view.matrix.shown_value(view.row, at, view.lang)}"
            if view.matrix.style[view.row, at] != NO_STYLE
            else ""
        )
        for at, kind in enumerate(found.kind)
    ]
    label = words("trends.hot.map", indicator=view.indicator.name(view.lang), period=view.period)
    order = [
        each
        for each in np.argsort(found.p_value, kind="stable")
        if found.kind[each] > season_trends.NEITHER
    ]
    return render(
        "trends/hot",
        {
            "words": words,
            "title": words("trends.hot.title", period=view.period),
            "steps": steps(view),
            "said": _hot_said(about, found),
            "alike": alike(found, view),
            "map": Markup(  # noqa: S704  rendered with escaping
                atlas.map_html(
                    view.publication, words,
                    ["" if kind < 0 else KIND_COLOURS[kind] for kind in found.kind],
                    name="hot", label=label, titles=titles,
                    marks=[
                        "significant" if kind > season_trends.NEITHER else ""
                        for kind in found.kind
                    ],
                    selected=view.state.departement,
                )
            ),
            "legend": [
                (said[kind], KIND_COLOURS[kind], int((found.kind == kind).sum()))
                for kind in (*range(1, 5), season_trends.NEITHER)
            ],
            "unknown": int((found.kind < 0).sum()),
            "label": label,
            "rows": [
                {
                    "name": view.publication.names[at],
                    "code": codes[at],
                    "kind": said[found.kind[at]],
                    "colour": KIND_COLOURS[found.kind[at]],
                    "value": view.matrix.shown_value(view.row, int(at), view.lang),
                    "p": p_text(float(found.p_value[at]), view.lang),
                }
                for at in order
            ],
            "against": words(
                "trends.hot.against_dry" if about.speech == "dry" else "trends.hot.against"
            ),
            "source": view.source,
        },
    )  # fmt: skip


def _hot_said(about: Shown, found: season_trends.HotSpots) -> str:
    """Who is in the brown clusters and in the green ones."""
    view, words = about.view, about.view.words
    names = np.array(view.publication.names, dtype=object)
    parts = []
    for kind, key in zip(
        (season_trends.DRY_CLUSTER, season_trends.WET_CLUSTER), KINDS[about.speech][:2], strict=True
    ):
        inside = np.flatnonzero(found.kind == kind)
        if not inside.size:
            continue
        first = inside[np.argsort(found.p_value[inside], kind="stable")][:NAMED]
        more = inside.size - first.size
        listed = ", ".join(names[first]) + (f", {words('trends.hot.more', n=more)}" if more else "")
        parts.append(
            words(
                "trends.hot.members", kind=look.capitalise(words(key)), n=inside.size, names=listed
            )
        )
    return " ".join(parts) or words("trends.hot.none")


def alike(found: season_trends.HotSpots, view: PageView) -> str:
    """How far neighbours resemble each other, in words."""
    words, value = view.words, found.alike
    if np.isnan(value):
        return words("trends.moran.unknown")
    index = look.format_number(value, 2, view.lang)
    if found.p_value_of_all > season_trends.ALONE:
        return words("trends.moran.chance", i=index)
    if value < found.expected:
        return words("trends.moran.unlike", i=index)
    if value >= STRONG:
        return words("trends.moran.strong", i=index)
    return words("trends.moran.some" if value >= SOME else "trends.moran.weak", i=index)


def steps(view: PageView) -> list[tuple[str, str]]:
    """Where one may go from the period: a year and a step back and on, the latest."""
    matrix, step, row = view.matrix, view.state.step, view.row
    rows = matrix.rows(step)
    at = rows.index(row)
    offered: list[tuple[str, int]] = []
    if (before := _year_off(rows, matrix.periods, row, -1)) >= 0:
        offered.append(("trends.hot.year_before", before))
    if at > 0:
        offered.append(("trends.hot.before", rows[at - 1]))
    if at + 1 < len(rows):
        offered.append(("trends.hot.after", rows[at + 1]))
    if (after := _year_off(rows, matrix.periods, row, 1)) >= 0:
        offered.append(("trends.hot.year_after", after))
    if (latest := matrix.nearest(None, step)) not in (row, *(to for _, to in offered)):
        offered.append(("trends.hot.latest", latest))
    return [(view.words(key), matrix.period_typed(to, step)) for key, to in offered]


def _year_off(rows: Sequence[int], periods: Sequence[date], row: int, by: int) -> int:
    """Row of the same dekad a year before or after, -1 for none."""
    wanted = (periods[row].year + by, dekads.of_year(periods[row]))
    return next(
        (each for each in rows if (periods[each].year, dekads.of_year(periods[each])) == wanted), -1
    )


# --------------------------------------------------------------------------------------------
# Shares
# --------------------------------------------------------------------------------------------


def shares(about: Shown) -> str:
    """Share of the area, or of a crop's, in each class, year by year."""
    view, words = about.view, about.view.words
    if view.indicator.kind == "restriction":
        return ""
    found = season_trends.yearly_shares(view.matrix, indicator_charts.weighted_shares(view))
    crop = view.state.crop if view.state.crop in view.publication.crop_areas else ""
    drought = view.indicator.kind == "class"
    return render(
        "trends/shares",
        {
            "words": words,
            "said": _worst(about, found) if drought else "",
            "chart": Markup(shares_chart(about, found, crop).html(words)),  # noqa: S704
            "rows": _drought_rows(about, found) if drought else [],
            "crop": words.crop(crop).lower() if crop else "",
        },
    )


def _worst(about: Shown, found: season_trends.Shares) -> str:
    """The year with the most dekads of widespread drought."""
    view, words = about.view, about.view.words
    if not found.quarter.any():
        return words("trends.shares.never")
    worst = int(np.lexsort((found.half, found.quarter))[-1])
    return words(
        "trends.shares.worst",
        year=found.years[worst],
        n=found.quarter[worst],
        known=found.periods[worst],
        half=words.count("trends.shares.half", int(found.half[worst])),
        quarter=percent(25, view.lang),
    )


def _drought_rows(about: Shown, found: season_trends.Shares) -> list[dict[str, str]]:
    view = about.view
    mean = found.mean[:, view.matrix.drought_styles].sum(axis=1)
    return [
        {
            "year": str(year),
            "mean": percent(float(mean[at]), view.lang) if found.periods[at] else "",
            "quarter": str(found.quarter[at]) if found.periods[at] else "",
            "half": str(found.half[at]) if found.periods[at] else "",
            "known": known_said(about, found, at),
        }
        for at, year in list(enumerate(found.years))[::-1]
    ]


# --------------------------------------------------------------------------------------------
# Notes
# --------------------------------------------------------------------------------------------


def notes(view: PageView) -> str:
    """How to read the page, and what its tests cannot say."""
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
