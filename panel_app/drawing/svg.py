"""Charts as SVG with words in HTML: the parts of a chart, whatever it shows.

The server draws a chart, so that it can be read before any script runs, printed, and copied. Its
curves stretch with the page; its words do not: they are HTML, positioned in shares of the plot.
Every chart has a title, a note (unit, source, period), a table of its figures, and tooltips for
pointer and keyboard. Colours of text and lines come from the style sheet, in both themes. The
shapes themselves are those of `geo_pipeline.drawing.curves`.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape

from geo_pipeline.drawing.curves import (
    WIDTH,
    Anchor,
    Floats,
    Label,
    Mark,
    Scale,
    apart,
    axis,
    band,
    bars,
    curve,
    decimals,
    end_names,
    level,
    line,
    number,
    points,
    runs,
    spread,
    ticks,
)
from panel_app.data.page_words import Catalogue
from panel_app.drawing.templates import render

__all__ = [
    "WIDTH", "Anchor", "Chart", "Floats", "Label", "Mark", "Scale", "Table", "Tip", "apart",
    "axis", "band", "bars", "curve", "decimals", "end_names", "level", "line", "number", "points",
    "runs", "spark", "spread", "ticks",
]  # fmt: skip


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
