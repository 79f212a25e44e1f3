"""The table of départements, and what both tables of the ranking have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geo_pipeline.catalogue.styles import NO_DATA, RESTRICTION_LEVELS, THIN
from geo_pipeline.publishing.formats import capitalise, format_date, format_number
from geo_pipeline.publishing.legend import is_short
from geo_pipeline.territory import BY_CODE
from panel_app.data.crop_exposure import exposure
from panel_app.data.indicator_matrix import FloatMatrix
from panel_app.data.page_view import PageView, enumeration, hectares_number
from panel_app.data.period_steps import drier_sign, step_name
from panel_app.data.state import MAX_PLACES
from panel_app.drawing.svg import spark
from panel_app.drawing.templates import render
from panel_app.drawing.theme import bar_colour
from panel_app.pages.ranking.ranked_departements import (
    SPARK_STEPS,
    RankedDepartements,
    inside_region,
    spark_heights,
)
from panel_app.pages.ranking.ranking_order import alphabetical, has_any, in_order, ranks

SPARK_WIDTH: Final = 72


@dataclass(frozen=True)
class Head:
    """A column: its heading, and its sort key ("" for none)."""

    text: str
    sort: str = ""
    unit: str = ""
    number: bool = False
    falls: bool = False
    """Whether the first click sorts in descending order."""


def sortable(view: PageView, heads: Sequence[Head]) -> list[dict[str, Any]]:
    """The columns for the template: the present sort order, and the effect of a click."""
    found = []
    for head in heads:
        active = head.sort and head.sort == view.state.sort
        falls = not view.state.descending if active else head.falls
        sorted_now = ("descending" if view.state.descending else "ascending") if active else ""
        found.append(
            {
                "text": head.text,
                "unit": head.unit,
                "number": head.number,
                "sort": head.sort,
                "sorted": sorted_now,
                "next": ("-" if falls else "") + head.sort,
            }
        )
    return found


def value_head(view: PageView) -> tuple[str, str]:
    """Name and unit of the value: `note sur 100`; `pluie`, `mm`."""
    which = view.indicator
    return capitalise(which.value_name(view.lang)), which.unit(view.lang)


def value_words(view: PageView, value: float, signed: bool = False) -> str:
    """A number without its unit, empty where it is unknown."""
    if np.isnan(value):
        return ""
    text = format_number(value, view.indicator.decimals, view.lang)
    plus = (signed or view.indicator.kind == "anomaly") and value > 0
    return f"+{text}" if plus else text


def change_words(view: PageView, value: float) -> dict[str, str]:
    """A difference with its sign, and whether it is towards drier."""
    towards = np.sign(value) * drier_sign(view.indicator) if not np.isnan(value) else 0
    said = {1: ("drier", "ranking.drier"), -1: ("wetter", "ranking.wetter")}.get(int(towards))
    kind, key = said or ("", "")
    return {
        "text": value_words(view, value, True),
        "kind": kind,
        "said": view.words(key) if key else "",
    }


def rests_on_few_years(view: PageView) -> bool:
    """Whether any reference has fewer years than a climate normal."""
    return any(is_short(each) for each in view.matrix.reference_years[view.row])


def _as_dry(view: PageView, column: int) -> str:
    """Years that were as dry or drier: `2 sur 100`, with a short reference `2 sur 12`."""
    percentile = float(view.matrix.percentile[view.row, column])
    ranked = view.matrix.ranked(view.row, column)
    if ranked is None or not is_short(view.matrix.reference_years[view.row, column]):
        return in_100(view, percentile)
    if np.isnan(ranked[0]):
        return ""
    return view.words("ranking.in_known", n=int(ranked[0]), years=int(ranked[1]))


def in_100(view: PageView, percentile: float) -> str:
    """A percentile as years in a hundred; empty where unknown."""
    if np.isnan(percentile):
        return ""
    number = format_number(percentile, 0, view.lang)
    if 0 < percentile < 0.5:
        number = f"<{THIN}1"
    return view.words("ranking.in_100", n=number)


def area_words(area: float, view: PageView) -> str:
    """Hectares without their unit, three significant figures; empty where unknown."""
    return "" if np.isnan(area) else hectares_number(area, view.lang)


def departements(view: PageView, ranked: RankedDepartements) -> str:
    """Return the table of the départements, in the requested order."""
    words = view.words
    rank = ranks(ranked.dryness)
    shown = np.flatnonzero(inside_region(view))
    order = [
        int(shown[each]) for each in in_order(_keys(view, ranked, shown), view.state.descending)
    ]
    has = _known_columns(view, ranked)
    bars = spark_heights(view.matrix, view.row) if has["spark"] else None
    rows = [_departement_row(view, ranked, column, rank[column], bars) for column in order]
    return render(
        "ranking/table",
        {
            "words": words,
            "caption": words(
                "ranking.caption", indicator=view.indicator.name(view.lang), period=view.period
            ),
            "heads": sortable(view, _heads(view, has)),
            "rows": rows,
            "has": has,
            "spark_head": spark_head(view),
            "full": len(view.state.places) >= MAX_PLACES,
            "notes": notes(view, has["crops"]),
            "name": f"ranking-{view.state.indicator}-{view.period_typed}",
        },
    )


def _known_columns(view: PageView, ranked: RankedDepartements) -> dict[str, bool]:
    """Which columns have any value."""
    return {
        "value": has_any(ranked.value),
        "percentile": has_any(ranked.percentile),
        "change": has_any(ranked.change),
        "year": has_any(ranked.year) and view.indicator.step != "year",
        "age": view.indicator.kind == "class",
        "crops": has_any(ranked.crops),
        "restriction": has_any(ranked.restriction) and view.indicator.kind != "restriction",
        "spark": len(view.matrix.periods) > 2,
    }


def _heads(view: PageView, has: Mapping[str, bool]) -> list[Head]:
    """The columns of the table: fixed ones, and those with values."""
    words, (value, unit) = view.words, value_head(view)
    falls = drier_sign(view.indicator) > 0
    optional = {
        "value": Head(value, "value", unit, True, falls),
        "percentile": Head(words("ranking.as_dry"), "percentile", number=True),
        "change": Head(since_head(view), "change", unit, True, falls),
        "year": Head(words("ranking.year"), "year", unit, True, falls),
        "age": Head(words("ranking.age"), "age", words("ranking.dekads"), True, True),
        "crops": Head(words("ranking.crops"), "crops", "ha", True, True),
        "restriction": Head(
            words("ranking.restriction"), "restriction", _restriction_day(view), falls=True
        ),
    }
    return [
        Head(words("ranking.rank"), "dryness", number=True),
        Head(words("ranking.departement"), "name"),
        Head(words("ranking.class")),
        *(head for name, head in optional.items() if has[name]),
        Head(words("ranking.code")),
        Head(words("ranking.region"), "region"),
    ]


def _keys(view: PageView, ranked: RankedDepartements, shown: NDArray[np.intp]) -> list[Any]:
    """The sort keys of the départements shown."""
    names = [alphabetical(view.matrix.names[column]) for column in shown]
    if view.state.sort == "name":
        return names
    if view.state.sort == "region":
        regions = [BY_CODE[view.matrix.codes[column]].region for column in shown]
        return [
            f"{alphabetical(region)} {name}" for region, name in zip(regions, names, strict=True)
        ]
    # Sort keys of régions alone leave the départements in the order of their rank.
    return list(getattr(ranked, view.state.sort, ranked.dryness)[shown])


def since_head(view: PageView) -> str:
    """Heading of the change since the step before."""
    said = {
        "dekad": "ranking.change_dekad",
        "month": "ranking.change_month",
        "year": "ranking.year",
        "day": "ranking.change_day",
    }
    return view.words(said[step_name(view.matrix, view.state.step)])


def spark_head(view: PageView) -> str:
    """Heading of the small bars."""
    count = min(SPARK_STEPS, view.row + 1)
    if view.indicator.ahead:
        return view.words("ranking.spark_ahead", n=count)
    if view.matrix.by_dekad:
        return view.words("ranking.spark_dekads", n=count)
    return view.words("ranking.spark_periods", n=count)


def _restriction_day(view: PageView) -> str:
    surveyed = view.restrictions(view.period_end)
    return format_date(surveyed[0].periods[surveyed[1]], view.lang) if surveyed else ""


def _departement_row(
    view: PageView, ranked: RankedDepartements, column: int, rank: float, bars: FloatMatrix | None
) -> dict[str, Any]:
    matrix, words = view.matrix, view.words
    code, name = matrix.codes[column], matrix.names[column]
    place = BY_CODE[code]
    style = matrix.style_at(view.row, column)
    age, crops, step = (
        float(each[column]) for each in (ranked.age, ranked.crops, ranked.restriction)
    )
    level = None if np.isnan(step) else RESTRICTION_LEVELS[-1 - int(step)]
    return {
        "code": code,
        "name": name,
        "href": view.href(page="departement", departement=code),
        "chosen": code in view.state.places,
        "rank": "" if np.isnan(rank) else format_number(rank, 0, view.lang),
        "region": place.region,
        "style": style,
        "class": matrix.class_words(view.row, column, view.lang),
        "hatched": style is NO_DATA,
        "value": value_words(view, float(ranked.value[column])),
        "percentile": _as_dry(view, column),
        "change": change_words(view, float(ranked.change[column])),
        "year": change_words(view, float(ranked.year[column])),
        "age": "" if not age > 0 else format_number(age, 0, view.lang),
        "since": capitalise(matrix.drought_words(view.row, column, view.lang)),
        "crops": words("ranking.no_area")
        if np.isnan(crops) and style is not NO_DATA
        else area_words(crops, view),
        "restriction": level,
        "restriction_said": level.name(view.lang) if level else "",
        "spark": "" if bars is None else _spark(view, column, bars, name),
    }


def notes(view: PageView, has_crops: bool) -> list[str]:
    """How to read the columns, with the normal and the source."""
    words = view.words
    lines = []
    if drier_sign(view.indicator):
        lines.append(words("ranking.note_change"))
    if view.indicator.kind == "class" and view.state.level != "region":
        lines.append(words("ranking.note_age"))
    if (surveyed := view.restrictions(view.period_end)) and not surveyed[2]:
        lines.append(words("ranking.note_restriction", day=_restriction_day(view)))
    if has_crops:
        crops = enumeration([words.crop(each).lower() for each in exposure(view).of_france], words)
        said = words("ranking.note_crops", crops=crops, indicator=view.drought_name)
        lines.append(said)
    if view.reference and view.indicator.kind in ("class", "anomaly", "amount"):
        lines.append(f"{capitalise(view.reference)}.")
    if view.source:
        lines.append(words("ranking.note_source", source=view.source))
    return lines


def _spark(view: PageView, column: int, bars: FloatMatrix, name: str) -> str:
    matrix = view.matrix
    first = view.row - len(bars) + 1
    palette = [bar_colour(style) for style in (*matrix.styles, NO_DATA)]  # NO_STYLE is -1
    colours = [palette[index] for index in matrix.style[first : view.row + 1, column]]
    label = view.words(
        "ranking.spark_label",
        name=name,
        first=matrix.period_words(first, view.lang),
        last=matrix.period_words(view.row, view.lang),
    )
    return spark(bars[:, column].tolist(), colours, label, SPARK_WIDTH)
