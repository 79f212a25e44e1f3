"""Jobs: selections of assets that run together, each in one process; and the removal of old things.

Selections follow the asset graph: a new asset downstream is part of the jobs by itself.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any, Final

import dagster as dg

from geo_pipeline.automation.checks import check_keys
from geo_pipeline.automation.declarative import BULLETINS
from geo_pipeline.automation.run_log import OFFLINE_TAG
from geo_pipeline.automation.tidying import remove_what_is_old
from geo_pipeline.platform.state_checks import key_of, tables
from geo_pipeline.settings import Settings
from geo_pipeline.tables import SUMMED, TABLES, Table, chosen

SCOPE_TAG: Final = "geo_pipeline/scope"
FRANCE: Final = "france"
"""Scope of runs of all départements: `dagster.yaml` lets one of them run at a time."""

FIRST_MAP: Final = "first_map"
"""The job of a first map, without forecasts."""

MAX_RUNTIME_TAG: Final = "dagster/max_runtime"
STEPS_IN_A_ROW: Final = 4
"""Steps of the longest chain in a run: observation, soil water, indicators, publication."""


def observed_by(job: str, settings: Settings) -> tuple[str, ...]:
    """Return the tables that a refreshing job asks providers for, or takes from the inbox."""
    return tuple(each.name for each in chosen(settings) if each.refreshed_by == job)


def jobs(settings: Settings) -> list[Any]:
    """Return the jobs on the assets that `settings` choose."""
    longest_s = round(STEPS_IN_A_ROW * settings.step_timeout_s)
    return list(_jobs(longest_s, tuple(each.name for each in chosen(settings))))


# Sensors refer to these jobs; Dagster treats two jobs of one name as different unless they are the
# same object, hence the cache.
@cache
def _jobs(longest_s: int, names: tuple[str, ...]) -> tuple[Any, ...]:
    """Return the jobs on the tables `names`.

    A run is ended after `longest_s` seconds, in case a step hangs.
    """
    of = [TABLES[name] for name in names]
    # The checks of the present state are left out: a snapshot after the run (`monitoring`) does it.
    state_checks = [key_of(table) for table in tables(names)]
    # Bulletins have partitions of their own, and take as long as all the rest.
    elsewhere = dg.AssetSelection.checks(*state_checks) | dg.AssetSelection.assets(BULLETINS)
    job = partial(_job, longest_s, elsewhere)
    everything = dg.AssetSelection.all()
    forecasts = dg.AssetSelection.assets(*(each.name for each in of if each.foretells))
    of_forecasts = check_keys(each for each in of if each.foretells)
    return (
        job(
            "france",
            everything,
            "All tables, from the providers to the exports, for all départements or some.",
            whole=True,
        ),
        job(
            FIRST_MAP,
            everything - forecasts - dg.AssetSelection.checks(*of_forecasts),
            "As `france`, without forecasts of soils and yields: what `geo-pipeline live` begins "
            "with, so that a first map is there sooner.",
            whole=True,
        ),
        job(
            "departement",
            everything,
            "All tables of one département, then the publication: choose its partition. Files of "
            "other départements are not touched.",
        ),
        job(
            "publish",
            dg.AssetSelection.assets(*SUMMED).downstream(),
            "Risk, yields, the published warehouse and the exports, made from the lake as it is.",
        ),
        *_refreshing(job, of),
        _job(
            longest_s,
            dg.AssetSelection.checks(),
            "issue_bulletins",
            dg.AssetSelection.assets(BULLETINS),
            "The bulletins of the newest dekad, from the publication as it is.",
        ),
        job(
            "rebuild_from_raw",
            everything,
            "All tables, made again from what was received before, without the network.",
            whole=True,
            offline=True,
        ),
        # The check `schema` belongs to the step that writes the table: it cannot run without it.
        job(
            "checks",
            dg.AssetSelection.checks(*check_keys(of)),
            "Checks of the data in the lake; no data are requested or written.",
        ),
        _tidy(longest_s),
    )


def _tidy(longest_s: int) -> dg.JobDefinition:
    """Return the job that removes what is old, as the command `geo-pipeline tidy` does."""

    @dg.job(
        description="Removes old runs of Dagster, raw answers and files set aside; no data.",
        tags={MAX_RUNTIME_TAG: str(longest_s)},
        executor_def=dg.in_process_executor,
    )
    def tidy() -> None:
        remove_what_is_old()

    return tidy


def _refreshing(job: Callable[..., Any], of: Sequence[Table]) -> Iterator[Any]:
    """Yield the jobs that ask providers again and make what depends on their answers."""
    # The outlines decide where weather is sampled, but a shift by metres is no reason to ask for
    # all weather again, nor for restrictions, which are requested twice a day anyway.
    follows = {
        each.name for each in of if each.partitioned or each.asks not in (None, "boundaries")
    }
    observed = dg.AssetSelection.assets(*follows)
    asked = {
        "refresh_weather": "Requests weather, and groundwater where it has a provider; makes all "
        "that depends on them.",
        "refresh_crops": "Requests crop statistics; makes all that depends on them.",
        "refresh_restrictions": "Requests water restrictions; makes all that depends on them.",
    }
    for name, said in asked.items():
        yield job(name, _asked_by(name, of), said)
    yield job(
        "refresh_boundaries",
        _asked_by("refresh_boundaries", of) - observed,
        "Requests outlines; makes neighbours, shapes, risk and publication. Observations are not "
        "requested again.",
    )


def _asked_by(job: str, of: Sequence[Table]) -> dg.AssetSelection:
    """Return the tables that `job` asks providers for again, and all that depends on them."""
    names = [each.name for each in of if each.refreshed_by == job]
    return dg.AssetSelection.assets(*names).downstream()


def _job(
    longest_s: int,
    without: dg.AssetSelection,
    name: str,
    selection: dg.AssetSelection,
    description: str,
    *,
    whole: bool = False,
    offline: bool = False,
) -> Any:
    """Return the job `name` of `selection`, minus `without`.

    Of the jobs of the `whole` of France only one runs at a time.
    """
    tags = {MAX_RUNTIME_TAG: str(longest_s)}
    if whole:
        tags[SCOPE_TAG] = FRANCE
    if offline:
        # A tag rather than configuration: every run has it, whoever launches it and how.
        tags[OFFLINE_TAG] = "true"
    return dg.define_asset_job(
        name,
        selection=selection - without,
        description=description,
        tags=tags,
        executor_def=dg.in_process_executor,
    )
