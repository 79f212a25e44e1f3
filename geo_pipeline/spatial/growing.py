"""Files that are read while they are written: downloads of the grid that are still coming.

The writer tells how many bytes are there; a reader waits for those that are not. What is read of a
file counts once its writer says that it is whole.
"""

import io
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, Generic, TypeVar, cast

from geo_pipeline.errors import GeoPipelineError

Result = TypeVar("Result")

LOOK_AGAIN_S: Final = 0.5
"""Seconds after which a reader that waits looks whether the process is about to end."""


class GivenUpError(OSError):
    """The file will not become whole: its writer has begun another one, or is gone."""


class Growing:
    """A file to which its writer adds; it may be renamed or removed meanwhile."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._changed = threading.Condition()
        self._is_over = self._is_whole = False
        self.size = 0
        """Bytes that are there."""

    def grown(self, size: int) -> None:
        """Tell that so many bytes are there."""
        with self._changed:
            self.size = size
            self._changed.notify_all()

    def end(self, *, whole: bool) -> None:
        """Tell that nothing more comes: the file is `whole`, or is of no use."""
        with self._changed:
            self._is_over, self._is_whole = True, whole
            self._changed.notify_all()

    def open(self) -> BinaryIO:
        """Return a stream of the whole file; its reads raise `GivenUpError` (`read_at`)."""
        return cast(BinaryIO, io.BufferedReader(_Stream(self)))

    def close(self) -> None:
        """Close the file; its streams can no longer be read."""
        self._file.close()

    def read_at(self, place: int, most: int) -> bytes:
        """Return up to `most` bytes from `place` on, none where the whole file ends there.

        Raises:
            GivenUpError: the file is of no use, or the process is about to end.
        """
        with self._changed:
            while self.size <= place and not self._is_over:
                self._changed.wait(LOOK_AGAIN_S)
                if not threading.main_thread().is_alive():
                    raise GivenUpError
            if self._is_over and not self._is_whole:
                raise GivenUpError
            most = min(most, self.size - place)
        return os.pread(self._file.fileno(), most, place)


class _Stream(io.RawIOBase):
    """The bytes of a growing file in their order."""

    def __init__(self, file: Growing) -> None:
        self._growing, self._at = file, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        content = self._growing.read_at(self._at, len(buffer))
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)


class ReadAhead(Generic[Result]):
    """What `read` makes of a file, in a thread, while the file is written."""

    def __init__(self, read: Callable[[Growing], Result]) -> None:
        self._read = read
        self._file: Growing | None = None
        self._thread: threading.Thread | None = None
        self._result: Result | None = None

    def grown(self, path: Path, size: int) -> None:
        """Tell that `size` bytes are in `path`; none, or fewer than before, begin another file."""
        file = self._file
        if file is None or size == 0 or size < file.size:
            self.give_up()
            file = self._file = Growing(path)
            self._thread = threading.Thread(target=self._work, args=(file,), daemon=True)
            self._thread.start()
        file.grown(size)

    def result(self) -> Result | None:
        """Return what was made of the file, which is whole now; None where it could not be read."""
        return self._ended(whole=True)

    def give_up(self) -> None:
        """Forget what was read."""
        self._ended(whole=False)

    def _ended(self, *, whole: bool) -> Result | None:
        if self._file is None or self._thread is None:
            return None
        self._file.end(whole=whole)
        self._thread.join()
        result, self._result = self._result, None
        self._file = self._thread = None
        return result

    def _work(self, file: Growing) -> None:
        try:
            self._result = self._read(file)
        except (GeoPipelineError, OSError, EOFError):  # told by whoever reads the whole file
            self._result = None
        finally:
            file.close()
