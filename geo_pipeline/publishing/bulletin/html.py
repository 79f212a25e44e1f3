"""The bulletin as one HTML page that opens with no network, with the queries of its figures."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from geo_pipeline.publishing.bulletin.documents import Document
from geo_pipeline.publishing.bulletin.pictures import LINED, swatch
from geo_pipeline.publishing.content_policy import page_policy


def html(document: Document) -> str:
    """Return the document as HTML."""
    said = [each for each in document.sentences if each.known]
    return (
        _templates()
        .get_template("bulletin.html.j2")
        .render(
            document=document,
            style=Markup(_style()),  # noqa: S704  our own file
            policy=policy(),
            swatch=swatch,
            drawn=_drawn,
            claims=said,
            words=document.issue.words,
        )
    )


@cache
def policy() -> str:
    """Return what a bulletin allows itself: its own styles, no script, no request."""
    return page_policy(styles=[_style()])


@cache
def _style() -> str:
    folder = files("geo_pipeline.publishing.bulletin") / "templates"
    return folder.joinpath("bulletin.css").read_text(encoding="utf-8")


def _drawn(svg: str, name: str) -> Markup:
    """Return a drawing whose parts have names of their own: a page has several of them."""
    for each in LINED:
        svg = svg.replace(f'id="{each}"', f'id="{name}-{each}"')
        svg = svg.replace(f"url(#{each})", f"url(#{name}-{each})")
    return Markup(svg)  # noqa: S704  `pictures` escapes names


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("geo_pipeline.publishing.bulletin"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
