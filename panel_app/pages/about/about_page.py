"""The about page: methods, sources, licences, limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from typing import Any, Final

import pandas as pd

from geo_pipeline.catalogue.indicator_record import GROUPS
from geo_pipeline.catalogue.indicators import INDICATORS
from geo_pipeline.catalogue.styles import (
    DROUGHT_CLASSES,
    NO_DATA,
    RESTRICTION_LEVELS,
    STAGES,
    ClassStyle,
)
from geo_pipeline.indicators.classes import (
    INDEX_DRY_LIMITS,
    INDEX_WET_LIMITS,
    PERCENTILE_DRY_LIMITS,
    PERCENTILE_WET_LIMITS,
)
from geo_pipeline.publishing.formats import format_date, format_number, is_missing
from geo_pipeline.publishing.legend import class_meaning, is_short, longest_reference
from geo_pipeline.publishing.sentences import Source
from geo_pipeline.tables import OBSERVED, TABLES
from panel_app.data.page_view import PageView
from panel_app.drawing.templates import render

SITE: Final = "https://example.org/"
"""Placeholder for the address of this site, which the page's script replaces."""
EMBEDDED: Final = "bundled"
"""Source name of the observations that ship with the project, whose defects are listed."""
FRAME: Final = (800, 720)


def slots(view: PageView) -> dict[str, str]:
    """Return what the page says, by place."""
    sources = view.publication.rows_of("app_sources", "")
    common = {"words": view.words, "lang": view.lang}
    return {
        "reading": render("about/reading", {**common, **reading(view)}),
        "method": render("about/method", common),
        "indicators": render("about/indicators", {**common, "indicators": indicators(view)}),
        "sources": render("about/sources", {**common, "sources": named(view, sources)}),
        "limits": render("about/limits", {**common, "limits": limits(view, sources)}),
        "sharing": render("about/sharing", {**common, **sharing(view, sources)}),
        "house": render("about/house", {**common, **house(view)}),
    }


def reading(view: PageView) -> dict[str, Any]:
    """The classes with their limits, the levels of restriction and the stages of a drought."""
    years = reference_years(view)
    return {
        "classes": [
            {
                "style": style,
                "name": style.name(view.lang),
                "meaning": class_meaning(style, years, view.lang),
                "index": index,
                "percentile": percentile,
            }
            for style, index, percentile in zip(
                DROUGHT_CLASSES,
                ranges(INDEX_DRY_LIMITS, INDEX_WET_LIMITS, 1, view),
                ranges(PERCENTILE_DRY_LIMITS, PERCENTILE_WET_LIMITS, 0, view),
                strict=True,
            )
        ],
        "levels": _told(RESTRICTION_LEVELS, view),
        "stages": _told(STAGES, view),
        "missing": NO_DATA.name(view.lang),
    }


def ranges(dry: Sequence[float], wet: Sequence[float], decimals: int, view: PageView) -> list[str]:
    """The limits of each class in words, the driest first: `jusqu'à −2`, `de −2 à −1,6`."""
    limits = [format_number(limit, decimals, view.lang) for limit in (*dry, *wet)]
    between = [view.words("about.between", low=low, high=high) for low, high in pairwise(limits)]
    return [
        view.words("about.up_to", high=limits[0]),
        *between,
        view.words("about.from", low=limits[-1]),
    ]


def _told(styles: Sequence[ClassStyle], view: PageView) -> list[dict[str, str]]:
    return [
        {
            "colour": style.colour,
            "name": style.name(view.lang),
            "meaning": style.meaning(view.lang),
        }
        for style in styles
    ]


def indicators(view: PageView) -> list[dict[str, Any]]:
    """Every known indicator, and whether this publication has it."""
    lang, words = view.lang, view.words
    return [
        {
            "href": view.href(page="", indicator=key) if key in view.publication.indicators else "",
            "name": which.name(lang),
            "group": GROUPS[which.group](lang),
            "unit": which.unit(lang)
            or words("about.class_unit" if which.by_class else "about.no_unit"),
            "said": which.explanation(lang),
        }
        for key, which in INDICATORS.items()
    ]


# --------------------------------------------------------------------------------------------
# Sources and limits
# --------------------------------------------------------------------------------------------


def named(view: PageView, sources: pd.DataFrame) -> list[dict[str, str]]:
    """The sources to be named: for what, under which licence and since when."""
    order = {asset: place for place, asset in enumerate(OBSERVED) if asset != "departements"}
    rows = sorted(sources.to_dict("records"), key=lambda row: order.get(row["asset"], len(TABLES)))
    return [
        {
            "what": view.words.table(row["asset"]),
            "text": row[f"text_{view.lang}"],
            "licence": row[f"licence_{view.lang}"],
            "href": Source(row["name"], row["url"]).href or "",
            "period": _period(view, row),
        }
        for row in rows
    ]


def _period(view: PageView, row: dict[Any, Any]) -> str:
    """The days covered, for statistics the years; empty where unknown."""
    if not is_missing(row["first_year"]):
        return f"{int(row['first_year'])}-{int(row['last_year'])}"
    if is_missing(row["first_date"]) or is_missing(row["last_date"]):
        return ""
    first, last = (pd.Timestamp(row[name]).date() for name in ("first_date", "last_date"))
    if first == last:
        return format_date(first, view.lang)
    return view.words(
        "about.from_to",
        first=format_date(first, view.lang),
        last=format_date(last, view.lang),
    )


@dataclass(frozen=True)
class Record:
    """The weather record of a département."""

    first: int
    """First year of the record."""
    last: int
    spread: bool
    """Whether dekads were spread over their days."""


def weather(view: PageView) -> dict[str, Record]:
    """The weather of each département that has any."""
    found = {}
    for code in view.publication.codes:
        source = view.publication.weather_source(code)
        if source is not None:
            first, last = (pd.Timestamp(source[name]).year for name in ("first_date", "last_date"))
            found[code] = Record(int(first), int(last), bool(source["spread_by_dekad"]))
    return found


def limits(view: PageView, sources: pd.DataFrame) -> list[str]:
    """Limits of the data: measured on this publication, then known ones of its sources."""
    words = view.words
    known = weather(view)
    found = [*missing_weather(view, known), *_missing_years(view)]
    if is_short(reference_years(view)):
        years = format_number(reference_years(view), 0, view.lang)
        found.append(words("about.limit_short", n=years))
    if any(record.spread for record in known.values()):
        found.append(words("about.limit_dekad"))
    if _embedded(sources, "weather_daily"):
        found += [words("about.limit_rain"), words("about.limit_temperature")]
    found += [words("about.limit_soil"), words("about.limit_crops")]
    if _embedded(sources, "crop_statistics"):
        found += [words("about.limit_statistics"), words("about.limit_swapped")]
    if "water_restrictions" in view.publication.indicators:
        found.append(words("about.limit_restrictions"))
    if _embedded(sources, "departements"):
        found.append(words("about.limit_outlines"))
    return [*found, words("about.limit_scale"), words("about.limit_official")]


def _embedded(sources: pd.DataFrame, asset: str) -> bool:
    return EMBEDDED in sources.loc[sources["asset"] == asset, "source"].tolist()


def missing_weather(view: PageView, known: Mapping[str, Record]) -> list[str]:
    """Départements without weather, and those whose record is shorter than the others'."""
    publication, words = view.publication, view.words
    found: list[str] = []
    if missing := [code for code in publication.codes if code not in known]:
        names = ", ".join(f"{publication.name(code)} ({code})" for code in missing)
        found.append(words("about.limit_missing", places=names))
    first = min((record.first for record in known.values()), default=0)
    last = max((record.last for record in known.values()), default=0)
    short = [
        f"{publication.name(code)} {record.first}-{record.last}"
        for code, record in known.items()
        if record.first > first or record.last < last
    ]
    if short:
        places = ", ".join(short)
        found.append(words("about.limit_record", span=f"{first}-{last}", places=places))
    return found


def _missing_years(view: PageView) -> list[str]:
    """Years without any rain on record."""
    if "precip_mm" not in view.publication.indicators:
        return []
    known = {period.year for period in view.publication.matrix("precip_mm").periods}
    missing = [str(year) for year in range(min(known), max(known)) if year not in known]
    return [view.words("about.limit_years", years=", ".join(missing))] if missing else []


def reference_years(view: PageView) -> float:
    """Length of the longest normal behind the drought classes, NaN if unknown."""
    if "combined" not in view.publication.indicators:
        return float("nan")
    return longest_reference(view.publication.matrix("combined").reference_years.flat)


# --------------------------------------------------------------------------------------------
# Citing and sharing, keyboard and version
# --------------------------------------------------------------------------------------------


def sharing(view: PageView, sources: pd.DataFrame) -> dict[str, str]:
    """How to cite what is shown, and how to embed the map in another page."""
    names = ", ".join(dict.fromkeys(str(name) for name in _short_names(view, sources)))
    day = format_date(view.publication.published_at.date(), view.lang)
    width, height = FRAME
    address = SITE + view.href(page="embed")
    title = view.words("about.frame_title", indicator=view.indicator.name(view.lang))
    return {
        "citation": view.words(
            "about.citation", sources=names, day=day, version=software(view), site=SITE
        ),
        "frame": f'<iframe src="{address.replace("&", "&amp;")}" width="{width}" height="{height}" '
        f'style="border:0;width:100%" loading="lazy" title="{title}"></iframe>',
        "preview": view.href(page="embed"),
    }


def _short_names(view: PageView, sources: pd.DataFrame) -> list[str]:
    """Names of the sources as the maps write them."""
    known = sources[["asset", "name", f"text_{view.lang}"]].to_dict("records")
    return [
        row[f"text_{view.lang}"].split(",")[0] if row["name"] == EMBEDDED else row["name"]
        for row in known
    ]


def software(view: PageView) -> str:
    """Version of the software, empty where it is not installed as a package."""
    try:
        return version("geo-pipeline")
    except PackageNotFoundError:
        return format_number(None, 0, view.lang)


def house(view: PageView) -> dict[str, Any]:
    """Keys of the keyboard, version and day of the publication."""
    words, publication = view.words, view.publication
    keys = [
        ("/", words("about.key_search")),
        ("← →", words("about.key_step")),
        (words("about.key_page"), words("about.key_page_does")),
        (words("about.key_ends"), words("about.key_ends_does")),
        (words("about.key_space"), words("about.key_play")),
        ("↑ ↓ ← →", words("about.key_map")),
        (words("about.key_enter"), words("about.key_choose")),
        (words("about.key_escape"), words("about.key_leave")),
        (words("about.key_tab"), words("about.key_chart")),
    ]
    day = format_date(publication.published_at.date(), view.lang)
    return {
        "keys": keys,
        "edition": words(
            "about.edition",
            version=software(view),
            day=day,
            clock=f"{publication.published_at:%H:%M}",
            departements=len(publication.codes),
            indicators=len(publication.indicators),
        ),
    }
