"""Dagster's PostgreSQL storage, with a connection kept while an instance is open.

The stock one opens a connection for each statement, and a password costs milliseconds each time.
The state of schedules and sensors is asked for seldom: it stays with the stock storage.
"""

from dagster_postgres import PostgresEventLogStorage, PostgresRunStorage, PostgresScheduleStorage

from geo_pipeline.platform.partition_marks import MarkedPartitions
from geo_pipeline.platform.planning import PlannedPartitions

STATEMENT_TIMEOUT_MS = 120_000
RECYCLE_S = 3600
"""How long a connection is kept at most."""
FURTHER = 10
"""Connections at a time, for threads, beside the kept one."""


class KeptRunStorage(PlannedPartitions, PostgresRunStorage):
    """Runs; those of scattered départements are planned too."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.optimize_for_webserver(STATEMENT_TIMEOUT_MS, RECYCLE_S, FURTHER)

    def dispose(self) -> None:
        """Close the connections."""
        self._engine.dispose()
        super().dispose()


class KeptEventLogStorage(MarkedPartitions, PostgresEventLogStorage):
    """Events."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.optimize_for_webserver(STATEMENT_TIMEOUT_MS, RECYCLE_S, FURTHER)

    def dispose(self) -> None:
        """Close the connections."""
        self._engine.dispose()
        super().dispose()


__all__ = ["KeptEventLogStorage", "KeptRunStorage", "PostgresScheduleStorage"]
