"""What could not be had: one small file a table and département, gone once it succeeds."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from geo_pipeline import notes
from geo_pipeline.errors import DamagedError
from geo_pipeline.territory import BY_CODE

WHOLE = "france"
"""In the place of a code, for tables that are not partitioned."""


@dataclass(frozen=True)
class Failure:
    """A partition that failed: what, from where, why and since when (ISO time, UTC)."""

    table: str
    departement: str
    source: str
    why: str
    failed_at: str


class Failures:
    """The failures that stand, under `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, table: str, departement: str | None, source: str, why: str) -> Failure:
        """Record a failure in the place of an older one of the same partition.

        Raises:
            StorageError: it cannot be written.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        failure = Failure(table, departement or WHOLE, source, " ".join(why.split()), now)
        notes.write(self._path(table, departement), asdict(failure))
        return failure

    def clear(self, table: str, departement: str | None = None) -> None:
        """Forget the failure of a partition that has succeeded."""
        self._path(table, departement).unlink(missing_ok=True)

    def all(self) -> Iterator[Failure]:
        """Yield the failures that stand, by table and code; one that cannot be read is one."""
        for path in sorted(self.folder.glob("*/*.json")):
            try:
                yield Failure(**notes.read(path))
            except FileNotFoundError:  # it has succeeded this very moment
                continue
            except (DamagedError, TypeError) as error:
                at = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
                why = f"{error}: run it again"
                yield Failure(path.parent.name, path.stem, "", why, at)

    def damaged(self) -> list[notes.DamagedNote]:
        """Return the files of failures that cannot be read."""
        return list(notes.damaged(self.folder, lambda content: Failure(**content)))

    def has(self, table: str, departement: str | None = None) -> bool:
        """Return whether a failure of this partition stands."""
        return self._path(table, departement).exists()

    def codes(self) -> list[str]:
        """Return the départements of which anything failed, each once."""
        return sorted({each.departement for each in self.all()} - {WHOLE})

    def _path(self, table: str, departement: str | None) -> Path:
        return self.folder / table / f"{departement or WHOLE}.json"


def short(what: str) -> str:
    """Return an error without the long parameters of addresses; `<home>/failures` has them."""
    return re.sub(r"(https?://[^\s?]+)\?\S{10,}", r"\1?…", what)


def reason(what: str, departement: str = WHOLE) -> str:
    """Return what errors of several départements have in common: no names, codes or numbers."""
    if departement in BY_CODE:
        what = what.replace(BY_CODE[departement].name, "#")
    return re.sub(r"\b2[AB]\b|\d+(?:[.,:]\d+)*", "#", short(what))
