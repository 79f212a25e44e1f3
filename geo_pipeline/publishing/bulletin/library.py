"""Bulletins for readers of the app: made when they are asked for, kept while they are read.

A document is made of the publication as it is now; one that was made before a new publication is
forgotten.
"""

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Final

from geo_pipeline.objects import Place
from geo_pipeline.publishing.bulletin import issues
from geo_pipeline.publishing.bulletin.places import places
from geo_pipeline.publishing.bulletin.records import Records
from geo_pipeline.storage.warehouse import Version, Warehouse
from geo_pipeline.words import LANGS

KEPT: Final = 64
"""Documents that are kept; a PDF of France has 0.5 MB."""


class Library:
    """The bulletins of the publication at `path`; it may be asked by several threads."""

    def __init__(self, path: Place, embedded_data: Path) -> None:
        self._embedded_data = embedded_data
        self._warehouse = Warehouse(path)
        self._lock = threading.Lock()
        self._version: Version | None = None
        self._records = Records(self._warehouse, self._embedded_data)
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def content(self, name: str) -> bytes:
        """Return the file with this name, as `issues.name_of` and `issues.claims_name` give it.

        Raises:
            UsageError: there is no such place, or no issue of that dekad.
            StorageError: nothing is published, or it cannot be typeset.
        """
        with self._lock:
            version = self._warehouse.version()
            if version != self._version:
                self._version = version
                self._records = Records(self._warehouse, self._embedded_data)
                self._kept.clear()
            if name not in self._kept:
                self._kept[name] = issues.named(self._records, name)
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(name)
            return self._kept[name]

    def write_newest(self, place: str, exports: Path) -> list[Path]:
        """Write the newest issue of the place with this key; nothing where nothing is known of it.

        Raises:
            StorageError: nothing is published, or a file cannot be made or written.
        """
        day = self._records.day_of(None)
        try:
            return issues.write_issue(self._records, places()[place], day, LANGS, exports)
        except issues.NothingKnownError:
            return []
