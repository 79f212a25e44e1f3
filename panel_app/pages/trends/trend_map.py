"""The map of trends: slopes in classes, their legend, the table of all départements."""

from typing import Any, Final

import numpy as np
from markupsafe import Markup

from geo_pipeline.catalogue.styles import THIN
from geo_pipeline.indicators.trends import MIN_YEARS
from geo_pipeline.publishing.formats import format_number
from geo_pipeline.words import NBSP, Lang
from panel_app.drawing import atlas
from panel_app.drawing.templates import render
from panel_app.pages.trends import season_trends
from panel_app.pages.trends.trends_charts import (
    COLOURS,
    USUAL,
    Shown,
    season_said,
)

PALE: Final = 0.5
"""Share of white in the colour of a trend that is not significant."""


def p_text(p_value: float, lang: Lang) -> str:
    """`0,21`, `< 0,001`."""
    if p_value < 0.001:
        return f"<{THIN}{format_number(0.001, 3, lang)}"
    return format_number(p_value, 3 if p_value < 0.1 else 2, lang)


def limits(about: Shown, found: season_trends.Trend, at: int) -> str:
    """The interval of a slope; empty where there is no slope."""
    if np.isnan(found.slope[at]):
        return ""
    return about.view.words(
        "trends.limits",
        low=about.number(float(found.low[at])),
        high=about.number(float(found.high[at])),
    )


def paler(colour: str) -> str:
    """The same colour mixed with white; near-white is unchanged."""
    if colour == USUAL:
        return colour
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * PALE):02x}" for part in parts)


def trend_map(about: Shown) -> str:
    """The slopes on a map, its legend, and the table of all départements."""
    view, words, found = about.view, about.view.words, about.trend
    step = season_trends.published_step(view.publication, view.state.indicator, about.season)
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
    """The classes of slopes, the brown end first, with the number in each."""
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
    unit = f"{NBSP}{about.unit}" if about.unit else ""

    def number(value: float) -> str:
        text = format_number(value, decimals, lang)
        return f"+{text}" if value > 0 else text

    if index == 4:
        return f"±{THIN}{format_number(step, decimals, lang)}{unit}"
    size = 4 - index if index < 4 else index - 4
    sign = about.sign if index < 4 else -about.sign
    low = number(sign * size * step)
    if size == season_trends.EDGES:
        key = "trends.above" if sign > 0 else "trends.below"
        return words(key, low=f"{low}{unit}")
    return words("trends.range", low=low, high=f"{number(sign * (size + 1) * step)}{unit}")


def _rows(about: Shown) -> list[dict[str, str | bool]]:
    """The table: one row for each département, in the order of codes."""
    view, found = about.view, about.trend
    return [
        {
            "code": code,
            "name": name,
            "slope": about.number(float(found.slope[at])),
            "limits": limits(about, found, at),
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
    """A note that a value looks back on months before its season, if it does."""
    months = about.view.indicator.months or 1
    if months < 2 or about.view.indicator.over_season != "mean":
        return ""
    return about.view.words("trends.look_back", n=months)
