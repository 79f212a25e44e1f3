"""Quotas: what a provider counts is kept between runs and processes, and nothing is sent beyond."""

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from geo_pipeline.errors import SourceError
from geo_pipeline.providers import DAY_S, HOUR_S, Quota
from geo_pipeline.sources.http import Http, QuotaError
from geo_pipeline.sources.quotas import QUOTAS, Quotas, window_named
from geo_pipeline.sources.raw import RawStore
from tests.conftest import ROOT

NOON_S = datetime(2026, 11, 30, 12, 0, tzinfo=UTC).timestamp()
HOST = "archive.example.org"
LIMITS = {HOST: (Quota(50, HOUR_S), Quota(100, DAY_S))}


class Clock:
    def __init__(self) -> None:
        self.now_s = NOON_S

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_open_meteo_publishes_its_quotas() -> None:
    assert QUOTAS["archive-api.open-meteo.com"] == (Quota(5000, 3600), Quota(10_000, 86_400))


def test_calls_are_counted_until_the_next_window(tmp_path: Path, clock: Clock) -> None:
    quotas = Quotas(tmp_path, LIMITS, clock)
    assert quotas.take(HOST, 40.0) is None
    # 49 of 50 are used at most, so 9 more fit and 10 do not.
    full = quotas.take(HOST, 10.0)
    assert full is not None
    assert (full.quota, full.used) == (Quota(50, HOUR_S), 40.0)
    assert full.until == datetime(2026, 11, 30, 13, 0, tzinfo=UTC)
    assert quotas.take(HOST, 9.0) is None
    clock.now_s += 3600
    # Another process of the same home, an hour later: the day still knows the 49.
    later = Quotas(tmp_path, LIMITS, clock)
    assert (later.used(HOST, HOUR_S), later.used(HOST, DAY_S)) == (0.0, 49.0)
    assert later.take(HOST, 49.0) is None
    clock.now_s += 3600
    full = later.take(HOST, 1.0)
    assert full is not None
    assert full.until == datetime(2026, 12, 1, tzinfo=UTC)
    clock.now_s += 86_400
    assert later.take(HOST, 1.0) is None
    assert later.used(HOST, DAY_S) == 1.0


def test_other_hosts_have_none(tmp_path: Path, clock: Clock) -> None:
    quotas = Quotas(tmp_path, LIMITS, clock)
    assert all(quotas.take("127.0.0.1:8000", 1e6) is None for _ in range(3))
    assert not list(tmp_path.iterdir())


def test_a_damaged_note_is_an_unused_quota_and_a_refusal_sets_it_right(
    tmp_path: Path, clock: Clock
) -> None:
    quotas = Quotas(tmp_path, LIMITS, clock)
    quotas.take(HOST, 40.0)
    (note,) = tmp_path.glob("*.json")
    note.write_text(note.read_text().replace("40.0", "41.0"), encoding="utf-8")
    assert quotas.used(HOST, DAY_S) == 0.0
    quotas.refused(HOST, DAY_S)
    full = quotas.take(HOST, 1.0)
    assert full is not None
    assert full.quota.window_s == DAY_S


def test_whether_there_is_room_is_told_without_counting(tmp_path: Path, clock: Clock) -> None:
    quotas = Quotas(tmp_path, LIMITS, clock)
    quotas.take(HOST, 40.0)
    full = quotas.full(HOST, 10.0)
    assert full is not None
    assert (full.quota, full.used) == (Quota(50, HOUR_S), 40.0)
    assert quotas.full(HOST, 9.0) is None
    assert quotas.used(HOST, HOUR_S) == 40.0
    assert quotas.full("127.0.0.1:8000", 1e6) is None


@pytest.mark.parametrize(
    ("reason", "window_s"),
    [
        ("Minutely API request limit exceeded. Please try again in one minute.", 60.0),
        ("Hourly API request limit exceeded. Please try again in the next hour.", 3600.0),
        ("Daily API request limit exceeded. Please try again tomorrow.", 86_400.0),
        ("Too many concurrent requests", None),
        (None, None),
    ],
)
def test_a_refusal_names_its_window(reason: str | None, window_s: float | None) -> None:
    assert window_named(reason) == window_s


def test_processes_count_together(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from geo_pipeline.providers import Quota
from geo_pipeline.sources.quotas import Quotas
quotas = Quotas(Path(sys.argv[1]), {"h": (Quota(1000, 86400.0),)})
print(sum(quotas.take("h", 7.0) is None for _ in range(100)))
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    taken = sum(int(process.communicate()[0]) for process in running)
    assert taken == 980 // 7  # of 1,000 calls 980 are used, 7 at a time


@pytest.fixture
def door(tmp_path: Path) -> Callable[..., Http]:
    def make(**said: Any) -> Http:
        said = {"backoff_s": 0.001, "default_rate": 10_000.0, "patience_s": 5.0, **said}
        return Http(RawStore(tmp_path / "raw"), **said)

    return make


def test_beyond_its_quota_a_provider_is_not_asked(provider: Any, door: Any) -> None:
    provider.on("/a", b"{}")
    quotas = {provider.host: 10}
    door(quotas=quotas).get(f"{provider.url}/a", source="s", weight=6.0)
    with pytest.raises(
        QuotaError,
        match=r"^s: \S+/a is not asked: 6 of the 10 calls are used that it allows a day; "
        r"what has come is kept: go on with --resume after \d{4}-\d\d-\d\d 00:00 UTC$",
    ) as caught:
        door(quotas=quotas).get(f"{provider.url}/a", source="s", weight=6.0)
    assert not caught.value.passing
    assert caught.value.until > datetime.now(UTC)
    assert len(provider.asked) == 1


def test_a_refusal_for_the_day_ends_the_waiting_of_all(provider: Any, door: Any) -> None:
    reason = {
        "error": True,
        "reason": "Daily API request limit exceeded. Please try again tomorrow.",
    }
    provider.on("/a", json=reason, status=429)
    http = door(quotas={provider.host: 10_000})
    started = time.monotonic()
    with pytest.raises(SourceError, match=r"Daily API request limit exceeded.*asks to wait"):
        http.get(f"{provider.url}/a", source="s")
    with pytest.raises(QuotaError):
        http.get(f"{provider.url}/a", source="s")
    assert time.monotonic() - started < 30
    assert len(provider.asked) == 1
