"""Findings of checks: one small file for each table and département, removed once all is well.

A finding of severity `error` holds its département back: the next publication keeps the rows
published before. A `warning` is only shown.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from filelock import FileLock

from geo_pipeline import notes
from geo_pipeline.errors import DamagedError, StorageError
from geo_pipeline.objects import Place, e_tag, listing, lock_of
from geo_pipeline.storage.failures import WHOLE
from geo_pipeline.stores import ChangedError
from geo_pipeline.words import Message, message, read_kept

Severity = Literal["error", "warning"]

READABLE = "readable"
"""Check that reports a damaged file found by a publication."""

RECORD = "record"
"""Check that reports unreadable findings, which may have been errors."""


@dataclass(frozen=True)
class Finding:
    """What a check found wrong with the rows of a département (`france`: of a whole table)."""

    table: str
    departement: str
    check: str
    severity: Severity
    what: Message
    """One line, with figures, dates and units."""
    found_at: str
    """ISO time, UTC."""

    @classmethod
    def of(cls, kept: Any) -> Self:
        """Return the finding kept as JSON.

        Raises:
            TypeError: it is not a finding.
        """
        try:
            return cls(**{**kept, "what": read_kept(kept["what"])})
        except (KeyError, AttributeError) as error:
            raise TypeError(f"this is no finding: {error}") from error

    def kept(self) -> dict[str, Any]:
        """Return it in the form that is kept as JSON."""
        return {**vars(self), "what": self.what.kept()}

    def told(self) -> dict[str, str]:
        """Return it in English, for people and machines that read the output of commands."""
        return {**vars(self), "what": str(self.what)}


class Findings:
    """The present findings, under `folder`."""

    def __init__(self, folder: Place) -> None:
        self.folder = folder

    def replace(
        self, table: str, departement: str | None, found: Iterable[Finding], checks: Iterable[str]
    ) -> None:
        """Replace the earlier findings of `checks` in this partition by `found`.

        Those of other checks stay, also where another process or machine records them just now.

        Raises:
            StorageError: they cannot be written.
        """
        path, again, new = self._path(table, departement), {RECORD, *checks}, [*found]
        if not new and not path.exists():
            return
        with self._alone(table):
            while True:
                version = e_tag(path)
                kept = [each for each in self.of(table, departement) if each.check not in again]
                present = [each.kept() for each in (*kept, *new)]
                # An object cannot be removed on condition that it has not changed: it is emptied.
                if isinstance(path, Path) and not present:
                    path.unlink(missing_ok=True)
                    return
                try:
                    notes.write(path, present, over=version)
                except ChangedError:  # by another machine
                    continue
                return

    def of(self, table: str, departement: str | None) -> list[Finding]:
        """Return the findings of one partition.

        Where they cannot be read, an error holds the partition until its checks have run again.
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
        """Yield the present findings, by table and code."""
        for path in listing(self.folder, "*/*.json"):
            yield from self.of(path.parent.name, path.stem)

    def damaged(self) -> list[notes.DamagedNote]:
        """Return the files of findings that cannot be read."""
        return list(notes.damaged(self.folder, _findings))

    def held(self) -> dict[str, list[Finding]]:
        """Return the départements that are held back, each with the errors that hold it.

        A damaged file holds its département only while it is damaged; a finding about it does not.
        """
        held: dict[str, list[Finding]] = {}
        for each in self.all():
            is_grave = each.severity == "error" and each.check != READABLE
            if is_grave and each.departement != WHOLE:
                held.setdefault(each.departement, []).append(each)
        return held

    @contextmanager
    def _alone(self, table: str) -> Iterator[None]:
        """Let one process of this machine at a time replace findings of a table."""
        place = self.folder / table
        try:
            place.mkdir(parents=True, exist_ok=True)
            lock = FileLock(lock_of(place))
            lock.acquire()
        except OSError as error:
            why = error.strerror or error
            raise StorageError(message("file.unwritable", path=place, why=why)) from error
        try:
            yield
        finally:
            lock.release()

    def _path(self, table: str, departement: str | None) -> Place:
        return self.folder / table / f"{departement or WHOLE}.json"


def _findings(content: Any) -> list[Finding]:
    return [Finding.of(each) for each in content]
