"""The compared places, and the drawing of their lines: colours, names, axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from geo_pipeline.publishing.formats import format_number
from geo_pipeline.words import Lang
from panel_app.data.indicator_matrix import FloatMatrix
from panel_app.data.page_view import PageView
from panel_app.drawing.svg import (
    WIDTH,
    Anchor,
    Label,
    Mark,
    Scale,
    axis,
    decimals,
    end_names,
    number,
    ticks,
)

HEIGHT: Final = 260
LEFT, TOP, BOTTOM = 48, 8, 24
END: Final = 132
"""Space for the names at the end of the lines, px."""
MOST_TICKS: Final = 7


@dataclass(frozen=True)
class Place:
    """A département on the charts; its colour depends on its position in the list."""

    code: str
    name: str
    column: int
    position: int

    @property
    def kind(self) -> str:
        """Class of its lines."""
        return f"series-{self.position + 1}"


def compared_places(view: PageView) -> list[Place]:
    """Return the départements that are compared."""
    matrix = view.matrix
    known = [code for code in view.state.places if code in matrix.codes]
    return [
        Place(code, matrix.names[matrix.column(code)], matrix.column(code), position)
        for position, code in enumerate(known)
    ]


def names_at_the_end(
    chosen: Sequence[Place], lines: FloatMatrix, plot: float, years: Sequence[int] = ()
) -> list[Label]:
    """The name of each line beside its last value (a share from the bottom), without overlaps.

    `years` are those of the rows: a line that ends early shows the year.
    """
    ends = []
    for place, values in zip(chosen, lines.T, strict=True):
        known = np.flatnonzero(~np.isnan(values))
        if not known.size:
            continue
        row = int(known[-1])
        early = bool(years) and years[row] < years[-1]
        text = f"{place.name} ({years[row]})" if early else place.name
        ends.append((1 - float(values[row]), text, place.kind))
    return end_names(ends, plot)


def broken(
    days: FloatMatrix, values: FloatMatrix, longest: float
) -> tuple[FloatMatrix, FloatMatrix]:
    """Insert a gap between days further apart than `longest`, so that no line crosses it."""
    holes = np.flatnonzero(np.diff(days) > longest) + 1
    return np.insert(days, holes, days[holes]), np.insert(values, holes, np.nan, axis=0)


def round_scale(values: FloatMatrix, zero: bool = False) -> tuple[Scale, list[float]]:
    """A scale between round values around all numbers, and its ticks."""
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high <= low:
        high = low + 1.0
    step = ticks(0, high - low)[1]
    low, high = np.floor(low / step + 1e-9) * step, np.ceil(high / step - 1e-9) * step
    return Scale(float(low), float(high)), ticks(float(low), float(high), 8)


def every_other(index: int) -> str:
    """Kind of a label below the plot: on narrow screens every other one is hidden."""
    return "x odd" if index % 2 else "x"


def amounts_beside(
    scale: Scale, values: Sequence[float], plot: float, lang: Lang
) -> tuple[list[Mark], list[Label]]:
    """Marks and labels of the axis on the left, all with the same decimals."""
    many = decimals(values)
    return axis(scale, values, plot, lambda value: format_number(value, many, lang))


def years_below(first: date, last: date, plot: float) -> tuple[list[Mark], list[Label]]:
    """Marks and labels of the years between two days."""
    span = max(1, (last - first).days)
    begun = [year for year in range(first.year, last.year + 1) if date(year, 1, 1) >= first]
    every = -(-len(begun) // MOST_TICKS) or 1
    marks, labels = [], []
    for index, year in enumerate(begun[::every]):
        share = (date(year, 1, 1) - first).days / span
        marks.append(upright(share, plot))
        if share < 0.97:
            anchor: Anchor = "start" if share < 0.02 else "middle"
            labels.append(Label(share, 1.0, str(year), anchor, every_other(index)))
    return marks, labels


def upright(share: float, plot: float) -> Mark:
    """A vertical line at a share of the plot's width."""
    return Mark(f"M{number(share * WIDTH)} 0V{number(plot)}", "grid")


def listed(chosen: Sequence[Place], told: Sequence[str]) -> str:
    """The texts of all places, in one line."""
    return " · ".join(f"{place.name} {text}" for place, text in zip(chosen, told, strict=True))


def source_words(view: PageView, source: str) -> str:
    """The sources to be named below a chart."""
    return view.words("ranking.beside.source", source=source) if source else ""
