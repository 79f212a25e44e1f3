"""The end of a command after a signal: within seconds, whatever it is doing.

A run ends in order after SIGTERM or Ctrl-C, but only between two steps of its own work: a long call
into a library goes on. What it has written is whole at any time, so that it may be ended anywhere;
the next command marks it as killed.
"""

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.words import Message, message

GRACE_S: Final = 4.0
"""Time to end in order."""

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class StoppedError(GeoPipelineError):
    """A signal (SIGTERM, Ctrl-C) has stopped the command."""

    def __init__(self, what: Message | None = None) -> None:
        super().__init__(what or message("run.stopped"))


def leave(code: int) -> NoReturn:
    """End this process without freeing all of its memory first, which takes seconds."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@contextmanager
def ended_within(grace_s: float = GRACE_S) -> Iterator[None]:
    """End this process with code 1 if the block goes on so long after SIGTERM or SIGINT.

    The handlers of these signals stay whatever they are: Python writes the number of each signal
    with a handler to a socket, and a thread reads it. Outside the main thread nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told, heard = socket.socketpair()
    told.setblocking(False)
    over = threading.Event()

    def watch() -> None:
        while number := heard.recv(1):
            if number[0] in SIGNALS and not over.wait(grace_s):
                # Without the terminal's module, whose locks the main thread may hold.
                said = str(StoppedError())
                if "--json" in sys.argv:
                    sys.stdout.write(json.dumps({"error": said}, ensure_ascii=False) + "\n")
                sys.stderr.write(f"error: {said}\n")
                leave(1)

    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(before)
        told.close()
