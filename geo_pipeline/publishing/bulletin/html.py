"""The bulletin as one HTML page that opens with no network, with the queries of its figures."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from geo_pipeline.publishing.bulletin.documents import Document
from geo_pipeline.publishing.bulletin.pictures import LINED, swatch


def html(document: Document) -> str:
    """Return the document as HTML."""
    said = [each for each in document.sentences if each.known]
    return (
        _templates()
        .get_template("bulletin.html.j2")
        .render(
            document=document,
            swatch=swatch,
            drawn=_drawn,
            claims=said,
            words=document.issue.words,
        )
    )


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
