"""Our event log keeps connections open; the stock one must be able to take over its files."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psutil
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from geo_pipeline.platform.event_log import KEPT_ENGINES, KeptConnectionEventLogStorage
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.runtime.table_assets import evaluate, settled
from geo_pipeline.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning")


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
def thing() -> None:
    """Something to record."""


def test_the_stock_storage_reads_what_ours_wrote(tmp_path: Path) -> None:
    with open_instance(Settings(home=tmp_path)) as instance:
        assert isinstance(instance.event_log_storage, KeptConnectionEventLogStorage)
        for key in ("a", "b"):
            assert dg.materialize([thing], instance=instance, partition_key=key).success
    stock = SqliteEventLogStorage(str(tmp_path / "dagster" / "history" / "runs"))
    assert stock.get_materialized_partitions(dg.AssetKey("thing")) == {"a", "b"}
    with open_instance(Settings(home=tmp_path)) as again:
        assert again.get_materialized_partitions(dg.AssetKey("thing")) == {"a", "b"}


def test_a_batch_leaves_what_single_events_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours in batches beside the stock storage one by one: the same rows in index and run."""
    kept = {}
    for name, batch in (("ours", "500"), ("stock", "0")):
        monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", batch)
        home = tmp_path / name
        if name == "stock":
            (home / "dagster").mkdir(parents=True)
            (home / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        with open_instance(Settings(home=home)) as instance:
            ours = isinstance(instance.event_log_storage, KeptConnectionEventLogStorage)
            assert ours == (name == "ours")
            done = dg.materialize([many, judged, by_partition], instance=instance, tags=RANGE)
            assert done.success
            folder = home / "dagster" / "history" / "runs"
            kept[name] = {
                "index": rows(folder / "index.db", EVENTS),
                "run": rows(folder / f"{done.run_id}.db", EVENTS),
                "assets": rows(folder / "index.db", "SELECT asset_key FROM asset_keys"),
                "tags": rows(folder / "index.db", TAGS),
                "checks": rows(folder / "index.db", CHECKS),
            }
            (record,) = instance.event_log_storage.get_asset_records([many.key])
            assert record.asset_entry.last_materialization_record is not None
            newest = rows(folder / "index.db", NEWEST)
            assert newest == [(record.asset_entry.last_materialization_record.storage_id,)]
    of_b = [kind for kind, *where in kept["ours"]["index"] if where == [MANY, "b"]]
    assert of_b == ["ASSET_MATERIALIZATION", "ASSET_MATERIALIZATION_PLANNED"]
    evaluated = ["SUCCEEDED", "ASSET_CHECK_EVALUATION"]
    assert [row for row in kept["ours"]["checks"] if row[1] == "by_partition"] == [
        (MANY, "by_partition", "a", *evaluated, "a"),
        (MANY, "by_partition", "b", "FAILED", "ASSET_CHECK_EVALUATION", "b"),
        (MANY, "by_partition", "c", *evaluated, "c"),
        (MANY, "by_partition", "not planned", *evaluated, "not planned"),
    ]
    assert (MANY, "judged", None, *evaluated, None) in kept["ours"]["checks"]
    assert kept["ours"] == kept["stock"]


RANGE = {"dagster/asset_partition_range_start": "a", "dagster/asset_partition_range_end": "c"}
MANY = '["many"]'
EVENTS = "SELECT dagster_event_type, asset_key, partition FROM event_logs"
TAGS = (
    "SELECT tag.key, event.partition, event.dagster_event_type FROM asset_event_tags tag"
    " JOIN event_logs event ON event.id = tag.event_id"
)
NEWEST = "SELECT max(id) FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION'"
CHECKS = """
    SELECT checked.asset_key, check_name, checked.partition, execution_status,
        told.dagster_event_type,
        json_extract(told.event, '$.dagster_event.event_specific_data.partition')
    FROM asset_check_executions checked
    JOIN event_logs told ON told.id = evaluation_event_storage_id AND told.event = evaluation_event
"""


@dg.asset(
    partitions_def=dg.StaticPartitionsDefinition(["a", "b", "c"]),
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def many() -> dg.MaterializeResult[None]:
    """Three partitions in one run."""
    return dg.MaterializeResult(tags={"kind": "test"})


@dg.asset_check(asset=many)
def judged() -> dg.AssetCheckResult:
    """Good."""
    return dg.AssetCheckResult(passed=True)


with settled():
    BY_PARTITION = dg.AssetCheckSpec("by_partition", asset=many, partitions_def=many.partitions_def)


@dg.multi_asset_check(specs=[BY_PARTITION])
def by_partition(context: dg.AssetCheckExecutionContext) -> Iterator[dg.Output[None]]:
    """Bad of `b`; of a partition, too, that the run was not to be of."""
    evaluations = [
        dg.AssetCheckEvaluation(
            asset_key=many.key, check_name="by_partition", passed=key != "b", partition=key
        )
        for key in ("a", "b", "c", "not planned")
    ]
    evaluate(context.op_execution_context, evaluations)
    yield dg.Output(None, output_name="many_by_partition")


def rows(path: Path, statement: str) -> list[tuple[object, ...]]:
    """Return what a statement gives, in an order of its own."""
    with sqlite3.connect(path) as connection:
        return sorted(connection.execute(statement).fetchall(), key=str)


def test_files_of_old_runs_are_let_go(tmp_path: Path) -> None:
    with open_instance(Settings(home=tmp_path)) as instance:
        for _ in range(KEPT_ENGINES + 4):
            assert dg.materialize([thing], instance=instance, partition_key="a").success
        opened = [Path(each.path) for each in psutil.Process().open_files()]
        runs = {each for each in opened if each.parent.name == "runs" and each.suffix == ".db"}
        assert 0 < len(runs) <= KEPT_ENGINES
