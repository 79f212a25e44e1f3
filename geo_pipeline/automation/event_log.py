"""Dagster's SQLite event log, with connections kept open instead of made anew for each event.

The stock storage makes a new engine and connection whenever it writes an event: no compiled
statement is used twice, and each close folds SQLite's write-ahead log back into the file. Over 101
départements that is most of the book-keeping (`just bench`). Files and content are those of the
stock storage: either reads what the other wrote.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy.engine import Connection, Engine

# The index and the runs under way; a long-lived process must not hold the file of every run.
KEPT_ENGINES = 8


class KeptConnectionEventLogStorage(SqliteEventLogStorage):
    """The stock storage, with the engines of the last few files kept."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        """Return the options in `dagster.yaml`: none."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Return the storage in Dagster's home, where the stock storage has its files."""
        base_dir = Path(os.environ["DAGSTER_HOME"]) / "history" / "runs"
        return cls(str(base_dir), inst_data)

    def dispose(self) -> None:
        """Close all files."""
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
        super().dispose()

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> Engine:
        """Return the engine of the file `shard`, making room for it."""
        if shard not in self._engines:
            self._engines[shard] = create_engine(
                self.conn_string_for_shard(shard),
                pool_size=1,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
            )
            if len(self._engines) > KEPT_ENGINES:
                self._engines.popitem(last=False)[1].dispose()
        self._engines.move_to_end(shard)
        return self._engines[shard]
