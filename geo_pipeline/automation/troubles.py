"""Troubles of the system: one list for status, doctor, `--resume`, the page and metrics.

Each trouble says what is wrong, where, since when, and the one command that repairs it. Troubles of
a table of a département come from `storage/partition_states.py` and `storage/incomplete.py`;
`monitoring` joins both. Add here what else can be seen from files; troubles found in Dagster's
records are in `record_troubles`. Nothing is remembered or repaired here.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from geo_pipeline.errors import NotPublishedError, StorageError
from geo_pipeline.objects import Place
from geo_pipeline.platform.record_files import REPAIR
from geo_pipeline.settings import Settings
from geo_pipeline.storage import warehouse, warehouse_building, warehouse_plan
from geo_pipeline.storage.failures import Failures
from geo_pipeline.storage.findings import Findings
from geo_pipeline.storage.incomplete import written_at
from geo_pipeline.storage.lake import Lake
from geo_pipeline.tables import TABLES
from geo_pipeline.words import Message, message, verbatim

Kind = Literal[
    "home", "room", "notes", "records", "publication", "run", "daemon", "code", "tick"
]  # fmt: skip
KINDS: Final[tuple[Kind, ...]] = (
    "home", "room", "records", "notes", "code", "daemon", "tick", "run", "publication",
)  # fmt: skip
"""The kinds, those that cause others first."""

RESUME: Final = "geo-pipeline run --resume"
RUN: Final = "geo-pipeline run"
DAGSTER: Final = "geo-pipeline dagster"
DOCTOR: Final = "geo-pipeline doctor"
STATUS: Final = "geo-pipeline status"

MENDED_BY_RESUME: Final[frozenset[Kind]] = frozenset({"records", "notes", "run", "publication"})
"""The kinds that `--resume` repairs; for the others it names the command that does."""


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong now."""

    kind: Kind
    where: Message | str
    what: Message
    """The trouble in one line."""
    since: str | None
    """ISO time (UTC), where it is known."""
    do: str
    """The one command that repairs it."""

    def told(self) -> dict[str, str | None]:
        """Return it in English, for people and machines that read the output of commands."""
        return {**vars(self), "where": str(self.where), "what": str(self.what)}


# --------------------------------------------------------------------------------------------
# Files
# --------------------------------------------------------------------------------------------


def of_files(
    settings: Settings, under_way: bool, lake: Lake, published: warehouse.Warehouse
) -> list[Trouble]:
    """Return the troubles seen from the files of the home; a run under way will publish."""
    found = [*_of_home(settings), *_of_room(settings, lake)]
    notes = list(_of_notes(settings))
    if under_way:
        return [*found, *notes]
    publication = _of_publication(settings, lake, published, is_held_known=not notes)
    return [*found, *notes, *publication]


def _of_home(settings: Settings) -> Iterator[Trouble]:
    """Yield a trouble where the home cannot be written."""
    nearest = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest) as probe:
            probe.write(b"0")
    except OSError as error:
        what = message("trouble.not_writable", why=error.strerror or error)
        yield Trouble("home", str(settings.home), what, None, DOCTOR)


def _of_room(settings: Settings, lake: Lake) -> Iterator[Trouble]:
    """Yield the disks without room for the next publication."""
    margin = settings.free_room_mb * 1_000_000
    publication = warehouse_building.room_needed(lake, settings.warehouse)
    nearest = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    for folder, needed in ((nearest, publication + margin), (tempfile.gettempdir(), margin)):
        free = shutil.disk_usage(folder).free
        if free < needed:
            what = message("trouble.room", free_mb=free / 1e6, needed_mb=needed / 1e6)
            yield Trouble("room", str(folder), what, None, f"df -h {folder}")


def _of_notes(settings: Settings) -> Iterator[Trouble]:
    """Yield the failures and findings that cannot be read."""
    for each in (*Failures(settings.failures).damaged(), *Findings(settings.findings).damaged()):
        yield Trouble("notes", str(each.path), verbatim(each.why), since(each.path), REPAIR)


def _of_publication(
    settings: Settings, lake: Lake, published: warehouse.Warehouse, *, is_held_known: bool
) -> Iterator[Trouble]:
    """Yield a trouble where the publication is missing, unreadable or older than the lake.

    The last is reported only while it is known what the checks hold back.
    """
    path = settings.warehouse
    files = [path for table in TABLES for path in lake.files(table)]
    newest = iso(max(map(written_at, files))) if files else None
    do = RESUME if files else RUN
    try:
        tables = warehouse.lacking(published)
        if published.damage is not None:
            raise published.damage
        if tables:
            what = message("trouble.other_version", tables=tables)
        elif not is_held_known or warehouse_plan.is_current(
            lake, published, Findings(settings.findings).held()
        ):
            return
        else:
            what = message("trouble.other_files")
        yield Trouble("publication", str(path), what, newest, do)
    except NotPublishedError:
        what = message("trouble.nothing_published")
        yield Trouble("publication", str(path), what, newest, do)
    except StorageError as error:
        yield Trouble("publication", str(path), verbatim(error), since(path), do)


# --------------------------------------------------------------------------------------------
# Helpers
# --------------------------------------------------------------------------------------------


def in_order(found: Sequence[Trouble]) -> list[Trouble]:
    """Return the troubles, those that cause others first."""
    return sorted(found, key=lambda each: (KINDS.index(each.kind), str(each.where)))


def dagster_home(settings: Settings) -> Path:
    """Return where Dagster's home is or would be, without creating it."""
    return Path(os.environ.get("DAGSTER_HOME") or settings.dagster_home)


def since(path: Place) -> str | None:
    """Return when a file was last written, None where it does not exist."""
    return iso(written_at(path)) if path.exists() else None


def iso(timestamp: float) -> str:
    """Return a time as ISO text, UTC."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds")
