"""Findings of checks: one small file a table and département, gone once nothing is found.

A finding of severity `error` holds its département back: the next publication keeps the rows that
were published of it before. A `warning` is shown, no more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from geo_pipeline import notes
from geo_pipeline.errors import DamagedError
from geo_pipeline.storage.failures import WHOLE
from geo_pipeline.words import Message, message, read_kept

Severity = Literal["error", "warning"]

READABLE = "readable"
"""The check whose finding says that a publication met a damaged file."""

RECORD = "record"
"""The check whose finding says that what was found cannot be read: it may have been an error."""


@dataclass(frozen=True)
class Finding:
    """What a check found wrong with the rows of a département (`france`: with a whole table)."""

    table: str
    departement: str
    check: str
    severity: Severity
    what: Message
    """In one line, with figures, dates and units."""
    found_at: str
    """ISO time, UTC."""

    @classmethod
    def of(cls, kept: Any) -> Self:
        """Return the finding that was kept as JSON.

        Raises:
            TypeError: it is none.
        """
        try:
            return cls(**{**kept, "what": read_kept(kept["what"])})
        except (KeyError, AttributeError) as error:
            raise TypeError(f"this is no finding: {error}") from error

    def kept(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        return {**vars(self), "what": self.what.kept()}

    def told(self) -> dict[str, str]:
        """Return it in English, for people and machines that read the output of commands."""
        return {**vars(self), "what": str(self.what)}


class Findings:
    """The findings that stand, under `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def replace(
        self, table: str, departement: str | None, found: Iterable[Finding], checks: Iterable[str]
    ) -> None:
        """Put `found` in the place of what `checks` had found in this partition before.

        Raises:
            StorageError: it cannot be written.
        """
        again = {RECORD, *checks}
        kept = [each for each in self.of(table, departement) if each.check not in again]
        path = self._path(table, departement)
        standing = [*kept, *found]
        if standing:
            notes.write(path, [each.kept() for each in standing])
        else:
            path.unlink(missing_ok=True)

    def of(self, table: str, departement: str | None) -> list[Finding]:
        """Return what stands of one partition.

        Where that cannot be read, an error holds it until its checks have run again.
        """
        path = self._path(table, departement)
        try:
            return _findings(notes.read(path))
        except FileNotFoundError:
            return []
        except (DamagedError, TypeError) as error:
            what = message("findings.unreadable", why=error)
            at = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
            return [Finding(table, departement or WHOLE, RECORD, "error", what, at)]

    def all(self) -> Iterator[Finding]:
        """Yield the findings that stand, by table and code."""
        for path in sorted(self.folder.glob("*/*.json")):
            yield from self.of(path.parent.name, path.stem)

    def damaged(self) -> list[notes.DamagedNote]:
        """Return the files of findings that cannot be read."""
        return list(notes.damaged(self.folder, _findings))

    def held(self) -> dict[str, list[Finding]]:
        """Return the départements that are held back, each with the errors that hold it.

        A damaged file holds by itself, for as long as it is there: what is told of it does not.
        """
        held: dict[str, list[Finding]] = {}
        for each in self.all():
            is_grave = each.severity == "error" and each.check != READABLE
            if is_grave and each.departement != WHOLE:
                held.setdefault(each.departement, []).append(each)
        return held

    def _path(self, table: str, departement: str | None) -> Path:
        return self.folder / table / f"{departement or WHOLE}.json"


def _findings(content: Any) -> list[Finding]:
    return [Finding.of(each) for each in content]
