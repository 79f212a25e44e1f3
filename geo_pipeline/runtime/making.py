"""Partitions of a derived table: computed, checked and written, some départements at a time.

It knows nothing of Dagster, so that a worker process (`processes`) starts in a second.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import pandas as pd
import pyarrow as pa

from geo_pipeline.errors import DamagedError, GeoPipelineError
from geo_pipeline.provenance import Provenance
from geo_pipeline.storage.lake import Lake, Written
from geo_pipeline.table_rows import InvalidTableError

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Grown:
    """Valid rows of some départements that follow rows which their files had already."""

    rows: pd.DataFrame
    before: Mapping[str, pa.Table] = field(default_factory=dict)
    """The rows that stay, by département."""
    states: Mapping[str, str] = field(default_factory=dict)
    """What their next rows are computed from: it is kept in the footer of the file."""


Make = Callable[[Sequence[str]], pd.DataFrame | Grown]
"""Returns the valid rows of some départements."""

Origin = Callable[[str], Provenance]
"""Returns the provenance of the rows of a département."""


class Made(NamedTuple):
    """A partition that was written."""

    code: str
    written: Written
    provenance: Provenance


class Refused(NamedTuple):
    """A partition that could not be made."""

    code: str
    error: GeoPipelineError


@dataclass(frozen=True, eq=False)
class Making:
    """Makes partitions of `table` in `lake`; called with the départements to make at once."""

    lake: Lake
    table: str
    make: Make
    origin: Origin

    def __call__(self, codes: Sequence[str]) -> list[Made | Refused]:
        """Make the partitions of `codes`; one that fails stops no other."""
        done: list[Made | Refused] = []

        def refuse(code: str, error: GeoPipelineError) -> None:
            done.append(Refused(code, error))

        for some, frame in apart(self.make, codes, refuse):
            done += self._written(some, frame)
        return done

    def _written(self, codes: Sequence[str], made: pd.DataFrame | Grown) -> Iterator[Made]:
        grown = made if isinstance(made, Grown) else Grown(made)
        for code, rows in by_departement(grown.rows, codes):
            origin = self.origin(code)
            kept, state = grown.before.get(code), grown.states.get(code, "")
            written = self.lake.write(self.table, rows, origin, code, before=kept, state=state)
            yield Made(code, written, origin)


def by_departement(frame: pd.DataFrame, codes: Sequence[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each of `codes` with its rows of `frame`, 0 rows where it has none."""
    rows = dict(list(frame.groupby("departement", observed=True)))
    for code in codes:
        yield code, rows.get(code, frame.iloc[:0])


def apart(
    make: Callable[[Sequence[str]], Result],
    codes: Sequence[str],
    refuse: Callable[[str, GeoPipelineError], None],
) -> Iterator[tuple[Sequence[str], Result]]:
    """Yield `make(codes)` with `codes`, or, where that fails for one of them, each alone.

    All at once is fast. A département whose rows break the schema, or are made from a damaged file,
    is passed to `refuse` and does not stop the others.
    """
    try:
        frame = make(codes)
    except (InvalidTableError, DamagedError) as error:
        if len(codes) == 1:
            refuse(codes[0], error)
            return
    else:
        yield codes, frame
        return
    for code in codes:
        yield from apart(make, [code], refuse)
