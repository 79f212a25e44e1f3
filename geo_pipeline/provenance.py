"""Provenance of the rows of a file: their source, and when and from where they were received.

Each file of the lake has it in its footer (`storage.lake`); the publication shows it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Provenance:
    """Origin of the rows of one file; `fetched_at` is an ISO date or time."""

    source: str
    url: str
    fetched_at: str
    sha256: str
    made_of: str = ""
    """Hash of everything the rows were made from, for tables that are made again only if it
    changes."""
