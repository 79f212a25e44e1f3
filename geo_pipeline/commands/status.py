"""`geo-pipeline status`: the state of the pipeline, as tables for a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Column, Table
from rich.text import Text

from geo_pipeline.storage.partition_states import BROKEN
from geo_pipeline.territory import is_stretch

SHOWN_TROUBLES = 30
SHOWN_CODES = 6
SHOWN_RUNS = 8
WIDE = 120
"""Terminal width, in columns, from which a table may have more columns."""

COLOURS = {
    "damaged": "red",
    "held": "red",
    "failed": "red",
    "missing": "red",
    "outdated": "yellow",
    "late": "yellow",
    "warned": "yellow",
    "fresh": "green",
    "SUCCESS": "green",
    "FAILURE": "red",
    "CANCELED": "yellow",
    "STARTED": "cyan",
}

Taken = Mapping[str, Any]


def files(taken: Taken) -> list[dict[str, Any]]:
    """Return the readable files of the lake, with their content and origin."""
    names = ("source", "url", "fetched_at", "sha256", "rows", "first_date", "last_date")
    return [
        {
            "asset": row["table"],
            "departement": None if row["departement"] == "france" else row["departement"],
            **{name: row[name] for name in names},
        }
        for row in taken["partitions"]
        if row["rows"] is not None
    ]


def tell(taken: Taken, console: Console, unknown: str | None = None) -> None:
    """Print the state of everything; `unknown` is why Dagster's records cannot be read."""
    console.print(_tables(taken, wide=console.width >= WIDE))
    for line in _system(taken):
        console.print(line, highlight=False, soft_wrap=True)
    for part in _troubles(taken["troubles"], well=not taken["system"]):
        console.print(part, highlight=False)
    if unknown is not None:
        console.print(f"Runs: {unknown}", markup=False, soft_wrap=True)
    elif taken["runs"]:
        console.print(*_runs(taken["runs"]), sep="\n")
    else:
        console.print("Runs: none yet")
    _tell_services(taken, console)


def tell_departement(taken: Taken, code: str, console: Console) -> None:
    """Print everything that is known of one département."""
    rows = [row for row in taken["partitions"] if row["departement"] == code]
    place = next(each for each in taken["departements"] if each["departement"] == code)
    names = ["table", "state", "rows", "from", "to"]
    more = ["source", "written", "seconds", "run"] if console.width >= WIDE else []
    table = _plain(f"{place['name']} ({code}), {place['region']}", *names, *more)
    for row in rows:
        cells = [
            row["table"],
            _state(row["state"]),
            _number(row["rows"]),
            row["first_date"] or "",
            row["last_date"] or "",
            escape(row["source"] or ""),
            _moment(row["written_at"]),
            "" if row["seconds"] is None else f"{row['seconds']:.3f}",
            (row["run_id"] or "")[:8],
        ]
        table.add_row(*cells[: len(names) + len(more)])
    console.print(table)
    troubles = [each for each in taken["troubles"] if each["departement"] == code]
    if not troubles:
        console.print(Text("Nothing is late, broken or suspicious.", style="green"))
    for each in troubles:
        line = f"{each['table']}: {_word(each['state'])} since {_moment(each['since'])}: "
        console.print(f"{line}{each['what']}", markup=False, highlight=False, soft_wrap=True)
    for command in _commands([each for each in troubles if each["state"] in BROKEN]):
        console.print(command, highlight=False, soft_wrap=True)


def only(taken: Taken, code: str) -> dict[str, Any]:
    """Return the part of a snapshot that concerns one département."""
    troubles = [each for each in taken["troubles"] if each["departement"] == code]
    return {**taken, "system": [], "troubles": troubles}


def wrong(taken: Taken) -> Iterator[str]:
    """Yield a line for each thing that is wrong, with the command that repairs it."""
    for each in taken["system"]:
        yield f"{each['where']}: {each['what']}: {each['do']}"
    for each in taken["troubles"]:
        if each["state"] in BROKEN:
            yield f"{_place(each)}, {each['table']}: {each['state']}: {each['short']}: {each['do']}"


def _system(taken: Taken) -> Iterator[Text]:
    """Yield the troubles of the system as a whole, each with the command to type."""
    for each in taken["system"]:
        since = f", since {_moment(each['since'])}" if each["since"] else ""
        yield Text.assemble((each["kind"], "red"), f"  {each['where']}: {each['what']}{since}")
        yield Text(f"    {each['do']}")


def _tables(taken: Taken, wide: bool) -> Table:
    """Return a row for each table: files, rows, period, and the number of partitions by state."""
    names = ("table", "files", "rows", "from", "to") if wide else ("table", "files", "to")
    table = _plain(taken["home"], *names)
    table.add_column("state")
    for each in taken["tables"]:
        if not each["files"]:
            continue
        bare = [
            row["departement"]
            for row in taken["partitions"]
            if row["table"] == each["table"] and row["state"] == "empty"
        ]
        count = f"{each['files']}/{each['expected']}" if each["expected"] > 1 else "1"
        cells = {
            "table": each["table"],
            "files": count,
            "rows": _number(each["rows"]),
            "from": each["first_date"] or "",
            "to": each["last_date"] or "",
        }
        table.add_row(*(cells[name] for name in names), _counts(each["states"], bare))
    return table


def _counts(states: Mapping[str, int], bare: Sequence[str]) -> Text:
    """Return `10 failed, 84 fresh, 7 without data (75, 92...)`."""
    parts = [
        Text(f"{number} {_word(state)}", style=COLOURS.get(state, ""))
        for state, number in states.items()
        if state not in ("present", "empty")
    ]
    if bare:
        parts.append(Text(f"{len(bare)} without data ({', '.join(bare)})"))
    return Text(", ").join(parts)


def _troubles(troubles: Sequence[Taken], well: bool) -> Iterator[RenderableType]:
    """Yield the troubles of tables, one line each, then the commands that repair them.

    `well` means that nothing else is wrong.
    """
    doubted = [each for each in troubles if each["state"] not in BROKEN]
    broken = [each for each in troubles if each["state"] in BROKEN]
    if broken:
        yield from _broken(broken)
    elif well:
        yield Text("Nothing is late or broken.", style="green")
    if doubted:
        tables = ", ".join(sorted({each["table"] for each in doubted}))
        yield f"a check has a doubt:     {_places(doubted)} ({tables})"
        yield f"look at what is odd:     {doubted[0]['do']}"


def _broken(troubles: Sequence[Taken]) -> Iterator[RenderableType]:
    """Yield the table of broken partitions: why, and what to type."""
    names = ("département", "table", "state", "since")
    table = _plain(f"{len(troubles)} in trouble", *names)
    alike: dict[tuple[str, str, str], list[Taken]] = {}
    for each in troubles:
        alike.setdefault((each["table"], each["state"], each["reason"]), []).append(each)
    groups = list(alike.values())
    for members in groups[:SHOWN_TROUBLES]:
        first = members[0]
        table.add_row(
            _places(members),
            first["table"],
            _state(first["state"]),
            min(each["since"] for each in members)[:10],
        )
    yield table
    for members in groups[:SHOWN_TROUBLES]:
        yield Text(f"{_places(members)}: {members[0]['short']}")
    if len(groups) > SHOWN_TROUBLES:
        yield f"and {len(groups) - SHOWN_TROUBLES} kinds more: geo-pipeline status --json"
    yield from _commands(troubles)


def _commands(troubles: Sequence[Taken]) -> Iterator[str]:
    """Yield the commands to type, a few commands for many troubles."""
    failed = [each for each in troubles if each["state"] == "failed"]
    rest = [each for each in troubles if each not in failed]
    if len(failed) == 1:
        yield f"run it again:            {failed[0]['do']}"
    elif failed:
        yield "run what failed again:   geo-pipeline run --resume"
    codes = dict.fromkeys(each["departement"] for each in rest if each["departement"] != "france")
    if codes:
        yield f"make these again:        geo-pipeline materialize {' '.join(codes)}"
    for command in dict.fromkeys(each["do"] for each in rest if each["departement"] == "france"):
        yield f"a table of all France:   {command}"


def _plain(title: str, *names: str) -> Table:
    """Return a table with few rules, so that much fits on a terminal."""
    columns = [Column(name, no_wrap=True) for name in names]
    return Table(*columns, title=Text(title), title_justify="left", box=SIMPLE_HEAD, pad_edge=False)


def _places(members: Sequence[Taken]) -> str:
    """Return the places with the same trouble: one name, or the number and the codes."""
    if len(members) == 1:
        return _place(members[0])
    codes = [each["departement"] for each in members]
    more = "" if len(codes) <= SHOWN_CODES else f" and {len(codes) - SHOWN_CODES} more"
    return f"{len(codes)}: {' '.join(codes[:SHOWN_CODES])}{more}"


def _place(each: Taken) -> str:
    if each["departement"] == "france":
        return "France"
    return f"{each['name']} ({each['departement']})"


def _span(run: Taken) -> str:
    """Return the départements of a run; for a scattered set its number, first and last."""
    first, last, count = run["first_departement"], run["last_departement"], run["departements"]
    if count < 2:
        return str(first or "")
    span = f"{first} to {last}"
    return span if is_stretch(first, last, count) else f"{count} of {span}"


def _runs(runs: Sequence[Taken]) -> Iterator[RenderableType]:
    """Yield the list of the last runs, then why some of them failed, one line each."""
    table = _plain("last runs", "started", "job", "départements", "took", "result")
    for each in runs[:SHOWN_RUNS]:
        took = "" if each["seconds"] is None else f"{each['seconds']:.1f} s"
        table.add_row(
            _moment(each["started_at"] or each["created_at"]),
            each["job"],
            _span(each),
            took,
            Text(each["status"].lower(), style=COLOURS.get(each["status"], "")),
        )
    yield table
    for each in runs[:SHOWN_RUNS]:
        if each["error"]:
            yield Text(f"{_moment(each['started_at'] or each['created_at'])}  {each['error']}")


def _tell_services(taken: Taken, console: Console) -> None:
    """Print whether schedules and sensors run, and when data were last published."""
    required = [each for each in taken["daemons"] if each["required"]]
    dead = [each["daemon"].lower() for each in required if not each["healthy"]]
    if required and len(dead) == len(required):
        console.print("Schedules and sensors: not running (`just dagster` starts them)")
    elif dead:
        console.print(f"Schedules and sensors: no sign of life of {', '.join(dead)}")
    elif required:
        console.print("Schedules and sensors: running")
    published = taken["published_at"]
    there = taken["published_bytes"] is not None
    unread = "cannot be read" if there else "not yet (run `geo-pipeline run`)"
    console.print(f"Published: {_moment(published) if published else unread}")


def _word(state: str) -> str:
    return "suspicious" if state == "warned" else state


def _state(state: str) -> Text:
    return Text(_word(state), style=COLOURS.get(state, ""))


def _number(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _moment(text: str | None) -> str:
    """Return an ISO time as `2026-11-23 22:51 UTC`, a date as it is."""
    if text is None or len(text) <= len("2026-11-23"):
        return text or ""
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"
