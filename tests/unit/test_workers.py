"""Runs by workers: which launcher the settings choose, and what is said where something lacks."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from geo_pipeline.commands import doctor
from geo_pipeline.errors import GeoPipelineError, UsageError
from geo_pipeline.platform import celery_runs
from geo_pipeline.platform.live_runs import WatchedRunLauncher
from geo_pipeline.platform.record_storage import libpq_address
from geo_pipeline.settings import Settings
from tests.conftest import ROOT

BROKER = "redis://:s3cret-word@127.0.0.1:1/0"
RECORDS = "postgresql+psycopg2://dagster:other%2Fword@127.0.0.1:2/dagster"


def settings(**told: Any) -> Settings:
    return Settings.model_validate({"broker_url": BROKER, "postgres_url": RECORDS, **told})


def test_without_a_broker_the_machine_of_the_daemon_executes_runs() -> None:
    assert type(WatchedRunLauncher.from_config_value(None, {})) is WatchedRunLauncher


def test_with_a_broker_its_workers_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEO_PIPELINE_BROKER_URL", BROKER)
    monkeypatch.setenv("GEO_PIPELINE_POSTGRES_URL", RECORDS)
    launcher = WatchedRunLauncher.from_config_value(None, {})
    assert type(launcher) is celery_runs.CeleryLauncher
    assert launcher.celery.conf.broker_url == BROKER
    assert launcher.supports_check_run_worker_health
    assert not launcher.supports_resume_run, "a run that was lost becomes another one"


def test_a_task_is_given_back_unless_it_was_done_and_none_waits_beside_it() -> None:
    app = celery_runs.application(settings())
    assert "execute_job" in app.tasks
    assert app.conf.task_acks_late
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.accept_content == ["json"], "a task cannot bring code"


@pytest.mark.parametrize("url", ["http://host", "other:6379", "sqs://queue"])
def test_other_brokers_are_refused_without_showing_them(url: str) -> None:
    with pytest.raises(UsageError) as raised:
        celery_runs.application(settings(broker_url=url))
    assert "GEO_PIPELINE_BROKER_URL is no address of a broker: write redis://" in str(raised.value)
    assert url not in str(raised.value)


def test_an_empty_broker_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEO_PIPELINE_BROKER_URL", "")
    assert type(WatchedRunLauncher.from_config_value(None, {})) is WatchedRunLauncher


def test_what_lacks_is_told_in_one_line() -> None:
    with pytest.raises(UsageError, match=r"set GEO_PIPELINE_BROKER_URL, such as redis://"):
        celery_runs.application(settings(broker_url=None))
    with pytest.raises(UsageError, match="set GEO_PIPELINE_POSTGRES_URL on each machine"):
        celery_runs.application(settings(postgres_url=None))
    with pytest.raises(GeoPipelineError) as raised:
        celery_runs.require_answer(celery_runs.application(settings()))
    told = str(raised.value)
    assert told.startswith("the broker redis://:**@127.0.0.1:1/0 does not answer (")
    assert "\n" not in told
    assert "s3cret" not in told + repr(settings())


def test_doctor_tells_what_is_wrong_with_the_broker() -> None:
    (found,) = doctor._broker(settings())
    assert not found.ok
    assert found.needed
    assert found.advice.startswith("the broker redis://:**@127.0.0.1:1/0 does not answer")
    assert not [*doctor._broker(Settings())]


def test_records_are_reached_without_the_driver_s_name() -> None:
    assert libpq_address(RECORDS) == "postgresql://dagster:other%2Fword@127.0.0.1:2/dagster"


def test_one_machine_loads_nothing_of_it(tmp_path: Path) -> None:
    """Nor does it have to be installed: then it is said how."""
    code = (
        "import sys; sys.modules['celery'] = None\n"
        "import geo_pipeline.definitions, geo_pipeline.platform.instance\n"
        "assert not {'dagster_celery', 'kombu', 'redis', 'dagster_k8s'} & set(sys.modules)\n"
        "from geo_pipeline.cli import main; sys.argv = ['geo-pipeline', 'worker']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr == (
        "error: celery is not installed, which workers on several machines need: "
        "pip install 'geo-pipeline[celery]'\n"
    )


def test_the_shipped_instance_holds_no_address_of_a_broker() -> None:
    text = (ROOT / "geo_pipeline" / "platform" / "dagster.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["run_launcher"]["class"] == "WatchedRunLauncher"
    assert "redis" not in text
