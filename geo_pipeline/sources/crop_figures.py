"""Area, yield and production as statistical offices print them: numbers, units, checks."""

import logging
import math
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from threading import Lock
from typing import NamedTuple

import numpy as np
import pandas as pd

from geo_pipeline import tables
from geo_pipeline.errors import SourceError, UsageError
from geo_pipeline.schemas import Provenance
from geo_pipeline.sources import payload
from geo_pipeline.sources.faults import listed, told_by
from geo_pipeline.sources.http import Http, Received
from geo_pipeline.territory import BY_CODE
from geo_pipeline.words import Message, message, plain

log = logging.getLogger(__name__)

MEASURES = ("area_ha", "yield_q_ha", "production_q")
KEY = ["departement", "year", "crop"]

# How offices print that there is no figure: secret, not available, not significant. Never zero.
MISSING = frozenset({"", "s", "c", "nd", "n.d.", "ns", "n.s.", "so", "-", "...", "…", "///"})
_NUMBER = re.compile(r"-?(?:\d+|\d{1,3}(?: \d{3})+)(?:[.,]\d+)?")

# Larger than any true one: the whole of Gironde in ha; vegetables under glass, q/ha.
HIGHEST = {"area_ha": 1.2e6, "yield_q_ha": 5e4, "production_q": 1e9}

# Printed yields are rounded, areas and productions too: a hectare and 2 % are within reason.
TOLERANCE = 0.02
LEAST_ROWS_TO_JUDGE_UNITS = 8


@dataclass(frozen=True)
class Units:
    """What one hectare, q/ha and q are of what a sheet prints; NaN where it is no weight."""

    area_ha: float = 1.0
    yield_q_ha: float = 1.0
    production_q: float = 1.0


# Quantities that units are said of, by the words that name them. A hectolitre is no weight.
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
    """One unit as printed: of which measure, and how many of ours it is."""

    measure: str
    factor: float


def units_in(text: str) -> list[Unit]:
    """Return the units that `text` names, in order: `ha, q/ha, q` gives one of each measure."""
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
    """Return the figure in `cell`, NaN where it says that there is none.

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
    """Return the path of the one file of a zip whose name, in lower case, has `wanted` in it.

    Raises:
        SourceError: it is no zip, it is damaged, or no file or several are such.
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
    """Return which rows have a `measure` that no field can have given."""
    return (frame[measure] < 0) | (frame[measure] > HIGHEST[measure])


def unit_ratio(frame: pd.DataFrame) -> float | None:
    """Return the median of production over area by yield, None where it is 1 or cannot be told.

    Rounding, and areas not yet in production, leave it near 1; units that are not what they were
    taken for do not.
    """
    expected = frame["area_ha"] * frame["yield_q_ha"]
    judged = (expected > 0) & (frame["production_q"] > 0)
    if judged.sum() < LEAST_ROWS_TO_JUDGE_UNITS:
        return None
    ratio = float((frame["production_q"] / expected)[judged].median())
    return None if 0.5 < ratio < 2 else ratio


def report_disagreement(frame: pd.DataFrame, source: str) -> int:
    """Log how many rows print a production that is not area by yield, and return it."""
    area, rate, production = (frame[measure].to_numpy(float) for measure in MEASURES)
    expected = area * rate
    # Half of the last figure printed: area to 1 ha, yield to 1 q/ha.
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
        InvalidTableError: the frame is not that of the table.
    """
    return tables.validate("crop_statistics", frame.dropna(subset=list(MEASURES), how="all"))


class CropFile:
    """A file of all départements behind one URL, fetched and read once, at the first question."""

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
        """Where the file is."""
        return self._url

    @staticmethod
    def read(received: Received) -> pd.DataFrame:
        """Return the rows of `crop_statistics` in what was received, in whichever process.

        Raises:
            SourceError, ValueError, InvalidTableError: it cannot be read, or is not what it should.
        """
        raise NotImplementedError

    def crop_statistics(self, departement: str) -> pd.DataFrame:
        """Return all crops and years of one département, as in the table `crop_statistics`.

        A figure that is secret or not available is NaN; a row without any is not there. A
        département that the file does not have gives 0 rows.

        Raises:
            UsageError: there is no such département.
            SourceError: the file cannot be had or read; the message names the URL, and where.
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
        """Where the file is from; it is fetched and read if it was not.

        Raises:
            SourceError: it cannot be had or read.
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
        except (ValueError, tables.InvalidTableError) as error:
            advice = message("advice.another_copy", setting=self.setting)
            what = message("fault.unusable", what=plain(error))
            raise payload.unusable(received, self.name, what, advice) from error
