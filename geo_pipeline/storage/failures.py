"""Failures: one small file for each table and département, removed once it succeeds."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from geo_pipeline import notes
from geo_pipeline.errors import DamagedError
from geo_pipeline.objects import Place, listing
from geo_pipeline.territory import BY_CODE
from geo_pipeline.words import Message, message, read_kept

WHOLE = "france"
"""In place of a code, for tables that are not partitioned."""


@dataclass(frozen=True)
class Failure:
    """A partition that failed: what, from which source, why and when (ISO time, UTC)."""

    table: str
    departement: str
    source: str
    why: Message
    failed_at: str

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """Return the failure kept as JSON.

        Raises:
            TypeError: it is not a failure.
        """
        why = kept.get("why")
        if not isinstance(why, str | Mapping):
            raise TypeError("it does not say why")
        return cls(**{**kept, "why": read_kept(why)})

    def kept(self) -> dict[str, Any]:
        """Return it in the form that is kept as JSON."""
        return {**self.told(), "why": self.why.kept()}

    def told(self) -> dict[str, str]:
        """Return it in English, for people and machines that read the output of commands."""
        return {**vars(self), "why": str(self.why)}


class Failures:
    """The present failures, under `folder`."""

    def __init__(self, folder: Place) -> None:
        self.folder = folder

    def add(self, table: str, departement: str | None, source: str, why: Message) -> Failure:
        """Record a failure, replacing an older one of the same partition.

        Raises:
            StorageError: it cannot be written.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        failure = Failure(table, departement or WHOLE, source, why, now)
        notes.write(self._path(table, departement), failure.kept())
        return failure

    def clear(self, table: str, departement: str | None = None) -> None:
        """Remove the failure of a partition that has succeeded."""
        self._path(table, departement).unlink(missing_ok=True)

    def all(self) -> Iterator[Failure]:
        """Yield the present failures, by table and code; an unreadable one counts as a failure."""
        for path in listing(self.folder, "*/*.json"):
            try:
                yield Failure.of(notes.read(path))
            except FileNotFoundError:  # it has succeeded just now
                continue
            except (DamagedError, TypeError, AttributeError, KeyError) as error:
                at = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
                why = message("failures.unreadable", why=error)
                yield Failure(path.parent.name, path.stem, "", why, at)

    def damaged(self) -> list[notes.DamagedNote]:
        """Return the files of failures that cannot be read."""
        return list(notes.damaged(self.folder, Failure.of))

    def has(self, table: str, departement: str | None = None) -> bool:
        """Return whether this partition has a failure."""
        return self._path(table, departement).exists()

    def codes(self) -> list[str]:
        """Return the départements with any failure, each once."""
        return sorted({each.departement for each in self.all()} - {WHOLE})

    def _path(self, table: str, departement: str | None) -> Place:
        return self.folder / table / f"{departement or WHOLE}.json"


def short(what: str) -> str:
    """Return an error without the long parameters of addresses; `<home>/failures` has them."""
    return re.sub(r"(https?://[^\s?]+)\?\S{10,}", r"\1?…", what)


def reason(what: str, departement: str = WHOLE) -> str:
    """Return an error without names, codes or numbers, to group those of several départements."""
    if departement in BY_CODE:
        what = what.replace(BY_CODE[departement].name, "#")
    return re.sub(r"\b2[AB]\b|\d+(?:[.,:]\d+)*", "#", short(what))
