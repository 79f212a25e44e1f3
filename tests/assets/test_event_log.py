"""Our event log keeps connections open; the stock one must be able to take over its files."""

from pathlib import Path

import dagster as dg
import psutil
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from geo_pipeline.automation.event_log import KEPT_ENGINES, KeptConnectionEventLogStorage
from geo_pipeline.automation.instance import open_instance
from geo_pipeline.settings import Settings


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


def test_files_of_old_runs_are_let_go(tmp_path: Path) -> None:
    with open_instance(Settings(home=tmp_path)) as instance:
        for _ in range(KEPT_ENGINES + 4):
            assert dg.materialize([thing], instance=instance, partition_key="a").success
        opened = [Path(each.path) for each in psutil.Process().open_files()]
        runs = {each for each in opened if each.parent.name == "runs" and each.suffix == ".db"}
        assert 0 < len(runs) <= KEPT_ENGINES
