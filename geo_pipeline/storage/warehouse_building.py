"""Building of the publication: the warehouse is made from the lake and replaces the one before.

It is built beside the old one, closed, read completely and checked, then renamed over it; the one
before stays beside it. Its content is defined in `warehouse_plan` and `warehouse_tables`.
"""

import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import duckdb
import pandas as pd
from filelock import FileLock

from geo_pipeline.errors import DamagedError, StorageError
from geo_pipeline.files import replacing, sweep
from geo_pipeline.objects import Place
from geo_pipeline.spatial import database
from geo_pipeline.spatial.parameters import restriction_levels
from geo_pipeline.storage.findings import Finding
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.partition_states import Damaged
from geo_pipeline.storage.sites import Site
from geo_pipeline.storage.warehouse import ONLY_READ, previous
from geo_pipeline.storage.warehouse_plan import Before, Plan, plan_of, with_damaged_since
from geo_pipeline.storage.warehouse_tables import (
    BrokenPromiseError,
    NotWrittenError,
    build,
    check,
)
from geo_pipeline.tables import TABLES
from geo_pipeline.words import message

_SIZE_OF_LAKE = 2.2
"""Bytes of a publication for each byte of its input files: 40.4 MB for 20.6 MB were measured."""
_SIZE_WHILE_BUILT = 1.5
"""Most bytes that a publication takes while it is built, for each byte that it keeps."""
_SIZE_OF_NOTHING = 3_000_000
"""Bytes of a publication without data."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Published:
    """A publication, made now or by another process while this one waited."""

    path: Place
    bytes: int
    rows: Mapping[str, int]
    held: Mapping[str, str]
    """Départements that keep the rows of the publication before, each with the reason."""
    damaged: tuple[Damaged, ...]
    """Files of the lake that could not be read; their départements are among `held`."""
    is_new: bool


def publish(
    lake: Lake,
    target: Place,
    attributions: pd.DataFrame,
    beside: Mapping[str, pd.DataFrame],
    held: Mapping[str, Sequence[Finding]] | None = None,
    *,
    asked_at: datetime | None = None,
) -> Published:
    """Build the warehouse from `lake` and replace `target` by it.

    `attributions` says how providers must be named: asset, source and the columns that
    `sql/attributions.sql` reads; those of the lake's sources are published. `beside` are tables by
    name that are published unchanged: the calendar of crops, and what risk is weighed by.

    Départements that are `held` (with their findings), or have a damaged file, keep the rows that
    were published before, if any, and do not stop the others. The table `held_departements` names
    them.

    Two publications at the same time wait for each other. If another one began after this one was
    requested (`asked_at`) and has seen all files as they are now, it is not made again.

    Raises:
        StorageError: a file of the whole of France is damaged, a promise is broken or the disk is
            full; what was published before stays.
    """
    levels = restriction_levels()
    beside = {"known_attributions": attributions, "restriction_levels": levels, **beside}
    try:
        site = Site.of(target)
        site.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(site.path.with_suffix(".lock")):
            while True:
                site.fetch()
                before = Before.of(site.path)
                once = lake.at_once()
                plan = plan_of(once, held or {})
                if asked_at is not None and before.is_same(plan, asked_at):
                    size = site.path.stat().st_size
                    return Published(target, size, before.rows, plan.reasons(), (), False)
                plan, rows = _made((lake, once), site.path, beside, plan, before)
                if site.sent(keep=before.is_whole):
                    break
                _log.info("%s was published by another process meanwhile: made again", target)
            size = site.path.stat().st_size
    except (duckdb.Error, OSError, NotWrittenError) as error:
        raise StorageError(
            message("warehouse.not_published", path=target, why=str(error).splitlines()[0])
        ) from error
    return Published(target, size, rows, plan.reasons(), plan.damaged, True)


def _made(
    lakes: tuple[Lake, Lake],
    target: Path,
    beside: Mapping[str, pd.DataFrame],
    plan: Plan,
    before: Before,
) -> tuple[Plan, dict[str, int]]:
    """Publish at `target` what can be read of the lake; return what was, and rows by table.

    `lakes` are the lake, and the lake for this one task that has checked the files of the plan.
    """
    lake, once = lakes
    while True:
        try:
            return plan, _publish(once, target, beside, plan, before)
        except (DamagedError, duckdb.Error):
            once = lake.at_once()
            plan = with_damaged_since(once, plan)
        except BrokenPromiseError:
            # Another process may have written some of the files while they were read.
            newer = plan_of(once, plan.findings)
            if newer.files == plan.files:
                raise
            plan = newer


def _publish(
    lake: Lake, target: Path, beside: Mapping[str, pd.DataFrame], plan: Plan, before: Before
) -> dict[str, int]:
    """Build beside `target`, check, and replace it; return the rows of each table."""
    plan = replace(plan, changed=before.changed(plan))
    _make_room(lake, target)
    with _swept(target), replacing(target) as temporary:
        if plan.changed is None:
            temporary.unlink()  # DuckDB creates its own file; an empty one is not a database
        else:
            _copy(target, temporary)
        with (
            database.connect(functions=False) as connection,
            database.attached(connection, temporary, "building", read_only=False),
        ):
            build(connection, lake, beside, plan, before)
            # DuckDB raises no error for a checkpoint that fails while it closes.
            connection.execute("CHECKPOINT")
        if temporary.with_name(f"{temporary.name}.wal").exists():
            raise NotWrittenError("it was not written to its end: is the disk full?")
        with (
            database.computing() as connection,
            database.attached(connection, temporary, f"built_{uuid4().hex}"),
        ):
            rows = check(connection)
        if before.is_whole:
            _keep(target)
    return rows


def _copy(target: Path, temporary: Path) -> None:
    """Copy the publication before, as the start of the new one."""
    try:
        shutil.copyfile(target, temporary)
    except OSError as error:
        raise NotWrittenError(f"{error.strerror or error}") from error


@contextmanager
def _swept(target: Path) -> Iterator[None]:
    """Remove half-written files beside `target` before and after the block, also DuckDB's."""
    sweep(target, alone=True)
    try:
        yield
    finally:
        sweep(target, alone=True)


def _make_room(lake: Lake, target: Path) -> None:
    """Ensure room on the disk of `target`, if necessary by removing the publication before.

    Raises:
        StorageError: there is not enough room.
    """
    needed = room_needed(lake, target)
    if shutil.disk_usage(target.parent).free < needed and previous(target).exists():
        _log.warning("the disk of %s is nearly full: the publication before goes", target)
        previous(target).unlink()
    free = shutil.disk_usage(target.parent).free
    if free < needed:
        raise StorageError(
            message("warehouse.no_room", path=target, free_mb=free / 1e6, needed_mb=needed / 1e6)
        )


def room_needed(lake: Lake, target: Place) -> float:
    """Return about how much free room a publication of `lake` at `target` needs, in bytes."""
    kept = [path for table in TABLES if table not in ONLY_READ for path in lake.files(table)]
    size = _SIZE_OF_NOTHING + _SIZE_OF_LAKE * sum(path.stat().st_size for path in kept)
    return _SIZE_WHILE_BUILT * max(size, target.stat().st_size if target.exists() else 0)


def _keep(target: Path) -> None:
    """Keep the publication at `target` beside it, as the previous one."""
    with replacing(previous(target)) as temporary:
        temporary.unlink()
        try:
            os.link(target, temporary)
        except OSError:  # a file system without links
            shutil.copyfile(target, temporary)
