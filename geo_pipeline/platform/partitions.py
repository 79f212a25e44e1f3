"""Partitions: the départements as Dagster has them, and the ones that a run is of.

Dagster runs one partition, or those from a first to a last. Any other set is a run here too: both
ends of its range are all its codes, `01,2A,31`, which `Departements` reads. Steps and records then
know just these; where Dagster's own processes plan a run, `planning` says so.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from geo_pipeline.territory import CODES, stretches

SEPARATOR: Final = ","


class Departements(dg.StaticPartitionsDefinition):
    """The codes, of which a range may name any set."""

    def get_partition_keys_in_range(self, partition_key_range: dg.PartitionKeyRange) -> list[str]:
        """Return the codes of a range: those that it names, or all from its first to its last.

        Raises:
            dagster.DagsterInvalidInvocationError: there is no such code.
        """
        codes = partition_key_range.start.split(SEPARATOR)
        if len(codes) == 1:
            return list(super().get_partition_keys_in_range(partition_key_range))
        for code in codes:
            super().get_partition_keys_in_range(dg.PartitionKeyRange(code, code))
        return codes


departement_partitions = Departements(list(CODES))


def run_tags(codes: Iterable[str]) -> dict[str, str]:
    """Return the tags of one run of the départements `codes`; none where there are none."""
    wanted = set(codes)
    spans = stretches(wanted)
    if not spans:
        return {}
    if len(wanted) == 1:
        return {PARTITION_NAME_TAG: spans[0][0]}
    named = SEPARATOR.join(code for code in CODES if code in wanted)
    first, last = spans[0] if len(spans) == 1 else (named, named)
    return {ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last}


def codes_of(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Return the départements that a run with these tags is of; none that are not known."""
    alone = tags.get(PARTITION_NAME_TAG, "")
    first = tags.get(ASSET_PARTITION_RANGE_START_TAG, alone)
    last = tags.get(ASSET_PARTITION_RANGE_END_TAG, alone)
    try:
        return tuple(
            departement_partitions.get_partition_keys_in_range(dg.PartitionKeyRange(first, last))
        )
    except dg.DagsterInvalidInvocationError:
        return ()


def is_of_named(tags: Mapping[str, str]) -> bool:
    """Return whether a run with these tags is of départements that no range of Dagster's holds."""
    return SEPARATOR in tags.get(ASSET_PARTITION_RANGE_START_TAG, "")
