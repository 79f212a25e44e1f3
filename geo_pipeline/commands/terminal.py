"""The terminal: tables and lines for a person, JSON for a machine, one line for an error.

Errors and progress go to standard error, results to standard output. Every command loads this
module, so what is slow to import is imported where it is used.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from typer import Exit

from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.places import version
from geo_pipeline.territory import BY_CODE
from geo_pipeline.words import printable

if TYPE_CHECKING:
    from geo_pipeline.commands.runs import Outcome
    from geo_pipeline.settings import Settings
    from geo_pipeline.storage.failures import Failure
    from geo_pipeline.storage.findings import Finding

FEW_DOUBTS = 5
"""Doubts of checks that are told one by one; of more only their number is."""

out = Console()
err = Console(stderr=True, highlight=False)


def tell_run(codes: list[str], settings: "Settings", outcome: "Outcome", *, as_json: bool) -> None:
    """Print the outcome of a run: what is published, what failed, is held back or doubtful."""
    for run_id in outcome.killed:
        err.print(killed(run_id), markup=False, soft_wrap=True)
    if outcome.migrated is not None:
        err.print(f"note: {outcome.migrated.told()}", markup=False, soft_wrap=True)
    written = sorted(settings.exports.glob("*"))
    if as_json:
        print_json(
            {
                "departements": codes,
                "run_ids": outcome.run_ids,
                "killed_runs": outcome.killed,
                "seconds": round(outcome.seconds, 3),
                "asset_seconds": outcome.asset_seconds,
                "failures": [each.told() for each in outcome.failures],
                "held": [each.told() for each in outcome.held],
                "doubts": [each.told() for each in outcome.doubts],
                "warehouse": settings.warehouse,
                "exports": written,
            }
        )
    else:
        names = f"{len(codes)} départements" if len(codes) > 3 else named(codes)
        out.print(f"[bold]{names}[/]: done in {outcome.seconds:.1f} s")
        out.print(f"  published  {settings.warehouse}", highlight=False, soft_wrap=True)
        out.print(f"  exports    {settings.exports}", highlight=False, soft_wrap=True)
        for path in written:
            out.print(f"             {path.name}", highlight=False)
    tell_doubts(outcome.doubts)
    tell_troubles("failed; what was there before is unchanged:", outcome.failures)
    tell_troubles("held back by a check; what was published of these before stays:", outcome.held)


def print_failed(codes: list[str], settings: "Settings", error: GeoPipelineError) -> None:
    """Print what is known of a run that failed as a whole."""
    from geo_pipeline.storage.failures import Failures
    from geo_pipeline.storage.findings import Findings

    failures = Failures(settings.failures).all()
    held = Findings(settings.findings).held()
    print_json(
        {
            "departements": codes,
            "error": one_line(error),
            "failures": [each.told() for each in failures if each.departement in codes],
            "held": [each.told() for code in codes for each in held.get(code, [])],
        }
    )


def tell_troubles(title: str, troubles: "Sequence[Failure | Finding]") -> None:
    """Print on standard error what failed, is held back or doubtful, and why: one line each.

    A table would cut long addresses.
    """
    from geo_pipeline.storage.failures import Failure

    if troubles:
        err.print(title, markup=False)
    for each in troubles:
        said = each.why if isinstance(each, Failure) else f"{each.check}: {each.what}"
        err.print(f"  {each.table} {each.departement}: {said}", markup=False, soft_wrap=True)


def tell_doubts(doubts: "Sequence[Finding]") -> None:
    """Print on standard error the doubts of checks; of many their number, and where they are told.

    The weather of a century has some in each département.
    """
    codes = [code for code in BY_CODE if any(each.departement == code for each in doubts)]
    if len(doubts) <= FEW_DOUBTS or not codes:
        tell_troubles("published, though a check has a doubt:", doubts)
        return
    counts = Counter(f"{each.table}, {each.check}" for each in doubts).most_common()
    of = "; ".join(f"{check}: {count}" for check, count in counts)
    places = "of one département" if len(codes) == 1 else f"of {len(codes)} départements"
    err.print(
        f"published, though checks have {len(doubts)} doubts {places} ({of}): "
        "`geo-pipeline status` names the places, "
        f"`geo-pipeline status {codes[0]}` tells those of one",
        markup=False,
        soft_wrap=True,
    )


@contextmanager
def progress(settings: "Settings", codes: list[str]) -> Iterator[Any]:
    """Show the number of written partitions on a terminal; give the function that counts them."""
    from geo_pipeline.tables import chosen

    tables = [each for each in chosen(settings) if each.partitioned]

    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=err, transient=True, disable=not err.is_terminal
    ) as progress:
        task = progress.add_task("starting", total=len(codes) * len(tables))

        def on_partition(table: str, _departement: str) -> None:
            progress.update(task, advance=1, description=table)

        yield on_partition


def killed(run_id: str) -> str:
    """Return the line for a run that was killed."""
    return f"run {run_id} was killed before its end: it is marked as failed now"


def named(codes: list[str]) -> str:
    """Return départements by name and code."""
    return ", ".join(f"{BY_CODE[code].name} ({code})" for code in codes)


def tell_written(path: Path) -> None:
    """Print the name and size of a written file."""
    size_kb = path.stat().st_size / 1e3
    out.print(f"{path} ({size_kb:.0f} kB)", highlight=False, soft_wrap=True)


def print_json(value: object) -> None:
    """Print `value` as JSON on standard output; values that JSON does not know become text."""
    sys.stdout.write(json.dumps(value, default=str, ensure_ascii=False, indent=2) + "\n")


def fail(error: object, code: int) -> None:
    """Print one line, and JSON if the command has `--json`, and exit with `code`."""
    tell_failed(error)
    sys.exit(code)


def tell_failed(error: object) -> None:
    """Print an error as one line, and as JSON if the command has `--json`."""
    if "--json" in sys.argv:
        print_json({"error": one_line(error)})
    tell_error(error)


def tell_error(error: object) -> None:
    """Print an error as one line on standard error."""
    err.print(f"error: {one_line(error)}", markup=False, style="red", soft_wrap=True)


def tell_version(wanted: bool) -> None:
    """Print the version and end the command, where it is asked for."""
    if wanted:
        out.print(f"geo-pipeline {version()}", highlight=False)
        raise Exit


def one_line(error: object) -> str:
    """Return the text of an error on one line."""
    return " ".join(printable(str(error)).split())
