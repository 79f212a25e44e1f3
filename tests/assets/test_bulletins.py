"""Bulletins in Dagster: a partition is a place, with the same bytes as by the command."""

from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from geo_pipeline.definitions import build_definitions
from geo_pipeline.platform.partitions import place_partitions, place_tags
from geo_pipeline.publishing.bulletin import issues
from geo_pipeline.publishing.bulletin.places import places
from geo_pipeline.publishing.bulletin.records import Records
from geo_pipeline.settings import Settings
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.territory import PLACES
from geo_pipeline.words import LANGS

pytestmark = pytest.mark.slow


def test_a_partition_is_a_place(own_small_home: Path, tmp_path: Path) -> None:
    job = build_definitions(home=own_small_home).resolve_job_def("issue_bulletins")
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, partition_key="R76")
        assert result.success
    with closing(Warehouse(Settings(home=own_small_home).warehouse)) as warehouse:
        records = Records(warehouse)
        written = issues.write_issue(records, places()["R76"], records.newest, LANGS, tmp_path)
    made = Settings(home=own_small_home).exports
    for path in written:
        assert (made / path.relative_to(tmp_path)).read_bytes() == path.read_bytes()


def test_the_tags_of_all_places_are_a_range_of_all() -> None:
    first, last = place_tags().values()
    span = dg.PartitionKeyRange(first, last)
    assert tuple(place_partitions.get_partition_keys_in_range(span)) == PLACES
