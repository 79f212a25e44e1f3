"""Checks of the present state on Dagster's pages: red where a table is late or broken.

Dagster knows what was made, not that it is late, held back or damaged since. So the findings of
`monitoring` are reported to it: each table has the check `state`, which names the départements in
trouble; each of these has an observation that says why and how to repair it; and its partition
shows as failed (`partition_marks`). These events are the only memory of what was reported.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as Target,
)
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecord

from geo_pipeline.storage.failures import WHOLE, reason
from geo_pipeline.storage.partition_states import BROKEN, TROUBLES
from geo_pipeline.tables import TABLES
from geo_pipeline.territory import CODES

STATE: Final = "state"
"""Name of the check."""

PUBLICATION: Final = "warehouse"
"""The asset whose check reports everything that is wrong, in any table or in the system."""

STATE_TAG: Final = "geo_pipeline/state"

TOLD_AGAIN: Final = timedelta(days=1)
"""How long a report on a table is valid while nothing changes."""

ROWS_SHOWN: Final = 303
"""Most rows of a table in the metadata of a check: three for each département."""

_UNDER_WAY: Final = (dg.DagsterRunStatus.STARTING.value, dg.DagsterRunStatus.STARTED.value)
_TROUBLES: Final = "troubles"
_SYSTEM: Final = "system"
_COLUMNS: Final = ("departement", "name", "table", "state", "since", "what", "do")


def tables(names: Iterable[str]) -> list[str]:
    """Return those of the tables `names` that have the check, the publication last."""
    return [*names, PUBLICATION]


def key_of(table: str) -> dg.AssetCheckKey:
    """Return the key of the check of a table."""
    return dg.AssetCheckKey(dg.AssetKey(table), STATE)


def state_description(table: str) -> str:
    """Return the description of the check of a table on Dagster's pages."""
    of = "of all tables and of the system" if table == PUBLICATION else f"of `{table}`"
    return (
        f"The present state {of}. Red: départements that are damaged, held back, failed, missing, "
        "outdated or late, each with the reason, since when, and the command that repairs it "
        "(`geo-pipeline run --resume` repairs all). Yellow: only warnings of other checks. "
        "States: docs/monitoring.md."
    )


def evaluation(table: str, taken: Mapping[str, Any]) -> dg.AssetCheckResult:
    """Return the state of `table` according to a snapshot."""
    is_all = table == PUBLICATION
    rows = [each for each in taken["troubles"] if is_all or each["table"] == table]
    system = taken["system"] if is_all else []
    metadata: dict[str, Any] = {
        state: sum(each["state"] == state for each in rows) for state in TROUBLES
    }
    if rows:
        told = [_shown({name: row[name] for name in _COLUMNS}) for row in rows]
        metadata[_TROUBLES] = table_of(told)
    if system:
        metadata[_SYSTEM] = table_of([_shown(each) for each in system])
    is_red = bool(system) or any(each["state"] in BROKEN for each in rows)
    return dg.AssetCheckResult(
        check_name=STATE,
        asset_key=dg.AssetKey(table),
        passed=not (rows or system),
        severity=dg.AssetCheckSeverity.ERROR if is_red else dg.AssetCheckSeverity.WARN,
        description=_in_one_line(rows, system),
        metadata=metadata,
    )


def table_of(rows: Sequence[Mapping[str, str | int]]) -> dg.TableMetadataValue:
    """Return rows (at least one) as a table for Dagster's pages."""
    columns = [
        dg.TableColumn(name, "int" if isinstance(value, int) else "string")
        for name, value in rows[0].items()
    ]
    records = [dg.TableRecord(dict(row)) for row in rows[:ROWS_SHOWN]]
    return dg.MetadataValue.table(records, dg.TableSchema(columns))


def tell(instance: dg.DagsterInstance, taken: Mapping[str, Any]) -> None:
    """Report the state of each table in a snapshot to Dagster, where it has changed.

    An unchanged state is reported again after `TOLD_AGAIN`, so that a check that is no longer
    evaluated can be seen. Partitions made since are reported too, except those that a run under way
    may still be making.
    """
    names = [each["table"] for each in taken["tables"]]
    keys = {table: key_of(table) for table in (*names, PUBLICATION)}
    known = instance.event_log_storage.get_asset_check_summary_records(list(keys.values()))
    made = _last_made(instance, [key.asset_key for key in keys.values()])
    is_quiet = not any(run["status"] in _UNDER_WAY for run in taken["runs"])
    for table, key in keys.items():
        now, last = evaluation(table, taken), made.get(key.asset_key)
        before = known[key].last_completed_check_execution_record
        is_told = before == known[key].last_check_execution_record
        is_told = is_told and before is not None and _is_same(before, now, taken["made_at"])
        if not is_told or (is_quiet and _target(before) != (last and last.storage_id)):
            instance.report_runless_asset_event(_runless(now, last))
    for table in names:
        if TABLES[table].partitioned:
            for each in _observations(instance, table, taken):
                instance.report_runless_asset_event(each)


def broken_codes(record: AssetCheckExecutionRecord | None) -> list[str]:
    """Return the départements that an evaluation of the check names as broken."""
    return [row["departement"] for row in _rows(record) if row["state"] in BROKEN]


# --------------------------------------------------------------------------------------------
# Helpers
# --------------------------------------------------------------------------------------------


def _shown(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a row as Dagster's pages show it, in English; empty text for what is not known."""
    return {name: str(value or "") for name, value in row.items()}


def _in_one_line(rows: Sequence[Mapping[str, Any]], system: Sequence[Mapping[str, Any]]) -> str:
    """Return the départements by state, the worst first: `1 held: 32; 2 late: 31, 33`."""
    said = [f"{each['kind']}: {each['where']}" for each in system]
    for state in TROUBLES:
        codes = sorted({each["departement"] for each in rows if each["state"] == state})
        if codes:
            who = f"all {len(CODES)}" if codes == sorted(CODES) else ", ".join(codes)
            said.append(f"{len(codes)} {state}: {who}")
    return "; ".join(said) or "nothing is wrong"


def _rows(record: AssetCheckExecutionRecord | None, name: str = _TROUBLES) -> list[dict[str, str]]:
    """Return the rows of a table in an evaluation; none where the evaluation is not ours."""
    told = None if record is None or record.evaluation is None else record.evaluation.metadata
    table = None if told is None else told.get(name)
    if not isinstance(table, dg.TableMetadataValue):
        return []
    return [{column: str(value) for column, value in row.data.items()} for row in table.records]


def _is_same(before: AssetCheckExecutionRecord, now: dg.AssetCheckResult, made_at: str) -> bool:
    """Return whether a recent evaluation had the same content; numbers in texts may differ."""
    at = datetime.fromtimestamp(before.create_timestamp, UTC)
    told = before.evaluation
    if told is None or datetime.fromisoformat(made_at) - at >= TOLD_AGAIN:
        return False
    return (told.passed, told.severity, told.description) == (
        now.passed,
        now.severity,
        now.description,
    ) and all(
        _essence(told.metadata, name) == _essence(now.metadata or {}, name)
        for name in (_TROUBLES, _SYSTEM)
    )


def _essence(metadata: Mapping[str, Any], name: str) -> set[tuple[str, ...]]:
    """Return the content without numbers, since free room changes from minute to minute."""
    table = metadata.get(name)
    records = table.records if isinstance(table, dg.TableMetadataValue) else []
    return {
        tuple(
            reason(str(value), str(row.data.get("departement", WHOLE)))
            if column == "what"
            else str(value)
            for column, value in sorted(row.data.items())
            if column != "since"
        )
        for row in records
    }


def _observations(
    instance: dg.DagsterInstance, table: str, taken: Mapping[str, Any]
) -> Iterator[dg.AssetObservation]:
    """Yield an observation of each partition whose trouble began, changed or ended."""
    told = _last_observed(instance, dg.AssetKey(table))
    troubles = {each["departement"]: each for each in taken["troubles"] if each["table"] == table}
    for row in taken["partitions"]:
        code, state = row["departement"], row["state"]
        before = told.get(code, ("", ""))
        if row["table"] != table or not {state, before[0]} & set(BROKEN):
            continue
        why = troubles[code] if state in TROUBLES else {}
        if before != (state, why.get("reason", "")):
            said = _shown({name: why[name] for name in ("since", "what", "do") if name in why})
            yield dg.AssetObservation(
                table,
                partition=code,
                description=f"{state}: {said['what']}" if said else state,
                metadata={"state": state, **said},
                tags={STATE_TAG: state},
            )


def _last_observed(instance: dg.DagsterInstance, key: dg.AssetKey) -> dict[str, tuple[str, str]]:
    """Return the last reported state and reason of each partition."""
    last = instance.event_log_storage.get_latest_storage_id_by_partition(
        key, dg.DagsterEventType.ASSET_OBSERVATION
    )
    if not last:
        return {}
    chosen = dg.AssetRecordsFilter(key, storage_ids=list(last.values()))
    told = {}
    for record in instance.fetch_observations(chosen, limit=len(last)).records:
        if (seen := record.asset_observation) is not None and seen.partition is not None:
            what = seen.metadata.get("what")
            why = "" if what is None else reason(str(what.value), seen.partition)
            told[seen.partition] = seen.tags.get(STATE_TAG, ""), why
    return told


def _last_made(
    instance: dg.DagsterInstance, keys: Sequence[dg.AssetKey]
) -> dict[dg.AssetKey, Target]:
    """Return the last materialisation of each asset that was ever made."""
    records = {
        each.asset_entry.asset_key: each.asset_entry.last_materialization_record
        for each in instance.get_asset_records(keys)
    }
    return {
        key: Target(storage_id=last.storage_id, run_id=last.run_id, timestamp=last.timestamp)
        for key, last in records.items()
        if last is not None
    }


def _target(record: AssetCheckExecutionRecord | None) -> int | None:
    """Return the storage id of the materialisation that an evaluation belongs to."""
    told = None if record is None else record.evaluation
    target = None if told is None else told.target_materialization_data
    return None if target is None else target.storage_id


def _runless(now: dg.AssetCheckResult, made: Target | None) -> dg.AssetCheckEvaluation:
    """Return an evaluation outside any run, tied to the last materialisation for the pages."""
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey.from_coercible(now.asset_key or ()),
        check_name=STATE,
        passed=now.passed,
        severity=now.severity,
        description=now.description,
        metadata=now.metadata,
        target_materialization_data=made,
    )
