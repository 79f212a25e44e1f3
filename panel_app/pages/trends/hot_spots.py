"""Hot spots: where neighbours are dry, or wet, together at the period shown."""

from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np
from markupsafe import Markup

from geo_pipeline import dekads
from geo_pipeline.publishing.formats import capitalise, format_number
from panel_app.data.indicator_matrix import NO_STYLE
from panel_app.data.page_view import PageView
from panel_app.drawing import atlas
from panel_app.drawing.templates import render
from panel_app.pages.trends import season_trends
from panel_app.pages.trends.trend_map import p_text
from panel_app.pages.trends.trends_charts import (
    COLOURS,
    DRY,
    USUAL,
    WET,
    Shown,
    colon,
)

NAMED: Final = 8
"""Members of the clusters that are named in a sentence."""
KIND_COLOURS: Final = (USUAL, DRY, WET, COLOURS[2], COLOURS[6])
STRONG, SOME = 0.5, 0.2
"""Moran's index from which neighbours are called very similar, and similar."""
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
"""Names of the kinds of clusters, by the name of the brown end of the colours."""


def hot(about: Shown) -> str:
    """Where neighbours are dry together at the period that is shown."""
    view, words = about.view, about.view.words
    found = season_trends.published_hot_spots(view.publication, view.state.indicator, view.row)
    said = [words("trends.kind.neither"), *(words(key) for key in KINDS[about.speech])]
    label = words("trends.hot.map", indicator=view.indicator.name(view.lang), period=view.period)
    return render(
        "trends/hot",
        {
            "words": words,
            "title": words("trends.hot.title", period=view.period),
            "steps": steps(view),
            "said": _hot_said(about, found),
            "alike": alike(found, view),
            "map": Markup(_map(view, found, said, label)),  # noqa: S704  rendered with escaping
            "legend": [
                (said[kind], KIND_COLOURS[kind], int((found.kind == kind).sum()))
                for kind in (*range(1, 5), season_trends.NEITHER)
            ],
            "unknown": int((found.kind < 0).sum()),
            "label": label,
            "rows": _hot_rows(view, found, said),
            "against": words(
                "trends.hot.against_dry" if about.speech == "dry" else "trends.hot.against"
            ),
            "source": view.source,
        },
    )


def _map(view: PageView, found: season_trends.HotSpots, said: Sequence[str], label: str) -> str:
    """The map of the kinds of clusters."""
    unknown = view.words("trends.kind.unknown")
    titles = []
    for at, kind in enumerate(found.kind):
        title = view.publication.names[at] + colon(view) + (unknown if kind < 0 else said[kind])
        if view.matrix.style[view.row, at] != NO_STYLE:
            title += f", {view.matrix.shown_value(view.row, at, view.lang)}"
        titles.append(title)
    return atlas.map_html(
        view.publication,
        view.words,
        ["" if kind < 0 else KIND_COLOURS[kind] for kind in found.kind],
        name="hot",
        label=label,
        titles=titles,
        marks=["significant" if kind > season_trends.NEITHER else "" for kind in found.kind],
        selected=view.state.departement,
    )


def _hot_rows(
    view: PageView, found: season_trends.HotSpots, said: Sequence[str]
) -> list[dict[str, str]]:
    """Members of the clusters, the surest first."""
    order = [
        int(each)
        for each in np.argsort(found.p_value, kind="stable")
        if found.kind[each] > season_trends.NEITHER
    ]
    return [
        {
            "name": view.publication.names[at],
            "code": view.publication.codes[at],
            "kind": said[found.kind[at]],
            "colour": KIND_COLOURS[found.kind[at]],
            "value": view.matrix.shown_value(view.row, at, view.lang),
            "p": p_text(float(found.p_value[at]), view.lang),
        }
        for at in order
    ]


def _hot_said(about: Shown, found: season_trends.HotSpots) -> str:
    """The members of the brown clusters and of the green ones."""
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
            words("trends.hot.members", kind=capitalise(words(key)), n=inside.size, names=listed)
        )
    return " ".join(parts) or words("trends.hot.none")


def alike(found: season_trends.HotSpots, view: PageView) -> str:
    """How similar neighbours are, in words."""
    words, value = view.words, found.alike
    if np.isnan(value):
        return words("trends.moran.unknown")
    index = format_number(value, 2, view.lang)
    if found.p_value_of_all > season_trends.ALONE:
        return words("trends.moran.chance", i=index)
    if value < found.expected:
        return words("trends.moran.unlike", i=index)
    if value >= STRONG:
        return words("trends.moran.strong", i=index)
    return words("trends.moran.some" if value >= SOME else "trends.moran.weak", i=index)


def steps(view: PageView) -> list[tuple[str, str]]:
    """Links to other periods: a year or a step back and forward, the latest."""
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
