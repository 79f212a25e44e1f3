"""Operations alerts: a run that failed, a département that is late, held back or broken.

One look compares what is wrong now with what was told (the cursor). Troubles of the same kind and
table are one message, with the départements grouped by reason. While runs are under way the look
waits for a while: ten départements that fail one after the other are told together.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import dagster as dg

from geo_pipeline.automation.alerts import Alert, Alerts, Rows, digest
from geo_pipeline.platform.internals import (
    WILL_RETRY_TAG,
    InstigatorState,
    InstigatorType,
    TickStatus,
)
from geo_pipeline.platform.live_runs import reap
from geo_pipeline.platform.partitions import codes_of
from geo_pipeline.publishing.look import NBSP, Lang, Words, capitalise, format_date
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import WHOLE, reason, short
from geo_pipeline.storage.partition_states import Broken, broken
from geo_pipeline.tables import PARTITIONED
from geo_pipeline.territory import BY_CODE, CODES

LANGS: Final[tuple[Lang, ...]] = ("fr", "en")

PATIENCE: Final = timedelta(minutes=10)
"""How long runs under way are waited for before what failed so far is told."""

LOOKED_BACK: Final = timedelta(hours=1)
"""The first look of all tells runs that failed no longer ago than this."""

RUNS_AT_A_LOOK: Final = 500
NAMES_IN_A_CELL: Final = 12
"""Départements named in one cell of a table; of more there are the codes."""
REMEMBERED_RUNS: Final = 100

UNDER_WAY: Final = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)

STATES: Final = {
    "failed": Words("données non reçues", "data not received"),
    "held": Words("retenu par un contrôle", "held back by a check"),
    "damaged": Words("fichier illisible", "file cannot be read"),
    "late": Words("en retard", "late"),
}
_ADVICE: Final = {
    "failed": Words(
        "Les dernières bonnes données restent en place. Une fois la cause levée, relancer ces "
        "partitions dans Dagster, ou `geo-pipeline run --resume`.",
        "The last good data stay in place. Once the cause is gone, run these partitions again in "
        "Dagster, or `geo-pipeline run --resume`.",
    ),
    "held": Words(
        "Ce qui était publié avant reste publié. Corriger les données ou la source, puis relancer "
        "ces partitions.",
        "What was published before stays published. Correct the data or the source, then run these "
        "partitions again.",
    ),
    "damaged": Words(
        "Relancer ces partitions réécrit leurs fichiers.",
        "Running these partitions again writes their files anew.",
    ),
    "late": Words(
        "Le fournisseur n'a rien donné de plus récent, ou rien n'a été lancé\u00a0: relancer ces "
        "partitions.",
        "The provider gave nothing newer, or nothing was run: run these partitions again.",
    ),
}


@dataclass(frozen=True)
class Trouble:
    """What is wrong now: `since` when (ISO) for each département, `""` where it is of none."""

    name: Words
    since: Mapping[str, str]
    alert: Alert
    run: Mapping[str, str] | None = None
    """Of a failed run its job and step: it ends by a success, not by being gone."""


@dataclass(frozen=True)
class FailedRun:
    """A run that failed: of which départements, at which step (empty where none), why."""

    run_id: str
    job: str
    codes: tuple[str, ...]
    step: str
    why: str
    started_at: float
    failed_at: float
    """Both in seconds since 1970, UTC."""


def sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensors."""

    @dg.sensor(
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells of runs that failed, of départements whose provider failed, which a "
        "check holds back, whose file is damaged or which are late, of schedules and sensors that "
        "fail; and once each when they are mended. Sends again what a channel did not take. "
        "Starts no run.",
    )
    def operations_alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        reap(context.instance)
        names = None
        if context.repository_def is not None:
            repository = context.repository_def
            names = {each.name for each in repository.sensor_defs}
            names |= {each.name for each in repository.schedule_defs}
        now = datetime.now(UTC)
        cursor, alerts, said = look_at(settings, context.instance, context.cursor, now, names)
        Alerts(settings).send(alerts)
        if cursor != context.cursor:
            context.update_cursor(cursor)
        return dg.SkipReason(said)

    return [operations_alerts]


def look_at(
    settings: Settings,
    instance: dg.DagsterInstance,
    cursor: str | None,
    now: datetime,
    instigators: set[str] | None = None,
) -> tuple[str, list[Alert], str]:
    """Return the new cursor, what is to be told at `now` and what is to be said of this look.

    `instigators` are the schedules and sensors to look at, all by default. What is still wrong is
    among what is told at each look: `Alerts` knows what was said already.
    """
    known = _parsed(cursor)
    standing: dict[str, Any] = known["standing"]
    broken_now = broken(settings, now)
    current = {each.alert.key: each for each in _of_partitions(settings, broken_now)}
    current |= {each.alert.key: each for each in _of_ticks(settings, instance, instigators)}
    runs, last = _failed_runs(instance, known["runs"], now)
    of_runs = list(_of_runs(settings, _without_told_elsewhere(runs, broken_now)))
    ended = _ended(instance, standing, current)
    fresh = [
        key
        for key, each in current.items()
        if set(each.since) - set(standing.get(key, {}).get("since", {}))
    ]
    if (fresh or of_runs or ended) and instance.get_runs_count(
        dg.RunsFilter(statuses=list(UNDER_WAY))
    ):
        waiting_since = known["waiting_since"] or now.isoformat()
        if now - datetime.fromisoformat(waiting_since) < PATIENCE:
            waiting = json.dumps(known | {"waiting_since": waiting_since}, separators=(",", ":"))
            return waiting, [], "runs are under way: what failed is told once they are done"
    told = [each.alert for each in (*current.values(), *of_runs)]
    if ended:
        told.append(_resolved(settings, standing, ended))
    left = _still_standing(standing, ended)
    for each in (*current.values(), *of_runs):
        _remember(left, each)
    text = json.dumps(
        {"runs": last, "waiting_since": None, "standing": _bounded(left)}, separators=(",", ":")
    )
    said = f"{len(current)} troubles, {len(of_runs)} kinds of failed run, {len(ended)} ended"
    return text, told, said


def _parsed(cursor: str | None) -> dict[str, Any]:
    """Return what the cursor remembers; the beginning where it is none of ours."""
    beginning: dict[str, Any] = {"runs": None, "waiting_since": None, "standing": {}}
    try:
        known = json.loads(cursor or "{}")
    except ValueError:
        return beginning
    return known if isinstance(known, dict) and set(beginning) <= set(known) else beginning


def _remember(standing: dict[str, Any], trouble: Trouble) -> None:
    """Add a trouble to what was told; what was told before keeps its beginning."""
    before = standing.get(trouble.alert.key, {}).get("since", {})
    standing[trouble.alert.key] = {
        "name": [trouble.name.fr, trouble.name.en],
        "since": dict(trouble.since) | (before if trouble.run is None else {}),
        "run": trouble.run,
    }


def _bounded(standing: dict[str, Any]) -> dict[str, Any]:
    """Return `standing` with no more than the last `REMEMBERED_RUNS` failed runs."""
    runs = sorted(
        (key for key, each in standing.items() if each["run"] is not None),
        key=lambda key: max(standing[key]["since"].values()),
    )
    for key in runs[:-REMEMBERED_RUNS]:
        del standing[key]
    return standing


# --------------------------------------------------------------------------------------------
# What is wrong
# --------------------------------------------------------------------------------------------


def _of_partitions(settings: Settings, found: Sequence[Broken]) -> Iterator[Trouble]:
    """Yield a trouble for each table and state; what failed is not told to be late as well."""
    failed = {(each.table, each.departement) for each in found if each.state == "failed"}
    groups: dict[tuple[str, str], list[Broken]] = {}
    for each in found:
        if each.state != "late" or (each.table, each.departement) not in failed:
            groups.setdefault((each.state, each.table), []).append(each)
    for (state, table), members in groups.items():
        codes = tuple(each.departement for each in members)
        name = Words(f"{table}{NBSP}: {STATES[state].fr}", f"{table}: {STATES[state].en}")
        reasons = [(each.departement, each.since, each.what) for each in members]
        yield Trouble(
            name=name,
            since={each.departement: each.since for each in members},
            alert=Alert(
                kind="operations",
                key=f"{state}:{table}",
                severity="warning" if state == "late" else "error",
                departements=codes,
                title={
                    "fr": f"{name.fr}, {_whom(codes, 'fr')}",
                    "en": f"{name.en}, {_whom(codes, 'en')}",
                },
                text={lang: _ADVICE[state](lang) for lang in LANGS},
                link=f"{_dagster(settings)}/assets/{quote(table)}",
                table={lang: _by_reason(reasons, lang) for lang in LANGS},
            ),
        )


def _of_ticks(
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
    what = Words("capteur", "sensor") if is_sensor else Words("calendrier", "schedule")
    name = Words(
        f"{what.fr} {state.instigator_name}{NBSP}: il échoue",
        f"{what.en} {state.instigator_name}: it fails",
    )
    why = _error_line(ticks[0].error)
    yield Trouble(
        name=name,
        since={"": _iso(ticks[-1].timestamp)},
        alert=Alert(
            kind="operations",
            key=f"tick:{state.instigator_name}",
            severity="error",
            departements=(),
            title={"fr": capitalise(name.fr), "en": capitalise(name.en)},
            text={"fr": f"Raison{NBSP}: {why}", "en": f"Reason: {why}"},
            link=f"{_dagster(settings)}/automation",
        ),
    )


def _failed_runs(
    instance: dg.DagsterInstance, after: int | None, now: datetime
) -> tuple[list[FailedRun], int]:
    """Return the runs that failed since the record `after`, and the last record seen.

    A run that Dagster is to try again is left out: the last try is told.
    """
    records = _failures(instance, after_storage_id=after)
    last = max((record.storage_id for record in records), default=after or 0)
    if after is None:
        begin = (now - LOOKED_BACK).timestamp()
        records = [record for record in records if record.timestamp >= begin]
    ids = [record.event_log_entry.run_id for record in records]
    found = instance.get_run_records(dg.RunsFilter(run_ids=ids)) if ids else []
    runs = {each.dagster_run.run_id: each for each in found}
    failed = []
    for record in records:
        run = runs.get(record.event_log_entry.run_id)
        if run is None or run.dagster_run.tags.get(WILL_RETRY_TAG) == "true":
            continue
        step, why = _why(record.event_log_entry.dagster_event)
        failed.append(
            FailedRun(
                run_id=run.dagster_run.run_id,
                job=run.dagster_run.job_name,
                codes=codes_of(run.dagster_run.tags),
                step=step,
                why=why,
                started_at=run.start_time or record.timestamp,
                failed_at=record.timestamp,
            )
        )
    return failed, last


def _failures(
    instance: dg.DagsterInstance, *, after_storage_id: int | None
) -> Sequence[dg.EventLogRecord]:
    """Return the records of failed runs, oldest first: the last ones if there is none to go by."""
    wanted = dg.RunStatusChangeRecordsFilter(
        event_type=dg.DagsterEventType.RUN_FAILURE,
        after_storage_id=after_storage_id,
    )
    found = instance.fetch_run_status_changes(
        wanted, limit=RUNS_AT_A_LOOK, ascending=after_storage_id is not None
    )
    return sorted(found.records, key=lambda record: record.storage_id)


def _why(event: Any) -> tuple[str, str]:
    """Return the step that a run failed at (empty where none is known) and why."""
    data = event.job_failure_data
    step = data.first_step_failure_event
    if step is not None:
        return str(step.step_key), _error_line(step.step_failure_data.error)
    if data.error is not None:
        return "", _error_line(data.error)
    return "", " ".join((event.message or "no reason is recorded").split())


def _error_line(error: Any) -> str:
    """Return what an error says in one line, beyond what Dagster wraps around it."""
    while (
        error is not None and error.cause is not None and str(error.cls_name).startswith("Dagster")
    ):
        error = error.cause
    if error is None:
        return "no error is recorded"
    text = " ".join(error.message.split())
    own = r"(?:geo_pipeline\.[\w.]+|dagster\.[\w.]*Failure): "
    return re.sub(rf"^{own}", "", text)


def _without_told_elsewhere(runs: Sequence[FailedRun], found: Sequence[Broken]) -> list[FailedRun]:
    """Return the runs but for those that failed with their provider: that is told by table."""
    failed = {
        (each.table, each.departement): each.since for each in found if each.state == "failed"
    }

    def told(run: FailedRun) -> bool:
        begun = _iso(int(run.started_at))
        return bool(run.codes) and all(
            failed.get((run.step, code), "") >= begun for code in run.codes
        )

    return [run for run in runs if not told(run)]


def _of_runs(settings: Settings, runs: Sequence[FailedRun]) -> Iterator[Trouble]:
    """Yield a trouble for all runs of a job that failed at the same step for the same reason."""
    groups: dict[tuple[str, str, str], list[FailedRun]] = {}
    for run in runs:
        groups.setdefault((run.job, run.step, reason(run.why)), []).append(run)
    for (job, step, template), members in groups.items():
        codes = tuple(dict.fromkeys(code for run in members for code in run.codes))
        at = Words(f" à l'étape {step}", f" at step {step}") if step else Words("", "")
        name = Words(f"exécution de {job} échouée{at.fr}", f"run of {job} failed{at.en}")
        last, several = members[-1], len(members) > 1
        head = name
        if several:
            head = Words(
                f"{len(members)} exécutions de {job} échouées{at.fr}",
                f"{len(members)} runs of {job} failed{at.en}",
            )
        whom = Words(*(f", {_whom(codes, lang)}" if codes else "" for lang in LANGS))
        failed_at = _iso(last.failed_at)
        yield Trouble(
            name=name,
            since=dict.fromkeys(codes or ("",), failed_at),
            alert=Alert(
                kind="operations",
                key=f"run:{job}:{step}:{digest(template)}",
                severity="error",
                departements=codes,
                title={
                    "fr": capitalise(f"{head.fr}{whom.fr}"),
                    "en": capitalise(f"{head.en}{whom.en}"),
                },
                text={
                    "fr": f"Raison{NBSP}: {last.why}\nÉchec le {_moment(failed_at, 'fr')}.",
                    "en": f"Reason: {last.why}\nFailed on {_moment(failed_at, 'en')}.",
                },
                link=f"{_dagster(settings)}/runs/{last.run_id}",
                table={lang: _runs_table(members, lang) for lang in LANGS} if several else {},
                links=tuple(f"{_dagster(settings)}/runs/{run.run_id}" for run in members)
                if several
                else (),
            ),
            run={"job": job, "step": step},
        )


# --------------------------------------------------------------------------------------------
# What is over
# --------------------------------------------------------------------------------------------


def _ended(
    instance: dg.DagsterInstance, standing: Mapping[str, Any], current: Mapping[str, Trouble]
) -> dict[str, tuple[str, ...]]:
    """Return what was told and is over: by key the départements (`""` where it was of none)."""
    ended = {}
    for key, told in standing.items():
        if told["run"] is not None:
            over = _mended(instance, told)
        else:
            over = set(told["since"]) - set(current[key].since if key in current else ())
        if over:
            ended[key] = tuple(sorted(over))
    return ended


def _mended(instance: dg.DagsterInstance, told: Mapping[str, Any]) -> set[str]:
    """Return the départements of a failed run for which its step, or its job, succeeded since."""
    since, step = told["since"], told["run"]["step"]
    failed_at = datetime.fromisoformat(max(since.values()))
    mended: set[str] = set()
    if step:
        partitioned = step in PARTITIONED and "" not in since
        made = instance.fetch_materializations(
            dg.AssetRecordsFilter(
                dg.AssetKey(step),
                asset_partitions=list(since) if partitioned else None,
                after_timestamp=failed_at.timestamp(),
            ),
            limit=1000 if partitioned else 1,
        ).records
        mended = {str(each.partition_key) for each in made} if partitioned else set(since)
        mended = mended if made else set()
    later = instance.get_run_records(
        dg.RunsFilter(
            job_name=told["run"]["job"],
            statuses=[dg.DagsterRunStatus.SUCCESS],
            created_after=failed_at,
        ),
        limit=200,
    )
    for each in later:
        codes = set(codes_of(each.dagster_run.tags))
        mended |= set(since) & codes if codes else {""} & set(since)
    return mended & set(since)


def _still_standing(
    standing: Mapping[str, Any], ended: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Return `standing` without what ended."""
    left = {}
    for key, told in standing.items():
        since = {code: at for code, at in told["since"].items() if code not in ended.get(key, ())}
        if since:
            left[key] = {**told, "since": since}
    return left


def _resolved(
    settings: Settings, standing: Mapping[str, Any], ended: Mapping[str, tuple[str, ...]]
) -> Alert:
    """Return one message on all that ended."""
    names = {key: Words(*standing[key]["name"]) for key in ended}
    codes = sorted({code for over in ended.values() for code in over if code})
    begun = {key: [standing[key]["since"][code] for code in over] for key, over in ended.items()}
    single = next(iter(ended)) if len(ended) == 1 else None

    def title(lang: Lang) -> str:
        mended = Words(f"Rétabli{NBSP}: ", "Mended: ")(lang)
        if single is None:
            return mended + Words(f"{len(ended)} incidents", f"{len(ended)} troubles")(lang)
        whom = f", {_whom(codes, lang)}" if codes else ""
        return f"{mended}{names[single](lang)}{whom}"

    def table(lang: Lang) -> Rows:
        heads = Words("Incident", "Trouble"), Words("Départements", "Départements")
        rows = [
            (names[key](lang), _listed([code for code in over if code], lang))
            for key, over in ended.items()
        ]
        return (tuple(head(lang) for head in heads), *rows)

    return Alert(
        kind="operations",
        key=f"resolved:{digest(ended, begun)}",
        severity="info",
        departements=tuple(codes),
        title={lang: title(lang) for lang in LANGS},
        text={
            "fr": "Ce qui avait été signalé est rétabli.",
            "en": "What had been reported is mended.",
        },
        link=_dagster(settings),
        table={lang: table(lang) for lang in LANGS},
        resolves={key: tuple(code for code in over if code) for key, over in ended.items()},
    )


# --------------------------------------------------------------------------------------------
# Words
# --------------------------------------------------------------------------------------------


def _named(code: str, lang: Lang) -> str:
    if code == WHOLE:
        return Words("France entière", "whole of France")(lang)
    return f"{BY_CODE[code].name} ({code})" if code in BY_CODE else code


def _whom(codes: Sequence[str], lang: Lang) -> str:
    """Return `Gers (32)`, or how many there are."""
    return _named(codes[0], lang) if len(codes) == 1 else f"{len(codes)}{NBSP}départements"


def _listed(codes: Sequence[str], lang: Lang) -> str:
    """Return the names of a few, the codes of many."""
    if set(codes) == set(CODES):
        return Words(f"les {len(CODES)}", f"all {len(CODES)}")(lang)
    if len(codes) > NAMES_IN_A_CELL:
        return (
            f"{len(codes)}{NBSP}: {', '.join(codes)}"
            if lang == "fr"
            else (f"{len(codes)}: {', '.join(codes)}")
        )
    return ", ".join(_named(code, lang) for code in codes)


def _by_reason(found: Iterable[tuple[str, str, str]], lang: Lang) -> Rows:
    """Return a row a reason, that of most départements first: who, since when, why."""
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for code, since, what in found:
        groups.setdefault(reason(what, code), []).append((code, since, what))
    rows = []
    for members in sorted(groups.values(), key=len, reverse=True):
        codes, begun, whats = zip(*members, strict=True)
        example = "" if len(set(whats)) == 1 else Words(f"p.{NBSP}ex. ", "e.g. ")(lang)
        rows.append(
            (_listed(codes, lang), _moment(min(begun), lang), f"{example}{short(whats[0])}")
        )
    heads = (
        Words("Départements", "Départements"),
        Words("Depuis", "Since"),
        Words("Raison", "Reason"),
    )
    return (tuple(head(lang) for head in heads), *rows)


def _runs_table(runs: Sequence[FailedRun], lang: Lang) -> Rows:
    heads = (
        Words("Exécution", "Run"),
        Words("Départements", "Départements"),
        Words("Raison", "Reason"),
    )
    rows = [(run.run_id[:8], _listed(run.codes, lang), short(run.why)) for run in runs]
    return (tuple(head(lang) for head in heads), *rows)


def _moment(iso: str, lang: Lang) -> str:
    """Return a day, or a time of it, as it is said."""
    moment = datetime.fromisoformat(iso)
    day = format_date(moment.date(), lang)
    return day if len(iso) == len("2026-11-23") else f"{day}, {moment:%H:%M}{NBSP}UTC"


def _iso(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds")


def _dagster(settings: Settings) -> str:
    return settings.dagster_url.rstrip("/")
