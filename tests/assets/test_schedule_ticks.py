"""Schedules by Dagster's own scheduler, with the definitions in a code server: a tick, once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.daemon import get_default_daemon_logger
from dagster._scheduler.scheduler import launch_scheduled_runs

from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.partitions import run_tags
from geo_pipeline.settings import Settings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.territory import CODES
from tests.conftest import ROOT

pytestmark = pytest.mark.slow


def test_the_scheduler_queues_the_weather_of_the_day_once(
    tmp_path: Path, published_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the day that winter time begins 10:30 in Paris is 9:30 UTC, the day before 8:30."""
    monkeypatch.chdir(ROOT)
    settings = Settings(home=tmp_path / "home", source="open-meteo")
    outlines = Lake(settings.lake).path("departements")
    outlines.parent.mkdir(parents=True)
    outlines.write_bytes(Lake(published_home / "lake").path("departements").read_bytes())
    monkeypatch.setenv("GEO_PIPELINE_HOME", str(settings.home))
    monkeypatch.setenv("GEO_PIPELINE_SOURCE", "open-meteo")
    target = ModuleTarget("geo_pipeline.definitions", None, str(ROOT), "here")
    with (
        open_instance(settings) as instance,
        create_test_daemon_workspace_context(target, instance) as workspace,
    ):

        def queued_by(*moment: int) -> list[dg.DagsterRun]:
            tick(workspace, datetime(*moment, tzinfo=UTC))
            return instance.get_runs(dg.RunsFilter(job_name="refresh_weather"))

        assert queued_by(2026, 10, 24, 8, 40) == []  # it begins to look
        assert queued_by(2026, 10, 25, 9, 29) == []
        (run,) = queued_by(2026, 10, 25, 9, 31)
        assert run.tags.items() >= run_tags(CODES).items()
        assert run.tags["dagster/schedule_name"] == "weather_daily_update"
        assert queued_by(2026, 10, 25, 9, 40) == [run]
        # The next day's finds it in the queue still, and asks for nothing.
        assert queued_by(2026, 10, 26, 9, 31) == [run]


def tick(workspace: WorkspaceProcessContext, now: datetime) -> None:
    """Let the scheduler do what is due at `now`."""
    logger = get_default_daemon_logger("SchedulerDaemon")
    with ThreadPoolExecutor(1) as pool:
        for error in launch_scheduled_runs(
            workspace, logger, now, {}, submit_threadpool_executor=pool
        ):
            assert error is None, error
