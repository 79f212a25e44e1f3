"""Statistique agricole annuelle (SAA) of Agreste: one workbook for all départements and years."""

import logging
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from glob import escape
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd

from geo_pipeline.settings import Settings
from geo_pipeline.sources import crop_figures, payload
from geo_pipeline.sources import workbook as workbooks
from geo_pipeline.sources.crop_figures import KEY, MEASURES, CropFile, Units
from geo_pipeline.sources.crop_names import crop_codes, departement_code, numbered, words
from geo_pipeline.sources.faults import either
from geo_pipeline.sources.http import MOST_LEFT_OUT, Http, Received
from geo_pipeline.sources.observed import Parts
from geo_pipeline.sources.questions import ask_for_archive
from geo_pipeline.sources.workbook import fault_at, in_cell, in_row, in_sheet
from geo_pipeline.words import message, verbatim

log = logging.getLogger(__name__)

NAME = "agreste"
URL = (
    "https://agreste.agriculture.gouv.fr/agreste-web/download/publication/publie/SAA-SeriesLongues/"
    "SAA_2010-2024-d%C3%A9finitives_donnees-DepartementalesetRegionales.zip"
)
CROP_SHEETS = ("COP", "FOU", "IND", "PDT", "LEG", "FRT")
"""Cereals and oilseeds, fodder, industrial crops, potatoes, vegetables, fruit: ha, q/ha, q."""

HEADER_WITHIN = 15
CROP_COLUMNS = ("LIB_SAA", "LIB_CODE")
VINES = "VIG"
"""The sheet of vines, in some editions: areas planted and in production, wine in hl."""
PREFIXES = {"SURF": "area_ha", "REND": "yield_q_ha", "PROD": "production_q"}
_AREAS = ("SURF_PROD", "SURF", "SURF_TOT")
"""Columns of areas; the first one present is the area that yields refer to."""
_FIGURES = re.compile(r"(SURF_PROD|SURF_TOT|SURF|REND|PROD)_(\d{4})\s*(?:\((.*)\))?")
_DEPARTEMENTAL = re.compile(r"^(?!.*r.{1,3}gionale).*d.{1,3}partementale.*\.xlsx$")
_EDITION = re.compile(r"saa\D?(\d{4}\D\d{4})", re.IGNORECASE)
_STATUS = re.compile(r"(semi.)?d.{1,2}finitives|provisoires", re.IGNORECASE)


class Agreste(CropFile):
    """The workbook behind `url`: a zip that contains it, or the workbook itself."""

    name = NAME
    setting = "GEO_PIPELINE_AGRESTE_URL"

    def __init__(self, http: Http, url: str = URL) -> None:
        super().__init__(http, url or URL)

    @staticmethod
    def read(received: Received) -> pd.DataFrame:
        """Return the rows of `crop_statistics` from a zip or workbook."""
        if workbooks.PART in payload.members(received, NAME):
            name = PurePosixPath(unquote(urlsplit(received.url).path)).name
            return read(received.content, name, received.most_left_out)
        path = crop_figures.the_member(received, NAME, _DEPARTEMENTAL)
        workbook = payload.unzipped(received, NAME, member=escape(path))
        return read(workbook, PurePosixPath(path).name, received.most_left_out)


def read(workbook: bytes, name: str, most_left_out: float = MOST_LEFT_OUT) -> pd.DataFrame:
    """Return the rows of `crop_statistics` from the workbook `name`, for all départements.

    Raises:
        ValueError: it cannot be read, or does not contain what it should; the message says where.
    """
    # Sheets on other subjects (land use, animals, notes) give None.
    read_as = (
        _sheet(title, cells, most_left_out) for title, cells in workbooks.sheets(workbook, name)
    )
    sheets = [sheet for sheet in read_as if sheet is not None]
    if not sheets:
        what = message("agreste.no_crop_sheet", sheets=CROP_SHEETS)
        raise ValueError(message("fault.in_file", file=name, what=what))
    if missing := [title for title in CROP_SHEETS if title not in {s.title for s in sheets}]:
        log.warning("agreste: %s has no sheet %s", name, ", ".join(missing))
    codes = crop_codes(label for sheet in sheets for label in sheet.crops)
    frame = pd.concat([_long(sheet, codes, most_left_out) for sheet in sheets], ignore_index=True)
    frame["source"] = _edition(name)
    repeated = frame.duplicated(KEY, keep=False)
    if repeated.any():
        first = frame[repeated].sort_values(KEY).iloc[:2]
        one, other = (
            message("agreste.labelled", place=in_row(row["sheet"], row["at"]), label=row["label"])
            for row in first.to_dict("records")
        )
        raise ValueError(
            message(
                "agreste.twice",
                departement=first["departement"].iloc[0],
                crop=first["crop"].iloc[0],
                one=one,
                other=other,
            )
        )
    for title, rows in frame.groupby("sheet"):
        if ratio := crop_figures.unit_ratio(rows):
            raise ValueError(
                fault_at(in_sheet(str(title)), message("crops.units_in_doubt", ratio=ratio))
            )
    rows = crop_figures.table(frame.drop(columns=["sheet", "at", "label"]))
    if rows.empty:
        what = message("crops.no_figure_at_all")
        raise ValueError(message("fault.in_file", file=name, what=what))
    crop_figures.report_disagreement(rows, "agreste")
    return rows


class _Sheet(NamedTuple):
    """One crop sheet: a row for each département and crop, figures by year."""

    title: str
    departements: list[str]
    crops: list[str]
    at: list[int]
    years: list[int]
    figures: dict[str, np.ndarray]


def _edition(name: str) -> str:
    """Return the edition named by a workbook's name, such as `SAA 2010-2024 définitives`."""
    years, status = _EDITION.search(name), _STATUS.search(name)
    edition = f"SAA {years[1]}" if years else "SAA"
    if status is None:
        return edition
    word = status[0].lower()
    if "finitives" in word:
        word = "semi-définitives" if status[1] else "définitives"
    return f"{edition} {word}"


def _sheet(title: str, cells: Sequence[Sequence[object]], most_left_out: float) -> _Sheet | None:
    """Return the rows of départements of one sheet."""
    wanted = title.upper() in (*CROP_SHEETS, VINES)
    header = _header(cells)
    if header is None:
        if wanted:
            what = message("agreste.no_header", rows=HEADER_WITHIN, crop=either(*CROP_COLUMNS))
            raise ValueError(fault_at(in_sheet(title), what))
        log.info("agreste: sheet %s has no statistics by département and crop", title)
        return None
    columns = _columns(title, cells[header.row])
    measures = {measure for measure, _ in columns}
    if not wanted and measures != set(MEASURES):
        log.info("agreste: sheet %s is of something else than crops", title)
        return None
    years = sorted({year for _, year in columns})
    lacking = [
        f"{prefix}_{year}"
        for year in years
        for prefix, measure in PREFIXES.items()
        if (measure, year) not in columns
    ]
    if not years or lacking:
        columns_lacking = lacking[:3] or message("agreste.columns_of_a_year")
        what = message("crops.no_column", columns=columns_lacking)
        raise ValueError(fault_at(in_sheet(title), what))
    usual = Units(1.0, math.nan, math.nan) if title.upper() == VINES else Units()
    units = _units(title, cells[: header.row + 1], columns, usual if wanted else None)
    departements, crops, at = _rows(title, cells, header, payload.Sieve(most_left_out))
    figures = {}
    sieve = payload.Sieve(most_left_out)
    for measure in MEASURES:
        places = [[(row, columns[measure, year]) for year in years] for row in at]
        told = [[_figure(title, cells, *place, sieve) for place in of_row] for of_row in places]
        read = np.array(told, dtype=float).reshape(len(at), len(years))
        figures[measure] = getattr(units, measure) * read
    sieve.require_most(of=len(MEASURES) * len(at) * len(years))
    sieve.tell(log, NAME)
    return _Sheet(title, departements, crops, at, years, figures)


class _Header(NamedTuple):
    """Row of the column names, and the columns of région (may be absent), département, crop."""

    row: int
    region: int | None
    place: int
    crop: int


def _header(cells: Sequence[Sequence[object]]) -> _Header | None:
    """Return the position of the column names, None where there are none."""
    for row, line in enumerate(cells[:HEADER_WITHIN]):
        names = [cell.strip().upper() if isinstance(cell, str) else "" for cell in line]
        crop = next((names.index(name) for name in CROP_COLUMNS if name in names), None)
        if "LIB_DEP" in names and crop is not None:
            region = next((at for at, name in enumerate(names) if name.startswith("LIB_REG")), None)
            return _Header(row, region, names.index("LIB_DEP"), crop)
    return None


def _columns(title: str, names: Sequence[object]) -> dict[tuple[str, int], int]:
    """Return the column of each measure and year; of several areas, the one of the yields."""
    found: dict[tuple[str, int], int] = {}
    for column, name in enumerate(names):
        told = _FIGURES.fullmatch(name.strip().upper()) if isinstance(name, str) else None
        if told is None:
            continue
        what = told[1], int(told[2])
        if what in found:
            called = message("agreste.two_columns", column=f"{told[1]}_{told[2]}")
            raise ValueError(fault_at(in_sheet(title), called))
        found[what] = column
    columns: dict[tuple[str, int], int] = {}
    for prefix in (*_AREAS, "REND", "PROD"):
        measure = PREFIXES[prefix.partition("_")[0]]
        for (of, year), column in found.items():
            if of == prefix:
                columns.setdefault((measure, year), column)
    return columns


def _units(
    title: str,
    above: Sequence[Sequence[object]],
    columns: dict[tuple[str, int], int],
    usual: Units | None,
) -> Units:
    """Return the units in the header or above it, else the `usual` units of the sheet.

    Raises:
        ValueError: a measure has two units, or the units of an unknown sheet are not given.
    """
    told: dict[str, set[float]] = {measure: set() for measure in MEASURES}
    measured = {column: measure for (measure, _), column in columns.items()}
    for line in above:
        for column, cell in enumerate(line):
            if not isinstance(cell, str):
                continue
            found = crop_figures.units_in(cell)
            of_column = [unit for unit in found if unit.measure == measured.get(column)]
            stated = "unit" in words(cell) or len({unit.measure for unit in found}) > 1
            for unit in found if stated else of_column:
                told[unit.measure].add(unit.factor)
    values = {}
    for measure, factors in told.items():
        distinct = {"no weight" if math.isnan(factor) else factor for factor in factors}
        if len(distinct) > 1 or (not distinct and usual is None):
            key = "agreste.two_units" if distinct else "agreste.no_unit"
            what = message(key, measure=message(f"crops.{measure}"))
            raise ValueError(fault_at(in_sheet(title), what))
        if factors:
            values[measure] = next(iter(factors))
    units = replace(usual or Units(), **values)
    if math.isnan(units.yield_q_ha) or math.isnan(units.production_q):
        log.warning("agreste: sheet %s is in hl, which is no weight: its areas only", title)
    return units


def _rows(
    title: str, cells: Sequence[Sequence[object]], header: _Header, sieve: payload.Sieve
) -> tuple[list[str], list[str], list[int]]:
    """Return département, crop and row number of each row that belongs to a département."""
    top, region, place, crop = header
    departements, crops, at = [], [], []
    known: dict[str, str | None] = {}
    other: Counter[str] = Counter()
    for row in range(top + 1, len(cells)):
        line = cells[row]
        where, label = str(line[place]).strip(), str(line[crop]).strip()
        area = where or (str(line[region]).strip() if region is not None else "")
        if not label:
            # This is a note under the table, or an empty row.
            if where and any(_is_figure(cell) for cell in line):
                raise ValueError(fault_at(in_cell(title, row, crop), message("agreste.no_crop")))
            continue
        if not area and any(_is_figure(cell) for cell in line):
            raise ValueError(
                fault_at(in_cell(title, row, place), message("agreste.no_departement"))
            )
        try:
            if where not in known:
                known[where] = departement_code(*numbered(where))
        except ValueError as error:
            cell = in_cell(title, row, place)
            sieve.leave_out(cell, ValueError(fault_at(cell, verbatim(error))))
            continue
        code = known[where]
        if code is None:
            other[area] += 1
            continue
        departements.append(code)
        crops.append(label)
        at.append(row)
    sieve.require_most(of=len(at) + len(sieve.left_out))
    sieve.tell(log, NAME)
    if other:
        log.info(
            "agreste: sheet %s: %d rows of %d régions and larger areas left out",
            title,
            other.total(),
            len(other),
        )
    return departements, crops, at


def _figure(
    title: str, cells: Sequence[Sequence[object]], row: int, column: int, sieve: payload.Sieve
) -> float:
    """Return the figure in a cell; NaN, noted by the `sieve`, where it holds something else."""
    cell = cells[row][column]
    if type(cell) is float and 0 <= cell < math.inf:
        return cell
    name = in_cell(title, row, column)
    try:
        value = crop_figures.number(cell)
    except ValueError as error:
        sieve.leave_out(name, ValueError(fault_at(name, verbatim(error))))
        return math.nan
    if value < 0:
        sieve.leave_out(name, ValueError(fault_at(name, message("crops.below_0", value=value))))
        return math.nan
    return value


def _long(sheet: _Sheet, codes: dict[str, str], most_left_out: float) -> pd.DataFrame:
    """Return one row for each département, year and crop."""
    n_rows, n_years = len(sheet.at), len(sheet.years)
    frame = pd.DataFrame(
        {
            "departement": np.repeat(np.array(sheet.departements, dtype=object), n_years),
            "year": np.tile(np.array(sheet.years, dtype=np.int64), n_rows),
            "crop": np.repeat(
                np.array([codes[label] for label in sheet.crops], dtype=object), n_years
            ),
            **{measure: values.ravel() for measure, values in sheet.figures.items()},
            "sheet": sheet.title,
            "at": np.repeat(np.array(sheet.at, dtype=np.int64) + 1, n_years),
            "label": np.repeat(np.array(sheet.crops, dtype=object), n_years),
        }
    )
    sieve = payload.Sieve(most_left_out)
    for measure in MEASURES:
        wrong = crop_figures.out_of_range(frame, measure)
        for row, year, value in frame.loc[wrong, ["at", "year", measure]].itertuples(index=False):
            place = in_row(sheet.title, row)
            what = message("crops.too_large", measure=measure, year=year, value=value)
            sieve.leave_out(place, ValueError(fault_at(place, what)))
        frame.loc[wrong, measure] = math.nan
    sieve.require_most(of=len(frame))
    sieve.tell(log, NAME)
    return frame


def _is_figure(cell: object) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def build(parts: Parts) -> Agreste:
    """Return the client built from `parts`."""
    return Agreste(parts.http, parts.settings.agreste_url)


def ask(http: Http, settings: Settings) -> None:
    """Ask for the beginning of the zip."""
    ask_for_archive(http, settings.agreste_url or URL, NAME)
