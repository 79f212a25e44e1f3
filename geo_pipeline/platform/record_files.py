"""SQLite files of Dagster's records: their places, and whether they have changed.

Read without Dagster; what is stored in them is made out in `run_records`, what is wrong with them
in `record_damage`.
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
"""The command that mends what is damaged."""

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
"""The files below Dagster's home, each with the query that reads all that is stored in it."""

WAIT_S: Final = 2.0
"""How long a look at a file waits for a process that has locked it."""


def digest(home: Path) -> str | None:
    """Return what changes with any byte of the records below `home`; None where one is no file.

    What SQLite has not yet moved into a file out of the one beside it counts as if it had.
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
    """Open a file for reading; on a disk that is read-only as it lies there."""
    options = "mode=rw" if os.access(path.parent, os.W_OK) else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True, timeout=WAIT_S)
