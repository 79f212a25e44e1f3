"""Live runs: those whose process holds a lock, because a killed process cannot report its end.

Each run locks a file of its own in Dagster's home. The system releases the lock however the process
ends, so a run that is recorded as started and whose file exists unlocked is dead. Unlike process
numbers this is safe when numbers are reused or containers do not see each other's processes. A run
on another machine has no file here and is left to that machine.
"""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, DefaultRunLauncher, WorkerStatus

from geo_pipeline.errors import UsageError
from geo_pipeline.files import YOUNG_S
from geo_pipeline.platform.run_locks import FOLDER, is_locked
from geo_pipeline.platform.step_failures import keep_why
from geo_pipeline.settings import Settings
from geo_pipeline.words import Message, message


@contextmanager
def held(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Hold the lock that shows that the run is under way in this process.

    If the end of the run is not recorded when the block ends, the process keeps the lock until it
    ends itself: Dagster records the end of the runs it launched only then, and cannot on a full
    disk.
    """
    path = _file(instance, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    # It is locked under another name first, so that nobody sees it unlocked.
    young = path.with_name(f".{path.name}.{os.getpid()}")
    with young.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        started = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
        json.dump({"pid": os.getpid(), "host": socket.gethostname(), "started": started}, file)
        file.flush()
        young.replace(path)
        try:
            yield
        finally:
            if _has_ended(instance, run_id):
                path.unlink(missing_ok=True)
            else:
                os.dup(file.fileno())  # closed by the system at the end, which releases the lock


def death(instance: dg.DagsterInstance, run_id: str) -> Message | None:
    """Return why a run is dead, if its process is known to be gone; else None."""
    path = _file(instance, run_id)
    try:
        with path.open("r", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if path.stat().st_ino != os.fstat(file.fileno()).st_ino:
                return None  # the file belongs to another run by now
            process = json.load(file)
    except (FileNotFoundError, BlockingIOError):
        return None
    except ValueError:  # the machine crashed before the content was on the disk
        process = {"pid": "?", "host": "?", "started": "?"}
    known = {name: process[name] for name in ("pid", "host", "started")}
    return message("run_death", **known)


def is_held(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Return whether a living process of this machine holds the run."""
    return is_locked(_file(instance, run_id))


def reap(instance: dg.DagsterInstance) -> list[str]:
    """Mark the runs whose process is gone as failed; return their ids.

    Their places in pools are freed, so that nothing waits for them.
    """
    reaped = []
    for young in _folder(instance).glob(".*"):
        _forget_if_killed(young)
    for run_id in sorted(each.name for each in _folder(instance).glob("[!.]*")):
        why = death(instance, run_id)
        if why is None:
            continue
        run = instance.get_run_by_id(run_id)
        if run is not None and not run.is_finished:
            keep_why(instance, run_id, why)
            instance.report_run_failed(run, str(why))
            reaped.append(run_id)
        if instance.event_log_storage.supports_global_concurrency_limits:
            instance.event_log_storage.free_concurrency_slots_for_run(run_id)
        _file(instance, run_id).unlink(missing_ok=True)
    return reaped


def _has_ended(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Return whether a run is recorded as over, or not recorded at all."""
    run = instance.get_run_by_id(run_id)
    return run is None or run.is_finished


def _forget_if_killed(young: Path) -> None:
    """Remove the file of a run whose process was killed before it could rename the file."""
    with suppress(FileNotFoundError):  # it has been renamed just now
        if time.time() - young.stat().st_mtime > YOUNG_S and not is_locked(young):
            young.unlink()


def celery_runs() -> Any:
    """Return the module of runs by workers, which needs an optional requirement.

    Raises:
        UsageError: it is not installed.
    """
    try:
        from geo_pipeline.platform import celery_runs as module  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise UsageError(message("worker.no_celery", module=str(error.name))) from None
    return module


class WatchedRunLauncher(DefaultRunLauncher):
    """The stock launcher, which also answers Dagster's monitoring whether a run's process lives.

    The stock launcher cannot answer: a run stays "started" where its process and the code server
    that started it were killed together.
    """

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> Any:
        """Return the launcher that `dagster.yaml` names, or the one to workers by setting.

        Raises:
            UsageError: there is a broker, but no PostgreSQL, or Celery is not installed.
        """
        settings = Settings()
        if not settings.broker_url:
            return cls(inst_data=inst_data)
        return celery_runs().CeleryLauncher.of(settings, inst_data)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Return True: this launcher can answer."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Return whether the process of `run` lives; in doubt it does."""
        why = death(self._instance, run.run_id)
        if why is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        keep_why(self._instance, run.run_id, why)
        return CheckRunHealthResult(WorkerStatus.FAILED, str(why))


def _folder(instance: dg.DagsterInstance) -> Path:
    return Path(instance.root_directory) / FOLDER


def _file(instance: dg.DagsterInstance, run_id: str) -> Path:
    return _folder(instance) / run_id
