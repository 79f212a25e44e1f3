"""What `geo-pipeline live` is doing: for `status`, and for a start that meets another one.

The command locks a file while it lives, and its run locks another: the system releases a lock
however a process ends. So a run that goes on after its command was killed is known, and waited for.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from geo_pipeline import notes
from geo_pipeline.errors import DamagedError, GeoPipelineError
from geo_pipeline.words import message

FOLDER = ".live"
COMMAND, RUN, NOTE = "command.lock", "run.lock", "doing.json"


class LiveState:
    """The locks and the note of the command in `home`."""

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER
        self._since = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only `geo-pipeline live` of the home while the block lasts.

        Raises:
            GeoPipelineError: another one is under way.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / COMMAND).open("a", encoding="utf-8") as lock:
            if not _locks(lock):
                raise GeoPipelineError(message("live.under_way", doing=self.told() or ""))
            try:
                yield
            finally:
                (self._folder / NOTE).unlink(missing_ok=True)

    @property
    def has_run(self) -> bool:
        """Whether a run is under way."""
        return self._is_locked(RUN)

    @contextmanager
    def of_run(self, wait: Callable[[], object]) -> Iterator[int]:
        """Give the descriptor of a lock that a run is to hold; `wait` until no other run holds it.

        The run inherits it, and so keeps it also where this process is killed.
        """
        with (self._folder / RUN).open("a", encoding="utf-8") as lock:
            while not _locks(lock):
                wait()
            yield lock.fileno()

    def note(self, doing: str) -> None:
        """Note what is being done."""
        said = {"doing": doing, "process": os.getpid(), "since": self._since}
        notes.write(self._folder / NOTE, said)

    def told(self) -> str | None:
        """Return what is going on, or was when the command was killed; None where nothing is."""
        said: dict[str, Any] = {}
        with suppress(FileNotFoundError, DamagedError):
            said = notes.read(self._folder / NOTE)
        doing = f": {said['doing']}" if said else ""
        if self._is_locked(COMMAND):
            whose = f", process {said['process']}, since {said['since']}" if said else ""
            return f"under way{whose}{doing}"
        if self.has_run:
            return f"killed{doing}; the run of this step goes on by itself"
        return f"killed{doing}; `geo-pipeline live` goes on" if said else None

    def _is_locked(self, name: str) -> bool:
        try:
            with (self._folder / name).open("r", encoding="utf-8") as lock:
                return not _locks(lock, fcntl.LOCK_SH)
        except FileNotFoundError:
            return False


def _locks(file: IO[str], kind: int = fcntl.LOCK_EX) -> bool:
    """Lock `file` until it is closed; return whether no other process has done so."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
