"""The map: France by département in planar kilometres, with insets, drawn once, then recoloured.

Shapes are sent to the browser once. A step of the slider sends 105 colours and nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, cast

import numpy as np
import shapely
from bokeh.core.properties import value
from bokeh.models import ColumnDataSource, HoverTool, MultiPolygons, Range1d, TapTool, Text
from bokeh.plotting import figure
from numpy.typing import NDArray
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from geo_pipeline.publishing import look
from panel_app.i18n import Catalogue
from panel_app.store import NO_STYLE, Matrix, Publication
from panel_app.theme import FONT, PALE_BORDER, border_on, themed

PARIS: Final = ("75", "92", "93", "94")
"""Too small to be seen or touched at the scale of France: drawn once more, larger."""

PARIS_FRAME: Final = (1066.0, 6952.0, 1236.0, 7122.0)
_LABEL_ROOM: Final = 30.0
_MARGIN: Final = 10.0

_TIP: Final = """
<div style="width:max-content;max-width:288px;padding:4px;background:#fff;color:#1a1a1a;
    font:16px/22px {font};white-space:normal">
  <b>@name</b>
  <div style="display:flex;gap:8px;align-items:center">
    <span style="flex:none;width:14px;height:14px;border:1px solid #7d848b;background:@fill"></span>
    <span>@head</span>
  </div>
  <div style="font-size:13px;line-height:18px;color:#595f66">@body</div>
</div>
"""


def _nested(shape: BaseGeometry, axis: int) -> list[list[NDArray[np.float64]]]:
    """Rings of a shape as Bokeh wants them: parts, then outer ring and holes, to 100 m."""
    parts = getattr(shape, "geoms", [shape])
    return [
        [np.round(np.asarray(ring.coords)[:, axis], 1) for ring in (part.exterior, *part.interiors)]
        for part in parts
    ]


def _columns(shapes: Sequence[BaseGeometry]) -> dict[str, list[Any]]:
    """The geometry columns of a source of `MultiPolygons`."""
    return {
        "xs": [_nested(each, 0) for each in shapes],
        "ys": [_nested(each, 1) for each in shapes],
    }


def _enlarge(shapes: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Fit some shapes into the frame around Paris, all by the same scale."""
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object))
    left, bottom, right, top = PARIS_FRAME
    scale = min(
        (right - left - 2 * _MARGIN) / (east - west),
        (top - bottom - 2 * _MARGIN - _LABEL_ROOM) / (north - south),
    )
    dx = (left + right) / 2 - scale * (west + east) / 2
    dy = (bottom + top - _LABEL_ROOM) / 2 - scale * (south + north) / 2
    return [affine_transform(each, [scale, 0, 0, scale, dx, dy]) for each in shapes]


@dataclass(frozen=True, eq=False)
class Drawing:
    """The shapes as they are drawn, worked out once a publication.

    `rows` are the columns of the publication's matrices: each département, then those around Paris
    once more.
    """

    rows: NDArray[np.intp]
    shapes: list[BaseGeometry]
    land: dict[str, list[Any]]
    coast: dict[str, list[Any]]
    frames: list[tuple[str, tuple[float, float, float, float]]]
    bounds: tuple[float, float, float, float]


@lru_cache(maxsize=2)
def drawing(publication: Publication) -> Drawing:
    """Prepare the shapes of a publication."""
    table = publication.shapes
    shapes = list(table.geometry)
    paris = [publication.codes.index(code) for code in PARIS if code in publication.codes]
    drawn = [*shapes, *_enlarge([shapes[row] for row in paris])]
    framed = table.dropna(subset=["frame"])
    frames = [
        (str(name), frame.bounds)
        for name, frame in zip(framed["name"], framed["frame"], strict=True)
    ]
    boxes = [shapely.box(*bounds) for _, bounds in frames] + [shapely.box(*PARIS_FRAME)]
    # Borders that differ by a hair would leave slivers in the union.
    snapped = shapely.set_precision(np.array(shapes, dtype=object), 0.01)
    coast = [
        shapely.unary_union(snapped),
        shapely.unary_union(np.array(drawn[len(shapes) :], dtype=object)),
    ]
    return Drawing(
        rows=np.array([*range(len(shapes)), *paris], dtype=np.intp),
        shapes=drawn,
        land=_columns(drawn),
        coast=_columns(coast),
        frames=frames,
        bounds=tuple(shapely.total_bounds(np.array([*shapes, *boxes], dtype=object))),
    )


class Choropleth:
    """The figure and its sources. `on_select` is told the code that was clicked, or ''."""

    def __init__(
        self, publication: Publication, words: Catalogue, on_select: Callable[[str], None]
    ) -> None:
        self.codes, self.names = publication.codes, publication.names
        self._on_select = on_select
        self._drawing = drawing(publication)
        self._rows, self._drawn = self._drawing.rows, self._drawing.shapes
        self.land = self._land_source()
        self.missing = ColumnDataSource({"xs": [], "ys": []})
        self._hatched: tuple[int, ...] = ()
        self.outline = ColumnDataSource({"xs": [], "ys": []})
        self.label = ColumnDataSource({"x": [], "y": [], "text": [], "align": []})
        self.figure = self._frame()
        self._draw(words)
        self.land.selected.on_change("indices", self._selected)

    def paint(self, matrix: Matrix, row: int) -> None:
        """Colour every département at a period; nothing but colours is sent."""
        colours = [*(style.colour for style in matrix.styles), look.NO_DATA.colour]
        fills = [colours[index] for index in matrix.style[row][self._rows]]
        every = slice(0, len(fills))
        borders = [border_on(colour) for colour in fills]
        self.land.patch({"fill": [(every, fills)], "border": [(every, borders)]})
        self._hatch(matrix.style[row][self._rows] == NO_STYLE)

    def _hatch(self, missing: NDArray[np.bool_]) -> None:
        """Hatch what has no data. A layer of its own: hatching a column makes a canvas a row."""
        rows = tuple(int(row) for row in np.flatnonzero(missing))
        if rows != self._hatched:
            self._hatched = rows
            self.missing.data = _columns([self._drawn[row] for row in rows])

    def tell(self, statements: Sequence[look.Statement]) -> None:
        """Say what the hover tells of each département."""
        heads = [look.capitalise(each.head) for each in statements]
        bodies = [f"{each.body}." if each.body else "" for each in statements]
        every = slice(0, len(self._rows))
        self.land.patch(
            {
                "head": [(every, [heads[row] for row in self._rows])],
                "body": [(every, [bodies[row] for row in self._rows])],
            }
        )

    def select(self, code: str) -> None:
        """Outline a département in black and name it; none for ''."""
        rows = [row for row, column in enumerate(self._rows) if self.codes[column] == code]
        self.outline.data = _columns([self._drawn[row] for row in rows])
        self.label.data = self._name_plate(rows[0] if rows else None)
        if self.land.selected.indices != rows[:1]:
            self.land.selected.indices = rows[:1]

    def _name_plate(self, row: int | None) -> dict[str, list[Any]]:
        """Where and how the name of a row is written: above it, and inside the figure."""
        plate: dict[str, list[Any]] = {"x": [], "y": [], "text": [], "align": []}
        if row is None:
            return plate
        west, _, east, north = self._drawn[row].bounds
        left, right = self.figure.x_range.start, self.figure.x_range.end
        place = ((west + east) / 2 - left) / (right - left)
        x, align = (west + east) / 2, "center"
        if place < 0.25:
            x, align = max(west - 20, left), "left"
        elif place > 0.75:
            x, align = min(east + 20, right), "right"
        column = self._rows[row]
        text = f"{self.names[column]} ({self.codes[column]})"
        y = min(north + 8, self.figure.y_range.end - 40)
        return {"x": [x], "y": [y], "text": [text], "align": [align]}

    def _selected(self, _attribute: str, _old: list[int], new: list[int]) -> None:
        self._on_select(self.codes[self._rows[new[0]]] if new else "")

    def _land_source(self) -> ColumnDataSource:
        count = len(self._rows)
        return ColumnDataSource(
            {
                **self._drawing.land,
                "code": [self.codes[row] for row in self._rows],
                "name": [f"{self.names[row]} ({self.codes[row]})" for row in self._rows],
                "fill": [look.NO_DATA.colour] * count,
                "border": ["#ffffff"] * count,
                "head": [""] * count,
                "body": [""] * count,
            },
            name="land",
        )

    def _frame(self) -> figure:
        """An empty figure that holds all shapes at the same scale both ways."""
        west, south, east, north = self._drawing.bounds
        side = max(east - west, north - south) / 2 + 8
        x, y = (west + east) / 2, (south + north) / 2
        chart = figure(
            name="map_figure",
            x_range=Range1d(x - side, x + side),
            y_range=Range1d(y - side, y + side),
            sizing_mode="stretch_both",
            min_width=200,
            min_height=200,
            toolbar_location=None,
            tools="",
            outline_line_color=None,
            min_border=0,
        )
        chart.axis.visible = False
        chart.grid.visible = False
        chart.background_fill_alpha = 0
        chart.border_fill_alpha = 0
        return chart

    def _draw(self, words: Catalogue) -> None:
        """Put the layers down: frames, land, coast, selection, names."""
        self._draw_frames(words)
        land = self.figure.add_glyph(
            self.land,
            MultiPolygons(
                xs="xs",
                ys="ys",
                fill_color="fill",
                line_color="border",
                line_width=0.8,
                line_join="round",
            ),
        )
        land.nonselection_glyph = None
        land.selection_glyph = None
        self.figure.add_glyph(
            self.missing,
            MultiPolygons(
                xs="xs",
                ys="ys",
                fill_color=look.NO_DATA.colour,
                line_color=PALE_BORDER,
                line_width=0.8,
                hatch_pattern="/",
                hatch_color=look.HATCH_COLOUR,
                hatch_scale=7,
                hatch_weight=0.8,
            ),
        )
        self._draw_coast()
        for colour, width in (("#ffffff", 5.5), ("#1a1a1a", 2.5)):
            self.figure.add_glyph(
                self.outline,
                MultiPolygons(
                    xs="xs",
                    ys="ys",
                    fill_color=None,
                    line_color=colour,
                    line_width=width,
                    line_join="round",
                ),
            )
        self._draw_label()
        tip = _TIP.replace("{font}", FONT.replace('"', "'"))
        self.figure.add_tools(
            HoverTool(renderers=[land], tooltips=tip, point_policy="follow_mouse")
        )
        self.figure.add_tools(TapTool(renderers=[land], mode="replace"))

    def _draw_frames(self, words: Catalogue) -> None:
        """Frame and name each inset."""
        framed = [*self._drawing.frames, (words("map.paris"), PARIS_FRAME)]
        names, boxes = zip(*framed, strict=True)
        left, bottom, right, top = (np.array(side) for side in zip(*boxes, strict=True))
        frames = self.figure.quad(
            left=left, right=right, bottom=bottom, top=top, fill_color=None, line_width=1
        )
        themed(frames.glyph, line_color="rule")
        source = ColumnDataSource({"x": (left + right) / 2, "y": top - 7, "text": list(names)})
        text = Text(
            x="x",
            y="y",
            text="text",
            text_align="center",
            text_baseline="top",
            text_font=value(FONT),
            text_font_size="12px",
            name="inset_names",
        )
        self.figure.add_glyph(source, themed(text, text_color="soft"))

    def _draw_coast(self) -> None:
        """One line around all land: near-white départements would fade into the page."""
        glyph = MultiPolygons(xs="xs", ys="ys", fill_color=None, line_width=0.9, line_join="round")
        source = ColumnDataSource(dict(self._drawing.coast))
        self.figure.add_glyph(source, themed(glyph, line_color="coast"))

    def _draw_label(self) -> None:
        """Name the selected département above it, on a plate so that it reads on any colour."""
        text = Text(
            x="x",
            y="y",
            text="text",
            text_align="align",
            text_baseline="bottom",
            text_font=value(FONT),
            text_font_size="16px",
            text_font_style="bold",
            text_color="#1a1a1a",
            background_fill_color="#ffffff",
            background_fill_alpha=0.92,
            padding=cast(Any, 4),
            border_radius=3,
        )
        self.figure.add_glyph(self.label, text)
