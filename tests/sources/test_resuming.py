"""Downloads over real HTTP on loopback that are cut at any byte: they go on where they were."""

import gzip
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import md5, sha1
from pathlib import Path
from typing import Any

import pytest

from geo_pipeline.errors import SourceError, StorageError
from geo_pipeline.sources.http import Checksum, Http
from geo_pipeline.sources.http.resuming import BYTES, NOTE
from geo_pipeline.sources.raw import RawStore
from tests.conftest import ROOT
from tests.sources.file_host import FileHost

FILE = "/meteofrance/QUOT_SIM2_2025.csv.gz"
CONTENT = gzip.compress(random.Random(1).randbytes(400_000), mtime=0)
OTHER = gzip.compress(random.Random(2).randbytes(400_000), mtime=0)


@pytest.fixture
def host() -> Iterator[FileHost]:
    server = FileHost({FILE: CONTENT})
    yield server
    server.close()


@pytest.fixture
def door(tmp_path: Path) -> Callable[..., Http]:
    """Return what makes a client on one raw store, as a new run would."""

    def make(**said: Any) -> Http:
        said = {"backoff_s": 0.001, "default_rate": 10_000.0, "read_timeout_s": 5.0, **said}
        return Http(RawStore(tmp_path / "raw"), **said)

    return make


def partial(tmp_path: Path) -> list[Path]:
    """Return the bytes of cut downloads that are kept."""
    return [*tmp_path.rglob(BYTES), *tmp_path.rglob(NOTE)]


@pytest.mark.parametrize("seed", range(5))
def test_a_download_cut_at_random_bytes_asks_for_the_rest_only(
    host: FileHost, door: Any, tmp_path: Path, seed: int
) -> None:
    host.cuts = 12  # more than the attempts of a request: each of them brings something
    host._random.seed(seed)
    told: list[tuple[int, int | None]] = []
    http = door(on_bytes=lambda url, path, done, length: told.append((done, length)))
    received = http.download(host.url + FILE, source="sim2", final=True)
    assert received.path.read_bytes() == CONTENT
    asked = host.sent(FILE)
    assert len(asked) == 13
    assert asked[0] == (None, 200)
    assert {status for part, status in asked if part is not None} == {206}
    # Never a byte twice: each request begins where the one before was cut.
    starts = [int(part.removeprefix("bytes=")[:-1]) for part, _ in asked if part is not None]
    assert starts == sorted(starts)
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert not partial(tmp_path)
    assert http.raw.find(received.path.parent).status == 200


def test_the_next_run_goes_on_where_the_last_was_cut(
    host: FileHost, door: Any, tmp_path: Path
) -> None:
    host.cuts = 1
    # The rest is answered with an error, so that the first run ends without the file.
    host.on_cut = lambda server, path: server.faults.extend([(500, {})] * 2)
    with pytest.raises(SourceError, match="answered 500"):
        door(attempts=2).download(host.url + FILE, source="sim2")
    (kept,) = tmp_path.rglob(BYTES)
    before = kept.stat().st_size
    assert kept.read_bytes() == CONTENT[:before]
    host.faults.clear()
    received = door().download(host.url + FILE, source="sim2")
    assert received.path.read_bytes() == CONTENT
    assert host.sent(FILE)[-1] == (f"bytes={before}-", 206)
    assert not partial(tmp_path)


def test_a_file_that_has_changed_meanwhile_is_fetched_whole(host: FileHost, door: Any) -> None:
    host.cuts = 1
    host.on_cut = lambda server, path: server.files.update({path: OTHER})
    received = door().download(host.url + FILE, source="sim2")
    assert received.path.read_bytes() == OTHER
    assert [status for _, status in host.sent(FILE)] == [200, 200]


def test_without_validators_a_cut_download_begins_again(host: FileHost, door: Any) -> None:
    host.validators, host.cuts = False, 2
    received = door().download(host.url + FILE, source="sim2")
    assert received.path.read_bytes() == CONTENT
    assert [part for part, _ in host.sent(FILE)] == [None] * 3


def test_bytes_that_were_all_there_are_kept_without_another_download(
    host: FileHost, door: Any, tmp_path: Path
) -> None:
    http = door()
    http.download(host.url + FILE, source="sim2")
    (sidecar,) = tmp_path.rglob("received.json")
    # As a process that was killed between the last byte and the rename leaves it.
    host.cuts = 1
    place = sidecar.parent
    shutil.rmtree(place)
    host.on_cut = lambda server, path: server.faults.append((404, {}))
    with pytest.raises(SourceError):
        door().download(host.url + FILE, source="sim2")
    (place / BYTES).write_bytes(CONTENT)
    received = door().download(host.url + FILE, source="sim2")
    assert received.path.read_bytes() == CONTENT
    assert host.sent(FILE)[-1] == (f"bytes={len(CONTENT)}-", 416)
    assert not partial(tmp_path)


def test_bytes_of_an_older_file_of_the_same_length_are_not_taken(
    host: FileHost, door: Any, tmp_path: Path
) -> None:
    """The host ignores If-Range where the range is beyond the end: its validator tells."""
    host.cuts = 1
    host.on_cut = lambda server, path: server.faults.append((404, {}))
    with pytest.raises(SourceError):
        door().download(host.url + FILE, source="sim2")
    (kept,) = tmp_path.rglob(BYTES)
    kept.write_bytes(OTHER[: len(CONTENT)].ljust(len(CONTENT), b"\0"))
    host.files[FILE] = CONTENT[:-1] + b"\1"
    received = door().download(host.url + FILE, source="sim2")
    assert received.path.read_bytes() == host.files[FILE]


@pytest.mark.parametrize("odd", ["bytes 5-9/10", "bytes 0-9/10", "", "garbage"])
def test_another_part_than_was_asked_for_is_dropped(
    provider: Any, door: Any, tmp_path: Path, odd: str
) -> None:
    provider.on(FILE, CONTENT, cut=1000, etag='"1"')
    provider.on(FILE, CONTENT[5:], status=206, headers={"Content-Range": odd}, etag='"1"')
    provider.on(FILE, CONTENT, etag='"1"')
    received = door().download(provider.url + FILE, source="sim2")
    assert received.path.read_bytes() == CONTENT
    assert [asked.headers.get("range") for asked in provider.asked] == [None, "bytes=1000-", None]


def test_empty_and_short_answers_are_asked_for_again(provider: Any, door: Any) -> None:
    provider.on(FILE, b"", etag='"0"').on(FILE, CONTENT, etag='"1"')
    assert door().download(provider.url + FILE, source="sim2").path.read_bytes() == CONTENT
    provider.on("/list", b"").on("/list", b'{"resources": [').on("/list", b'{"resources": []}')
    assert door().get(f"{provider.url}/list", source="sim2").content == b'{"resources": []}'
    assert provider.paths().count("/list") == 3


def test_the_publisher_s_checksum_is_compared(host: FileHost, door: Any) -> None:
    right = Checksum("sha1", sha1(CONTENT, usedforsecurity=False).hexdigest().upper())
    assert door().download(host.url + FILE, source="sim2", checksum=right).path
    wrong = Checksum("md5", md5(OTHER, usedforsecurity=False).hexdigest())
    host.files["/b.csv.gz"] = host.files["/c.csv.gz"] = CONTENT
    with pytest.raises(SourceError, match="whose md5 is not the one that its publisher lists"):
        door(attempts=3).download(f"{host.url}/b.csv.gz", source="sim2", checksum=wrong)
    assert len(host.sent("/b.csv.gz")) == 3
    # Listed in 2020, while the file is of November 2023: the list is late, the file is right.
    late = Checksum("md5", wrong.value, datetime(2020, 1, 1, tzinfo=UTC))
    assert door().download(f"{host.url}/c.csv.gz", source="sim2", checksum=late).path


def test_a_disk_without_room_is_told_before_a_byte_is_received(
    host: FileHost, door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=20_100_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StorageError, match=r"no room for a download of 0 MB in \S+, where 20 MB"):
        door().download(host.url + FILE, source="sim2")
    assert len(host.sent(FILE)) == 1


def test_a_host_is_asked_for_a_few_files_at_the_same_time(tmp_path: Path) -> None:
    """Two clients of one home, as two processes: together they keep to four of a host."""
    host = FileHost({f"/{n}.gz": CONTENT for n in range(12)}, bytes_per_s=2_000_000)
    try:
        doors = [Http(RawStore(tmp_path / "raw"), default_rate=10_000.0) for _ in range(2)]
        threads = [
            threading.Thread(
                target=doors[n % 2].download, args=(f"{host.url}/{n}.gz",), kwargs={"source": "s"}
            )
            for n in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert host.at_once == 4
    finally:
        host.close()


def test_a_429_pauses_as_long_as_it_says_and_the_rest_follows(host: FileHost, door: Any) -> None:
    host.cuts = 1
    host.on_cut = lambda server, path: server.faults.append((429, {"Retry-After": "1"}))
    started = time.monotonic()
    received = door().download(host.url + FILE, source="sim2")
    assert received.path.read_bytes() == CONTENT
    assert time.monotonic() - started >= 1.0
    assert [status for _, status in host.sent(FILE)] == [200, 429, 206]


def test_a_killed_process_leaves_what_it_has(host: FileHost, door: Any, tmp_path: Path) -> None:
    host.bytes_per_s = 400_000
    code = """
import sys
from pathlib import Path
from geo_pipeline.sources.http import Http
from geo_pipeline.sources.raw import RawStore
Http(RawStore(Path(sys.argv[1]))).download(sys.argv[2], source="sim2")
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "raw"), host.url + FILE],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    deadline = time.monotonic() + 30
    while not any(path.stat().st_size > 50_000 for path in tmp_path.rglob(BYTES)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.wait()
    host.bytes_per_s = 0
    received = door().download(host.url + FILE, source="sim2")
    assert received.path.read_bytes() == CONTENT
    part, status = host.sent(FILE)[-1]
    assert status == 206
    assert part is not None
    assert int(part.removeprefix("bytes=")[:-1]) > 50_000
