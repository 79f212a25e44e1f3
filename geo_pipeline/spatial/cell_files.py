"""Dekads of the cells of départements, from the files that `grid.GridMeans` keeps."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from geo_pipeline.errors import DamagedError
from geo_pipeline.words import message


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
    try:
        known = pq.read_table(path, filters=[("departement", "in", list(codes))])
    except (OSError, pa.ArrowException) as error:
        raise DamagedError(message("grid.cells_gone", path=path), path) from error
    rows = pd.DataFrame(
        known.to_pandas(
            date_as_object=False, coerce_temporal_nanoseconds=True, categories=["departement"]
        )
    )
    return rows.assign(departement=rows["departement"].cat.set_categories(list(codes)))
