"""The raw store: what was received, byte for byte, whole or not at all."""

import gc
import gzip
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from geo_pipeline.errors import StorageError
from geo_pipeline.sources.raw import SIDECAR, About, Kept, RawStore
from geo_pipeline.words import verbatim

CSV = "AAAAMMJJ;RR\n20250101;1,5\n20250102;é\n".encode("latin-1")
URL = "https://object.files.data.gouv.fr/meteofrance/BASE/QUOT/Q_32_latest-2025-2026_RR-T-Vent.csv"


def about(url: str = URL, **said: object) -> About:
    """Return what is known of an answer."""
    known = About(
        source="meteo-france",
        url=url,
        params={},
        status=200,
        content_type="text/csv",
        etag='"1"',
        last_modified=None,
        final=False,
        keep_as=None,
        fetched_from=url,
        redirected_to=None,
    )
    return replace(known, **said)  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> RawStore:
    return RawStore(tmp_path / "raw")


def put(store: RawStore, *chunks: bytes, url: str = URL, **said: object) -> Kept:
    """Keep `chunks` as the answer to `url`."""
    return store.put(store.place("meteo-france", url), about(url, **said), chunks)


def files(store: RawStore) -> list[str]:
    """Return the names of the files kept, hidden ones left out."""
    return sorted(p.name for p in store.folder.rglob("*") if p.is_file() and p.name[0] != ".")


def test_bytes_are_kept_as_received(store: RawStore) -> None:
    kept = put(store, CSV[:7], CSV[7:20], b"", CSV[20:])
    with kept.open() as stream:
        assert stream.read() == CSV
    assert gzip.decompress(kept.path.read_bytes()) == CSV
    assert kept.sha256 == sha256(CSV).hexdigest()
    assert kept.length == len(CSV)
    assert store.intact(kept)
    assert store.find(kept.folder) == kept


def test_a_human_finds_things(store: RawStore) -> None:
    kept = put(store, CSV)
    source, host, entry, name = kept.path.relative_to(store.folder).parts
    assert (source, host) == ("meteo-france", "object.files.data.gouv.fr")
    assert entry.startswith("meteofrance_BASE_QUOT_Q_32_latest-2025-2026_RR-T-Vent.csv~")
    assert name == f"Q_32_latest-2025-2026_RR-T-Vent.{kept.sha256[:12]}.csv.gz"


def test_the_sidecar_tells_all(store: RawStore) -> None:
    kept = put(store, CSV, params={"size": "1"}, last_modified="Wed, 01 Jan 2025 00:00:00 GMT")
    said = json.loads((kept.folder / SIDECAR).read_text(encoding="utf-8"))
    assert said["url"] == URL
    assert said["params"] == {"size": "1"}
    assert said["status"] == 200
    assert said["received_at"].endswith("+00:00")
    assert said["sha256"] == sha256(CSV).hexdigest()
    assert said["length"] == len(CSV)
    assert said["content_type"] == "text/csv"
    assert said["etag"] == '"1"'
    assert said["last_modified"] == "Wed, 01 Jan 2025 00:00:00 GMT"
    assert said["final"] is False


@pytest.mark.parametrize(
    ("url", "content_type", "begins", "name"),
    [
        ("https://h/Q_32.csv.gz", None, b"\x1f\x8b", ".csv.gz"),
        ("https://h/SAA_2010-2024-d%C3%A9finitives.zip", None, b"PK\x03\x04", ".zip"),
        ("https://h/v1/archive?latitude=1,2", "application/json; charset=utf-8", b"{", ".json.gz"),
        ("https://h/v1.2/archive", None, b"{", ".bin.gz"),
        ("https://h/departements-1000m.geojson", None, b"{", ".geojson.gz"),
        # Content-Encoding was undone: what the name calls gzip is none, and becomes it again.
        ("https://h/Q_32.csv.gz", None, b"NUM_POSTE", ".csv.gz"),
        ("https://h/", "text/html", b"<html>", ".html.gz"),
        ("https://h/empty.csv", None, b"", ".csv"),
    ],
)
def test_names_tell_what_a_file_is(
    store: RawStore, url: str, content_type: str | None, begins: bytes, name: str
) -> None:
    kept = put(store, begins, url=url, content_type=content_type)
    assert kept.path.name.partition(kept.sha256[:12])[2] == name
    assert (kept.compression == "gzip") == (kept.path.read_bytes() != begins)
    with kept.open() as stream:
        assert stream.read() == begins


def test_a_compressed_file_that_trickles_in_is_known_as_such(store: RawStore) -> None:
    content = gzip.compress(CSV)
    kept = put(store, *(content[n : n + 1] for n in range(len(content))), url=URL + ".gz")
    assert kept.path.read_bytes() == content
    assert kept.compression is None


def test_urls_that_look_alike_are_apart(store: RawStore) -> None:
    long = "https://h/v1/archive?latitude=" + ",".join(["43.6"] * 500)
    urls = ["https://h/a?b=1", "https://h/a_b=1", "https://h/a?b=1%20", long + ",1", long + ",2"]
    for url in urls:
        put(store, url.encode(), url=url)
    assert [kept.url for kept in store.all()] == [kept.url for kept in store.all("meteo-france")]
    for url in urls:
        kept = store.find(store.place("meteo-france", url))
        assert kept is not None
        assert kept.url == url
    assert max(len(part) for p in store.folder.rglob("*") for part in p.parts) < 120


def test_names_cannot_lead_out_of_the_store(store: RawStore) -> None:
    for url in ("https://h/../../../etc/passwd", "https://..//%2e%2e%2f%2e%2e", "file:///etc/x"):
        place = store.place("../..", url, None)
        assert place.resolve().is_relative_to(store.folder.resolve())
        assert len(place.relative_to(store.folder).parts) == 3


def test_the_last_and_the_one_before_are_there(store: RawStore) -> None:
    first, second, third = (put(store, content) for content in (b"one", b"two", b"three"))
    assert files(store) == sorted([second.path.name, third.path.name, SIDECAR])
    assert store.find(first.folder) == third
    store.reject(third, verbatim("of no use"))
    assert store.find(first.folder) == second
    assert store.rejected(first.folder) == verbatim("of no use")
    fourth = put(store, b"four")
    store.reject(fourth, verbatim("of no use either"))
    assert store.find(first.folder) == second


def test_the_same_bad_content_twice_does_not_push_the_good_out(store: RawStore) -> None:
    good = put(store, b"good")
    for _ in range(3):
        store.reject(put(store, b"bad"), verbatim("bad"))
    put(store, b"bad")
    store.reject(put(store, b"bad"), verbatim("bad"))
    assert store.find(good.folder) == good
    assert store.intact(good)


def test_the_good_content_again_after_the_bad(store: RawStore) -> None:
    put(store, b"good")
    store.reject(put(store, b"bad"), verbatim("bad"))
    good = put(store, b"good")
    assert store.find(good.folder) == good
    assert store.intact(good)


def test_a_confirmed_answer_takes_the_place_of_a_rejected_one(store: RawStore) -> None:
    good = put(store, b"good")
    store.reject(put(store, b"bad"), verbatim("bad"))
    confirmed = store.confirm(good, final=True)
    assert store.find(good.folder) == confirmed
    assert confirmed.final
    assert confirmed.checked_at > good.checked_at
    assert confirmed.received_at == good.received_at
    assert store.rejected(good.folder) is None


def test_what_breaks_off_leaves_what_was(store: RawStore) -> None:
    good = put(store, b"good")

    def cut() -> Iterator[bytes]:
        yield b"half of "
        raise ConnectionError

    def cut_at_once() -> Iterator[bytes]:
        raise ConnectionError
        yield b""

    for chunks in (cut(), cut_at_once()):
        with pytest.raises(ConnectionError):
            store.put(good.folder, about(), chunks)
    assert store.find(good.folder) == good
    assert [p.name for p in good.folder.iterdir() if p.suffix == ".tmp"] == []


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"null", b'{"url": 1}', b"\xff\xfe"])
def test_a_damaged_sidecar_is_as_if_nothing_were_kept(store: RawStore, damage: bytes) -> None:
    kept = put(store, CSV)
    (kept.folder / SIDECAR).write_bytes(damage)
    assert store.find(kept.folder) is None
    assert list(store.all()) == []
    assert put(store, CSV).sha256 == kept.sha256
    assert store.find(kept.folder) is not None


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b\x08", gzip.compress(b"other", mtime=0)])
def test_damage_is_noticed(store: RawStore, damage: bytes) -> None:
    kept = put(store, CSV)
    assert store.intact(kept)
    kept.path.write_bytes(damage)
    assert not store.intact(kept)
    kept.path.unlink()
    assert not store.intact(kept)


def test_what_a_killed_process_left_is_swept(store: RawStore) -> None:
    kept = put(store, CSV)
    left = kept.folder / ".incoming.abc.tmp"
    fresh = kept.folder / ".incoming.def.tmp"
    for path in (left, fresh):
        path.write_bytes(b"half")
    os.utime(left, (time.time() - 7200,) * 2)
    put(store, CSV)
    assert not left.exists()
    assert fresh.exists()


def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "raw").write_text("a file")
    store = RawStore(tmp_path / "raw")
    with pytest.raises(
        StorageError, match=r"^cannot keep what was received in .*GEO_PIPELINE_HOME"
    ):
        put(store, CSV)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full disk to write to")
def test_a_full_disk(store: RawStore, monkeypatch: pytest.MonkeyPatch) -> None:
    good = put(store, b"good")
    real = os.fdopen

    def full(handle: int, mode: str, **options: Any) -> object:
        os.close(handle)
        return real(os.open("/dev/full", os.O_WRONLY), mode, **options)

    monkeypatch.setattr("geo_pipeline.files.os.fdopen", full)
    with pytest.raises(StorageError, match="No space left on device; free some space"):
        put(store, os.urandom(1 << 20))
    assert store.find(good.folder) == good
    assert store.intact(good)


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_raw import put
from geo_pipeline.sources.raw import RawStore
def chunks():
    yield os.urandom(1 << 20)
    os.kill(os.getpid(), 9)
store = RawStore(Path(sys.argv[1]))
from test_raw import about, URL
store.put(store.place("meteo-france", URL), about(), chunks())
"""


def test_a_process_killed_while_it_receives(store: RawStore) -> None:
    good = put(store, b"good")
    here = str(Path(__file__).parent)
    process = subprocess.run(
        [sys.executable, "-c", KILLED, str(store.folder), here], capture_output=True, check=False
    )
    assert process.returncode == -9, process.stderr
    assert store.find(good.folder) == good
    assert store.intact(good)
    assert list(store.all()) == [good]


def test_a_temporary_store_goes_with_its_holder_and_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store = RawStore.temporary()
        folder = store.folder
        (folder / "kept").write_text("something")
        del store
        gc.collect()
    assert not folder.exists()
