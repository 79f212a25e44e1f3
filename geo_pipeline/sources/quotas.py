"""Quotas: what a provider has counted of its allowance, kept between runs and processes of a home.

Each host with a quota has a note with the calls used in the current minute, hour and day (UTC, as
Open-Meteo counts them). A request takes its calls beforehand; where they no longer fit, it is not
sent.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from geo_pipeline import notes
from geo_pipeline.errors import DamagedError
from geo_pipeline.providers import DAY_S, HOUR_S, MINUTE_S, PROVIDERS, Quota

QUOTAS: Mapping[str, tuple[Quota, ...]] = {
    host: quotas for each in PROVIDERS for host, quotas in each.quotas.items()
}
"""Quotas that providers publish, by host."""

USED_UP_TO = 0.98
"""Share of a quota that is used: a provider may count a request that we know to have failed."""

SPOKEN = {MINUTE_S: re.compile(r"\bminute", re.IGNORECASE),
          HOUR_S: re.compile(r"\bhour", re.IGNORECASE),
          DAY_S: re.compile(r"\b(da(y|ily)\b|tomorrow)", re.IGNORECASE)}  # fmt: skip
"""How a refusal names the window of the quota that is used up."""

_log = logging.getLogger(__name__)


class UsedUp(NamedTuple):
    """A quota that has no room for a request."""

    quota: Quota
    used: float
    until_s: float
    """When its next window begins, seconds since 1970."""

    @property
    def until(self) -> datetime:
        """When its next window begins (UTC)."""
        return datetime.fromtimestamp(self.until_s, UTC)


def quotas_with(daily: Mapping[str, float]) -> dict[str, tuple[Quota, ...]]:
    """Return the published quotas, and those of hosts with a `daily` number of calls of their own.

    A host with a quota of its own has no other: it may be a paid plan, or a server in a test.
    """
    return {**QUOTAS, **{host: (Quota(calls, DAY_S),) for host, calls in daily.items()}}


def window_named(reason: str | None) -> float | None:
    """Return the seconds of the window that a refusal names (`Daily API request limit exceeded`).

    None where it names none. The longest counts: "daily limit, try again in an hour" is daily.
    """
    found = [window_s for window_s, words in SPOKEN.items() if words.search(reason or "")]
    return max(found, default=None)


class Quotas:
    """What was used of the quotas of each host, in `folder`."""

    def __init__(
        self,
        folder: Path,
        quotas: Mapping[str, Sequence[Quota]] = QUOTAS,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._quotas = quotas
        self._now = now

    def take(self, host: str, calls: float) -> UsedUp | None:
        """Count `calls` of `host` as used; return the longest quota without room for them, if any.

        Nothing is counted then.
        """
        if not self.limits(host):
            return None
        with self._alone(host):
            used = self._used(host)
            full = self._without_room(host, used, calls)
            if full is None:
                self._write(host, {window_s: n + calls for window_s, n in used.items()})
        return full

    def full(self, host: str, calls: float) -> UsedUp | None:
        """Return the longest quota of `host` without room for `calls`, if any."""
        return self._without_room(host, self._used(host), calls) if self.limits(host) else None

    def refused(self, host: str, window_s: float) -> None:
        """Note that `host` has refused a request, because its quota of a window is used up."""
        quotas = {quota.window_s: quota for quota in self._quotas.get(host, ())}
        if window_s not in quotas:
            return
        with self._alone(host):
            used = self._used(host)
            self._write(host, {**used, window_s: max(used[window_s], quotas[window_s].calls)})

    def limits(self, host: str) -> bool:
        """Return whether `host` has a quota."""
        return bool(self._quotas.get(host))

    def used(self, host: str, window_s: float) -> float:
        """Return the calls used in the current window."""
        if not any(quota.window_s == window_s for quota in self._quotas.get(host, ())):
            return 0.0
        return self._used(host)[window_s]

    def of(self, host: str, window_s: float) -> Quota | None:
        """Return the quota of `host` for a window, if there is one."""
        return next((q for q in self._quotas.get(host, ()) if q.window_s == window_s), None)

    def _without_room(self, host: str, used: Mapping[float, float], calls: float) -> UsedUp | None:
        for quota in sorted(self._quotas[host], key=lambda each: -each.window_s):
            taken = used[quota.window_s]
            # A request larger than a window's share goes alone: it could never be sent else.
            if taken and taken + calls > USED_UP_TO * quota.calls:
                return UsedUp(quota, taken, self._next_s(quota.window_s))
        return None

    def _next_s(self, window_s: float) -> float:
        return (self._now() // window_s + 1) * window_s

    def _path(self, host: str) -> Path:
        return self._folder / (re.sub(r"[^\w.-]", "_", host) + ".quota.json")

    def _alone(self, host: str) -> FileLock:
        self._folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self._path(host).with_suffix(".lock"))

    def _used(self, host: str) -> dict[float, float]:
        """Return the calls used in the current window of each quota."""
        now = self._now()
        used = {quota.window_s: 0.0 for quota in self._quotas[host]}
        try:
            said = notes.read(self._path(host))
            for each in said:
                if each["window_s"] in used and each["begun_s"] == _begun_s(now, each["window_s"]):
                    used[each["window_s"]] = float(each["calls"])
        except FileNotFoundError:
            pass
        except (DamagedError, KeyError, TypeError, ValueError) as error:
            _log.warning("%s: what was used of its quotas is not known (%s)", host, error)
        return used

    def _write(self, host: str, used: Mapping[float, float]) -> None:
        now = self._now()
        notes.write(
            self._path(host),
            [
                {"window_s": window_s, "begun_s": _begun_s(now, window_s), "calls": round(calls, 3)}
                for window_s, calls in used.items()
            ],
        )


def _begun_s(now_s: float, window_s: float) -> float:
    """Return when the window that holds `now_s` began."""
    return now_s // window_s * window_s
