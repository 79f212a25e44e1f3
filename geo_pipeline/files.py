"""Files that are written whole or not at all."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import TypeVar

from geo_pipeline.errors import StorageError
from geo_pipeline.objects import ObjectPath, Place
from geo_pipeline.stores import ANY
from geo_pipeline.words import message

P = TypeVar("P", bound=Place)

YOUNG_S = 2.0
"""A temporary file younger than this may not have been locked by its writer yet."""


@contextmanager
def replacing(target: Place, over: str | None = ANY) -> Iterator[Path]:
    """Give a temporary path; on success its content replaces `target`, else it is removed.

    A reader sees the old content or the new, never a part of it, however the process ends. On a
    disk the path is beside `target`, and renamed. An object is put by one request, on condition
    that it still is the version `over` (`objects.e_tag`).

    Raises:
        StorageError: the folder cannot be written, the disk is full, or the store does not take it;
            `target` is unchanged.
    """
    try:
        if isinstance(target, ObjectPath):
            with target.replacing(over) as temporary:
                yield temporary
            return
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
    """Give a new file beside `target`, open for writing, and its path; removed unless renamed.

    The file is locked until this process ends, however it ends; `sweep` leaves locked files alone.

    Raises:
        OSError: the file cannot be created.
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
    """Remove the temporary files that killed processes left beside `target`.

    A file that a living process is writing is locked and stays. `alone` states that no other
    process can be writing `target` now: then all temporary files go, also those that a library made
    beside its own file (DuckDB's `.wal` and its folder of overflowing data).
    """
    pattern = f".{target.name}.*.tmp*" if alone else f".{target.name}.*.tmp"
    for left in target.parent.glob(pattern):
        with suppress(FileNotFoundError):  # another process has just finished with it
            if left.is_dir():
                shutil.rmtree(left)
            elif alone or _is_abandoned(left):
                left.unlink()


def _is_abandoned(path: Path) -> bool:
    """Return whether the process that wrote the temporary file `path` has ended."""
    if time.time() - path.stat().st_mtime < YOUNG_S:
        return False
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_text(target: P, text: str, over: str | None = ANY) -> P:
    """Write `text` to `target`, whole or not at all; `over` as for `replacing`."""
    with replacing(target, over) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return target


def write_bytes(target: P, content: bytes) -> P:
    """Write `content` to `target`, whole or not at all."""
    with replacing(target) as temporary:
        temporary.write_bytes(content)
    return target


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """Give a new folder beside `target`; on success it takes the place of `target`, else it goes.

    A reader sees the old content or the new one, never a part of it. What a killed process left
    beside is removed.

    Raises:
        StorageError: the folder beside cannot be written, another process writes there, or the
            disk is full; `target` is unchanged.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone_in(target.parent):
            sweep(target, alone=True)
            temporary = Path(tempfile.mkdtemp(".tmp", f".{target.name}.", target.parent))
            try:
                temporary.chmod(0o755)
                yield temporary
                if target.exists():
                    target.rename(temporary.with_name(f"{temporary.name}.before.tmp"))
                temporary.rename(target)
            finally:
                sweep(target, alone=True)
    except OSError as error:
        raise StorageError(
            message("file.unwritable", path=target, why=error.strerror or error)
        ) from error


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes from replacing folders in `folder`.

    Raises:
        StorageError: one does so now.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise StorageError(message("file.other_writer", path=folder)) from error
    finally:
        os.close(handle)
