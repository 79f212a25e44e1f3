"""`geo-pipeline`: run the pipeline, export maps and tables, see how things stand.

Exit codes: 0 done, 1 failed, 2 misuse. Errors are one line on standard error; `--json` prints what
a machine may read on standard output. The rooms that take long to import are imported by the
commands that need them, so that `--help` and mistakes answer at once.
"""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from geo_pipeline.departements import BY_CODE, CODES, parse_departements
from geo_pipeline.errors import GeoPipelineError, NotPublishedError, UsageError
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import Failure

app = typer.Typer(
    name="geo-pipeline",
    help="The agricultural drought monitor of France, from the command line.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
export = typer.Typer(help="Write maps, tables and bulletins as files.", no_args_is_help=True)
app.add_typer(export, name="export")

out = Console()
err = Console(stderr=True, highlight=False)


class Language(StrEnum):
    """Language of exported pages."""

    fr = "fr"
    en = "en"


class TableFormat(StrEnum):
    """Format of an exported table."""

    csv = "csv"
    geoparquet = "geoparquet"
    geojson = "geojson"


AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Source = Annotated[
    str | None,
    typer.Option(
        help="Provider of weather: bundled, open-meteo, meteo-france, meteo-france-api, sim2."
    ),
]
History = Annotated[
    str | None,
    typer.Option(help="Provider of the days that --source lacks, such as bundled or sim2."),
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Rebuild from what was received before: no network.")
]
Since = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day of weather to take.")
]
Until = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of weather to take.")
]
Indicator = Annotated[str, typer.Option(help="Indicator, such as spi_3 or combined.")]
Period = Annotated[str | None, typer.Option(help="Period, such as 2022-08; default: the latest.")]
Lang = Annotated[Language | None, typer.Option(help="Language of the page.")]
Output = Annotated[Path | None, typer.Option(help="File to write; default: in the exports folder.")]


def main() -> None:
    """Run the command line; turn errors that a user can act on into one line and an exit code."""
    try:
        app()
    except UsageError as error:
        _fail(error, code=2)
    except GeoPipelineError as error:
        _fail(error, code=1)
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        _fail(f"setting GEO_PIPELINE_{name}: {first['msg']} (got {first['input']!r})", code=2)


@app.command()
def run(
    source: Source = None,
    departements: Annotated[
        str | None, typer.Option(help="Codes or names, such as 31,32; default: all 101.")
    ] = None,
    since: Since = None,
    until: Until = None,
    history: History = None,
    offline: Offline = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Only the départements that failed before.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run the pipeline: observations, indicators, risk, publication, exports."""
    settings = _settings(source, since, until, history, offline)
    if not resume:
        codes = parse_departements([departements]) if departements is not None else list(CODES)
    elif departements is not None:
        raise UsageError("--resume runs what failed before: leave --departements away")
    else:
        from geo_pipeline.storage.failures import Failures

        failures = Failures(settings.failures)
        # A table of the whole of France comes with any run.
        codes = failures.codes() or [CODES[0]] * any(True for _ in failures.all())
        if not codes:
            out.print("nothing failed before: there is nothing to resume")
            return
    _run(codes, settings, as_json)


@app.command()
def materialize(
    departements: Annotated[list[str], typer.Argument(help="Codes or names, such as 31 or Gers.")],
    source: Source = None,
    since: Since = None,
    until: Until = None,
    history: History = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Run some départements alone, then risk and publication; the others are not touched."""
    settings = _settings(source, since, until, history, offline)
    _run(parse_departements(departements), settings, as_json)


@export.command("map")
def export_map(
    indicator: Indicator = "combined",
    period: Period = None,
    lang: Lang = None,
    output: Output = None,
) -> None:
    """Write a map as one HTML page that opens with no network."""
    from geo_pipeline.publishing import exports, views
    from geo_pipeline.storage.warehouse import Warehouse

    settings = Settings()
    warehouse = Warehouse(settings.warehouse)
    view = views.select(warehouse, indicator, period)
    language = lang.value if lang else settings.language
    target = output or settings.exports / f"{view.name}.html"
    _wrote(exports.export_map(warehouse, view, language, target))


@export.command("table")
def export_table(
    indicator: Indicator = "combined",
    period: Period = None,
    table_format: Annotated[
        TableFormat | None,
        typer.Option("--format", help="Default: as the name of --output ends, else csv."),
    ] = None,
    output: Output = None,
) -> None:
    """Write the values behind a map as CSV, GeoParquet or GeoJSON."""
    from geo_pipeline.publishing import exports, views
    from geo_pipeline.storage.warehouse import Warehouse

    settings = Settings()
    warehouse = Warehouse(settings.warehouse)
    view = views.select(warehouse, indicator, period)
    ending = exports.TABLE_FORMATS[(table_format or TableFormat.csv).value]
    target = output or settings.exports / f"{view.name}.{ending}"
    if table_format is not None and target.suffix != f".{ending}":
        raise UsageError(
            f"--format {table_format} and --output {target} disagree: end it .{ending}"
        )
    _wrote(exports.export_table(warehouse, view, target))


@export.command("bulletin")
def export_bulletin(period: Period = None, lang: Lang = None, output: Output = None) -> None:
    """Write the bulletin: one page of plain words on one month."""
    from geo_pipeline.publishing import exports
    from geo_pipeline.storage.warehouse import Warehouse

    settings = Settings()
    language = lang.value if lang else settings.language
    warehouse = Warehouse(settings.warehouse)
    _wrote(exports.export_bulletin(warehouse, period, language, settings.exports, output))


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show what the lake holds, table by table, and when it was last published."""
    from geo_pipeline.storage.lake import PARTITIONED, Lake
    from geo_pipeline.storage.warehouse import Warehouse

    settings = Settings()
    rows = list(Lake(settings.lake).provenance())
    try:
        published = Warehouse(settings.warehouse).query("publication_date")["published_at"].iloc[0]
    except NotPublishedError:
        published = None
    if as_json:
        _print_json({"home": settings.home, "published_at": published, "files": rows})
        return
    heads = [Column(name, no_wrap=True) for name in ("table", "files", "rows", "from", "to")]
    table = Table(*heads, Column("without data"), title=str(settings.home))
    for name in dict.fromkeys(str(row["asset"]) for row in rows):
        files: list[dict[str, Any]] = [row for row in rows if row["asset"] == name]
        first = min((row["first_date"] for row in files if row["first_date"]), default="")
        last = max((row["last_date"] for row in files if row["last_date"]), default="")
        bare = [str(row["departement"]) for row in files if row["rows"] == 0]
        count = f"{len(files)}/101" if name in PARTITIONED else str(len(files))
        total = f"{sum(row['rows'] for row in files):,}"
        table.add_row(name, count, total, str(first), str(last), ", ".join(bare))
    out.print(table)
    out.print(f"Published: {published or 'not yet (run `geo-pipeline run`)'}")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check this installation: Python, spatial extension, embedded data, home, publication."""
    from geo_pipeline.diagnosis import examine

    findings = examine(Settings())
    if as_json:
        _print_json([finding._asdict() for finding in findings])
    else:
        table = Table("check", "", "found", "what to do")
        for each in findings:
            mark = "[green]ok[/]" if each.ok else "[red]no[/]"
            table.add_row(each.check, mark, each.found, "" if each.ok else each.advice)
        out.print(table)
    if not all(finding.ok for finding in findings if finding.needed):
        raise typer.Exit(1)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def dagster(
    context: typer.Context,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Only make Dagster's home, for separate services.")
    ] = False,
) -> None:
    """Open Dagster on this home folder (`dagster dev`; further options are handed on)."""
    from geo_pipeline.automation.instance import open_instance

    # Opening it makes its databases, which the processes started below would make at once.
    with open_instance(Settings()) as instance:
        home = instance.root_directory
    if prepare:
        out.print(home, highlight=False, soft_wrap=True)
        raise typer.Exit
    os.environ["DAGSTER_HOME"] = home
    command = [sys.executable, "-m", "dagster", "dev", "-m", "geo_pipeline.definitions"]
    os.execv(sys.executable, [*command, *context.args])  # noqa: S606


def _settings(
    source: str | None,
    since: datetime | None,
    until: datetime | None,
    history: str | None,
    offline: bool,
) -> Settings:
    """Return the settings with what the command line says instead."""
    said: dict[str, Any] = {
        "source": source,
        "since": since.date() if since else None,
        "until": until.date() if until else None,
        "history": history,
        "offline": offline or None,
    }
    return Settings(**{name: value for name, value in said.items() if value is not None})


def _run(codes: list[str], settings: Settings, as_json: bool) -> None:
    """Run `codes` and say what came of it."""
    with _progress(codes) as on_partition:
        from geo_pipeline.automation.runs import run as run_codes

        outcome = run_codes(settings, codes, on_partition)
    written = sorted(settings.exports.glob("*"))
    if as_json:
        _print_json(
            {
                "departements": codes,
                "run_ids": outcome.run_ids,
                "seconds": round(outcome.seconds, 3),
                "asset_seconds": outcome.asset_seconds,
                "failures": [asdict(each) for each in outcome.failures],
                "warehouse": settings.warehouse,
                "exports": written,
            }
        )
    else:
        names = f"{len(codes)} départements" if len(codes) > 3 else _names(codes)
        out.print(f"[bold]{names}[/]: done in {outcome.seconds:.1f} s")
        out.print(f"  published  {settings.warehouse}", highlight=False, soft_wrap=True)
        out.print(f"  exports    {settings.exports}", highlight=False, soft_wrap=True)
        for path in written:
            out.print(f"             {path.name}", highlight=False)
    if outcome.failures:
        _tell_failures(outcome.failures)
        raise typer.Exit(1)


def _tell_failures(failures: Sequence[Failure]) -> None:
    """Say on standard error what failed and why."""
    table = Table("table", "département", "why", title="failed; what was there before is unchanged")
    for each in failures:
        table.add_row(each.table, each.departement, escape(each.why))
    err.print(table)
    err.print("run it again with --resume once the cause is gone", markup=False)


@contextmanager
def _progress(codes: list[str]) -> Iterator[Any]:
    """Show how many partitions are written, on a terminal; give the function that counts them."""
    from geo_pipeline.storage.lake import PARTITIONED

    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=err, transient=True, disable=not err.is_terminal
    ) as progress:
        task = progress.add_task("starting", total=len(codes) * len(PARTITIONED))

        def on_partition(table: str, _departement: str) -> None:
            progress.update(task, advance=1, description=table)

        yield on_partition


def _names(codes: list[str]) -> str:
    return ", ".join(f"{BY_CODE[code].name} ({code})" for code in codes)


def _wrote(path: Path) -> None:
    size_kb = path.stat().st_size / 1e3
    out.print(f"{path} ({size_kb:.0f} kB)", highlight=False, soft_wrap=True)


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, default=str, ensure_ascii=False, indent=2) + "\n")


def _fail(error: object, code: int) -> None:
    """Print one line and leave with `code`."""
    line = " ".join(str(error).split())
    err.print(f"error: {line}", markup=False, style="red", soft_wrap=True)
    sys.exit(code)
