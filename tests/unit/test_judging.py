"""Reading in a child process: what comes back of it, and what is fatal to it."""

import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from geo_pipeline.errors import SourceError
from geo_pipeline.judging import FatalFileError, Limits, judged

LIMITS = Limits(memory_mb=400, time_s=20.0, answer_mb=20)


def table(rows: int) -> pd.DataFrame:
    logging.getLogger("geo_pipeline.some").warning("%d rows", rows)
    print("a library that prints")
    return pd.DataFrame({"departement": ["2A"] * rows, "day": pd.Timestamp("2020-02-29")})


def pid() -> int:
    return os.getpid()


def refuses(what: str) -> None:
    raise SourceError(what)


def takes_memory() -> int:
    return len([bytearray(50_000_000) for _ in range(100)])


def tells_of_no_memory() -> None:
    """As GEOS tells it, and as a reader of ours then tells what went wrong."""
    try:
        raise RuntimeError("GEOSException: std::bad_alloc")
    except RuntimeError as error:
        raise SourceError("cannot be read") from error


def takes_time() -> None:
    time.sleep(600)


def crashes() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def leaves() -> None:
    os._exit(0)


def says_too_much() -> bytes:
    return bytes(30_000_000)


def test_the_answer_is_that_of_another_process(caplog: pytest.LogCaptureFixture) -> None:
    assert judged(LIMITS, pid) != os.getpid()
    with caplog.at_level(logging.INFO):
        rows = judged(LIMITS, table, 3)
    assert rows["departement"].tolist() == ["2A"] * 3
    assert rows["day"].dt.day.tolist() == [29] * 3
    assert ("geo_pipeline.some", logging.WARNING, "3 rows") in caplog.record_tuples


def test_an_error_is_raised_as_it_was() -> None:
    with pytest.raises(SourceError, match=r"^sheet COP, cell D7: 'x' is no figure$"):
        judged(LIMITS, refuses, "sheet COP, cell D7: 'x' is no figure")


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (takes_memory, "memory"),
        (tells_of_no_memory, "memory"),
        (crashes, "crash"),
        (leaves, "crash"),
        (says_too_much, "crash"),
    ],
)
def test_what_is_fatal_to_the_child_is_an_error_here(
    function: Callable[[], object], reason: str
) -> None:
    with pytest.raises(FatalFileError) as caught:
        judged(LIMITS, function)
    assert caught.value.reason == reason


def test_a_reader_that_does_not_end_is_ended() -> None:
    limits = Limits(memory_mb=400, time_s=3.0)
    with pytest.raises(FatalFileError, match="takes more than the 3 s that are allowed"):
        judged(limits, takes_time)
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    commands = [Path(f"/proc/{each}/cmdline").read_bytes() for each in children]
    assert not any(b"geo_pipeline.judging" in each for each in commands)
