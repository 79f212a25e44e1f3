"""How the app looks: colour tokens, the shell around every page, templates.

Colours of data come from `geo_pipeline.publishing.look`; here are only those of ink, paper and
rules, as variables of the style sheet in two themes.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import panel as pn
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from geo_pipeline.publishing import look
from panel_app.headers import script_nonce
from panel_app.i18n import Catalogue

TOKENS: dict[str, dict[str, str]] = {
    "light": {
        "ground": "#ffffff",
        "ink": "#1a1a1a",
        "soft": "#595f66",
        "rule": "#d9dce0",
        "accent": "#0b5cad",
        "coast": "#7d848b",
        "fell": "#b3261e",
        "hover": "#f1f3f5",
        "band": "#5b7896",
        "series-1": "#0b5cad",
        "series-2": "#b3450c",
        "series-3": "#117a5b",
        "series-4": "#7a3f9d",
        "series-5": "#6b6f00",
    },
    "dark": {
        "ground": "#14171a",
        "ink": "#eceef0",
        "soft": "#a7adb4",
        "rule": "#353a40",
        "accent": "#7fb8f0",
        "coast": "#8b9198",
        "fell": "#ff9d8a",
        "hover": "#20252a",
        "band": "#8fa9c4",
        "series-1": "#7fb8f0",
        "series-2": "#ff9e66",
        "series-3": "#5fd0a8",
        "series-4": "#cfa1ee",
        "series-5": "#d5d95a",
    },
}

NEUTRAL = "#b4bac0"
"""Bars of a normal month: the map's near-white would vanish on the page."""

STYLES = ("app", "map", "charts", "departement", "ranking", "trends", "about", "pipeline")
SCRIPTS = ("core", "map", "charts", "pipeline", "take")


def darker(colour: str, by: float) -> str:
    """The same colour with `by` (0 to 1) of its light taken away."""
    return "#" + "".join(f"{round(int(colour[i : i + 2], 16) * (1 - by)):02x}" for i in (1, 3, 5))


@cache
def bar_colour(style: look.ClassStyle) -> str:
    """Colour of a class in a thin bar on the page: pale ones a little darker than on the map."""
    light = look.luminance(style.colour)
    if light > 0.9:
        return NEUTRAL
    return darker(style.colour, 0.1) if light > 0.75 else style.colour


@cache
def asset(name: str) -> str:
    """Return the text of a file of the page: its CSS, its script, its template."""
    return files("panel_app").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("panel_app", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, values: Mapping[str, Any]) -> Markup:
    """Fill `assets/<template>.html.j2`; whatever comes from data is escaped, once."""
    text = _templates().get_template(f"{template}.html.j2").render(values)
    return Markup(text)  # noqa: S704  the templates escape


@cache
def style_sheet() -> str:
    """All styles of the app."""
    return "\n".join(asset(f"{name}.css") for name in STYLES)


@cache
def script() -> str:
    """All that the page does by itself."""
    return "\n".join(asset(f"{name}.js") for name in SCRIPTS)


DOCUMENT = """{% from macros import embed %}{{ body }}{{ embed(roots.channel) }}
{% for line in (bokeh_js or "").split("\n") %}
{% if "js/bokeh.min.js" in line or "js/bokeh.js" in line %}
{{ line | replace("<script", "<script" ~ nonce) }}
{% endif %}
{% endfor %}
<script{{ nonce }}>{{ js }}</script>
{{ plot_script | replace("<script", "<script" ~ nonce) }}</body></html>
"""
"""Around the body: Bokeh's core, which carries the channel, the app's own script, the session.

Panel's templates do not escape: `body` is rendered before, by `render`, which does.
"""


def shell(
    words: Catalogue, roots: Mapping[str, pn.viewable.Viewable], values: Mapping[str, Any]
) -> pn.Template:
    """The whole document; everything it needs is in it or served beside it."""
    template = pn.Template(DOCUMENT, location=False)
    for root, component in roots.items():
        template.add_panel(root, component)
    nonce = script_nonce()
    shared = {
        "words": words,
        "lang": words.lang,
        "other": "en" if words.lang == "fr" else "fr",
        "tokens": TOKENS,
        "css": Markup(style_sheet()),  # noqa: S704  a file of the app
    }
    template.add_variable("body", render("shell", {**shared, **values}))
    template.add_variable("nonce", f' nonce="{nonce}"' if nonce else "")
    template.add_variable("js", script())
    template.title = str(values["title"])
    return template
