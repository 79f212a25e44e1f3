"""What stands around the slots of a page, of a session or of a site of files: title, banner, shell.

All of it follows from the page and its view, which is None while nothing is published.
"""

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from geo_pipeline.publishing.formats import format_date
from geo_pipeline.publishing.sentences import archive_words
from geo_pipeline.territory import BY_CODE
from panel_app.data.page_view import PageView, chosen_indicator, indicator_list
from panel_app.data.page_words import Catalogue
from panel_app.data.state import State
from panel_app.drawing import atlas
from panel_app.drawing.templates import render
from panel_app.page_list import HOME, NAVIGATION, Page

SCRIPT_WORDS: Final = (
    "drought", "held", "nothing", "lost", "again", "copied", "indicators", "no_indicator",
    "cell",
)  # fmt: skip
"""Texts of the page's script."""


def band(page: Page, view: PageView | None) -> str:
    """The banner above a record that ended long before its publication."""
    if view is None or not page.shows_record or view.ended is None:
        return ""
    return render("shell/band", {"said": archive_words(view.ended, view.lang)})


def main(
    template: str, view: PageView | None, words: Catalogue, slots: Mapping[str, str]
) -> Markup:
    """The page `template` inside the shell, its slots filled."""
    page = render(
        f"{template}/page",
        {
            "view": view,
            "words": words,
            "lang": words.lang,
            "slots": {key: Markup(text) for key, text in slots.items()},  # noqa: S704
        },
    )
    band = Markup(slots["band"])  # noqa: S704  rendered with escaping, as all slots are
    return Markup('<div data-slot="band">{}</div>\n{}').format(band, page)


def title(page: Page, view: PageView | None, words: Catalogue) -> str:
    """Title of the window: the page's subject, then the name of the app."""
    name = words("title")
    subject = page.subject(view) if view else ""
    if not subject and (page is HOME or page.embedded):
        return name
    return f"{subject or words(f'nav.{page.key}')} · {name}"


def place(state: State) -> str:
    """What the search box shows: the selected département."""
    code = state.departement
    return f"{code} {BY_CODE[code].name}" if code else ""


def around(
    page: Page, view: PageView | None, words: Catalogue, state: State, slots: Mapping[str, str]
) -> dict[str, Any]:
    """What the shell needs besides `main`: navigation, shapes, list of indicators, texts."""
    credit = ""
    if view is not None:
        day = format_date(view.publication.published_at.date(), view.lang)
        credit = words("take.credit", name=words("title"), day=day)
    return {
        "page": page,
        "pages": NAVIGATION,
        "home": HOME,
        "view": view,
        "shapes": Markup(atlas.shapes_svg(view.publication)) if view else "",  # noqa: S704
        "chosen": chosen_indicator(view) if view else {},
        "notice": Markup(slots["notice"]),  # noqa: S704
        "title": title(page, view, words),
        # What it finds, for whoever is sent its address.
        "subject": page.finding(view) if view else "",
        "place": place(state),
        "without_script": words("without_script"),
        "made": "",
        "about": {
            "credit": credit,
            "home": HOME.key,
            "indicators": indicator_list(view) if view else [],
            "words": {name: words(f"script.{name}") for name in SCRIPT_WORDS},
        },
    }
