"""`geo-pipeline backup`, `restore` and `tidy`: what keeps a home over the years.

Modules that are slow to import are imported by the command that needs them, as in `cli`.
"""

import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from geo_pipeline.commands.terminal import err, out, print_json

if TYPE_CHECKING:
    from geo_pipeline.settings import Settings

STREAM = "-"


def backup(
    target: Annotated[str, typer.Argument(help="File to write, such as home.tar; - for a pipe.")],
) -> None:
    """Write all of the home into one file: lake, raw data, publication, records, notes, exports.

    It may be made while everything runs. Records in PostgreSQL are not in it: use pg_dump.
    """
    from geo_pipeline.files import replacing
    from geo_pipeline.settings import read_settings
    from geo_pipeline.storage import backups

    settings = read_settings()
    _require_folder(settings)
    with ExitStack() as stack:
        if target == STREAM:
            file = sys.stdout.buffer
        else:
            file = stack.enter_context(stack.enter_context(replacing(Path(target))).open("wb"))
        made = backups.write(settings.home, file)
    err.print(f"{made.files} files, {made.bytes / 1e6:.1f} MB, of {made.made_at}", markup=False)
    if settings.postgres_url is not None:
        err.print("Dagster's records are in PostgreSQL: back them up with pg_dump", markup=False)
    if settings.store:
        err.print(f"not in it: what lies in {settings.store}, copy that bucket too", markup=False)


def restore(
    source: Annotated[str, typer.Argument(help="Backup to read; - for a pipe.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Move aside what is in the home now.")
    ] = False,
) -> None:
    """Make the home what a backup has, after checking every byte of it.

    Stop Dagster first. Says what `geo-pipeline status` then has to say about the rest.
    """
    from geo_pipeline.settings import read_settings
    from geo_pipeline.storage import backups

    settings = read_settings()
    _require_folder(settings)
    with ExitStack() as stack:
        named = source != STREAM
        file = stack.enter_context(_opened(Path(source))) if named else sys.stdin.buffer
        made = backups.restore(settings.home, file, replace=replace)
    out.print(
        f"restored {made.files} files, {made.bytes / 1e6:.1f} MB, of {made.made_at}: "
        "`geo-pipeline status` tells whether a run is needed",
        markup=False,
        soft_wrap=True,
    )


def _require_folder(settings: "Settings") -> None:
    """Raise UsageError where the lake is not in the home folder, which is all that is copied."""
    from geo_pipeline.errors import UsageError
    from geo_pipeline.words import message

    if settings.store:
        raise UsageError(message("backup.in_store", store=settings.store))


def _opened(path: Path) -> IO[bytes]:
    """Open a backup for reading.

    Raises:
        StorageError: it cannot be.
    """
    from geo_pipeline.errors import StorageError
    from geo_pipeline.words import message

    try:
        return path.open("rb")
    except OSError as error:
        why = error.strerror or error
        raise StorageError(message("file.unreadable", path=path, why=why)) from error


def tidy(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be removed.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Remove what is older than the settings keep: runs of Dagster, raw answers, files set aside.

    The runs that last made a partition stay, and raw answers that are asked for once only.
    """
    from geo_pipeline.automation.tidying import tidied
    from geo_pipeline.settings import read_settings

    done = tidied(read_settings(), dry_run=dry_run)
    if as_json:
        print_json(asdict(done))
        return
    would = "would remove" if dry_run else "removed"
    out.print(
        f"{would} {done.runs} runs of Dagster, {done.answers} raw answers and {done.asides} "
        f"files and folders set aside, {done.bytes / 1e6:.1f} MB",
        markup=False,
        soft_wrap=True,
    )
