"""Several things at a time, without holding up the end of a process that is told to stop.

The threads of a `ThreadPoolExecutor` are waited for, whatever happens: one that waits for a
provider, minutes with all its attempts, would outlive every signal.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")
R = TypeVar("R")


def mapped(function: Callable[[Item], R], items: Iterable[Item], workers: int) -> Iterator[R]:
    """Yield `function` of each of `items` in their order, `workers` of them at a time.

    Once nobody wants more, be it after an error or a signal, no further one is begun, and nobody
    waits for those that are under way.
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
