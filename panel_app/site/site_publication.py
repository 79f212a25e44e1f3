"""A publication as a site of files shows it: without what only a server can give."""

from datetime import date
from functools import cached_property
from typing import ClassVar, Final

from panel_app.data.store import Publication

VALUES: Final = "indicator_values"
"""The table of all values of all indicators."""
MOST_CSV_BYTES: Final = 10_000_000
"""Tables that are larger as CSV are there as Parquet only, which has a tenth of it."""


class SitePublication(Publication):
    """A publication with the files of a site, the newest bulletins, and no cells of a grid."""

    draws_cells: ClassVar[bool] = False

    @cached_property
    def bulletin_days(self) -> tuple[date, ...]:
        """The newest dekad that there is a bulletin of."""
        return super().bulletin_days[-1:]

    def offers(self, path: str) -> bool:
        """Whether the site has this whole file: as Parquet all, as CSV those that are not large.

        The values of maps are in the files of indicators.
        """
        kind, _, name = path.partition("/")
        stem, _, ending = name.rpartition(".")
        if stem == VALUES or ending not in ("csv", "parquet"):
            return False
        size = self.file_sizes.get(stem) if kind == "tables" else None
        return ending == "parquet" or size is None or size.csv <= MOST_CSV_BYTES
