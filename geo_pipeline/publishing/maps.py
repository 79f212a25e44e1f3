"""The exported map: one HTML page that opens with no network at all, to take home and to print.

The page is a folium map stripped of everything folium would fetch: Leaflet comes inlined from the
XStatic-Leaflet wheel, there are no tiles, and a Content-Security-Policy forbids the page to call
out even if it wanted to. Coordinates are planar kilometres (Lambert-93), so France has the shape
people know. The same input gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import folium
import geopandas as gpd
import pandas as pd
from branca.element import Element, Figure, MacroElement
from folium.template import Template
from jinja2 import Environment, PackageLoader
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from shapely.geometry.base import BaseGeometry

from geo_pipeline.publishing import look
from geo_pipeline.publishing.look import ClassStyle, Indicator, Lang, Source, Words

PRECISION: Final = 1
"""Decimals kept of a kilometre: 100 m is finer than a pixel at any zoom the page allows."""

_HATCH_FILL: Final = "url(#hatch)"


# --------------------------------------------------------------------------------------------
# Words of the page
# --------------------------------------------------------------------------------------------

_TEXT: Final = {
    "class": Words("Classe", "Class"),
    "level": Words("Niveau", "Level"),
    "count": Words("Départements", "Départements"),
    "sources": Words(f"Sources{look.NBSP}: ", "Sources: "),
    "between": Words(f"{look.THIN}; ", "; "),
    "table": Words("Toutes les valeurs, département par département", "All values by département"),
    "map": Words(
        "Carte de France par département. Les flèches du clavier passent d'un département au "
        "voisin.",
        "Map of France by département. The arrow keys walk from one département to the next.",
    ),
    "zoom_in": Words("Agrandir", "Zoom in"),
    "zoom_out": Words("Réduire", "Zoom out"),
    "code": Words("Code", "Code"),
    "name": Words("Département", "Département"),
    "rank": Words("Années au moins aussi sèches", "Years at least as dry"),
    "short": Words(
        f"Normale de {{years}}{look.NBSP}ans{look.NBSP}†", f"Normal of {{years}} years{look.NBSP}†"
    ),
    "published": Words("Publié le {date}.", "Published on {date}."),
    "provisional": Words(
        f"*{look.NBSP}Valeurs provisoires{look.NBSP}: les dernières observations peuvent encore "
        "être corrigées.",
        "* Provisional values: the latest observations may still be corrected.",
    ),
    "hatched": Words(
        f"Hachures{look.NBSP}: {{told}}, ce qui ne veut dire ni zéro ni normal.",
        "Hatched: {told}, which means neither zero nor normal.",
    ),
}


def _short_reference_note(low: int, high: int, lang: Lang) -> str:
    """Say how short the normal is, in years, over the départements shown."""
    span = str(low) if low == high else Words(f"{low} à {high}", f"{low} to {high}")(lang)
    full = look.FULL_REFERENCE_YEARS
    return Words(
        f"†{look.NBSP}Référence courte{look.NBSP}: la normale repose sur {span}{look.NBSP}ans et "
        f"non sur {full}. Les extrêmes y sont moins sûrs.",
        f"† Short reference: the normal rests on {span} years rather than {full}. "
        "Extremes are less certain.",
    )(lang)


def _share(count: int, total: int, one: Words, many: Words, lang: Lang) -> str:
    """`54 départements sur 93 sont ...`: `one` and `many` are the verb and what follows it.

    French negates the verb with « aucun »: « Aucun département sur 93 n'est ... ».
    """
    verb = (many if count > 1 else one)(lang)
    if lang == "en":
        subject = f"{count or 'No'}{look.NBSP}département{'s' if count > 1 else ''} of {total}"
        return f"{subject} {verb}"
    if count == 0:
        negation = "n'" if verb[0] in "aeé" else "ne "
        return f"Aucun département sur {total} {negation}{verb}"
    return f"{count}{look.NBSP}département{'s' if count > 1 else ''} sur {total} {verb}"


def _finding_by_class(styles: Sequence[ClassStyle], lang: Lang) -> str:
    """How many départements are in drought, and how many of them in its two worst classes."""
    codes = [style.code for style in styles if style is not look.NO_DATA]
    drought = sum(code in look.IN_DROUGHT for code in codes)
    worst = sum(code in look.GRAVE for code in codes)
    one = Words("est en sécheresse", "is in drought")
    text = _share(drought, len(codes), one, Words("sont en sécheresse", "are in drought"), lang)
    if worst:
        text += Words(
            f", dont {worst}{look.NBSP}en sécheresse extrême ou exceptionnelle",
            f", {worst} of them in extreme or exceptional drought",
        )(lang)
    return f"{text}."


def _finding_by_restriction(styles: Sequence[ClassStyle], lang: Lang) -> str:
    """How many départements restrict water, and how many of them at the strictest level."""
    codes = [style.code for style in styles if style is not look.NO_DATA]
    limited = sum(code in ("alerte", "alerte_renforcee", "crise") for code in codes)
    crisis = codes.count("crise")
    one = Words("limite l'usage de l'eau", "restricts water use")
    many = Words("limitent l'usage de l'eau", "restrict water use")
    text = _share(limited, len(codes), one, many, lang)
    if crisis:
        text += Words(f", dont {crisis}{look.NBSP}en crise", f", {crisis} of them in crisis")(lang)
    return f"{text}."


def _finding_by_stage(styles: Sequence[ClassStyle], lang: Lang) -> str:
    """How many départements have a drought under way, and how many of them an alert."""
    codes = [style.code for style in styles if style is not look.NO_DATA]
    under_way = sum(code not in ("normal", "recovery") for code in codes)
    alerts = codes.count("alert")
    one = Words("connaît une sécheresse", "has a drought under way")
    many = Words("connaissent une sécheresse", "have a drought under way")
    text = _share(under_way, len(codes), one, many, lang)
    if alerts:
        text += Words(f", dont {alerts}{look.NBSP}en alerte", f", {alerts} of them in alert")(lang)
    return f"{text}."


def _finding_by_rain_anomaly(which: Indicator, values: pd.Series[float], lang: Lang) -> str:
    """How many départements had less rain than normal, and less than half of it."""
    less, half = int((values < 0).sum()), int((values < -50).sum())
    one = Words("a reçu moins de pluie que la normale", "had less rain than normal")
    many = Words("ont reçu moins de pluie que la normale", "had less rain than normal")
    text = _share(less, len(values), one, many, lang)
    if half:
        text += Words(f", dont {half} moins de la moitié", f", {half} of them less than half")(lang)
    return f"{text}."


def _finding_by_yield(which: Indicator, values: pd.Series[float], lang: Lang) -> str:
    """How many départements harvested less than in the years before, and far less."""
    less, far = int((values < 0).sum()), int((values < -20).sum())
    mean = Words(
        f"sous la moyenne des 5{look.NBSP}récoltes précédentes",
        "below the mean of the 5 harvests before",
    )
    one = Words(f"est {mean.fr}", f"is {mean.en}")
    text = _share(less, len(values), one, Words(f"sont {mean.fr}", f"are {mean.en}"), lang)
    if far:
        text += Words(
            f", dont {far}{look.NBSP}de plus de 20{look.THIN}%", f", {far} of them by more than 20%"
        )(lang)
    return f"{text}."


def _finding_by_anomaly(which: Indicator, values: pd.Series[float], lang: Lang) -> str:
    """How many départements are below normal, as the indicator tells that."""
    count = int((values < which.below_from).sum())
    return f"{_share(count, len(values), *which.below, lang)}."


def _finding_by_amount(which: Indicator, values: pd.Series[float], lang: Lang) -> str:
    """What half of the départements have less of; from the least to the most."""
    middle, low, high = (
        look.format_value(which.key, float(each), lang)
        for each in (values.median(), values.min(), values.max())
    )
    half = Words(
        f"La moitié des départements sont au-dessous de {middle}",
        f"Half of the départements are below {middle}",
    )
    if which.key == "precip_mm":
        half = Words(
            f"La moitié des départements ont reçu moins de {middle} de pluie",
            f"Half of the départements had less than {middle} of rain",
        )
    return Words(
        f"{half.fr}{look.NBSP}; les extrêmes vont de {low} à {high}.",
        f"{half.en}; extremes run from {low} to {high}.",
    )(lang)


_ANOMALIES: Final = {"rain": _finding_by_rain_anomaly, "yields": _finding_by_yield}
"""What is told of departures, by the group of the indicator."""


def finding(indicator: str, values: pd.DataFrame, lang: Lang = "fr", *, past: bool = False) -> str:
    """The map's answer in one sentence, the first thing a reader should meet.

    `past` tells of a period that is over.
    """
    said = _finding(indicator, values, lang)
    return look.in_past(said, lang) if past else said


def _finding(indicator: str, values: pd.DataFrame, lang: Lang) -> str:
    which = look.indicator_of(indicator)
    styles = look.styles(indicator, values)
    if all(style is look.NO_DATA for style in styles):
        return Words("Aucune donnée pour cette période.", "No data for this period.")(lang)
    if which.kind == "class":
        return _finding_by_class(styles, lang)
    if which.kind == "restriction":
        return _finding_by_restriction(styles, lang)
    if which.kind == "stage":
        return _finding_by_stage(styles, lang)
    known = values["value"].dropna().astype(float)
    if which.kind == "amount":
        return _finding_by_amount(which, known, lang)
    return _ANOMALIES.get(which.group, _finding_by_anomaly)(which, known, lang)


# --------------------------------------------------------------------------------------------
# Rows
# --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    """One département as the page tells it: in its tooltip and in its line of the table."""

    code: str
    name: str
    said: look.Statement
    value: str
    rank: str
    short: int | None
    """Years of the normal where they are too few, else None."""
    unclassed: bool
    """There is a value, and too few years for a class."""
    little_grown: bool
    """There is too little of the indicator's crop for its value to be drawn."""


def _joined(shapes: gpd.GeoDataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Every shape once, with its values where there are any; refuse what would be lost silently."""
    for label, codes in (("shapes", shapes["departement"]), ("values", values["departement"])):
        twice = sorted(set(codes[codes.duplicated()]))
        if twice:
            raise ValueError(f"{label} hold several rows for {', '.join(map(str, twice))}")
    lost = sorted(set(values["departement"]) - set(shapes["departement"]))
    if lost:
        raise ValueError(f"values without a shape: {', '.join(map(str, lost))}")
    known = values.drop(columns=["name", "region"], errors="ignore")
    plain = pd.DataFrame(shapes[["departement", "name"]])
    return plain.merge(known, on="departement", how="left")


def _rank(percentile: float, ranked: look.Ranked, short: bool) -> str:
    """The percentile in whole years out of a hundred; never none of them, never all.

    With a short reference the rank among the years known: `3/12`.
    """
    if short:
        return "" if look.is_missing(ranked[0]) else f"{int(ranked[0])}/{int(ranked[1])}"
    if percentile < 1:
        return f"<{look.NBSP}1/100"
    return f"{f'>{look.NBSP}99' if percentile > 99 else look.format_number(percentile)}/100"


def _row(each: dict[str, Any], which: Indicator, lang: Lang, past: bool) -> _Row:
    """Turn one joined row into words."""
    ranked = each.get("dry_rank", float("nan")), each.get("ranked_years", float("nan"))
    said = look.statement(
        which.key,
        value=each.get("value"),
        percentile=each.get("percentile"),
        drought_class=each.get("drought_class"),
        reference_years=each.get("reference_years"),
        ranked=ranked,
        reason=each.get("reason"),
        lang=lang,
        past=past,
        noted=False,
    )
    known = not look.is_missing(each.get("value")) and which.kind not in ("restriction", "stage")
    rank, years = each.get("percentile"), each.get("reference_years")
    value = look.shown_value(which.key, each.get("value"), rank)
    return _Row(
        code=str(each["departement"]),
        name=str(each["name"]),
        said=said,
        value=look.format_value(which.key, value, lang) if known else "",
        rank=_rank(float(cast(float, rank)), ranked, look.is_short(years))
        if known and not look.is_missing(rank)
        else "",
        short=int(cast(float, years)) if known and look.is_short(years) else None,
        unclassed=known and look.is_unclassed(which.key, value, each.get("drought_class")),
        little_grown=each.get("little_grown") is True,
    )


def _tooltip_value(row: _Row, which: Indicator, lang: Lang) -> str:
    """The number behind the words, last and small: `Indice SPI : −1,42 (D2). Normale de 12 ans`."""
    parts = []
    if row.value and which.kind == "class":
        colon = f"{look.NBSP}: " if lang == "fr" else ": "
        code = row.said.style.code
        parts.append(look.capitalise(f"{which.value_name(lang)}{colon}{row.value} ({code})"))
    if row.short:
        parts.append(_TEXT["short"](lang).format(years=row.short))
    return ". ".join(parts)


# --------------------------------------------------------------------------------------------
# Geometry
# --------------------------------------------------------------------------------------------


def _rounded(coordinates: Any) -> Any:
    """Coordinates to 0.1 km, doubled points dropped; shared borders round alike and still meet."""
    if isinstance(coordinates[0], int | float):
        return [round(float(number), PRECISION) for number in coordinates[:2]]
    inner = [_rounded(each) for each in coordinates]
    if isinstance(inner[0][0], float):
        return [point for i, point in enumerate(inner) if i == 0 or point != inner[i - 1]]
    return [each for each in inner if each and (not isinstance(each[0][0], float) or len(each) > 3)]


def _geometry(shape: BaseGeometry) -> dict[str, Any]:
    """GeoJSON of a shape in planar kilometres."""
    mapping: dict[str, Any] = dict(shape.__geo_interface__)
    return {"type": mapping["type"], "coordinates": _rounded(mapping["coordinates"])}


def _pale(row: _Row) -> bool:
    """True for land so light that white borders would not show; drawn first, with grey ones."""
    return look.luminance(row.said.style.colour) > 0.87


def _features(rows: Sequence[_Row], shapes: Sequence[BaseGeometry]) -> dict[str, Any]:
    """The départements as GeoJSON, in drawing order, numbered: not one word of theirs is in it.

    branca renders what an element has rendered a second time, as a template of its own, so a name
    like `{{ ... }}` would be run there. Words therefore reach the page by another way.
    """
    features = [
        {
            "type": "Feature",
            "id": str(index),
            "properties": {"style": row.said.style.code, "pale": _pale(row)},
            "geometry": _geometry(shape),
        }
        for index, (row, shape) in enumerate(zip(rows, shapes, strict=True))
    ]
    return {"type": "FeatureCollection", "features": features}


def _words(row: _Row, which: Indicator, lang: Lang) -> dict[str, str]:
    """What the tooltip says of one département."""
    return {
        "code": row.code,
        "name": f"{row.name} ({row.code})",
        "style": row.said.style.code,
        "head": look.capitalise(row.said.head),
        "body": f"{row.said.body}." if row.said.body else "",
        "value": _tooltip_value(row, which, lang),
    }


def _frames(shapes: gpd.GeoDataFrame) -> list[tuple[str, BaseGeometry]]:
    """Name and rectangle of each overseas inset."""
    if "frame" not in shapes:
        return []
    pairs = zip(shapes["name"], shapes["frame"], strict=True)
    return [(str(name), frame) for name, frame in pairs if isinstance(frame, BaseGeometry)]


def _bounds(
    shapes: gpd.GeoDataFrame, frames: Sequence[tuple[str, BaseGeometry]]
) -> list[list[float]]:
    """South-west and north-east corners, as Leaflet wants them: y before x."""
    boxes = [tuple(shapes.total_bounds), *(frame.bounds for _, frame in frames)]
    west, south, east, north = zip(*boxes, strict=True)
    corners = [[min(south), min(west)], [max(north), max(east)]]
    return [[round(float(number), PRECISION) for number in corner] for corner in corners]


# --------------------------------------------------------------------------------------------
# folium
# --------------------------------------------------------------------------------------------


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
        self.label = _TEXT["map"](lang)
        self.zoom_in, self.zoom_out = _TEXT["zoom_in"](lang), _TEXT["zoom_out"](lang)


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
    """A folium figure that carries all it needs and forbids itself to ask for more.

    Scripts are allowed by their hash alone: even a hostile name that slipped through the escaping
    could not run.
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
        return (
            _environment()
            .get_template("map.html.j2")
            .render(
                page=self.page,
                csp=_policy(scripts),
                leaflet_css=Markup(_leaflet("leaflet.css")),  # noqa: S704  our own wheel's file
                css=_style(),
                map_html=Markup(self.html.render(**kwargs).strip()),  # noqa: S704  escaped by PlanarMap
                scripts=[Markup(script) for script in scripts],  # noqa: S704  data pass through |tojson
            )
        )


def _policy(scripts: Sequence[str]) -> str:
    """A Content-Security-Policy that lets these very scripts run and nothing be fetched."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _environment() -> Environment:
    """The templates beside this module; everything is escaped unless marked."""
    return Environment(loader=PackageLoader("geo_pipeline.publishing"), autoescape=True)


def render_page(template: str, *, page: Any) -> str:
    """Return the page that `template` makes of `page`, in the style of the exported maps."""
    return _environment().get_template(template).render(page=page, css=_style())


def _style() -> Markup:
    """The style sheet of exported pages, in the fonts that app and pages share."""
    return Markup(f":root {{ --font: {look.FONT}; }}\n{_asset('map.css')}")  # noqa: S704  our own


@cache
def _asset(name: str) -> str:
    """A style sheet or script beside the page's template."""
    return Path(__file__).with_name("templates").joinpath(name).read_text("utf-8")


@cache
def _leaflet(name: str) -> str:
    """A file of the XStatic-Leaflet wheel, with all that would point outside the page dropped."""
    from xstatic.pkg import leaflet  # noqa: PLC0415  reading the wheel is work for the first map

    text = Path(leaflet.BASE_DIR, name).read_text("utf-8")
    if name.endswith(".css"):
        text = re.sub(r"^.*url\(.*\n", "", text, flags=re.MULTILINE)
    return re.sub(r"//# sourceMappingURL=.*", "", text).strip()


def _walk(element: Element) -> Iterator[Element]:
    """The element and all below it, in order."""
    yield element
    for child in element._children.values():
        yield from _walk(child)


def _build_map(
    features: dict[str, Any],
    frames: Sequence[tuple[str, BaseGeometry]],
    fills: dict[str, str],
    lang: Lang,
) -> PlanarMap:
    """The map with its layers, all ids stable."""
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


def _fill(style: ClassStyle) -> str:
    """SVG fill of a class; no data is hatched."""
    return _HATCH_FILL if style is look.NO_DATA else style.colour


def _css_hatch() -> str:
    """The hatch as a CSS background, for the tooltip's small swatch."""
    line = look.HATCH_COLOUR
    return f"repeating-linear-gradient(135deg, {line} 0 2px, #fff 2px 5px)"


def _frame(frame: BaseGeometry) -> folium.GeoJson:
    """The rectangle around an overseas département."""
    return folium.GeoJson(
        {"type": "Feature", "properties": {}, "geometry": _geometry(frame)},
        style_function=lambda _: {"className": "frame", "fill": False},
        interactive=False,
    )


def _frame_name(name: str, frame: BaseGeometry) -> dict[str, Any]:
    """An inset's name, to be centred at the top of its rectangle."""
    west, _, east, north = frame.bounds
    return {"name": name, "at": [round(north, PRECISION), round((west + east) / 2, PRECISION)]}


# --------------------------------------------------------------------------------------------
# The page
# --------------------------------------------------------------------------------------------


def _class_heading(which: Indicator, lang: Lang) -> str:
    """What the legend's and the table's classes are called: a level for restrictions."""
    return _TEXT["level" if which.kind == "restriction" else "class"](lang)


def _hatched(rows: Sequence[_Row], lang: Lang) -> look.Hatched | None:
    """What hatching stands for among `rows`; None where nothing is hatched."""
    if all(row.said.style is not look.NO_DATA for row in rows):
        return None
    return look.hatched(
        unclassed=any(row.unclassed for row in rows),
        little_grown=any(row.little_grown for row in rows),
        lang=lang,
    )


def _legend(
    which: Indicator, rows: Sequence[_Row], reference_years: object, lang: Lang
) -> list[dict[str, Any]]:
    """Each class, its words and its number of départements; no data only where there is some."""
    counts = Counter(row.said.style.code for row in rows)
    told = [
        (style, style.name(lang), look.class_meaning(style, reference_years, lang))
        for style in which.styles
    ]
    if hatched := _hatched(rows, lang):
        told.append((look.NO_DATA, hatched.name, ""))
    return [
        {
            "style": style,
            "fill": _fill(style),
            "name": look.capitalise(name),
            "meaning": look.capitalise(meaning),
            "count": counts[style.code],
        }
        for style, name, meaning in told
    ]


def _table(which: Indicator, rows: Sequence[_Row], lang: Lang) -> tuple[list[str], list[list[str]]]:
    """Header and lines of the table of values; columns that would be empty are left out."""
    head = [_TEXT["code"](lang), _TEXT["name"](lang), _class_heading(which, lang)]
    with_value, with_rank = any(row.value for row in rows), any(row.rank for row in rows)
    if with_value:
        head.append(look.capitalise(which.value_name(lang)))
    if with_rank:
        head.append(_TEXT["rank"](lang))
    lines = []
    for row in sorted(rows, key=lambda each: each.code):
        name = row.said.head if which.kind == "class" else row.said.style.name(lang)
        line = [row.code, row.name, name]
        if with_value:
            line.append(f"{row.value}{look.NBSP}†" if row.short and row.value else row.value)
        if with_rank:
            line.append(row.rank)
        lines.append(line)
    return head, lines


def _about(
    which: Indicator, reference_period: str | tuple[int, int] | None, short: bool, lang: Lang
) -> str:
    """What the indicator says, then the normal it is held against."""
    text = which.explanation(lang)
    if reference_period is None or which.kind in ("restriction", "stage", "amount"):
        return text
    note = look.capitalise(look.reference_note(reference_period, None, lang))
    note = note.replace("-", "\u2011")  # years must not part at the end of a line
    return f"{text} {note}{f'{look.NBSP}†' if short else ''}."


def _period(which: Indicator, period_end: date, step: look.Period, lang: Lang) -> str:
    """The months the map looks back on; a day for restrictions, which hold on a day."""
    if which.kind == "restriction":
        return look.format_date(period_end, lang)
    if step == "month" and which.months:
        return look.format_span(period_end, which.months, lang)
    return look.format_period(period_end, step, lang)


def _foot(
    rows: Sequence[_Row],
    short: Sequence[int],
    provisional: bool,
    notes: Sequence[str],
    lang: Lang,
) -> list[str]:
    """The notes under the legend: each mark used on the page, explained."""
    foot = [_short_reference_note(min(short), max(short), lang)] if short else []
    if provisional:
        foot.append(_TEXT["provisional"](lang))
    if hatched := _hatched(rows, lang):
        foot.append(_TEXT["hatched"](lang).format(told=hatched.told))
    return [*foot, *notes]


def render_map(
    shapes: gpd.GeoDataFrame,
    values: pd.DataFrame,
    *,
    indicator: str,
    period_end: date,
    lang: Lang = "fr",
    sources: Sequence[str | Source],
    published_on: date,
    reference_period: str | tuple[int, int] | None = None,
    step: look.Period = "month",
    provisional: bool = False,
    notes: Sequence[str] = (),
    ended: date | None = None,
) -> str:
    """Return the map of one indicator and period as one self-contained HTML page.

    Parameters
    ----------
    shapes : one row a département: `departement`, `name`, `geometry` in planar kilometres (y up),
        overseas départements already moved; optional `frame`, the rectangle around an inset
    values : `departement`, and `value`, `percentile` (0-100), `drought_class` (for
        `water_restrictions` the level, `none` where no order is in force), `reference_years`,
        `reason` (why there are no data) as far as known. A département without a row, or whose
        row is missing, is hatched and says so
    reference_period : first and last year of the normal
    provisional : mark the period as subject to correction
    notes : further sentences for the foot of the page
    ended : last day of the record, where it ended long before it was published

    Raises
    ------
    ValueError : unknown indicator, class or language; a département twice, or without a shape.
    """
    which = look.indicator_of(indicator)
    look.check_lang(lang)
    joined = _joined(shapes, values)
    records = [{str(k): v for k, v in each.items()} for each in joined.to_dict("records")]
    past = look.is_past(period_end, published_on)
    rows = [_row(each, which, lang, past) for each in records]
    frames = _frames(shapes)
    drawn = sorted(zip(rows, shapes.geometry, strict=True), key=lambda each: not _pale(each[0]))
    fills = {style.code: _fill(style) for style in (*which.styles, look.NO_DATA)}
    features = _features([row for row, _ in drawn], [shape for _, shape in drawn])
    settings = {
        "bounds": _bounds(shapes, frames),
        "names": [_frame_name(name, frame) for name, frame in frames],
        "swatches": {**fills, look.NO_DATA.code: _css_hatch()},
        "said": [_words(row, which, lang) for row, _ in drawn],
    }
    short = [row.short for row in rows if row.short is not None]
    reference_years = look.longest_reference(joined.get("reference_years", ()))
    head, lines = _table(which, rows, lang)
    page = {
        "lang": lang,
        "title": which.name(lang),
        "period": _period(which, period_end, step, lang),
        "provisional_mark": f"{look.NBSP}*" if provisional else "",
        "band": look.archive_words(ended, lang) if ended else "",
        "finding": finding(indicator, joined, lang, past=past),
        "about": _about(which, reference_period, bool(short), lang),
        "legend": _legend(which, rows, reference_years, lang),
        "explained": which.by_class,
        "notes": _foot(rows, short, provisional, notes, lang),
        "sources": [
            (each if isinstance(each, Source) else Source(each)).in_words(lang) for each in sources
        ],
        "published": _TEXT["published"](lang).format(date=look.format_date(published_on, lang)),
        "legend_head": _class_heading(which, lang),
        "table_head": head,
        "table": lines,
        "hatch": look.HATCH_COLOUR,
        "text": {name: words(lang) for name, words in _TEXT.items()},
    }
    figure = OfflinePage(page, settings)
    figure.add_child(_build_map(features, frames, fills, lang))
    return figure.render()
