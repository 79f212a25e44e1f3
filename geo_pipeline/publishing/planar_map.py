"""The drawing of an exported map: folium without anything that folium would fetch.

Leaflet is inlined from the XStatic-Leaflet wheel, there are no tiles, and a Content-Security-Policy
forbids all requests of the page. Coordinates are planar kilometres, so that France has its usual
shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import folium
import geopandas as gpd
from branca.element import Element, Figure, MacroElement
from folium.template import Template
from jinja2 import Environment, PackageLoader
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from shapely.geometry.base import BaseGeometry

from geo_pipeline.catalogue.styles import (
    FONT,
    HATCH_COLOUR,
    NO_DATA,
    ClassStyle,
)
from geo_pipeline.publishing.content_policy import page_policy
from geo_pipeline.publishing.map_rows import Row, is_pale
from geo_pipeline.words import Lang, catalogue

PRECISION: Final = 1
"""Decimals of a kilometre: 100 m is finer than a pixel at any zoom the page allows."""

_HATCH_FILL: Final = "url(#hatch)"


def rounded(coordinates: Any) -> Any:
    """Return coordinates rounded to 0.1 km without repeated points; shared borders still meet."""
    if isinstance(coordinates[0], int | float):
        return [round(float(number), PRECISION) for number in coordinates[:2]]
    inner = [rounded(each) for each in coordinates]
    if isinstance(inner[0][0], float):
        return [point for i, point in enumerate(inner) if i == 0 or point != inner[i - 1]]
    return [each for each in inner if each and (not isinstance(each[0][0], float) or len(each) > 3)]


def _geometry(shape: BaseGeometry) -> dict[str, Any]:
    """Return the GeoJSON of a shape in planar kilometres."""
    mapping: dict[str, Any] = dict(shape.__geo_interface__)
    return {"type": mapping["type"], "coordinates": rounded(mapping["coordinates"])}


def geojson(rows: Sequence[Row], shapes: Sequence[BaseGeometry]) -> dict[str, Any]:
    """Return the départements as GeoJSON, in drawing order, numbered and without any text.

    branca renders the output of an element once more, as a template of its own, so that a name such
    as `{{ ... }}` would be executed. Texts therefore reach the page in another way.
    """
    features = [
        {
            "type": "Feature",
            "id": str(index),
            "properties": {"style": row.said.style.code, "pale": is_pale(row)},
            "geometry": _geometry(shape),
        }
        for index, (row, shape) in enumerate(zip(rows, shapes, strict=True))
    ]
    return {"type": "FeatureCollection", "features": features}


def inset_frames(shapes: gpd.GeoDataFrame) -> list[tuple[str, BaseGeometry]]:
    """Return name and rectangle of each overseas inset."""
    if "frame" not in shapes:
        return []
    pairs = zip(shapes["name"], shapes["frame"], strict=True)
    return [(str(name), frame) for name, frame in pairs if isinstance(frame, BaseGeometry)]


def bounds(
    shapes: gpd.GeoDataFrame, frames: Sequence[tuple[str, BaseGeometry]]
) -> list[list[float]]:
    """Return the south-west and north-east corners in Leaflet's order: y before x."""
    boxes = [tuple(shapes.total_bounds), *(frame.bounds for _, frame in frames)]
    west, south, east, north = zip(*boxes, strict=True)
    corners = [[min(south), min(west)], [max(north), max(east)]]
    return [[round(float(number), PRECISION) for number in corner] for corner in corners]


class PlanarMap(folium.Map):
    """A folium map with Leaflet alone: no tiles, no CDN file, planar coordinates."""

    default_js: list[tuple[str, str]] = []
    default_css: list[tuple[str, str]] = []

    _template = Template(
        """
        {% macro html(this, kwargs) -%}
        <div class="folium-map" id="{{ this.get_name() }}" role="group"
            aria-label="{{ this.label|e }}"></div>
        {%- endmacro %}
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, {
            center: [0, 0], crs: L.CRS.{{ this.crs }}, ...{{ this.options|tojavascript }}
        });
        L.control.zoom({
            zoomInTitle: {{ this.zoom_in|tojson }}, zoomOutTitle: {{ this.zoom_out|tojson }}
        }).addTo({{ this.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self, lang: Lang) -> None:
        super().__init__(
            tiles=None,
            crs="Simple",
            zoom_control=False,
            attribution_control=False,
            keyboard=False,
            zoom_snap=0,
            zoom_delta=0.75,
            max_zoom=4,
            bounce_at_zoom_limits=False,
            max_bounds_viscosity=1.0,
        )
        words = catalogue(lang)
        self.label = words("exported_map.map")
        self.zoom_in, self.zoom_out = words("exported_map.zoom_in"), words("exported_map.zoom_out")


class _Behaviour(MacroElement):
    """Starts templates/map.js on a map and its layer of départements; must be added last."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        monitorMap(
            {{ this._parent.get_name() }}, {{ this.layer.get_name() }}, settings
        );
        {% endmacro %}
        """
    )

    def __init__(self, layer: folium.GeoJson) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Behaviour"
        self.layer = layer


class OfflinePage(Figure):
    """A folium figure that contains all it needs and forbids every request.

    Scripts and styles are allowed by their hash alone, so that even a hostile name that slipped
    through the escaping could neither run nor hide anything.
    """

    def __init__(self, page: dict[str, Any], settings: dict[str, Any]) -> None:
        super().__init__()
        self.page, self.settings = page, settings

    def render(self, **kwargs: Any) -> str:
        """Return the page as HTML text."""
        for child in self._children.values():
            child.render(**kwargs)
        settings = htmlsafe_json_dumps(self.settings, ensure_ascii=False, sort_keys=True)
        own = f"{_asset('map.js')}\nvar settings = {settings};\n{self.script.render(**kwargs)}"
        scripts = [_leaflet("leaflet.js"), own]
        scripts = [script.replace("\r\n", "\n") for script in scripts]
        styles = [_leaflet("leaflet.css").replace("\r\n", "\n"), _style()]
        return (
            _environment()
            .get_template("map.html.j2")
            .render(
                page=self.page,
                csp=page_policy(styles=styles, scripts=scripts),
                styles=[Markup(style) for style in styles],  # noqa: S704  files of wheels
                map_html=Markup(self.html.render(**kwargs).strip()),  # noqa: S704  escaped by PlanarMap
                scripts=[Markup(script) for script in scripts],  # noqa: S704  data pass through |tojson
            )
        )


@cache
def _environment() -> Environment:
    """Return the templates beside this module, with everything escaped unless marked."""
    return Environment(loader=PackageLoader("geo_pipeline.publishing"), autoescape=True)


def _style() -> str:
    """Return the style sheet of exported maps, with the fonts of the app."""
    return f":root {{ --font: {FONT}; }}\n{_asset('map.css')}"


@cache
def _asset(name: str) -> str:
    """Return a style sheet or script that lies beside the page's template."""
    return Path(__file__).with_name("templates").joinpath(name).read_text("utf-8")


@cache
def _leaflet(name: str) -> str:
    """Return a file of the XStatic-Leaflet wheel, without what would point outside the page."""
    from xstatic.pkg import leaflet  # noqa: PLC0415  reading the wheel is work for the first map

    text = Path(leaflet.BASE_DIR, name).read_text("utf-8")
    if name.endswith(".css"):
        text = re.sub(r"^.*url\(.*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"//# sourceMappingURL=.*", "", text).strip()


def _walk(element: Element) -> Iterator[Element]:
    """Yield the element and all below it, in order."""
    yield element
    for child in element._children.values():
        yield from _walk(child)


def build_map(
    features: dict[str, Any],
    frames: Sequence[tuple[str, BaseGeometry]],
    fills: dict[str, str],
    lang: Lang,
) -> PlanarMap:
    """Return the map with its layers, all ids stable."""
    plan = PlanarMap(lang)
    layer = folium.GeoJson(
        features,
        style_function=lambda feature: {
            "fillColor": fills[feature["properties"]["style"]],
            "fillOpacity": 1,
            "className": f"departement{' pale' if feature['properties']['pale'] else ''}",
        },
        smooth_factor=0,
    )
    for _, frame in frames:
        plan.add_child(_frame(frame))
    plan.add_child(layer)
    plan.add_child(_Behaviour(layer))
    for index, element in enumerate(_walk(plan)):
        element._id = str(index)  # folium's ids are random: the same input must give the same bytes
    return plan


def fill(style: ClassStyle) -> str:
    """Return the SVG fill of a class; no data is hatched."""
    return _HATCH_FILL if style is NO_DATA else style.colour


def css_hatch() -> str:
    """Return the hatch as a CSS background, for the tooltip's small swatch."""
    line = HATCH_COLOUR
    return f"repeating-linear-gradient(135deg, {line} 0 2px, #fff 2px 5px)"


def _frame(frame: BaseGeometry) -> folium.GeoJson:
    """Return the rectangle around an overseas département."""
    return folium.GeoJson(
        {"type": "Feature", "properties": {}, "geometry": _geometry(frame)},
        style_function=lambda _: {"className": "frame", "fill": False},
        interactive=False,
    )


def frame_name(name: str, frame: BaseGeometry) -> dict[str, Any]:
    """Return an inset's name, to be centred at the top of its rectangle."""
    west, _, east, north = frame.bounds
    return {"name": name, "at": [round(north, PRECISION), round((west + east) / 2, PRECISION)]}
