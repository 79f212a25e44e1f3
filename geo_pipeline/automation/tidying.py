"""What is removed when it is old: Dagster's runs, raw answers, what was set aside; the op for it.

The age of each is a setting. Never removed: the lake, the publication, notes, the run that last
made an asset or a partition (Dagster's pages read from it when that was), and raw answers whose
content never changes, which are asked for once only. Logs and ticks of schedules limit themselves.
"""

import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import dagster as dg

from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.run_records import latest_materializations
from geo_pipeline.platform.step_failures import failure
from geo_pipeline.settings import Settings
from geo_pipeline.sources.raw import RawStore
from geo_pipeline.storage import backups, layout

OVER: Final = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]
BATCH: Final = 200
"""Runs that are read at a time."""


@dataclass(frozen=True)
class Tidied:
    """What was removed, or would be."""

    runs: int
    answers: int
    asides: int
    bytes: int
    """Size of the files; a database gives its room back to later runs."""


def tidied(
    settings: Settings,
    now: datetime | None = None,
    *,
    dry_run: bool = False,
    instance: dg.DagsterInstance | None = None,
) -> Tidied:
    """Remove what is older at `now` (with time zone) than the settings keep.

    `instance` is Dagster's, where it is open already.

    Raises:
        StorageError: a file cannot be removed, or Dagster's records cannot be opened.
    """
    now = now or datetime.now(UTC)
    with open_instance(settings) if instance is None else nullcontext(instance) as records:
        runs, freed = _runs(records, now - timedelta(days=settings.keep_runs_days), dry_run)
    answers = asides = 0
    if settings.keep_raw_days is not None:
        for folder in _answers(settings, now - timedelta(days=settings.keep_raw_days)):
            answers += 1
            freed += _size(folder)
            if not dry_run:
                _remove(folder)
    for path in _asides(settings, now - timedelta(days=settings.keep_aside_days)):
        asides += 1
        freed += _size(path)
        if not dry_run:
            _remove(path)
    return Tidied(runs, answers, asides, freed)


@dg.op(required_resource_keys={"workspace"})
def remove_what_is_old(context: dg.OpExecutionContext) -> None:
    """Remove what is older than the settings keep; its metadata tell how much that was."""
    settings: Settings = context.resources.workspace.settings
    try:
        done = tidied(settings, instance=context.instance)
    except GeoPipelineError as error:
        raise failure(error.message) from error
    context.add_output_metadata(asdict(done))


def _runs(instance: dg.DagsterInstance, before: datetime, dry_run: bool) -> tuple[int, int]:
    """Delete the runs that ended before a time; return how many, and the bytes of their files."""
    count = freed = 0
    needed = {each.run_id for each in latest_materializations(instance)}
    filters = dg.RunsFilter(statuses=OVER, updated_before=before)
    old = list(_old(instance, filters))
    home = Path(instance.root_directory)
    for run_id in old:
        if run_id in needed:
            continue
        count += 1
        patterns = (f"history/runs/{run_id}.db*", f"storage/{run_id}")
        freed += sum(_size(each) for pattern in patterns for each in home.glob(pattern))
        if not dry_run:
            instance.delete_run(run_id)
            for each in (path for pattern in patterns for path in home.glob(pattern)):
                _remove(each)
    return count, freed


def _old(instance: dg.DagsterInstance, filters: dg.RunsFilter) -> Iterator[str]:
    """Yield the ids of the runs that `filters` choose, read in batches."""
    cursor = None
    while records := instance.get_run_records(filters, limit=BATCH, cursor=cursor):
        cursor = records[-1].dagster_run.run_id
        yield from (each.dagster_run.run_id for each in records)


def _answers(settings: Settings, before: datetime) -> Iterator[Path]:
    """Yield the folders of raw answers that their provider last confirmed before a time."""
    for kept in RawStore(settings.raw).all():
        if not kept.final and kept.checked_at < before:
            yield kept.folder


def _asides(settings: Settings, before: datetime) -> Iterator[Path]:
    """Yield what was set aside before a time: by repairs, migrations and restored backups."""
    home = settings.home
    found = [path for name in (layout.ASIDE, backups.REPLACED) for path in home.glob(f"{name}/*")]
    found += [*settings.dagster_home.glob("*.damaged-*")]
    for folder in (settings.failures, settings.findings):
        if isinstance(folder, Path):  # in a store they stay
            found += folder.glob("*/*.damaged-*")
    for path in found:
        if path.lstat().st_ctime < before.timestamp():  # a moved file keeps its time of writing
            yield path


def _size(path: Path) -> int:
    """Return the bytes of a file, or of the files in a folder."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
