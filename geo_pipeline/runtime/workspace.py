"""The workspace of a run: the lake, the providers, failures and findings."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import geopandas as gpd

from geo_pipeline import logs
from geo_pipeline.errors import GeoPipelineError, SourceError
from geo_pipeline.provenance import Provenance
from geo_pipeline.runtime.providers import Providers
from geo_pipeline.settings import Settings
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.spatial.boundaries import accepted
from geo_pipeline.storage.failures import Failure, Failures
from geo_pipeline.storage.findings import Findings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import message


def _unheard(_table: str, _departement: str) -> None:
    """Ignore progress."""


def _unheard_failure(_failure: Failure) -> None:
    """Ignore a failure."""


@dataclass(frozen=True)
class Workspace:
    """The lake, the providers and the records of a home, opened on first use.

    `on_partition` is called for each written partition (table, département), for progress bars;
    `on_failure` for each partition that could not be made.
    """

    settings: Settings
    on_partition: Callable[[str, str], None] = _unheard
    on_failure: Callable[[Failure], None] = _unheard_failure

    @cached_property
    def lake(self) -> Lake:
        """The lake."""
        return Lake(self.settings.lake)

    @cached_property
    def bundled(self) -> Bundled:
        """The data that ship with the project."""
        return Bundled(self.settings.embedded_data)

    @cached_property
    def providers(self) -> Providers:
        """The providers that the settings choose."""
        return Providers(self.settings, self.bundled, self._outlines)

    @cached_property
    def failures(self) -> Failures:
        """The failures of partitions that could not be made."""
        return Failures(self.settings.failures)

    @cached_property
    def findings(self) -> Findings:
        """The findings of the checks."""
        return Findings(self.settings.findings)

    @cached_property
    def warehouse(self) -> Warehouse:
        """The published warehouse."""
        return Warehouse(self.settings.warehouse)

    def for_a_step(self) -> Self:
        """Return this workspace with a lake for one step (`Lake.for_a_step`); the rest is the same.

        What was opened before is shared, and the providers are opened so that they are.
        """
        _ = self.providers
        step = copy.copy(self)
        step.__dict__["lake"] = self.lake.for_a_step()
        return step

    def boundaries(self, warn: Callable[[str], object]) -> tuple[gpd.GeoDataFrame, Provenance]:
        """Return the outlines to use: the provider's where they pass the checks, else the embedded.

        Where they do not pass, `warn` gets the reason and the failure is recorded.
        """
        provider = self.providers.boundaries
        if provider is None:
            return self.chosen_boundaries()
        try:
            chosen = self.chosen_boundaries()
        except SourceError as error:
            self.failed("departements", None, provider.name, error)
            warn(f"departements: {error}")
            return self.bundled.boundaries(), self.bundled.provenance("departements.parquet")
        self.succeeded("departements")
        return chosen

    def chosen_boundaries(self) -> tuple[gpd.GeoDataFrame, Provenance]:
        """Return the outlines of the provider, the embedded ones where none is chosen.

        Raises:
            SourceError: the provider fails, or its outlines do not pass the checks.
        """
        embedded = self.bundled.boundaries()
        provider = self.providers.boundaries
        if provider is None:
            return embedded, self.bundled.provenance("departements.parquet")
        candidate, received = provider.boundaries()
        outlines, problem = accepted(candidate, embedded)
        if problem is not None:
            raise SourceError(
                message("outlines.stay", who=provider.name, url=received.url, problem=problem)
            )
        return outlines, received

    def offline(self) -> Self:
        """Return the same workspace with providers that only use what was received before."""
        return replace(self, settings=self.settings.model_copy(update={"offline": True}))

    def failed(
        self, table: str, departement: str | None, source: str, error: GeoPipelineError
    ) -> Failure:
        """Record that a partition (or a whole table) could not be made; an older one stays."""
        failure = self.failures.add(table, departement, source, error.message)
        logs.failed(table, departement, source, str(failure.why))
        self.on_failure(failure)
        return failure

    def holds(self, table: str, departement: str) -> bool:
        """Return whether a partition exists and its last renewal did not fail."""
        there = self.lake.path(table, departement).exists()
        return there and not self.failures.has(table, departement)

    def succeeded(self, table: str, departement: str | None = None) -> None:
        """Clear the failure of a partition, and report it as written."""
        self.failures.clear(table, departement)
        if departement is not None:
            self.on_partition(table, departement)

    def _outlines(self) -> gpd.GeoDataFrame:
        """Return the outlines in the lake, the embedded ones where the lake has none yet."""
        if self.lake.path("departements").exists():
            return gpd.GeoDataFrame(self.lake.read("departements"))
        return self.bundled.boundaries()
