"""FranceAgriMer's history of field crops by département: area, yield, production."""

import csv
import io
import logging
import re
from collections.abc import Sequence
from glob import escape
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import pandas as pd

from geo_pipeline.settings import Settings
from geo_pipeline.sources import crop_figures, delimited, payload, workbook
from geo_pipeline.sources.crop_figures import KEY, MEASURES, CropFile
from geo_pipeline.sources.crop_names import crop_codes, departement_code, words
from geo_pipeline.sources.delimited import Column
from geo_pipeline.sources.http import Http, Received
from geo_pipeline.sources.observed import Parts
from geo_pipeline.sources.questions import ask_for_archive
from geo_pipeline.words import message, verbatim

log = logging.getLogger(__name__)

NAME = "franceagrimer"
URL = (
    "https://visionet.franceagrimer.fr/Pages/OpenDocument.aspx?fileurl=SeriesChronologiques"
    "%2fproductions%20vegetales%2fgrandes%20cultures%2fsurfaces%2cproductions%2crendements"
    "%2fSCR-GRC-hist_dep_surface_prod_cult_cer-A25.zip&telechargersanscomptage=oui"
)
# Beginnings, or whole names, of columns in editions of the file: `CULT_SURF(ha)`, `Surface`.
COLUMNS = {
    "crop": r"(lib |libelle )?(especes?|cultures?|produits?)",
    "code": r"dep|dpt|(code|num|numero|n) (du )?(dep|dpt|departement)|code",
    "name": r"departement|(nom|lib|libelle) (du )?(dep|dpt|departement)|nom",
    "year": r"annee|(annee (de )?)?recolte|campagne",
    "area_ha": r"(cult )?(surf|surface|superficie)\b.*",
    "yield_q_ha": r"(cult )?(rend|rendement|rdt)\b.*",
    "production_q": r"(cult )?(prod|production)\b.*",
}
TONNE_Q = 10.0
_EDITION = re.compile(r"(?:cer|dep)-A(\d{2})", re.IGNORECASE)
_FILE = re.compile(r"\.(csv|txt|xlsx)$")
HEADER_WITHIN = 15
"""Number of first rows of a sheet, one of which must be the header."""
MARKS = sorted({mark for text in crop_figures.MISSING for mark in (text, text.upper())})
_KINDS: dict[str, Any] = {
    "year": {"kind": "whole", "lowest": 1900, "highest": 2100},
    "area_ha": {"lowest": 0, "highest": crop_figures.HIGHEST["area_ha"]},
    "yield_q_ha": {"lowest": 0, "highest": crop_figures.HIGHEST["yield_q_ha"]},
    "production_q": {"lowest": 0, "highest": crop_figures.HIGHEST["production_q"]},
}


class FranceAgriMer(CropFile):
    """The file behind `url`: a zip that contains it, or the CSV or workbook itself."""

    name = NAME
    setting = "GEO_PIPELINE_FRANCEAGRIMER_URL"

    def __init__(self, http: Http, url: str = URL) -> None:
        super().__init__(http, url or URL)

    @staticmethod
    def read(received: Received) -> pd.DataFrame:
        """Return the rows of `crop_statistics` from a zip, CSV or workbook.

        For some crops, published files have a row for each component under the name of the whole
        crop, so that the row of the crop itself is unknown. Where their figures differ none is
        used, which is reported; identical rows are merged.
        """
        path, said = _said(received)
        names = next(csv.reader(said.splitlines()[:1], delimiter=";"), [])
        columns = _columns([name.strip() for name in names])
        printed = delimited.table(
            said,
            received,
            NAME,
            columns=list(columns.values()),
            missing=MARKS,
            most_left_out=received.most_left_out,
        )
        printed.columns = pd.Index(columns)
        frame = _of_departements(
            printed.dropna(how="all"), columns, payload.Sieve(received.most_left_out)
        )
        if ratio := crop_figures.unit_ratio(frame):
            raise ValueError(message("franceagrimer.units", ratio=ratio))
        edition = _EDITION.search(path)
        frame["source"] = f"FranceAgriMer A{edition[1]}" if edition else "FranceAgriMer"
        rows = crop_figures.table(_once(frame)[[*KEY, *MEASURES, "source"]])
        if rows.empty:
            raise ValueError(message("franceagrimer.no_figure"))
        crop_figures.report_disagreement(rows, NAME)
        return rows


def _said(received: Received) -> tuple[str, str]:
    """Return the path of the file, and its content as delimited text."""
    if not received.content.startswith(b"PK"):
        return received.url, payload.text(received, NAME)
    path = unquote(urlsplit(received.url).path)
    if workbook.PART in payload.members(received, NAME):
        return path, _table(received.content, PurePosixPath(path).name)
    path = crop_figures.the_member(received, NAME, _FILE)
    if not path.lower().endswith(".xlsx"):
        return path, payload.text(received, NAME, member=escape(path))
    content = payload.unzipped(received, NAME, member=escape(path))
    return path, _table(content, PurePosixPath(path).name)


def _table(content: bytes, name: str) -> str:
    """Return the rows of the only sheet of a workbook that has the columns, as text.

    Raises:
        ValueError: no or several sheets have them.
    """
    found: list[tuple[str, Sequence[Sequence[object]]]] = []
    why = message("franceagrimer.no_sheet")
    for title, cells in workbook.sheets(content, name):
        for row, line in enumerate(cells[:HEADER_WITHIN]):
            try:
                _columns([str(cell).strip() for cell in line])
            except ValueError as error:
                why = why if row else workbook.fault_at(workbook.in_sheet(title), verbatim(error))
            else:
                found.append((title, cells[row:]))
                break
    if len(found) != 1:
        alike = message("franceagrimer.sheets_alike", sheets=[title for title, _ in found])
        raise ValueError(alike if found else why)
    saved = io.StringIO()
    lines = csv.writer(saved, delimiter=";")
    for line in found[0][1]:
        lines.writerow(_written(cell) for cell in line)
    return saved.getvalue()


def _written(cell: object) -> str:
    """Return a cell as a CSV has it: 2010.0 as 2010, line breaks as spaces."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return " ".join(str(cell).split())


def _columns(names: list[str]) -> dict[str, Column]:
    """Return the column of each meaning; that of the département's name may be absent."""
    plain = [words(name.split("(")[0].replace("_", " ")) for name in names]
    columns = {}
    for what, pattern in COLUMNS.items():
        found = [at for at, name in enumerate(plain) if re.fullmatch(pattern, name)]
        if len(found) > 1:
            raise ValueError(
                message(
                    "franceagrimer.two_columns",
                    what=what,
                    names=[names[at] for at in found],
                )
            )
        if found:
            columns[what] = Column(names[found[0]], **_KINDS.get(what, {"kind": "text"}))
    if missing := [what for what in COLUMNS if what not in columns and what != "name"]:
        there = "; ".join(names)[:200]
        raise ValueError(message("franceagrimer.no_column", columns=missing, there=there))
    return columns


def _factor(measure: str, column: str) -> float:
    """Return the factor to ha, q/ha or q from the unit in the column's name (else ha, q/ha, t)."""
    for unit in crop_figures.units_in(column.replace("_", " ")):
        if unit.measure == measure:
            return unit.factor
    return TONNE_Q if measure == "production_q" else 1.0


def _of_departements(
    printed: pd.DataFrame, columns: dict[str, Column], sieve: payload.Sieve
) -> pd.DataFrame:
    """Return département, year, crop, its label, and figures in our units."""
    if printed[["crop", "code", "year"]].isna().any(axis=None):
        raise ValueError(message("franceagrimer.row_without"))
    called = printed["name"].fillna("") if "name" in printed else pd.Series("", printed.index)
    places = list(zip(printed["code"], called, strict=True))
    known: dict[tuple[str, str], str | None] = {}
    for place in places:
        try:
            if place not in known:
                known[place] = departement_code(*place)
        except ValueError as error:
            sieve.leave_out(message("franceagrimer.row_of", place=" ".join(place)), error)
    sieve.require_most(of=len(places))
    sieve.tell(log, NAME)
    codes = pd.Series([known.get(place) for place in places], printed.index, dtype=object)
    larger = int(codes.isna().sum()) - len(sieve.left_out)
    if larger:
        log.info("franceagrimer: %d rows of régions and larger areas left out", larger)
    frame = pd.DataFrame(
        {
            "departement": codes,
            "year": printed["year"].astype("int64"),
            "crop": printed["crop"].map(crop_codes(printed["crop"])),
            "label": printed["crop"],
        }
    )
    for measure in MEASURES:
        frame[measure] = printed[measure] * _factor(measure, columns[measure].name)
    return frame[codes.notna()].copy()


def _once(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each département, year and crop; none where several rows differ."""
    rows = frame.drop_duplicates([*KEY, *MEASURES])
    differ = rows.duplicated(KEY, keep=False)
    if differ.any():
        counts = rows[differ].groupby("label").size()
        first = rows[differ].iloc[0]
        log.warning(
            "franceagrimer: %d rows left out, where a crop has several with other figures for one "
            "département and year: %s; the first in département %s, %d",
            int(differ.sum()),
            ", ".join(f"{label} ({n})" for label, n in counts.items()),
            first["departement"],
            first["year"],
        )
    return rows[~differ]


def build(parts: Parts) -> FranceAgriMer:
    """Return the client built from `parts`."""
    return FranceAgriMer(parts.http, parts.settings.franceagrimer_url)


def ask(http: Http, settings: Settings) -> None:
    """Ask for the beginning of the zip, or of the table."""
    ask_for_archive(http, settings.franceagrimer_url or URL, NAME, or_table=True)
