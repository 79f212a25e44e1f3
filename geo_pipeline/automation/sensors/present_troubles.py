"""Alerts on present troubles: partitions, schedules and sensors.

Runs that failed are in `failed_runs`; `operations` remembers which alerts of both were sent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

import dagster as dg

from geo_pipeline.automation.alerts import Alert, Rows
from geo_pipeline.automation.sensors.places import listed, moment, whom
from geo_pipeline.platform.internals import InstigatorState, InstigatorType, TickStatus
from geo_pipeline.platform.tick_errors import why_tick_failed
from geo_pipeline.publishing.formats import capitalise
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import reason, short
from geo_pipeline.storage.partition_states import Broken
from geo_pipeline.words import Catalogue, Message, catalogue, message, verbatim


@dataclass(frozen=True)
class Trouble:
    """A present trouble: `since` when (ISO) by département, `""` where it concerns none."""

    name: Message
    since: Mapping[str, str]
    alert: Alert
    run: Mapping[str, str] | None = None
    """For a failed run, its job and step: it is over once they succeed."""


def of_partitions(settings: Settings, found: Sequence[Broken]) -> Iterator[Trouble]:
    """Yield a trouble for each table and state; a failed partition is not reported as late too."""
    failed = {(each.table, each.departement) for each in found if each.state == "failed"}
    groups: dict[tuple[str, str], list[Broken]] = {}
    for each in found:
        if each.state != "late" or (each.table, each.departement) not in failed:
            groups.setdefault((each.state, each.table), []).append(each)
    words = catalogue(settings.alert_language)
    for (state, table), members in groups.items():
        codes = tuple(each.departement for each in members)
        name = message(f"operations.state.{state}", table=table)
        yield Trouble(
            name=name,
            since={each.departement: each.since for each in members},
            alert=Alert(
                kind="operations",
                key=f"{state}:{table}",
                severity="warning" if state == "late" else "error",
                departements=codes,
                title=f"{name(words.lang)}, {whom(codes, words)}",
                text=words(f"operations.advice.{state}"),
                link=dagster_page(settings, f"assets/{quote(table)}"),
                table=_by_reason(members, words),
            ),
        )


def _by_reason(found: Sequence[Broken], words: Catalogue) -> Rows:
    """Return a row for each reason, most frequent first: départements, since when, why."""
    groups: dict[str, list[Broken]] = {}
    for each in found:
        groups.setdefault(reason(str(each.what), each.departement), []).append(each)
    heads = tuple(words(f"operations.head.{name}") for name in ("departements", "since", "reason"))
    rows = []
    for members in sorted(groups.values(), key=len, reverse=True):
        codes = [each.departement for each in members]
        whats = [short(verbatim(each.what)(words.lang)) for each in members]
        is_same = len(set(whats)) == 1
        what = whats[0] if is_same else words("operations.example", what=whats[0])
        since = min(each.since for each in members)
        rows.append((listed(codes, words), moment(since, words), what))
    return (heads, *rows)


def of_ticks(
    settings: Settings, instance: dg.DagsterInstance, names: set[str] | None
) -> Iterator[Trouble]:
    """Yield the schedules whose last tick failed, and the sensors whose last two did."""
    for state in instance.all_instigator_state():
        if not state.is_running or (names is not None and state.instigator_name not in names):
            continue
        yield from _of_instigator(settings, instance, state)


def _of_instigator(
    settings: Settings, instance: dg.DagsterInstance, state: InstigatorState
) -> Iterator[Trouble]:
    is_sensor = state.instigator_type == InstigatorType.SENSOR
    count = 2 if is_sensor else 1
    ticks = instance.get_ticks(
        state.instigator_origin_id,
        state.selector_id,
        limit=count,
        statuses=[TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE],
    )
    if len(ticks) < count or any(each.status != TickStatus.FAILURE for each in ticks):
        return
    kind = "sensor" if is_sensor else "schedule"
    name = message(f"operations.{kind}_fails", name=state.instigator_name)
    why = why_tick_failed(instance, state.instigator_name, ticks[0].error)
    words = catalogue(settings.alert_language)
    yield Trouble(
        name=name,
        since={"": _iso(ticks[-1].timestamp)},
        alert=Alert(
            kind="operations",
            key=f"tick:{state.instigator_name}",
            severity="error",
            departements=(),
            title=capitalise(name(words.lang)),
            text=words("operations.reason", why=why),
            link=dagster_page(settings, "automation"),
        ),
    )


def dagster_page(settings: Settings, path: str = "") -> str:
    """Return the address of a page of Dagster."""
    return f"{settings.dagster_url.rstrip('/')}/{path}".rstrip("/")


def _iso(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds")
