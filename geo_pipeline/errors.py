"""Errors that a user can act on. Each message is one line: what, where, what to do."""

from pathlib import Path

from geo_pipeline.words import Message, plain


class GeoPipelineError(Exception):
    """Something failed that the user can act on; commands print it and exit with 1."""

    passing: bool = False
    """It may be over in a minute without anybody acting: the same is worth another try."""

    def __init__(self, what: Message | str) -> None:
        super().__init__(what)

    @property
    def message(self) -> Message:
        """What it says, in either language."""
        return plain(self)


class UsageError(GeoPipelineError):
    """The request itself is off (unknown name, period outside the data); commands exit with 2."""


class SourceError(GeoPipelineError):
    """A provider's data cannot be had or read."""


class StorageError(GeoPipelineError):
    """The lake or the published warehouse cannot be read or written."""


class DamagedError(StorageError):
    """A file of the lake is there and cannot be read; `path` says which."""

    def __init__(self, what: Message | str, path: Path) -> None:
        super().__init__(what)
        self.args = (what, path)  # both, so that it passes between processes
        self.path = path

    def __str__(self) -> str:
        """Return what it says, without the path apart."""
        return str(self.args[0])


class RecordsError(StorageError):
    """Dagster's own records cannot be read or written; the lake is the truth and needs them not."""


class HeldError(GeoPipelineError):
    """A check found rows that must not be published."""


class NotPublishedError(StorageError):
    """There is no warehouse yet."""
