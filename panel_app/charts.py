"""Charts through time: the timeline under the map, and the two charts of a département.

Each is built once; afterwards its sources are filled. Time runs in milliseconds, a month being as
wide as it lasts, so that months without data leave a hole as wide as they are.
"""

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np
from bokeh.models import (
    BoxAnnotation,
    ColumnDataSource,
    CustomJS,
    CustomJSTickFormatter,
    FixedTicker,
    HoverTool,
    LinearAxis,
    Range1d,
    Slider,
    Span,
)
from bokeh.plotting import figure
from numpy.typing import NDArray

from geo_pipeline.indicators.classes import INDEX_DRY_LIMITS
from geo_pipeline.publishing import look
from panel_app.i18n import Catalogue
from panel_app.store import NO_STYLE, Matrix
from panel_app.theme import FONT, bar_colour, themed

RAIN_MONTHS: Final = 24
"""How many months the chart of rain looks back on."""

_TIP: Final = (
    f"<div style='padding:2px 4px;font:13px/18px {FONT.replace(chr(34), '')};color:#1a1a1a'>"
    "<b>@label</b><br>@text</div>"
)
_THRESHOLDS: Final = {
    "D1": INDEX_DRY_LIMITS[3],
    "D3": INDEX_DRY_LIMITS[1],
}


def milliseconds(day: date) -> float:
    """A day as Bokeh's time axis has it."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1e3


def spans(matrix: Matrix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Beginning and end of each period; a single day is drawn a month wide."""
    starts = [period.replace(day=1) for period in matrix.periods]
    ends = [
        start + timedelta(days=calendar.monthrange(start.year, start.month)[1]) for start in starts
    ]
    return np.array([milliseconds(day) for day in starts]), np.array(
        [milliseconds(day) for day in ends]
    )


def _figure(name: str, **options: Any) -> figure:
    """A quiet figure: no toolbar, no frame, rules and labels in the page's colours."""
    chart = figure(
        name=f"{name}_figure",
        sizing_mode="stretch_both",
        toolbar_location=None,
        tools="",
        x_axis_type="datetime",
        min_border=0,
        outline_line_color=None,
        **options,
    )
    chart.background_fill_alpha = 0
    chart.border_fill_alpha = 0
    chart.xgrid.visible = False
    themed(chart.ygrid[0], grid_line_color="rule")
    for axis in (chart.xaxis[0], chart.yaxis[0]):
        axis.major_label_text_font = FONT
        axis.major_label_text_font_size = "13px"
        axis.minor_tick_line_color = None
        axis.axis_line_color = None
        themed(axis, major_label_text_color="soft")
    chart.yaxis[0].major_tick_line_color = None
    themed(chart.xaxis[0], major_tick_line_color="rule", axis_line_color="rule")
    chart.xaxis[0].ticker = FixedTicker(ticks=[])
    chart.xaxis[0].formatter = CustomJSTickFormatter(
        code="return String(new Date(tick).getUTCFullYear())"
    )
    chart.yaxis[0].formatter = CustomJSTickFormatter(
        code="return String(tick).replace('-', '\u2212').replace('.', ',')"
    )
    return chart


def _years(chart: figure, left: float, right: float, most: int = 7) -> None:
    """Mark the beginning of years, every year or every few."""
    chart.x_range.update(start=left, end=right)
    first, last = (datetime.fromtimestamp(edge / 1e3, UTC).year for edge in (left, right))
    every = 1 + (last - first) // most
    ticks = [milliseconds(date(year, 1, 1)) for year in range(first, last + 1) if not year % every]
    chart.xaxis[0].ticker.ticks = [tick for tick in ticks if left <= tick < right]


def _follow(chart: figure, cursor: Slider, periods: ColumnDataSource, *events: str) -> None:
    """Let a click (or a drag) on `chart` move the map's period to the nearest one."""
    code = """
        const {left, right} = periods.data;
        if (!Number.isFinite(cb_obj.x) || left.length == 0) return;
        let best = 0, least = Infinity;
        for (let i = 0; i < left.length; i++) {
            const off = Math.max(left[i] - cb_obj.x, cb_obj.x - right[i], 0);
            if (off < least) { least = off; best = i; }
        }
        cursor.value = best;
    """
    action = CustomJS(args={"periods": periods, "cursor": cursor}, code=code)
    for event in events:
        chart.js_on_event(event, action)


def _mark(chart: figure) -> BoxAnnotation:
    """What shows the map's period on a chart: a pale column behind it."""
    band = BoxAnnotation(left=0, right=1, line_color=None, fill_alpha=0.25, level="underlay")
    chart.add_layout(themed(band, fill_color="accent"))
    return band


class Timeline:
    """The slider: share of the area in each class through time; a drag on it moves the map."""

    def __init__(self, cursor: Slider, periods: ColumnDataSource, texts: ColumnDataSource) -> None:
        self.shares = ColumnDataSource(
            {"left": [], "right": [], "bottom": [], "top": [], "colour": []}
        )
        self.holes = ColumnDataSource({"left": [], "right": []})
        self.figure = _figure("timeline", x_range=Range1d(0, 1), y_range=Range1d(0, 100))
        self.figure.yaxis[0].ticker = FixedTicker(ticks=[0, 50, 100])
        self._draw(periods)
        self._lines = [
            themed(Span(location=0, dimension="height", line_width=width), line_color=token)
            for width, token in ((5, "ground"), (2, "ink"))
        ]
        for line in self._lines:
            self.figure.add_layout(line)
        _follow(self.figure, cursor, periods, "tap", "panstart", "pan")
        follow = CustomJS(
            # `texts` is read by page.js: what nothing refers to is not sent.
            args={"lines": self._lines, "periods": periods, "cursor": cursor, "texts": texts},
            code="""
                const {left, right} = periods.data;
                for (const line of lines)
                    line.location = (left[cursor.value] + right[cursor.value]) / 2;
            """,
        )
        cursor.js_on_change("value", follow)

    def fill(self, matrix: Matrix) -> None:
        """Show another indicator."""
        left, right = spans(matrix)
        shares = matrix.area_shares
        top = np.cumsum(shares, axis=1)
        # The usual is left blank, so that what is out of the ordinary stands out in any theme.
        usual = np.array([style.code == "normal" for style in matrix.styles])
        seen = (shares > 0) & ~usual
        rows, styles = np.nonzero(seen)
        colours = np.array([style.colour for style in matrix.styles], dtype=object)
        self.shares.data = {
            "left": left[rows],
            "right": right[rows],
            "bottom": (top - shares)[seen],
            "top": top[seen],
            "colour": list(colours[styles]),
        }
        hole = np.flatnonzero(left[1:] - right[:-1] > 1e3)
        self.holes.data = {"left": right[hole], "right": left[hole + 1]}
        margin = 0.004 * (right[-1] - left[0])
        _years(self.figure, left[0] - margin, right[-1] + margin)

    def move(self, matrix: Matrix, row: int) -> None:
        """Mark a period."""
        left, right = spans(matrix)
        for line in self._lines:
            line.location = float((left[row] + right[row]) / 2)

    def _draw(self, periods: ColumnDataSource) -> None:
        holes = self.figure.quad(
            left="left",
            right="right",
            bottom=0,
            top=100,
            source=self.holes,
            fill_color=None,
            line_color=None,
            hatch_pattern="/",
            hatch_scale=7,
            hatch_weight=0.6,
        )
        themed(holes.glyph, hatch_color="rule")
        self.figure.quad(
            left="left",
            right="right",
            bottom="bottom",
            top="top",
            source=self.shares,
            fill_color="colour",
            line_color="colour",
            line_width=0.4,
        )
        hit = self.figure.quad(
            left="left",
            right="right",
            bottom=0,
            top=100,
            source=periods,
            fill_alpha=0,
            line_alpha=0,
            hover_fill_alpha=0.12,
            hover_fill_color="#1a1a1a",
        )
        self.figure.add_tools(
            HoverTool(renderers=[hit], tooltips=_TIP, point_policy="follow_mouse")
        )


class History:
    """An indicator of a département through time, bars from zero coloured by class."""

    def __init__(self, cursor: Slider, periods: ColumnDataSource, words: Catalogue) -> None:
        self._words = words
        self.bars = ColumnDataSource(
            {"left": [], "right": [], "top": [], "colour": [], "label": [], "text": []}
        )
        self.figure = _figure("history", x_range=Range1d(0, 1), y_range=Range1d(-2.7, 2.7))
        bars = self.figure.quad(
            left="left",
            right="right",
            bottom=0,
            top="top",
            source=self.bars,
            fill_color="colour",
            line_color=None,
        )
        self.figure.add_tools(
            HoverTool(renderers=[bars], tooltips=_TIP, point_policy="follow_mouse")
        )
        self._limits = self._draw_limits()
        zero = Span(location=0, dimension="width", line_width=1)
        self.figure.add_layout(themed(zero, line_color="soft"))
        self._band = _mark(self.figure)
        _follow(self.figure, cursor, periods, "tap")

    def fill(self, matrix: Matrix, column: int) -> None:
        """Show a département."""
        lang = self._words.lang
        left, right = spans(matrix)
        rows = [int(row) for row in np.flatnonzero(matrix.style[:, column] != NO_STYLE)]
        height = heights(matrix, column)[rows]
        gap = 0.12 * (right[rows] - left[rows])
        self.bars.data = {
            "left": left[rows] + gap,
            "right": right[rows],
            "top": height,
            "colour": [bar_colour(matrix.styles[matrix.style[row, column]]) for row in rows],
            "label": [look.capitalise(matrix.period_words(row, lang)) for row in rows],
            "text": [self._tip(matrix, row, column) for row in rows],
        }
        _years(self.figure, left[0], right[-1])
        self._scale(matrix, height)

    def move(self, matrix: Matrix, row: int) -> None:
        """Mark a period."""
        left, right = spans(matrix)
        self._band.update(left=left[row], right=right[row])

    def _tip(self, matrix: Matrix, row: int, column: int) -> str:
        said = matrix.statement(row, column, self._words.lang)
        if not matrix.drought_class[row, column]:
            return said.head
        return f"{said.head} ({matrix.shown_value(row, column, self._words.lang)})"

    def _scale(self, matrix: Matrix, height: NDArray[np.float64]) -> None:
        """Fit the height: symmetric for an index, from zero for an amount."""
        kind = look.indicator_of(matrix.indicator).kind
        by_class = kind == "class"
        self.figure.yaxis[0].visible = kind != "stage"
        for mark in self._limits:
            mark.visible = by_class
        if by_class:
            self.figure.y_range.update(start=-2.7, end=2.7)
        elif height.size:
            low, high = min(0.0, float(height.min())), max(0.0, float(height.max()))
            self.figure.y_range.update(start=low * 1.08, end=high * 1.08 or 1.0)

    def _draw_limits(self) -> list[Span | LinearAxis]:
        """Lines where drought classes begin, named at the end of the line."""
        marks: list[Span | LinearAxis] = []
        for limit in _THRESHOLDS.values():
            line = Span(
                location=limit, dimension="width", line_width=1, line_dash=[2, 3], level="underlay"
            )
            self.figure.add_layout(themed(line, line_color="soft"))
            marks.append(line)
        names = LinearAxis(
            ticker=FixedTicker(ticks=list(_THRESHOLDS.values())),
            major_label_overrides={
                limit: self._words(f"threshold.{code}") for code, limit in _THRESHOLDS.items()
            },
            major_label_text_font=FONT,
            major_label_text_font_size="13px",
            axis_line_color=None,
            major_tick_line_color=None,
            minor_tick_line_color=None,
        )
        self.figure.add_layout(themed(names, major_label_text_color="soft"), "right")
        return [*marks, names]


def heights(matrix: Matrix, column: int) -> NDArray[np.float64]:
    """How high the bars of a département stand: its values, dry below zero.

    A class whose value is no index (a score, a wetness) is drawn as the index of its rank, a stage
    of a drought as a bar of the same height as any other.
    """
    which = look.indicator_of(matrix.indicator)
    if which.kind == "stage":  # its codes are names, not amounts
        return np.where(matrix.value[:, column] > 0, 1.0, matrix.value[:, column])
    if which.kind != "class" or which.standardised:
        return matrix.value[:, column]
    from scipy.special import ndtri  # noqa: PLC0415  heavy, and needed for one indicator only

    return np.asarray(ndtri(np.clip(matrix.percentile[:, column], 0.2, 99.8) / 100))


class Rain:
    """Rain of each month against its normal: bars from zero, the normal as a step across them."""

    def __init__(self, cursor: Slider, periods: ColumnDataSource, words: Catalogue) -> None:
        self._words = words
        empty: dict[str, list[Any]] = {
            name: [] for name in ("left", "right", "rain", "normal", "label", "text")
        }
        self.months = ColumnDataSource(empty)
        self.figure = _figure("rain", x_range=Range1d(0, 1), y_range=Range1d(0, 100))
        bars = self.figure.quad(
            left="left",
            right="right",
            bottom=0,
            top="rain",
            source=self.months,
            fill_color="#6baed6",
            line_color=None,
        )
        normal = self.figure.segment(
            x0="left", x1="right", y0="normal", y1="normal", source=self.months, line_width=2
        )
        themed(normal.glyph, line_color="ink")
        self.figure.add_tools(
            HoverTool(renderers=[bars], tooltips=_TIP, point_policy="follow_mouse")
        )
        self._band = _mark(self.figure)
        _follow(self.figure, cursor, periods, "tap")

    def fill(self, rain: Matrix, normal: NDArray[np.float64], column: int, until: date) -> None:
        """Show the months up to `until` (or the last ones known)."""
        last = rain.nearest(until)
        first = max(0, last - RAIN_MONTHS + 1)
        rows = list(range(first, last + 1))
        left, right = (edge[rows] for edge in spans(rain))
        usual = np.array([normal[rain.periods[row].month - 1, column] for row in rows])
        fallen = rain.value[rows, column]
        gap = 0.1 * (right - left)
        self.months.data = {
            "left": left + gap,
            "right": right - gap,
            "rain": fallen,
            "normal": usual,
            "label": [look.capitalise(rain.period_words(row, self._words.lang)) for row in rows],
            "text": [self._tip(*pair) for pair in zip(fallen, usual, strict=True)],
        }
        _years(self.figure, left[0], right[-1])
        top = np.nanmax(np.concatenate([fallen, usual, [10.0]]))
        self.figure.y_range.end = float(top) * 1.06
        self._band.update(left=left[-1], right=right[-1])

    def _tip(self, fallen: float, usual: float) -> str:
        lang = self._words.lang
        amount = look.format_value("precip_mm", fallen, lang)
        normal = look.format_value("precip_mm", usual, lang)
        return f"{amount} ({self._words('detail.rain_normal', value=normal)})"
