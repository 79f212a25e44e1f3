"""The layout of a home: which version wrote it, and how an earlier one becomes today's.

A home says in `layout.json` which `LAYOUT` it has, and a hash of the columns of all tables; one
without that file is of layout 1. Raise `LAYOUT` and extend `STEPS` where a folder or the form of
notes changes; changed columns of a table need nothing here. Files of the lake whose columns are no
longer those of their table are moved aside, never deleted. Where today's columns are all among
theirs they are written anew with these; the next run makes the others again, from what providers
sent where that is kept. Raw data and records are never touched.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from filelock import FileLock

from geo_pipeline import notes
from geo_pipeline.errors import DamagedError, StorageError
from geo_pipeline.objects import Place, below, copied, holds_any, listing, lock_of
from geo_pipeline.storage.lake import Lake, partition
from geo_pipeline.tables import TABLES, models_digest
from geo_pipeline.words import Message, message

LAYOUT: Final = 2
"""The layout that this version writes."""

FIRST: Final = 1
"""That of homes that say none."""

NAME: Final = "layout.json"
ASIDE: Final = "before-layout"
"""Folder below the home of what an earlier version wrote and this one does not read."""


@dataclass(frozen=True)
class Migrated:
    """What became of a home of an earlier layout."""

    before: int
    rewritten: int
    """Files that have today's columns now."""
    to_make: int
    """Files that a run has to make again."""
    aside: Place | None
    """Folder with these files as they were; None where no file had to move."""

    def told(self) -> Message:
        """Return it in one line."""
        if self.aside is None:
            return message("layout.as_it_is", before=self.before, now=LAYOUT)
        return message(
            "layout.migrated",
            before=self.before,
            now=LAYOUT,
            rewritten=self.rewritten,
            to_make=self.to_make,
            folder=self.aside,
        )


def _seal_notes(home: Place) -> None:
    """Give a digest to the notes that have none yet: nothing would tell a flipped bit in them."""
    for path in list(_notes(home)):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            continue  # told as damaged
        if not isinstance(content, dict) or not {"digest", "content"} & set(content):
            notes.write(path, content)


def _notes(home: Place) -> Iterator[Place]:
    for folder in ("failures", "findings"):
        yield from listing(home / folder, "*/*.json")
    if isinstance(home, Path):  # files dropped by hand are of one machine
        yield from sorted((home / "provided").rglob("*.json"))


STEPS: Final[Mapping[int, Callable[[Place], None]]] = MappingProxyType({1: _seal_notes})
"""What makes a home of a layout one of the next, besides moving files aside: by the layout before.
A step may be cut off and done again."""


def of_home(home: Place) -> int | None:
    """Return the layout of a home; None where there is nothing in it yet.

    Raises:
        DamagedError: its record cannot be read.
    """
    try:
        return int(notes.read(home / NAME)["layout"])
    except FileNotFoundError:
        return FIRST if any(holds_any(home / each) for each in ("lake", "raw")) else None
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedError(message("file.damaged", path=home / NAME, why=error), home) from error


def refuse_later(home: Place) -> None:
    """Refuse a home that a later version wrote.

    Raises:
        StorageError: it is one; nothing in it has changed.
    """
    found = of_home(home)
    if found is not None and found > LAYOUT:
        raise StorageError(message("layout.later", home=home, found=found, known=LAYOUT))


def bring_up_to_date(home: Place, lake: Lake) -> Migrated | None:
    """Make the home one of today's layout; return what was done, None where it is one.

    Any number of processes may ask for it at once. One that is killed leaves the rest to the next.

    Raises:
        StorageError: a later version wrote the home, or it cannot be written.
    """
    refuse_later(home)
    if _is_current(home):
        return None
    try:
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(lock_of(home / NAME)):
            before = of_home(home)
            if _is_current(home):
                return None
            done = None if before is None else _migrated(home, lake, before)
            notes.write(home / NAME, {"layout": LAYOUT, "models": models_digest()})
    except OSError as error:
        why = str(error.strerror or error)
        raise StorageError(message("records.home", folder=home, why=why)) from error
    return done


def _is_current(home: Place) -> bool:
    """Return whether the home says that it has today's layout and columns."""
    if not (home / NAME).exists():
        return False
    return bool(notes.read(home / NAME) == {"layout": LAYOUT, "models": models_digest()})


def _migrated(home: Place, lake: Lake, before: int) -> Migrated:
    """Do the steps from layout `before` on, then look at each file of the lake."""
    for layout in range(before, LAYOUT):
        STEPS[layout](home)
    aside = home / ASIDE / f"{before}"
    rewritten = to_make = 0
    for path in list(_of_other_form(lake)):
        kept = aside / "lake" / below(path, lake.root)
        if not kept.exists():  # else a process was killed after it had moved it
            copied(path, kept)
        if _reshaped(lake, path):
            rewritten += 1
        else:
            path.unlink()
            to_make += 1
    moved = aside if rewritten or to_make else None
    return Migrated(before, rewritten, to_make, moved)


def _of_other_form(lake: Lake) -> Iterator[Place]:
    """Yield the readable files of the lake that are not as today's tables are."""
    patterns = "*/part.parquet", "*/*/part.parquet"
    for path in (path for pattern in patterns for path in listing(lake.root, pattern)):
        table = below(path, lake.root).partition("/")[0]
        if table not in TABLES or TABLES[table].partitioned != (partition(path) is not None):
            yield path
            continue
        try:
            if not lake.has_form(table, path):
                yield path
        except DamagedError:
            continue  # told as damaged, and made again


def _reshaped(lake: Lake, path: Place) -> bool:
    """Write a file anew with today's columns, where it has all of them; return whether it has."""
    table = below(path, lake.root).partition("/")[0]
    return table in TABLES and lake.reshape(table, path)
