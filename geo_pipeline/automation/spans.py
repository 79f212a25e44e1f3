"""Which départements a run is of: the tags that Dagster reads, known here alone."""

from collections.abc import Mapping

from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from geo_pipeline.departements import CODES


def span_tags(first: str, last: str) -> dict[str, str]:
    """Return the tags of one run over the départements from `first` to `last`."""
    return {ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last}


def codes_of(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Return the départements that a run with these tags is of."""
    if PARTITION_NAME_TAG in tags:
        return (tags[PARTITION_NAME_TAG],)
    first = tags.get(ASSET_PARTITION_RANGE_START_TAG)
    last = tags.get(ASSET_PARTITION_RANGE_END_TAG)
    if first not in CODES or last not in CODES:
        return ()
    return tuple(CODES[CODES.index(first) : CODES.index(last) + 1])
