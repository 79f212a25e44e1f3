"""Planned materialisations of runs that Dagster's own processes plan.

The daemon and the webserver know the partitions, not how a range of them can name scattered ones
(`partitions`). They plan a run just after they have stored it: what the storage hands them
back then answers for itself.
"""

from typing import Any

from dagster import DagsterRun, PartitionsDefinition
from dagster._core.definitions.partitions.subset import PartitionsSubset
from dagster._core.storage.runs import RunStorage
from dagster_shared.record import as_dict

from geo_pipeline.platform.partitions import codes_of, is_of_named


class _PlannedRun(DagsterRun):
    """A run that plans just its départements. It is never stored: its like is."""

    def get_resolved_partitions_subset_for_events(
        self, partitions_def: PartitionsDefinition[Any] | None
    ) -> PartitionsSubset[Any] | None:
        """Return the partitions that are planned of an asset; None where it has none."""
        codes = codes_of(self.tags)
        if partitions_def is None or not codes:
            return None
        return partitions_def.subset_with_partition_keys(codes)


class PlannedPartitions(RunStorage[Any]):
    """What a storage of runs inherits before Dagster's class, for runs of scattered partitions."""

    def add_run(self, dagster_run: DagsterRun) -> DagsterRun:
        """Store a run; return it for planning."""
        added = super().add_run(dagster_run)  # type: ignore[safe-super]  # Dagster's class has it
        return _PlannedRun(**as_dict(added)) if is_of_named(added.tags) else added
