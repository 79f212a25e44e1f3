"""The exported map: one HTML page that opens with no network at all, to send and to print.

Its drawing is in `planar_map`, its title in `headlines`, its texts on a département in `map_rows`.
The same input gives the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from geo_pipeline.catalogue.indicator_record import Indicator
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.catalogue.styles import (
    HATCH_COLOUR,
    NO_DATA,
    check_lang,
)
from geo_pipeline.publishing.formats import (
    Period,
    capitalise,
    format_date,
    format_period,
    format_span,
)
from geo_pipeline.publishing.headlines import finding
from geo_pipeline.publishing.legend import (
    FULL_REFERENCE_YEARS,
    Hatched,
    class_meaning,
    hatching,
    longest_reference,
    reference_note,
)
from geo_pipeline.publishing.map_rows import Row, is_pale, joined_rows, told_row, tooltip_words
from geo_pipeline.publishing.planar_map import (
    OfflinePage,
    bounds,
    build_map,
    css_hatch,
    fill,
    frame_name,
    geojson,
    inset_frames,
)
from geo_pipeline.publishing.sentences import (
    Source,
    archive_words,
    is_past,
)
from geo_pipeline.words import NBSP, Lang, Words, catalogue

PAGE_TEXTS: Final = ("count", "sources", "between", "table")
"""Texts that the template of the page fetches itself."""


def _short_reference_note(low: int, high: int, lang: Lang) -> str:
    """Return the note on the length of a short normal, in years, over the départements shown."""
    span = str(low) if low == high else Words(f"{low} à {high}", f"{low} to {high}")(lang)
    full = FULL_REFERENCE_YEARS
    return Words(
        f"†{NBSP}Référence courte{NBSP}: la normale repose sur {span}{NBSP}ans et "
        f"non sur {full}. Les extrêmes y sont moins sûrs.",
        f"† Short reference: the normal rests on {span} years rather than {full}. "
        "Extremes are less certain.",
    )(lang)


def _class_heading(which: Indicator, lang: Lang) -> str:
    """Return the heading of the classes in legend and table: a level for restrictions."""
    return catalogue(lang)(f"exported_map.{'level' if which.kind == 'restriction' else 'class'}")


def _hatched(rows: Sequence[Row], lang: Lang) -> Hatched | None:
    """Return the meaning of hatching among `rows`; None where nothing is hatched."""
    if all(row.said.style is not NO_DATA for row in rows):
        return None
    return hatching(
        unclassed=any(row.unclassed for row in rows),
        little_grown=any(row.little_grown for row in rows),
        lang=lang,
    )


def _legend(
    which: Indicator, rows: Sequence[Row], reference_years: object, lang: Lang
) -> list[dict[str, Any]]:
    """Return each class, its words and its number of départements; no data only where it occurs."""
    counts = Counter(row.said.style.code for row in rows)
    told = [
        (style, style.name(lang), class_meaning(style, reference_years, lang))
        for style in which.styles
    ]
    if hatched := _hatched(rows, lang):
        told.append((NO_DATA, hatched.name, ""))
    return [
        {
            "style": style,
            "fill": fill(style),
            "name": capitalise(name),
            "meaning": capitalise(meaning),
            "count": counts[style.code],
        }
        for style, name, meaning in told
    ]


def _table(which: Indicator, rows: Sequence[Row], lang: Lang) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the table of values, without columns that would be empty."""
    words = catalogue(lang)
    head = [words("exported_map.code"), words("exported_map.name"), _class_heading(which, lang)]
    with_value, with_rank = any(row.value for row in rows), any(row.rank for row in rows)
    if with_value:
        head.append(capitalise(which.value_name(lang)))
    if with_rank:
        head.append(words("exported_map.rank"))
    lines = []
    for row in sorted(rows, key=lambda each: each.code):
        name = row.said.head if which.kind == "class" else row.said.style.name(lang)
        line = [row.code, row.name, name]
        if with_value:
            line.append(f"{row.value}{NBSP}†" if row.short and row.value else row.value)
        if with_rank:
            line.append(row.rank)
        lines.append(line)
    return head, lines


def _about(
    which: Indicator, reference_period: str | tuple[int, int] | None, short: bool, lang: Lang
) -> str:
    """Return the explanation of the indicator and of the normal it is compared with."""
    text = which.explanation(lang)
    if reference_period is None or which.kind in ("restriction", "stage", "amount"):
        return text
    note = capitalise(reference_note(reference_period, None, lang))
    note = note.replace("-", "\u2011")  # a line must not break between two years
    return f"{text} {note}{f'{NBSP}†' if short else ''}."


def _period(which: Indicator, period_end: date, step: Period, lang: Lang) -> str:
    """Return the months the map looks back on; a day for restrictions."""
    if which.kind == "restriction":
        return format_date(period_end, lang)
    if step == "month" and which.months:
        return format_span(period_end, which.months, lang)
    return format_period(period_end, step, lang)


def _foot(
    rows: Sequence[Row],
    short: Sequence[int],
    provisional: bool,
    notes: Sequence[str],
    lang: Lang,
) -> list[str]:
    """Return the notes under the legend, which explain each mark used on the page."""
    foot = [_short_reference_note(min(short), max(short), lang)] if short else []
    if provisional:
        foot.append(catalogue(lang)("exported_map.provisional"))
    if hatched := _hatched(rows, lang):
        foot.append(catalogue(lang)("exported_map.hatched", told=hatched.told))
    return [*foot, *notes]


def render_map(
    shapes: gpd.GeoDataFrame,
    values: pd.DataFrame,
    *,
    indicator: str,
    period_end: date,
    lang: Lang = "fr",
    sources: Sequence[str | Source],
    published_on: date,
    reference_period: str | tuple[int, int] | None = None,
    step: Period = "month",
    provisional: bool = False,
    notes: Sequence[str] = (),
    ended: date | None = None,
) -> str:
    """Return the map of one indicator and period as one self-contained HTML page.

    Parameters
    ----------
    shapes : one row a département: `departement`, `name`, `geometry` in planar kilometres (y up),
        overseas départements already moved; optional `frame`, the rectangle around an inset
    values : `departement`, and `value`, `percentile` (0-100), `drought_class` (for
        `water_restrictions` the level, `none` where no order is in force), `reference_years`,
        `reason` (why there are no data) as far as known. A département without a row, or whose
        row is missing, is hatched and says so
    reference_period : first and last year of the normal
    provisional : mark the period as subject to correction
    notes : further sentences for the foot of the page
    ended : last day of the record, where it ended long before it was published

    Raises
    ------
    ValueError : unknown indicator, class or language; a département twice, or without a shape.
    """
    which = indicator_of(indicator)
    words = catalogue(check_lang(lang))
    joined = joined_rows(shapes, values)
    records = [{str(k): v for k, v in each.items()} for each in joined.to_dict("records")]
    past = is_past(period_end, published_on) and not which.ahead
    rows = [told_row(each, which, lang, past) for each in records]
    frames = inset_frames(shapes)
    drawn = sorted(zip(rows, shapes.geometry, strict=True), key=lambda each: not is_pale(each[0]))
    fills = {style.code: fill(style) for style in (*which.styles, NO_DATA)}
    features = geojson([row for row, _ in drawn], [shape for _, shape in drawn])
    settings = {
        "bounds": bounds(shapes, frames),
        "names": [frame_name(name, frame) for name, frame in frames],
        "swatches": {**fills, NO_DATA.code: css_hatch()},
        "said": [tooltip_words(row, which, lang) for row, _ in drawn],
    }
    short = [row.short for row in rows if row.short is not None]
    reference_years = longest_reference(joined.get("reference_years", ()))
    head, lines = _table(which, rows, lang)
    page = {
        "lang": lang,
        "title": which.name(lang),
        "period": _period(which, period_end, step, lang),
        "provisional_mark": f"{NBSP}*" if provisional else "",
        "band": archive_words(ended, lang) if ended else "",
        "finding": finding(indicator, joined, lang, past=past),
        "about": _about(which, reference_period, bool(short), lang),
        "legend": _legend(which, rows, reference_years, lang),
        "explained": which.by_class,
        "notes": _foot(rows, short, provisional, notes, lang),
        "sources": [
            (each if isinstance(each, Source) else Source(each)).in_words(lang) for each in sources
        ],
        "published": words("exported_map.published", date=format_date(published_on, lang)),
        "legend_head": _class_heading(which, lang),
        "table_head": head,
        "table": lines,
        "hatch": HATCH_COLOUR,
        "text": {name: words(f"exported_map.{name}") for name in PAGE_TEXTS},
    }
    figure = OfflinePage(page, settings)
    figure.add_child(build_map(features, frames, fills, lang))
    return figure.render()
