"""Crop figures as statistical offices print them: area, yield, production, units, checks."""

import logging
import math
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from threading import Lock
from typing import NamedTuple

import numpy as np
import pandas as pd

from geo_pipeline import table_rows
from geo_pipeline.errors import SourceError, UsageError
from geo_pipeline.provenance import Provenance
from geo_pipeline.sources import payload
from geo_pipeline.sources.faults import listed, told_by
from geo_pipeline.sources.http import Http, Received
from geo_pipeline.territory import BY_CODE
from geo_pipeline.words import Message, message, verbatim

log = logging.getLogger(__name__)

MEASURES = ("area_ha", "yield_q_ha", "production_q")
KEY = ["departement", "year", "crop"]

# Marks of offices for a figure that is secret, not available or not significant. Never zero.
MISSING = frozenset({"", "s", "c", "nd", "n.d.", "ns", "n.s.", "so", "-", "...", "…", "///"})
_NUMBER = re.compile(r"-?(?:\d+|\d{1,3}(?: \d{3})+)(?:[.,]\d+)?")

# Larger than any real figure: the whole of Gironde in ha; vegetables under glass, q/ha.
HIGHEST = {"area_ha": 1.2e6, "yield_q_ha": 5e4, "production_q": 1e9}

# Areas, yields and productions are printed rounded: a hectare and 2 % of difference are accepted.
TOLERANCE = 0.02
LEAST_ROWS_TO_JUDGE_UNITS = 8


@dataclass(frozen=True)
class Units:
    """Factors from the units of a sheet to ha, q/ha and q; NaN where a unit is not a weight."""

    area_ha: float = 1.0
    yield_q_ha: float = 1.0
    production_q: float = 1.0


# Units by the words that name them, as factors. A hectolitre is no weight.
_AREA = {"ha": 1.0, "hectare": 1.0, "hectares": 1.0, "are": 0.01, "ares": 0.01}
_WEIGHT = {
    "q": 1.0,
    "qx": 1.0,
    "quintal": 1.0,
    "quintaux": 1.0,
    "t": 10.0,
    "tonne": 10.0,
    "tonnes": 10.0,
    "kg": 0.01,
    "hl": math.nan,
    "hectolitre": math.nan,
    "hectolitres": math.nan,
}
_UNIT = re.compile(
    r"(?<![\w/'’])(1 ?000|milliers d[e'’])? ?"
    rf"({'|'.join(sorted({*_AREA, *_WEIGHT}, key=len, reverse=True))})"
    r"(?: de matière sèche| ms)?( ?/ ?| par | à l['’])?(hectare|ha)?(?![\w/])"
)


class Unit(NamedTuple):
    """A printed unit: its measure, and its factor to our unit."""

    measure: str
    factor: float


def units_in(text: str) -> list[Unit]:
    """Return the units named in `text`, in order: `ha, q/ha, q` gives one of each measure."""
    found = []
    plain = re.sub(r"\s+", " ", text.casefold())
    for thousand, word, per, of in _UNIT.findall(plain):
        factor = 1000.0 if thousand else 1.0
        if bool(per) != bool(of):
            continue
        if of and word in _WEIGHT:
            found.append(Unit("yield_q_ha", factor * _WEIGHT[word]))
        elif not of and word in _WEIGHT:
            found.append(Unit("production_q", factor * _WEIGHT[word]))
        elif not of and word in _AREA:
            found.append(Unit("area_ha", factor * _AREA[word]))
    return found


def number(cell: object) -> float:
    """Return the figure in `cell`, NaN for a mark of a missing figure.

    Numbers may be text with a decimal comma and spaces between thousands.

    Raises:
        ValueError: the cell holds something else.
    """
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        if math.isinf(cell):
            raise ValueError(message("crops.no_figure", text=str(cell)))
        return float(cell)
    if cell is None:
        return math.nan
    if not isinstance(cell, str):
        raise ValueError(message("crops.no_figure", text=repr(cell)))
    text = " ".join(cell.split())
    if text.casefold() in MISSING:
        return math.nan
    if not _NUMBER.fullmatch(text):
        raise ValueError(message("crops.no_figure", text=repr(text[:40])))
    return float(text.replace(" ", "").replace(",", "."))


def the_member(received: Received, source: str, wanted: re.Pattern[str]) -> str:
    """Return the path of the only file in a zip whose name, in lower case, matches `wanted`.

    Raises:
        SourceError: it is no zip, it is damaged, or no or several files match.
    """
    paths = payload.members(received, source)
    names = {path: PurePosixPath(path).name for path in paths}
    found = [
        path
        for path, name in names.items()
        if wanted.search(name.lower()) and not name.startswith((".", "~"))
    ]
    if len(found) != 1:
        names_there = listed(list(names.values()), 200)
        what = message("crops.zip_members", count=len(found), names=names_there)
        raise payload.unusable(received, source, what)
    return found[0]


def out_of_range(frame: pd.DataFrame, measure: str) -> "pd.Series[bool]":
    """Return which rows have a `measure` beyond what is physically possible."""
    return (frame[measure] < 0) | (frame[measure] > HIGHEST[measure])


def unit_ratio(frame: pd.DataFrame) -> float | None:
    """Return the median of production / (area x yield), None where it is 1 or unknown.

    Rounding, and areas not yet in production, leave it near 1; wrongly assumed units do not.
    """
    expected = frame["area_ha"] * frame["yield_q_ha"]
    judged = (expected > 0) & (frame["production_q"] > 0)
    if judged.sum() < LEAST_ROWS_TO_JUDGE_UNITS:
        return None
    ratio = float((frame["production_q"] / expected)[judged].median())
    return None if 0.5 < ratio < 2 else ratio


def report_disagreement(frame: pd.DataFrame, source: str) -> int:
    """Log and return the number of rows whose production is not area times yield."""
    area, rate, production = (frame[measure].to_numpy(float) for measure in MEASURES)
    expected = area * rate
    # Half of the last printed digit: area to 1 ha, yield to 1 q/ha.
    room = TOLERANCE * expected + 0.5 * (area + rate) + 1
    with np.errstate(invalid="ignore"):
        difference = np.abs(production - expected)
        off = difference > room
    if not off.any():
        return 0
    row = frame.iloc[int(np.argmax(np.where(off, difference / np.maximum(expected, 1), 0)))]
    log.warning(
        "%s: production is not area by yield in %d of %d rows, kept as printed; most in "
        "département %s, %s %s: %g q for %g ha at %g q/ha",
        source,
        int(off.sum()),
        len(frame),
        row["departement"],
        row["crop"],
        row["year"],
        row["production_q"],
        row["area_ha"],
        row["yield_q_ha"],
    )
    return int(off.sum())


def table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `frame` that have a figure as `crop_statistics`, sorted.

    Raises:
        InvalidTableError: the frame does not satisfy the schema of the table.
    """
    return table_rows.validate("crop_statistics", frame.dropna(subset=list(MEASURES), how="all"))


class CropFile:
    """A file of all départements behind one URL, fetched and read once, on first use."""

    name = ""
    setting = ""

    def __init__(self, http: Http, url: str) -> None:
        self._http = http
        self._url = url
        self._lock = Lock()
        self._rows: pd.DataFrame | None = None
        self._origin: Provenance | None = None
        self._unreadable: Message | None = None

    @property
    def url(self) -> str:
        """The address of the file."""
        return self._url

    @staticmethod
    def read(received: Received) -> pd.DataFrame:
        """Return the rows of `crop_statistics` from what was received; callable in any process.

        Raises:
            SourceError, ValueError, InvalidTableError: it cannot be read, or its content is wrong.
        """
        raise NotImplementedError

    def crop_statistics(self, departement: str) -> pd.DataFrame:
        """Return all crops and years of one département, as in the table `crop_statistics`.

        A secret or unavailable figure is NaN; rows without any figure are left out. A département
        that is not in the file gives 0 rows.

        Raises:
            UsageError: there is no such département.
            SourceError: the file cannot be received or read; the message names the URL and the
                place.
        """
        if departement not in BY_CODE:
            raise UsageError(message("crops.unknown_departement", code=departement))
        try:
            rows, _ = self._file()
        except SourceError as error:
            who = f"{self.name}, département {departement}"
            raise SourceError(told_by(error.message, who)) from error
        return rows[rows["departement"] == departement].reset_index(drop=True)

    @property
    def provenance(self) -> Provenance:
        """Return the origin of the file, which is fetched and read first if necessary.

        Raises:
            SourceError: it cannot be received or read.
        """
        return self._file()[1]

    def _file(self) -> tuple[pd.DataFrame, Provenance]:
        with self._lock:
            if self._unreadable is not None:
                raise SourceError(self._unreadable)
            if self._rows is None or self._origin is None:
                received = self._http.get(self._url, source=self.name)
                try:
                    self._rows = self._understood(received)
                except SourceError as error:
                    self._unreadable = error.message
                    raise
                self._origin = Provenance(
                    self.name, received.url, received.received_at.isoformat(), received.sha256
                )
            return self._rows, self._origin

    def _understood(self, received: Received) -> pd.DataFrame:
        try:
            return payload.judged(received, self._http.limits, self.read)
        except (ValueError, table_rows.InvalidTableError) as error:
            advice = message("advice.another_copy", setting=self.setting)
            what = message("fault.unusable", what=verbatim(error))
            raise payload.unusable(received, self.name, what, advice) from error
