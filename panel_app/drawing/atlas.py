"""The shapes of France as SVG: sent once with the page, and referred to by every map.

`geo_pipeline.drawing.outlines` draws them. A map is a list of `<use>` of these shapes; a step of
the period only changes their colours.
"""

from collections.abc import Sequence

from geo_pipeline.catalogue.styles import DROUGHT_CLASSES
from geo_pipeline.drawing.outlines import PARIS_FRAME, WET_LINES, Drawing, drawn
from panel_app.data.kept import kept
from panel_app.data.page_words import Catalogue
from panel_app.data.store import Publication
from panel_app.drawing.templates import render


@kept(1)
def drawing(publication: Publication) -> Drawing:
    """Prepare the shapes of a publication."""
    return drawn(publication.shapes, publication.codes)


def shapes_svg(publication: Publication) -> str:
    """Definitions of all shapes, not drawn; every map of the page refers to them."""
    shapes = drawing(publication)
    return render(
        "shell/shapes",
        {
            "shapes": list(zip(shapes.names, shapes.paths, strict=True)),
            "coast": shapes.coast,
            "wet_on_paper": [
                (each.code, each.colour, WET_LINES[each.code])
                for each in DROUGHT_CLASSES
                if each.code in WET_LINES
            ],
        },
    )


def frames(publication: Publication, words: Catalogue) -> list[dict[str, str]]:
    """Frames and names of the insets, in the units of the drawing."""
    shapes = drawing(publication)
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
        for name, (left, bottom, right, top) in (*shapes.frames, (words("map.paris"), PARIS_FRAME))
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
    shapes = drawing(publication)
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
        for shape, column, middle in zip(shapes.names, shapes.rows, shapes.middles, strict=True)
    ]
    return render(
        "shell/map",
        {
            "name": name,
            "label": label,
            "box": shapes.box,
            "frames": frames(publication, words),
            "places": places,
            "selected": selected,
            "walk": walk,
        },
    )
