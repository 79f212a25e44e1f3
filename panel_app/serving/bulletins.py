"""Bulletins on the app's server: each is made when it is asked for, in a thread of its own.

Their names are those of the exported files: `/bulletins/bulletin_32_2022-08-31_fr.pdf`.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from bokeh.server.views.auth_request_handler import AuthRequestHandler
from tornado.web import HTTPError, authenticated

from geo_pipeline.errors import StorageError, UsageError
from geo_pipeline.publishing.bulletin.html import policy
from geo_pipeline.publishing.bulletin.library import Library

ROUTE: Final = "/bulletins"
TYPES: Final = {
    "pdf": "application/pdf",
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}
MOST_WAITING: Final = 50
"""Documents waiting to be made; further requests are told to come back."""


class Desk:
    """The thread that makes documents, and how many requests wait for it."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._thread = ThreadPoolExecutor(1, "bulletins")
        self._waiting = 0

    async def content(self, name: str) -> bytes:
        """Return a document.

        Raises:
            HTTPError: too many wait.
            UsageError, StorageError: as of the library.
        """
        if self._waiting >= MOST_WAITING:
            raise HTTPError(503)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._library.content, name)
        finally:
            self._waiting -= 1


class Bulletin(AuthRequestHandler):
    """Sends a document to those who may see the app."""

    def initialize(self, desk: Desk, admits: Callable[[str], bool]) -> None:
        """Keep what makes documents, and who may read."""
        self._desk, self._admits = desk, admits

    @authenticated
    async def get(self, name: str) -> None:
        """Send it.

        Raises:
            HTTPError: there is none with this name, or it cannot be made now.
        """
        if not self._admits(str(self.current_user)):
            raise HTTPError(403)
        try:
            content = await self._desk.content(name)
        except UsageError as error:
            raise HTTPError(404) from error
        except StorageError as error:
            raise HTTPError(503) from error
        form = name.rpartition(".")[2]
        self.set_header("Content-Type", TYPES[form])
        if form == "html":
            self.set_header("Content-Security-Policy", policy())
        self.set_header("Content-Disposition", f'inline; filename="{name}"')
        self.set_header("Cache-Control", "no-cache")  # asked again: the ETag tells a new one
        self.finish(content)
