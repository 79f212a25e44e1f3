"""Worker processes: a function of many items on all cores, however often it holds Python's lock.

A worker is this module run as a program. It reads functions and items from its standard input and
answers on its standard output, and so ends by itself when the process that started it is gone.
Python's own pools would begin each worker with a second start of the command, and leave workers
behind when the command is killed.
"""

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, BinaryIO, TypeVar, cast

from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.threads import mapped as mapped_in_threads
from geo_pipeline.words import message

Item = TypeVar("Item")
R = TypeVar("R")

COMMAND = (sys.executable, "-m", __name__)


def mapped(function: Callable[[Item], R], items: Sequence[Item], processes: int) -> Iterator[R]:
    """Yield `function` of each of `items` in order, in so many processes, 1 for this one.

    Function, items and answers must be picklable. When the caller stops, after an error or a
    signal, the workers are stopped too.

    Raises:
        Exception: what the function raises.
        GeoPipelineError: a worker was killed, for instance because memory ran out.
    """
    if min(processes, len(items)) <= 1:
        yield from map(function, items)
        return
    workers = [_Worker() for _ in range(min(processes, len(items)))]
    free: SimpleQueue[_Worker] = SimpleQueue()
    for worker in workers:
        free.put(worker)

    def answer(item: Item) -> R:
        worker = free.get()
        try:
            return cast(R, worker.answer(function, item))
        finally:
            free.put(worker)

    try:
        yield from mapped_in_threads(answer, items, len(workers))
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """A worker process, seen from the one that started it."""

    def __init__(self) -> None:
        # In a session of its own, since Ctrl-C is for the process that started it.
        self._process = subprocess.Popen(  # noqa: S603 - this very module
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self._to = cast(BinaryIO, self._process.stdin)
        self._from = cast(BinaryIO, self._process.stdout)

    def answer(self, function: Callable[[Any], Any], item: Any) -> Any:
        """Return `function(item)`, computed there."""
        try:
            pickle.dump((function, item), self._to)
            self._to.flush()
            result, error = pickle.load(self._from)  # noqa: S301 - our own worker's
        except (EOFError, OSError, pickle.UnpicklingError) as gone:
            raise GeoPipelineError(message("processes.gone")) from gone
        if error is not None:
            raise error
        return result

    def end(self) -> None:
        """End the process; what it writes is written whole or not at all."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._to, self._from):
            with suppress(OSError):  # what was not sent to a worker that is gone
                pipe.close()


def work() -> None:
    """Answer until nothing more comes.

    Cycles of objects that nothing uses any more are searched for after each answer alone, among
    what came with its item. While an item is made the search takes a tenth of the time; without any
    search the arrays of one item are still there while the next is made.
    """
    gc.disable()
    requests = sys.stdin.buffer
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no answer
        while True:
            try:
                function, item = pickle.load(requests)  # noqa: S301 - from our own process
            except EOFError:
                return
            gc.freeze()
            answer: tuple[Any, Exception | None]
            try:
                answer = function(item), None
            except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
                answer = None, error
            pickle.dump(answer, answers)
            answers.flush()
            del function, item, answer
            gc.collect()


if __name__ == "__main__":
    work()
