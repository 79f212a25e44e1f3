"""Partitions: the départements as Dagster has them, and those of a run.

Dagster runs one partition, or a range from a first to a last. Here a run may be of any set: then
both ends of its range are the list of all its codes, `01,2A,31`, which `Departements` reads. Steps
and records then concern just these; `planning` covers runs that Dagster's own processes plan.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from geo_pipeline.territory import CODES, PLACES, stretches

SEPARATOR: Final = ","


class Departements(dg.StaticPartitionsDefinition):
    """The codes; a range may name any set of them."""

    def get_partition_keys_in_range(self, partition_key_range: dg.PartitionKeyRange) -> list[str]:
        """Return the codes of a range: those that it lists, or all from its first to its last.

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

place_partitions = dg.StaticPartitionsDefinition(list(PLACES))
"""France, régions and départements: the partitions of bulletins."""


def place_tags() -> dict[str, str]:
    """Return the tags of one run of all places."""
    return {ASSET_PARTITION_RANGE_START_TAG: PLACES[0], ASSET_PARTITION_RANGE_END_TAG: PLACES[-1]}


def run_tags(codes: Iterable[str]) -> dict[str, str]:
    """Return the tags of one run of the départements `codes`; empty for no codes."""
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
    """Return the départements of a run with these tags; unknown codes are left out."""
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
    """Return whether the tags list départements that are no contiguous range."""
    return SEPARATOR in tags.get(ASSET_PARTITION_RANGE_START_TAG, "")
