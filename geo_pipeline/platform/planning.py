"""Planned materialisations of runs that Dagster's own processes plan.

The daemon and the webserver know the partitions, but not that a range may list scattered ones
(`partitions`). They plan a run just after storing it, so the storage returns a run object that
resolves its own partitions.
"""

from typing import Any

from dagster import DagsterRun, PartitionsDefinition
from dagster._core.definitions.partitions.subset import PartitionsSubset
from dagster._core.storage.runs import RunStorage
from dagster_shared.record import as_dict

from geo_pipeline.platform.partitions import codes_of, is_of_named


class _PlannedRun(DagsterRun):
    """A run that plans exactly its départements. Only the ordinary run it stands for is stored."""

    def get_resolved_partitions_subset_for_events(
        self, partitions_def: PartitionsDefinition[Any] | None
    ) -> PartitionsSubset[Any] | None:
        """Return the partitions that are planned for an asset; None for an unpartitioned one."""
        codes = codes_of(self.tags)
        if partitions_def is None or not codes:
            return None
        return partitions_def.subset_with_partition_keys(codes)


class PlannedPartitions(RunStorage[Any]):
    """Mixin of run storages, before Dagster's class, for runs of scattered partitions."""

    def add_run(self, dagster_run: DagsterRun) -> DagsterRun:
        """Store a run; return the object to plan it with."""
        added = super().add_run(dagster_run)  # type: ignore[safe-super]  # Dagster's class has it
        return _PlannedRun(**as_dict(added)) if is_of_named(added.tags) else added
