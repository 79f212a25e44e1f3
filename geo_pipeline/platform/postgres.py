"""Dagster's PostgreSQL storage, with a connection kept while an instance is open.

The stock storage opens a connection for each statement, and logging in costs milliseconds each
time. The state of schedules and sensors is read seldom and stays with the stock storage.
"""

from dagster_postgres import PostgresEventLogStorage, PostgresRunStorage, PostgresScheduleStorage

from geo_pipeline.platform.partition_marks import MarkedPartitions
from geo_pipeline.platform.planning import PlannedPartitions

STATEMENT_TIMEOUT_MS = 120_000
RECYCLE_S = 3600
"""Longest time that a connection is kept."""
FURTHER = 10
"""Connections at a time, for threads, in addition to the kept one."""


class KeptRunStorage(PlannedPartitions, PostgresRunStorage):
    """Storage of runs, which plans those of scattered départements too."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.optimize_for_webserver(STATEMENT_TIMEOUT_MS, RECYCLE_S, FURTHER)

    def dispose(self) -> None:
        """Close the connections."""
        self._engine.dispose()
        super().dispose()


class KeptEventLogStorage(MarkedPartitions, PostgresEventLogStorage):
    """Storage of events."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.optimize_for_webserver(STATEMENT_TIMEOUT_MS, RECYCLE_S, FURTHER)

    def dispose(self) -> None:
        """Close the connections."""
        self._engine.dispose()
        super().dispose()


__all__ = ["KeptEventLogStorage", "KeptRunStorage", "PostgresScheduleStorage"]
