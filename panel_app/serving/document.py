"""The whole document of the first answer: the shell around a page, all styles and scripts."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import panel as pn
from markupsafe import Markup

from panel_app.data.page_words import Catalogue
from panel_app.drawing.templates import render
from panel_app.drawing.theme import colour_variables
from panel_app.page_list import PAGES
from panel_app.serving.headers import script_nonce

STYLES: Final = ("app.css", "charts.css", "atlas.css", "print.css")
SCRIPTS: Final = ("core.js", "combobox.js", "search.js", "indicators.js")
LAST_SCRIPTS: Final = ("charts.js", "take.js")
"""Loaded after the pages' scripts, which handle keys and clicks first."""


@cache
def style_sheet() -> str:
    """All styles of the app, because pages lead to each other without reloading."""
    return "\n".join([colour_variables(), *map(_shared, STYLES), *(page.styles for page in PAGES)])


@cache
def script(answers: str = "") -> str:
    """All scripts of the app, with `answers` in place of the line to a session, then its start."""
    own = [script for page in PAGES for script in page.scripts]
    ends = [answers or _shared("line.js"), _shared("start.js")]
    return "\n".join([*map(_shared, SCRIPTS), *own, *map(_shared, LAST_SCRIPTS), *ends])


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


def body(words: Catalogue, values: Mapping[str, Any], styles: str) -> Markup:
    """Return the document up to its scripts, with `styles` as an element of its head."""
    shared = {
        "words": words,
        "lang": words.lang,
        "other": "en" if words.lang == "fr" else "fr",
        "styles": Markup(styles),  # noqa: S704  files of the app
    }
    return render("shell/shell", {**shared, **values})


def shell(
    words: Catalogue, roots: Mapping[str, pn.viewable.Viewable], values: Mapping[str, Any]
) -> pn.Template:
    """Return the whole document; everything it needs is in it or served beside it."""
    template = pn.Template(DOCUMENT, location=False)
    for root, component in roots.items():
        template.add_panel(root, component)
    nonce = script_nonce()
    template.add_variable("body", body(words, values, f"<style>\n{style_sheet()}\n</style>"))
    template.add_variable("nonce", f' nonce="{nonce}"' if nonce else "")
    template.add_variable("js", script())
    template.title = str(values["title"])
    return template
