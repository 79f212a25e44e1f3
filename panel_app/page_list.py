"""The pages of the app: add one here, and its folder in `pages/`; the rest follows from both.

The navigation has this order. A page's folder has `page.html.j2`, whose slots are filled by
`slots`, and whatever else the page needs: templates, styles (`*.css`), scripts (`*.js`), words
(`fr.toml`, `en.toml`, in which `nav.<key>` is its name). What pages share is in `shell/`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Final

from panel_app.data.page_view import PageView, Slots
from panel_app.data.page_words import Catalogue
from panel_app.data.pipeline_snapshot import PipelineStore
from panel_app.data.store import Publication
from panel_app.pages.about import about_page
from panel_app.pages.bulletins import bulletins_page
from panel_app.pages.data import data_page
from panel_app.pages.departement import departement_page
from panel_app.pages.droughts import droughts_page
from panel_app.pages.map import map_page
from panel_app.pages.pipeline import pipeline_page
from panel_app.pages.ranking import ranking_page
from panel_app.pages.trends import trends_page


@dataclass(frozen=True)
class Page:
    """One page, of a publication (`slots`) or of the present moment (`slots_now`)."""

    key: str
    """Its name in the address, and the name of its folder."""
    slots: Callable[[PageView], Slots] | None = None
    slots_now: Callable[[PipelineStore, Publication | None, Catalogue], Slots] | None = None
    kept_up: Callable[[PageView], Mapping[str, object]] = lambda view: {}
    """Slots that its script updates, with what else they depend on."""
    updated: Callable[[PageView], Slots] = lambda view: {}
    """The slots that its script updates."""
    stepped: Callable[[PageView], Slots] | None = None
    """The other slots, where there are any that its script updates."""
    subject: Callable[[PageView], str] = lambda view: ""
    """The beginning of the window's title; the page's own name where empty."""
    finding: Callable[[PageView], str] = lambda view: ""
    """What it finds, in a sentence."""
    like: str = ""
    """The page whose styles it shares, where it shows the same content."""
    embedded: bool = False
    """Whether it is for a frame on other sites: without header, and not in the navigation."""
    shows_record: bool = True
    """Whether a banner says that the record ended long before its publication."""
    shows_period: bool = False
    """Whether a notice says that the requested period has no value."""

    def files(self, ending: str) -> list[str]:
        """Return the texts of the files of the page's folder with this ending."""
        folder = files("panel_app").joinpath("pages", self.key)
        found = sorted(folder.iterdir(), key=lambda each: each.name)
        return [each.read_text(encoding="utf-8") for each in found if each.name.endswith(ending)]

    @property
    def styles(self) -> str:
        """Its style sheets, nested under the name of the page so that they affect no other page.

        `:where` adds no specificity, so they override those of `shell/` as they would alone.
        """
        keys = [page.key for page in PAGES if self.key in (page.key, page.like)]
        shown = ", ".join(f'html[data-page="{key}"]' for key in keys)
        sheets = "\n".join(self.files(".css"))
        return f":where({shown}) {{\n{sheets}}}\n" if sheets else ""

    @property
    def scripts(self) -> list[str]:
        """Its scripts."""
        return self.files(".js")


MAP: Final = Page(
    "map",
    map_page.slots,
    kept_up=map_page.kept_up,
    updated=map_page.updated,
    stepped=map_page.stepped,
    subject=map_page.subject,
    finding=map_page.found,
    shows_period=True,
)
PAGES: Final = (
    MAP,
    Page(
        "departement", departement_page.slots, subject=departement_page.subject, shows_period=True
    ),
    Page("ranking", ranking_page.slots),
    Page("droughts", droughts_page.slots),
    Page("trends", trends_page.slots),
    Page("bulletins", bulletins_page.slots, shows_record=False),
    Page("data", data_page.slots, shows_record=False),
    Page("pipeline", slots_now=pipeline_page.slots, shows_record=False),
    Page("about", about_page.slots, shows_record=False),
    replace(MAP, key="embed", like="map", embedded=True),
)
BY_KEY: Final = {page.key: page for page in PAGES}
HOME: Final = PAGES[0]
NAVIGATION: Final = tuple(page for page in PAGES if not page.embedded)
