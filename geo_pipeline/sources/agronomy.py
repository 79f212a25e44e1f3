"""Crop parameters and soil storage: the two tables that a water balance needs besides weather.

Both ship as CSV, each number with its source (`assets_data/PROVENANCE.md` explains the columns).
The rows of a local file with the same columns replace those of the same key, for instance with
local sowing dates or the measured soils of a département.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from geo_pipeline.errors import SourceError
from geo_pipeline.territory import CODES
from geo_pipeline.words import Message, message, verbatim

CROPS_FILE = "crop_parameters.csv"
SOIL_FILE = "soil_storage.csv"

WHOLE = ("start_month", "start_day", "days_initial", "days_development", "days_mid", "days_late")


@dataclass(frozen=True, slots=True)
class _Layout:
    """Layout of a table: its key, numbers with lowest and highest value, texts, flags."""

    key: str
    numbers: dict[str, tuple[float, float]]
    texts: tuple[str, ...]
    flags: tuple[str, ...] = ()
    may_be_empty: tuple[str, ...] = ()


CROPS = _Layout(
    key="crop",
    numbers={
        "start_month": (1, 12),
        "start_day": (1, 31),
        "days_initial": (0, 365),
        "days_development": (0, 365),
        "days_mid": (0, 365),
        "days_late": (0, 365),
        "flowering_from_day": (1, 366),
        "yield_formation_from_day": (1, 366),
        "ripening_from_day": (1, 366),
        "kc_ini": (0, 1.5),
        "kc_mid": (0, 1.5),
        "kc_end": (0, 1.5),
        "kc_off": (0, 1.5),
        "height_m": (0.05, 10),
        "root_min_m": (0.05, 5),
        "root_low_m": (0.05, 5),
        "root_high_m": (0.05, 5),
        "p": (0.1, 0.8),
        "ky_season": (0, 2),
        "ky_vegetative": (0, 2),
        "ky_flowering": (0, 2),
        "ky_yield_formation": (0, 2),
        "ky_ripening": (0, 2),
        "base_temperature_c": (-5, 20),
    },
    texts=(
        "name",
        "calendar_source",
        "stages_source",
        "kc_source",
        "root_source",
        "ky_source",
        "base_source",
    ),
    flags=("irrigated", "perennial"),
    may_be_empty=(
        "flowering_from_day",
        "yield_formation_from_day",
        "ripening_from_day",
        "ky_season",
        "ky_vegetative",
        "ky_flowering",
        "ky_yield_formation",
        "ky_ripening",
    ),
)

SOIL = _Layout(
    key="departement",
    numbers={
        "available_water_mm_per_m": (20, 400),
        "soil_depth_m": (0.1, 5),
        "drainage_per_day": (0, 0.1),
    },
    texts=("status", "source"),
)


def crop_parameters(folder: Path, local: Path | None = None) -> pd.DataFrame:
    """Return one row for each crop, indexed by its code, sorted.

    Args:
        folder: folder of the embedded files.
        local: a CSV with the same columns, whose rows replace or add crops.

    Raises:
        SourceError: a file is missing or damaged.
    """
    frame = _merged(folder / CROPS_FILE, local, CROPS)
    return frame.astype(dict.fromkeys(WHOLE, np.int64))


def soil_storage(folder: Path, local: Path | None = None) -> pd.DataFrame:
    """Return the water storage and drainage of soils by département, indexed by code, sorted.

    `drainage_per_day` is the share of the stored water that drains in a day. `status` is `fitted`
    (to normals of soil wetness), `neighbours` (taken from the départements around) or `default`.

    Args:
        folder: folder of the embedded files.
        local: a CSV with the same columns, whose rows replace those of their département.

    Raises:
        SourceError: a file is missing or damaged, a département is missing or unknown.
    """
    path = folder / SOIL_FILE
    frame = _merged(path, local, SOIL)
    if unknown := sorted(set(frame.index) - set(CODES)):
        raise _damaged(local or path, message("table.unknown_departement", codes=unknown))
    if missing := sorted(set(CODES) - set(frame.index)):
        raise _damaged(path, message("table.no_row", codes=missing))
    return frame


def _merged(path: Path, local: Path | None, layout: _Layout) -> pd.DataFrame:
    """Return the embedded rows, replaced where the local file has rows of the same key."""
    frames = [_read(file, layout) for file in (path, local) if file is not None]
    both = pd.concat(frames)
    return both[~both.index.duplicated(keep="last")].sort_index()


def _read(path: Path, layout: _Layout) -> pd.DataFrame:
    """Return the table in `path`, typed and checked against its ranges."""
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        if not path.exists():
            raise _damaged(path, None) from error
        raise _damaged(path, verbatim(str(error).splitlines()[0])) from error
    key = layout.key
    wanted = [key, *layout.numbers, *layout.texts, *layout.flags]
    if missing := [name for name in wanted if name not in frame.columns]:
        raise _damaged(path, message("crops.no_column", columns=missing))
    if frame[key].duplicated().any() or (frame[key] == "").any():
        raise _damaged(path, message("table.bad_key", column=key))
    frame = frame[wanted].set_index(key)
    for name, (lowest, highest) in layout.numbers.items():
        written = frame[name].str.strip()
        values = pd.to_numeric(written, errors="coerce")
        wrong = values.isna() & ~((written == "") & (name in layout.may_be_empty))
        wrong |= values.notna() & ~values.between(lowest, highest)
        if wrong.any():
            where = str(wrong.idxmax())
            value = {"column": name, "row": where, "text": repr(written[where])}
            ends = {"lowest": str(lowest), "highest": str(highest)}
            raise _damaged(path, message("table.beyond", **value, **ends))
        if name in WHOLE and (values % 1 != 0).any():
            where = str((values % 1 != 0).idxmax())
            value = {"column": name, "row": where, "text": repr(written[where])}
            raise _damaged(path, message("table.not_whole", **value))
        frame[name] = values.astype(np.float64)
    for name in layout.flags:
        if not frame[name].isin(["0", "1"]).all():
            raise _damaged(path, message("table.flag", column=name))
        frame[name] = frame[name] == "1"
    for name in layout.texts:
        if (frame[name].str.strip() == "").any():
            where = str((frame[name].str.strip() == "").idxmax())
            raise _damaged(path, message("table.empty", column=name, row=where))
    return frame


def _damaged(path: Path, why: Message | None) -> SourceError:
    """Return the one-line error for a missing or damaged table."""
    what = message("embedded.missing")
    if why is not None:
        what = message("embedded.unusable", why=why)
    return SourceError(message("embedded.table", path=path, what=what))
