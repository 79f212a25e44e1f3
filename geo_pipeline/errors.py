"""Errors that a user can act on. Each message is one line: what, where, what to do."""

from typing import Any

from geo_pipeline.words import Message, verbatim


class GeoPipelineError(Exception):
    """A failure that the user can act on; commands print it and exit with 1."""

    passing: bool = False
    """Whether the cause may be gone in a minute by itself, so that another try makes sense."""

    def __init__(self, what: Message | str) -> None:
        super().__init__(what)

    @property
    def message(self) -> Message:
        """Its text, in either language."""
        return verbatim(self)


class UsageError(GeoPipelineError):
    """The request itself is wrong (unknown name, period outside the data); commands exit with 2."""


class SourceError(GeoPipelineError):
    """A provider's data cannot be received or read."""


class StorageError(GeoPipelineError):
    """The lake or the published warehouse cannot be read or written."""


class DamagedError(StorageError):
    """A file of the lake exists but cannot be read; `path` is the file or object."""

    def __init__(self, what: Message | str, path: Any) -> None:
        super().__init__(what)
        self.args = (what, path)  # both, so that pickling keeps them
        self.path = path

    def __str__(self) -> str:
        """Return the text of the error, which the path is no part of."""
        return str(self.args[0])


class StoreAwayError(StorageError):
    """The object store does not answer, or its answer was cut."""

    passing = True


class RecordsError(StorageError):
    """Dagster's own records cannot be read or written; the lake does not depend on them."""


class HeldError(GeoPipelineError):
    """A check found rows that must not be published."""


class NotPublishedError(StorageError):
    """There is no publication yet."""
