"""The one door to the network, over real HTTP on loopback with every fault that providers have."""

import gzip
import json
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from geo_pipeline.errors import SourceError
from geo_pipeline.sources.http import (
    Http,
    NotKeptError,
    StatusError,
)
from geo_pipeline.sources.http.addresses import user_agent, with_params, without_secrets
from geo_pipeline.sources.pace import Pace
from geo_pipeline.sources.raw import SIDECAR, RawStore
from geo_pipeline.words import message, verbatim

# A day of Open-Meteo as its contract has it.
BODY = b'{"daily":{"time":["2025-01-15"],"precipitation_sum":[13.2]}}'
LONG = b"0123456789abcdef" * 20_000


@pytest.fixture
def door(tmp_path: Path) -> Callable[..., Http]:
    """Return a maker of doors on one raw store that wait as little as they may."""

    def make(**options: Any) -> Http:
        options = {"backoff_s": 0.001, "default_rate": 10_000.0, "read_timeout_s": 5.0, **options}
        return Http(RawStore(tmp_path / "raw"), **options)

    return make


def sidecar(folder: Path) -> dict[str, Any]:
    """Return the only sidecar below `folder`."""
    (path,) = folder.rglob(SIDECAR)
    return dict(json.loads(path.read_text(encoding="utf-8")))


# What is asked, and who asks


def test_an_answer_comes_with_all_that_is_to_be_known(provider: Any, door: Any) -> None:
    provider.on("/v1/archive", BODY, content_type="application/json")
    before = datetime.now(UTC)
    received = door().get(
        f"{provider.url}/v1/archive", source="open-meteo", params={"latitude": "43.6,44", "n": 2}
    )
    assert received.content == BODY
    assert received.status == 200
    assert received.sha256 == sha256(BODY).hexdigest()
    assert received.url == f"{provider.url}/v1/archive?latitude=43.6,44&n=2"
    assert before <= received.received_at <= datetime.now(UTC)
    assert received.open().read() == BODY
    (asked,) = provider.asked
    assert asked.query == {"latitude": ["43.6,44"], "n": ["2"]}
    assert re.fullmatch(r"geo-pipeline/\S+ \(\+.+\)", asked.headers["user-agent"])
    assert "python-requests" not in asked.headers["user-agent"]


def test_who_runs_it_may_say_so(provider: Any, door: Any) -> None:
    provider.on("/a", BODY)
    door(contact="https://example.org/drought").get(f"{provider.url}/a", source="s")
    assert "(+https://example.org/drought)" in provider.asked[0].headers["user-agent"]
    assert user_agent("x@example.org").endswith("(+x@example.org)")


def test_params_join_a_query_that_is_there() -> None:
    assert with_params("http://h/p?a=1", {"b": "é 2"}) == "http://h/p?a=1&b=%C3%A9+2"
    assert with_params("http://h/p", None) == "http://h/p"


def test_without_a_store_it_works_and_leaves_nothing(provider: Any) -> None:
    provider.on("/a", BODY, etag='"1"')
    http = Http()
    received = http.get(f"{provider.url}/a", source="s")
    folder = http.raw.folder
    assert received.path.is_relative_to(folder)
    del http, received
    assert not folder.exists()


def test_a_download_outlives_a_door_without_a_store(provider: Any) -> None:
    provider.on("/a.bin", LONG)
    received = Http().download(f"{provider.url}/a.bin", source="s")
    assert received.content == LONG


# What is tried again


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 507])
def test_what_may_pass_is_tried_again(provider: Any, door: Any, status: int) -> None:
    provider.on("/a", status=status, times=3).on("/a", BODY)
    assert door().get(f"{provider.url}/a", source="s").content == BODY
    assert len(provider.asked) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 406, 409, 410, 413, 414, 418, 422, 451])
def test_another_4xx_is_an_error_at_once(provider: Any, door: Any, status: int) -> None:
    provider.on("/a", status=status, headers={"Retry-After": "0"})
    with pytest.raises(StatusError, match=rf"^s: {provider.url}/a answered {status}; \S") as caught:
        door().get(f"{provider.url}/a", source="s")
    assert caught.value.status == status
    assert len(provider.asked) == 1


def test_attempts_are_bounded(provider: Any, door: Any) -> None:
    provider.on("/a", "busy\nmore", status=503)
    with pytest.raises(
        StatusError, match=r"answered 503 \(busy\) \(4 attempts in \d+ s\); try again later"
    ):
        door(attempts=4).get(f"{provider.url}/a", source="s")
    assert len(provider.asked) == 4
    with pytest.raises(StatusError):
        door().get(f"{provider.url}/a", source="s", attempts=2)
    assert len(provider.asked) == 6


@pytest.mark.parametrize(
    "fault",
    [
        {"drop": True},
        {"cut": 100},
        {"cut": 0},
        {"cut": 2500, "chunked": True},
        {"cut": 0, "chunked": True},
        {"cut": len(LONG), "chunked": True},  # all chunks, no end
        {"cut": 300, "encoding": "gzip", "length": False},
        {"cut": 300, "encoding": "gzip"},
        {"cut": 0, "length": False},
    ],
)
@pytest.mark.parametrize("how", ["get", "download"])
def test_a_body_that_is_cut_is_never_taken(
    provider: Any, door: Any, fault: dict[str, Any], how: str
) -> None:
    provider.on("/a", LONG, times=2, **fault).on("/a", LONG)
    http = door()
    received = getattr(http, how)(f"{provider.url}/a", source="s")
    assert received.content == LONG
    assert len(provider.asked) == 3


def test_json_of_unknown_length_that_is_cut_is_tried_again(provider: Any, door: Any) -> None:
    """As from a server of HTTP/1.0, which tells the end by closing."""
    provider.on("/a", BODY, length=False, cut=40, times=2).on("/a", BODY + b"\n", length=False)
    assert door().get(f"{provider.url}/a", source="s").content == BODY + b"\n"
    assert len(provider.asked) == 3
    provider.on("/b", b"a;b\n1;2", length=False)
    assert door().get(f"{provider.url}/b", source="s").content == b"a;b\n1;2"


def test_a_body_that_is_always_cut_is_an_error_and_nothing_is_kept(
    provider: Any, door: Any, tmp_path: Path
) -> None:
    provider.on("/a", LONG, cut=1000)
    with pytest.raises(SourceError, match=r"^s: http.* sent a body that ends too early"):
        door(attempts=3).get(f"{provider.url}/a", source="s")
    assert [path for path in (tmp_path / "raw").rglob("*") if path.suffix in (".tmp", ".gz")] == []
    assert door().kept(f"{provider.url}/a", source="s") is None


def test_a_gzip_encoding_that_is_damaged_or_unknown(provider: Any, door: Any) -> None:
    provider.on("/a", b"no gzip", headers={"Content-Encoding": "gzip"}).on("/a", BODY)
    assert door().get(f"{provider.url}/a", source="s").content == BODY
    provider.on("/b", b"?", headers={"Content-Encoding": "br"})
    with pytest.raises(SourceError, match="Content-Encoding br, which was not asked for"):
        door().get(f"{provider.url}/b", source="s")


def test_a_slow_answer_times_out_and_is_tried_again(provider: Any, door: Any) -> None:
    provider.on("/a", BODY, delay_s=1.5).on("/a", BODY)
    assert door(read_timeout_s=0.3).get(f"{provider.url}/a", source="s").content == BODY
    assert len(provider.asked) == 2


def test_a_provider_that_never_answers_is_given_up(provider: Any, door: Any) -> None:
    provider.on("/a", BODY, delay_s=1.0)
    with pytest.raises(SourceError, match=r"did not answer within 0\.2 s \(2 attempts"):
        door(read_timeout_s=0.2, attempts=2).get(f"{provider.url}/a", source="s")


def test_silence_counts_as_waiting(provider: Any, door: Any) -> None:
    provider.on("/a", BODY, delay_s=1.0)
    with pytest.raises(SourceError, match="did not answer"):
        door(read_timeout_s=0.3, patience_s=0.5, attempts=50).get(f"{provider.url}/a", source="s")
    assert len(provider.asked) <= 3


def test_a_body_that_trickles_is_given_up(provider: Any, door: Any) -> None:
    provider.on("/a", b"x" * 100, drip_s=0.1)
    with pytest.raises(SourceError, match=r"sent \d+ bytes only in"):
        door(read_timeout_s=0.5, attempts=1).get(f"{provider.url}/a", source="s")


def test_a_slow_body_that_keeps_coming_is_taken(provider: Any, door: Any) -> None:
    provider.on("/a", b"x" * 600, drip_s=0.001)
    assert len(door(read_timeout_s=0.2).get(f"{provider.url}/a", source="s").content) == 600


def test_nobody_there(door: Any) -> None:
    http = door(attempts=4)
    url = "http://127.0.0.1:9/a"
    with pytest.raises(
        SourceError, match=r"^s, département 32: .* refused .* \(4 attempts .*--off"
    ):
        http.get(url, source="s, département 32")
    # The next département does not wait as long.
    with pytest.raises(SourceError, match=r"\(2 attempts"):
        http.get(url, source="s, département 33")


@pytest.mark.parametrize("url", ["htp://h/a", "http://", "nonsense", "http://h:port/a"])
def test_a_url_that_is_none(door: Any, url: str) -> None:
    with pytest.raises(SourceError, match=r"^s: "):
        door(attempts=1).get(url, source="s")


def test_a_circle_of_redirections(provider: Any, door: Any) -> None:
    provider.on("/a", status=302, headers={"Location": "/a"})
    with pytest.raises(SourceError, match="TooManyRedirects"):
        door().get(f"{provider.url}/a", source="s")


# How long is waited


def waits(provider: Any, door: Any, **options: Any) -> list[float]:
    """Return the waits before the attempts of one request."""
    slept: list[float] = []
    http = door(sleep=slept.append, backoff_s=0.5, **options)
    http.get(f"{provider.url}/a", source="s")
    return [wait_s for wait_s in slept if wait_s > 0.1]  # the pace waits beside


def test_backoff_doubles_with_jitter(provider: Any, door: Any) -> None:
    provider.on("/a", status=500, times=6).on("/a", BODY)
    slept = waits(provider, door)
    for wait_s, least in zip(slept, [0.5, 0.5, 1, 2, 4, 8], strict=True):
        assert least <= wait_s <= least + 0.5


def test_retry_after_in_seconds_is_honoured(provider: Any, door: Any) -> None:
    provider.on("/a", status=429, headers={"Retry-After": "17"}).on("/a", BODY)
    slept = waits(provider, door)
    assert 17 <= slept[0] <= 18


def test_retry_after_is_read_by_the_clock_of_the_provider(provider: Any, door: Any) -> None:
    """Its clock is two years behind: what counts is how far the two dates are apart."""
    now = datetime(2024, 3, 1, 12, tzinfo=UTC)
    then = now + timedelta(seconds=21)
    headers = {
        "Date": format_datetime(now, usegmt=True),
        "Retry-After": format_datetime(then, usegmt=True),
    }
    provider.on("/a", status=503, headers=headers).on("/a", BODY)
    assert 21 <= waits(provider, door)[0] <= 22


@pytest.mark.parametrize(
    "said", ["Fri, 01 Mar 2019 12:00:00 GMT", "soon", "", "-5", "1e9", "Fri, 99 Foo 2019"]
)
def test_a_retry_after_of_no_use_is_passed_over(provider: Any, door: Any, said: str) -> None:
    provider.on("/a", status=429, headers={"Retry-After": said}).on("/a", BODY)
    assert waits(provider, door)[0] <= 4


@pytest.mark.parametrize("said", ["86400", "999999999", "Fri, 01 Mar 2999 12:00:00 GMT"])
def test_a_retry_after_beyond_patience_ends_it_at_once(provider: Any, door: Any, said: str) -> None:
    provider.on("/a", status=429, headers={"Retry-After": said}, json={"reason": "Daily limit"})
    slept: list[float] = []
    with pytest.raises(
        StatusError, match=r"429 \(Daily limit\) and asks to wait \d+ s; try again after that"
    ):
        door(sleep=slept.append).get(f"{provider.url}/a", source="s")
    assert slept == []
    assert len(provider.asked) == 1


def test_a_daily_limit_does_not_hold_the_next_request_back(provider: Any, door: Any) -> None:
    provider.on("/a", status=429, headers={"Retry-After": "86400"}).on("/b", BODY)
    slept: list[float] = []
    http = door(sleep=slept.append)
    with pytest.raises(StatusError, match="asks to wait 86400 s"):
        http.get(f"{provider.url}/a", source="s")
    assert http.get(f"{provider.url}/b", source="s").content == BODY
    assert max(slept, default=0.0) < 1


def test_waiting_is_bounded_as_a_whole(provider: Any, door: Any) -> None:
    provider.on("/a", status=429, headers={"Retry-After": "50"})
    slept: list[float] = []
    with pytest.raises(StatusError):
        door(sleep=slept.append, patience_s=120).get(f"{provider.url}/a", source="s")
    assert len(provider.asked) == 3
    assert sum(wait_s for wait_s in slept if wait_s > 49.9) < 250  # the pace waits beside


# The pace


def test_requests_to_a_host_are_spaced_for_all_threads(provider: Any, door: Any) -> None:
    provider.on("/*", BODY)
    http = door(rates={provider.host: 20.0})
    begun_s = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: http.get(f"{provider.url}/{n}", source="s"), range(9)))
    # By the clock here: a busy machine may let the first one arrive late, and look like a rush.
    assert time.monotonic() - begun_s >= 8 * 0.05


def test_two_doors_on_one_store_share_the_pace(provider: Any, door: Any) -> None:
    provider.on("/*", BODY)
    doors = [door(rates={"127.0.0.1": 20.0}) for _ in range(3)]
    begun_s = time.monotonic()
    with ThreadPoolExecutor(3) as pool:
        for _ in range(3):
            list(pool.map(lambda http: http.get(f"{provider.url}/a", source="s"), doors))
    assert len(provider.asked) == 9
    assert time.monotonic() - begun_s >= 8 * 0.05


def test_another_host_has_its_own_pace() -> None:
    slept: list[float] = []
    pace = Pace({"slow": 0.01}, 1000.0, sleep=slept.append)
    pace.wait("slow")
    pace.wait("other")
    assert slept == []
    pace.wait("slow")
    assert 99 < slept[0] <= 100


def test_a_heavy_request_takes_more_turns() -> None:
    slept: list[float] = []
    pace = Pace({}, 1.0, sleep=slept.append)
    pace.wait("h", weight=30)
    pace.wait("h")
    assert 29 < slept[0] <= 30


def test_429_slows_all_down_and_answers_ease() -> None:
    slept: list[float] = []
    pace = Pace({}, 1.0, sleep=slept.append)
    pace.pause("h", 40)
    pace.wait("h")
    assert 39 < slept[0] <= 40
    pace.wait("h")
    assert 41 < slept[1] <= 42  # half as often
    for _ in range(10):
        pace.ease("h")
    pace.wait("h")
    pace.wait("h")
    assert 0.9 < slept[3] - slept[2] <= 1.1


def test_a_clock_that_was_set_does_not_stop_the_pace(tmp_path: Path) -> None:
    slept: list[float] = []
    (tmp_path / "h.json").write_text(
        json.dumps({"next_s": time.time() + 1e6, "paused_until_s": 1e12, "slower": 1e9})
    )
    Pace({}, 100.0, tmp_path, slept.append).wait("h")
    (tmp_path / "h.json").write_text('{"next_s": 1')  # killed while writing
    Pace({}, 100.0, tmp_path, slept.append).wait("h")
    assert slept == []


def test_a_rate_is_more_than_nothing() -> None:
    with pytest.raises(ValueError, match="more than 0"):
        Pace({"h": 0.0}, 1.0)


def test_a_429_holds_other_threads_back(provider: Any, door: Any) -> None:
    provider.on("/a", status=429, headers={"Retry-After": "1"}).on("/a", BODY).on("/b", BODY)
    http = door()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(http.get, f"{provider.url}/a", source="s")
        while not provider.asked:
            time.sleep(0.01)
        time.sleep(0.2)
        second = pool.submit(http.get, f"{provider.url}/b", source="s")
        assert first.result().content == second.result().content == BODY
    refused, *after = (asked.at_s for asked in provider.asked)
    assert min(after) - refused >= 0.9


# What is kept, and asked for no more


def test_final_content_is_asked_for_once(provider: Any, door: Any) -> None:
    provider.on("/a", BODY, etag='"1"')
    first = door().get(f"{provider.url}/a", source="s", final=True)
    again = door().get(f"{provider.url}/a", source="s", final=True)
    assert again.content == BODY
    assert again.received_at == first.received_at
    assert len(provider.asked) == 1


def test_what_was_provisional_is_asked_for_once_more_when_it_is_final(
    provider: Any, door: Any
) -> None:
    """What was kept while it could still change may not be what the provider says now."""
    provider.on("/a", b"early figures").on("/a", b"final figures")
    assert door().get(f"{provider.url}/a", source="s").content == b"early figures"
    assert door().get(f"{provider.url}/a", source="s", final=True).content == b"final figures"
    assert door().get(f"{provider.url}/a", source="s", final=True).content == b"final figures"
    assert len(provider.asked) == 2


def test_an_unchanged_answer_is_confirmed_by_etag(provider: Any, door: Any) -> None:
    provider.on("/a", BODY, etag='"1"')
    first = door().get(f"{provider.url}/a", source="s")
    again = door().get(f"{provider.url}/a", source="s", final=True)
    assert provider.asked[1].headers["if-none-match"] == '"1"'
    assert again.content == BODY
    assert again.received_at == first.received_at
    door().get(f"{provider.url}/a", source="s", final=True)
    assert len(provider.asked) == 2  # confirmed as final


def test_an_unchanged_answer_is_confirmed_by_date(provider: Any, door: Any) -> None:
    date = "Wed, 01 Jan 2025 00:00:00 GMT"
    provider.on("/a", BODY, last_modified=date)
    door().get(f"{provider.url}/a", source="s")
    assert door().get(f"{provider.url}/a", source="s").content == BODY
    assert provider.asked[1].headers["if-modified-since"] == date


def test_a_changed_answer_replaces_the_kept_one(provider: Any, door: Any) -> None:
    provider.on("/a", b"old", etag='"1"').on("/a", b"new", etag='"2"')
    door().get(f"{provider.url}/a", source="s")
    assert door().get(f"{provider.url}/a", source="s").content == b"new"
    assert door(offline=True).get(f"{provider.url}/a", source="s").content == b"new"


def test_a_date_in_the_future_is_no_condition(provider: Any, door: Any) -> None:
    """With a clock that is ahead, all later changes would pass for none."""
    provider.on("/a", b"old", last_modified="Wed, 01 Jan 2997 00:00:00 GMT").on("/a", b"new")
    door().get(f"{provider.url}/a", source="s")
    assert door().get(f"{provider.url}/a", source="s").content == b"new"
    assert "if-modified-since" not in provider.asked[1].headers


def test_a_304_to_no_condition_is_an_error(provider: Any, door: Any) -> None:
    provider.on("/a", status=304)
    with pytest.raises(StatusError, match="answered 304"):
        door().get(f"{provider.url}/a", source="s")


def test_what_came_a_moment_ago_may_do(provider: Any, door: Any) -> None:
    provider.on("/a", BODY)
    door().get(f"{provider.url}/a", source="s", max_age_s=3600)
    door().get(f"{provider.url}/a", source="s", max_age_s=3600)
    assert len(provider.asked) == 1
    door().get(f"{provider.url}/a", source="s")
    assert len(provider.asked) == 2


def test_answers_of_other_parameters_are_apart(provider: Any, door: Any) -> None:
    provider.on("/a", lambda asked: provider.answer(asked.one("departement")))
    http = door()
    for _ in range(2):
        for code in ("2A", "2B", "971"):
            received = http.get(
                f"{provider.url}/a", source="s", params={"departement": code}, final=True
            )
            assert received.content == code.encode()
    assert len(provider.asked) == 3


def test_a_stable_key_in_place_of_a_url_that_changes(provider: Any, door: Any) -> None:
    provider.on("/commande/fichier", b"AAAAMMJJ;RR\n20250101;1,5\n", status=201)
    door().get(
        f"{provider.url}/commande/fichier",
        source="meteo-france-api", params={"id-cmde": "77"}, keep_as="32001001 2024", final=True,
    )  # fmt: skip
    kept = door(offline=True).kept(source="meteo-france-api", keep_as="32001001 2024")
    assert kept.content.endswith(b"1,5\n")
    assert kept.status == 201
    again = door().get(
        f"{provider.url}/commande/fichier",
        source="meteo-france-api", params={"id-cmde": "78"}, keep_as="32001001 2024", final=True,
    )  # fmt: skip
    assert again.content == kept.content
    assert len(provider.asked) == 1


@pytest.mark.parametrize("status", [202, 204])
def test_an_answer_that_says_not_yet_is_not_kept(provider: Any, door: Any, status: int) -> None:
    provider.on("/a", status=status).on("/a", BODY, status=201)
    http = door()
    received = http.get(f"{provider.url}/a", source="s")
    assert (received.status, received.content, received.path) == (status, b"", None)
    assert http.kept(f"{provider.url}/a", source="s") is None
    assert http.get(f"{provider.url}/a", source="s").status == 201
    provider.on("/b", status=status)
    with pytest.raises(SourceError, match="in place of a file"):
        http.download(f"{provider.url}/b", source="s")


def test_keep_nothing_when_told(provider: Any, door: Any, tmp_path: Path) -> None:
    provider.on("/a", BODY)
    assert door().get(f"{provider.url}/a", source="s", keep=False).content == BODY
    assert list((tmp_path / "raw").rglob(SIDECAR)) == []


def test_a_damaged_file_is_asked_for_anew(provider: Any, door: Any) -> None:
    provider.on("/a", BODY, etag='"1"')
    path = door().get(f"{provider.url}/a", source="s", final=True).path
    whole = path.read_bytes()
    for damage in (whole[:-9], b"", gzip.compress(BODY.replace(b"13.2", b"31.2"))):
        path.write_bytes(damage)
        with pytest.raises(NotKeptError, match="damaged"):
            door(offline=True).get(f"{provider.url}/a", source="s")
        received = door().get(f"{provider.url}/a", source="s", final=True)
        assert received.content == BODY
        assert "if-none-match" not in provider.asked[-1].headers
        assert door().download(f"{provider.url}/a", source="s", final=True).content == BODY
    assert len(provider.asked) == 4


def test_what_was_rejected_is_asked_for_anew_and_what_was_before_holds(
    provider: Any, door: Any
) -> None:
    provider.on("/a", BODY, etag='"1"').on("/a", b"<html>Maintenance", etag='"2"', times=2)
    provider.on("/a", BODY + b" ", etag='"3"')
    http = door()
    url = f"{provider.url}/a"
    http.get(url, source="s")
    for _ in range(2):
        http.get(url, source="s").reject(verbatim("sent HTML"))
        assert door(offline=True).get(url, source="s").content == BODY
    assert http.get(url, source="s").content == BODY + b" "
    assert [a.headers.get("if-none-match") for a in provider.asked] == [None, *3 * ['"1"']]


def test_a_first_answer_that_was_rejected_is_nothing(provider: Any, door: Any) -> None:
    provider.on("/a", b"<html>", etag='"1"').on("/a", BODY)
    door().get(f"{provider.url}/a", source="s", final=True).reject(verbatim("sent HTML"))
    with pytest.raises(NotKeptError, match=r"of no use \(sent HTML\); run once without --offline"):
        door(offline=True).get(f"{provider.url}/a", source="s")
    assert door().get(f"{provider.url}/a", source="s", final=True).content == BODY


# Offline


def test_offline_gives_what_is_kept_and_asks_nothing(provider: Any, door: Any) -> None:
    provider.on("/a", BODY)
    door().get(f"{provider.url}/a", source="s")
    offline = door(offline=True)
    assert offline.get(f"{provider.url}/a", source="s").content == BODY
    assert offline.download(f"{provider.url}/a", source="s").content == BODY
    with pytest.raises(
        NotKeptError, match=rf"^s: {provider.url}/b was never received; run once without --offline$"
    ):
        offline.get(f"{provider.url}/b", source="s")
    assert provider.paths() == ["/a"]


# Downloads


def test_a_compressed_file_lies_there_as_received(provider: Any, door: Any) -> None:
    content = gzip.compress(b"LAMBX;LAMBY\n600;24010\n")
    provider.on("/SIM/QUOT_SIM2_2010-2019.csv.gz", content)
    received = door().download(f"{provider.url}/SIM/QUOT_SIM2_2010-2019.csv.gz", source="sim2")
    assert received.path.read_bytes() == content
    assert re.fullmatch(r"QUOT_SIM2_2010-2019\.\w{12}\.csv\.gz", received.path.name)
    assert received.compression is None
    assert received.content == content
    assert received.sha256 == sha256(content).hexdigest()


def test_another_file_is_compressed_and_opens_as_received(provider: Any, door: Any) -> None:
    provider.on("/zones.geojson", LONG)
    received = door().download(f"{provider.url}/zones.geojson", source="vigieau")
    assert received.path.name.endswith(".geojson.gz")
    assert received.path.stat().st_size < len(LONG) / 10
    assert gzip.decompress(received.path.read_bytes()) == LONG
    with received.open() as stream:
        assert stream.read() == LONG


def test_a_long_download_stays_out_of_memory(provider: Any, door: Any, tmp_path: Path) -> None:
    tracemalloc = pytest.importorskip("tracemalloc")
    content = os.urandom(1 << 20) * 40
    provider.on("/big.bin", content)
    http = door()
    tracemalloc.start()
    received = http.download(f"{provider.url}/big.bin", source="s")
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert received.sha256 == sha256(content).hexdigest()
    assert used < 8 << 20


# Bounds


def test_more_than_is_allowed_is_an_error(provider: Any, door: Any, tmp_path: Path) -> None:
    provider.on("/said", LONG)
    provider.on("/unsaid", LONG, chunked=True)
    provider.on("/expands", LONG, encoding="gzip")
    http = door()
    for path in ("said", "unsaid", "expands"):
        for how in (http.get, http.download):
            with pytest.raises(SourceError, match=r"sent more than the 0\.1 MB that are allowed"):
                how(f"{provider.url}/{path}", source="s", max_bytes=100_000)
    assert len(provider.asked) == 6
    assert list((tmp_path / "raw").rglob("*.gz")) == []


# What the provider says of its own errors


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"json": {"error": True, "reason": "Out of range"}}, "Out of range"),
        ({"json": {"message": "Département inconnu"}}, "Département inconnu"),
        ({"json": {"error": "no such station"}}, "no such station"),
        ({"body": "period over one year\nat line 7\n"}, "period over one year"),
        ({"json": {"reason": "zipped"}, "encoding": "gzip"}, "zipped"),
        ({"body": "<!DOCTYPE html><html><h1>Oops</h1></html>"}, None),
        ({"body": "<?xml version='1.0'?><x/>"}, None),
        ({"json": {"error": True}}, None),
        ({"json": [1, 2]}, None),
        ({"body": ""}, None),
        ({"body": "x" * 5000}, "x" * 300),
        ({"body": b"\x00\x1b[31m caf\xe9"}, "[31m caf�"),
    ],
)
def test_the_reason_is_the_providers_own(
    provider: Any, door: Any, said: dict[str, Any], reason: str | None
) -> None:
    provider.on("/a", status=400, **said)
    with pytest.raises(StatusError) as caught:
        door().get(f"{provider.url}/a", source="s")
    assert caught.value.reason == reason
    message = str(caught.value)
    assert "\n" not in message
    assert (f"({reason})" in message) if reason else "(" not in message


# Secrets


def test_secrets_are_nowhere(
    provider: Any, door: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secrets = ("s3cret-header", "s3cret-param", "s3cret-password", "s3cret%2Ftoken", "s3cret/token")
    caplog.set_level(logging.DEBUG)
    url = provider.url.replace("://", "://user:s3cret-password@")
    how = {
        "source": "s",
        "params": {"apikey": "s3cret-param", "access_token": "s3cret/token", "departement": "32"},
        "headers": {"apikey": "s3cret-header", "Authorization": "Bearer s3cret-header"},
    }
    echo = "bad key s3cret-header, s3cret-param or s3cret/token"
    provider.on("/a", status=500, json={"message": echo}).on("/a", BODY)
    provider.on("/b", status=403, json={"message": echo})
    http = door()
    received = http.get(f"{url}/a", **how)
    assert provider.asked[0].one("apikey") == "s3cret-param"
    assert provider.asked[0].headers["apikey"] == "s3cret-header"
    shown = [repr(received), received.url, repr(http.probe(f"{url}/b", **how)), caplog.text]
    with pytest.raises(StatusError, match=r"403 \(bad key \*\*\*, \*\*\* or \*\*\*\)") as caught:
        http.get(f"{url}/b", **how)
    with pytest.raises(SourceError) as unreachable:
        door(attempts=1).get("http://u:s3cret-password@127.0.0.1:9/a", **how)
    shown += [str(caught.value), repr(caught.value.reason), str(unreachable.value), caplog.text]
    files = [path for path in (tmp_path / "raw").rglob("*") if path.is_file()]
    shown += [str(path) for path in files]
    shown += [path.read_text(errors="replace") for path in files]
    for secret in secrets:
        for text in shown:
            assert secret not in text
    assert sidecar(tmp_path / "raw")["params"]["apikey"] == "***"
    assert "departement=32" in received.url


def test_another_key_finds_the_same_answer(provider: Any, door: Any) -> None:
    provider.on("/a", BODY)
    door().get(f"{provider.url}/a", source="s", params={"apikey": "one", "n": 1}, final=True)
    door().get(f"{provider.url}/a", source="s", params={"apikey": "two", "n": 1}, final=True)
    assert len(provider.asked) == 1


def test_a_key_goes_to_no_other_host(provider: Any, door: Any) -> None:
    elsewhere = provider.url.replace("127.0.0.1", "localhost")
    provider.on("/a", status=302, headers={"Location": f"{elsewhere}/b"})
    provider.on("/b", BODY)
    door().get(f"{provider.url}/a", source="s", headers={"apikey": "k3y-k3y", "X-Other": "1"})
    here, there = provider.asked
    assert here.headers["apikey"] == "k3y-k3y"
    assert "apikey" not in there.headers
    assert there.headers["x-other"] == "1"


def test_what_is_secret_in_a_url() -> None:
    url = "https://u:p@h/a?apikey=1&code_departement=31&X-Amz-Signature=2&Access_Token=3&q=key"
    shown = "https://h/a?apikey=***&code_departement=31&X-Amz-Signature=***&Access_Token=***&q=key"
    assert without_secrets(url) == shown


def test_cookies_are_not_sent_back(provider: Any, door: Any) -> None:
    provider.on("/a", BODY, headers={"Set-Cookie": "id=1; Path=/"})
    http = door()
    http.get(f"{provider.url}/a", source="s")
    http.get(f"{provider.url}/a", source="s")
    assert all("cookie" not in asked.headers for asked in provider.asked)


# Mirrors, files, proxies, redirections


def test_a_mirror_stands_in(provider: Any, door: Any) -> None:
    provider.on("/meteofrance/Q_32.csv.gz", BODY)
    official = "https://object.files.data.gouv.fr"
    http = door(mirrors={official: provider.url})
    received = http.get(f"{official}/meteofrance/Q_32.csv.gz", source="meteo-france")
    assert received.content == BODY
    assert received.url == f"{official}/meteofrance/Q_32.csv.gz"
    # What came from the mirror is what was asked for, with or without it.
    assert door(offline=True).get(received.url, source="meteo-france").content == BODY
    with pytest.raises(StatusError, match=rf"^meteo-france: {provider.url}/none answered 404"):
        http.get(f"{official}/none", source="meteo-france")


def test_a_mirror_is_for_whole_hosts_and_folders(provider: Any, door: Any) -> None:
    provider.on("/a", BODY)
    mirrors = {"http://127.0.0": "http://wrong", f"{provider.url}/b": f"{provider.url}/a"}
    http = door(mirrors=mirrors)
    assert http.get(f"{provider.url}/b", source="s").content == BODY
    with pytest.raises(StatusError, match=rf"{provider.url}/bc answered 404"):
        http.get(f"{provider.url}/bc", source="s")


def test_what_came_from_elsewhere_is_no_condition_here(provider: Any, door: Any) -> None:
    provider.on("/one/a", b"old", etag='"1"').on("/two/a", b"new", etag='"1"')
    official = "https://example.org"
    door(mirrors={official: f"{provider.url}/one"}).get(f"{official}/a", source="s")
    received = door(mirrors={official: f"{provider.url}/two"}).get(f"{official}/a", source="s")
    assert received.content == b"new"


def test_a_redirection_is_followed_and_noted(provider: Any, door: Any, tmp_path: Path) -> None:
    provider.on("/stable", status=302, headers={"Location": "/2025/file.csv"})
    provider.on("/2025/file.csv", BODY, last_modified="Wed, 01 Jan 2025 00:00:00 GMT")
    http = door()
    received = http.get(f"{provider.url}/stable", source="s")
    assert received.content == BODY
    assert received.url == f"{provider.url}/stable"
    assert sidecar(tmp_path / "raw")["redirected_to"] == f"{provider.url}/2025/file.csv"
    # The next file behind the stable URL may be older: its date alone is no condition.
    http.get(f"{provider.url}/stable", source="s")
    assert "if-modified-since" not in provider.asked[-1].headers


def test_a_file_url(door: Any, tmp_path: Path) -> None:
    file = tmp_path / "Saisie été.csv"
    file.write_bytes(b"a;b\n")
    http = door()
    url = file.as_uri()
    assert http.get(url, source="s").content == b"a;b\n"
    kept = http.download(url, source="s")
    assert kept.content == b"a;b\n"
    file.write_bytes(b"a;c\n")
    assert http.get(url, source="s").content == b"a;c\n"
    assert http.get(url, source="s", final=True).content == b"a;c\n"
    file.unlink()
    assert http.get(url, source="s", final=True).content == b"a;c\n"
    assert door(offline=True).get(url, source="s").content == b"a;c\n"
    with pytest.raises(SourceError, match=r"^s: file://.*cannot be read \(No such file"):
        http.get(url, source="s")
    with pytest.raises(SourceError, match="cannot be read"):
        http.get(tmp_path.as_uri(), source="s")


def test_a_file_for_one_query_is_not_given_for_another(door: Any, tmp_path: Path) -> None:
    (tmp_path / "zones").write_bytes(b"all")
    (tmp_path / "zones?commune=32013").write_bytes(b"Auch")
    http = door(mirrors={"https://example.org": tmp_path.as_uri()})
    url = "https://example.org/zones"
    assert http.get(url, source="s").content == b"all"
    assert http.get(url, source="s", params={"commune": "32013"}).content == b"Auch"
    with pytest.raises(SourceError, match="cannot be read"):
        http.get(url, source="s", params={"commune": "33063"})


def test_a_proxy_of_the_environment_is_used(
    provider: Any, door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", provider.url)
    provider.on("/v1/archive", BODY)
    received = door().get("http://archive-api.example/v1/archive", source="s")
    assert received.content == BODY
    assert provider.asked[0].headers["host"] == "archive-api.example"


# Many at once


def test_threads_share_a_door(provider: Any, door: Any) -> None:
    provider.on("/*", lambda asked: provider.answer(asked.path * 200, chunked=True))
    http = door()

    def fetch(number: int) -> bool:
        path = f"/{number % 20}"
        return bool(http.get(provider.url + path, source="s").content == path.encode() * 200)

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(fetch, range(200)))


def test_one_file_that_all_ask_for_at_once_is_fetched_once(provider: Any, door: Any) -> None:
    provider.on("/big.csv.gz", gzip.compress(LONG), delay_s=0.2)
    http = door()
    url = f"{provider.url}/big.csv.gz"
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda n: http.download(url, source="s", final=True).path, range(8)))
    assert len(set(paths)) == 1
    assert len(provider.asked) == 1


FETCH = """
import sys
from pathlib import Path
from geo_pipeline.sources.http import Http
from geo_pipeline.sources.raw import RawStore
http = Http(RawStore(Path(sys.argv[1])), default_rate=10_000.0)
for _ in range(40):
    content = http.get(sys.argv[2], source="s").content
    assert len(set(content)) == 1 and len(content) == 3000, content[:50]
"""


def test_processes_share_a_store(provider: Any, tmp_path: Path) -> None:
    """Each answer is another: whoever reads meets one of them whole, with its own hash."""
    count = iter(range(10_000))
    lock = threading.Lock()

    def answer(asked: Any) -> Any:
        with lock:
            letter = b"%c" % (97 + next(count) % 26)
        return provider.answer(letter * 3000, etag=f'"{letter.decode()}"')

    provider.on("/a", answer)
    raw = tmp_path / "raw"
    command = [sys.executable, "-c", FETCH, str(raw), f"{provider.url}/a"]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
    store = RawStore(raw)
    (kept,) = store.all()
    assert store.intact(kept)
    left = {path.name for path in kept.folder.iterdir() if not path.name.startswith(".")}
    assert len(left) <= 3  # the sidecar, the last and the previous


# The log


def test_one_line_a_request(provider: Any, door: Any, caplog: pytest.LogCaptureFixture) -> None:
    provider.on("/a", BODY)
    http = door()
    with caplog.at_level(logging.INFO, logger="geo_pipeline"):
        http.get(f"{provider.url}/a", source="open-meteo", final=True)
        http.get(f"{provider.url}/a", source="open-meteo", final=True)
    network, raw = (record.getMessage() for record in caplog.records)
    said = f"{len(BODY)} bytes, 1 attempts, from network"
    assert re.fullmatch(rf"open-meteo: {provider.url}/a 200 in [\d.]+ s, {said}", network)
    assert raw.endswith(f"{len(BODY)} bytes, 0 attempts, from raw")


# A look at a provider


def test_a_probe_tells_and_never_raises(provider: Any, door: Any, tmp_path: Path) -> None:
    provider.on("/a", LONG, last_modified="Wed, 01 Jan 2025 00:00:00 GMT")
    provider.on("/b", status=500)
    http = door(offline=True)
    probe = http.probe(f"{provider.url}/a", source="s")
    assert (probe.status, probe.error) == (200, None)
    assert probe.last_modified == datetime(2025, 1, 1, tzinfo=UTC)
    assert http.probe(f"{provider.url}/b", source="s").error == message("http.answered", status=500)
    assert len(provider.asked) == 2
    assert http.probe("http://127.0.0.1:9/", source="s").error == message("http.refused")
    assert http.probe((tmp_path / "none").as_uri(), source="s").error == message("http.no_file")
    assert not list(tmp_path.rglob(SIDECAR))
