"""Files of the site: what each page is called, and where links lead.

The app names everything in the query of one address; a site of files has a file for each page, and
its query names what the script shows on it. `answers.js` does the same with what `for_script` says.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from geo_pipeline.words import LANGS, Lang
from panel_app.page_list import HOME

KEPT: Final = {
    "map": ("indicator", "period", "departement", "zoom"),
    "departement": (),
    "ranking": ("indicator", "level"),
    "droughts": (),
    "trends": ("indicator", "season"),
    "bulletins": ("departement", "region"),
    "data": (),
    "about": (),
}
"""Pages of the site, each with the parameters that its files follow."""
VARIED: Final = ("ranking", "trends", "bulletins")
"""Pages whose content for other parameters is a file of its own, which the script fetches."""

_HREF: Final = re.compile(r'href="(\?[^"]*)"')
_LIVE: Final = re.compile(
    r"<(?:(?:link|input)\b[^>]*\sdata-live\b[^>]*>|(\w+)\b[^>]*\sdata-live\b[^>]*>.*?</\1>)", re.S
)


@dataclass(frozen=True)
class Addresses:
    """The addresses of a site that shows `indicator` at `period` where nothing else is asked."""

    indicator: str
    period: str

    def of(self, query: Mapping[str, str]) -> str:
        """Return the address of a selection, relative to the folder of the site."""
        lang, page = query.get("lang", LANGS[0]), query.get("page", HOME.key)
        page = page if page in KEPT else "about"  # pages that need a server
        code = query.get("departement", "") if page == "departement" else ""
        kept = {
            name: query[name]
            for name in KEPT[page]
            if query.get(name) and query[name] != self.first.get(name)
        }
        return file_of(page, lang, code) + (f"?{urlencode(kept)}" if kept else "")

    @property
    def first(self) -> dict[str, str]:
        """The selection of the files where their query is empty."""
        level, season = "departement", "year"
        return {
            "indicator": self.indicator,
            "period": self.period,
            "level": level,
            "season": season,
        }

    def relinked(self, html: str, departement: str = "") -> str:
        """Return the HTML of a page with links to files, without what needs a server.

        The page of a `departement` is of the newest period alone: its links to others lead to maps.
        """

        def lead(found: re.Match[str]) -> str:
            query = dict(parse_qsl(unescape(found[1]).removeprefix("?")))
            of_itself = query.get("page") == "departement" and bool(departement)
            if of_itself and query.get("departement") == departement and self._differs(query):
                query["page"] = HOME.key
            return f'href="{escape(self.of(query))}"'

        return _LIVE.sub("", _HREF.sub(lead, html))

    def _differs(self, query: Mapping[str, str]) -> bool:
        return any(query.get(name, first) != first for name, first in self.first.items())

    def for_script(self, page: str, lang: Lang, departement: str = "") -> dict[str, Any]:
        """Return what `answers.js` must know of addresses on a page."""
        return {
            "page": page,
            "lang": lang,
            "departement": departement,
            "first": self.first,
            "kept": KEPT,
            "varied": VARIED,
        }


def file_of(page: str, lang: str, code: str = "") -> str:
    """Return the file of a page: `index.html`, `ranking.en.html`, `departement-32.html`."""
    stem = "index" if page == HOME.key else "-".join(filter(None, (page, code)))
    return f"{stem}.html" if lang == LANGS[0] else f"{stem}.{lang}.html"


def variant_of(page: str, lang: str, *values: str) -> str:
    """Return the file of a page's content for other parameters: `pages/trends.swi.winter.fr.html`.

    `values` are those of `KEPT` that differ from the first selection, in this order.
    """
    return f"pages/{'.'.join((page, *values, lang))}.html"
