"""The pipeline snapshot, as last written for the app: only this module reads that file."""

import json
import threading
from pathlib import Path
from typing import Any, Final

from geo_pipeline import notes
from geo_pipeline.errors import StorageError
from geo_pipeline.storage.failures import short as short  # noqa: PLC0414  for the page
from geo_pipeline.storage.partition_states import BROKEN as BROKEN  # noqa: PLC0414
from geo_pipeline.storage.partition_states import STATES as STATES  # noqa: PLC0414
from geo_pipeline.storage.partition_states import TROUBLES as TROUBLES  # noqa: PLC0414
from geo_pipeline.storage.warehouse import Version
from geo_pipeline.words import Message, message, read_all

SNAPSHOT_VERSION: Final = 3
"""Version of the snapshot that the app can read."""


class PipelineStore:
    """The last snapshot, read again when it has changed. Shared by all sessions."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._read: tuple[Version, dict[str, Any]] | None = None

    def version(self) -> Version | None:
        """Return a value that changes with each writing, None where nothing was written yet."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def snapshot(self) -> dict[str, Any] | None:
        """Return the last snapshot, None where nothing was written yet.

        Raises:
            StorageError: it cannot be read, or is of another version of this software.
        """
        version = self.version()
        if version is None:
            return None
        with self._lock:
            if self._read is None or self._read[0] != version:
                self._read = version, self._load()
            return self._read[1]

    def _load(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise StorageError(self._wrong("unreadable", why=error)) from error
        if not isinstance(content, dict) or content.get("version") != SNAPSHOT_VERSION:
            raise StorageError(self._wrong("another_version"))
        told = content.pop("digest", None)
        if told is not None and told != notes.digest(content):
            raise StorageError(self._wrong("changed"))
        known: dict[str, Any] = read_all(content)
        return known

    def _wrong(self, what: str, **values: object) -> Message:
        return message(f"snapshot.{what}", path=self.path, **values)
