"""Notes: small JSON files with failures, findings and provided files, protected by a digest.

With the digest a flipped bit is not taken for a finding that is gone or a date that moved. Notes of
older versions have none and are read as they are. A note that cannot be read may have held
something back, so it never counts as absent.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from geo_pipeline.errors import DamagedError
from geo_pipeline.files import write_text
from geo_pipeline.objects import ObjectPath, Place, listing
from geo_pipeline.stores import ANY
from geo_pipeline.words import message


@dataclass(frozen=True)
class DamagedNote:
    """A note that cannot be read."""

    path: Place
    why: str

    @property
    def departement(self) -> str:
        """The département of the note; `france` for a whole table."""
        return self.path.stem


def write(path: Place, content: Any, over: str | None = ANY) -> None:
    """Write `content` to `path` as JSON, whole or not at all.

    Args:
        over: for an object, the version to be replaced (`objects.e_tag`).

    Raises:
        ChangedError: the object is another version, and stays.
        StorageError: it cannot be written; what was there stays.
    """
    note = {"digest": digest(content), "content": content}
    write_text(path, json.dumps(note, ensure_ascii=False, indent=1) + "\n", over)


def read(path: Place) -> Any:
    """Return the content of the note at `path`.

    Raises:
        FileNotFoundError: it does not exist.
        DamagedError: its content is not what was written.
    """
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except NotADirectoryError as error:
        raise FileNotFoundError(*error.args) from error
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
    """Return the SHA-256 of `content`, independent of its layout."""
    said = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


def damaged(folder: Place, make: Callable[[Any], object]) -> Iterator[DamagedNote]:
    """Yield the notes in `folder`, by table and code, that `make` cannot build anything from."""
    for path in listing(folder, "*/*.json"):
        try:
            make(read(path))
        except FileNotFoundError:  # removed this very moment
            continue
        except (DamagedError, TypeError) as error:
            yield DamagedNote(path, str(error))


def set_aside(note: DamagedNote) -> Place:
    """Rename a note so that it no longer counts; return its new name."""
    path, suffix = note.path, f".damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    if isinstance(path, ObjectPath):
        return path.rename(path.with_suffix(suffix))
    return path.rename(path.with_suffix(suffix))
