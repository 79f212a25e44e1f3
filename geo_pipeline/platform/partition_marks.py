"""Marks of partitions in trouble: Dagster's pages show them as failed, though they were made."""

from collections.abc import Iterable, Sequence
from typing import Any

import dagster as dg
from dagster._core.storage.asset_check_execution_record import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
)
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.partition_status_cache import AssetStatusCacheValue

from geo_pipeline.platform.state_checks import broken_codes, key_of
from geo_pipeline.tables import PARTITIONED


class MarkedPartitions(SqlEventLogStorage):
    """Mixin of event storages, before Dagster's class: partitions in trouble show as failed.

    Dagster has no event for a partition that was made well and is no longer well. Nothing is stored
    here: the marks are the partitions named by the last evaluation of the check `state`.
    """

    def get_asset_status_cache_values(
        self, partitions_defs_by_key: Iterable[tuple[dg.AssetKey, Any]], context: Any
    ) -> Sequence[AssetStatusCacheValue | None]:
        """Return which partitions of assets are made, failed and under way."""
        asked = list(partitions_defs_by_key)
        values = super().get_asset_status_cache_values(asked, context)
        return [
            self._marked(value, key, partitions)
            for value, (key, partitions) in zip(values, asked, strict=True)
        ]

    def _marked(
        self, value: AssetStatusCacheValue | None, key: dg.AssetKey, partitions: Any
    ) -> AssetStatusCacheValue | None:
        if partitions is None or key.to_user_string() not in PARTITIONED:
            return value
        history = self.get_asset_check_execution_history(
            key_of(key.to_user_string()),
            limit=1,
            status=COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES,
        )
        codes = broken_codes(history[0] if history else None)
        if not codes:
            return value
        # A partition that was never made has no stored value yet.
        value = value or AssetStatusCacheValue(
            latest_storage_id=0, partitions_def_id=partitions.get_serializable_unique_identifier()
        )
        failed = value.deserialize_failed_partition_subsets(partitions)
        marked = failed.with_partition_keys(codes).serialize()
        return value._replace(serialized_failed_partition_subset=marked)
