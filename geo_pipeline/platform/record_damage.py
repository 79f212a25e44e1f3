"""Damage of Dagster's records: reported in one line, found in the files, set aside.

The lake is the truth: without Dagster's records only the history of runs and the memory of sensors
are lost. Add here what else can be wrong with the files or the database; their content is read in
`run_records`.
"""

import errno
import fcntl
import io
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, redirect_stderr
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

from alembic.util import CommandError
from dagster._serdes import deserialize_value
from sqlalchemy.exc import SQLAlchemyError

from geo_pipeline import sql
from geo_pipeline.errors import GeoPipelineError, RecordsError, StorageError
from geo_pipeline.platform.record_files import (
    FILES,
    HISTORY,
    INDEX,
    REPAIR,
    SCHEDULES,
    connect,
)
from geo_pipeline.settings import Settings
from geo_pipeline.words import Message, message, verbatim

IN_USE: Final = ".in-use.lock"
"""A file beside the events, locked by each process that has the records open."""

LONGEST_REASON: Final = 200
"""Longest reason, in characters: an error may quote everything that was read."""

_ECHOES: Final = (
    "Exception while writing logger call to event log",
    "Exception while storing event batch",
    "Falling back to storing multiple single-event storage requests",
)

_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_ANSWERS: Final = (
    ("full", "records.disk_full"),
    ("disk i/o error", "records.disk_failing"),
    ("locked", "records.held"),
    ("readonly", "records.readonly"),
    ("unable to open", "records.not_opened"),
)
"""Texts of SQLite's errors and the message that advises on each; else the file is damaged."""


@dataclass(frozen=True)
class DamagedRecord:
    """A file of Dagster's records that cannot be used, and why, in one line."""

    path: Path
    why: str
    mendable: bool
    """Whether setting it aside helps: it is not locked or out of reach, and the disk not full."""


@contextmanager
def in_one_line(settings: Settings, home: Path) -> Iterator[None]:
    """Raise RecordsError for whatever goes wrong in the block with the records in `home`.

    Raises:
        RecordsError: they are damaged, locked or not writable, or PostgreSQL is gone.
    """
    try:
        yield
    except GeoPipelineError:
        raise
    except Exception as error:
        said = what_happened(error, settings, home)
        if said is None:
            raise
        raise RecordsError(said) from error


@contextmanager
def reading(home: Path) -> Iterator[None]:
    """Raise RecordsError where the content of the records in `home` cannot be decoded.

    Dagster raises many kinds of errors where bytes have changed, so any error counts.
    """
    try:
        yield
    except (GeoPipelineError, OSError, *_OF_RECORDS):
        raise
    except Exception as error:
        why = f"{type(error).__name__}: {' '.join(str(error).split())}"[:LONGEST_REASON]
        raise RecordsError(
            message("records.nonsense", home=home, why=why, do=answer(""))
        ) from error


@contextmanager
def without_echo() -> Iterator[None]:
    """Suppress the lines that Dagster prints on standard error for events it cannot store.

    The same error is raised, and the caller reports it once.
    """
    with redirect_stderr(_WithoutEcho(sys.stderr)):
        yield


class _WithoutEcho(io.TextIOBase):
    """A stream that passes on everything but Dagster's lines on events that it cannot store."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write `text`, unless it is such a line."""
        return len(text) if text.startswith(_ECHOES) else self._stream.write(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the file number of the stream."""
        return self._stream.fileno()


def what_happened(error: BaseException, settings: Settings, home: Path) -> Message | None:
    """Return the message for an error of the records: what, where, what to do; else None."""
    for each in _chain(error):
        if isinstance(each, OSError) and each.errno is not None and not _is_network(each):
            return _of_system(each, home)
        if isinstance(each, _OF_RECORDS):
            break
    else:
        return None
    why = " ".join(str(getattr(each, "orig", None) or each).split()) or type(each).__name__
    if settings.postgres_url is not None:
        return message("records.postgres", why=why.strip())
    return message("records.unreadable", home=home, why=why, do=answer(why))


def examine(home: Path, *, inside: bool = False) -> list[DamagedRecord]:
    """Return the SQLite files below `home` that cannot be used; none where there are no files.

    Each is opened, its structure checked and its tables looked for; with `inside` all stored
    content is read as well, including the files of single runs.
    """
    queries = dict(FILES)
    if inside:
        runs = sorted((home / INDEX).parent.glob("*.db"))
        queries |= {
            path.relative_to(home): "records_events" for path in runs if path.name != INDEX.name
        }
    found = []
    for name, query in queries.items():
        path = home / name
        try:
            if path.exists():
                with reading(path):
                    _look_into(path, query, inside=inside)
        except (*_OF_RECORDS, OSError, StorageError) as error:
            why = " ".join(str(error).split()) or type(error).__name__
            found.append(DamagedRecord(path, why, answer(why) == answer("")))
    return found


def refuse_stumps(home: Path) -> None:
    """Refuse a records file of 0 bytes, which Dagster would take for a new one.

    The files are created in order, so an empty last one was left by a killed start and is accepted.

    Raises:
        RecordsError: there is an empty file, and a file created after it.
    """
    there = [home / name for name in FILES if (home / name).exists()]
    for path in there[:-1]:
        if path.stat().st_size == 0:
            raise RecordsError(message("records.empty", path=path, do=answer("")))


def set_aside(home: Path) -> list[Path]:
    """Set aside the damaged files below `home`, under a name with the date; return the new names.

    Runs and their events belong together, and schedules and sensors remember positions among the
    events. So all files go where runs or events are damaged, else only the schedules or the file of
    a run. Dagster creates new ones when it is started. Undamaged files are left alone otherwise.

    Raises:
        RecordsError: a process has them open, or they cannot be reached, rather than damaged.
    """
    damaged = examine(home, inside=True)
    if not damaged:
        return []
    for each in damaged:
        if not each.mendable:
            raise RecordsError(
                message("records.unusable", path=each.path, why=each.why, do=answer(each.why))
            )
    paths = {each.path for each in damaged}
    if {home / name for name in FILES if name.parts[0] == HISTORY.name} & paths:
        paths = {home / HISTORY, home / SCHEDULES}
    elif home / SCHEDULES / "schedules.db" in paths:
        paths = paths - {home / SCHEDULES / "schedules.db"} | {home / SCHEDULES}
    with _nobody_within(home):
        return [aside(path) for path in sorted(paths) if path.exists()]


def hold(folder: Path) -> TextIO:
    """Show that this process has the records open, whose events are in `folder`.

    Closing the returned file ends this, as does the end of the process.
    """
    file = (folder / IN_USE).open("a", encoding="utf-8")
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


_OF_RECORDS: Final = (SQLAlchemyError, sqlite3.Error, CommandError)
"""Errors raised where the records cannot be reached."""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes, the first cause last."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _is_network(error: OSError) -> bool:
    return isinstance(error, ConnectionError | TimeoutError)


def _of_system(error: OSError, home: Path) -> Message:
    """Return the message where the system refused an operation below Dagster's home."""
    do = message("records.make_room" if error.errno in _FULL else "records.make_writable")
    path = error.filename or home
    return message("records.system", path=path, why=str(error.strerror), do=do)


def answer(why: str) -> Message:
    """Return the advice for `why`, the text of SQLite; without one the file counts as damaged."""
    key = next((key for sign, key in _ANSWERS if sign in why.lower()), "records.set_aside")
    return message(key, command=REPAIR)


def _look_into(path: Path, query: str, *, inside: bool) -> None:
    """Read a SQLite file without changing it.

    Raises:
        Exception: it cannot be used.
    """
    with path.open("rb") as file:
        if not file.read(1):
            raise StorageError(message("records.stump"))
    with closing(connect(path)) as connection:
        (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise StorageError(verbatim(found))
        if connection.execute("SELECT * FROM alembic_version").fetchone() is None:
            raise StorageError(message("records.no_version"))
        stored = connection.execute(sql.load(query))
        if inside:
            for (body,) in stored:
                deserialize_value(body)


@contextmanager
def _nobody_within(home: Path) -> Iterator[None]:
    """Lock the records for this process alone.

    Raises:
        RecordsError: another process has them open.
    """
    folder = (home / INDEX).parent
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / IN_USE).open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RecordsError(
                message("records.open_elsewhere", home=home, command=REPAIR)
            ) from error
        yield


def aside(path: Path) -> Path:
    """Rename a file or folder, with SQLite's companion files; return its new name."""
    now = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    target = path.with_name(f"{path.name}.damaged-{now}")
    path.rename(target)
    for ending in ("-wal", "-shm", "-journal"):
        beside = path.with_name(f"{path.name}{ending}")
        if beside.exists():
            beside.rename(target.with_name(f"{target.name}{ending}"))
    return target
