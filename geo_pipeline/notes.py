"""Small JSON files that are believed: what failed, what was found, what was provided.

Each says the digest of its content, so that a flipped bit is not taken for a finding gone or a day
moved. Those of before there were digests are read as they are. A note that cannot be read may have
held something back: it is never taken for none.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from geo_pipeline.errors import DamagedError
from geo_pipeline.files import write_text
from geo_pipeline.words import message


@dataclass(frozen=True)
class DamagedNote:
    """A note that cannot be read."""

    path: Path
    why: str

    @property
    def departement(self) -> str:
        """The département that it is of; `france` for a whole table."""
        return self.path.stem


def write(path: Path, content: Any) -> None:
    """Write `content`, as JSON takes it, to `path`, whole or not at all.

    Raises:
        StorageError: it cannot be written; what was there stays.
    """
    note = {"digest": digest(content), "content": content}
    write_text(path, json.dumps(note, ensure_ascii=False, indent=1) + "\n")


def read(path: Path) -> Any:
    """Return the content of the note at `path`.

    Raises:
        FileNotFoundError: it is not there.
        DamagedError: its content is not what was written.
    """
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise DamagedError(message("file.damaged", path=path, why=error), path) from error
    if not isinstance(note, dict) or not {"digest", "content"} & set(note):
        return note
    if note.get("digest") != digest(note.get("content")):
        raise DamagedError(message("file.changed", path=path), path)
    return note["content"]


def digest(content: Any) -> str:
    """Return the SHA-256 of what `content` says, however it is laid out."""
    said = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


def damaged(folder: Path, make: Callable[[Any], object]) -> Iterator[DamagedNote]:
    """Yield the notes in `folder`, by table and code, of which `make` can make nothing."""
    for path in sorted(folder.glob("*/*.json")):
        try:
            make(read(path))
        except FileNotFoundError:  # over this very moment
            continue
        except (DamagedError, TypeError) as error:
            yield DamagedNote(path, str(error))


def set_aside(note: DamagedNote) -> Path:
    """Rename a note so that it stands for nothing; return its new name."""
    target = note.path.with_suffix(f".damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    return note.path.rename(target)
