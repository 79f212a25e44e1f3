"""Dagster as one service: all of its processes end when it is stopped, whatever they are doing.

`dagster dev` waits for its code server when it ends, for ever if that cannot start. Here it gets
some seconds to end in order; then whatever is left of it is killed. A run that is killed with it is
found at the next start, and `geo-pipeline run --resume` makes it again.
"""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from threading import Event

GRACE_S = 20.0
LOOK_S = 0.2


def serve(command: Sequence[str], grace_s: float = GRACE_S) -> int:
    """Run `command` until it ends, or until this process gets SIGTERM or SIGINT.

    Return its status as a shell would.

    After a signal the command gets SIGTERM; if it has not ended `grace_s` seconds later it is
    killed and the status is 1. Any process that it started and that is left ends with it.
    """
    told = Event()
    before = {
        number: signal.signal(number, lambda *_: told.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        process = subprocess.Popen(command, start_new_session=True)  # noqa: S603
        while process.poll() is None and not told.wait(LOOK_S):
            pass
        if process.poll() is None:
            process.terminate()
        try:
            status = process.wait(grace_s)
            return status if status >= 0 else 128 - status
        except subprocess.TimeoutExpired:
            return 1
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
