"""Threads that do not delay the end of a process that was asked to stop.

A `ThreadPoolExecutor` always waits for its threads: one that waits for a provider, for minutes with
all its attempts, would outlive every signal.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")
R = TypeVar("R")


def mapped(function: Callable[[Item], R], items: Iterable[Item], workers: int) -> Iterator[R]:
    """Yield `function` of each of `items` in order, with `workers` of them at the same time.

    When the caller stops, after an error or a signal, no further call is begun, and calls under way
    are not waited for.
    """
    waiting: SimpleQueue[tuple[Item, Future[R]]] = SimpleQueue()
    futures: list[Future[R]] = []
    for item in items:
        futures.append(Future())
        waiting.put((item, futures[-1]))
    stopped = threading.Event()

    def work() -> None:
        while not stopped.is_set():
            try:
                item, future = waiting.get_nowait()
            except Empty:
                return
            try:
                future.set_result(function(item))
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
                future.set_exception(error)

    for _ in range(min(workers, len(futures))):
        threading.Thread(target=work, daemon=True).start()
    try:
        for future in futures:
            yield future.result()
    finally:
        stopped.set()
