"""Provenance of the rows of a file: their source, and when and from where they were received.

Each file of the lake has it in its footer (`storage.lake`); the publication shows it.
"""

from dataclasses import asdict, dataclass


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
    until: str = ""
    """Last day of the file at `url` that the rows were made from, where they need no later one;
    `sha256` is then that of its rows until that day."""

    def recorded(self) -> dict[str, str]:
        """Return it as a file records it: without `made_of` and `until` where they are empty."""
        optional = ("made_of", "until")
        return {
            name: value for name, value in asdict(self).items() if value or name not in optional
        }
