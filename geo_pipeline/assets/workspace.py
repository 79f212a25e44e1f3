"""What every asset is handed: the lake, the source and where to publish."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from geo_pipeline.settings import Settings
from geo_pipeline.sources import open_source
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.storage.lake import Lake
from geo_pipeline.storage.warehouse import Warehouse


def _unheard(table: str, departement: str) -> None:
    """Nobody listens to the progress."""


@dataclass(frozen=True)
class Workspace:
    """The rooms as `settings` lay them out, opened on first use.

    `on_partition` is told of each partition written (table, département), for progress bars.
    """

    settings: Settings
    on_partition: Callable[[str, str], None] = _unheard

    @cached_property
    def lake(self) -> Lake:
        """The lake."""
        return Lake(self.settings.lake)

    @cached_property
    def source(self) -> Bundled:
        """The chosen source of observations."""
        return open_source(self.settings.source, self.settings.embedded_data)

    @cached_property
    def warehouse(self) -> Warehouse:
        """The published warehouse."""
        return Warehouse(self.settings.warehouse)
