"""The shapes of France as SVG: sent once with the page, and referred to by every map.

They are in planar kilometres (Lambert-93), with the overseas départements in a row of insets and
the four départements around Paris a second time, larger. A map is a list of `<use>` of these
shapes; a step of the period only changes their colours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from panel_app.data.page_words import Catalogue
from panel_app.data.store import Publication
from panel_app.drawing.templates import render

PARIS: Final = ("75", "92", "93", "94")
"""Too small to be seen or touched at the scale of France: drawn a second time, larger."""

PARIS_FRAME: Final = (1066.0, 6952.0, 1236.0, 7122.0)
_LABEL_ROOM: Final = 30.0
_MARGIN: Final = 10.0
_EDGE: Final = 6.0


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


@lru_cache(maxsize=2)
def drawing(publication: Publication) -> Drawing:
    """Prepare the shapes of a publication."""
    table = publication.shapes
    shapes = list(table.geometry)
    paris = [publication.codes.index(code) for code in PARIS if code in publication.codes]
    enlarged = _enlarge([shapes[row] for row in paris])
    drawn = [*shapes, *enlarged]
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
        paths=tuple(path(each) for each in drawn),
        names=(*publication.codes, *(f"{publication.codes[row]}x" for row in paris)),
        middles=tuple(_place(each) for each in drawn),
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


def shapes_svg(publication: Publication) -> str:
    """Definitions of all shapes, not drawn; every map of the page refers to them."""
    drawn = drawing(publication)
    return render(
        "shell/shapes",
        {"shapes": list(zip(drawn.names, drawn.paths, strict=True)), "coast": drawn.coast},
    )


def frames(publication: Publication, words: Catalogue) -> list[dict[str, str]]:
    """Frames and names of the insets, in the units of the drawing."""
    drawn = drawing(publication)
    return [
        {
            "name": name,
            "x": f"{left:.0f}",
            "y": f"{-top:.0f}",
            "width": f"{right - left:.0f}",
            "height": f"{top - bottom:.0f}",
            "middle": f"{(left + right) / 2:.0f}",
            "line": f"{-top + 26:.0f}",
        }
        for name, (left, bottom, right, top) in (*drawn.frames, (words("map.paris"), PARIS_FRAME))
    ]


def map_html(
    publication: Publication,
    words: Catalogue,
    colours: Sequence[str],
    *,
    name: str,
    label: str,
    titles: Sequence[str] = (),
    marks: Sequence[str] = (),
    selected: str = "",
    walk: bool = False,
) -> str:
    """A map of all départements, with a colour for each in order of codes, '' for no data.

    `titles` are for the pointer and for screen readers, `marks` are style classes of single
    départements; with `walk` the shapes are buttons that the arrow keys move between.
    """
    drawn = drawing(publication)
    places = [
        {
            "shape": shape,
            "code": publication.codes[column],
            "name": publication.names[column],
            "fill": colours[column],
            "title": titles[column] if titles else "",
            "kind": marks[column] if marks else "",
            "x": f"{middle[0]:.0f}",
            "y": f"{middle[1]:.0f}",
        }
        for shape, column, middle in zip(drawn.names, drawn.rows, drawn.middles, strict=True)
    ]
    return render(
        "shell/map",
        {
            "name": name,
            "label": label,
            "box": drawn.box,
            "frames": frames(publication, words),
            "places": places,
            "selected": selected,
            "walk": walk,
        },
    )


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
