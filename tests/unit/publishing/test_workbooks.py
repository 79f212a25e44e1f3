"""Workbooks as a spreadsheet reads them: numbers, days, units, explanations, and no formula."""

import io
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from geo_pipeline.errors import UsageError
from geo_pipeline.publishing import selection, table_files, workbooks
from geo_pipeline.publishing.api.service import Asked, Service
from geo_pipeline.publishing.workbooks import Heading, Sheet
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import catalogue

NAN = float("nan")
HEADINGS = [
    Heading("code", "", "INSEE code", "string"),
    Heading("rain_mm", "mm", "Rain", "number"),
    Heading("day", "", "Day", "date"),
    Heading("known", "", "", "boolean"),
]
ROWS: list[list[Any]] = [
    ["01", 12.5, date(2022, 8, 31), True],
    ["=1+1", NAN, None, False],
    ["+cmd|' /C calc'!A0", 3, date(2022, 9, 10), None],
    ["http://example.org", -0.1, date(2022, 9, 20), None],
    ["é" * 40_000, 1, None, None],
]


def made() -> bytes:
    with io.BytesIO() as sink:
        workbooks.write(
            sink,
            "Pluie",
            [("Sources", "Météo")],
            [Sheet("Valeurs", HEADINGS, ROWS)],
            words=catalogue("fr"),
            made_on=date(2022, 10, 1),
        )
        return sink.getvalue()


def test_numbers_are_numbers_days_are_days_and_texts_are_texts() -> None:
    book = openpyxl.load_workbook(io.BytesIO(made()))
    assert book.sheetnames == ["Mode d'emploi", "Valeurs"]
    page = book["Valeurs"]
    rows = list(page.iter_rows(values_only=True))
    assert rows[0] == ("code", "rain_mm", "day", "known")
    assert rows[1][1] == "mm"
    assert rows[2] == ("01", 12.5, datetime(2022, 8, 31), True)
    assert rows[3][:3] == ("=1+1", None, None)
    assert page.freeze_panes == "B3"
    assert len(rows[6][0]) == workbooks.LONGEST_TEXT
    for row in page.iter_rows():
        assert all(cell.data_type != "f" and cell.hyperlink is None for cell in row)
    assert book.properties.created == datetime(2022, 10, 1)


def test_the_first_sheet_explains_each_column() -> None:
    page = openpyxl.load_workbook(io.BytesIO(made()))["Mode d'emploi"]
    told = {row[0]: row[1:] for row in page.iter_rows(values_only=True) if row[0]}
    assert told["Sources"][1] == "Météo"
    assert told["rain_mm"] == ("mm", "Rain")
    assert "known" not in told  # nothing is told of it


def test_the_same_content_has_the_same_bytes() -> None:
    assert made() == made()


def test_more_rows_than_a_sheet_has_are_refused() -> None:
    workbooks.check_fits(1_048_574, "weather_daily")
    with pytest.raises(UsageError, match="weather_daily has 1048575 rows, and a sheet 1048574"):
        workbooks.check_fits(1_048_575, "weather_daily")


@pytest.fixture(scope="module")
def warehouse(small_home: Path) -> Warehouse:
    return Warehouse(small_home / "published" / "drought.duckdb")


def test_the_values_of_a_map_as_a_workbook(warehouse: Warehouse, tmp_path: Path) -> None:
    view = selection.select(warehouse, "precip_mm", "2022-08")
    file = table_files.export_table(warehouse, view, tmp_path / "rain.xlsx", "fr")
    rows = list(openpyxl.load_workbook(file).worksheets[1].iter_rows(values_only=True))
    assert len(rows) == 2 + 101
    known = dict(zip(rows[0], rows[2 + 31], strict=True))  # the Gers is the 32nd: 2A and 2B
    assert dict(zip(rows[0], rows[1], strict=True))["value"] == "mm"
    gers = view.values.set_index("departement").loc[known["departement"]]
    assert known["name"] == gers["name"]
    assert known["period_end"] == datetime(2022, 8, 31)


def test_the_history_of_an_indicator_as_a_workbook(small_home: Path) -> None:
    """A row for each dekad, a column for each département: as read from the publication."""
    path = small_home / "published" / "drought.duckdb"
    answer = Service(path).answer(Asked("files/indicators/spi_3.xlsx", "lang=en"))
    assert answer.status == 200
    assert answer.body is not None
    book = openpyxl.load_workbook(io.BytesIO(answer.body.read()))
    assert book.sheetnames == ["Explanations", "Values", "Percentiles", "Classes"]
    names, codes, *rows = book["Values"].iter_rows(values_only=True)
    assert len(names) == 1 + 101
    place = codes.index("32")
    assert names[place] == "Gers"
    table = Warehouse(path).table("drought_indicators")
    gers = table[(table["indicator"] == "spi_3") & (table["departement"] == "32")]
    known = dict(zip(gers["period_end"], gers["value"], strict=True))
    assert len(rows) == len(known)
    for row in rows:
        expected = known[row[0]]
        assert row[place] == (None if expected != expected else pytest.approx(expected))
    explained = " ".join(str(cell) for row in book["Explanations"].values for cell in row)
    for said in ("rain of the last 3 months", "D4: exceptional drought", "unknown value"):
        assert said in explained


def test_a_table_that_does_not_fit_is_a_problem(
    small_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbooks, "MOST_ROWS", 100)
    service = Service(small_home / "published" / "drought.duckdb")
    answer = service.answer(Asked("files/tables/crop_statistics.xlsx"))
    assert answer.status == 400
