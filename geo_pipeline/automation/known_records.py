"""Dagster's records as `monitoring` needs them, and the copy kept of the last reading.

`dagster_records` reads them, which takes seconds because it imports Dagster. The copy is used while
no byte of the records has changed and nothing in it can go out of date. Add here what else the
snapshot needs from the records.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from geo_pipeline import notes
from geo_pipeline.automation.troubles import Trouble
from geo_pipeline.errors import DamagedError
from geo_pipeline.platform import configuration, record_files
from geo_pipeline.settings import Settings
from geo_pipeline.words import keep_all, read_all

KEPT: Final = "records.json"

FORM: Final = 2
"""Version of the kept copy: another version is not read."""


@dataclass(frozen=True)
class Made:
    """When a partition (`france`: a whole table) was last made, by which run, in which time."""

    table: str
    departement: str
    at: str
    """ISO time, UTC."""
    run_id: str
    seconds: float | None


@dataclass(frozen=True)
class Attempt:
    """A partition that a finished run was to make and did not report as made."""

    table: str
    departement: str
    run_id: str
    created_at_s: float
    """When the run was requested, in seconds since 1970."""


@dataclass(frozen=True)
class Known:
    """The content of Dagster's records."""

    content: Mapping[str, Any]
    """The parts of the snapshot that come from the records alone."""
    made: Sequence[Made] = ()
    attempts: Sequence[Attempt] = ()
    system: Sequence[Trouble] = ()
    under_way: bool = False
    codes_under_way: frozenset[str] = frozenset()
    """The départements of the runs under way."""
    settled: bool = False
    """Whether this stays true while nothing is written to the records: no run is under way, and no
    service is alive that could fall silent."""


NOTHING: Final = Known(
    {"runs": [], "run_counts": {}, "checks": [], "daemons": [], "ticks": [], "code_up": None}
)


def version(settings: Settings, home: Path) -> str | None:
    """Return a value that changes with any byte of the records; None where that is not possible.

    It is not possible with PostgreSQL, with another storage that somebody configured, and where
    Dagster's `home` cannot be written.
    """
    if settings.postgres_url is not None or not os.access(home, os.W_OK):
        return None
    if not configuration.is_untouched(home / configuration.NAME):
        return None
    return record_files.digest(home)


def keep(settings: Settings, known: Known, read_at: str) -> None:
    """Keep a settled reading of the records, made at their version `read_at`."""
    content = {
        "form": FORM,
        "version": read_at,
        "content": known.content,
        "made": [asdict(each) for each in known.made],
        "attempts": [asdict(each) for each in known.attempts],
        "system": [vars(each) for each in known.system],
    }
    notes.write(settings.monitoring / KEPT, keep_all(content))


def kept(settings: Settings, home: Path) -> Known | None:
    """Return the kept copy if the records in `home` have not changed since."""
    try:
        told = read_all(notes.read(settings.monitoring / KEPT))
    except (FileNotFoundError, DamagedError):
        return None
    now = version(settings, home)
    if now is None or (told.get("form"), told.get("version")) != (FORM, now):
        return None
    return Known(
        told["content"],
        [Made(**each) for each in told["made"]],
        [Attempt(**each) for each in told["attempts"]],
        [Trouble(**each) for each in told["system"]],
        settled=True,
    )
