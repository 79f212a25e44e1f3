"""Dekads of the cells of départements, from the files that `grid.GridMeans` keeps."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from geo_pipeline.errors import DamagedError
from geo_pipeline.words import message

KEY = ["departement", "x_hm", "y_hm", "period_end"]


def joined(files: Sequence[Path], codes: Sequence[str]) -> pd.DataFrame:
    """Return the rows of the départements `codes` in `files`, each dekad of a cell once.

    Parameters
    ----------
    files : of `GridMeans.cells`, the best first: of several that have a dekad whole it is taken
    codes : INSEE codes

    Returns
    -------
    Columns of `cell_dekads`, sorted by département, cell and dekad.

    Raises
    ------
    DamagedError : a file is not there any more, or cannot be read.
    """
    parts = [_rows(path, codes) for path in files]
    rows = pd.concat(parts, ignore_index=True).drop_duplicates(KEY, keep="first")
    return rows.sort_values(KEY, ignore_index=True)


def _rows(path: Path, codes: Sequence[str]) -> pd.DataFrame:
    try:
        known = pq.read_table(path, filters=[("departement", "in", list(codes))])
    except (OSError, pa.ArrowException) as error:
        raise DamagedError(message("grid.cells_gone", path=path), path) from error
    return pd.DataFrame(known.to_pandas(date_as_object=False, coerce_temporal_nanoseconds=True))
