"""Lake, raw data and publication in an object store: on a real server, that also fails."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from geo_pipeline.catalogue.indicators import INDICATORS
from geo_pipeline.commands.doctor import examine
from geo_pipeline.commands.runs import run
from geo_pipeline.errors import StorageError, StoreAwayError
from geo_pipeline.logs import secrets
from geo_pipeline.objects import ObjectPath, e_tag
from geo_pipeline.settings import Settings
from geo_pipeline.sources.http import Http
from geo_pipeline.sources.raw import RawStore
from geo_pipeline.spatial import database
from geo_pipeline.storage import sites
from geo_pipeline.storage.findings import Finding, Findings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.warehouse import Warehouse, previous
from geo_pipeline.stores import ChangedError
from geo_pipeline.words import verbatim
from panel_app.data.store import Store
from tests.conftest import digests, ignore, in_store
from tests.object_store import KEY, SECRET, ObjectStore, Proxy, proxied, served

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

CODES = ["31", "32", "33"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with served() as server:
        put(
            root(tmp_path_factory.mktemp("first"), "first", server.address) / "object",
            b"its bucket",
        )
        yield server


@pytest.fixture
def proxy(store: ObjectStore) -> Iterator[Proxy]:
    with proxied(store) as one:
        yield one


def machine(folder: Path, prefix: str, endpoint: str, **settings: object) -> Settings:
    """Return the settings of a machine whose own folder is `folder`."""
    told = {
        "home": folder,
        "store": f"s3://drought/{prefix}",
        "store_endpoint": endpoint,
        "store_access_key_id": KEY,
        "store_secret_access_key": SECRET,
        **settings,
    }
    return Settings.model_validate(told)


@pytest.fixture(scope="module")
def ran(store: ObjectStore, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a home in the store with three départements run and published. Do not write to it."""
    settings = machine(tmp_path_factory.mktemp("machine"), "ran", store.address)
    run(settings, CODES, ignore)
    return settings


def root(folder: Path, prefix: str, endpoint: str, **settings: object) -> ObjectPath:
    shared = machine(folder, prefix, endpoint, **settings).shared
    assert isinstance(shared, ObjectPath)
    return shared


def put(place: ObjectPath, content: bytes, over: str | None = "*") -> None:
    with place.replacing(over) as temporary:
        temporary.write_bytes(content)


# ------------------------------------------------------------------------------------- a home


def test_the_lake_has_the_same_bytes_as_on_a_disk(
    ran: Settings, small_home: Path, tmp_path: Path
) -> None:
    found = in_store(ran, tmp_path)
    assert len(found) > 3 * len(CODES)
    assert found == digests(Settings(home=small_home).lake)


def test_the_publication_has_the_same_rows(ran: Settings, small_home: Path) -> None:
    on_disk = Warehouse(Settings(home=small_home).warehouse)
    with closing(Warehouse(ran.warehouse)) as one, closing(on_disk) as other:
        for table in ("drought_indicators", "crop_stages", "provenance"):
            rows, expected = (
                each.table(table).sort_values(list(each.table(table)), ignore_index=True)
                for each in (one, other)
            )
            pd.testing.assert_frame_equal(rows, expected)


def test_nothing_of_the_shared_parts_is_left_on_the_machine_alone(ran: Settings) -> None:
    there = {path.name for path in ran.home.iterdir()}
    assert not there & {"lake", "failures", "findings", "published"}
    # What is kept of the store is a copy of it, and may go at any time.
    assert {"objects", "dagster", "logs", "exports"} <= there


def test_duckdb_reads_the_lake_where_it_is(ran: Settings) -> None:
    place = Lake(ran.lake).path("weather_daily", "31")
    assert isinstance(place, ObjectPath)
    with database.in_place(place.access) as connection:
        counted = connection.execute("SELECT count(*) FROM read_parquet($a)", {"a": str(place)})
        assert counted.fetchall() == [(len(Lake(ran.lake).read("weather_daily", "31")),)]


def test_doctor_says_what_the_store_does(ran: Settings) -> None:
    (found,) = [each for each in examine(ran) if each.check == "object store"]
    assert found.ok
    assert found.found == "s3://drought/ran keeps the conditions of a PUT"


def test_the_app_reads_it_and_notices_the_next_one(ran: Settings, tmp_path: Path) -> None:
    server = machine(tmp_path / "server", "ran", str(ran.store_endpoint))
    app = Store(server.warehouse)
    first = app.publication()
    assert set(CODES) < set(first.codes)
    other = machine(tmp_path / "worker", "ran", str(ran.store_endpoint))
    run(other, ["31"], ignore)  # from what the lake has: that machine has nothing of its own
    end = time.monotonic() + 60
    while app.publication() is first:
        assert time.monotonic() < end
        time.sleep(0.2)
    assert app.publication().published_at > first.published_at
    assert set(app.publication().indicators) == set(first.indicators) <= set(INDICATORS)
    assert previous(server.warehouse).exists()


# ------------------------------------------------------------------------------- publications


def test_a_publication_that_another_one_overtook_is_not_put(
    store: ObjectStore, tmp_path: Path
) -> None:
    here, there = (machine(tmp_path / name, "race", store.address) for name in ("a", "b"))
    one, other = sites.Site.of(here.warehouse), sites.Site.of(there.warehouse)
    for site in (one, other):
        site.path.parent.mkdir(parents=True)
        site.fetch()
        site.path.write_bytes(str(site.path).encode())
    assert other.sent(keep=False)
    assert not one.sent(keep=False)
    assert one.target.read_bytes() == str(other.path).encode()
    one.fetch()  # it begins again with what the other one published
    assert one.path.read_bytes() == str(other.path).encode()
    one.path.unlink()
    one.path.write_bytes(b"third")
    assert one.sent(keep=True)
    assert other.target.read_bytes() == b"third"
    assert previous(other.target).read_bytes() == str(other.path).encode()


def test_of_many_writers_exactly_one_creates_an_object(store: ObjectStore, tmp_path: Path) -> None:
    place = root(tmp_path, "many", store.address) / "one"
    done: list[int] = []

    def create(number: int) -> None:
        try:
            put(place, b"%d" % number, None)
            done.append(number)
        except ChangedError:
            pass

    threads = [threading.Thread(target=create, args=(n,)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(done) == 1
    assert place.read_bytes() == b"%d" % done[0]


def test_rows_that_grow_are_not_put_over_those_of_another_machine(
    ran: Settings, tmp_path: Path
) -> None:
    source = Lake(ran.lake)
    footer, rows = source.grown("weather_daily", "32")
    frame = source.read("weather_daily", "32")
    here, there = (Lake(machine(tmp_path / n, "grow", str(ran.store_endpoint)).lake) for n in "ab")
    origin = source.origin("weather_daily", "32")
    here.write("weather_daily", frame, origin, "32")
    _, before = here.grown("weather_daily", "32")
    there.write("weather_daily", frame.iloc[:-1], origin, "32")
    with pytest.raises(ChangedError, match=r"departement=32/part\.parquet was written by another"):
        here.write("weather_daily", frame.iloc[:0], origin, "32", before=before)
    assert len(here.read("weather_daily", "32")) == len(frame) - 1
    assert footer.rows == len(rows)


def test_two_machines_lose_no_finding_of_one_another(store: ObjectStore, tmp_path: Path) -> None:
    """Each has locks of its own: the store decides."""
    of = {name: Findings(root(tmp_path / name, "findings", store.address)) for name in "ab"}
    never = Finding("weather_daily", "31", "", "error", verbatim("40 °C"), "2026-06-18T00:00:00")

    def add(name: str) -> None:
        for number in range(5):
            check = f"{name}{number}"
            of[name].replace("weather_daily", "31", [replace(never, check=check)], [check])

    threads = [threading.Thread(target=add, args=(name,)) for name in of]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    every = [f"{name}{number}" for name in "ab" for number in range(5)]
    assert sorted(each.check for each in of["a"].of("weather_daily", "31")) == every
    of["b"].replace("weather_daily", "31", [], every)
    assert list(of["a"].all()) == []


# ------------------------------------------------------------------------------------- faults


@pytest.mark.parametrize("fault", ["slow", "busy", "cut answer"])
def test_a_failed_answer_is_asked_for_again(proxy: Proxy, tmp_path: Path, fault: str) -> None:
    place = root(tmp_path, "faults", proxy.address) / "part.parquet"
    content = os.urandom(2_000_000)
    put(place, content)
    other = root(tmp_path / "other", "faults", proxy.address) / "part.parquet"
    proxy.fail("GET", "part.parquet", fault, fault)
    assert other.read_bytes() == content
    assert other.read_bytes() == content


@pytest.mark.parametrize("fault", ["slow", "busy", "cut request", "lost answer"])
@pytest.mark.parametrize("over", ["*", None])
def test_a_failed_put_is_done_again_or_was_done(
    proxy: Proxy, tmp_path: Path, fault: str, over: str | None
) -> None:
    place = root(tmp_path, f"put-{fault[:3]}-{over is None}", proxy.address) / "one"
    content = os.urandom(300_000)
    proxy.fail("PUT", "one", fault)
    put(place, content, over)
    assert place.read_bytes() == content
    changed = os.urandom(300_000)
    proxy.fail("PUT", "one", fault)
    put(place, changed, "*" if over == "*" else e_tag(place))
    assert place.read_bytes() == changed


@pytest.mark.parametrize("fault", ["slow", "busy", "cut request", "lost answer"])
def test_what_is_removed_or_copied_is_so_after_a_fault(
    proxy: Proxy, tmp_path: Path, fault: str
) -> None:
    place = root(tmp_path, f"gone-{fault[:3]}", proxy.address) / "one"
    put(place, b"content")
    proxy.fail("PUT", "other", fault)  # type: ignore[arg-type]
    place.copy_to(place.with_name("other"))
    proxy.fail("DELETE", "one", fault)  # type: ignore[arg-type]
    place.unlink()
    assert [each.name for each in place.parent.glob("*")] == ["other"]
    assert place.with_name("other").read_bytes() == b"content"


def test_a_put_that_never_gets_through_leaves_what_was_there(proxy: Proxy, tmp_path: Path) -> None:
    place = root(tmp_path, "never", proxy.address, store_patience_s=1.0) / "one"
    put(place, b"old")
    proxy.fail("PUT", "one", *["cut request"] * 200)
    with pytest.raises(StoreAwayError) as raised:
        put(place, b"new" * 100_000)
    told = str(raised.value)
    assert told.startswith("the object store does not give s3://drought/never/one (")
    assert raised.value.message("fr").startswith("le stockage objet ne donne pas s3://")
    assert "\n" not in told
    assert SECRET not in told
    assert place.read_bytes() == b"old"
    assert [each.name for each in place.parent.glob("*")] == ["one"]


def test_readers_keep_the_publication_while_the_store_is_away(
    store: ObjectStore, ran: Settings, tmp_path: Path
) -> None:
    with proxied(store) as proxy:
        server = machine(tmp_path, "ran", proxy.address)
        app = Store(server.warehouse)
        first = app.publication()
    # The proxy is gone: nobody answers at that address any more.
    app._warehouse._watched._next = 0.0
    assert app.publication() is first
    assert len(app._warehouse.table("departements")) == len(first.codes)
    with pytest.raises(StoreAwayError):
        machine(tmp_path / "new", "ran", proxy.address, store_patience_s=1.0).warehouse.stat()


@pytest.mark.drill
def test_a_run_goes_on_when_the_server_was_killed_and_started_again(
    store: ObjectStore, small_home: Path, tmp_path: Path
) -> None:
    patience = {"store_patience_s": 300.0}  # the start of the server on a busy machine
    settings = machine(tmp_path / "machine", "killed", store.address, **patience)
    command = [sys.executable, "-m", "geo_pipeline", "run", "--departements", ",".join(CODES)]
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen(command, env=variables(settings), stdout=said, stderr=said)
    lake = Lake(settings.lake)
    end = time.monotonic() + 300
    while not lake.files("weather_daily"):
        assert process.poll() is None, (tmp_path / "said").read_text("utf-8")
        assert time.monotonic() < end
        time.sleep(0.05)
    store.kill()
    time.sleep(1.0)
    store.start()
    assert process.wait(timeout=400) == 0, (tmp_path / "said").read_text("utf-8")
    assert in_store(settings, tmp_path / "lake") == digests(Settings(home=small_home).lake)


def test_commands_say_in_one_line_that_the_store_is_away(tmp_path: Path) -> None:
    settings = machine(tmp_path, "away", "http://127.0.0.1:9", store_patience_s=0.5)
    for arguments in (["run", "--departements", "31"], ["status"], ["export", "table"]):
        done = subprocess.run(
            [sys.executable, "-m", "geo_pipeline", *arguments],
            check=False,
            env=variables(settings),
            capture_output=True,
            text=True,
            timeout=300,
        )
        said = done.stderr.strip().splitlines()
        assert done.returncode == 1, done.stdout + done.stderr
        assert "the object store does not give s3://drought/away/" in said[-1], said
        assert "Traceback" not in done.stderr
        assert SECRET not in done.stdout + done.stderr
    for log in tmp_path.rglob("*.jsonl"):
        assert SECRET not in log.read_text("utf-8")


def test_wrong_keys_are_told_without_showing_them(store: ObjectStore, tmp_path: Path) -> None:
    wrong = machine(tmp_path, "ran", store.address, store_secret_access_key="wr0ng/secret")
    with pytest.raises(StorageError) as raised:
        Lake(wrong.lake).files("weather_daily")
    assert "refuses access to s3://drought/ran" in str(raised.value)
    for text in (str(raised.value), repr(wrong), repr(wrong.lake), str(wrong.shared)):
        assert "wr0ng" not in text
    assert "wr0ng/secret" in secrets(wrong)


# ----------------------------------------------------------------------------------- raw data


def test_what_one_machine_received_another_one_has(store: ObjectStore, tmp_path: Path) -> None:
    source = tmp_path / "answer.csv"
    source.write_text("a;b\n1;2\n", encoding="utf-8")
    stores = [_raw(tmp_path / name, store) for name in ("a", "b")]
    with Http(stores[0]) as http:
        received = http.get(source.as_uri(), source="test", keep_as="answer")
    source.unlink()
    with Http(stores[1], offline=True) as http:
        again = http.get(source.as_uri(), source="test", keep_as="answer")
    assert again.content == received.content == b"a;b\n1;2\n"
    one, other = (digests(each.folder) for each in stores)
    assert {k: v for k, v in one.items() if "named" in k} == {
        k: v for k, v in other.items() if "named" in k
    }
    assert [each.sha256 for each in stores[1].all("test")] == [received.sha256]


def _raw(folder: Path, store: ObjectStore) -> RawStore:
    settings = machine(folder, "raw", store.address)
    return RawStore(settings.raw, settings.shared_raw)


def variables(settings: Settings) -> dict[str, str]:
    """Return the environment of a command on a machine."""
    kept = {name: v for name, v in os.environ.items() if not name.startswith("GEO_PIPELINE")}
    return {
        **kept,
        **{f"GEO_PIPELINE_{name.upper()}": value for name, value in settings.where.items()},
        "GEO_PIPELINE_STORE_ENDPOINT": str(settings.store_endpoint),
        "GEO_PIPELINE_STORE_PATIENCE_S": str(settings.store_patience_s),
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }
