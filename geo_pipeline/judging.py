"""Foreign files are read in a child process, with limits of memory, time and size.

A reader of foreign files may take all of the memory, run for hours or crash its process: for a
workbook of 1 kB with one far cell, calamine tried to allocate 550 GB and aborted. In a child
process none of that reaches the parent, which gets one error instead of an answer.

Nothing is written to a named file, so a killed process leaves nothing behind. Memory is limited
where the system supports it (Linux); time and size are limited everywhere.
"""

import gc
import logging
import math
import os
import pickle
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Literal, Self, TypeVar, TypeVarTuple

from geo_pipeline.words import message

MB = 1_000_000

R = TypeVar("R")
Arguments = TypeVarTuple("Arguments")


@dataclass(frozen=True)
class Limits:
    """The limits of one reading."""

    memory_mb: int = 2_000
    """Memory beyond what the child uses once the reader is imported."""
    time_s: float = 120.0
    answer_mb: int = 500


class FatalFileError(ValueError):
    """The reader of a file ran out of memory or time, or its process crashed."""

    def __init__(self, reason: Literal["memory", "time", "crash"], limits: Limits) -> None:
        super().__init__(
            message(f"judging.{reason}", memory_mb=limits.memory_mb, time_s=limits.time_s)
        )
        self.reason = reason
        self.limits = limits

    def __reduce__(self) -> tuple[type[Self], tuple[str, Limits]]:
        """Return how to build it again in another process."""
        return type(self), (self.reason, self.limits)


@dataclass(frozen=True)
class _Answer:
    """The answer of a child: a value or an error, and its log (logger, level, message)."""

    value: object
    error: Exception | None
    logged: list[tuple[str, int, str]]


def judged(limits: Limits, function: Callable[[*Arguments], R], *arguments: *Arguments) -> R:
    """Return the result of `function` for these arguments, called in a child process.

    `function` is one of a module (or a static method), and all arguments can be pickled. What it
    logs is logged in this process.

    Raises:
        FatalFileError: it took too much memory or time, or the process ended without an answer.
        Exception: whatever `function` raises.
    """
    with TemporaryFile() as request, TemporaryFile() as given, TemporaryFile() as said:
        pickle.dump((limits, function, arguments), request)
        request.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-c", "from geo_pipeline.judging import judge; judge()"],
            stdin=request,
            stdout=given,
            stderr=said,
            env={**os.environ, **_ONE_THREAD, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        try:
            status = process.wait(limits.time_s)
        except subprocess.TimeoutExpired as error:
            raise FatalFileError("time", limits) from error
        finally:
            process.kill()
            process.wait()
        answer = _answer(given) if status == 0 else None
        if answer is None:
            raise FatalFileError(_reason(said, status), limits)
    for name, level, line in answer.logged:
        logging.getLogger(name).log(level, "%s", line)
    if answer.error is not None:
        raise answer.error
    return answer.value  # type: ignore[return-value]


_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
"""Each thread reserves memory that it does not use, and reserved memory counts."""

_NO_MEMORY = ("memory allocation", "bad_alloc", "memoryerror", "out of memory")
"""Texts of errors, from readers in other languages, that mean memory ran out."""


def _answer(given: IO[bytes]) -> _Answer | None:
    given.seek(0)
    try:
        answer = pickle.load(given)  # noqa: S301 - written by our own module
    except (EOFError, pickle.UnpicklingError):
        return None
    return answer if isinstance(answer, _Answer) else None


def _reason(said: IO[bytes], status: int) -> Literal["memory", "time", "crash"]:
    """Return why a child ended without an answer."""
    if status == -signal.SIGXCPU:
        return "time"
    said.seek(0)
    text = said.read(1 << 20).decode("utf-8", "replace").lower()
    return "memory" if any(words in text for words in _NO_MEMORY) else "crash"


def _tells_of_memory(error: BaseException | None) -> bool:
    """Return whether an error, or one that caused it, means that memory ran out."""
    while error is not None:
        told = f"{type(error).__name__}: {error}".lower()
        if isinstance(error, MemoryError) or any(words in told for words in _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


class _Kept(logging.Handler):
    """Keeps log records."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.logged: list[tuple[str, int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.logged.append((record.name, record.levelno, record.getMessage()))


def _limit(kind: int, most: float) -> None:
    """Lower a limit of this process, where the system has such a limit."""
    _, hard = resource.getrlimit(kind)
    most = int(most) if hard == resource.RLIM_INFINITY else min(int(most), hard)
    with suppress(ValueError, OSError):
        resource.setrlimit(kind, (most, most))


def _reserved_bytes() -> int:
    """Return the address space that this process has reserved, 0 where the system cannot say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def judge() -> None:
    """Read a call from standard input, execute it, and write the answer to standard output."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not mix with the answer
    kept = _Kept()
    root = logging.getLogger()
    root.addHandler(kept)
    root.setLevel(logging.INFO)
    gc.disable()  # what is imported here stays
    limits, function, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301
    gc.enable()
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, limits.answer_mb * MB)
    # If the parent is killed, this limit ends the child all the same.
    _limit(resource.RLIMIT_CPU, 1 + math.ceil(2 * limits.time_s))
    if reserved := _reserved_bytes():
        _limit(resource.RLIMIT_AS, reserved + limits.memory_mb * MB)
    value: Any = None
    error: Exception | None = None
    try:
        value = function(*arguments)
    except Exception as raised:  # noqa: BLE001 - it is raised again in the parent
        error = FatalFileError("memory", limits) if _tells_of_memory(raised) else raised
    answer = _Answer(value, error, kept.logged)
    try:
        pickle.dump(answer, answers)
        answers.flush()
    except OSError:  # the answer is longer than allowed
        sys.exit(1)
