"""A run for each département through the queue: what is asked for, and what a kill costs."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.events import DagsterEvent

from geo_pipeline.commands.backfill import BACKFILL_TAG, ONCE, enqueue, left_over
from geo_pipeline.errors import UsageError
from geo_pipeline.platform import configuration
from geo_pipeline.platform.instance import dagster_home, environment, open_instance
from geo_pipeline.platform.partitions import codes_of
from geo_pipeline.settings import Settings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.territory import CODES
from tests.conftest import PARTITIONED, digests

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SOME = ["01", "2A"]
PATIENCE_S = 240
_SUCCESS = dg.DagsterEventType.RUN_SUCCESS


def test_each_departement_has_a_run_of_its_own_in_the_queue(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    queued = enqueue(settings, ["31", "2A"])
    assert list(queued.run_ids) == ["31", "2A"]
    assert queued.waiting == ()
    assert not queued.daemon_runs
    with open_instance(settings) as instance:
        runs = instance.get_runs(dg.RunsFilter(tags={BACKFILL_TAG: queued.backfill_id}))
        assert {run.status for run in runs} == {dg.DagsterRunStatus.QUEUED}
        asked = {
            run.tags.get("dagster/partition"): {
                key.to_user_string() for key in run.asset_selection or ()
            }
            for run in runs
        }
        assert asked == {"31": set(PARTITIONED), "2A": set(PARTITIONED), None: set(ONCE)}
        limits = {run.tags.get("dagster/max_runtime") for run in runs}
        assert None not in limits, "the tags of the job hold too"


def test_some_departements_can_share_a_run(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    queued = enqueue(settings, ["01", "2A", "31", "32", "75"], together=2)
    first, second, third = dict.fromkeys(queued.run_ids.values())
    assert queued.run_ids == {"01": first, "2A": first, "31": second, "32": second, "75": third}
    with open_instance(settings) as instance:
        runs = instance.get_runs(dg.RunsFilter(tags={BACKFILL_TAG: queued.backfill_id}))
        asked = {run.run_id: codes_of(run.tags) for run in runs if codes_of(run.tags)}
    assert asked == {first: ("01", "2A"), second: ("31", "32"), third: ("75",)}
    assert enqueue(settings, ["2A", "33"], together=2).waiting == ("2A",)


def test_what_is_in_the_queue_already_is_not_asked_for_again(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    enqueue(settings, ["31"])
    again = enqueue(settings, ["31", "32"])
    assert list(again.run_ids) == ["32"]
    assert again.waiting == ("31",)
    with open_instance(settings) as instance:
        partitions = [run.tags.get("dagster/partition", "") for run in instance.get_runs()]
        assert sorted(partitions) == ["", "31", "32"]


def test_the_tables_of_the_whole_of_france_are_made_where_they_lack_only(own_home: Path) -> None:
    settings = Settings(home=own_home)
    queued = enqueue(settings, ["31"])
    with open_instance(settings) as instance:
        (run,) = instance.get_runs(dg.RunsFilter(tags={BACKFILL_TAG: queued.backfill_id}))
        assert run.tags["dagster/partition"] == "31"


def test_what_is_left_of_a_backfill_can_be_asked_for_again(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    queued = enqueue(settings, ["31", "2A", "01"])
    with open_instance(settings) as instance:
        for code, end in (("31", dg.DagsterEventType.RUN_FAILURE), ("2A", _SUCCESS)):
            event = DagsterEvent(end.value, "departement", message="it has ended")
            instance.report_dagster_event(event, queued.run_ids[code])
    assert left_over(settings, queued.backfill_id) == ["01", "31"]
    again = enqueue(settings, left_over(settings, queued.backfill_id))
    assert (list(again.run_ids), again.waiting) == (["31"], ("01",))
    with pytest.raises(UsageError, match="no backfill 'nonsense'"):
        left_over(settings, "nonsense")


def test_nothing_is_queued_for_a_provider_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown source"):
        enqueue(Settings(home=tmp_path, source="nobody"), list(CODES))


@contextmanager
def daemon(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """Run Dagster's daemon, and kill it with all that it started."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dagster._daemon", "run", "-m", "geo_pipeline.definitions"],
        cwd=ROOT,
        env={
            **os.environ,
            "GEO_PIPELINE_HOME": str(settings.home),
            **environment(settings, settings.dagster_home),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def statuses(settings: Settings) -> list[str]:
    """Return the statuses of all runs, read without disturbing anybody."""
    path = settings.dagster_home / "history" / "runs.db"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return [status for (status,) in connection.execute("SELECT status FROM runs")]


def until(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait until `holds`, while the daemon runs."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert process.poll() is None, "the daemon ended by itself"
        assert time.monotonic() < end, f"waited {PATIENCE_S} s in vain"
        time.sleep(0.1)


@pytest.mark.slow
def test_a_backfill_that_is_killed_goes_on_where_it_was(
    tmp_path: Path, published_home: Path
) -> None:
    """Daemon, code server and worker are killed; started again, the queue is run to its end."""
    settings = Settings(home=tmp_path)
    home = dagster_home(settings)
    # As shipped, but for one run at a time and a shorter patience with a worker that never began.
    shipped = configuration.shipped()
    own = shipped.replace("max_concurrent_runs: 2", "max_concurrent_runs: 1")
    own = own.replace("start_timeout_seconds: 180", "start_timeout_seconds: 30")
    assert own.count(": 30\n") > shipped.count(": 30\n")
    (home / "dagster.yaml").write_text(own, encoding="utf-8")
    enqueue(settings, SOME)
    soil = settings.lake / "soil_water_daily"
    with daemon(settings) as first:
        # The first département's run is in its middle; the other is in the queue.
        until(lambda: any(soil.rglob("part.parquet")), first)
    assert statuses(settings).count("SUCCESS") < len(SOME) + 1
    # The step of the soil may not have told its end; what came before it did.
    weather = (settings.lake / "weather_daily").rglob("part.parquet")
    written = {path: path.stat().st_mtime_ns for path in weather}
    with daemon(settings) as second:
        until(
            lambda: (
                statuses(settings).count("QUEUED") == 0
                and len(Lake(settings.lake).files("drought_indicators")) == len(SOME)
                and not set(statuses(settings)) - {"SUCCESS", "FAILURE"}
            ),
            second,
        )
    for path, stamp in written.items():
        assert path.stat().st_mtime_ns == stamp, f"{path} was there and is made again"
    whole = digests(published_home / "lake")
    made = {name: digest for name, digest in digests(settings.lake).items() if "=" in name}
    assert len(made) == len(PARTITIONED) * len(SOME)
    assert made == {name: whole[name] for name in made}
