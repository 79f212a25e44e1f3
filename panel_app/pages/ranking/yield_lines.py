"""The harvests of a crop, a line for each place."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from geo_pipeline.publishing.formats import format_number, is_missing
from panel_app.data.indicator_matrix import FloatMatrix
from panel_app.data.page_view import PageView
from panel_app.drawing.svg import (
    WIDTH,
    Chart,
    Label,
    Mark,
    Table,
    Tip,
    line,
    number,
    runs,
)
from panel_app.pages.ranking.compared_places import (
    BOTTOM,
    END,
    HEIGHT,
    LEFT,
    MOST_TICKS,
    TOP,
    Place,
    amounts_beside,
    every_other,
    listed,
    names_at_the_end,
    round_scale,
    source_words,
)

MAIZE: Final = ("grain_maize_irrigated", "grain_maize", "grain_maize_rainfed")
"""Kinds of maize, never added up: the one known at most places, then the latest, is drawn."""
Harvests = dict[str, dict[int, float]]
"""Yields by crop, then by year of harvest."""


def harvests(view: PageView, place: Place) -> Harvests:
    """Yields of each crop by year, q/ha."""
    table = view.publication.crops(place.code)
    found: Harvests = {}
    columns = (table[name].tolist() for name in ("crop", "year", "yield_q_ha"))
    for crop, year, quintals in zip(*columns, strict=True):
        if not is_missing(quintals):
            found.setdefault(str(crop), {})[int(year)] = float(quintals)
    return found


def maize(crops: Sequence[Harvests]) -> str:
    """The kind of maize known at most places, the latest of equal ones; "" for none."""
    best, most = "", (0, 0)
    for crop in MAIZE:
        known = [found[crop] for found in crops if crop in found]
        rank = (len(known), max((max(years) for years in known), default=0))
        if rank > most:
            best, most = crop, rank
    return best


def yields(
    view: PageView, chosen: Sequence[Place], crops: Sequence[Harvests], crop: str
) -> Chart | None:
    """The harvests of a crop, a line for each place."""
    words, lang = view.words, view.lang
    known = [found.get(crop, {}) for found in crops]
    every = sorted({year for found in known for year in found})
    if len(every) < 2:
        return None
    years = list(range(every[0], every[-1] + 1))
    values = np.array([[found.get(year, np.nan) for found in known] for year in years])
    scale, on_axis = round_scale(values, zero=True)
    plot = HEIGHT - TOP - BOTTOM
    x = (np.arange(len(years)) + 0.5) / len(years)
    marks, labels = amounts_beside(scale, on_axis, plot, lang)
    step = -(-len(years) // MOST_TICKS)
    labels += [
        Label(float(x[index]), 1.0, str(years[index]), "middle", every_other(index // step))
        for index in range(0, len(years), step)
    ]
    shares = scale(values)
    for place, share in zip(chosen, shares.T, strict=True):
        marks.append(Mark(line(x, share, plot) + _lone(x, share, plot), place.kind))
    labels += names_at_the_end(chosen, shares, plot, years)

    def said(amount: float) -> str:
        text = format_number(amount, 1, lang)
        return text if np.isnan(amount) else words("ranking.beside.quintals", n=text)

    told = [[said(amount) for amount in row] for row in values]
    return Chart(
        f"compare-yield-{crop}",
        words("ranking.beside.yields", crop=words.crop(crop), first=years[0], last=years[-1]),
        HEIGHT,
        f"{words('ranking.beside.yields_note')} "
        f"{source_words(view, view.publication.source_names(f'yield_anomaly_pct_{crop}'))}".strip(),
        marks=marks,
        labels=labels,
        tips=[
            Tip(
                index / len(years),
                (index + 1) / len(years),
                str(year),
                listed(chosen, told[index]),
            )
            for index, year in enumerate(years)
        ],
        table=Table(
            [words("ranking.beside.year"), *(place.name for place in chosen)],
            [[str(year), *texts] for year, texts in zip(years, told, strict=True)],
        ),
        left=LEFT,
        right=END,
        top=TOP,
        bottom=BOTTOM,
    )


def _lone(x: FloatMatrix, y: FloatMatrix, plot: float) -> str:
    """A short stroke for each value without a neighbour, which a line would not show."""
    return "".join(
        f"M{number(float(x[run.start]) * WIDTH - 4)} {number((1 - float(y[run.start])) * plot)}h8"
        for run in runs(~np.isnan(y))
        if run.stop - run.start == 1
    )
