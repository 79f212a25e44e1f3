"""`geo-pipeline`: run the pipeline, export maps and tables, show the state of everything.

Exit codes: 0 done, 1 failed, 2 misuse. Errors are one line on standard error; `--json` prints a
machine-readable result on standard output. Modules that are slow to import are imported by the
commands that need them, so that `--help` and mistakes answer at once.
"""

import gc
import os
import sys
from dataclasses import asdict, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column, Table

from geo_pipeline.commands import export, keeping, worker
from geo_pipeline.commands.ending import StoppedError, ended_within, leave
from geo_pipeline.commands.terminal import (
    err,
    fail,
    killed,
    out,
    print_failed,
    print_json,
    progress,
    tell_error,
    tell_failed,
    tell_run,
    tell_version,
)
from geo_pipeline.errors import GeoPipelineError, UsageError
from geo_pipeline.providers import names
from geo_pipeline.territory import CODES, parse_departements
from geo_pipeline.words import message

if TYPE_CHECKING:
    from geo_pipeline.settings import Settings

app = typer.Typer(
    name="geo-pipeline",
    help="The agricultural drought monitor of France, from the command line.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(export.app, name="export")
for _command in (keeping.backup, keeping.restore, keeping.tidy, worker.worker):
    app.command()(_command)

OBJECTS_BETWEEN_COLLECTIONS = 10_000
"""Loading creates hundreds of thousands of objects that stay. Searching them for cycles after every
700, as Python does by default, takes half a second of a command."""


class Role(StrEnum):
    """A service of the containers."""

    app = "app"
    webserver = "webserver"
    daemon = "daemon"
    code = "code"


AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
RESUME = "Only what `status` says is wrong: failed, held, damaged, missing, outdated, late."
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Tell each file written and each request.")
]
FirstMap = Annotated[bool, typer.Option("--first-map", help="Without forecasts: sooner.")]
Departements = Annotated[
    str | None, typer.Option(help="Codes or names, such as 31,32; default: all 101.")
]
Source = Annotated[
    str | None,
    typer.Option(help=f"Provider of weather: {', '.join(names('weather'))}."),
]
History = Annotated[
    str | None,
    typer.Option(help="Provider of the days that --source lacks, such as bundled or sim2."),
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Rebuild from what was received before: no network.")
]
DAY = ["%Y-%m-%d"]
Since = Annotated[datetime | None, typer.Option(formats=DAY, help="First day of weather to take.")]
Until = Annotated[datetime | None, typer.Option(formats=DAY, help="Last day of weather to take.")]


def main() -> None:
    """Run the command line; turn errors that a user can act on into one line and an exit code."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    try:
        app()
    except UsageError as error:
        fail(error, code=2)
    except StoppedError as error:
        tell_failed(error)
        leave(1)
    except GeoPipelineError as error:
        fail(error, code=1)


@app.callback()
def _before_any_command(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=tell_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    pass


@app.command()
def run(
    source: Source = None,
    departements: Departements = None,
    since: Since = None,
    until: Until = None,
    history: History = None,
    offline: Offline = False,
    resume: Annotated[bool, typer.Option("--resume", help=RESUME)] = False,
    first_map: FirstMap = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Run the pipeline: observations, indicators, risk, publication, exports."""
    settings = _settings(source, since, until, history, offline)
    if resume:
        if departements is not None:
            raise UsageError(message("cli.resume"))
        _resume(settings, as_json, verbose)
        return
    codes = parse_departements([departements]) if departements is not None else list(CODES)
    _run(codes, settings, as_json, verbose, first_map=first_map)


@app.command()
def live(
    departements: Departements = None,
    since: Annotated[
        int | None, typer.Option(help="First year of the history; default: 1991.")
    ] = None,
    light: Annotated[
        bool, typer.Option("--light", help="Only the last twelve years, some 1.7 GB.")
    ] = False,
    stations: Annotated[
        bool,
        typer.Option(
            "--stations", help="Stations in place of the grid: less to load, less certain."
        ),
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Where a quota is used up, go on when it is renewed.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Print the plan and stop: nothing is fetched.")
    ] = False,
) -> None:
    """Fetch the weather of today and of the past, and publish: newest first, step by step."""
    from geo_pipeline.commands.live import Live
    from geo_pipeline.commands.live_plan import first_day

    codes = parse_departements([departements]) if departements is not None else list(CODES)
    first = first_day(since, light=light)
    work = Live(_settings(), codes, first, stations=stations, wait=wait)
    if plan:
        raise typer.Exit(work.tell())
    raise typer.Exit(work.work())


@app.command()
def materialize(
    departements: Annotated[list[str], typer.Argument(help="Codes or names, such as 31 or Gers.")],
    source: Source = None,
    since: Since = None,
    until: Until = None,
    history: History = None,
    offline: Offline = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Run some départements alone, then risk and publication; the others are not touched."""
    settings = _settings(source, since, until, history, offline)
    _run(parse_departements(departements), settings, as_json, verbose)


@app.command()
def backfill(
    departements: Departements = None,
    again: Annotated[
        str | None,
        typer.Option(help="Id of a backfill: only what has not come to a good end in it."),
    ] = None,
    together: Annotated[int, typer.Option(min=1, help="Départements that share a run.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Queue a run for each département, or some; Dagster's daemon starts them (`just dagster`)."""
    from geo_pipeline.commands.backfill import BACKFILL_TAG, enqueue, left_over

    settings = _settings()
    if again is None:
        codes = parse_departements([departements]) if departements is not None else list(CODES)
    elif departements is not None:
        raise UsageError(message("cli.again"))
    else:
        codes = left_over(settings, again)
    queued = enqueue(settings, codes, together)
    if as_json:
        print_json(asdict(queued))
        return
    out.print(
        f"{len(set(queued.run_ids.values()))} runs queued, {BACKFILL_TAG} = {queued.backfill_id}"
    )
    if queued.waiting:
        out.print(f"  queued or under way since before, not again: {', '.join(queued.waiting)}")
    runs = f"{settings.dagster_url}/runs?q[0]=tag:{BACKFILL_TAG}={queued.backfill_id}"
    out.print(f"  see {runs}", highlight=False, soft_wrap=True, markup=False)
    if not queued.daemon_runs:
        err.print("Dagster's daemon is not running: start it with `just dagster`", markup=False)


@app.command()
def status(
    departement: Annotated[
        str | None, typer.Option(help="Code or name: all that is known of one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the files, what is wrong and how to repair it, and the last runs.

    Exit code 1 where anything is wrong; warnings of checks do not count.
    """
    from geo_pipeline.automation.monitoring import current_snapshot, is_wrong
    from geo_pipeline.commands import status as status_tables
    from geo_pipeline.commands.live_state import LiveState

    code = None if departement is None else parse_departements([departement])[0]
    settings = _settings()
    live_state = LiveState(settings.home).told()
    taken, unknown = current_snapshot(settings)
    if as_json:
        print_json({**taken, "files": status_tables.files(taken), "live": live_state})
    elif code is not None:
        status_tables.tell_departement(taken, code, out)
    else:
        status_tables.tell(taken, out, unknown)
        if live_state is not None:
            out.print(f"Live: {live_state}", markup=False, highlight=False, soft_wrap=True)
    if is_wrong(taken if code is None else status_tables.only(taken, code)):
        raise typer.Exit(1)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check this installation and its home: requirements, providers, troubles.

    Exit code 1 where something required is missing or anything is wrong; before the first run
    nothing is published, which does not count.
    """
    from geo_pipeline.automation.monitoring import current_snapshot
    from geo_pipeline.commands.doctor import examine, of_home

    settings = _settings()
    findings = [*examine(settings), *of_home(current_snapshot(settings)[0])]
    if as_json:
        print_json([finding._asdict() for finding in findings])
    else:
        # An address may be longer than its column: it is folded onto the next line.
        long = (Column(name, overflow="fold") for name in ("found", "what to do"))
        table = Table("check", "", *long)
        for each in findings:
            mark = "[green]ok[/]" if each.ok else "[red]no[/]"
            table.add_row(
                each.check, mark, escape(each.found), "" if each.ok else escape(each.advice)
            )
        out.print(table)
    if not all(finding.ok for finding in findings if finding.needed):
        raise typer.Exit(1)


@app.command()
def repair(as_json: AsJson = False) -> None:
    """Set aside unreadable records of Dagster, failures and findings; the lake stays.

    Readable ones are left alone. New records are made; `run --resume` finds again what the notes on
    a département said.
    """

    from geo_pipeline.commands.repair import set_damaged_aside

    repaired = set_damaged_aside(_settings())
    if as_json:
        print_json(asdict(repaired))
        return
    for path in (*repaired.records, *repaired.notes):
        out.print(f"set aside: {path}", markup=False, highlight=False, soft_wrap=True)
    if repaired.records:
        out.print("new ones were made; delete what was set aside once nobody wants it")
    if repaired.codes:
        out.print(f"now: geo-pipeline materialize {' '.join(repaired.codes)}", soft_wrap=True)
    if not (repaired.records or repaired.notes):
        out.print("all can be read: nothing was changed")


@app.command()
def health(
    role: Annotated[
        Role | None,
        typer.Argument(help="The service to look at; default: the one this container runs."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Its address; default: that in its container.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a service does its work, for health checks: exit code 1 where it does not."""
    from geo_pipeline.commands.health import ROLES, of_container

    name = role.value if role is not None else of_container()
    found = [] if name is None else ROLES[name](_settings(), url)
    if as_json:
        print_json([each.told() for each in found])
    else:
        for each in found:
            err.print(f"{each.where}: {each.what}", markup=False, soft_wrap=True)
        if not found:
            out.print("healthy")
    if found:
        raise typer.Exit(1)


@app.command("test-alert")
def try_alerts(as_json: AsJson = False) -> None:
    """Send a message to each channel of alerts, and say which took it."""
    from geo_pipeline.automation.alerts import Alerts
    from geo_pipeline.automation.readers import readers

    settings = _settings()
    deliveries = Alerts(settings).test()
    for reader in readers(settings):
        own = Alerts(reader.settings(settings), reader.folder).test()[1:]  # all but the log
        deliveries += [replace(each, channel=f"{reader.name}: {each.channel}") for each in own]
    if as_json:
        print_json([asdict(each) for each in deliveries])
    else:
        for each in deliveries:
            if each.error is None:
                out.print(f"{each.channel}: taken", markup=False)
            else:
                err.print(f"{each.channel}: {each.error}", markup=False, soft_wrap=True)
        if len(deliveries) == 1:
            out.print(
                "no other channel: set GEO_PIPELINE_SMTP_URL and GEO_PIPELINE_ALERT_EMAILS, or "
                "GEO_PIPELINE_WEBHOOK_URLS",
                soft_wrap=True,
            )
    if any(each.error for each in deliveries):
        raise typer.Exit(1)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def dagster(
    context: typer.Context,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Only make Dagster's home, for separate services.")
    ] = False,
) -> None:
    """Open Dagster on this home folder (`dagster dev`; further options are handed on)."""
    from geo_pipeline.commands.service import serve
    from geo_pipeline.platform import configuration
    from geo_pipeline.platform.instance import open_instance
    from geo_pipeline.platform.live_runs import reap
    from geo_pipeline.storage.lake import Lake
    from geo_pipeline.storage.layout import bring_up_to_date

    settings = _settings()
    if (migrated := bring_up_to_date(settings.shared, Lake(settings.lake))) is not None:
        err.print(f"note: {migrated.told()}", markup=False, soft_wrap=True)
    # This creates Dagster's databases; the processes started below would all do so at once.
    with open_instance(settings) as instance:
        home = instance.root_directory
        for run_id in reap(instance):
            err.print(killed(run_id), markup=False, soft_wrap=True)
    note = configuration.note(Path(home), settings)
    if note is not None:
        err.print(f"note: {note}", markup=False, soft_wrap=True)
    if prepare:
        out.print(home, highlight=False, soft_wrap=True)
        raise typer.Exit
    os.environ["DAGSTER_HOME"] = home
    command = [sys.executable, "-m", "dagster", "dev", "-m", "geo_pipeline.definitions"]
    raise typer.Exit(serve([*command, *context.args]))


def _resume(settings: "Settings", as_json: bool, verbose: bool) -> None:
    """Repair what `status` reports and can be repaired from here; print what is left."""
    from geo_pipeline.automation.monitoring import current_snapshot, is_wrong
    from geo_pipeline.automation.troubles import MENDED_BY_RESUME
    from geo_pipeline.commands import status as status_tables
    from geo_pipeline.commands.unfinished import left

    taken, _ = current_snapshot(settings)
    if not is_wrong(taken):
        if as_json:
            print_json({"departements": [], "system": [], "troubles": []})
        else:
            out.print("nothing failed, is held or missing: there is nothing to resume")
        return
    kinds = {each["kind"] for each in taken["system"]}
    lost: tuple[str, ...] = ()
    if kinds & {"records", "notes"}:
        lost = _repair(settings)
        taken, _ = current_snapshot(settings)
    to_do = left(taken)
    codes = [code for code in CODES if code in {*to_do.codes, *lost}]
    if codes:
        err.print(f"to do: {to_do.in_words()}", markup=False, highlight=False)
        _run(codes, settings, as_json, verbose)
    elif kinds & MENDED_BY_RESUME:
        _reap(settings)
    taken, _ = current_snapshot(settings)
    if is_wrong(taken):
        err.print("not all is mended:", markup=False)
        for line in status_tables.wrong(taken):
            err.print(line, markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1)


def _reap(settings: "Settings") -> None:
    """Mark the runs that were killed as failed, and print them."""
    from geo_pipeline.platform.instance import open_instance
    from geo_pipeline.platform.live_runs import reap

    with open_instance(settings) as instance:
        for run_id in reap(instance):
            err.print(killed(run_id), markup=False, soft_wrap=True)


def _repair(settings: "Settings") -> tuple[str, ...]:
    """Set aside damaged records and notes, and print them; return the départements concerned."""
    from geo_pipeline.commands.repair import set_damaged_aside

    repaired = set_damaged_aside(settings)
    for path in (*repaired.records, *repaired.notes):
        err.print(f"set aside: {path}", markup=False, highlight=False, soft_wrap=True)
    return repaired.codes


def _settings(
    source: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    history: str | None = None,
    offline: bool = False,
) -> "Settings":
    """Return the settings, with the options of the command line in place of the environment's."""
    from geo_pipeline.settings import read_settings

    said: dict[str, Any] = {
        "source": source,
        "since": since.date() if since else None,
        "until": until.date() if until else None,
        "history": history,
        "offline": offline or None,
    }
    return read_settings(**{name: value for name, value in said.items() if value is not None})


def _run(
    codes: list[str], settings: "Settings", as_json: bool, verbose: bool, *, first_map: bool = False
) -> None:
    """Run `codes` and print the outcome."""
    from geo_pipeline import logs

    with ended_within(), progress(settings, codes) as on_partition, logs.shown(verbose):
        from geo_pipeline.commands.runs import foreseen, run

        if note := foreseen(settings):
            err.print(f"note: {note}", markup=False, soft_wrap=True)
        try:
            outcome = run(settings, codes, on_partition, first_map=first_map)
        except GeoPipelineError as error:
            if not as_json or isinstance(error, UsageError):
                raise
            print_failed(codes, settings, error)
            tell_error(error)
            raise typer.Exit(1) from None
    tell_run(codes, settings, outcome, as_json=as_json)
    if outcome.failures or outcome.held:
        err.print("run it again with --resume once the cause is gone", markup=False)
        raise typer.Exit(1)
