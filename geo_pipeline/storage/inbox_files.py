"""Files that a person provided through the inbox: one in use in each place, with older ones.

`<folder>/<place>/` (`crops`, `boundaries`, `stations/31/latest-2025-2026/rr-t-vent`) contains the
file in use, named after its hash, and `provided.json`, which describes it and is renamed into
place: a reader sees the old file or the new one. The file used before moves to `older/`, with its
date. A file that is deleted is no longer in use; one without a description never was.
"""

import hashlib
import json
import logging
import os
import re
import shutil
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from geo_pipeline import notes
from geo_pipeline.errors import DamagedError, SourceError, StorageError
from geo_pipeline.provenance import Provenance
from geo_pipeline.words import message

Kind = Literal["crops", "boundaries", "stations"]

SIDECAR = "provided.json"
OLDER = "older"
LOCK = ".lock"
LONGEST_NAME = 160
"""Longest name in bytes; with a date and a hash it stays below the 255 of file systems."""

_EXTENSIONS = re.compile(r"((?:\.\w{1,8})?\.(?:gz|zst)|\.\w{1,8})$", re.ASCII)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class About:
    """What is known of a provided file from its content, before it is taken."""

    kind: Kind
    place: str
    """Folder below that of all provided files; a newer file of the same place replaces it."""
    departements: tuple[str, ...]
    """Codes of the départements with figures in it."""
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True)
class Provided:
    """A provided file in use."""

    about: About
    name: str
    """Name under which it was dropped."""
    file: str
    """Name of the file in its place."""
    sha256: str
    length: int
    taken_at: datetime
    """UTC."""
    pending: bool
    """Whether the run of what depends on it is still to be requested."""
    folder: Path

    @property
    def path(self) -> Path:
        """Path of the file."""
        return self.folder / self.file

    @property
    def url(self) -> str:
        """Its address, for readers that use the HTTP client."""
        return self.path.absolute().as_uri()

    def check(self) -> None:
        """Check every byte of the file.

        Raises:
            SourceError: it is no longer the file that was dropped.
        """
        try:
            with self.path.open("rb") as content:
                found = hashlib.file_digest(content, "sha256").hexdigest()
        except OSError as error:
            raise SourceError(
                message("provided.unreadable", path=self.path, why=str(error.strerror))
            ) from error
        if found != self.sha256:
            raise SourceError(message("provided.damaged", path=self.path, name=self.name))

    @property
    def run_key(self) -> str:
        """Key of the run for this taking of these bytes, the same after a restart."""
        return f"{self.sha256}-{self.taken_at:%Y%m%dT%H%M%S%f}"

    def provenance(self, source: str, sha256: str | None = None) -> Provenance:
        """Return the origin of its rows: the file by its path in the home folder."""
        at = f"provided/{self.about.place}/{self.file}"
        return Provenance(source, at, self.taken_at.isoformat(), sha256 or self.sha256)


class ProvidedFiles:
    """The provided files under `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self, kind: Kind | None = None) -> Iterator[Provided]:
        """Yield the files in use (of `kind`), the last taken first."""
        found = [each for each in self._told() if each.path.is_file()]
        for each in sorted(found, key=lambda each: each.taken_at, reverse=True):
            if kind is None or each.about.kind == kind:
                yield each

    def gone(self) -> list[Provided]:
        """Return the files that were in use until somebody deleted them."""
        return [each for each in self._told() if not each.path.is_file()]

    def gone_at(self, provided: Provided) -> datetime:
        """Return the latest time at which a missing file may have been deleted (UTC)."""
        return _modified(provided.folder)

    def take(self, staged: Path, name: str, sha256: str, about: About) -> Provided:
        """Move the file `staged` (on the same disk) into its place and use it from now on.

        The file used there before moves to `older/`. Nothing changes if the same file is in use
        already.

        Raises:
            StorageError: the folder cannot be written.
        """
        folder = self.folder / about.place
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / LOCK):
                before = self._read(folder / SIDECAR)
                if before is not None and before.sha256 == sha256 and before.path.is_file():
                    return before
                now = datetime.now(UTC)
                file = _named(name, sha256)
                length = staged.stat().st_size
                provided = Provided(about, name, file, sha256, length, now, True, folder)
                with staged.open("rb") as content:
                    os.fsync(content.fileno())
                staged.chmod(0o644)
                staged.replace(provided.path)
                self._write(provided)
                self._put_away(folder, provided, before)
        except OSError as error:
            raise StorageError(
                message("provided.not_kept", name=name, folder=folder, why=error.strerror or error)
            ) from error
        return provided

    def settle(self, provided: Provided) -> None:
        """Record that the run of what depends on it was requested; forget it if it was deleted."""
        with FileLock(self.folder / LOCK):
            now = self._read(provided.folder / SIDECAR)
            if now is None or now.run_key != provided.run_key:
                return
            if now.path.is_file():
                self._write(replace(now, pending=False))
            else:
                (now.folder / SIDECAR).unlink()

    def _put_away(self, folder: Path, provided: Provided, before: Provided | None) -> None:
        """Move files not in use in `folder` to `older/`, each with the date on which it was
        taken."""
        for path in folder.iterdir():
            if path.name in (SIDECAR, provided.file) or not path.is_file():
                continue
            known = before is not None and before.file == path.name
            when = before.taken_at if before is not None and known else _modified(path)
            (folder / OLDER).mkdir(exist_ok=True)
            shutil.move(path, folder / OLDER / f"{when:%Y-%m-%dT%H%M%SZ}_{path.name}")

    def _told(self) -> Iterator[Provided]:
        """Yield the files that are described."""
        for path in sorted(self.folder.rglob(SIDECAR)):
            if (provided := self._read(path)) is not None:
                yield provided

    def _read(self, path: Path) -> Provided | None:
        """Return the file described at `path`; None where there is no valid description."""
        try:
            said: dict[str, Any] = notes.read(path)
            about = said.pop("about")
            days = {
                name: about[name] and date.fromisoformat(about[name])
                for name in ("first_day", "last_day")
            }
            said["about"] = About(
                about["kind"], about["place"], tuple(about["departements"]), **days
            )
            said["taken_at"] = datetime.fromisoformat(said["taken_at"])
            return Provided(**said, folder=path.parent)
        except FileNotFoundError:
            return None
        except (DamagedError, OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("%s cannot be used (%s): drop its file again", path, error)
            return None

    def _write(self, provided: Provided) -> None:
        said = asdict(provided)
        del said["folder"]
        notes.write(provided.folder / SIDECAR, json.loads(json.dumps(said, default=_iso)))


def safe_name(name: str) -> str:
    """Return `name` as a name that every file system accepts and no program misreads."""
    plain = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))
    kept = re.sub(r"[^\w.=,() -]+", "_", plain).strip(" .-") or "_"
    while len(kept.encode()) > LONGEST_NAME:
        kept = kept[1:]  # the end shows the type
    return kept


def _named(name: str, sha256: str) -> str:
    """Return `name`, made safe, with the hash of the content before its extensions."""
    safe = safe_name(name)
    found = _EXTENSIONS.search(safe)
    stem = safe[: found.start()] if found else safe
    return f"{stem}.{sha256[:12]}{found[0].lower() if found else ''}"


def _modified(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _iso(value: date | datetime) -> str:
    return value.isoformat()
