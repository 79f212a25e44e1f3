"""How much of a département is in each class, from the cells of the grid inside it."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from geo_pipeline import dekads
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.catalogue.styles import DROUGHT_CLASSES, ClassStyle
from geo_pipeline.publishing.formats import capitalise, format_period
from panel_app.data.page_view import percent
from panel_app.data.state import DEFAULT_INDICATOR
from panel_app.drawing import svg
from panel_app.drawing.theme import bar_colour
from panel_app.pages.departement.departement_place import Place

HEIGHT: Final = 208
DEKADS: Final = 3 * dekads.A_YEAR
"""Dekads drawn, up to that of the page."""

UNKNOWN: Final = "unknown_pct"
COLUMNS: Final = tuple(f"{style.code.lower()}_pct" for style in DROUGHT_CLASSES)
"""Columns of the shares, driest first, as the styles are."""

MOST_UNKNOWN_PCT: Final = 50.0
"""Share without a class from which nothing is said of the others."""

TOLD: Final = {
    "D1": "departement.area_d1",
    "D2": "departement.area_d2",
    "D3": "departement.area_d3",
}
"""Parts of the sentence, each on a class or worse."""


def area(place: Place) -> dict[str, Any]:
    """A sentence on the share of the area in drought, and the shares of three years as bars."""
    indicator = chosen(place)
    table = place.record.area_in_class
    rows = table[table["indicator"] == indicator].set_index("period_end").drop(columns="indicator")
    until = rows.loc[: pd.Timestamp(place.day)].iloc[-DEKADS:]
    since = pd.Timestamp(dekads.before(place.day, DEKADS))
    until = until[until.index > since]
    if until.empty:
        return {}
    now = until.index[-1] == pd.Timestamp(place.day)
    return {
        "said": sentence(place, until.iloc[-1]) if now else "",
        "chart": Markup(_chart(place, indicator, until).html(place.view.words)),  # noqa: S704
    }


def chosen(place: Place) -> str:
    """Return the indicator whose shares are shown: the page's if cells have it."""
    known = place.view.publication.cell_indicators
    indicator = place.matrix.indicator
    return indicator if indicator in known else DEFAULT_INDICATOR


def at_least(row: "pd.Series[float]", code: str) -> float:
    """Return the share of the known area in a class or a drier one, %."""
    last = [style.code for style in DROUGHT_CLASSES].index(code)
    known = 100.0 - row[UNKNOWN]
    return float(100.0 * row[list(COLUMNS[: last + 1])].sum() / known) if known > 0 else 0.0


def sentence(place: Place, row: "pd.Series[float]") -> str:
    """Say how much of the area is in drought, how much of it gravely, and how much is unknown."""
    words, lang, view = place.view.words, place.view.lang, place.view
    unknown = float(row[UNKNOWN])
    missing = words("departement.area_unknown", share=percent(unknown, lang)) if unknown else ""
    if unknown >= MOST_UNKNOWN_PCT:
        return view.tense(missing)
    shares = {code: at_least(row, code) for code in TOLD}
    parts = [
        words(key, share=percent(shares[code], lang)) for code, key in TOLD.items() if shares[code]
    ]
    said = f"{''.join(parts)}." if parts else words("departement.area_none")
    return view.tense(" ".join(each for each in (capitalise(said), missing) if each))


def _chart(place: Place, indicator: str, rows: pd.DataFrame) -> svg.Chart:
    """The shares of each dekad as stacked bars, the driest class below; unknown ones hatched."""
    view, words, lang = place.view, place.view.words, place.view.lang
    ends = pd.DatetimeIndex(rows.index)
    first, last = dekads.first_days(ends), ends + pd.Timedelta(days=1)
    scale = svg.Scale(first[0].toordinal(), last[-1].toordinal())
    left, right = (scale([each.toordinal() for each in edge]) for edge in (first, last))
    inner, across = float(HEIGHT - 32), svg.Scale(0.0, 100.0)
    marks, labels = svg.axis(across, [0, 25, 50, 75, 100], inner, lambda tick: percent(tick, lang))
    marks += _bars(rows, left, right, inner)
    labels += [
        svg.Label(float(scale(day.toordinal())), 1.0, str(day.year), "start", "x")
        for day in pd.date_range(first[0], ends[-1], freq="YS")
    ]
    names = [format_period(end.date(), "dekad", lang) for end in ends]
    return svg.Chart(
        name="area",
        title=words("departement.area_title", indicator=indicator_of(indicator).name(lang)),
        note=words("departement.area_note", source=view.source),
        height=HEIGHT,
        marks=marks,
        labels=labels,
        tips=[
            svg.Tip(
                float(x0), float(x1), capitalise(name), _tip(place, row), end.date().isoformat()
            )
            for x0, x1, name, end, (_, row) in zip(
                left, right, names, ends, rows.iterrows(), strict=True
            )
        ],
        table=svg.Table(
            [words("chart.period"), *_names(place, DROUGHT_CLASSES), words("departement.no_class")],
            [
                [capitalise(name), *(percent(row[each], lang) for each in (*COLUMNS, UNKNOWN))]
                for name, (_, row) in zip(names[::-1], rows[::-1].iterrows(), strict=True)
            ],
        ),
        now=(float(left[-1]), float(right[-1])),
    )


def _bars(rows: pd.DataFrame, left: svg.Floats, right: svg.Floats, height: float) -> list[svg.Mark]:
    """One mark for each class; the usual one is left blank, so that the others stand out."""
    shares = rows[[*COLUMNS, UNKNOWN]].to_numpy(float) / 100.0
    top = np.minimum(np.cumsum(shares, axis=1), 1.0)
    marks = []
    for place, style in enumerate((*DROUGHT_CLASSES, None)):
        there = shares[:, place] > 0
        if (style is not None and style.code == "normal") or not there.any():
            continue
        low = top[there, place] - shares[there, place]
        shape = svg.bars(left[there], right[there], low, top[there, place], height)
        marks.append(
            svg.Mark(shape, "hatch")
            if style is None
            else svg.Mark(shape, "fill", fill=bar_colour(style))
        )
    return marks


def _names(place: Place, styles: Sequence[ClassStyle]) -> list[str]:
    return [capitalise(style.name(place.view.lang)) for style in styles]


def _tip(place: Place, row: "pd.Series[float]") -> str:
    """The classes that a dekad has, driest first: `D2 12 %, D1 30 %`."""
    lang, words = place.view.lang, place.view.words
    told = [
        f"{style.name(lang)} {percent(row[column], lang)}"
        for style, column in zip(DROUGHT_CLASSES, COLUMNS, strict=True)
        if row[column] > 0
    ]
    if row[UNKNOWN] > 0:
        told.append(f"{words('departement.no_class')} {percent(row[UNKNOWN], lang)}")
    return ", ".join(told)
