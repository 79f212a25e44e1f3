"""A session: one reader, whose requests change the state, and who is sent what that changes.

A session only keeps its state and a fingerprint of each text it has sent; all large data belong to
the publication, which all sessions share.
"""

import asyncio
import base64
import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import parse_qsl, urlencode

import panel as pn
from markupsafe import Markup

from geo_pipeline.errors import GeoPipelineError, StorageError
from geo_pipeline.publishing.formats import format_date, format_period
from panel_app.data.gazetteer import Gazetteer
from panel_app.data.kept import kept
from panel_app.data.page_view import PageView, Slots
from panel_app.data.page_words import Catalogue, catalogue
from panel_app.data.pipeline_snapshot import PipelineStore
from panel_app.data.state import State, from_query, language, zoom
from panel_app.data.store import Publication, Store, Version
from panel_app.drawing import cells
from panel_app.drawing.landmarks import landmarks
from panel_app.drawing.templates import render
from panel_app.page_list import BY_KEY, HOME, Page
from panel_app.pages.waiting import waiting_page
from panel_app.serving import content, place_search
from panel_app.serving.channel import Channel
from panel_app.serving.document import shell

LOOK_EVERY_MS: Final = 5000
WAITING_LOOK_EVERY_MS: Final = 1500

MAX_ASKED: Final = 4000
"""Longest request, in characters: the longest URL has a tenth of it."""

_LOG = logging.getLogger(__name__)


@kept(128)
def said(publication: Publication, state: State) -> Slots:
    """Return the content of a page for a step, shared by readers of the same page.

    What the page's script updates by itself is not in it.
    """
    page = BY_KEY[state.page]
    slots = page.stepped or page.slots
    return {} if slots is None else slots(PageView(publication, state))


class Session:
    """One visit. The page calls `ask`; `tell` (of the channel) sends to the page."""

    def __init__(
        self,
        store: Store,
        snapshots: PipelineStore,
        places: Gazetteer,
        query: Mapping[str, str],
        *,
        signed_in: bool = False,
    ) -> None:
        self._store, self._snapshots, self._places = store, snapshots, places
        self._signed_in = signed_in
        self._publication: Publication | None = None
        self._error: StorageError | None = None
        self._seen: Version | None = None
        self._sent: dict[str, int] = {}
        self._notices: list[str] = []
        self.channel = Channel(self.ask)
        self._open()
        self.state, self._zoom = self._read(query), zoom(query)
        self._tell_period()

    # ------------------------------------------------------------------ content

    @property
    def words(self) -> Catalogue:
        """Words of the page."""
        return catalogue(self.state.lang)

    @property
    def page(self) -> Page:
        """The page shown, or to be shown once something is published."""
        return BY_KEY[self.state.page]

    @property
    def view(self) -> PageView | None:
        """The view, None while nothing is published."""
        return None if self._publication is None else PageView(self._publication, self.state)

    def template(self) -> pn.Template:
        """The whole page for the first answer."""
        try:
            slots = self._whole()
        except StorageError as error:  # of another version, or removed while it was read
            self._publication, self._error, self.state = None, error, State(lang=self.state.lang)
            slots = self._whole()
        self._sent = self._fingerprints(slots)
        view = self.view
        values = content.around(self.page, view, self.words, self.state, slots)
        # While nothing is published, the address keeps its parameters.
        values["about"]["query"] = self._query() if view else ""
        return shell(
            self.words,
            {
                **values,
                "main": self._main(slots),
                "signed_in": self._signed_in,
            },
        )

    def _whole(self) -> dict[str, str]:
        """The present content of the page, with what its script updates."""
        view = self.view
        return self.slots() | (self.page.updated(view) if view is not None else {})

    def slots(self) -> dict[str, str]:
        """The present content of the page by slot, without what its script updates."""
        return {
            **self._page_slots(),
            "band": content.band(self.page, self.view),
            "notice": render("shell/notice", {"notices": self._told(), "words": self.words}),
        }

    def _told(self) -> list[str]:
        """The notices above the page: new ones, and those that stay."""
        publication = self._publication
        if publication is None or not publication.is_previous:
            return self._notices
        lang = self.state.lang
        moment = format_date(publication.published_at.date(), lang)
        return [*self._notices, self.words("notice.previous", day=moment)]

    def _page_slots(self) -> Slots:
        if self.page.slots_now is not None:
            return self.page.slots_now(self._snapshots, self._publication, self.words)
        if self._publication is None:
            return waiting_page.slots(self._store, self.words, self._error)
        return said(self._publication, self.state)

    def _fingerprints(self, slots: Mapping[str, str]) -> dict[str, int]:
        """Fingerprints that show which slots must be sent again."""
        view = self.view
        kept_up = self.page.kept_up(view) if view else {}
        return {name: hash(each) for name, each in {**slots, **kept_up}.items()}

    def _main(self, slots: Mapping[str, str]) -> Markup:
        """The page inside the shell, its slots filled."""
        view = self.view
        name = "waiting" if view is None and self.page.slots_now is None else self.page.key
        return content.main(name, view, self.words, slots)

    def _query(self) -> str:
        view = self.view
        query = self.state.query(view.period_typed if view else "")
        return f"?{urlencode(query | ({'zoom': self._zoom} if self._zoom else {}))}"

    # ------------------------------------------------------------------ requests

    def ask(self, asked: Mapping[str, str]) -> None:
        """Handle a request of the page: go to an address, change parameters, search, make a file.

        What is searched for is neither kept nor logged.
        """
        if sum(len(name) + len(value) for name, value in asked.items()) > MAX_ASKED:
            return
        if "take" in asked:
            self._take(asked["take"])
            return
        if "landmarks" in asked:
            self._tell_landmarks()
            return
        if "cells" in asked:
            self._tell_cells(asked)
            return
        if "search" in asked:
            self.channel.tell(
                {"found": place_search.suggestions(self._places, asked["search"], self.words)}
            )
            return
        before, self._notices = self.state, []
        if "place" in asked:
            query = self.state.query() | dict(self._chosen(asked["place"]))
        elif "href" in asked:
            query = dict(parse_qsl(asked["href"].removeprefix("?")))
        else:
            query = self.state.query() | dict(asked)
        if "zoom" in query:
            self._zoom = zoom(query)
        self.state = self._read(query)
        if self.state.indicator != before.indicator:
            self._tell_period()
        if self.state.lang != before.lang:
            self.channel.tell({"go": self._query()})
            return
        try:
            self.tell(whole=self.state.page != before.page)
        except StorageError as error:
            _LOG.warning("cannot show %s: %s", self.state, error)
            self.state, self._notices = before, [self.words("notice.unreadable")]
            self.tell()

    def _chosen(self, number: str) -> Mapping[str, str]:
        """What a suggested place changes; its explanation is added to the notices."""
        if not number.isdecimal() or int(number) >= len(self._places):
            return {}
        place = self._places[int(number)]
        self._notices += place_search.explanation(place, self.words)
        return place_search.changes(place)

    def tell(self, *, whole: bool = False) -> None:
        """Send what changed since the last time; everything when the page is another one."""
        slots = self.slots()
        now = self._fingerprints(slots)
        whole = whole or now.keys() != self._sent.keys()
        if whole or any(self._sent[name] != now[name] for name in now.keys() - slots.keys()):
            slots = self._whole()
        changed = {name: text for name, text in slots.items() if self._sent.get(name) != now[name]}
        if whole:
            changed = {"main": self._main(slots), "notice": slots["notice"]}
        self._sent = now
        self.channel.tell(
            changed
            | {
                "title": content.title(self.page, self.view, self.words),
                "state": json.dumps(self.state.query() | {"page": self.state.page}),
                "place": content.place(self.state),
                "query": self._query(),
            }
        )

    def _read(self, query: Mapping[str, str]) -> State:
        publication = self._publication
        if publication is None:
            page = BY_KEY.get(query.get("page", ""), HOME)
            return State(HOME.key if page.slots_now is None else page.key, lang=language(query))
        state, notices = from_query(
            query, tuple(BY_KEY), publication.indicators, tuple(publication.crop_areas)
        )
        self._notices += notices
        return state

    def _tell_period(self) -> None:
        """Add a notice where the wished period has no data."""
        view = self.view
        if view is None or view.state.period is None or not self.page.shows_period:
            return
        wished, shown = view.state.period, view.period_end
        if (wished.year, wished.month) != (shown.year, shown.month):
            asked = format_period(wished, "month", view.lang)
            self._notices.append(self.words("notice.period", asked=asked, shown=view.period))

    def _take(self, kind: str) -> None:
        """Make a file of the view in a thread: other sessions are not held up."""
        view = self.view
        if view is None:
            return
        if kind not in self._store.TAKES:
            return
        shown = view.state.indicator, view.period_typed, view.lang
        take = partial(self._store.take, kind, *shown)
        document = pn.state.curdoc

        async def make() -> None:
            try:
                name, mime, content = await asyncio.to_thread(take)
            except GeoPipelineError as error:
                self._notices = [error.message(view.lang)]
                document.add_next_tick_callback(self.tell)
                return
            sent = {"name": name, "mime": mime, "data": base64.b64encode(content).decode()}
            told = {"file": json.dumps(sent)}
            # Only callbacks of the event loop may change a document.
            document.add_next_tick_callback(lambda: self.channel.tell(told))

        pn.state.execute(make)

    def _tell_landmarks(self) -> None:
        """Send what appears on the map when it is zoomed."""
        if self._publication is not None:
            self.channel.tell({"landmarks": landmarks(self._publication)})

    def _tell_cells(self, asked: Mapping[str, str]) -> None:
        """Send the cells of the départements that the zoomed map shows."""
        if self._publication is None:
            return
        try:
            told = cells.cells(self._publication, asked)
        except StorageError as error:  # replaced this moment: the next look finds the new one
            _LOG.warning("cannot show cells: %s", error)
            return
        if told:
            self.channel.tell({"cells": told})

    # ------------------------------------------------------------------ publications

    def follow(self) -> None:
        """Watch for a new publication (and, on a page of the present, a new snapshot)."""
        every = LOOK_EVERY_MS if self._publication is not None else WAITING_LOOK_EVERY_MS
        pn.state.add_periodic_callback(self.refresh, period=every)

    def refresh(self) -> None:
        """Show a new publication if there is one; the selection is kept."""
        if self._publication is None:
            if self._version() not in (None, self._seen):
                self.channel.tell({"reload": ""})
            elif self.page.slots_now is not None:
                self.tell()
            return
        # A publication that could not be read is not tried again.
        if self._version() in (None, self._publication.version, self._seen):
            if self.page.slots_now is not None:
                self.tell()
            return
        before = self._publication, self.state
        self._open()
        if self._error is None and self._show_new():
            return
        self._publication, self.state = before
        if self._notices != [self.words("notice.unreadable")]:
            self._notices = [self.words("notice.unreadable")]
            self.tell()

    def _show_new(self) -> bool:
        """Show the newly opened publication; False where it lacks what is shown."""
        # An indicator or a crop may be gone, so the selection is read again as from an address.
        self.state = replace(self._read(self.state.query()), page=self.state.page)
        is_previous = self._publication is not None and self._publication.is_previous
        self._notices = [] if is_previous else [self.words("notice.fresh")]
        try:
            self.tell(whole=True)
        except StorageError as error:
            _LOG.warning("cannot show what was published: %s", error)
            return False
        return True

    def _version(self) -> Version | None:
        try:
            return self._store.version()
        except StorageError:
            return None

    def _open(self) -> None:
        self._seen, self._error = self._version(), None
        try:
            self._publication = self._store.publication()
        except StorageError as error:
            _LOG.warning("nothing to show: %s", error)
            self._publication, self._error = None, error
