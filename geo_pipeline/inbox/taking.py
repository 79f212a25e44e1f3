"""Files that people drop into the inbox: recognised by content, read as a provider's, then taken.

A file is copied once, and only the copy is read. The reason of a refusal is written beside the file
in `rejected/`, one line in French and one in English. docs/inbox.md is for those who drop files.
"""

import os
import re
import stat
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from geo_pipeline.errors import StorageError
from geo_pipeline.files import write_text
from geo_pipeline.inbox.reading import understood
from geo_pipeline.inbox.recognition import CHUNK
from geo_pipeline.inbox.refusals import RefusedError, fatal
from geo_pipeline.judging import FatalFileError, judged
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.sources import meteo_france
from geo_pipeline.sources.http import MB
from geo_pipeline.storage.inbox_files import About, Provided, ProvidedFiles, safe_name
from geo_pipeline.words import LANGS, message, printable

MOST_BYTES = 500 * MB
"""Largest file that is accepted: several times the largest that is published."""
LONGEST_NAME_BYTES = 200

REJECTED = "rejected"
REASON = ".reason.txt"
INCOMING = ".incoming"
UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".swp", "~")
"""Endings of the names of files that are still being written."""

ENOUGH_S = 20.0
"""When a look has taken this long, the remaining files wait: a tick may last 60 s."""

Mark = list[int]
"""Size, time of change (ns) and inode of a file: if unchanged, nobody is writing it."""


class _StillWrittenError(Exception):
    """A file changed while it was read."""


@dataclass
class Scan:
    """The result of one look into the inbox."""

    taken: list[Provided] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    """Files with exactly the bytes of one in use."""
    rejected: dict[str, RefusedError] = field(default_factory=dict)
    """Names, with the reasons."""
    waiting: dict[str, Mark] = field(default_factory=dict)
    """Files left in the inbox for the next scan."""
    troubles: list[str] = field(default_factory=list)
    """What could not be done, though the files may be good."""


class Inbox:
    """The inbox of a workspace. One process at a time may scan."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.folder = workspace.settings.inbox
        self.provided = ProvidedFiles(workspace.settings.provided)

    def scan(self, seen: Mapping[str, Sequence[int]]) -> Scan:
        """Take or reject the files that have not changed since the last scan, given by `seen`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._clear_incoming()
        scan, started = Scan(), time.monotonic()
        for name in sorted((path.name for path in self.folder.iterdir()), key=_turn):
            if _is_passed_over(name):
                continue
            try:
                mark = _mark(os.lstat(self.folder / name))
            except FileNotFoundError:
                continue
            late = time.monotonic() - started > ENOUGH_S
            if late or list(seen.get(name, ())) != mark:
                scan.waiting[name] = mark
                continue
            try:
                self._see_to(name, mark, scan)
            except (StorageError, OSError) as error:
                scan.troubles.append(f"{name}: {error}")
                scan.waiting[name] = mark
            except _StillWrittenError:
                scan.waiting[name] = []
        return scan

    def _see_to(self, name: str, mark: Mark, scan: Scan) -> None:
        """Take or reject one file that nobody is writing."""
        staged = self.provided.folder / INCOMING / uuid4().hex
        try:
            _require_plain(self.folder / name, name)
            digest = _copied(self.folder / name, staged, mark)
            if any(each.sha256 == digest for each in self.provided.all()):
                scan.known.append(name)
            else:
                about = self._understood(staged, name, digest)
                scan.taken.append(self.provided.take(staged, name, digest, about))
        except RefusedError as refused:
            self._reject(name, refused)
            scan.rejected[name] = refused
        else:
            if _mark(os.lstat(self.folder / name)) == mark:
                (self.folder / name).unlink()
        finally:
            staged.unlink(missing_ok=True)

    def _understood(self, staged: Path, name: str, digest: str) -> About:
        """Return what the copy contains, read and checked in a process of its own.

        Raises:
            RefusedError: its kind is unknown, its content is bad, or it crashes its reader.
        """
        settings = self.workspace.settings
        try:
            return judged(settings.reading_limits, understood, settings, staged, name, digest)
        except FatalFileError as error:
            raise fatal(error) from error

    def _reject(self, name: str, refused: RefusedError) -> None:
        """Move a file to `rejected/`, with the reason beside it."""
        folder = self.folder / REJECTED
        folder.mkdir(exist_ok=True)
        target = folder / safe_name(name)
        if os.path.lexists(target):
            target = folder / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S%fZ}_{target.name}"
        # The reason is written first, so that a rejected file always has one.
        told = message("inbox.of_file", file=safe_name(name), what=refused)
        # One line in each language, whatever the names in an archive have; no-break spaces stay.
        lines = [re.sub(r"[^\S\xa0\u202f]+", " ", printable(told(lang))) for lang in LANGS]
        said = "".join(f"{line}\n" for line in lines)
        text = said.encode("utf-8", "replace").decode()
        write_text(folder / f"{target.name}{REASON}", text)
        (self.folder / name).replace(target)

    def _clear_incoming(self) -> None:
        """Remove the copies that a killed process left."""
        incoming = self.provided.folder / INCOMING
        incoming.mkdir(parents=True, exist_ok=True)
        for left in incoming.iterdir():
            left.unlink(missing_ok=True)


def _turn(name: str) -> tuple[bool, str]:
    """Return a sort key that puts files which need another file after it."""
    return meteo_france.OTHER_GROUP in name.lower(), name


def _is_passed_over(name: str) -> bool:
    """Return whether a file is hidden, still being written, or one of ours."""
    return name == REJECTED or name.startswith((".", "~")) or name.lower().endswith(UNFINISHED)


def _mark(about: os.stat_result) -> Mark:
    return [about.st_size, about.st_mtime_ns, about.st_ino]


def _require_plain(path: Path, name: str) -> None:
    """Raise unless the file is an ordinary one, with a name and size that are accepted."""
    about = os.lstat(path)
    if not stat.S_ISREG(about.st_mode):
        kinds = {stat.S_IFLNK: "inbox.link", stat.S_IFDIR: "inbox.folder"}
        what = message(kinds.get(stat.S_IFMT(about.st_mode), "inbox.special"))
        raise RefusedError(message("inbox.no_file", what=what))
    if (
        len(os.fsencode(name)) > LONGEST_NAME_BYTES
        or not name.isprintable()
        or re.search(r"[\\/:*?\"<>|]", name)
        or ".." in name
    ):
        raise RefusedError(message("inbox.name"))
    if about.st_size > MOST_BYTES:
        raise RefusedError(
            message("inbox.too_large", size=about.st_size / MB, most=MOST_BYTES // MB)
        )


def _copied(path: Path, staged: Path, mark: Mark) -> str:
    """Copy a file, never through a link, and return its SHA-256.

    Raises:
        RefusedError: it cannot be read.
        _StillWrittenError: it changed while it was copied.
    """
    digest, length = sha256(), 0
    try:
        source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise RefusedError(message("inbox.forbidden", why=str(error.strerror))) from error
    with os.fdopen(source, "rb") as content, staged.open("wb") as copy:
        if not stat.S_ISREG(os.fstat(content.fileno()).st_mode):
            raise _StillWrittenError
        while chunk := content.read(CHUNK):
            length += len(chunk)
            if length > mark[0]:
                break
            digest.update(chunk)
            copy.write(chunk)
        if _mark(os.fstat(content.fileno())) != mark or length != mark[0]:
            raise _StillWrittenError
    return digest.hexdigest()
