"""The whole document of the first answer: the shell around a page, all styles and scripts."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import panel as pn
from markupsafe import Markup

from panel_app.data.page_words import Catalogue
from panel_app.drawing.templates import render
from panel_app.drawing.theme import TOKENS
from panel_app.page_list import PAGES
from panel_app.serving.headers import script_nonce

STYLES: Final = ("app.css", "charts.css", "atlas.css", "print.css")
SCRIPTS: Final = ("core.js", "combobox.js", "search.js", "indicators.js")
LAST_SCRIPTS: Final = ("charts.js", "take.js", "start.js")
"""Loaded after the pages' scripts, which handle keys and clicks first."""


@cache
def style_sheet() -> str:
    """All styles of the app, because pages lead to each other without reloading."""
    return "\n".join([*map(_shared, STYLES), *(page.styles for page in PAGES)])


@cache
def script() -> str:
    """All scripts of the app."""
    own = [script for page in PAGES for script in page.scripts]
    return "\n".join([*map(_shared, SCRIPTS), *own, *map(_shared, LAST_SCRIPTS)])


def _shared(name: str) -> str:
    return files("panel_app").joinpath("shell", name).read_text(encoding="utf-8")


DOCUMENT = """{% from macros import embed %}{{ body }}{{ embed(roots.channel) }}
{% for line in (bokeh_js or "").split("\n") %}
{% if "js/bokeh.min.js" in line or "js/bokeh.js" in line %}
{{ line | replace("<script", "<script" ~ nonce) }}
{% endif %}
{% endfor %}
<script{{ nonce }}>{{ js }}</script>
{{ plot_script | replace("<script", "<script" ~ nonce) }}</body></html>
"""
"""Template around the body: Bokeh's core with the channel, the app's script, the session.

Panel's templates do not escape, so `body` is rendered before by `render`, which does.
"""


def shell(
    words: Catalogue, roots: Mapping[str, pn.viewable.Viewable], values: Mapping[str, Any]
) -> pn.Template:
    """Return the whole document; everything it needs is in it or served beside it."""
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
    template.add_variable("body", render("shell/shell", {**shared, **values}))
    template.add_variable("nonce", f' nonce="{nonce}"' if nonce else "")
    template.add_variable("js", script())
    template.title = str(values["title"])
    return template
