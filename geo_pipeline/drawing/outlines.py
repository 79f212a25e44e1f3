"""Outlines of France as SVG paths: what maps of the app and of the bulletin are drawn from.

They are in planar kilometres (Lambert-93), with the overseas départements in a row of insets and
the four départements around Paris a second time, larger. Colours and labels belong to the maps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

if TYPE_CHECKING:
    import geopandas as gpd

PARIS: Final = ("75", "92", "93", "94")
"""Too small to be seen or touched at the scale of France: drawn a second time, larger."""

PARIS_FRAME: Final = (1066.0, 6952.0, 1236.0, 7122.0)
_LABEL_ROOM: Final = 30.0
_MARGIN: Final = 10.0
_EDGE: Final = 6.0


WET_LINES: Final = {"W0": "#67a9cf", "W1": "#ffffff", "W2": "#ffffff"}
"""Colour of the lines across wet classes on paper, where greys of wet and dry would look alike."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """The shapes as they are drawn, computed once for each publication.

    `rows` are columns of the publication's matrices: each département, then those around Paris
    again. Coordinates of `paths` have y downwards.
    """

    rows: NDArray[np.intp]
    paths: tuple[str, ...]
    names: tuple[str, ...]
    """Name of each shape: its code, with a suffix for the enlarged ones."""
    middles: tuple[tuple[float, float], ...]
    """Position of each shape, for the arrow keys and for its label (top middle)."""
    coast: str
    frames: tuple[tuple[str, tuple[float, float, float, float]], ...]
    box: str
    """The `viewBox` that holds everything."""


def drawn(table: "gpd.GeoDataFrame", codes: Sequence[str]) -> Drawing:
    """Return the shapes of the table `departement_shapes` as they are drawn.

    `codes` are its départements, in the order of its rows.
    """
    shapes = list(table.geometry)
    paris = [codes.index(code) for code in PARIS if code in codes]
    enlarged = _enlarge([shapes[row] for row in paris])
    both = [*shapes, *enlarged]
    framed = table.dropna(subset=["frame"])
    frames = [
        (str(name), frame.bounds)
        for name, frame in zip(framed["name"], framed["frame"], strict=True)
    ]
    boxes = [shapely.box(*bounds) for _, bounds in frames] + [shapely.box(*PARIS_FRAME)]
    west, south, east, north = shapely.total_bounds(np.array([*shapes, *boxes], dtype=object))
    # Borders that differ by a tiny distance would leave slivers in the union.
    snapped = shapely.set_precision(np.array(shapes, dtype=object), 0.01)
    coasts = [shapely.unary_union(snapped), shapely.unary_union(np.array(enlarged, dtype=object))]
    return Drawing(
        rows=np.array([*range(len(shapes)), *paris], dtype=np.intp),
        paths=tuple(path(each) for each in both),
        names=(*codes, *(f"{codes[row]}x" for row in paris)),
        middles=tuple(_place(each) for each in both),
        coast="".join(path(each) for each in coasts),
        frames=tuple(frames),
        box=(
            f"{west - _EDGE:.0f} {-north - _EDGE:.0f} "
            f"{east - west + 2 * _EDGE:.0f} {north - south + 2 * _EDGE:.0f}"
        ),
    )


def path(shape: BaseGeometry) -> str:
    """A shape as SVG: y downwards, to 100 m, each point relative to the one before."""
    return "".join(
        f"{_line(ring, closed=True)}z"
        for part in getattr(shape, "geoms", [shape])
        for ring in (part.exterior, *part.interiors)
    )


def line_path(lines: BaseGeometry) -> str:
    """Lines as SVG, like the outlines of `path`."""
    return "".join(_line(line) for line in getattr(lines, "geoms", [lines]))


def _line(line: BaseGeometry, *, closed: bool = False) -> str:
    tenths = np.round(np.asarray(line.coords) * (10, -10)).astype(int)
    tenths = tenths[:-1] if closed else tenths
    steps = np.diff(tenths, axis=0)
    steps = steps[(steps != 0).any(axis=1)]
    (x, y), turns = tenths[0], " ".join(f"{_tenth(dx)} {_tenth(dy)}" for dx, dy in steps)
    return f"M{_tenth(x)} {_tenth(y)}l{turns}".replace(" -", "-")


def _tenth(value: int) -> str:
    """Tenths as a number: 12.5 for 125, 12 for 120."""
    return f"{value / 10:.1f}".removesuffix(".0")


def _place(shape: BaseGeometry) -> tuple[float, float]:
    point = shape.representative_point()
    return float(point.x), -float(point.y)


def _enlarge(shapes: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Scale some shapes by the same factor to fit the frame around Paris."""
    if not shapes:
        return []
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object))
    left, bottom, right, top = PARIS_FRAME
    scale = min(
        (right - left - 2 * _MARGIN) / (east - west),
        (top - bottom - 2 * _MARGIN - _LABEL_ROOM) / (north - south),
    )
    dx = (left + right) / 2 - scale * (west + east) / 2
    dy = (bottom + top - _LABEL_ROOM) / 2 - scale * (south + north) / 2
    return [affine_transform(each, [scale, 0, 0, scale, dx, dy]) for each in shapes]
