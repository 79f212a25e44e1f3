"""Dagster's private parts: which are used, why, and where other rooms import them from.

No other room imports a private module of Dagster. A private part may change with any version: the
test of this module fails with any version but `VERIFIED`, and lists the parts that are gone. Check
each of `USES` then, and set `VERIFIED`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from dagster._core.code_pointer import CodePointer
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.definitions.sensor_definition import SensorExecutionData
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.run_coordinator import SubmitRunContext
from dagster._core.scheduler.instigation import InstigatorState, InstigatorTick, TickStatus
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.tags import (
    MAX_RETRIES_TAG,
    PARTITION_NAME_TAG,
    REPOSITORY_LABEL_TAG,
    RUN_KEY_TAG,
    WILL_RETRY_TAG,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.utils import make_new_backfill_id, make_new_run_id
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._utils.interrupts import _received_interrupt
from dagster._utils.schedules import schedule_execution_time_iterator

__all__ = [
    "MAX_RETRIES_TAG",
    "NOT_FINISHED_STATUSES",
    "PARTITION_NAME_TAG",
    "REPOSITORY_LABEL_TAG",
    "RUN_KEY_TAG",
    "WILL_RETRY_TAG",
    "CodePointer",
    "DagsterExecutionInterruptedError",
    "InstigatorState",
    "InstigatorTick",
    "InstigatorType",
    "JobPythonOrigin",
    "LoadableTargetOrigin",
    "ManagedGrpcPythonEnvCodeLocationOrigin",
    "QueuedRunCoordinatorDaemon",
    "RemoteJobOrigin",
    "RemoteRepositoryOrigin",
    "RepositoryPythonOrigin",
    "SensorExecutionData",
    "SubmitRunContext",
    "TickStatus",
    "_received_interrupt",
    "make_new_backfill_id",
    "make_new_run_id",
    "schedule_execution_time_iterator",
]

VERIFIED: Final = "1.13.27"
"""The version of Dagster with which all uses were checked."""

USES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "dagster._core.code_pointer": "a backfill is executed by workers: what they load",
        "dagster._core.definitions.asset_checks.asset_check_evaluation": (
            "an evaluation of a check names the materialisation that it judges: no public call "
            "stores that"
        ),
        "dagster._core.definitions.partitions.subset": (
            "runs of named départements: which partitions a planned run makes"
        ),
        "dagster._core.definitions.run_request": (
            "the state of schedules and of sensors is read by kind"
        ),
        "dagster._core.definitions.sensor_definition": (
            "the automation sensor joins what it asks for into one run: the type that its "
            "evaluation returns"
        ),
        "dagster._core.errors": "a run that is ended from outside raises this within a step",
        "dagster._core.events": (
            "events of checks are stored many at once: one transaction a partition costs seconds"
        ),
        "dagster._core.events.log": (
            "the type of an event of the log, which is stored and read in bulk"
        ),
        "dagster._core.launcher": "a launcher that knows whether the process of a run still lives",
        "dagster._core.origin": "a backfill is executed by workers: which job of what they load",
        "dagster._core.remote_origin": (
            "a backfill is submitted without a webserver: where the code is found"
        ),
        "dagster._core.run_coordinator": "a backfill is submitted to the queue",
        "dagster._core.scheduler.instigation": (
            "whether schedules and sensors run, and how their last ticks ended"
        ),
        "dagster._core.storage.asset_check_execution_record": (
            "how the checks of a table ended last"
        ),
        "dagster._core.storage.base_storage": (
            "the storage of an instance that keeps its connections open"
        ),
        "dagster._core.storage.dagster_run": "which states of a run are not its end",
        "dagster._core.storage.event_log": (
            "the interface that a storage of events has to implement"
        ),
        "dagster._core.storage.event_log.schema": "the tables of the event log, asked in bulk",
        "dagster._core.storage.event_log.sql_event_log": "the same log in SQLite and PostgreSQL",
        "dagster._core.storage.event_log.sqlite": (
            "the stock storage opens an engine for each event"
        ),
        "dagster._core.storage.event_log.sqlite.sqlite_event_log": (
            "the stock storage that ours is derived from"
        ),
        "dagster._core.storage.partition_status_cache": (
            "partitions in trouble are shown as failed on the partition pages"
        ),
        "dagster._core.storage.runs": (
            "runs of named départements are planned where runs are stored"
        ),
        "dagster._core.storage.schedules": (
            "an instance needs a storage of schedules beside those of runs and events"
        ),
        "dagster._core.storage.sql": (
            "engine and migrations of the SQLite files, as the stock storage makes them"
        ),
        "dagster._core.storage.sqlite": "how long SQLite waits for another's lock",
        "dagster._core.storage.tags": "names of tags that Dagster itself gives a meaning",
        "dagster._core.types.loadable_target_origin": (
            "a backfill is submitted without a webserver: what to load"
        ),
        "dagster._core.utils": (
            "identifiers of runs and backfills, of the form that Dagster gives them"
        ),
        "dagster._daemon.run_coordinator.queued_run_coordinator_daemon": (
            "whether the daemon that starts queued runs has been heard of"
        ),
        "dagster._grpc.types": "a worker reads which run a task is of",
        "dagster._serdes": (
            "what Dagster has stored, read back; and how a class of ours is named in dagster.yaml"
        ),
        "dagster._utils.concurrency": (
            "a place in a pool, claimed in the transaction that counts them"
        ),
        "dagster._utils.interrupts": (
            "a run that waits for a place or a provider ends when it is terminated"
        ),
        "dagster._utils.schedules": "when a schedule was due last",
    }
)
"""Why each private module is used."""
