"""What sensors ask to be run: a job of some départements, as few runs as may be."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from geo_pipeline.automation.jobs import jobs
from geo_pipeline.automation.spans import span_tags
from geo_pipeline.departements import stretches
from geo_pipeline.settings import Settings

MOST_RUNS = 8
"""Stretches of départements that get a run each; with more of them one run takes all between."""


def jobs_named(settings: Settings, names: Sequence[str]) -> list[Any]:
    """Return the jobs that a sensor may ask for."""
    return [job for job in jobs(settings) if job.name in names]


def requests(
    job: str, key: str, codes: Sequence[str], tags: dict[str, str]
) -> Iterator[dg.RunRequest]:
    """Yield the requests to run `job` for `codes`, each with its own key out of `key`.

    Without `codes` the job is not partitioned.
    """
    if not codes:
        yield dg.RunRequest(run_key=key, job_name=job, tags=tags)
        return
    for first, last in spans(codes):
        span = span_tags(first, last)
        alone = first == last
        yield dg.RunRequest(
            run_key=f"{key}:{first}-{last}",
            job_name=job,
            tags=tags if alone else {**tags, **span},
            partition_key=first if alone else None,
        )


def spans(codes: Sequence[str]) -> list[tuple[str, str]]:
    """Return first and last of what gets a run each, in the order of partitions."""
    found = stretches(codes)
    return found if len(found) <= MOST_RUNS else [(found[0][0], found[-1][1])]
