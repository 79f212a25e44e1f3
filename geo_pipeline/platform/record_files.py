"""SQLite files of Dagster's records: their paths, and whether they have changed.

They are read here without Dagster; `run_records` decodes their content, `record_damage` finds what
is wrong with them.
"""

import hashlib
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Final

REPAIR: Final = "geo-pipeline repair"
"""The command that repairs damaged records."""

HISTORY: Final = Path("history")
INDEX: Final = HISTORY / "runs" / "index.db"
SCHEDULES: Final = Path("schedules")
FILES: Final[Mapping[Path, str]] = MappingProxyType(
    {
        HISTORY / "runs.db": "records_runs",
        INDEX: "records_events",
        SCHEDULES / "schedules.db": "records_schedules",
    }
)
"""The files below Dagster's home, each with a query that reads all of its content."""

WAIT_S: Final = 2.0
"""How long reading waits for a process that has locked the file."""


def digest(home: Path) -> str | None:
    """Return a digest of all bytes of the records below `home`; None where a file is missing.

    What SQLite has not yet moved from the write-ahead log into its file counts as part of it.
    """
    summed = hashlib.sha256()
    try:
        for name in FILES:
            if not (home / name).stat().st_size:
                return None
            with closing(connect(home / name)) as connection:
                summed.update(connection.serialize())
    except (OSError, sqlite3.Error):
        return None
    return summed.hexdigest()


def connect(path: Path) -> sqlite3.Connection:
    """Open a file for reading; on a read-only disk without SQLite's locking."""
    options = "mode=rw" if os.access(path.parent, os.W_OK) else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True, timeout=WAIT_S)
