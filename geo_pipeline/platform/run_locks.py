"""Locks that runs under way hold (`live_runs`), read without loading Dagster."""

import fcntl
from pathlib import Path
from typing import Final

FOLDER: Final = "running"
"""Folder below Dagster's home with a file for each run under way."""


def any_held(home: Path) -> bool:
    """Return whether any run is under way in Dagster's `home`, without reading its records."""
    return any(is_locked(path) for path in (home / FOLDER).glob("[!.]*"))


def is_locked(path: Path) -> bool:
    """Return whether a living process of this machine has locked the file of a run."""
    try:
        with path.open("r", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
