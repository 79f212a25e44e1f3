"""Runs on several machines: Dagster's queue hands them to Celery's workers, by a broker.

The daemon puts a run into the broker as one task; a worker on any machine takes it and executes it
in one process. Only what is needed besides `dagster-celery` is here: its launcher asks the results
of Celery whether a worker lives, and these say nothing of a worker that was killed with its parent.
Here the worker marks its run in PostgreSQL (`run_marks`).

A task is acknowledged when it is over, so that a worker takes no more than it executes. A broker
that hands out a task twice does no harm: Dagster ignores a run that was begun or is over.
"""

import logging
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Self

import celery
import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import unpack_value
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.make_app import make_app
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG
from dagster_celery.tasks import create_execute_job_task
from kombu.exceptions import OperationalError

from geo_pipeline.errors import GeoPipelineError, UsageError
from geo_pipeline.platform import live_runs
from geo_pipeline.platform.record_storage import libpq_address
from geo_pipeline.platform.run_marks import LOOK_S, is_marked, marked
from geo_pipeline.platform.step_failures import keep_why
from geo_pipeline.settings import Settings
from geo_pipeline.words import message

QUEUE: Final = "dagster"
SCHEMES: Final = ("redis://", "rediss://", "amqp://", "amqps://")
RUNS_PER_PROCESS: Final = 50
"""Runs after which a process of a worker makes room for a new one."""

SECOND_LOOK_S: Final = 3 * LOOK_S
"""Time in which a worker whose connection was lost marks its run again."""

CONFIGURATION: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "accept_content": ["json"],
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_acks_late": True,
        "task_ignore_result": True,
        # The daemon waits half a minute for a broker that is started again.
        "task_publish_retry_policy": {
            "max_retries": 20,
            "interval_start": 0.2,
            "interval_step": 0.2,
            "interval_max": 2.0,
        },
        "worker_hijack_root_logger": False,
        "worker_max_tasks_per_child": RUNS_PER_PROCESS,
        "worker_prefetch_multiplier": 1,
        "worker_redirect_stdouts": False,
    }
)

_log = logging.getLogger(__name__)


def application(settings: Settings) -> celery.Celery:
    """Return Celery's application on the broker of the settings, with the task that runs are.

    Raises:
        UsageError: there is no broker, or no PostgreSQL, in the settings, or one of another kind.
    """
    app = make_app(  # type: ignore[no-untyped-call]
        {"broker": _broker(settings), "backend": "disabled://", "config_source": _configuration()}
    )
    options: Any = {"base": _MarkedRun}
    create_execute_job_task(app, **options)
    return app


def require_answer(app: celery.Celery) -> None:
    """Raise GeoPipelineError where the broker does not answer."""
    connection = app.connection_for_read(connect_timeout=5)
    try:
        connection.ensure_connection(max_retries=1, timeout=5)
    except OperationalError as error:
        where, why = connection.as_uri(), " ".join(str(error).split())
        raise GeoPipelineError(message("worker.no_broker", where=where, why=why)) from None
    finally:
        connection.release()


def heard(app: celery.Celery) -> list[str]:
    """Return the names of the workers that answer within a second."""
    answers = app.control.inspect(timeout=1.0).ping() or {}
    return sorted(each.partition("@")[2] for each in answers)


def serve(app: celery.Celery, name: str, runs: int) -> None:
    """Execute runs, so many at a time, until SIGTERM; then those under way are finished."""
    app.worker_main(
        [
            *("worker", "--pool=prefork", f"--concurrency={runs}", f"--hostname={name}"),
            *(f"--queues={QUEUE}", "--loglevel=INFO", "--without-gossip", "--without-mingle"),
        ]
    )


class _MarkedRun(celery.Task):  # type: ignore[misc]
    """The task of `dagster-celery`, which also marks the run as long as its process lives."""

    def __call__(self, execute_job_args_packed: dict[str, Any]) -> Any:
        """Execute the run, unless another process does."""
        run_id = unpack_value(execute_job_args_packed, as_type=ExecuteRunArgs).run_id
        with marked(_records(Settings()), run_id) as ours:
            if ours:
                return self.run(execute_job_args_packed=execute_job_args_packed)
        _log.warning("run %s is under way in another worker: not begun again", run_id)
        return None


class CeleryLauncher(CeleryRunLauncher):
    """The launcher of `dagster-celery`, which also knows of workers that were killed."""

    @classmethod
    def of(cls, settings: Settings, inst_data: Any) -> Self:
        """Return the launcher for the broker of the settings.

        Raises:
            UsageError: there is no PostgreSQL in the settings.
        """
        made = cls(QUEUE, _broker(settings), "disabled://", None, _configuration(), inst_data)
        made._address = _records(settings)
        return made

    _address: str

    @property
    def supports_resume_run(self) -> bool:
        """Return False: a run that was lost is retried as another one, from where it was."""
        return False

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Return whether the process of `run` lives, on whatever machine; in doubt it does."""
        if DAGSTER_CELERY_TASK_ID_TAG in run.tags:
            alive = is_marked(self._address, run.run_id)
            if not alive:
                time.sleep(SECOND_LOOK_S)
                alive = is_marked(self._address, run.run_id)
            why = None if alive else message("run_gone")
        else:  # of a command line
            why = live_runs.death(self._instance, run.run_id)
        if why is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        keep_why(self._instance, run.run_id, why)
        return CheckRunHealthResult(WorkerStatus.FAILED, str(why))

    def get_run_worker_debug_info(
        self, run: dg.DagsterRun, include_container_logs: bool | None = True
    ) -> str | None:
        """Return None: all that is known is in the run's events."""
        return None

    def terminate(self, run_id: str) -> bool:
        """Have the worker end a run."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished or DAGSTER_CELERY_TASK_ID_TAG not in run.tags:
            return False
        self._instance.report_run_canceling(run)
        return bool(super().terminate(run_id))


def _configuration() -> dict[str, Any]:
    return dict(CONFIGURATION)


def _broker(settings: Settings) -> str:
    if not settings.broker_url:
        raise UsageError(message("worker.no_setting"))
    _records(settings)
    address = settings.broker_url.get_secret_value()
    if not address.startswith(SCHEMES):
        raise UsageError(message("worker.broker_address"))  # which may contain a password
    return address


def _records(settings: Settings) -> str:
    """Return PostgreSQL's address, without which workers share no records."""
    address = settings.records_address
    if address is None:
        raise UsageError(message("worker.no_postgres"))
    return libpq_address(address.get_secret_value())
