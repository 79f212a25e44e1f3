"""Charts as SVG with words in HTML: the parts of a chart, whatever it shows.

The server draws a chart, so that it can be read before any script runs, printed, and copied. Its
curves stretch with the page; its words do not: they are HTML, positioned in shares of the plot.
Every chart has a title, a note (unit, source, period), a table of its figures, and tooltips for
pointer and keyboard. Colours of text and lines come from the style sheet, in both themes.
"""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from panel_app.data.page_words import Catalogue
from panel_app.drawing.templates import render

WIDTH: Final = 1000
"""Width of the drawing in its own units; heights are in pixels."""

NAME_PX: Final = 17
"""Smallest distance between names at the ends of lines."""

Anchor = Literal["start", "middle", "end"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Mark:
    """One shape: `d` as in SVG paths, `kind` a class of the style sheet, its own colour."""

    d: str
    kind: str
    fill: str = ""
    stroke: str = ""


@dataclass(frozen=True)
class Label:
    """Words at `x`, `y` (0 to 1, from the left and from the top of the plot)."""

    x: float
    y: float
    text: str
    anchor: Anchor = "middle"
    kind: str = ""
    colour: str = ""


@dataclass(frozen=True)
class Tip:
    """Tooltip between `x0` and `x1`; `period` is the target of a click."""

    x0: float
    x1: float
    title: str
    text: str
    period: str = ""
    y0: float = 0.0
    y1: float = 1.0


@dataclass(frozen=True)
class Table:
    """The figures of a chart as texts; the first column names the row."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Chart:
    """A whole figure. `left` and `right` are the space for words beside the plot, px."""

    name: str
    title: str
    height: int
    note: str = ""
    hint: str = ""
    """What a click does; it is not part of a copy of the chart."""
    marks: list[Mark] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    tips: list[Tip] = field(default_factory=list)
    table: Table | None = None
    left: int = 40
    right: int = 8
    top: int = 8
    bottom: int = 24
    now: tuple[float, float] | None = None
    """The period of the map, as a column behind the curves (0 to 1)."""

    def html(self, words: Catalogue) -> str:
        """Return the figure as HTML."""
        return render(
            "shell/chart",
            {
                "chart": self,
                "words": words,
                "width": WIDTH,
                "plot": self.height - self.top - self.bottom,
                "tips": json.dumps(
                    [
                        [
                            round(tip.x0, 5),
                            round(tip.x1, 5),
                            tip.title,
                            tip.text,
                            tip.period,
                            round(tip.y0, 5),
                            round(tip.y1, 5),
                        ]
                        for tip in self.tips
                    ],
                    ensure_ascii=False,
                    separators=(",", ":"),
                ),
            },
        )


@dataclass(frozen=True)
class Scale:
    """Position of a value between `low` (0) and `high` (1)."""

    low: float
    high: float

    def __call__(self, value: ArrayLike) -> Floats:
        """Return the positions of values."""
        span = (self.high - self.low) or 1.0
        return (np.asarray(value, dtype=float) - self.low) / span


def points(x: ArrayLike, y: ArrayLike, height: float = 1.0) -> list[tuple[float, float]]:
    """Return shares (`y` from the bottom) in the units of the drawing, NaN left in."""
    across = np.asarray(x, dtype=float) * WIDTH
    down = (1.0 - np.asarray(y, dtype=float)) * height
    return list(zip(across.tolist(), down.tolist(), strict=True))


def number(value: float) -> str:
    """A coordinate to a tenth, without unnecessary digits."""
    return f"{value:.1f}".removesuffix(".0")


def line(x: ArrayLike, y: ArrayLike, height: float) -> str:
    """A curve through positions, broken where `y` is NaN."""
    parts, open_ = [], False
    for across, down in points(x, y, height):
        if math.isnan(down):
            open_ = False
            continue
        parts.append(f"{'L' if open_ else 'M'}{number(across)} {number(down)}")
        open_ = True
    return "".join(parts)


def band(x: ArrayLike, low: ArrayLike, high: ArrayLike, height: float) -> str:
    """The area between two curves, omitted where either is NaN."""
    x, low, high = (np.asarray(each, dtype=float) for each in (x, low, high))
    known = ~(np.isnan(low) | np.isnan(high))
    parts = []
    for run in runs(known):
        there = points(x[run], high[run], height)
        back = points(x[run], low[run], height)[::-1]
        ring = [f"{number(across)} {number(down)}" for across, down in (*there, *back)]
        parts.append("M" + "L".join(ring) + "z")
    return "".join(parts)


def bars(left: ArrayLike, right: ArrayLike, low: ArrayLike, high: ArrayLike, height: float) -> str:
    """Upright rectangles between positions, all in one path."""
    parts = []
    for x0, x1, y0, y1 in zip(
        *(np.asarray(e, dtype=float).tolist() for e in (left, right, low, high)), strict=True
    ):
        if math.isnan(y0) or math.isnan(y1):
            continue
        top, bottom = (1 - max(y0, y1)) * height, (1 - min(y0, y1)) * height
        parts.append(
            f"M{number(x0 * WIDTH)} {number(top)}H{number(x1 * WIDTH)}"
            f"V{number(bottom)}H{number(x0 * WIDTH)}z"
        )
    return "".join(parts)


def level(y: float, height: float) -> str:
    """A line across the plot at the share `y`."""
    return f"M0 {number((1 - y) * height)}H{WIDTH}"


def runs(known: NDArray[np.bool_]) -> list[slice]:
    """Unbroken runs in which `known` is true."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8)))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def spark(values: Sequence[float], colours: Iterable[str], label: str, width: int = 96) -> str:
    """A row of small bars, dry below the middle, as HTML; no bar where there is no value.

    `values` are indices (0 is usual); bars beyond ±2.5 have the length of 2.5.
    """
    height, step = 24, width / max(1, len(values))
    wide, lefts = number(step * 0.82), _lefts(len(values), step)
    shapes: dict[str, str] = {}
    for left, value, colour in zip(lefts, values, colours, strict=True):
        if math.isnan(value):
            continue
        size = min(abs(value), 2.5) / 2.5 * (height / 2)
        top = height / 2 if value < 0 else height / 2 - size
        bar = f"M{left} {number(top)}h{wide}v{number(max(size, 0.6))}h-{wide}z"
        shapes[colour] = shapes.get(colour, "") + bar
    drawn = "".join(f'<path fill="{escape(colour)}" d="{d}"/>' for colour, d in shapes.items())
    return (
        f'<svg class="spark" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(label)}">{drawn}</svg>'
    )


@lru_cache(maxsize=8)
def _lefts(count: int, step: float) -> tuple[str, ...]:
    """Left edges of small bars: the same for all the rows of a table."""
    return tuple(number(index * step) for index in range(count))


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round values between `low` and `high`, at most `most`: 1, 2 or 5 times a power of ten."""
    span = high - low
    if not span > 0:
        return [low]
    raw = span / most
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= raw * 0.999)
    first = np.ceil(low / step - 1e-9) * step
    return [float(each) for each in np.arange(first, high + step * 1e-6, step)]


def decimals(values: Iterable[float]) -> int:
    """Decimals needed to distinguish all of the values, at most three."""
    values = list(values)
    return next(
        (many for many in (0, 1, 2) if all(abs(round(v, many) - v) < 1e-9 for v in values)), 3
    )


def axis(
    scale: Scale, values: Iterable[float], height: float, write: Callable[[float], str]
) -> tuple[list[Mark], list[Label]]:
    """Lines across the plot at `values`, a stronger one at zero, and their labels on the left."""
    shares = [(value, float(scale(value))) for value in values]
    marks = [Mark(level(at, height), "zero" if value == 0 else "grid") for value, at in shares]
    return marks, [Label(0.0, 1 - at, write(value), "end", "y") for value, at in shares]


def end_names(ends: Sequence[tuple[float, str, str]], height: float) -> list[Label]:
    """Names beside the ends of lines, moved apart so that none overlaps another.

    `ends` are the end of each line (a share from the top), its name, and its class.
    """
    tops = apart([top for top, _, _ in ends], NAME_PX / height)
    return [
        Label(1.0, top, text, "start", f"end {kind}".strip())
        for top, (_, text, kind) in zip(tops, ends, strict=True)
    ]


def apart(wanted: Sequence[float], gap: float) -> list[float]:
    """Move positions (0 to 1) at least `gap` apart, as little as necessary and within 0 to 1.

    Those too near to each other form a group around their mean; their order is kept.
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    groups: list[tuple[float, int]] = []  # centre and number of members
    for index in order:
        centre, size = _inside(float(wanted[index]), 1, gap), 1
        while groups and groups[-1][0] + _half(groups[-1][1], gap) + gap > centre - _half(
            size, gap
        ):
            before, members = groups.pop()
            centre = (before * members + centre * size) / (members + size)
            size += members
            centre = _inside(centre, size, gap)
        groups.append((centre, size))
    placed = [
        centre - _half(size, gap) + gap * member
        for centre, size in groups
        for member in range(size)
    ]
    moved = [0.0] * len(wanted)
    for index, position in zip(order, placed, strict=True):
        moved[index] = position
    return moved


def _half(size: int, gap: float) -> float:
    return gap * (size - 1) / 2


def _inside(centre: float, size: int, gap: float) -> float:
    half = _half(size, gap)
    return min(max(centre, half), max(1 - half, half))
