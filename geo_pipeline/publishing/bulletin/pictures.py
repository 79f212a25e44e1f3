"""Maps and charts of the bulletin as SVG, complete in themselves: no style sheet, no script.

Outlines and curves are those of `geo_pipeline.drawing`, which the app draws with too. Wet classes
have lines across, so that a grey print tells them from dry ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from geo_pipeline.catalogue.styles import HATCH_COLOUR, NO_DATA, ClassStyle
from geo_pipeline.drawing import curves
from geo_pipeline.drawing.outlines import PARIS_FRAME, WET_LINES, line_path
from geo_pipeline.publishing.bulletin.places import Place
from geo_pipeline.publishing.bulletin.records import Records

Box = tuple[float, float, float, float]
"""West, top (y downwards), width, height of a picture, km."""

FONT: Final = "Source Sans Pro, Source Sans 3, Segoe UI, Roboto, Arial, sans-serif"
INK, SOFT, RULE, COAST, BAND = "#1a1a1a", "#595f66", "#d9dce0", "#7d848b", "#5b7896"
CLEAR_KM: Final = 62.0
"""Land shown around a département, at least."""
ASPECT: Final = 1.12
"""Width of a zoomed map, over its height."""


@dataclass(frozen=True)
class MapView:
    """What the maps of a bulletin have in common: all but the colours."""

    box: Box
    land: tuple[tuple[int, str], ...]
    """Each shape: the column of its département, and its path."""
    borders: str
    """Borders over the colours."""
    names: str
    """Names over these, on the large map."""

    @property
    def unit(self) -> float:
        """A hundredth of the width, km."""
        return self.box[2] / 100


def view_of(records: Records, place: Place) -> MapView:
    """Return the part of France that a bulletin of `place` shows."""
    box, drawing = _box(records, place), records.drawing
    unit, whole = box[2] / 100, place.kind == "france"
    inside = np.ones(len(drawing.paths), np.bool_) if whole else _inside(records, box, place.codes)
    land = zip(drawing.rows, drawing.paths, inside, strict=True)
    borders = [_lines(drawing.coast, unit * 0.14, COAST)]
    if whole:
        borders += [*_frames(records, unit), _lines(_region_borders(records), unit * 0.16, SOFT)]
    else:
        outline = _outline(records, place.codes)
        borders += [_lines(outline, unit * 0.95, "#ffffff"), _lines(outline, unit * 0.5, INK)]
        west, top, width, height = box
        off = unit * 0.2
        across, down = width - 2 * off, height - 2 * off
        edge = f"M{west + off:.2f} {top + off:.2f}h{across:.2f}v{down:.2f}h{-across:.2f}z"
        borders.append(_lines(edge, unit * 0.4, COAST))
    return MapView(
        box,
        tuple((int(row), path) for row, path, is_inside in land if is_inside),
        "".join(borders),
        "" if whole else "".join(_names(records, box, place.codes, unit)),
    )


def _box(records: Records, place: Place) -> Box:
    if place.kind == "france":
        west, top, width, height = (float(each) for each in records.drawing.box.split())
        return west, top, width, height
    table = records.shapes.iloc[[records.column(code) for code in place.codes]]
    framed = table["frame"].dropna()
    west, south, east, north = (framed if len(framed) else table.geometry).total_bounds
    if len(framed):
        return west, -north, east - west, north - south
    clear = CLEAR_KM if place.kind == "departement" else CLEAR_KM / 2
    width, height = east - west + 2 * clear, north - south + 2 * clear
    width, height = max(width, height * ASPECT), max(height, width / ASPECT)
    return (west + east - width) / 2, -(south + north + height) / 2, width, height


def choropleth(view: MapView, styles: Sequence[ClassStyle], *, small: bool = False) -> str:
    """Return the map of `styles`, one for each département in order of codes."""
    step = view.unit * (2.2 if small else 1.4)
    lined = {
        code: "".join(path for row, path in view.land if styles[row].code == code) for code in LINED
    }
    drawn = {style.code: style for style in styles}
    parts = [
        f'<g stroke="#ffffff" stroke-width="{view.unit * 0.16:.2f}" stroke-linejoin="round">',
        *(f'<path d="{path}" fill="{styles[row].colour}"/>' for row, path in view.land),
        "</g>",
        *(_lined(drawn[code], path, view.box, step) for code, path in lined.items() if path),
        view.borders,
        "" if small else view.names,
    ]
    return _svg(" ".join(f"{each:.1f}" for each in view.box), parts)


def swatch(style: ClassStyle) -> str:
    """Return the small field of a class in a legend or a table."""
    parts = [f'<rect x="1" y="1" width="30" height="18" fill="{style.colour}"/>']
    if style.code in LINED:
        parts.append(_lined(style, "M1 1h30v18h-30z", (0.0, 0.0, 32.0, 20.0), 6.0))
    parts.append(f'<rect x="1" y="1" width="30" height="18" fill="none" stroke="{COAST}"/>')
    return _svg("0 0 32 20", parts)


LINED: Final = (*WET_LINES, NO_DATA.code)
"""Classes with lines across: wet ones level, no data aslant."""


def _lined(style: ClassStyle, path: str, box: Box, step: float) -> str:
    """Return lines across the shapes `path`, of a class of `LINED`."""
    west, top, width, height = box
    slant = height if style is NO_DATA else 0.0
    count = int((height + (width if slant else 0.0)) / step) + 1
    lines = "".join(
        f"M{west:.1f} {top + each * step:.1f}l{width:.1f} {-width if slant else 0:.1f}"
        for each in range(1, count + 1)
    )
    colour = HATCH_COLOUR if style is NO_DATA else WET_LINES[style.code]
    return (
        f'<clipPath id="{style.code}"><path d="{path}"/></clipPath>'
        f'<g clip-path="url(#{style.code})"><path d="{lines}" fill="none" stroke="{colour}" '
        f'stroke-width="{step / 5:.2f}"/></g>'
    )


def _svg(box: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" font-family="{FONT}">'
        + "".join(parts)
        + "</svg>"
    )


def _inside(records: Records, box: Box, codes: Sequence[str]) -> NDArray[np.bool_]:
    """Return which of the drawn shapes a map of `codes` shows: not the insets of others."""
    west, top, width, height = box
    seen = shapely.box(west, -top - height, west + width, -top)
    table = records.shapes
    insets = table["frame"].notna().to_numpy() & ~table["departement"].isin(codes).to_numpy()
    touching = shapely.intersects(table.geometry.to_numpy(), seen) & ~insets
    enlarged = len(records.drawing.paths) - len(touching)
    return np.concatenate([touching, np.zeros(enlarged, np.bool_)])


def _lines(path: str, width: float, colour: str) -> str:
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width:.2f}" '
        f'stroke-linejoin="round"/>'
    )


def _outline(records: Records, codes: Sequence[str]) -> str:
    shapes = records.shapes.geometry.to_numpy()[[records.column(code) for code in codes]]
    return line_path(shapely.unary_union(shapely.set_precision(shapes, 0.01)).boundary)


def _region_borders(records: Records) -> str:
    on_land = records.shapes[records.shapes["frame"].isna()]
    shapes = on_land.assign(geometry=shapely.set_precision(on_land.geometry.to_numpy(), 0.01))
    return line_path(shapely.unary_union(shapes.dissolve("region").geometry.boundary.to_numpy()))


def _frames(records: Records, unit: float) -> list[str]:
    """Return the frames of the insets."""
    drawn = []
    for west, south, east, north in (*(box for _, box in records.drawing.frames), PARIS_FRAME):
        drawn.append(
            f'<rect x="{west:.0f}" y="{-north:.0f}" width="{east - west:.0f}" '
            f'height="{north - south:.0f}" rx="6" fill="none" stroke="{RULE}" '
            f'stroke-width="{unit * 0.15:.2f}"/>'
        )
    return drawn


def _names(records: Records, box: Box, chosen: Sequence[str], unit: float) -> Iterator[str]:
    """Yield the names of the départements for which there is room, those of the place first.

    Where a name would meet another, the code stands instead, or nothing.
    """
    size, taken = unit * 3, list[Box]()
    for code in sorted(
        records.codes, key=lambda each: (each not in chosen, len(records.name(each)))
    ):
        column = records.column(code)
        left, _, right, _ = records.shapes.geometry.iloc[column].bounds
        x, y = records.drawing.middles[column]
        if right - left < 2 * size:
            continue
        for text in (records.name(code), code):
            room = (x - 0.25 * size * len(text), y - size / 2, 0.5 * size * len(text), size)
            fits = text == code or right - left > room[2]
            if fits and _is_within(room, box) and not any(_meet(room, each) for each in taken):
                taken.append(room)
                yield (
                    f'<text x="{x:.1f}" y="{y + size / 3:.1f}" font-size="{size:.1f}" '
                    f'text-anchor="middle" fill="{INK}" stroke="#ffffff" '
                    f'stroke-width="{size * 0.22:.1f}" stroke-linejoin="round" '
                    f'paint-order="stroke" font-weight="{700 if code in chosen else 400}">'
                    f"{escape(text)}</text>"
                )
                break


def _is_within(room: Box, box: Box) -> bool:
    return (
        box[0] < room[0]
        and room[0] + room[2] < box[0] + box[2]
        and box[1] < room[1]
        and room[1] + room[3] < box[1] + box[3]
    )


def _meet(one: Box, other: Box) -> bool:
    return all(
        one[axis] < other[axis] + other[axis + 2] and other[axis] < one[axis] + one[axis + 2]
        for axis in (0, 1)
    )


_LOOK: Final[Mapping[str, str]] = {
    "grid": f'fill="none" stroke="{RULE}" stroke-width="2"',
    "zero": f'fill="none" stroke="{SOFT}" stroke-width="2"',
    "band-wide": f'fill="{BAND}" fill-opacity="0.18"',
    "band-narrow": f'fill="{BAND}" fill-opacity="0.30"',
    "median": f'fill="none" stroke="{SOFT}" stroke-width="3.5" stroke-dasharray="14 9"',
    "line": f'fill="none" stroke="{INK}" stroke-width="7" stroke-linejoin="round"',
}
"""How each kind of mark is drawn; the plot is 1000 units wide."""

TEXT: Final = 34
"""Size of words on a chart, in its units."""


@dataclass(frozen=True)
class Plot:
    """A chart to be filled: `marks` and `labels` as in `drawing.curves`; room around the plot."""

    height: int = 520
    left: int = 110
    right: int = 190
    top: int = 24
    bottom: int = 56
    marks: list[curves.Mark] = field(default_factory=list)
    labels: list[curves.Label] = field(default_factory=list)

    def svg(self) -> str:
        """Return it as SVG."""
        drawn = [self._drawn(each) for each in self.marks if each.d]
        words = [self._word(each) for each in self.labels]
        width = curves.WIDTH + self.left + self.right
        box = f"{-self.left} {-self.top} {width} {self.height + self.top + self.bottom}"
        return _svg(box, [*drawn, *words])

    def _drawn(self, mark: curves.Mark) -> str:
        look = f'fill="{mark.fill}"' if mark.kind == "cell" else _LOOK[mark.kind]
        return f'<path d="{mark.d}" {look}/>'

    def _word(self, label: curves.Label) -> str:
        x, y = label.x * curves.WIDTH, label.y * self.height
        kinds = label.kind.split()
        if "here" in kinds:
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="13" fill="{INK}"/>'
        x += -14 if "y" in kinds else 14 if "end" in kinds else 0
        size = TEXT * 0.56 if "small" in kinds else TEXT
        y += 1.2 * size if "x" in kinds else size / 3
        weight = 700 if "strong" in kinds else 400
        return (
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.0f}" font-weight="{weight}" '
            f'text-anchor="{label.anchor}" fill="{INK if weight == 700 else SOFT}">'
            f"{escape(label.text)}</text>"
        )
