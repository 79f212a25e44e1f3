"""Storage of Dagster's records: SQLite files in its home, or PostgreSQL by setting.

`dagster.yaml` names `HomeStorage` and contains no address and so no secret: every process that
opens the instance (command line, webserver, daemon, run workers) reads `GEO_PIPELINE_POSTGRES_URL`
and, where that has no password, `GEO_PIPELINE_POSTGRES_PASSWORD`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log import EventLogStorage
from dagster._core.storage.runs import RunStorage, SqliteRunStorage
from dagster._core.storage.schedules import ScheduleStorage, SqliteScheduleStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData

from geo_pipeline.errors import UsageError
from geo_pipeline.platform.event_log import KeptConnectionEventLogStorage
from geo_pipeline.platform.planning import PlannedPartitions
from geo_pipeline.settings import Settings
from geo_pipeline.words import message

EVENT_BATCH = "500"
"""Most events stored in one transaction."""

_DRIVER = "postgresql+psycopg2://"


class PlannedSqliteRunStorage(PlannedPartitions, SqliteRunStorage):
    """The stock storage, which plans runs of scattered départements too."""


class HomeStorage(DagsterStorage[Any], ConfigurableClass):
    """Runs, events, schedules: in PostgreSQL at `postgres_url`, else in files under `home`."""

    def __init__(
        self,
        home: Path,
        postgres_url: str | None = None,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        self._inst_data = inst_data
        if postgres_url is None:
            # The folders are those of the stock storage, so that either opens what the other made.
            self._runs: RunStorage[Any] = PlannedSqliteRunStorage.from_local(str(home / "history"))
            self._events: EventLogStorage[Any] = KeptConnectionEventLogStorage(
                str(home / "history" / "runs")
            )
            self._schedules: ScheduleStorage[Any] = SqliteScheduleStorage.from_local(
                str(home / "schedules")
            )
        else:
            # Slow to import, and only needed here.
            from geo_pipeline.platform import postgres  # noqa: PLC0415

            address = psycopg2_url(postgres_url)
            self._runs = postgres.KeptRunStorage(address)
            self._events = postgres.KeptEventLogStorage(address)
            self._schedules = postgres.PostgresScheduleStorage(address)
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Return how `dagster.yaml` names this class."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        """Return the options in `dagster.yaml`: none."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Return the storage that the environment chooses."""
        # Dagster reads it from the environment only, in each process that writes events.
        os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", EVENT_BATCH)
        url = Settings().records_address
        secret = None if url is None else url.get_secret_value()
        return cls(Path(os.environ["DAGSTER_HOME"]), secret or None, inst_data)

    @property
    def run_storage(self) -> RunStorage[Any]:
        """Return the storage of runs."""
        return self._runs

    @property
    def event_log_storage(self) -> EventLogStorage[Any]:
        """Return the storage of events."""
        return self._events

    @property
    def schedule_storage(self) -> ScheduleStorage[Any]:
        """Return the storage of the state of schedules and sensors."""
        return self._schedules


def psycopg2_url(url: str) -> str:
    """Return the address with the driver that dagster-postgres needs.

    SQLAlchemy 2.1 reads a plain `postgresql://` as psycopg 3, with which dagster-postgres' NOTIFY
    fails.

    Raises:
        UsageError: it is not the address of a PostgreSQL database; the message does not repeat it,
            because it may contain a password.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in ("postgresql", "postgres", "postgresql+psycopg2"):
        raise UsageError(message("records.postgres_address"))
    return _DRIVER + rest


def libpq_address(url: str) -> str:
    """Return the address as libpq takes it, for a connection without SQLAlchemy.

    Raises:
        UsageError: it is not the address of a PostgreSQL database.
    """
    return "postgresql://" + psycopg2_url(url).removeprefix(_DRIVER)
