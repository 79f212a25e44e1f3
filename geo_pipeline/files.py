"""Files that appear whole or not at all."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from geo_pipeline.errors import StorageError
from geo_pipeline.words import message

YOUNG_S = 2.0
"""A temporary file younger than this may be one that its writer has not locked yet."""


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a temporary path beside `target`; on success it is renamed over it, else removed.

    A reader sees the old file or the new one, never a part of it, whenever the process ends.

    Raises:
        StorageError: the folder cannot be written or the disk is full; `target` is as it was.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target)
        with temporary_beside(target) as (_, temporary):
            yield temporary
            with temporary.open("rb+") as written:
                os.fsync(written.fileno())
            temporary.replace(target)
    except OSError as error:
        raise StorageError(
            message("file.unwritable", path=target, why=error.strerror or error)
        ) from error


@contextmanager
def temporary_beside(target: Path) -> Iterator[tuple[FileIO, Path]]:
    """Give a new file beside `target`, open for writing, and its path; it goes unless it is moved.

    It is locked while this process lives, however that ends: `sweep` leaves alone what is locked.

    Raises:
        OSError: it cannot be made.
    """
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            temporary.chmod(0o644)
            yield file, temporary
    finally:
        temporary.unlink(missing_ok=True)


def sweep(target: Path, *, alone: bool = False) -> None:
    """Remove what processes that were killed left beside `target`.

    A file that a living process writes is locked and stays. `alone` says that no other process can
    be writing `target` now: then all of it goes, also what a library made beside its own file
    (DuckDB's `.wal` and its folder of overflowing data).
    """
    pattern = f".{target.name}.*.tmp*" if alone else f".{target.name}.*.tmp"
    for left in target.parent.glob(pattern):
        with suppress(FileNotFoundError):  # another process is done with it
            if left.is_dir():
                shutil.rmtree(left)
            elif alone or _is_abandoned(left):
                left.unlink()


def _is_abandoned(path: Path) -> bool:
    """Return whether the process that wrote the temporary file `path` is gone."""
    if time.time() - path.stat().st_mtime < YOUNG_S:
        return False
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_text(target: Path, text: str) -> Path:
    """Write `text` to `target`, whole or not at all."""
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return target
