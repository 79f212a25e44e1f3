"""Jinja templates: those of a page in its folder, shared ones in `shell/`."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup


@cache
def _templates() -> Environment:
    shared = PrefixLoader({"shell": PackageLoader("panel_app", "shell")})
    return Environment(
        loader=ChoiceLoader([shared, PackageLoader("panel_app", "pages")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, values: Mapping[str, Any]) -> Markup:
    """Fill `ranking/table` (`pages/ranking/table.html.j2`) or `shell/notice`.

    All data are escaped, once.
    """
    text = _templates().get_template(f"{template}.html.j2").render(values)
    return Markup(text)  # noqa: S704  the templates escape
