"""Shapes of charts as SVG paths, and where their words go: pure functions of numbers.

The app and the bulletin draw with these; what surrounds the shapes (a page, a document) is theirs.
Add what draws a curve here; a whole chart belongs to the room that shows it.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

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


def spread(
    x: ArrayLike, limits: Sequence[ArrayLike], scale: Scale, height: float
) -> tuple[Mark, Mark]:
    """Return the wide and the narrow band of a fan; `limits` are its four curves, from the lowest.

    They are in the units of `scale`.
    """
    low, lower, upper, high = (scale(each) for each in limits)
    return (
        Mark(band(x, low, high, height), "band-wide"),
        Mark(band(x, lower, upper, height), "band-narrow"),
    )


def curve(x: ArrayLike, values: ArrayLike, scale: Scale, height: float, kind: str) -> Mark:
    """Return the line through `values`, in the units of `scale`, in the style `kind`."""
    return Mark(line(x, scale(values), height), kind)


def level(y: float, height: float) -> str:
    """A line across the plot at the share `y`."""
    return f"M0 {number((1 - y) * height)}H{WIDTH}"


def runs(known: NDArray[np.bool_]) -> list[slice]:
    """Unbroken runs in which `known` is true."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8)))
    return [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


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
