"""Runs on several machines: a real broker, PostgreSQL, object store, and workers that are killed.

The machines are folders here: nothing is shared but the broker, the records and the store.
`DRILL_DEPARTEMENTS=all DRILL_TOGETHER=5 just test-drills tests/assets/test_many_workers.py` does it
with all 101, five in a run. `DRILL_BROKER_URL=amqp://guest:guest@127.0.0.1:5672//` takes a broker
that is there, such as RabbitMQ, instead of a Redis of the drill's own.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from geo_pipeline.commands.backfill import BACKFILL_TAG, enqueue
from geo_pipeline.commands.runs import run
from geo_pipeline.objects import ObjectPath
from geo_pipeline.platform import celery_runs, configuration
from geo_pipeline.platform.instance import dagster_home, open_instance
from geo_pipeline.platform.partitions import codes_of
from geo_pipeline.platform.run_marks import is_marked, marked
from geo_pipeline.settings import Settings
from geo_pipeline.territory import CODES, parse_departements
from tests import broker, object_store, postgres
from tests.conftest import digests, ignore, in_store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]

ROOT = Path(__file__).resolve().parents[2]
CHOSEN = os.environ.get("DRILL_DEPARTEMENTS", "01,2A,31,32,75,83")
TOGETHER = int(os.environ.get("DRILL_TOGETHER", "1"))
BROKER = os.environ.get("DRILL_BROKER_URL")
WORKERS = 3


@dataclass
class Site:
    """What all machines share."""

    folder: Path
    shared: dict[str, str]

    def variables(self, name: str) -> dict[str, str]:
        """Return the environment of the machine `name`."""
        bare = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("GEO_PIPELINE_", "DAGSTER_", "AWS_"))
        }
        home = self.folder / name
        return {**bare, **self.shared, "GEO_PIPELINE_HOME": str(home)}

    def settings(self, name: str) -> Settings:
        """Return the settings of the machine `name`."""
        told = {
            key.removeprefix("GEO_PIPELINE_").lower(): value for key, value in self.shared.items()
        }
        return Settings.model_validate({**told, "home": self.folder / name})

    @contextmanager
    def process(self, name: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command on the machine `name`, and kill it with all that it started."""
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                env={**self.variables(name), "DAGSTER_HOME": str(self.folder / name / "dagster")},
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            end(process)

    def worker(self, name: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """Run a worker."""
        return self.process(name, "-m", "geo_pipeline", "worker")


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all of its group, as if its machine were gone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture(scope="module")
def records() -> Iterator[str]:
    with postgres.served() as address:
        yield address


@pytest.fixture(scope="module")
def site(records: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    handing_out = nullcontext(BROKER) if BROKER else broker.served()
    with handing_out as address, object_store.served() as store:
        shared = {
            "GEO_PIPELINE_BROKER_URL": address,
            "GEO_PIPELINE_POSTGRES_URL": records,
            "GEO_PIPELINE_STORE": "s3://drought/many",
            "GEO_PIPELINE_STORE_ENDPOINT": store.address,
            "GEO_PIPELINE_STORE_ACCESS_KEY_ID": object_store.KEY,
            "GEO_PIPELINE_STORE_SECRET_ACCESS_KEY": object_store.SECRET,
        }
        made = Site(tmp_path_factory.mktemp("site"), shared)
        shared_place = made.settings("daemon").shared
        assert isinstance(shared_place, ObjectPath)
        with (shared_place / "object").replacing("*") as temporary:
            temporary.write_bytes(b"its bucket")
        yield made


@pytest.mark.drill
def test_workers_that_are_killed_leave_the_lake_of_one_machine(site: Site, tmp_path: Path) -> None:
    """One machine is lost, one process is killed, one worker is asked to end."""
    codes = list(CODES) if CHOSEN == "all" else parse_departements([CHOSEN])
    settings = site.settings("daemon")
    home = dagster_home(settings)
    runs_at_once = f"max_concurrent_runs: {WORKERS}"
    own = configuration.shipped().replace("max_concurrent_runs: 2", runs_at_once)
    (home / "dagster.yaml").write_text(own, encoding="utf-8")
    start = time.monotonic()
    queued = enqueue(settings, codes, TOGETHER)
    daemon = ("-m", "dagster._daemon", "run", "-m", "geo_pipeline.definitions")
    with (
        open_instance(settings) as instance,
        site.worker("lost") as lost,
        site.worker("hurt") as hurt,
        site.worker("leaving") as leaving,
        site.process("daemon", *daemon) as leader,
    ):

        def until(holds: Callable[[], bool], patience_s: float) -> None:
            stop = time.monotonic() + patience_s
            while not holds():
                assert leader.poll() is None, "the daemon ended by itself"
                assert time.monotonic() < stop, f"waited {patience_s} s in vain"
                time.sleep(0.2)

        app = celery_runs.application(settings)
        until(lambda: len(celery_runs.heard(app)) == WORKERS, 120)
        done = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS])
        ours = dg.RunsFilter(tags={BACKFILL_TAG: queued.backfill_id})
        until(lambda: len(instance.get_runs(done)) >= max(2, len(codes) // TOGETHER // 3), 1200)
        finished = {code for run in instance.get_runs(done) for code in codes_of(run.tags)}
        before = stamps(settings, finished)
        assert before
        until(lambda: bool(at_work(site, "lost")), 60)
        end(lost)
        until(lambda: bool(at_work(site, "hurt")), 120)
        (child,) = Path(f"/proc/{hurt.pid}/task/{hurt.pid}/children").read_text().split()
        os.kill(int(child), signal.SIGKILL)
        leaving.terminate()
        assert leaving.wait(timeout=120) == 0
        assert not at_work(site, "leaving"), "it has finished its run"
        until(
            lambda: (
                {code for run in instance.get_runs(done) for code in codes_of(run.tags)}
                >= set(codes)
                and all(run.is_finished for run in instance.get_runs())
                # The publication follows them by itself, as the newest run.
                and BACKFILL_TAG not in instance.get_runs(limit=1)[0].tags
            ),
            2400,
        )
        seconds = time.monotonic() - start
        tries = instance.get_runs(ours)
    failed = [run for run in tries if run.status == dg.DagsterRunStatus.FAILURE]
    assert len(failed) == 2, "one of the lost machine, one of the killed process"
    assert stamps(settings, finished) == before, "what was done is not made again"
    alone = Settings(home=tmp_path / "alone")
    run(alone, codes, ignore)
    expected = digests(alone.lake)
    found = in_store(settings, tmp_path / "lake")
    print(f"{len(codes)} départements, {len(tries)} runs, {seconds:.0f} s, {len(found)} files")
    wrong = sorted(n for n in found.keys() | expected.keys() if found.get(n) != expected.get(n))
    assert not wrong


def at_work(site: Site, name: str) -> list[Path]:
    """Return the locks of the runs that the machine `name` executes."""
    folder = site.folder / name / "dagster" / "running"
    address = site.shared["GEO_PIPELINE_POSTGRES_URL"]
    return [path for path in folder.glob("[!.]*") if is_marked(address, path.name)]


def stamps(settings: Settings, codes: set[str]) -> dict[str, int]:
    """Return when each partition of some départements was put."""
    lake = settings.lake
    assert isinstance(lake, ObjectPath)
    return {
        str(each): each.stat().st_mtime_ns
        for code in sorted(codes)
        for each in lake.glob(f"*/departement={code}/part.parquet")
    }


def test_a_mark_is_held_by_one_process_and_goes_with_it(records: str) -> None:
    address = records
    code = (
        "import sys, time; from geo_pipeline.platform.run_marks import marked\n"
        "with marked(sys.argv[1], 'one') as ours: print(ours, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, address], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        assert is_marked(address, "one")
        assert not is_marked(address, "two")
        with marked(address, "one") as ours:
            assert not ours
        assert is_marked(address, "one"), "whoever did not get it does not take it away"
        other.kill()
    stop = time.monotonic() + 10
    while is_marked(address, "one"):
        assert time.monotonic() < stop
        time.sleep(0.05)
    with marked(address, "one") as ours:
        assert ours
    assert not is_marked(address, "one")
