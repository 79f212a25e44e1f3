"""Raw store: answers of providers kept byte for byte, for provenance and offline rebuilds.

`<folder>/<source>/<host>/<path and query>~<key>/` (`.../named/<name>~<key>/` for what has a name
instead of a URL) holds the content, compressed if it was not, and `received.json` with URL, time,
status, SHA-256 and length of the bytes received, and a digest of itself. The content is written
first and named after its hash, then the new `received.json` is renamed over the last one: a reader
sees one whole answer or the other, however many processes write.

With an object store the same files are there too, for all machines: the content is put first, then
its `received.json` on condition that it is the version that was read. What lies in the folder is
brought up to date whenever an answer is looked for; contents come when they are needed.
"""

import gzip
import json
import logging
import re
import shutil
import tempfile
import weakref
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from io import FileIO
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Self, cast
from urllib.parse import unquote, urlsplit

from filelock import FileLock

from geo_pipeline import notes
from geo_pipeline.errors import StorageError
from geo_pipeline.files import sweep, temporary_beside
from geo_pipeline.objects import ObjectPath, bring, e_tag
from geo_pipeline.stores import ChangedError
from geo_pipeline.words import Message, message, read_kept

SIDECAR = "received.json"
LOCK = ".lock"
TEMPORARY = "incoming"
CHUNK = 1 << 18
COMPRESSED = (
    b"\x1f\x8b",  # gzip
    b"PK",  # zip, xlsx, ods
    b"\x28\xb5\x2f\xfd",  # zstd
    b"\xfd7zXZ\x00",
    b"BZh",
    b"7z\xbc\xaf\x27\x1c",
    b"PAR1",
    b"\x89PNG",
    b"\xff\xd8\xff",  # JPEG
)
"""First bytes of content that is already compressed."""
LONGEST_MARK = max(map(len, COMPRESSED))

EXTENSIONS = {
    "application/json": ".json",
    "application/geo+json": ".geojson",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
    "application/zip": ".zip",
    "application/gzip": ".gz",
}

NAME = re.compile(r"(.*?)((?:\.\w{1,8})?\.(?:gz|zst|bz2|xz)|\.\w{1,8})")
"""The last part of a URL's path that shows the type, such as `x.csv.gz`."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Kept:
    """One answer of a provider, from its sidecar `received.json`; secrets are not in it."""

    source: str
    url: str
    """The requested URL, with parameters."""
    params: dict[str, str]
    status: int
    received_at: datetime
    """When the content came (UTC)."""
    checked_at: datetime
    """When the provider last confirmed it (UTC)."""
    sha256: str
    """Of the bytes received."""
    length: int
    """Of the bytes received."""
    content_type: str | None
    etag: str | None
    last_modified: str | None
    final: bool
    """Whether it was requested as content that never changes."""
    fetched_from: str
    """The address it was requested from, different from `url` with a mirror."""
    redirected_to: str | None
    """The address it came from after a redirection."""
    keep_as: str | None
    file: str
    """Name of the content's file, beside the sidecar."""
    compression: str | None
    """`gzip` when it was compressed here; None when the file is what was received."""
    folder: Path

    @property
    def path(self) -> Path:
        """File of the content."""
        return self.folder / self.file

    def open(self) -> BinaryIO:
        """Return a stream of the bytes received."""
        return open_content(self.path, self.compression)


def open_content(path: Path, compression: str | None) -> BinaryIO:
    """Return a stream of the bytes in `path`, with our own compression removed."""
    if compression == "gzip":
        return cast(BinaryIO, gzip.open(path, "rb"))
    return path.open("rb")


@dataclass(frozen=True)
class About:
    """What is known of an answer before its content is read."""

    source: str
    url: str
    params: Mapping[str, str]
    status: int
    content_type: str | None
    etag: str | None
    last_modified: str | None
    final: bool
    fetched_from: str
    redirected_to: str | None
    keep_as: str | None


class _Content(NamedTuple):
    """The file of an answer before it is in its place; digest and length are those received."""

    path: Path
    sha256: str
    length: int
    compression: str | None


class RawStore:
    """The kept answers in `folder`, and in `shared` those of all machines.

    Any number of threads and processes may use it at once.
    """

    def __init__(self, folder: Path, shared: ObjectPath | None = None) -> None:
        self.folder = folder
        self.shared = shared

    @classmethod
    def temporary(cls) -> Self:
        """Return a store that is removed when it is no longer referenced."""
        store = cls(Path(tempfile.mkdtemp(prefix="geo-pipeline-")))
        # A TemporaryDirectory would warn when it is removed without having been closed.
        weakref.finalize(store, shutil.rmtree, store.folder, ignore_errors=True)
        return store

    def place(self, source: str, url: str, keep_as: str | None = None) -> Path:
        """Return the folder of the answer to `url`, or of the answer kept as `keep_as`."""
        if keep_as:
            host, shown, key = "named", keep_as, f"named {keep_as}"
        else:
            parts = urlsplit(url)
            host = parts.netloc.rpartition("@")[2] or "local"
            shown, key = f"{parts.path}_{parts.query}", url
        name = f"{_slug(unquote(shown), 80)}~{sha256(key.encode()).hexdigest()[:12]}"
        return self.folder / _slug(source) / _slug(host) / name

    def find(self, place: Path) -> Kept | None:
        """Return the last answer in `place` that was not rejected."""
        self._bring(place)
        said = self._sidecar(place)
        if said is not None and said.get("rejected"):
            said = said.get("previous")
        return None if said is None else _kept(said, place)

    def rejected(self, place: Path) -> Message | None:
        """Return why the last answer in `place` was rejected, None when it was not."""
        said = self._sidecar(place)
        why = None if said is None else said.get("rejected")
        return None if why is None else read_kept(why)

    def put(self, place: Path, about: About, chunks: Iterable[bytes]) -> Kept:
        """Keep `chunks` as the answer in `place`, whole or not at all.

        Raises:
            StorageError: the folder cannot be written or the disk is full.
            Exception: whatever `chunks` raises; nothing has changed then.
        """
        stream = iter(chunks)
        first = b""
        while len(first) < LONGEST_MARK and (chunk := next(stream, None)) is not None:
            first += chunk
        packer = None if first.startswith(COMPRESSED) or not first else zlib.compressobj(wbits=31)
        compression = "gzip" if packer else None
        with ExitStack() as stack:
            with disk(place):
                place.mkdir(parents=True, exist_ok=True)
                sweep(place / TEMPORARY)
                file, temporary = stack.enter_context(temporary_beside(place / TEMPORARY))
            digest = sha256()
            length = 0
            # Unbuffered, to distinguish the errors of `chunks` from those of the disk.
            for chunk in chain([first], stream):
                digest.update(chunk)
                length += len(chunk)
                with disk(place):
                    write_whole(file, packer.compress(chunk) if packer else chunk)
            with disk(place):
                write_whole(file, packer.flush() if packer else b"")
            received = _Content(temporary, digest.hexdigest(), length, compression)
            return self._settle(place, about, received)

    def adopt(self, place: Path, about: About, path: Path) -> Kept:
        """Keep the file `path`, which lies in `place`, as the answer there; it is moved.

        Raises:
            StorageError: the folder cannot be written or the disk is full; `path` stays.
        """
        with disk(place), path.open("rb") as stream:
            if not stream.read(LONGEST_MARK).startswith(COMPRESSED):
                stream.seek(0)
                return self.put(place, about, iter(lambda: stream.read(CHUNK), b""))
            stream.seek(0)
            digest = file_digest(stream, "sha256").hexdigest()
        return self._settle(place, about, _Content(path, digest, path.stat().st_size, None))

    def _settle(self, place: Path, about: About, content: _Content) -> Kept:
        """Move the `content` of an answer to its place, and make its sidecar the current one."""
        now = datetime.now(UTC)
        stem, extension = _name(about, content.compression)
        kept = Kept(
            **{**vars(about), "params": dict(about.params)},
            received_at=now,
            checked_at=now,
            sha256=content.sha256,
            length=content.length,
            file=f"{stem}.{content.sha256[:12]}{extension}",
            compression=content.compression,
            folder=place,
        )

        def settled(previous: dict[str, Any] | None) -> dict[str, Any]:
            if previous is not None and (
                previous.get("rejected") or previous["sha256"] == kept.sha256
            ):
                previous = previous.get("previous")
            return _write(place, _said(kept), previous)

        with self._alone(place), disk(place):
            # This does not wait for the disk: damage by a power cut shows in the hash.
            content.path.replace(kept.path)
            said = self._change(place, settled)
            for path in place.iterdir():
                if path.name[0] != "." and path.name not in {SIDECAR, *_files(said)}:
                    path.unlink(missing_ok=True)
        return kept

    def confirm(self, kept: Kept, *, final: bool) -> Kept:
        """Record that the provider confirmed `kept` now, and whether it is final."""
        confirmed = replace(kept, checked_at=datetime.now(UTC), final=final or kept.final)

        def settled(said: dict[str, Any] | None) -> dict[str, Any] | None:
            if said is not None and said.get("rejected"):
                said = said.get("previous")
            if said is None or said["sha256"] != kept.sha256:
                return None
            return _write(kept.folder, _said(confirmed), said.get("previous"))

        with self._alone(kept.folder), disk(kept.folder):
            self._change(kept.folder, settled)
        return confirmed

    def reject(self, kept: Kept, why: Message) -> None:
        """Never use `kept` again, because it is wrong. The answer kept before it is valid again."""

        def settled(said: dict[str, Any] | None) -> dict[str, Any] | None:
            if said is None or said["sha256"] != kept.sha256:
                return None
            return _write(kept.folder, {**said, "rejected": why.kept()}, said.get("previous"))

        with self._alone(kept.folder), disk(kept.folder):
            self._change(kept.folder, settled)
        _log.warning("%s: rejected what is kept of %s: %s", kept.source, kept.url, why)

    def intact(self, kept: Kept) -> bool:
        """Return whether the file of `kept` still has the bytes received."""
        digest = sha256()
        try:
            with kept.open() as stream:
                while chunk := stream.read(CHUNK):
                    digest.update(chunk)
        except (OSError, EOFError, zlib.error):
            return False
        return digest.hexdigest() == kept.sha256

    def all(self, source: str | None = None) -> Iterator[Kept]:
        """Yield the kept answers (of `source`), in the order of folders."""
        below = f"{_slug(source)}/*/*/{SIDECAR}" if source else f"*/*/*/{SIDECAR}"
        places = {sidecar.parent for sidecar in self.folder.glob(below)}
        if self.shared is not None:
            depth = len(self.shared.key.parts)
            keys = (each.key for each in self.shared.glob(below))
            places |= {self.folder.joinpath(*key.parent.parts[depth:]) for key in keys}
        for place in sorted(places):
            if (kept := self.find(place)) is not None:
                yield kept

    def fetched(self, kept: Kept) -> Path:
        """Return the file of `kept`, brought here where only the store has it.

        Raises:
            FileNotFoundError: nobody has it.
        """
        if self.shared is not None and not kept.path.exists():
            bring(self._object(kept.path), kept.path)
        return kept.path

    def _object(self, path: Path) -> ObjectPath:
        """Return what is at `path`, in the store."""
        if self.shared is None:
            raise ValueError("there is no store")
        return self.shared / path.relative_to(self.folder).as_posix()

    def _bring(self, place: Path) -> str | None:
        """Make the sidecar in `place` that of the store; return its version there."""
        if self.shared is None:
            return None
        sidecar = place / SIDECAR
        there = self._object(sidecar)
        with disk(place):
            try:
                version = e_tag(there)
                content = there.read_bytes()
            except FileNotFoundError:
                return None
            place.mkdir(parents=True, exist_ok=True)
            if not sidecar.exists() or sidecar.read_bytes() != content:
                with temporary_beside(place / TEMPORARY) as (file, temporary):
                    write_whole(file, content)
                    temporary.replace(sidecar)
        return version

    def _change(
        self, place: Path, settled: Callable[[dict[str, Any] | None], dict[str, Any] | None]
    ) -> dict[str, Any]:
        """Change the sidecar in `place` as `settled` does, here and in the store; return it.

        Where another machine changes it meanwhile, its change comes first and is kept.
        """
        while True:
            version = self._bring(place)
            before = self._sidecar(place)
            said = settled(before)
            if said is None or self._sent(place, said, before, version):
                return said or {}

    def _sent(
        self,
        place: Path,
        said: Mapping[str, Any],
        before: Mapping[str, Any] | None,
        version: str | None,
    ) -> bool:
        """Put the sidecar and the contents it names; return whether nobody else has meanwhile."""
        if self.shared is None:
            return True
        for name in _files(said):
            there = self._object(place / name)
            if (place / name).exists() and not there.exists():
                there.upload(place / name)
        try:
            with self._object(place / SIDECAR).replacing(version) as temporary:
                shutil.copyfile(place / SIDECAR, temporary)
        except ChangedError:
            return False
        for name in (_files(before) if before else set()) - _files(said):
            self._object(place / name).unlink(missing_ok=True)
        return True

    def _sidecar(self, place: Path) -> dict[str, Any] | None:
        """Return the sidecar's content; None where it is missing or damaged."""
        path = place / SIDECAR
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            if said is None or _kept(said, place) is None:
                raise ValueError("not a sidecar")
            digest = said.pop("digest", None)  # older sidecars have none
            if digest is not None and digest != notes.digest(said):
                raise ValueError("its content is not what was written")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("%s cannot be used (%s): as if nothing were kept", path, error)
            return None
        return cast(dict[str, Any], said)

    @contextmanager
    def _alone(self, place: Path) -> Iterator[None]:
        """Let one writer at a time change the sidecars beside `place`."""
        with disk(place):
            place.mkdir(parents=True, exist_ok=True)
            lock = FileLock(place.parent / LOCK)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()


def _write(
    place: Path, said: Mapping[str, Any], previous: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Write the sidecar in `place`, which includes that of the previous answer; return it."""
    before = None if previous is None else {**previous, "previous": None}
    sidecar = {**said, "previous": before}
    digested = {**sidecar, "digest": notes.digest(sidecar)}
    text = json.dumps(digested, ensure_ascii=False, indent=1)
    with temporary_beside(place / TEMPORARY) as (file, temporary):
        write_whole(file, f"{text}\n".encode())
        temporary.replace(place / SIDECAR)
    return sidecar


def _files(said: Mapping[str, Any]) -> set[str]:
    """Return the names of the content files in a sidecar."""
    return {each["file"] for each in (said, said.get("previous")) if each is not None}


def write_whole(file: FileIO, data: bytes) -> None:
    """Write all of `data`; a disk that is nearly full takes only a part at a time."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]


@contextmanager
def disk(place: Path) -> Iterator[None]:
    """Report an error of the disk in one line."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            message("raw.not_kept", place=place, why=error.strerror or error)
        ) from error


def _slug(text: str, longest: int = 60) -> str:
    """Return `text` as a name that every file system accepts."""
    name = re.sub(r"[^\w.=,-]+", "_", text, flags=re.ASCII).strip("_.") or "_"
    return name[:longest]


def _name(about: About, compression: str | None) -> tuple[str, str]:
    """Return stem and extensions of the content's file."""
    last = _slug(unquote(urlsplit(about.url).path.rpartition("/")[2]))
    named = NAME.fullmatch(last)
    if named is None:
        kind = (about.content_type or "").partition(";")[0].strip().lower()
        stem, extension = last, EXTENSIONS.get(kind, ".bin")
    else:
        stem, extension = named.groups()
    if compression == "gzip" and not extension.endswith(".gz"):
        extension += ".gz"
    return stem, extension


def _said(kept: Kept) -> dict[str, Any]:
    """Return the sidecar of `kept`."""
    said = asdict(kept)
    del said["folder"]
    for name in ("received_at", "checked_at"):
        said[name] = said[name].isoformat()
    return said


def _kept(said: Mapping[str, Any], place: Path) -> Kept:
    """Return the answer in `place` from its sidecar."""
    fields = {name: said[name] for name in Kept.__dataclass_fields__ if name != "folder"}
    for name in ("received_at", "checked_at"):
        fields[name] = datetime.fromisoformat(fields[name])
    return Kept(**fields, folder=place)
