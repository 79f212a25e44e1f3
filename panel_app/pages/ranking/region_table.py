"""The table of régions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_pipeline.catalogue.styles import NO_DATA
from geo_pipeline.publishing.formats import format_number
from panel_app.data.indicator_matrix import FloatMatrix
from panel_app.data.page_view import PageView, percent
from panel_app.data.period_steps import drier_sign
from panel_app.drawing.svg import spark
from panel_app.drawing.templates import render
from panel_app.drawing.theme import bar_colour
from panel_app.pages.ranking.ranked_departements import spark_heights
from panel_app.pages.ranking.ranked_regions import RankedRegions
from panel_app.pages.ranking.ranking_order import alphabetical, has_any, in_order
from panel_app.pages.ranking.ranking_table import (
    SPARK_WIDTH,
    Head,
    area_words,
    change_words,
    in_100,
    notes,
    rests_on_few_years,
    since_head,
    sortable,
    spark_head,
    value_head,
    value_words,
)


def regions_table(view: PageView, regions: RankedRegions) -> str:
    """Return the table of the régions, in the requested order."""
    words, matrix = view.words, view.matrix
    has = _known_columns(view, regions)
    bars = spark_heights(matrix, view.row)
    first = view.row - len(bars) + 1
    mean = regions.course(bars)
    widest = regions.widest(matrix.style[first : view.row + 1], len(matrix.styles))
    return render(
        "ranking/regions",
        {
            "words": words,
            "caption": words(
                "ranking.caption_regions",
                indicator=view.indicator.name(view.lang),
                period=view.period,
            ),
            "heads": sortable(view, _heads(view, has)),
            "rows": [
                _region_row(view, regions, index, mean[:, index], widest[:, index])
                for index in _order(view, regions)
            ],
            "has": has,
            "spark_head": spark_head(view),
            "notes": [words("ranking.note_regions"), *notes(view, has["crops"])],
            "name": f"ranking-regions-{view.state.indicator}-{view.period_typed}",
        },
    )


def _order(view: PageView, regions: RankedRegions) -> list[int]:
    """The régions in order, equal ones by their names."""
    names = [alphabetical(name) for name in regions.names]
    keys: dict[str, list[Any]] = {
        "dryness": list(regions.rank),
        "name": names,
        "value": list(regions.value),
        "percentile": list(regions.percentile),
        "change": list(regions.change),
        "year": list(regions.year),
        "share": list(regions.in_drought),
        "crops": list(regions.crops),
    }
    by_name = np.argsort(names, kind="stable")
    chosen = keys.get(view.state.sort, keys["dryness"])
    return [
        int(by_name[each])
        for each in in_order([chosen[index] for index in by_name], view.state.descending)
    ]


def _known_columns(view: PageView, regions: RankedRegions) -> dict[str, bool]:
    """Which columns have any value."""
    return {
        "drought": view.indicator.kind == "class",
        "value": has_any(regions.value),
        # A mean of ranks among few years cannot be given as years in a hundred.
        "percentile": has_any(regions.percentile) and not rests_on_few_years(view),
        "change": has_any(regions.change),
        "year": has_any(regions.year) and view.indicator.step != "year",
        "crops": has_any(regions.crops),
        "spark": len(view.matrix.periods) > 2,
    }


def _heads(view: PageView, has: Mapping[str, bool]) -> list[Head]:
    """The columns of the table: fixed ones, and those with values."""
    words, (value, unit) = view.words, value_head(view)
    falls = drier_sign(view.indicator) > 0
    optional = {
        "drought": Head(words("ranking.drought"), "share", words("ranking.of_area"), True, True),
        "value": Head(value, "value", unit or words("ranking.mean"), True, falls),
        "percentile": Head(words("ranking.as_dry"), "percentile", words("ranking.mean"), True),
        "change": Head(since_head(view), "change", unit, True, falls),
        "year": Head(words("ranking.year"), "year", unit, True, falls),
        "crops": Head(words("ranking.crops"), "crops", "ha", True, True),
    }
    return [
        Head(words("ranking.rank"), "dryness", number=True),
        Head(words("ranking.region"), "name"),
        Head(words("ranking.shares"), unit=words("ranking.of_area")),
        *(head for name, head in optional.items() if has[name]),
        Head(words("ranking.worst")),
    ]


def _region_row(
    view: PageView, regions: RankedRegions, index: int, mean: FloatMatrix, widest: NDArray[np.int64]
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
    style = matrix.style_at(view.row, worst) if worst >= 0 else NO_DATA
    return {
        "name": name,
        "href": view.href(level="", region=regions.codes[index]),
        "covered": covered if 0 < known < regions.members[index] else "",
        "rank": "" if np.isnan(rank) else format_number(rank, 0, lang),
        "shares": shares,
        "shares_said": ", ".join(f"{each.name(lang)} {said}" for each, said, _ in shares),
        "drought": percent(float(regions.in_drought[index]), lang) if known else "",
        "value": value_words(view, float(regions.value[index])),
        "percentile": in_100(view, float(regions.percentile[index])),
        "change": change_words(view, _rounded(view, regions.change[index])),
        "year": change_words(view, _rounded(view, regions.year[index])),
        "crops": area_words(crops, view),
        "worst": matrix.names[worst] if worst >= 0 else "",
        "worst_href": view.href(page="departement", departement=matrix.codes[worst])
        if worst >= 0
        else "",
        "style": style,
        "class": matrix.class_words(view.row, worst, lang) if worst >= 0 else style.name(lang),
        "hatched": style is NO_DATA,
        "spark": spark(
            mean.tolist(), [bar_colour(matrix.styles[each]) for each in widest], label, SPARK_WIDTH
        ),
    }


def _rounded(view: PageView, value: float) -> float:
    return float(np.round(value, view.indicator.decimals)) + 0.0
