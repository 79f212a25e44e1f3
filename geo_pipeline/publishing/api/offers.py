"""What there is to ask for: published tables and indicators, as their records describe them."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from geo_pipeline.catalogue.indicator_record import GROUPS, Indicator
from geo_pipeline.published_tables import PUBLISHED, observed_in
from geo_pipeline.storage.warehouse import ONLY_READ
from geo_pipeline.table_words import SAID
from geo_pipeline.tables import TABLES
from geo_pipeline.words import Words

if TYPE_CHECKING:
    from geo_pipeline.table_rows import Column

FOR_DRAWING: Final = ("departement_shapes",)
"""Tables that only serve to draw maps."""

NAMES: Final = tuple(
    name for name in (*TABLES, *PUBLISHED) if name not in (*ONLY_READ, *FOR_DRAWING)
)
"""The tables that can be asked for, in the order of the flow."""

_TIMES: Final = ("period_end", "date", "first_dekad", "issued", "year")
"""Columns that periods are compared with, the first of them that a table has."""


@dataclass(frozen=True)
class Offer:
    """A table that can be asked for."""

    name: str
    title: Words
    said: Words
    """A sentence on what it holds, for readers."""
    description: str
    """Its text in the data dictionary, in English."""
    columns: "tuple[Column, ...]"
    """Without geometries: these are those of the départements."""
    assets: tuple[str, ...]
    """The observed tables behind it, whose sources are to be named."""

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that identify a row, in the order of the rows."""
        return tuple(each.name for each in self.columns if each.in_key)

    @property
    def time(self) -> "Column | None":
        """The column that periods are compared with: a date, or a year."""
        known = {each.name: each for each in self.columns}
        return next((known[name] for name in _TIMES if name in known), None)

    def has(self, column: str) -> bool:
        """Whether the table has a column of this name."""
        return any(each.name == column for each in self.columns)


@cache
def offer(name: str) -> Offer:
    """Return the table `name`, one of `NAMES`."""
    # The models of rows are slow to load, and the app need not wait for them when it starts.
    from geo_pipeline.table_rows import columns, described  # noqa: PLC0415

    record = TABLES[name] if name in TABLES else PUBLISHED[name]
    kept = tuple(each for each in columns(name) if each.kind != "geometry")
    text = described(name)
    first = text.partition("\n")[0]
    said = SAID.get(name, Words(first, first))
    return Offer(name, record.title, said, text, kept, observed_in(name))


def indicator_facts(which: Indicator) -> dict[str, Any]:
    """Return what is known of an indicator, for programs."""
    return {
        "indicator": which.key,
        "name": both(which.name),
        "explanation": both(which.explanation),
        "group": which.group,
        "group_name": both(GROUPS[which.group]),
        "symbol": which.symbol or None,
        "unit": both(which.unit) if which.unit.en else None,
        "crop": which.crop or None,
        "step": which.step,
        "shown_by": "class" if which.by_class else "value",
        "high_is_dry": None if which.neutral else which.dry_is_high,
        "forecast": which.ahead,
        "classes": [{"code": each.code, "name": both(each.name)} for each in which.styles]
        if which.by_class
        else [],
    }


def both(words: Words) -> dict[str, str]:
    """Return a text in both languages, with plain spaces: programs compare texts."""
    return {lang: _plain(text) for lang, text in (("fr", words.fr), ("en", words.en))}


def _plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")
