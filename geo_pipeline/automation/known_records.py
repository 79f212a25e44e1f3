"""Dagster's records as `monitoring` needs them, with those kept of the last look.

`dagster_records` makes it out, which takes Dagster, seconds to import. While no byte of the records
has changed since and nothing in them grows old, what was kept says the same at once. Add here what
else the snapshot is to have of them.
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
"""Of what is kept: one of another form is not read."""


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
    """A partition that a run now over was to make, and has not told to have made."""

    table: str
    departement: str
    run_id: str
    created_at_s: float
    """When the run was asked for, seconds since 1970."""


@dataclass(frozen=True)
class Known:
    """What Dagster's records say."""

    content: Mapping[str, Any]
    """The parts of the snapshot that come from them alone."""
    made: Sequence[Made] = ()
    attempts: Sequence[Attempt] = ()
    system: Sequence[Trouble] = ()
    under_way: bool = False
    codes_under_way: frozenset[str] = frozenset()
    """The départements of the runs that are under way."""
    settled: bool = False
    """Whether it stays so while nothing is written to them: no run is under way, no service is
    alive that may fall silent."""


NOTHING: Final = Known(
    {"runs": [], "run_counts": {}, "checks": [], "daemons": [], "ticks": [], "code_up": None}
)


def version(settings: Settings, home: Path) -> str | None:
    """Return what changes with any byte of the records; None where that cannot be told from here.

    So it is in PostgreSQL, where somebody chose another storage, and where Dagster's `home` is not
    to be written.
    """
    if settings.postgres_url is not None or not os.access(home, os.W_OK):
        return None
    if not configuration.is_untouched(home / configuration.NAME):
        return None
    return record_files.digest(home)


def keep(settings: Settings, known: Known, read_at: str) -> None:
    """Keep what the records say in their version `read_at`, which is settled."""
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
    """Return what was kept, if that is what the records in `home` say now."""
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
