"""Backups of a home: one tar with every file of it, and a list of their digests at its end.

A backup may be made while everything runs: each file is whole, since files are only ever replaced
as a whole, and SQLite's are copied by SQLite. What a run writes meanwhile may be in it or not;
`geo-pipeline status` then says of the restored home what a run has to make again. A restored home
is checked against the digests before it takes the place of another, which is moved aside.
"""

import contextlib
import hashlib
import io
import json
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Final

from filelock import FileLock, Timeout

from geo_pipeline.errors import StorageError
from geo_pipeline.storage.layout import ASIDE, of_home, refuse_later
from geo_pipeline.words import message

LIST: Final = "backup.json"
"""Last member of a backup: layout, time, and the SHA-256 of each file."""

STAGE: Final = ".restoring"
REPLACED: Final = "before-restore"
LEFT_OUT: Final = (ASIDE, REPLACED, STAGE)
"""Folders of a home that are not backed up."""

CHUNK: Final = 1 << 20
IN_USE: Final = Path("dagster", "history", "runs", ".in-use.lock")
"""Locked by every process that has Dagster's records open."""


@dataclass(frozen=True)
class Backup:
    """What a backup has."""

    files: int
    bytes: int
    made_at: str
    """ISO time (UTC)."""


def write(home: Path, target: IO[bytes]) -> Backup:
    """Write a backup of `home` to `target`, which need not be able to seek.

    Raises:
        StorageError: there is no home, or a file cannot be read or written.
    """
    layout = of_home(home)
    if layout is None:
        raise StorageError(message("backup.no_home", home=home))
    digests: dict[str, str] = {}
    size = 0
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        with tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            for path in _files(home):
                name = path.relative_to(home).as_posix()
                with contextlib.suppress(FileNotFoundError):  # replaced or removed meanwhile
                    digests[name], length = _add(tar, path, name)
                    size += length
            said = {"layout": layout, "made_at": made_at, "files": digests}
            content = json.dumps(said, indent=1).encode()
            member = tarfile.TarInfo(LIST)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    except (OSError, sqlite3.Error) as error:
        raise StorageError(message("backup.not_made", home=home, why=error)) from error
    return Backup(len(digests), size, made_at)


def restore(home: Path, source: IO[bytes], *, replace: bool = False) -> Backup:
    """Make `home` what the backup in `source` has; the files there before are moved aside.

    Nothing changes in the home before every file of the backup has been read and checked.

    Raises:
        StorageError: the backup is damaged, cut off or of a later version; the home is not empty
            and not to be replaced, or in use.
    """
    present = [each for each in _entries(home) if each.name not in LEFT_OUT]
    if present and not replace:
        raise StorageError(message("backup.not_empty", home=home))
    stage = home / STAGE
    try:
        with _unused(home):
            shutil.rmtree(stage, ignore_errors=True)
            stage.mkdir(parents=True)
            made = _unpacked(source, stage)
            refuse_later(stage)
            if present:
                aside = home / REPLACED / datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
                aside.mkdir(parents=True)
                for each in present:
                    each.rename(aside / each.name)
            for each in _entries(stage):
                each.rename(home / each.name)
            stage.rmdir()
    except (OSError, tarfile.TarError) as error:
        raise StorageError(message("backup.not_restored", home=home, why=error)) from error
    return made


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []


def _files(home: Path) -> Iterator[Path]:
    """Yield the files to keep: none that is half-written, a lock, or SQLite's beside its file."""
    for path in sorted(home.rglob("*")):
        first, name = path.relative_to(home).parts[0], path.name
        if first in LEFT_OUT or path.is_symlink() or not path.is_file():
            continue
        if name.endswith(("-wal", "-shm", "-journal", ".lock")) or ".tmp" in name:
            continue
        yield path


def _add(tar: tarfile.TarFile, path: Path, name: str) -> tuple[str, int]:
    """Add a file; return its SHA-256 and length."""
    with contextlib.ExitStack() as stack:
        if path.suffix == ".db":
            file = stack.enter_context(_sqlite_copy(path))
        else:
            file = stack.enter_context(path.open("rb"))
        member = tar.gettarinfo(arcname=name, fileobj=file)
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.type, member.linkname = tarfile.REGTYPE, ""
        reader = _Hashing(file)
        tar.addfile(member, reader)  # type: ignore[arg-type]  # nothing but `read` is called
    return reader.summed.hexdigest(), member.size


class _Hashing:
    """A file that knows the digest of what was read from it: a log may grow meanwhile."""

    def __init__(self, file: IO[bytes]) -> None:
        self.summed = hashlib.sha256()
        self._file = file

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        chunk = self._file.read(size)
        self.summed.update(chunk)
        return chunk


@contextlib.contextmanager
def _sqlite_copy(path: Path) -> Iterator[IO[bytes]]:
    """Give a copy of a SQLite file, made by SQLite, with what its write-ahead log has."""
    with tempfile.NamedTemporaryFile(suffix=".db") as copy:
        with (
            contextlib.closing(sqlite3.connect(path, timeout=30)) as source,
            contextlib.closing(sqlite3.connect(copy.name)) as target,
        ):
            source.backup(target)
        with Path(copy.name).open("rb") as file:
            yield file


def _unpacked(source: IO[bytes], stage: Path) -> Backup:
    """Write the files of a backup below `stage`, and check each of them."""
    digests: dict[str, str] = {}
    size = 0
    said: dict[str, object] | None = None
    with tarfile.open(fileobj=source, mode="r|") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            if content is None or not _is_below(member.name):
                raise StorageError(message("backup.no_backup", name=member.name))
            if member.name == LIST:
                said = json.load(content)
                continue
            target = stage / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            summed = hashlib.sha256()
            with target.open("wb") as file:
                while chunk := content.read(CHUNK):
                    summed.update(chunk)
                    file.write(chunk)
            digests[member.name] = summed.hexdigest()
            size += member.size
    if said is None or said.get("files") != digests:
        raise StorageError(message("backup.damaged"))
    return Backup(len(digests), size, str(said.get("made_at", "")))


def _is_below(name: str) -> bool:
    """Return whether a name leads to a file below the folder that it is unpacked into."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and path.parts[:1] != ()


@contextlib.contextmanager
def _unused(home: Path) -> Iterator[None]:
    """Hold Dagster's records and the publication, so that nobody writes them meanwhile.

    Raises:
        StorageError: a process has them.
    """
    with contextlib.ExitStack() as stack:
        for lock in (home / IN_USE, home / "published" / "drought.lock"):
            if lock.exists():
                try:
                    stack.enter_context(FileLock(lock, timeout=0))
                except Timeout as error:
                    raise StorageError(message("backup.in_use", home=home)) from error
        yield
