"""Sections of the pipeline page: a snapshot in, HTML out.

Each section has the name of its template; the templates escape all data.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from geo_pipeline.publishing.formats import capitalise
from geo_pipeline.territory import CODES, is_stretch
from geo_pipeline.words import NBSP, Message, verbatim
from panel_app.data.page_view import bytes_words
from panel_app.data.page_words import Catalogue
from panel_app.data.pipeline_snapshot import BROKEN, STATES, TROUBLES, short
from panel_app.data.store import Publication
from panel_app.drawing import atlas
from panel_app.drawing.templates import render
from panel_app.pages.pipeline.pipeline_formats import (
    Taken,
    ago,
    check_words,
    day,
    finding_words,
    moment,
    number,
    place_words,
    round_up,
    seconds_words,
    short_number,
    table_words,
)

OLD: Final = timedelta(minutes=10)
"""Older snapshots mean that Dagster is not running."""
SHOWN_GROUPS: Final = 8
SHOWN_RUNS: Final = 12
SHOWN_FINDINGS: Final = 40
SHOWN_VOLUMES: Final = 30
CHART: Final = (720, 160)
"""Width and height of the drawing of volumes, px."""


def slots(taken: Taken, words: Catalogue, now: datetime) -> dict[str, str]:
    """Return the page's content for a snapshot, by slot."""
    values = {"words": words, "lang": words.lang}
    made = datetime.fromisoformat(taken["made_at"])
    headline = _headline(taken, words, made, now)
    return {
        "headline": render("pipeline/headline", values | headline),
        "legend": render("pipeline/legend", values | _legend(taken, words)),
        "troubles": render(
            "pipeline/troubles",
            values
            | {
                "system": _system(taken, words),
                "groups": _groups(taken, words),
                "shown": SHOWN_GROUPS,
                "doubt": headline["doubt"],
            },
        ),
        "places": render("pipeline/places", values | _places(taken, words)),
        "runs": render("pipeline/runs", values | _runs(taken, words)),
        "checks": render("pipeline/checks", values | _checks(taken, words)),
        "tables": render("pipeline/tables", values | _tables(taken, words)),
        "volumes": render("pipeline/volumes", values | _volumes(taken, words)),
    }


def map_html(publication: Publication, taken: Taken, words: Catalogue) -> str:
    """Return the map of France by state, drawn once; later only states are sent."""
    known = {each["departement"]: each for each in taken["departements"]}
    of = [known.get(code) for code in publication.codes]
    return atlas.map_html(
        publication,
        words,
        ["none"] * len(of),
        name="pipeline",
        label=words("pipeline.map_label"),
        titles=[_said(each, words) if each else "" for each in of],
        marks=[f"state-{each['state']}" if each else "" for each in of],
    )


def states(taken: Taken, words: Catalogue) -> dict[str, list[str]]:
    """Return the state of each département and its text on the map."""
    return {
        each["departement"]: [each["state"], _said(each, words)] for each in taken["departements"]
    }


def _headline(taken: Taken, words: Catalogue, made: datetime, now: datetime) -> dict[str, Any]:
    troubled = sum(each["state"] in BROKEN for each in taken["departements"])
    doubted = sum(each["state"] == "warned" for each in taken["departements"])
    broken = [each for each in taken["troubles"] if each["state"] in BROKEN]
    whole = [each for each in broken if each["departement"] == "france"]
    system = len(taken["system"])
    is_old = now - made > OLD
    archive = any(each["state"] == "archive" for each in taken["departements"])
    is_new = all(each["state"] == "absent" for each in taken["departements"])
    if is_new and not whole:
        finding = words("pipeline.nothing")
    elif system:
        finding = words.count("pipeline.system", system)
    elif troubled:
        finding = words.count("pipeline.troubled", troubled)
    elif whole:
        finding = words.count("pipeline.whole", len(whole))
    elif doubted:
        finding = words.count("pipeline.doubted", doubted)
    elif is_old:
        finding = words("pipeline.stale")
    else:
        finding = words("pipeline.archive" if archive else "pipeline.well")
    age = now - made
    runs = [each for each in taken["runs"] if each["status"] == "SUCCESS"]
    rows = sum(each["rows"] for each in taken["tables"])
    return {
        "finding": finding,
        "well": not (system or troubled or whole or doubted or is_old or archive),
        "doubt": words.count("pipeline.doubt", doubted) if doubted else "",
        "made": words("pipeline.made", when=moment(made, words), ago=ago(age, words)),
        "old": words("pipeline.old", ago=ago(age, words)) if is_old else "",
        "figures": [
            {
                "label": words("pipeline.published"),
                "value": moment(taken["published_at"], words) or words("pipeline.never"),
                "note": bytes_words(taken["published_bytes"], words),
            },
            {
                "label": words("pipeline.last_run"),
                "value": moment(runs[0]["ended_at"], words) if runs else words("pipeline.none"),
                "note": f"{runs[0]['job']}, {seconds_words(runs[0]['seconds'], words)}"
                if runs
                else "",
            },
            {
                "label": words("pipeline.services"),
                "value": _services(taken, words)[0],
                "note": _services(taken, words)[1],
            },
            {
                "label": words("pipeline.lake"),
                "value": words("pipeline.rows", rows=number(rows, words)),
                "note": bytes_words(sum(each["bytes"] for each in taken["tables"]), words),
            },
        ],
    }


def _services(taken: Taken, words: Catalogue) -> tuple[str, str]:
    """Return whether schedules and sensors run, and which of Dagster's daemons do not."""
    required = [each for each in taken["daemons"] if each["required"]]
    dead = [each["daemon"].lower() for each in required if not each["healthy"]]
    if not required or len(dead) == len(required):
        return words("pipeline.stopped"), words("pipeline.start_them")
    if dead:
        return words("pipeline.partly"), ", ".join(dead)
    return words("pipeline.running"), ""


def _legend(taken: Taken, words: Catalogue) -> dict[str, Any]:
    counted = Counter(each["state"] for each in taken["departements"])
    return {
        "rows": [
            {
                "state": state,
                "name": words(f"pipeline.state.{state}"),
                "meaning": words(f"pipeline.meaning.{state}"),
                "count": counted[state],
            }
            for state in STATES
            if counted[state]
        ]
    }


def _system(taken: Taken, words: Catalogue) -> list[dict[str, Any]]:
    """Return the troubles of the system as a whole."""
    return [
        {
            "word": words(f"pipeline.kind.{each['kind']}"),
            "where": _told(each["where"], words),
            "what": _told(each["what"], words),
            "since": moment(each["since"], words),
            "do": each["do"],
        }
        for each in taken["system"]
    ]


def _told(said: Message | str | None, words: Catalogue) -> str:
    return said(words.lang) if isinstance(said, Message) else said or ""


def _groups(taken: Taken, words: Catalogue) -> list[dict[str, Any]]:
    """Return the troubles grouped by state, table and cause; late ones in one group."""
    groups: dict[tuple[str, str, str], list[Taken]] = {}
    for each in taken["troubles"]:
        if each["state"] not in BROKEN:
            continue  # shown in the list of checks
        late = each["state"] == "late" and each["last_date"] is not None
        cause = words("pipeline.too_old", limit=each["limit_days"]) if late else each["reason"]
        groups.setdefault((each["state"], each["table"], cause), []).append(each)
    return [
        {
            "state": state,
            "word": capitalise(words(f"pipeline.state.{state}")),
            "table": table_words(table, words),
            "what": _cause(cause, members, words),
            "since": moment(min(each["since"] for each in members), words),
            "places": [place_words(each, words) for each in members],
            "do": _do(members),
        }
        for (state, table, cause), members in groups.items()
    ]


def _cause(cause: str, members: Sequence[Taken], words: Catalogue) -> str:
    """Return the cause, in the words of one of `members` if they only differ in names and
    numbers."""
    if members[0]["reason"] != cause:
        return cause
    said = {each["short"] for each in members}
    first = short(_told(members[0]["what"], words))
    return first if len(said) == 1 else words("pipeline.example", what=first)


def _do(members: Sequence[Taken]) -> str:
    """Return one command for all `members`, which have the same trouble."""
    command = str(members[0]["do"])
    if len(members) == 1 or not command.startswith("geo-pipeline materialize"):
        return command
    return " ".join(["geo-pipeline materialize", *(each["departement"] for each in members)])


def _places(taken: Taken, words: Catalogue) -> dict[str, Any]:
    rows = [
        {
            "code": each["departement"],
            "name": each["name"],
            "state": each["state"],
            "word": words(f"pipeline.state.{each['state']}"),
            "order": STATES.index(each["state"]),
            "trouble": each["state"] in TROUBLES,
            "last": each["last_date"] or "",
            "last_words": day(each["last_date"], words),
            "age": "" if each["age_days"] is None else each["age_days"],
            "age_words": number(each["age_days"], words) if each["age_days"] is not None else "–",
            "source": each["source"] or "–",
            "rows": each["rows"],
            "rows_words": number(each["rows"], words),
            "written": each["written_at"] or "",
            "written_words": moment(each["written_at"], words),
            "what": _told(each["what"], words),
        }
        for each in taken["departements"]
    ]
    counted = Counter(row["state"] for row in rows)
    troubled = sum(counted[state] for state in TROUBLES)
    return {
        "rows": rows,
        "all": len(rows),
        "troubled": troubled,
        "filters": [
            {"state": state, "name": words(f"pipeline.state.{state}"), "count": counted[state]}
            for state in STATES
            if counted[state]
        ],
    }


def _runs(taken: Taken, words: Catalogue) -> dict[str, Any]:
    runs = taken["runs"][:SHOWN_RUNS]
    longest = max((each["seconds"] or 0 for each in runs), default=0) or 1
    return {
        "runs": [
            {
                "at": moment(each["started_at"] or each["created_at"], words),
                "job": each["job"],
                "by": each["launched_by"] or "",
                "places": _span(each, words),
                "seconds": seconds_words(each["seconds"], words),
                "width": f"{100 * (each['seconds'] or 0) / longest:.1f}",
                "status": each["status"].lower(),
                "word": words(f"pipeline.status.{_status(each['status'])}"),
                "kind": _status(each["status"]),
                "error": _told(each["error"], words),
            }
            for each in runs
        ],
        "counts": ", ".join(
            f"{number(count, words)} {words(f'pipeline.status.{status}')}"
            for status, count in _by_status(taken["run_counts"]).items()
        ),
    }


def _status(status: str) -> str:
    """Return Dagster's status as one of five."""
    known = {"SUCCESS": "done", "FAILURE": "failed", "CANCELED": "stopped", "CANCELING": "stopped"}
    return known.get(status, "queued" if status in ("QUEUED", "NOT_STARTED") else "running")


def _by_status(counts: Mapping[str, int]) -> dict[str, int]:
    summed: Counter[str] = Counter()
    for status, count in counts.items():
        summed[_status(status)] += count
    return dict(summed)


def _span(run: Taken, words: Catalogue) -> str:
    first, last = run["first_departement"], run["last_departement"]
    if first is None:
        return "–"
    if run["departements"] == len(CODES):
        return words("control.france")
    if first == last:
        return str(first)
    if is_stretch(first, last, run["departements"]):
        return words("pipeline.span", first=first, last=last)
    return words("pipeline.scattered", first=first, last=last, count=run["departements"])


def _checks(taken: Taken, words: Catalogue) -> dict[str, Any]:
    order = {"error": 0, "warning": 1}
    findings = sorted(taken["findings"], key=lambda each: order[each["severity"]])
    names = {each["departement"]: each["name"] for each in taken["departements"]}
    return {
        "errors": sum(each["severity"] == "error" for each in findings),
        "warnings": sum(each["severity"] == "warning" for each in findings),
        "findings": [
            {
                "severity": each["severity"],
                "word": words(f"pipeline.severity.{each['severity']}"),
                "place": place_words(
                    {**each, "name": names.get(each["departement"], each["departement"])}, words
                ),
                "table": table_words(each["table"], words),
                "check": check_words(each["check"], words),
                "what": finding_words(verbatim(each["what"]), words),
                "since": moment(each["found_at"], words),
            }
            for each in findings[:SHOWN_FINDINGS]
        ],
        "more": max(0, len(findings) - SHOWN_FINDINGS),
        "checks": [
            {
                "name": check_words(each["check"], words),
                "table": table_words(each["asset"], words),
                "succeeded": number(each["succeeded"], words),
                "failed": number(each["failed"], words) if each["failed"] else "",
                "at": moment(each["at"], words),
            }
            for each in taken["checks"]
        ],
    }


def _tables(taken: Taken, words: Catalogue) -> dict[str, Any]:
    largest = max((each["bytes"] for each in taken["tables"]), default=0) or 1
    return {
        "tables": [
            {
                "name": table_words(each["table"], words),
                "key": each["table"],
                "files": f"{each['files']}/{each['expected']}",
                "rows": number(each["rows"], words),
                "bytes": bytes_words(each["bytes"], words),
                "width": f"{100 * each['bytes'] / largest:.1f}",
                "last": day(each["last_date"], words),
                "written": moment(each["written_at"], words),
            }
            for each in taken["tables"]
            if each["files"]
        ],
    }


def _volumes(taken: Taken, words: Catalogue) -> dict[str, Any]:
    """Return rows of all tables through time: a line, and its table."""
    points = [
        (
            datetime.fromisoformat(each["at"]),
            sum(each["rows"].values()),
            sum(each["bytes"].values()),
        )
        for each in taken["volumes"]
    ]
    if not points:
        return {"points": [], "path": ""}
    width, height = CHART
    first, last = points[0][0], points[-1][0]
    span = (last - first).total_seconds() or 1.0
    top = round_up(max(rows for _, rows, _ in points))
    xy = [
        (width * (at - first).total_seconds() / span, height * (1 - rows / top))
        for at, rows, _ in points
    ]
    path = f"M{xy[0][0]:.1f} {xy[0][1]:.1f}" + "".join(f"H{x:.1f}V{y:.1f}" for x, y in xy[1:])
    if len(points) == 1:
        path = f"M0 {xy[0][1]:.1f}H{width}"
    return {
        "width": width,
        "height": height,
        "path": path,
        "top": short_number(top, words),
        "first": moment(first, words),
        "last": moment(last, words),
        "said": words(
            "pipeline.volumes_said", count=number(points[-1][1], words), when=moment(last, words)
        ),
        "points": [
            {
                "at": moment(at, words),
                "rows": number(rows, words),
                "bytes": bytes_words(size, words),
            }
            for at, rows, size in reversed(points[-SHOWN_VOLUMES:])
        ],
    }


def _said(place: Taken, words: Catalogue) -> str:
    """`Gers (32): en échec, météo; dernier jour le 3 mai 2026`."""
    colon = f"{NBSP}: " if words.lang == "fr" else ": "
    said = place_words(place, words) + colon + words(f"pipeline.state.{place['state']}")
    if place["state"] in TROUBLES:
        said += f", {table_words(place['table'], words).lower()}"
    if place["last_date"]:
        said += f". {words('pipeline.last_day', day=day(place['last_date'], words))}"
    return said
