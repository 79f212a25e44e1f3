"""How the app looks: colour tokens, the page around the components, and what charts are told.

Colours of data come from `geo_pipeline.publishing.look`; here are only those of ink, paper and
rules. They are CSS variables in `assets/page.css`; charts are drawn on canvas, which knows no CSS,
so a chart's model is tagged `property:token` and `assets/page.js` sets it in the reader's theme.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import panel as pn
from jinja2 import Environment, PackageLoader, StrictUndefined

from geo_pipeline.publishing import look
from panel_app.i18n import Catalogue

TOKENS: dict[str, dict[str, str]] = {
    "light": {
        "ground": "#ffffff",
        "ink": "#1a1a1a",
        "soft": "#595f66",
        "rule": "#d9dce0",
        "accent": "#0b5cad",
        "coast": "#7d848b",
    },
    "dark": {
        "ground": "#14171a",
        "ink": "#eceef0",
        "soft": "#a7adb4",
        "rule": "#353a40",
        "accent": "#7fb8f0",
        "coast": "#8b9198",
    },
}

FONT = look.FONT

PALE_BORDER = "#cfd3d7"
"""Between départements so light that a white border would not show."""

NEUTRAL = "#b4bac0"
"""Bars of a normal month: the map's near-white would vanish on the page."""


def darker(colour: str, by: float) -> str:
    """The same colour with `by` (0 to 1) of its light taken away."""
    return "#" + "".join(f"{round(int(colour[i : i + 2], 16) * (1 - by)):02x}" for i in (1, 3, 5))


@cache
def border_on(colour: str) -> str:
    """Border of a département of this colour: white, or grey where white would not show."""
    return PALE_BORDER if look.luminance(colour) > 0.87 else "#ffffff"


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


def themed(model: Any, **tokens: str) -> Any:
    """Colour `model` for the light theme, and tag it so that the page can recolour it.

    `themed(axis, major_label_text_color="soft")`.
    """
    for name, token in tokens.items():
        setattr(model, name, TOKENS["light"][token])
    model.tags = [*model.tags, *(f"{name}:{token}" for name, token in tokens.items())]
    return model


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("panel_app", "assets"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, values: Mapping[str, Any]) -> str:
    """Fill `assets/<template>.html.j2`; whatever comes from data is escaped."""
    return _templates().get_template(f"{template}.html.j2").render(values)


def page(
    name: str,
    words: Catalogue,
    roots: Mapping[str, pn.viewable.Viewable],
    slots: Mapping[str, str],
    period: str = "",
) -> pn.Template:
    """The page around the components; everything it needs is in it or served beside it.

    `slots` is what the page says in words: sent with the page, so that the answer is read before
    any chart is drawn.
    """
    template = pn.Template(asset("page.html.j2"), location=name == "state")
    for root, component in roots.items():
        template.add_panel(root, component)
    variables = {
        "page": name,
        "words": words,
        "lang": words.lang,
        "other": "en" if words.lang == "fr" else "fr",
        "period": period,
        "slots": slots,
        "tokens": TOKENS,
        "css": asset("page.css") + (asset("pipeline.css") if name == "pipeline" else ""),
        "js": asset("pipeline.js" if name == "pipeline" else "page.js"),
    }
    for variable, value in variables.items():
        template.add_variable(variable, value)
    template.title = words("pipeline.title" if name == "pipeline" else "title")
    return template
