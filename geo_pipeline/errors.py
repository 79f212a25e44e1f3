"""Errors that a user can act on. Each message is one line: what, where, what to do."""


class GeoPipelineError(Exception):
    """Something failed that the user can act on; commands print it and exit with 1."""


class UsageError(GeoPipelineError):
    """The request itself is off (unknown name, period outside the data); commands exit with 2."""


class SourceError(GeoPipelineError):
    """A provider's data cannot be had or read."""


class StorageError(GeoPipelineError):
    """The lake or the published warehouse cannot be read or written."""


class NotPublishedError(StorageError):
    """There is no warehouse yet."""
