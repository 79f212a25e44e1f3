"""The whole document of the first answer: the shell around a page, all styles and scripts."""

import re
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
from panel_app.serving.headers import answer_nonce

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


DOCUMENT = """{{ body }}
{% for root in roots %}<div id="{{ root.elementid }}" data-root-id="{{ root.id }}" hidden></div>
{% endfor %}
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

_STYLED: Final = re.compile(r'data-style="([^"]*)"')
_PLAIN: Final = re.compile(r"[\w\s#%.,:;()-]+")


def styles_of(values: Mapping[str, Any]) -> str:
    """Return rules for what templates say in `data-style`, for the first view of a page.

    The policy forbids `style` in HTML. The script sets the styles of an element once it runs
    (`dress` in core.js); until then, and where no script runs, these rules do. `values` are those
    of the shell.
    """
    parts = (values["main"], values["shapes"], values["notice"])
    said = dict.fromkeys(style for part in parts for style in _STYLED.findall(part))
    # With the weight of a name, as what an element says itself outweighs classes.
    rules = (f'[data-style="{each}"]:not(#_){{{each}}}' for each in said if _PLAIN.fullmatch(each))
    return "\n".join(rules)


def body(words: Catalogue, values: Mapping[str, Any], styles: str) -> Markup:
    """Return the document up to its scripts, with `styles` as elements of its head."""
    shared = {
        "words": words,
        "lang": words.lang,
        "other": "en" if words.lang == "fr" else "fr",
        "styles": Markup(styles),  # noqa: S704  files of the app
    }
    return render("shell/shell", {**shared, **values})


def shell(words: Catalogue, values: Mapping[str, Any]) -> pn.Template:
    """Return the whole document; everything it needs is in it or served beside it."""
    template = pn.Template(DOCUMENT, location=False)
    given = answer_nonce()
    nonce = f' nonce="{given}"' if given else ""
    styles = f"<style{nonce}>\n{style_sheet()}\n{styles_of(values)}\n</style>"
    template.add_variable("body", body(words, values, styles))
    template.add_variable("nonce", nonce)
    template.add_variable("js", script())
    template.title = str(values["title"])
    return template
