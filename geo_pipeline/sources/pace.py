"""Pace of requests to a host, shared by all partitions, threads and processes of a home."""

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from geo_pipeline.providers import PROVIDERS

RATES = {host: rate for each in PROVIDERS for host, rate in each.rates.items()}
"""Limits that providers publish, in requests a second."""

SLOWEST = 16.0
"""Largest factor by which a host that answers 429 is slowed down."""

LONGEST_S = 600.0
"""A turn further ahead than this comes from a clock that was changed, and is dropped."""

_log = logging.getLogger(__name__)


@dataclass
class _State:
    """Time of the next request to a host (seconds since 1970), and its slowdown factor."""

    next_s: float = 0.0
    paused_until_s: float = 0.0
    slower: float = 1.0


class Pace:
    """Evenly spaced requests for each host, slower for a while after a host answered 429.

    Args:
        rates: requests a second by host (`api.example.org` or `127.0.0.1:8000`).
        default: requests a second for any other host.
        folder: where processes share their pace; without it only threads of this process do.
        sleep: called to wait a number of seconds.
    """

    def __init__(
        self,
        rates: Mapping[str, float],
        default: float,
        folder: Path | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        if min([default, *rates.values()]) <= 0:
            raise ValueError("a rate is more than 0 requests a second")
        self._rates = dict(rates)
        self._default = default
        self._folder = folder
        self._sleep = sleep
        self._lock = threading.Lock()
        self._states: dict[str, _State] = {}

    def wait(self, host: str, weight: float = 1.0) -> None:
        """Return once `host` may be asked; a request of `weight` n takes n turns."""
        while True:
            with self._state(host) as state:
                now = time.time()
                turn = max(now, state.next_s, state.paused_until_s)
                state.next_s = turn + weight * self._interval_s(host, state)
            if turn == now:
                return
            self._sleep(turn - now)
            with self._state(host, write=False) as state:
                if state.paused_until_s <= turn:
                    return

    def pause(self, host: str, seconds: float) -> None:
        """Send `host` nothing for `seconds`, and fewer requests afterwards: it answered 429."""
        with self._state(host) as state:
            state.paused_until_s = max(state.paused_until_s, time.time() + seconds)
            state.slower = min(2 * state.slower, SLOWEST)
            interval_s = self._interval_s(host, state)
        _log.info("%s: a pause of %.1f s, then asked once in %.2f s", host, seconds, interval_s)

    def ease(self, host: str) -> None:
        """Reduce the slowdown of `host` by a tenth: it answered."""
        with self._lock:
            known = self._states.get(host)
        if known is not None and known.slower > 1.0:
            with self._state(host) as state:
                state.slower = max(1.0, 0.9 * state.slower)

    def _interval_s(self, host: str, state: _State) -> float:
        """Return the seconds between two requests to `host`."""
        rate = self._rates.get(host) or self._rates.get(host.partition(":")[0]) or self._default
        return state.slower / rate

    @contextmanager
    def _state(self, host: str, *, write: bool = True) -> Iterator[_State]:
        """Give the state of `host`, to read or to change, to one thread of one process at a
        time."""
        with self._lock:
            if self._folder is None:
                state = self._states.setdefault(host, _State())
                _forget_the_far(state)
                yield state
                return
            path = self._folder / (re.sub(r"[^\w.-]", "_", host) + ".json")
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_suffix(".lock")):
                state = self._states[host] = _read(path)
                yield state
                if write:
                    path.write_text(json.dumps(asdict(state)), encoding="utf-8")


def _read(path: Path) -> _State:
    """Return the state in `path`, a fresh one where the file is missing or cut."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        state = _State(*(float(said[name]) for name in ("next_s", "paused_until_s", "slower")))
    except (OSError, ValueError, KeyError, TypeError):
        return _State()
    _forget_the_far(state)
    return state


def _forget_the_far(state: _State) -> None:
    longest_s = time.time() + LONGEST_S
    state.next_s = state.next_s if state.next_s < longest_s else 0.0
    state.paused_until_s = state.paused_until_s if state.paused_until_s < longest_s else 0.0
    state.slower = min(max(state.slower, 1.0), SLOWEST)
