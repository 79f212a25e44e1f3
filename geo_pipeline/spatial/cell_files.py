"""Dekads of the cells of départements, from the files that `grid.GridMeans` keeps."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from geo_pipeline.errors import DamagedError
from geo_pipeline.words import message


class Span(NamedTuple):
    """A file, and the first and the last dekad that it has."""

    file: str
    """Its name, which has the hash of the grid file."""
    first: date
    last: date


def spans(files: Sequence[Path]) -> list[Span]:
    """Return the files that have dekads, in the same order.

    Raises
    ------
    DamagedError : a file is not there any more, or cannot be read.
    """
    found = []
    for path in files:
        with _opened(path) as file:
            groups = list(_statistics(file, "period_end"))
        if groups:
            first, last = min(each.min for each in groups), max(each.max for each in groups)
            found.append(Span(path.name, first, last))
    return found


def joined(files: Sequence[Path], codes: Sequence[str]) -> pd.DataFrame:
    """Return the rows of the départements `codes` in `files`, each dekad of a cell once.

    Parameters
    ----------
    files : of `GridMeans.cells`, the best first: of several that have a dekad whole it is taken. A
        file has a dekad for all cells, or for none
    codes : INSEE codes

    Returns
    -------
    Columns of `cell_dekads`, in no order; départements are categories, `codes`.

    Raises
    ------
    DamagedError : a file is not there any more, or cannot be read.
    """
    parts: list[pd.DataFrame] = []
    seen: set[pd.Timestamp] = set()
    for path in files:
        rows = _rows(path, codes)
        ends = set(rows["period_end"].unique())
        parts.append(rows[~rows["period_end"].isin(seen)] if ends & seen else rows)
        seen |= ends
    return pd.concat(parts, ignore_index=True)


def _rows(path: Path, codes: Sequence[str]) -> pd.DataFrame:
    """Return the rows of some départements: only the groups of rows that have them are read."""
    with _opened(path) as file:
        groups = [
            number
            for number, has in enumerate(_statistics(file, "departement"))
            if any(has.min <= code <= has.max for code in codes)
        ]
        rows = file.read_row_groups(groups)
    known = rows.filter(pc.is_in(rows["departement"], pa.array(codes, pa.string())))
    frame = pd.DataFrame(
        known.to_pandas(
            date_as_object=False, coerce_temporal_nanoseconds=True, categories=["departement"]
        )
    )
    return frame.assign(departement=frame["departement"].cat.set_categories(list(codes)))


def _statistics(file: pq.ParquetFile, column: str) -> Iterator[Any]:
    """Yield the extremes of a column in each group of rows."""
    place = file.schema_arrow.names.index(column)
    for number in range(file.metadata.num_row_groups):
        yield file.metadata.row_group(number).column(place).statistics


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a file, and tell where it is not there or cannot be read."""
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (OSError, pa.ArrowException) as error:
        raise DamagedError(message("grid.cells_gone", path=path), path) from error
