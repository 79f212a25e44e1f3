"""A page is a folder and a line of the list: what is read off both, and what both must hold."""

import re
from pathlib import Path

import pytest

import panel_app
from panel_app.data.page_words import catalogue
from panel_app.page_list import BY_KEY, HOME, NAVIGATION, PAGES, Page
from panel_app.serving.document import script, style_sheet

FOLDERS = Path(panel_app.__file__).parent / "pages"
ADDRESS = Path(panel_app.__file__).parents[1] / "docs" / "app.md"


def test_every_folder_is_a_page_and_every_page_a_folder() -> None:
    """`waiting` is what any page shows while nothing can be read."""
    folders = {path.parent.name for path in FOLDERS.glob("*/page.html.j2")}
    assert folders == {*BY_KEY, "waiting"}
    assert len(BY_KEY) == len(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.key)
def test_a_page_shows_a_publication_or_this_moment(page: Page) -> None:
    assert (page.slots is None) != (page.slots_now is None)


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("page", NAVIGATION, ids=lambda page: page.key)
def test_a_page_of_the_navigation_is_named_in_its_own_words(page: Page, lang: str) -> None:
    assert f"\nnav.{page.key} = " in "\n" + (FOLDERS / page.key / f"{lang}.toml").read_text()
    assert catalogue(lang)(f"nav.{page.key}")  # type: ignore[arg-type]


def test_styles_and_scripts_of_every_page_are_sent() -> None:
    for path in FOLDERS.rglob("*.css"):
        assert path.read_text() in style_sheet(), path
    for path in FOLDERS.rglob("*.js"):
        assert path.read_text() in script(), path


def test_styles_of_a_page_reach_no_other_page() -> None:
    """All sheets are sent at once: those of a page stand under its name in the document."""
    sheet = style_sheet()
    for page in PAGES:
        for text in page.files(".css"):
            before = sheet[: sheet.index(text)]
            opened = before[before.rindex(":where(html[data-page") :].partition(" {")[0]
            pages = set(re.findall(r'html\[data-page="(\w+)"\]', opened))
            assert pages == {page.key} | {each.key for each in PAGES if each.like == page.key}
            # Nested sheets close what they open, so that none leaks out of its page.
            assert text.count("{") == text.count("}"), page.key


def test_the_map_is_home_and_the_map_alone_is_for_other_sites() -> None:
    assert HOME is BY_KEY["map"]
    assert [page.key for page in PAGES if page.embedded] == ["embed"]


def test_the_documents_name_every_page_of_the_address() -> None:
    row = re.search(r"^\| `page` \| (.*) \|$", ADDRESS.read_text(), re.MULTILINE)
    assert row is not None
    assert re.findall(r"`(\w+)`", row[1]) == list(BY_KEY)
