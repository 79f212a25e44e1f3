"""The ranking: all départements or régions in a table, and up to five départements side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geo_pipeline.departements import BY_CODE, REGIONS
from geo_pipeline.publishing import look
from panel_app.data.indicator_matrix import FloatMatrix
from panel_app.data.page_view import PageView, enumeration, hectares_number, percent
from panel_app.data.state import MAX_PLACES
from panel_app.drawing.svg import spark
from panel_app.drawing.templates import render
from panel_app.drawing.theme import bar_colour
from panel_app.pages.ranking import place_comparison
from panel_app.pages.ranking.standing import (
    SPARK_STEPS,
    Regions,
    Standing,
    alphabetical,
    drier_sign,
    exposure,
    has_any,
    in_order,
    ranks,
    spark_heights,
    stand,
    step_name,
)

SPARK_WIDTH: Final = 72
NAMED: Final = 3
"""So many of the driest are named in the headline and offered for a comparison."""


def slots(view: PageView) -> dict[str, str]:
    """Return what the page says, by place."""
    standing = stand(view)
    ranked = Regions(view, standing) if view.state.level == "region" else None
    return {
        "headline": headline(view, standing, ranked),
        "filters": filters(view),
        "table": _departements(view, standing) if ranked is None else _regions(view, ranked),
        "comparison": compared(view, standing),
    }


# --------------------------------------------------------------------------------------------
# Headline and filters
# --------------------------------------------------------------------------------------------


def headline(view: PageView, standing: Standing, regions: "Regions | None") -> str:
    """Which are the driest, and how many got worse."""
    words, lang = view.words, view.lang
    inside = _inside(view)
    known = standing.known
    if regions is not None:
        names = [regions.names[each] for each in in_order(list(regions.rank), False)[:NAMED]]
    else:
        order = [column for column in view.matrix.driest(view.row, known) if inside[column]]
        names = [view.matrix.names[column] for column in order[:NAMED]]
    first = _tied(view, standing) if regions is None else ""
    first = first or _first(view, standing, names)
    if names and view.state.region and regions is None:
        first = words("ranking.in_region", region=REGIONS[view.state.region], said=first)
    return render(
        "ranking/headline",
        {
            "first": first,
            "worse": _worse(view, standing) if names else "",
            "indicator": view.indicator.name(lang),
            "period": view.period,
            "covered": _covered(view, known),
            "words": words,
        },
    )


def _first(view: PageView, standing: Standing, names: Sequence[str]) -> str:
    """Which come first, in the words that suit the indicator."""
    words, which = view.words, view.indicator
    if not names:
        return words("ranking.nothing")
    places = enumeration(names, words)
    if which.kind == "restriction":
        return words("ranking.first_strict", places=places)
    if not drier_sign(which) or which.group in ("yields", "days"):
        return words("ranking.first_plain", places=places)
    if which.dry_is_high and not np.nanmax(standing.value) > 0:
        return view.tense(words("ranking.first_none"))
    if _tells_harm(which):
        return words("ranking.first_hit", places=places)
    return words("ranking.first", places=places)


def _tied(view: PageView, standing: Standing) -> str:
    """What more share the first place than are named, empty where fewer do."""
    shown = np.where(_inside(view), standing.dryness, np.nan)
    first = np.flatnonzero(ranks(shown) == 1)
    if len(first) <= NAMED or (view.indicator.dry_is_high and not np.nanmax(standing.value) > 0):
        return ""
    column = int(first[0])
    said = view.matrix.style_at(view.row, column).name(view.lang)
    if not view.indicator.by_class:
        said = view.matrix.shown_value(view.row, column, view.lang)
    many = look.format_number(len(first), 0, view.lang)
    return view.words("ranking.tied", n=many, what=said)


def _tells_harm(which: look.Indicator) -> bool:
    """Whether its classes are graver rather than drier."""
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


def _worse(view: PageView, standing: Standing) -> str:
    if standing.before < 0 or not drier_sign(view.indicator):
        return ""
    words, since = view.words, _since(view)
    which = words("ranking.graver" if _tells_harm(view.indicator) else "ranking.drier_class")
    if not standing.drier:
        return words("ranking.worse_none", which=which, since=since)
    many = look.format_number(standing.drier, 0, view.lang)
    if standing.drier == 1:
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


def _inside(view: PageView) -> NDArray[np.bool_]:
    """Which départements the région chosen leaves."""
    region = view.state.region
    return np.array(
        [not region or BY_CODE[code].region_code == region for code in view.matrix.codes]
    )


def filters(view: PageView) -> str:
    """The period, the level, the région, and a search in what is shown."""
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
    """The periods to choose from, the latest first: months, and the dekad that is shown."""
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


# --------------------------------------------------------------------------------------------
# Table
# --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Head:
    """A column: its words, and what it is sorted by ("" for not at all)."""

    text: str
    sort: str = ""
    unit: str = ""
    number: bool = False
    falls: bool = False
    """Whether the first click sorts from the largest down."""


def _heads(view: PageView, heads: Sequence[Head]) -> list[dict[str, Any]]:
    """The columns as the template wants them: what is sorted now, and what a click asks for."""
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


def _value_head(view: PageView) -> tuple[str, str]:
    """Name and unit of the value: `note sur 100`; `pluie`, `mm`."""
    which = view.indicator
    return look.capitalise(which.value_name(view.lang)), which.unit(view.lang)


def _number(view: PageView, value: float, signed: bool = False) -> str:
    """A number without its unit, empty where it is unknown."""
    if np.isnan(value):
        return ""
    text = look.format_number(value, view.indicator.decimals, view.lang)
    plus = (signed or view.indicator.kind == "anomaly") and value > 0
    return f"+{text}" if plus else text


def _change(view: PageView, value: float) -> dict[str, str]:
    """A difference with its sign, and whether it is towards dry."""
    towards = np.sign(value) * drier_sign(view.indicator) if not np.isnan(value) else 0
    said = {1: ("drier", "ranking.drier"), -1: ("wetter", "ranking.wetter")}.get(int(towards))
    kind, key = said or ("", "")
    return {
        "text": _number(view, value, True),
        "kind": kind,
        "said": view.words(key) if key else "",
    }


def _is_short(view: PageView) -> bool:
    """Whether any reference has fewer years than a climate normal."""
    return any(look.is_short(each) for each in view.matrix.reference_years[view.row])


def _as_dry(view: PageView, column: int) -> str:
    """How many years were as dry or drier: `2 sur 100`, of a short reference `2 sur 12`."""
    percentile = float(view.matrix.percentile[view.row, column])
    ranked = view.matrix.ranked(view.row, column)
    if ranked is None or not look.is_short(view.matrix.reference_years[view.row, column]):
        return _in_100(view, percentile)
    if np.isnan(ranked[0]):
        return ""
    return view.words("ranking.in_known", n=int(ranked[0]), years=int(ranked[1]))


def _in_100(view: PageView, percentile: float) -> str:
    if np.isnan(percentile):
        return ""
    number = look.format_number(percentile, 0, view.lang)
    if 0 < percentile < 0.5:
        number = f"<{look.THIN}1"
    return view.words("ranking.in_100", n=number)


def _area(area: float, view: PageView) -> str:
    """Hectares without their unit, three figures; empty where unknown."""
    return "" if np.isnan(area) else hectares_number(area, view.lang)


def _departements(view: PageView, standing: Standing) -> str:
    words, matrix, lang = view.words, view.matrix, view.lang
    rank = ranks(standing.dryness)
    shown = np.flatnonzero(_inside(view))
    order = [
        int(shown[each]) for each in in_order(_keys(view, standing, shown), view.state.descending)
    ]
    has = {
        "value": has_any(standing.value),
        "percentile": has_any(standing.percentile),
        "change": has_any(standing.change),
        "year": has_any(standing.year) and view.indicator.step != "year",
        "age": view.indicator.kind == "class",
        "crops": has_any(standing.crops),
        "restriction": has_any(standing.restriction) and view.indicator.kind != "restriction",
        "spark": len(matrix.periods) > 2,
    }
    bars = spark_heights(matrix, view.row) if has["spark"] else None
    rows = [_departement_row(view, standing, column, rank[column], bars) for column in order]
    value, unit = _value_head(view)
    day = _restriction_day(view)
    heads = [
        Head(words("ranking.rank"), "dryness", number=True),
        Head(words("ranking.departement"), "name"),
        Head(words("ranking.class")),
        *(
            [Head(value, "value", unit, True, drier_sign(view.indicator) > 0)]
            if has["value"]
            else []
        ),
        *([Head(words("ranking.as_dry"), "percentile", number=True)] if has["percentile"] else []),
        *(
            [Head(_since_head(view), "change", unit, True, drier_sign(view.indicator) > 0)]
            if has["change"]
            else []
        ),
        *(
            [Head(words("ranking.year"), "year", unit, True, drier_sign(view.indicator) > 0)]
            if has["year"]
            else []
        ),
        *(
            [Head(words("ranking.age"), "age", words("ranking.dekads"), True, True)]
            if has["age"]
            else []
        ),
        *([Head(words("ranking.crops"), "crops", "ha", True, True)] if has["crops"] else []),
        *(
            [Head(words("ranking.restriction"), "restriction", day, falls=True)]
            if has["restriction"]
            else []
        ),
        Head(words("ranking.code")),
        Head(words("ranking.region"), "region"),
    ]
    return render(
        "ranking/table",
        {
            "words": words,
            "caption": words(
                "ranking.caption", indicator=view.indicator.name(lang), period=view.period
            ),
            "heads": _heads(view, heads),
            "rows": rows,
            "has": has,
            "spark_head": _spark_head(view),
            "full": len(view.state.places) >= MAX_PLACES,
            "notes": notes(view, has["crops"]),
            "name": f"ranking-{view.state.indicator}-{view.period_typed}",
        },
    )


def _keys(view: PageView, standing: Standing, shown: NDArray[np.intp]) -> list[Any]:
    """What the départements shown are sorted by."""
    names = [alphabetical(view.matrix.names[column]) for column in shown]
    if view.state.sort == "name":
        return names
    if view.state.sort == "region":
        regions = [BY_CODE[view.matrix.codes[column]].region for column in shown]
        return [
            f"{alphabetical(region)} {name}" for region, name in zip(regions, names, strict=True)
        ]
    # What only régions are sorted by leaves the départements as they rank.
    return list(getattr(standing, view.state.sort, standing.dryness)[shown])


def _since_head(view: PageView) -> str:
    said = {
        "dekad": "ranking.change_dekad",
        "month": "ranking.change_month",
        "year": "ranking.year",
        "day": "ranking.change_day",
    }
    return view.words(said[step_name(view.matrix, view.state.step)])


def _spark_head(view: PageView) -> str:
    count = min(SPARK_STEPS, view.row + 1)
    if view.matrix.by_dekad:
        return view.words("ranking.spark_dekads", n=count)
    return view.words("ranking.spark_periods", n=count)


def _restriction_day(view: PageView) -> str:
    surveyed = view.restrictions(view.period_end)
    return look.format_date(surveyed[0].periods[surveyed[1]], view.lang) if surveyed else ""


def _departement_row(
    view: PageView, standing: Standing, column: int, rank: float, bars: FloatMatrix | None
) -> dict[str, Any]:
    matrix, words = view.matrix, view.words
    code, name = matrix.codes[column], matrix.names[column]
    place = BY_CODE[code]
    style = matrix.style_at(view.row, column)
    age, crops, step = (
        float(each[column]) for each in (standing.age, standing.crops, standing.restriction)
    )
    level = None if np.isnan(step) else look.RESTRICTION_LEVELS[-1 - int(step)]
    return {
        "code": code,
        "name": name,
        "href": view.href(page="departement", departement=code),
        "chosen": code in view.state.places,
        "rank": "" if np.isnan(rank) else look.format_number(rank, 0, view.lang),
        "region": place.region,
        "style": style,
        "class": matrix.class_words(view.row, column, view.lang),
        "hatched": style is look.NO_DATA,
        "value": _number(view, float(standing.value[column])),
        "percentile": _as_dry(view, column),
        "change": _change(view, float(standing.change[column])),
        "year": _change(view, float(standing.year[column])),
        "age": "" if not age > 0 else look.format_number(age, 0, view.lang),
        "since": look.capitalise(matrix.drought_words(view.row, column, view.lang)),
        "crops": words("ranking.no_area")
        if np.isnan(crops) and style is not look.NO_DATA
        else _area(crops, view),
        "restriction": level,
        "restriction_said": level.name(view.lang) if level else "",
        "spark": "" if bars is None else _spark(view, column, bars, name),
    }


def notes(view: PageView, has_crops: bool) -> list[str]:
    """How the columns are to be read, with the normal and the source."""
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
        lines.append(f"{look.capitalise(view.reference)}.")
    if view.source:
        lines.append(words("ranking.note_source", source=view.source))
    return lines


# --------------------------------------------------------------------------------------------
# Small bars
# --------------------------------------------------------------------------------------------


def _spark(view: PageView, column: int, bars: FloatMatrix, name: str) -> str:
    matrix = view.matrix
    first = view.row - len(bars) + 1
    palette = [bar_colour(style) for style in (*matrix.styles, look.NO_DATA)]  # NO_STYLE is -1
    colours = [palette[index] for index in matrix.style[first : view.row + 1, column]]
    label = view.words(
        "ranking.spark_label",
        name=name,
        first=matrix.period_words(first, view.lang),
        last=matrix.period_words(view.row, view.lang),
    )
    return spark(bars[:, column].tolist(), colours, label, SPARK_WIDTH)


# --------------------------------------------------------------------------------------------
# Régions
# --------------------------------------------------------------------------------------------


def _regions(view: PageView, regions: Regions) -> str:
    words, matrix, lang = view.words, view.matrix, view.lang
    keys: dict[str, list[Any]] = {
        "dryness": list(regions.rank),
        "name": [alphabetical(name) for name in regions.names],
        "value": list(regions.value),
        "percentile": list(regions.percentile),
        "change": list(regions.change),
        "year": list(regions.year),
        "share": list(regions.in_drought),
        "crops": list(regions.crops),
    }
    by_name = np.argsort([alphabetical(name) for name in regions.names], kind="stable")
    chosen = keys.get(view.state.sort, keys["dryness"])
    order = [
        int(by_name[each])
        for each in in_order([chosen[index] for index in by_name], view.state.descending)
    ]
    has = {
        "drought": view.indicator.kind == "class",
        "value": has_any(regions.value),
        # A mean of ranks among few years is none among a hundred.
        "percentile": has_any(regions.percentile) and not _is_short(view),
        "change": has_any(regions.change),
        "year": has_any(regions.year) and view.indicator.step != "year",
        "crops": has_any(regions.crops),
        "spark": len(matrix.periods) > 2,
    }
    bars = spark_heights(matrix, view.row)
    first = view.row - len(bars) + 1
    mean = regions.course(bars)
    widest = regions.widest(matrix.style[first : view.row + 1], len(matrix.styles))
    value, unit = _value_head(view)
    falls = drier_sign(view.indicator) > 0
    heads = [
        Head(words("ranking.rank"), "dryness", number=True),
        Head(words("ranking.region"), "name"),
        Head(words("ranking.shares"), unit=words("ranking.of_area")),
        *(
            [Head(words("ranking.drought"), "share", words("ranking.of_area"), True, True)]
            if has["drought"]
            else []
        ),
        *(
            [Head(value, "value", unit or words("ranking.mean"), True, falls)]
            if has["value"]
            else []
        ),
        *(
            [Head(words("ranking.as_dry"), "percentile", words("ranking.mean"), True)]
            if has["percentile"]
            else []
        ),
        *([Head(_since_head(view), "change", unit, True, falls)] if has["change"] else []),
        *([Head(words("ranking.year"), "year", unit, True, falls)] if has["year"] else []),
        *([Head(words("ranking.crops"), "crops", "ha", True, True)] if has["crops"] else []),
        Head(words("ranking.worst")),
    ]
    return render(
        "ranking/regions",
        {
            "words": words,
            "caption": words(
                "ranking.caption_regions", indicator=view.indicator.name(lang), period=view.period
            ),
            "heads": _heads(view, heads),
            "rows": [
                _region_row(view, regions, index, mean[:, index], widest[:, index])
                for index in order
            ],
            "has": has,
            "spark_head": _spark_head(view),
            "notes": [words("ranking.note_regions"), *notes(view, has["crops"])],
            "name": f"ranking-regions-{view.state.indicator}-{view.period_typed}",
        },
    )


def _region_row(
    view: PageView, regions: Regions, index: int, mean: FloatMatrix, widest: NDArray[np.int64]
) -> dict[str, Any]:
    matrix, words, lang = view.matrix, view.words, view.lang
    name, worst = regions.names[index], regions.worst[index]
    known = int(regions.known[index])
    rank, crops = float(regions.rank[index]), float(regions.crops[index])
    covered = words("ranking.of_members", known=known, members=int(regions.members[index]))
    label = words(
        "ranking.spark_label",
        name=name,
        first=matrix.period_words(view.row - len(mean) + 1, lang),
        last=matrix.period_words(view.row, lang),
    )
    shares = [
        (style, percent(float(share), lang), round(float(share), 2))
        for style, share in zip(matrix.styles, regions.shares[index], strict=True)
        if share > 0
    ]
    style = matrix.style_at(view.row, worst) if worst >= 0 else look.NO_DATA
    return {
        "name": name,
        "href": view.href(level="", region=regions.codes[index]),
        "covered": covered if 0 < known < regions.members[index] else "",
        "rank": "" if np.isnan(rank) else look.format_number(rank, 0, lang),
        "shares": shares,
        "shares_said": ", ".join(f"{each.name(lang)} {said}" for each, said, _ in shares),
        "drought": percent(float(regions.in_drought[index]), lang) if known else "",
        "value": _number(view, float(regions.value[index])),
        "percentile": _in_100(view, float(regions.percentile[index])),
        "change": _change(view, _rounded(view, regions.change[index])),
        "year": _change(view, _rounded(view, regions.year[index])),
        "crops": _area(crops, view),
        "worst": matrix.names[worst] if worst >= 0 else "",
        "worst_href": view.href(page="departement", departement=matrix.codes[worst])
        if worst >= 0
        else "",
        "style": style,
        "class": matrix.class_words(view.row, worst, lang) if worst >= 0 else style.name(lang),
        "hatched": style is look.NO_DATA,
        "spark": spark(
            mean.tolist(), [bar_colour(matrix.styles[each]) for each in widest], label, SPARK_WIDTH
        ),
    }


def _rounded(view: PageView, value: float) -> float:
    return float(np.round(value, view.indicator.decimals)) + 0.0


# --------------------------------------------------------------------------------------------
# Comparison
# --------------------------------------------------------------------------------------------


def compared(view: PageView, standing: Standing) -> str:
    """The places chosen beside each other, or what might be."""
    words, matrix = view.words, view.matrix
    places = place_comparison.places(view)
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
        (",".join([*chosen, code]), f"{code}{look.NBSP} {name}")
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
