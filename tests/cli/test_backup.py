"""Backup and restore: every byte comes back, a bad backup changes nothing, old records go."""

import hashlib
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
import urllib.request
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from filelock import FileLock

from geo_pipeline import notes
from geo_pipeline.automation.tidying import tidied
from geo_pipeline.definitions import build_definitions
from geo_pipeline.errors import StorageError
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.run_records import latest_materializations
from geo_pipeline.settings import Settings
from geo_pipeline.sources.raw import About, RawStore
from geo_pipeline.storage import backups, layout
from tests.conftest import digests
from tests.serving import served


@dg.op
def _idle() -> None:
    """Do nothing."""


@dg.job
def _nothing() -> None:
    """Do nothing."""
    _idle()


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "geo_pipeline", *arguments]


def _environment(home: Path) -> dict[str, str]:
    return {**os.environ, "GEO_PIPELINE_HOME": str(home)}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home with a few files of each kind, of today's layout."""
    home = tmp_path / "home"
    for name, content in {
        "lake/weather_daily/departement=31/part.parquet": b"rows",
        "raw/a/b/c~0123/received.json": b"{}",
        "logs/pipeline.jsonl": b"1\n2\n",
        "published/drought.duckdb": b"\x00" * 3_000_000,
        # None of these is anybody's data.
        "published/drought.lock": b"",
        "lake/weather_daily/departement=31/.part.parquet.x.tmp": b"ro",
        "before-layout/1/lake/old/part.parquet": b"old",
    }.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    notes.write(home / layout.NAME, {"layout": layout.LAYOUT})
    with closing(sqlite3.connect(home / "records.db")) as records:
        records.execute("PRAGMA journal_mode=WAL")
        records.execute("CREATE TABLE runs (id INTEGER)")
        records.execute("INSERT INTO runs VALUES (31)")
        records.commit()
    return home


def _made(home: Path) -> bytes:
    target = io.BytesIO()
    backups.write(home, target)
    return target.getvalue()


def test_what_is_restored_is_what_was_there(home: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(home / "records.db")) as writer:
        writer.execute("INSERT INTO runs VALUES (32)")
        writer.commit()  # into the log beside the file, while it is open
        content = _made(home)
    other = tmp_path / "other"
    done = backups.restore(other, io.BytesIO(content))
    assert {path.relative_to(other).as_posix() for path in other.rglob("*") if path.is_file()} == {
        "lake/weather_daily/departement=31/part.parquet",
        "raw/a/b/c~0123/received.json",
        "logs/pipeline.jsonl",
        "published/drought.duckdb",
        "records.db",
        "layout.json",
    }
    assert done.files == 6
    for name in ("lake", "raw", "logs", "published/drought.duckdb", "layout.json"):
        for path in [other / name, *(other / name).rglob("*")]:
            if path.is_file():
                assert path.read_bytes() == (home / path.relative_to(other)).read_bytes()
    with closing(sqlite3.connect(other / "records.db")) as records:
        assert records.execute("SELECT id FROM runs").fetchall() == [(31,), (32,)]


def test_a_log_that_grows_meanwhile_is_kept_as_far_as_it_was(home: Path, tmp_path: Path) -> None:
    class Growing(io.BytesIO):
        def write(self, content: bytes, /) -> int:  # type: ignore[override]
            with (home / "logs" / "pipeline.jsonl").open("ab") as log:
                log.write(b"3\n")
            return super().write(content)

    target = Growing()
    backups.write(home, target)
    backups.restore(tmp_path / "other", io.BytesIO(target.getvalue()))
    assert (tmp_path / "other/logs/pipeline.jsonl").read_bytes().startswith(b"1\n2\n")


@pytest.mark.parametrize("harm", ["a bit", "the end", "no list", "a way out", "a later version"])
def test_a_bad_backup_changes_nothing(home: Path, tmp_path: Path, harm: str) -> None:
    content = _made(home)
    said = r"damaged or cut off"
    if harm == "a bit":
        at = content.index(b"rows")
        content = content[:at] + b"Rows" + content[at + 4 :]
    elif harm == "the end":
        content, said = content[: len(content) // 2], r"cannot be restored|damaged or cut off"
    elif harm == "no list":
        target = io.BytesIO()
        with tarfile.open(fileobj=target, mode="w") as tar:
            tar.add(home / "lake", "lake")
        content, said = target.getvalue(), r"no backup of a home"
    elif harm == "a way out":
        target = io.BytesIO()
        with tarfile.open(fileobj=target, mode="w") as tar:
            tar.addfile(tarfile.TarInfo("lake/../../escaped"), io.BytesIO())
        content, said = target.getvalue(), r"no backup of a home \(it has 'lake/../../escaped'\)"
    else:
        notes.write(home / layout.NAME, {"layout": layout.LAYOUT + 1})
        content, said = _made(home), r"has layout 3"
        notes.write(home / layout.NAME, {"layout": layout.LAYOUT})
    before = digests(home)
    with pytest.raises(StorageError, match=said):
        backups.restore(home, io.BytesIO(content), replace=True)
    after = {k: v for k, v in digests(home).items() if not k.startswith(backups.STAGE)}
    assert after == before
    assert not (tmp_path / "escaped").exists()


def test_what_is_there_is_asked_for_then_moved_aside(home: Path) -> None:
    content = _made(home)
    (home / "lake/weather_daily/departement=31/part.parquet").write_bytes(b"newer")
    with pytest.raises(StorageError, match=r"is not empty"):
        backups.restore(home, io.BytesIO(content))
    lock = home / "published" / "drought.lock"
    with FileLock(lock), pytest.raises(StorageError, match=r"is in use"):
        backups.restore(home, io.BytesIO(content), replace=True)
    backups.restore(home, io.BytesIO(content), replace=True)
    name = "lake/weather_daily/departement=31/part.parquet"
    assert (home / name).read_bytes() == b"rows"
    (aside,) = (home / backups.REPLACED).iterdir()
    assert (aside / name).read_bytes() == b"newer"


@pytest.mark.slow
@pytest.mark.drill
def test_the_drill_killed_wiped_restored(own_small_home: Path, tmp_path: Path) -> None:
    """As docs/operations.md has it: the same bytes, nothing wrong by `status`, the app opens."""
    home, environment = own_small_home, _environment(own_small_home)
    before = {name: digests(home / name) for name in ("lake", "exports", "alerts")}
    published = hashlib.sha256((home / "published/drought.duckdb").read_bytes()).hexdigest()
    with (tmp_path / "home.tar").open("wb") as file:
        subprocess.run(_command("backup", "-"), env=environment, stdout=file, check=True)

    victim = subprocess.Popen(
        _command("run", "--departements", "31,32,33", "--until", "2021-12-31"),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + 200
    while digests(home / "lake") == before["lake"]:
        assert victim.poll() is None
        assert time.monotonic() < end
        time.sleep(0.2)
    os.killpg(victim.pid, signal.SIGKILL)
    victim.wait()
    shutil.rmtree(home)

    told = subprocess.run(
        _command("restore", str(tmp_path / "home.tar")),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert told.startswith("restored ")
    assert {name: digests(home / name) for name in before} == before
    again = hashlib.sha256((home / "published/drought.duckdb").read_bytes()).hexdigest()
    assert again == published
    status = subprocess.run(
        _command("status"), env=environment, capture_output=True, text=True, check=False
    )
    assert status.returncode == 0, status.stdout
    with served(home) as url:
        page = url.removesuffix("/app")
        with urllib.request.urlopen(f"{page}/health", timeout=60) as answer:
            assert answer.status == 200


def test_old_runs_and_answers_go_and_what_is_needed_stays(own_small_home: Path) -> None:
    settings = Settings(home=own_small_home, keep_runs_days=30, keep_raw_days=30)
    store, about = RawStore(settings.raw), {"source": "a", "params": {}, "status": 200}
    unsaid = dict.fromkeys(
        ("content_type", "etag", "last_modified", "redirected_to", "keep_as"), None
    )
    for name, final in (("changing", False), ("for ever", True)):
        url = f"https://example.org/{name}"
        answer = About(**about, **unsaid, url=url, fetched_from=url, final=final)  # type: ignore[arg-type]
        store.put(store.place("a", url), answer, [b"content"])
    aside = own_small_home / "before-layout" / "1" / "file"
    aside.parent.mkdir(parents=True)
    aside.write_bytes(b"old")
    with open_instance(settings) as instance:
        needed = {each.run_id for each in latest_materializations(instance)}
        idle = [instance.create_run_for_job(_nothing).run_id for _ in range(3)]
        for run_id in idle:
            instance.report_run_canceled(instance.get_run_by_id(run_id))
    assert needed
    now = datetime.now(UTC)
    assert tidied(settings, now) == tidied(settings, now, dry_run=True)
    later = now + timedelta(days=120)
    foreseen = tidied(settings, later, dry_run=True)
    assert (foreseen.runs, foreseen.answers, foreseen.asides) == (3, 1, 1)
    assert tidied(settings, later) == foreseen
    assert [kept.url for kept in store.all()] == ["https://example.org/for ever"]
    assert not aside.exists()
    with open_instance(settings) as instance:
        assert {each.run_id for each in latest_materializations(instance)} == needed
        assert not any(instance.get_run_by_id(run_id) for run_id in idle)
    assert tidied(settings, later).runs == 0
    assert json.loads((own_small_home / layout.NAME).read_text(encoding="utf-8"))


def test_the_job_of_each_week_removes_what_the_command_does(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", keep_runs_days=30)
    job = build_definitions(home=settings.home, keep_runs_days=30).resolve_job_def("tidy")
    with open_instance(settings) as instance:
        old, young = (instance.create_run_for_job(_nothing) for _ in range(2))
        for run in (old, young):
            instance.report_run_canceled(run)
        with closing(sqlite3.connect(settings.dagster_home / "history" / "runs.db")) as records:
            long_ago = (datetime.now(UTC) - timedelta(days=31)).strftime("%Y-%m-%d %H:%M:%S.%f")
            command = "UPDATE runs SET update_timestamp = ? WHERE run_id = ?"
            assert records.execute(command, (long_ago, old.run_id)).rowcount == 1
            records.commit()
        done = job.execute_in_process(instance=instance)
        assert done.success
        left = {each.run_id for each in instance.get_runs()}
        assert left == {young.run_id, done.run_id}
        (told,) = [each for each in done.all_events if each.is_successful_output]
        assert told.step_output_data.metadata["runs"].value == 1
