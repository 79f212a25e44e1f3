"""Events of asset checks: many evaluations stored at once, each with its partition.

Add here what every evaluation needs. What a check looks for is in `automation.checks`.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as Target,
)
from dagster._core.events import (
    DagsterEvent,
    DagsterEventBatchMetadata,
    DagsterEventType,
)
from dagster_shared.record import replace


def evaluate(step: dg.OpExecutionContext, evaluations: Sequence[dg.AssetCheckEvaluation]) -> None:
    """Report evaluations of checks to Dagster, in one transaction where the storage allows it.

    One by one they would cost milliseconds each, and a run of all départements has a thousand.
    """
    evaluations = targeted(step.instance, evaluations)
    if not getattr(step.instance.event_log_storage, "batches_evaluations", False):
        for each in evaluations:
            step.log_event(each)  # type: ignore[arg-type]  # it takes them, its type does not say
        return
    # Dagster has no public way to log a batch of evaluations; its own for materializations works
    # so.
    batch = str(uuid.uuid4())
    for place, each in enumerate(evaluations, 1):
        verdict = "passed" if each.passed else f"did not pass: {each.description}"
        DagsterEvent.from_step(
            DagsterEventType.ASSET_CHECK_EVALUATION,
            step._step_execution_context,
            each,
            f"Asset check '{each.check_name}' on '{each.asset_key.to_user_string()}' "
            f"({each.partition or 'whole'}) {verdict}",
            DagsterEventBatchMetadata(batch, place == len(evaluations)),
        )


def targeted(
    instance: dg.DagsterInstance, evaluations: Sequence[dg.AssetCheckEvaluation]
) -> list[dg.AssetCheckEvaluation]:
    """Return `evaluations`, each of a partition with the materialisation that it evaluates.

    Without it Dagster's pages take them for evaluations of an older materialisation, and show only
    the last partition of a partitioned check.
    """
    keys = {each.asset_key for each in evaluations if each.partition is not None}
    targets = {key: _last_materialised(instance, key) for key in keys}
    return [
        each
        if each.partition is None
        else replace(each, target_materialization_data=targets[each.asset_key].get(each.partition))
        for each in evaluations
    ]


def _last_materialised(instance: dg.DagsterInstance, key: dg.AssetKey) -> dict[str, Target]:
    """Return the last materialisation of each partition of an asset.

    Dagster's public interface would load a hundred whole events for it.
    """
    # Slow to import, and not needed to define anything.
    from dagster._core.storage.event_log.schema import SqlEventLogStorageTable  # noqa: PLC0415
    from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage  # noqa: PLC0415
    from sqlalchemy import select  # noqa: PLC0415

    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        raise TypeError(f"Dagster's records are in a {type(storage).__name__}, which is not SQL")
    last = storage.get_latest_storage_id_by_partition(key, DagsterEventType.ASSET_MATERIALIZATION)
    events = SqlEventLogStorageTable.c
    query = select(events.partition, events.id, events.run_id, events.timestamp).where(
        events.id.in_(list(last.values()))
    )
    with storage.index_connection() as connection:
        return {
            partition: Target(
                storage_id=storage_id,
                run_id=run_id,
                timestamp=at.replace(tzinfo=UTC).timestamp(),
            )
            for partition, storage_id, run_id, at in connection.execute(query)
        }
