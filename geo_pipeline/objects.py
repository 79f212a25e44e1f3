"""Objects: files in a bucket that speaks S3, with those methods of `pathlib.Path` that are needed.

A `Place` is either, and code that reads, lists or replaces files takes a place without asking which
it is. An object is put whole by one request, so no reader sees a part of it; what is read is kept
by ETag in a folder of this machine, and asked for again only where it has changed. A path on a disk
is `pathlib.Path` itself, unchanged.

Not here: files of one machine (locks, logs, Dagster's records), which stay paths.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, TypeAlias

from geo_pipeline.errors import StoreAwayError
from geo_pipeline.stores import (
    ANY,
    Access,
    ChangedError,
    Status,
    client,
    library,
    mode,
    status_of,
    told,
)
from geo_pipeline.words import message

KEPT: Final = 2
"""Versions of an object kept on this machine: a reader may be about to open the older one."""

AT_ONCE: Final = 8
"""Objects that are fetched at the same time."""

LOOK_S: Final = 2.0
"""Time between two looks at a watched object, s."""
AWAY_S: Final = 15.0
"""Time between two looks while the store does not answer, s."""

_CHUNK: Final = 4 << 20
_NEVER_USED: Final = re.compile(r"[^\w.-]")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, order=True)
class ObjectPath:
    """An object, or what begins as its key does.

    Every method that asks the store raises StoreAwayError where it does not answer and StorageError
    where it refuses, and FileNotFoundError where there is no such object.
    """

    access: Access = field(compare=False, repr=False)
    address: str
    """The address of the home in the store."""
    key: PurePosixPath
    listed: Status | None = field(default=None, compare=False, repr=False)
    """What a list told of it, which is believed as long as this path is used."""

    @classmethod
    def of(cls, access: Access) -> ObjectPath:
        """Return the root of the home in a store."""
        return cls(access, access.address, PurePosixPath())

    # ---------------------------------------------------------------------------------- names

    def __truediv__(self, part: str) -> ObjectPath:
        """Return what lies below."""
        return ObjectPath(self.access, self.address, self.key / part)

    def __str__(self) -> str:
        return f"{self.address}/{self.key}" if self.key.parts else self.address

    def as_posix(self) -> str:
        """Return its address."""
        return str(self)

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.name

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return self.key.stem

    @property
    def suffix(self) -> str:
        """The ending of the name."""
        return self.key.suffix

    @property
    def parent(self) -> ObjectPath:
        """What it lies in."""
        return ObjectPath(self.access, self.address, self.key.parent)

    def with_name(self, name: str) -> ObjectPath:
        """Return the object beside it of another name."""
        return ObjectPath(self.access, self.address, self.key.with_name(name))

    def with_suffix(self, suffix: str) -> ObjectPath:
        """Return the object beside it with another ending."""
        return ObjectPath(self.access, self.address, self.key.with_suffix(suffix))

    # -------------------------------------------------------------------------------- reading

    def stat(self) -> Status:
        """Return what the store tells of it, or told in the list that it comes from."""
        if self.listed is not None:
            return self.listed
        with told(str(self), self.address):
            return status_of(library().head(client(self.access), str(self.key)))

    def exists(self) -> bool:
        """Return whether there is such an object."""
        try:
            self.stat()
        except FileNotFoundError:
            return False
        return True

    def glob(self, pattern: str) -> Iterator[ObjectPath]:
        """Yield the objects below whose key matches; each part of `pattern` is one of the key."""
        parts = PurePosixPath(pattern).parts
        fixed = [part for part in parts[:-1] if not re.search(r"[*?\[]", part)]
        below = self.key.joinpath(*fixed) if fixed == list(parts[: len(fixed)]) else self.key
        depth = len(self.key.parts)
        with told(str(self), self.address):
            prefix = str(below) if below.parts else None
            for some in library().list(client(self.access), prefix, chunk_size=1000):
                for meta in some:
                    key = PurePosixPath(meta["path"])
                    own = key.parts[depth:]
                    if len(own) == len(parts) and all(map(fnmatchcase, own, parts)):
                        yield ObjectPath(self.access, self.address, key, status_of(meta))

    def read_bytes(self) -> bytes:
        """Return its content."""
        return self.local().read_bytes()

    def read_text(self, encoding: str = "utf-8") -> str:
        """Return its content as text."""
        return self.read_bytes().decode(encoding)

    def open(self, mode: str = "rb") -> BinaryIO:
        """Return a stream of its content."""
        if mode != "rb":
            raise ValueError("an object is put whole: use files.replacing")
        return self.local().open("rb")

    def local(self) -> Path:
        """Return a file of this machine with its content, never to be written.

        It is the present version, fetched now unless this machine has it already. Its bytes are
        checked, and its name has its ETag.
        """
        known = self._kept()
        if known is not None and self.listed is not None and known[1] == _slug(self.listed.e_tag):
            return known[0]
        return self._fetched(known)

    def _fetched(self, known: tuple[Path, str] | None) -> Path:
        """Return the file of the present version, asked for on condition that it is not `known`."""
        options: Any = {} if known is None else {"if_none_match": f'"{known[1]}"'}
        try:
            with told(str(self), self.address):
                got = library().get(client(self.access), str(self.key), options=options)
                with self._incoming() as temporary:
                    with temporary.open("wb") as file:
                        for chunk in got.stream(min_chunk_size=_CHUNK):
                            file.write(chunk)
                    if temporary.stat().st_size != got.meta["size"]:
                        raise StoreAwayError(message("store.cut", place=self))
                    return self._keep(temporary, status_of(got.meta).e_tag)
        except library().exceptions.NotModifiedError:
            if known is None:
                raise
            return known[0]

    def _folder(self) -> Path:
        return self.access.kept_in / self.access.bucket / self.access.prefix / self.key

    def _kept(self) -> tuple[Path, str] | None:
        """Return the newest version on this machine, and its ETag; a damaged one is removed."""
        try:
            found = sorted(self._folder().iterdir(), key=_changed_at, reverse=True)
        except OSError:
            return None
        for path in found:
            e_tag, _, rest = path.name.partition("~")
            digest = rest.partition(".")[0]
            if not rest or not path.is_file():
                continue
            with suppress(OSError):  # another process has just removed an old one
                if _sha256(path) == digest:
                    return path, e_tag
                path.unlink()
        return None

    @contextmanager
    def _incoming(self) -> Iterator[Path]:
        """Give a new file for what comes; removed unless it was renamed."""
        folder = self.access.kept_in / ".incoming"
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        os.close(handle)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _keep(self, file: Path, e_tag: str) -> Path:
        """Move a file with the content of a version to its place on this machine."""
        folder = self._folder()
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{_slug(e_tag)}~{_sha256(file)}{self.suffix}"
        file.chmod(0o644)
        file.replace(target)
        os.utime(target)
        versions = sorted((each for each in folder.iterdir() if each.is_file()), key=_changed_at)
        for old in versions[:-KEPT]:
            old.unlink(missing_ok=True)
        return target

    # -------------------------------------------------------------------------------- writing

    @contextmanager
    def replacing(self, over: str | None = ANY) -> Iterator[Path]:
        """Give a file of this machine; on success the object becomes its content, by one PUT.

        Args:
            over: the ETag of the version to be replaced, None where there must be no object yet.

        Raises:
            ChangedError: the object is another version; nothing was put.
        """
        with self._incoming() as temporary:
            yield temporary
            self._keep(temporary, self._put(temporary.read_bytes(), over))

    def mkdir(self, *, parents: bool = False, exist_ok: bool = False) -> None:
        """Do nothing: a store has no folders."""

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Remove it, if it is there."""
        try:
            self._until_done(lambda: library().delete(client(self.access), str(self.key)))
        except FileNotFoundError:
            if not missing_ok:
                raise
        shutil.rmtree(self._folder(), ignore_errors=True)

    def upload(self, file: Path) -> None:
        """Make it the content of a file of any size, which is not kept here a second time."""
        self._until_done(lambda: library().put(client(self.access), str(self.key), file))

    def copy_to(self, target: ObjectPath) -> None:
        """Make `target` the same, without the content coming here."""
        store, key = client(self.access), str(self.key)
        self._until_done(lambda: library().copy(store, key, str(target.key)))

    def rename(self, target: ObjectPath) -> ObjectPath:
        """Give it another name; a reader may see both for a moment."""
        self.copy_to(target)
        self.unlink(missing_ok=True)
        return target

    def _until_done(self, request: Callable[[], object]) -> None:
        """Make a request again that the library does not: it may be done twice without harm."""
        ends = time.monotonic() + self.access.patience_s
        while True:
            try:
                with told(str(self), self.address):
                    request()
                return
            except StoreAwayError:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.1)

    def _put(self, content: bytes, over: str | None) -> str:
        """Put `content` on the condition that `over` says; return the ETag.

        A request whose answer was lost may have been done: then the object has these bytes.
        """
        errors = library().exceptions
        store, key, how = client(self.access), str(self.key), mode(over)
        ends = time.monotonic() + self.access.patience_s
        while True:
            try:
                with told(str(self), self.address):
                    put = library().put(store, key, content, mode=how, use_multipart=False)
                return put["e_tag"] or self.stat().e_tag
            except (
                errors.NotSupportedError,
                NotImplementedError,
            ):  # PUT is whole without a condition too
                how = "overwrite"
            except (errors.AlreadyExistsError, errors.PreconditionError) as error:
                status = self._with(content)
                if status is None:
                    raise ChangedError(message("store.changed", place=self)) from error
                return status.e_tag
            except StoreAwayError:
                # The library does not try a conditional request again once it was sent.
                if over == ANY or time.monotonic() > ends:
                    raise
                status = self._with(content)
                if status is not None:
                    return status.e_tag
                time.sleep(0.1)

    def _with(self, content: bytes) -> Status | None:
        """Return the status of the object where its bytes are `content`, else None."""
        try:
            now = replace(self, listed=None).stat()
            same = now.st_size == len(content) and self._fetched(None).read_bytes() == content
        except FileNotFoundError:
            return None
        return now if same else None


Place: TypeAlias = Path | ObjectPath
"""A file or folder on a disk, or an object or what lies below a key."""


def bring(source: ObjectPath, path: Path) -> None:
    """Make `path` a file with the content of an object.

    Raises:
        FileNotFoundError: there is none.
    """
    here = source.local()
    if path.exists() and path.samefile(here):
        return
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".fetched", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        temporary.unlink()
        try:
            os.link(here, temporary)
        except OSError:  # a file system without links
            shutil.copyfile(here, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


class Watched:
    """A place that is looked at again and again: an object at most every `LOOK_S`.

    While the store does not answer, the last status holds.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._next = 0.0
        self._last: Status | None = None

    def stat(self) -> os.stat_result | Status:
        """Return its status.

        Raises:
            FileNotFoundError: there is nothing.
            StorageError: the store does not answer, and never has.
        """
        if isinstance(self._place, Path):
            return self._place.stat()
        now = time.monotonic()
        if self._last is None or now >= self._next:
            look = ObjectPath(self._place.access.impatient, self._place.address, self._place.key)
            try:
                self._last, self._next = look.stat(), now + LOOK_S
            except StoreAwayError as error:
                self._next = now + AWAY_S
                if self._last is None:
                    raise
                _log.warning("%s; what was read of it is shown meanwhile", error)
        return self._last


def listing(folder: Place, pattern: str) -> list[Place]:
    """Return what there is below `folder`, in order; each part of `pattern` is one of a path."""
    if isinstance(folder, Path):
        return [*sorted(folder.glob(pattern))]
    return [*sorted(folder.glob(pattern))]


def holds_any(folder: Place) -> bool:
    """Return whether a folder exists, or the store has an object below it."""
    if isinstance(folder, Path):
        return folder.exists()
    with told(str(folder), folder.address):
        listed = library().list(client(folder.access), str(folder.key), chunk_size=1)
        return any(some for some in listed)


def copied(source: Place, target: Place) -> None:
    """Make `target`, which is on the same disk or in the same store, what `source` is."""
    if isinstance(source, ObjectPath) and isinstance(target, ObjectPath):
        source.copy_to(target)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(at_hand(source), at_hand(target))


def lock_of(place: Place) -> Path:
    """Return the file to lock so that one process of this machine at a time changes `place`."""
    if isinstance(place, Path):
        return place.with_name(f".{place.name}.lock")
    folder = place.access.kept_in / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{hashlib.sha256(str(place).encode()).hexdigest()[:16]}.lock"


def below(place: Place, folder: Place) -> str:
    """Return the end of `place` from `folder` on, with `/` between its parts."""
    return place.as_posix().removeprefix(f"{folder.as_posix()}/")


def at_hand(place: Place) -> Path:
    """Return a file of this machine with the content of `place`: itself, or what was fetched."""
    return place if isinstance(place, Path) else place.local()


def all_at_hand(places: Iterable[Place]) -> list[Path]:
    """Return the files of `at_hand`, several fetched at the same time."""
    listed = list(places)
    if all(isinstance(each, Path) for each in listed):
        return [at_hand(each) for each in listed]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(at_hand, listed))


def e_tag(place: Place) -> str | None:
    """Return the version of an object to be replaced later, None where there is none (yet)."""
    if isinstance(place, Path):
        return None
    try:
        return replace(place, listed=None).stat().e_tag
    except FileNotFoundError:
        return None


def _slug(tag: str) -> str:
    """Return an ETag as part of a file's name, without its quotes."""
    return _NEVER_USED.sub("", tag.removeprefix("W/"))


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
