"""The pages of the site as whole documents, and their content for other parameters.

They are those of the app, with links to files and without what needs a server.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from html import escape
from typing import Any, Final

from geo_pipeline.publishing.content_policy import source
from geo_pipeline.publishing.formats import format_date
from geo_pipeline.territory import BY_CODE, REGIONS
from geo_pipeline.words import Lang
from panel_app.data.page_view import PageView, Slots
from panel_app.data.page_words import Catalogue, catalogue
from panel_app.data.state import DEFAULT_INDICATOR, State
from panel_app.data.store import Publication
from panel_app.page_list import BY_KEY, NAVIGATION
from panel_app.pages.trends import season_trends
from panel_app.serving import content
from panel_app.serving.document import body, styles_of
from panel_app.site.addresses import KEPT, Addresses, file_of, variant_of

LEFT_OUT: Final[Mapping[str, tuple[str, ...]]] = {
    "ranking": ("filters", "comparison"),
    "data": ("follow", "api"),
}
"""Slots of pages that are empty without a server."""
SCRIPT, STYLES = "site.js", "site.css"

Made = tuple[str, Callable[[], str]]
"""A file: its path in the folder of the site, and what makes its text."""

_WORDS: Final = {
    "one": "search.found.one", "many": "search.found.many", "more": "search.more",
    "near": "search.near", "nothing": "search.nothing", "region": "search.region",
    "departement": "search.departement", "within": "search.within", "part": "search.part",
    "none_dry": "france.none_dry", "missing": "site.missing",
}  # fmt: skip
"""Texts of `answers.js`, with places for what it fills in."""
_MARKS: Final = {
    "n": "NUMBER", "text": "TEXT", "code": "CODE", "region": "REGION", "name": "NAME",
    "commune": "COMMUNE", "within": "WITHIN",
}  # fmt: skip


def _head(styles: str) -> str:
    """Return the elements of a page's head: its policy, whatever its host says, and its styles."""
    policy = (
        f"default-src 'self'; style-src 'self' {source(styles)}; img-src 'self' data: blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'none'"
    )
    return (
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        f'<link rel="stylesheet" href="{STYLES}">\n<style>{styles}</style>'
    )


@dataclass(frozen=True, eq=False)
class Documents:
    """The pages of a publication in one language."""

    publication: Publication
    lang: Lang

    @cached_property
    def first(self) -> State:
        """What the site shows where nothing else is asked: the newest period."""
        known = self.publication.indicators
        indicator = DEFAULT_INDICATOR if DEFAULT_INDICATOR in known else known[0]
        return State(indicator=indicator, lang=self.lang)

    def view(self, **changes: Any) -> PageView:
        """Return the first selection, with some of it changed."""
        return PageView(self.publication, replace(self.first, **changes))

    @cached_property
    def addresses(self) -> Addresses:
        """Where links lead."""
        return Addresses(self.first.indicator, self.view().period_typed)

    @cached_property
    def words(self) -> Catalogue:
        """Words of the pages."""
        return catalogue(self.lang)

    def pages(self) -> Iterator[Made]:
        """Yield the pages."""
        for page in KEPT:
            yield file_of(page, self.lang), partial(self._document, page)
        for code in self.publication.codes:
            file = file_of("departement", self.lang, code)
            yield file, partial(self._document, "departement", code)

    def variants(self) -> Iterator[Made]:
        """Yield the content of pages for other parameters."""
        for values, changes in self._ranked():
            yield self._variant("ranking", values, **changes)
        for values, changes in self._trends():
            yield self._variant("trends", values, **changes)
        for code in self.publication.codes:
            yield self._variant("bulletins", (code,), departement=code)
        for code in REGIONS:
            yield self._variant("bulletins", (code,), region=code)

    def _ranked(self) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
        yield ("region",), {"level": "region"}
        for key in self._others():
            yield (key,), {"indicator": key}
            yield (key, "region"), {"indicator": key, "level": "region"}

    def _trends(self) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
        for key in self.publication.indicators:
            named = () if key == self.first.indicator else (key,)
            view = self.view(indicator=key)
            known = season_trends.has_trend(view.indicator)
            for season in season_trends.seasons_of(view.indicator) if known else ("year",):
                values = (*named, *([] if season == "year" else [season]))
                if values:
                    yield values, {"indicator": key, "season": season}

    def _others(self) -> Iterator[str]:
        return (key for key in self.publication.indicators if key != self.first.indicator)

    def _variant(self, page: str, values: tuple[str, ...], **changes: Any) -> Made:
        def make() -> str:
            view = self.view(page=page, **changes)
            main = content.main(page, view, self.words, self._slots(view))
            return self.addresses.relinked(main)

        return variant_of(page, self.lang, *values), make

    def _slots(self, view: PageView) -> Slots:
        page = BY_KEY[view.state.page]
        slots = page.slots(view) if page.slots else {}
        slots |= dict.fromkeys(LEFT_OUT.get(page.key, ()), "")
        return {**slots, "band": content.band(page, view), "notice": ""}

    def _document(self, key: str, departement: str = "") -> str:
        view, page = self.view(page=key, departement=departement), BY_KEY[key]
        slots = self._slots(view)
        main = content.main(page.key, view, self.words, slots)
        values = content.around(page, view, self.words, view.state, slots)
        values |= {
            "main": main,
            "pages": [each for each in NAVIGATION if each.key in KEPT],
            "signed_in": False,
            "without_script": self.words("site.without_script"),
            "made": self._made(),
        }
        if 'href="#s-' not in main:
            values["shapes"] = ""
        values["about"] |= {"query": "", "files": self._files(view)}
        told = body(self.words, values, _head(styles_of(values)))
        linked = self.addresses.relinked(told, view.state.departement)
        return f'{linked}\n<script src="{SCRIPT}"></script>\n</body></html>\n'

    def _made(self) -> str:
        """What this site is, of which day, and what it lacks."""
        day = format_date(self.publication.published_at.date(), self.lang)
        return self.words("site.made", day=day)

    def _files(self, view: PageView) -> dict[str, Any]:
        """What `answers.js` knows of the site."""
        publication = self.publication
        texts = {name: self.words.texts[key].format(**_MARKS) for name, key in _WORDS.items()}
        return {
            **self.addresses.for_script(view.state.page, self.lang, view.state.departement),
            "title": self.words("title"),
            "words": texts,
            "names": {
                "codes": publication.codes,
                "names": publication.names,
                "regions": [BY_CODE[code].region for code in publication.codes],
                "held": sorted(publication.held),
            },
        }
