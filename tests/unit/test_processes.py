"""Worker processes answer as this one would, in order, and leave nothing behind.

What they are given must be importable there, which functions of a test are not: hence `eval`.
"""

import os
from pathlib import Path

import pytest

from geo_pipeline import processes
from geo_pipeline.errors import GeoPipelineError, StorageError
from geo_pipeline.processes import mapped
from geo_pipeline.storage.lake import Lake

CYCLE_OF_OBJECTS = """
import sys, time, weakref
class Array: pass
array = Array()
array.itself = array
sys.garbage = weakref.ref(array)
del array
time.sleep(0.2)
"""
PID = "__import__('os').getpid()"
LATER = f"__import__('time').sleep(0.2) or {PID}"
CYCLE = f"exec({CYCLE_OF_OBJECTS!r})"
IS_GONE = "__import__('time').sleep(0.2) or __import__('sys').garbage() is None"
KILLED = f"__import__('os').kill({PID}, 9)"


def test_answers_come_in_order_from_other_processes() -> None:
    assert list(mapped(eval, ["6 * 7", "'a'", "None"], 2)) == [42, "a", None]
    pids = set(mapped(eval, [LATER] * 4, 2))
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_one_process_is_this_one() -> None:
    assert set(mapped(eval, [PID] * 3, 1)) == {os.getpid()}
    assert list(mapped(eval, [PID], 8)) == [os.getpid()]


def test_an_error_is_raised_here_and_the_workers_end(tmp_path: Path) -> None:
    begun = mapped(Lake(tmp_path).footer, ["departements", "departements"], 2)
    with pytest.raises(StorageError, match=f"{tmp_path}/departements"):
        next(begun)
    assert not workers()


def test_a_worker_that_is_killed_is_told() -> None:
    with pytest.raises(GeoPipelineError, match="GEO_PIPELINE_PROCESSES"):
        list(mapped(eval, [KILLED, KILLED], 2))
    assert not workers()


def test_garbage_of_one_item_is_gone_before_the_next() -> None:
    """Arrays in cycles of objects would else be in memory beside those of the next item."""
    assert list(mapped(eval, [CYCLE, CYCLE, IS_GONE, IS_GONE], 2)) == [None, None, True, True]


def test_what_a_worker_prints_is_no_answer() -> None:
    assert list(mapped(eval, ["print('hello') or 1", "2"], 2)) == [1, 2]


def test_workers_end_when_nobody_waits_any_more() -> None:
    begun = mapped(eval, [PID, "__import__('time').sleep(600)"], 2)
    assert next(begun) in workers()
    begun.close()
    assert not workers()


def workers() -> set[int]:
    """Return the worker processes of this one."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines())
            command = (status.parent / "cmdline").read_bytes().decode()
        except OSError:
            continue
        if int(lines["PPid"]) == os.getpid() and processes.__name__ in command:
            found.add(int(status.parent.name))
    return found
