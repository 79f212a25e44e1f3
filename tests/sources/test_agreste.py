"""Agreste's workbook over real HTTP: its figures, its units, and what may be wrong with it."""

import io
import logging
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest

from geo_pipeline.errors import SourceError, UsageError
from geo_pipeline.judging import Limits
from geo_pipeline.sources import agreste
from geo_pipeline.sources.agreste import CROP_SHEETS, Agreste
from geo_pipeline.sources.http import Http
from geo_pipeline.sources.workbook import MOST_CELLS
from geo_pipeline.table_rows import validate

FIGURES = Path(__file__).parents[3] / "shared" / "data" / "figures" / "crop_statistics.csv"
needs_figures = pytest.mark.skipif(
    not FIGURES.is_file(), reason="source tables absent: ../shared/data/figures"
)

WHEAT = "01 - Blé tendre d'hiver et épeautre"
LABELS = {
    "soft_wheat": WHEAT,
    "grain_maize_irrigated": "14 - Maïs grain irrigué",
    "grain_maize_rainfed": "15 - Maïs grain non irrigué",
}
MEASURES = ("SURF", "REND", "PROD")
YEARS = (2010, 2011, 2012, 2013)
GERS, PARIS_BASIN = ("76 - Occitanie", "032 - Gers"), ("11 - Île-de-France", "077 - Seine-et-Marne")
NOTES = (
    ("Agreste - Statistique agricole annuelle",),
    ("Séries longues 2010-2024, données définitives",),
    ("Unités : surfaces en ha, rendements en q/ha, productions en q",),
    ("s : secret statistique",),
    (),
)
INSIDE = "SAA_2010-2024_définitives_donnees_departementales.xlsx"

Row = tuple[str | None, str | None, str, Sequence[Any]]


def header(years: Iterable[int] = (2010,), crop: str = "LIB_SAA") -> list[str]:
    """The row of column names."""
    years = list(years)
    return ["LIB_REG2", "LIB_DEP", crop, *(f"{m}_{y}" for m in MEASURES for y in years)]


def workbook(
    sheets: dict[str, Sequence[Row]],
    *,
    names: Sequence[str] | None = None,
    notes: Sequence[Sequence[Any]] = NOTES,
) -> bytes:
    """A workbook of rows (région, département, crop, figures), a header on row 6."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for line in notes:
            sheet.append(list(line))
        # An empty row is not written by `append`.
        for column, name in enumerate(names or header(), start=1):
            sheet.cell(len(notes) + 1, column, name)
        for number, (region, place, crop, figures) in enumerate(rows, start=len(notes) + 2):
            for column, value in enumerate([region, place, crop, *figures], start=1):
                sheet.cell(number, column, value)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def zipped(**files: bytes) -> bytes:
    """A zip of files."""
    return archive(dict(files.items()))


def archive(files: dict[str, bytes]) -> bytes:
    """A zip of files by name."""
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return saved.getvalue()


def cop(*rows: Row, **said: Any) -> bytes:
    """A zip with a workbook of the sheet COP."""
    return archive({INSIDE: workbook({"COP": rows}, **said)})


@pytest.fixture
def http() -> Http:
    return Http(attempts=1)


def served(provider: Any, http: Http, content: bytes) -> Agreste:
    provider.on("/saa.zip", content, content_type="application/zip")
    return Agreste(http, f"{provider.url}/saa.zip")


def refusal(provider: Any, http: Http, content: bytes) -> str:
    """The error about a workbook, which names source, département and URL."""
    source = served(provider, http, content)
    with pytest.raises(SourceError) as caught:
        source.crop_statistics("32")
    message = str(caught.value)
    assert message.startswith("agreste, département 32: ")
    assert f"{provider.url}/saa.zip" in message
    assert "\n" not in message
    return message


def disagreements(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged of productions that are not area by yield."""
    said = [record.getMessage() for record in caplog.records]
    return [message for message in said if "area by yield" in message]


def one(rows: pd.DataFrame, year: int, crop: str) -> list[float]:
    """Area, yield and production of one row."""
    (row,) = rows[(rows["year"] == year) & (rows["crop"] == crop)].itertuples()
    return [row.area_ha, row.yield_q_ha, row.production_q]


# --- what it holds -----------------------------------------------------------------------------


@needs_figures
def test_every_published_figure_comes_back_and_no_other(provider: Any, http: Http) -> None:
    """The real areas, yields and productions of 94 départements, with totals among them."""
    published = pd.read_csv(FIGURES, dtype={"code_dep": str})
    published = published[published["source"] == "SAA 2010-2022"]
    years = range(2010, 2023)
    rows: list[Row] = []
    for (code, crop), of_one in published.groupby(["code_dep", "crop"]):
        by_year = of_one.set_index("year").reindex(years)
        figures = [
            None if pd.isna(value) else value
            for name in ("area_ha", "yield_q_ha", "production_q")
            for value in by_year[name]
        ]
        rows.append(("R", f"{code:0>3} - ?", LABELS[crop], figures))
    rows.append(("76 - Occitanie", "Total Occitanie", WHEAT, [1e6, 60.0, 6e7] * 13))
    rows.append(("FRANCE", None, WHEAT, [5e6, 70.0, 3.5e8] * 13))
    names = header(years)
    source = served(provider, http, cop(*rows, names=names))

    back = pd.concat([source.crop_statistics(code) for code in published["code_dep"].unique()])
    wanted = published.rename(columns={"code_dep": "departement"})
    key = ["departement", "year", "crop"]
    both = wanted.merge(back, on=key, how="outer", suffixes=("", "_back"), indicator=True)
    assert (both["_merge"] == "both").all()
    assert len(back) == len(published) == 2364
    for name in ("area_ha", "yield_q_ha", "production_q"):
        pd.testing.assert_series_equal(both[name], both[f"{name}_back"], check_names=False)
    # Gers 2010, as printed: 27 % of the irrigated maize of its year's 5.3 million q of wheat.
    gers = source.crop_statistics("32")
    assert one(gers, 2010, "soft_wheat")[2] == 5_301_000
    assert one(gers, 2010, "grain_maize_irrigated")[2] == 4_086_610
    assert one(gers, 2010, "grain_maize_rainfed")[2] == 664_800
    assert set(gers["source"]) == {"SAA 2010-2024 définitives"}


def test_rows_are_those_of_the_table_and_the_workbook_is_fetched_once(
    provider: Any, http: Http
) -> None:
    figures = [10.0, 70.0, 700.0]
    content = cop((*GERS, WHEAT, figures), (*PARIS_BASIN, WHEAT, [20.0, 80.0, 1600.0]))
    source = served(provider, http, content)
    gers, seine = source.crop_statistics("32"), source.crop_statistics("77")
    pd.testing.assert_frame_equal(gers, validate("crop_statistics", gers))
    assert one(gers, 2010, "soft_wheat") == figures
    assert one(seine, 2010, "soft_wheat") == [20.0, 80.0, 1600.0]
    nowhere = source.crop_statistics("75")
    assert len(nowhere) == 0
    assert list(nowhere.columns) == list(gers.columns)
    assert provider.paths() == ["/saa.zip"]
    origin = source.provenance
    assert (origin.source, origin.url) == ("agreste", f"{provider.url}/saa.zip")
    assert len(origin.sha256) == 64
    with pytest.raises(UsageError, match="unknown département '99'"):
        source.crop_statistics("99")


def test_every_sheet_and_every_crop_is_kept(provider: Any, http: Http) -> None:
    labels = {
        "COP": {
            WHEAT: "soft_wheat",
            "02 - Blé tendre de printemps": "ble_tendre_de_printemps",
            "03 - Total blé tendre (01 + 02)": "total_ble_tendre",
            "04 - Blé dur d'hiver": "durum_wheat",
            "08 - Orge d’hiver et escourgeon": "winter_barley",
            "14 - Maïs grain irrigué": "grain_maize_irrigated",
            "15 - Maïs grain non irrigué": "grain_maize_rainfed",
            "16 - Total maïs grain (14 + 15)": "grain_maize",
            "18 - Total maïs grain et maïs semence (16 + 17)": "total_mais_grain_et_mais_semence",
            "20 - Triticale": "triticale",
            "29 - Colza grain d'hiver": "winter_rapeseed",
            "32 - Tournesol": "sunflower",
            "33 - Soja": "soybean",
        },
        "FOU": {
            "06 - Total maïs fourrage et ensilage (04 + 05)": "silage_maize",
            "12 - Prairies temporaires": "temporary_grassland",
            "14 - Prairies permanentes": "permanent_grassland",
        },
        "IND": {"01 - Betterave industrielle": "sugar_beet", "05 - Lin textile": "lin_textile"},
        "PDT": {"07 - Pommes de terre (01 + … + 05)": "potato"},
        "LEG": {"30 - Œillets et cœurs": "oeillets_et_coeurs", "60 - Total": "total_60"},
        "FRT": {"10 - Pêche-nectarine": "peche_nectarine", "61 - Total": "total_61"},
    }
    assert set(labels) == set(CROP_SHEETS)
    sheets = {
        title: [(*GERS, label, [10.0, 5.0, 50.0]) for label in crops]
        for title, crops in labels.items()
    }
    source = served(provider, http, archive({INSIDE: workbook(sheets)}))
    wanted = sorted(code for crops in labels.values() for code in crops.values())
    assert sorted(source.crop_statistics("32")["crop"]) == wanted


def test_a_total_stands_for_a_crop_only_where_its_kind_is_absent(provider: Any, http: Http) -> None:
    content = cop((*GERS, "06 - Total blé dur (04 + 05)", [10.0, 5.0, 50.0]))
    rows = served(provider, http, content).crop_statistics("32")
    assert list(rows["crop"]) == ["durum_wheat"]


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("077 - Seine-et-Marne", "77"),
        ("001 - Ain", "01"),
        ("02A - Corse-du-Sud", "2A"),
        ("02B - HAUTE CORSE", "2B"),
        ("971 - Guadeloupe", "971"),
        ("9D - La Réunion", "974"),
        ("32", "32"),
        ("094 - Val-de-Marne", "94"),
    ],
)
def test_departements_as_they_are_written(provider: Any, http: Http, place: str, code: str) -> None:
    source = served(provider, http, cop(("R", place, WHEAT, [10.0, 70.0, 700.0])))
    assert one(source.crop_statistics(code), 2010, "soft_wheat") == [10.0, 70.0, 700.0]


def test_regions_and_france_are_left_out_even_with_a_departements_number(
    provider: Any, http: Http, caplog: pytest.LogCaptureFixture
) -> None:
    """11 is Île-de-France and Aude, 01 Guadeloupe and Ain, 94 Corse and Val-de-Marne."""
    big = [1e5, 60.0, 6e6]
    totals = ["11 - Île-de-France", "01 - Guadeloupe", "94 - Corse", "FRANCE", "Total Occitanie"]
    rows: list[Row] = [("R", place, WHEAT, big) for place in totals]
    rows += [
        ("11 - Île-de-France", None, WHEAT, big),
        ("R", "011 - Aude", WHEAT, [1.0, 60.0, 60.0]),
    ]
    source = served(provider, http, cop(*rows))
    with caplog.at_level(logging.INFO):
        assert one(source.crop_statistics("11"), 2010, "soft_wheat") == [1.0, 60.0, 60.0]
    for code in ("01", "94", "971"):
        assert source.crop_statistics(code).empty
    assert "6 rows of 5 régions and larger areas left out" in caplog.text


def test_older_layout(provider: Any, http: Http) -> None:
    """`LIB_CODE`, the header on row 5, no région, a status that is no figure."""
    names = ["LIB_DEP", "LIB_CODE", "STATUT_QUALITE", "SURF_2010", "REND_2010", "PROD_2010"]
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "COP"
    for _ in range(4):
        sheet.append(["Agreste"])
    sheet.append(names)
    sheet.append(["032 - Gers", WHEAT, "provisoire", 10.0, 70.0, 700.0])
    saved = io.BytesIO()
    book.save(saved)
    inside = "SAA_2010-2022_provisoires_donnees_departementales-v2.xlsx"
    rows = served(provider, http, archive({inside: saved.getvalue()})).crop_statistics("32")
    assert one(rows, 2010, "soft_wheat") == [10.0, 70.0, 700.0]
    assert set(rows["source"]) == {"SAA 2010-2022 provisoires"}


def test_the_workbook_is_found_whatever_the_zip_made_of_its_accents(
    provider: Any, http: Http
) -> None:
    """Names in cp437 as zip tools of Windows write them, a folder, the workbook by région."""
    content = workbook({"COP": [(*GERS, WHEAT, [10.0, 70.0, 700.0])]})
    folder = "SAA_2010-2024-définitives_donnees-DepartementalesetRegionales/"
    garbled = INSIDE.encode().decode("cp437").replace("departementales", "d├⌐partementales")
    files = {
        folder + garbled: content,
        folder + INSIDE.replace("departementales", "regionales"): b"another workbook",
        folder + "lisez-moi.txt": b"...",
    }
    rows = served(provider, http, archive(files)).crop_statistics("32")
    assert set(rows["source"]) == {"SAA 2010-2024 définitives"}


def test_a_mirror_may_serve_the_workbook_itself(provider: Any, http: Http) -> None:
    content = workbook({"COP": [(*GERS, WHEAT, [10.0, 70.0, 700.0])]})
    provider.on("/SAA_2010-2024_departementales.xlsx", content)
    rows = Agreste(http, f"{provider.url}/SAA_2010-2024_departementales.xlsx").crop_statistics("32")
    assert set(rows["source"]) == {"SAA 2010-2024"}


# --- cells -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["s", "S", "c", "nd", "ND", "...", "…", "", None, " ", "#DIV/0!"])
def test_secret_cells_are_missing_never_zero(provider: Any, http: Http, mark: str | None) -> None:
    content = cop(
        (*GERS, WHEAT, [12.0, mark, mark]),
        (*GERS, "32 - Tournesol", [mark, mark, mark]),
        (*GERS, "33 - Soja", [0, mark, 0]),
    )
    rows = served(provider, http, content).crop_statistics("32")
    assert list(rows["crop"]) == ["soft_wheat", "soybean"]
    assert one(rows, 2010, "soft_wheat")[0] == 12.0
    assert rows["yield_q_ha"].isna().all()
    assert rows["production_q"].isna().tolist() == [True, False]
    assert one(rows, 2010, "soybean")[0] == 0.0


def test_figures_written_as_text_are_figures(provider: Any, http: Http) -> None:
    content = cop((*GERS, WHEAT, ["1 234,5", "61,5", "75\u202f921,75"]))
    rows = served(provider, http, content).crop_statistics("32")
    assert one(rows, 2010, "soft_wheat") == [1234.5, 61.5, 75921.75]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("env. 12", "'env. 12' is no figure"),
        ("1.234.567", "'1.234.567' is no figure"),
        ("12 34", "'12 34' is no figure"),
        ("12 500 ha", "'12 500 ha' is no figure"),
        (True, "True is no figure"),
        (-5.0, "-5 is below 0"),
    ],
)
def test_other_text_is_an_error_that_names_sheet_and_cell(
    provider: Any, http: Http, cell: object, said: str
) -> None:
    message = refusal(provider, http, cop((*GERS, WHEAT, [10.0, cell, 700.0])))
    assert f"sheet COP, cell E7: {said}" in message


def test_a_figure_no_field_can_give(provider: Any, http: Http) -> None:
    message = refusal(provider, http, cop((*GERS, WHEAT, [9.9e6, None, None])))
    assert "sheet COP, row 7: area_ha of 2010 is 9.9e+06" in message


def test_disagreement_is_reported_and_kept(
    provider: Any, http: Http, caplog: pytest.LogCaptureFixture
) -> None:
    content = cop((*GERS, WHEAT, [100.0, 70.0, 7_900.0]), (*PARIS_BASIN, WHEAT, [100.0, 70.0, 7e3]))
    rows = served(provider, http, content).crop_statistics("32")
    assert one(rows, 2010, "soft_wheat") == [100.0, 70.0, 7_900.0]
    (said,) = disagreements(caplog)
    assert "in 1 of 2 rows, kept as printed" in said
    assert "département 32, soft_wheat 2010: 7900 q for 100 ha at 70 q/ha" in said


def test_rounding_is_no_disagreement(
    provider: Any, http: Http, caplog: pytest.LogCaptureFixture
) -> None:
    served(provider, http, cop((*GERS, WHEAT, [3.0, 68.0, 210.0]))).crop_statistics("32")
    assert not disagreements(caplog)


def test_the_same_departement_and_crop_twice(provider: Any, http: Http) -> None:
    row = (*GERS, WHEAT, [10.0, 70.0, 700.0])
    message = refusal(provider, http, cop(row, row))
    assert "département 32, soft_wheat is there twice: sheet COP, row 7" in message
    assert "sheet COP, row 8" in message


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("099 - Atlantide", "cell B7: '099 Atlantide' is no département"),
        ("067 - Haut-Rhin", "cell B7: 067 is not Haut-Rhin"),
    ],
)
def test_unknown_departement(provider: Any, http: Http, place: str, said: str) -> None:
    assert said in refusal(provider, http, cop(("R", place, WHEAT, [1.0, 2.0, 2.0])))


def test_figures_of_no_crop_or_no_place(provider: Any, http: Http) -> None:
    assert "cell C7: figures of no crop" in refusal(
        provider, http, cop((*GERS, "", [1.0, 2.0, 2.0]))
    )
    provider.reset("/saa.zip")
    nowhere = cop((None, None, WHEAT, [1.0, 2.0, 2.0]))
    assert "cell B7: figures of no département" in refusal(provider, http, nowhere)


def test_notes_under_the_table_are_no_rows(provider: Any, http: Http) -> None:
    content = cop((*GERS, WHEAT, [10.0, 70.0, 700.0]), ("Source : Agreste", None, "", []))
    assert len(served(provider, http, content).crop_statistics("32")) == 1


# --- units -------------------------------------------------------------------------------------


def units(*lines: str) -> tuple[tuple[str, ...], ...]:
    return tuple((line,) for line in lines)


@pytest.mark.parametrize(
    ("notes", "figures", "wanted"),
    [
        (units("Unités : ha, q/ha, q"), [10.0, 70.0, 700.0], [10.0, 70.0, 700.0]),
        (units("Surface (ha), rendement (t/ha), production (t)"), [10.0, 7.0, 70.0], [10, 70, 700]),
        (units("Unité : tonnes", "ha ; q/ha"), [10.0, 70.0, 70.0], [10.0, 70.0, 700.0]),
        (units("Statistique agricole annuelle"), [10.0, 70.0, 700.0], [10.0, 70.0, 700.0]),
        ((("", "", "", "ares", "q/ha", "q"),), [1000.0, 70.0, 700.0], [10.0, 70.0, 700.0]),
    ],
    ids=["quintals", "tonnes", "tonnes of production", "as documented", "by column"],
)
def test_units_above_the_header(
    provider: Any, http: Http, notes: Any, figures: list[float], wanted: list[float]
) -> None:
    """A tonne is 10 q, a hectare 100 ares."""
    content = archive({INSIDE: workbook({"LEG": [(*GERS, WHEAT, figures)]}, notes=notes)})
    rows = served(provider, http, content).crop_statistics("32")
    assert one(rows, 2010, "soft_wheat") == pytest.approx(wanted)


def test_units_in_the_column_names(provider: Any, http: Http) -> None:
    names = [
        "LIB_REG2",
        "LIB_DEP",
        "LIB_SAA",
        "SURF_2010 (ha)",
        "REND_2010 (t/ha)",
        "PROD_2010 (t)",
    ]
    content = cop((*GERS, WHEAT, [10.0, 7.0, 70.0]), names=names, notes=())
    rows = served(provider, http, content).crop_statistics("32")
    assert one(rows, 2010, "soft_wheat") == pytest.approx([10.0, 70.0, 700.0])


def test_hectolitres_are_no_quintals(
    provider: Any, http: Http, caplog: pytest.LogCaptureFixture
) -> None:
    wine = workbook(
        {"VIN": [(*GERS, "01 - Vignes", [10.0, 60.0, 600.0])]}, notes=units("ha, hl/ha, hl")
    )
    rows = served(provider, http, archive({INSIDE: wine})).crop_statistics("32")
    assert list(rows["crop"]) == ["vineyard"]
    assert rows["area_ha"].tolist() == [10.0]
    assert rows[["yield_q_ha", "production_q"]].isna().all(axis=None)
    assert "sheet VIN is in hl" in caplog.text


@pytest.mark.parametrize(
    ("title", "notes", "said"),
    [
        ("COP", units("Unités : ha, q/ha, q", "Unités : ha, t/ha, t"), "two are named"),
        ("VIN", units("Vignes"), "none is named"),
    ],
)
def test_units_that_cannot_be_told(
    provider: Any, http: Http, title: str, notes: Any, said: str
) -> None:
    content = workbook({title: [(*GERS, WHEAT, [10.0, 70.0, 700.0])]}, notes=notes)
    message = refusal(provider, http, archive({INSIDE: content}))
    assert f"sheet {title}: the unit of " in message
    assert said in message


def test_units_that_the_figures_belie(provider: Any, http: Http) -> None:
    """Productions in t under a header that says nothing: a tenth of area by yield."""
    rows = [(*GERS, f"{n} - Légume {n}", [10.0 + n, 300.0, (10.0 + n) * 30]) for n in range(9)]
    content = workbook({"LEG": rows}, notes=units("Légumes"))
    message = refusal(provider, http, archive({INSIDE: content}))
    assert "sheet LEG: production is 0.1 times area by yield" in message


# --- what is sent in its place -----------------------------------------------------------------


def test_html_and_other_bodies(provider: Any, http: Http) -> None:
    good = cop((*GERS, WHEAT, [10.0, 70.0, 700.0]))
    bodies = {
        "sent HTML": b"<!doctype html><html><title>Maintenance</title></html>",
        "sent nothing": b"",
        "damaged zip": good[: len(good) // 2],
        "in place of 1: it holds lisez-moi.txt": archive({"lisez-moi.txt": b"rien"}),
        "cannot be read as a workbook": archive({INSIDE: b"no workbook at all"}),
    }
    for said, body in bodies.items():
        provider.reset("/saa.zip")
        assert said in refusal(provider, http, body)


def test_a_damaged_archive_is_not_taken_for_a_whole_one(provider: Any, http: Http) -> None:
    good = bytearray(cop((*GERS, WHEAT, [10.0, 70.0, 700.0])))
    at = len(good) // 2
    good[at : at + 20] = bytes(20)
    assert "damaged zip" in refusal(provider, http, bytes(good))


def test_changed_columns(provider: Any, http: Http) -> None:
    row = (*GERS, WHEAT, [10.0, 70.0, 700.0])
    renamed = ["LIB_REG2", "LIB_DEP", "LIB_SAA", "SURF_2010", "RDT_2010", "PROD_2010"]
    assert "sheet COP: no column REND_2010" in refusal(provider, http, cop(row, names=renamed))
    provider.reset("/saa.zip")
    renamed = ["REGION", "DEPARTEMENT", "LIB_SAA", "SURF_2010", "REND_2010", "PROD_2010"]
    message = refusal(provider, http, cop(row, names=renamed))
    assert "sheet COP: no row of its first 15 has LIB_DEP" in message
    provider.reset("/saa.zip")
    twice = ["LIB_REG2", "LIB_DEP", "LIB_SAA", "SURF_2010", "SURF_2010", "PROD_2010"]
    assert "two columns are called SURF_2010" in refusal(provider, http, cop(row, names=twice))


def test_sheets_of_something_else_are_left_out(
    provider: Any, http: Http, caplog: pytest.LogCaptureFixture
) -> None:
    """The real workbook has animals (PROD_, no area) and land use (SURF_ only) too."""
    book = openpyxl.load_workbook(
        io.BytesIO(workbook({"COP": [(*GERS, WHEAT, [10.0, 70.0, 700.0])]}))
    )
    for title, column in (("PRA", "PROD_2010"), ("TER", "SURF_2010")):
        sheet = book.create_sheet(title)
        sheet.append(["LIB_REG2", "LIB_DEP", "LIB_SAA", column])
        sheet.append([*GERS, "01 - Veaux", 5.0])
    book.create_sheet("Lisez-moi").append(["Notes"])
    saved = io.BytesIO()
    book.save(saved)
    with caplog.at_level(logging.INFO):
        rows = served(provider, http, archive({INSIDE: saved.getvalue()})).crop_statistics("32")
    assert list(rows["crop"]) == ["soft_wheat"]
    for title in ("PRA", "TER", "Lisez-moi"):
        assert f"sheet {title} " in caplog.text


def test_no_crop_sheet_and_no_figure(provider: Any, http: Http) -> None:
    notes_only = openpyxl.Workbook()
    saved = io.BytesIO()
    notes_only.save(saved)
    assert "has no crop sheet" in refusal(provider, http, archive({INSIDE: saved.getvalue()}))
    provider.reset("/saa.zip")
    assert "holds no figure" in refusal(provider, http, cop((*GERS, WHEAT, ["s", "s", "s"])))


def test_a_workbook_of_no_use_is_asked_for_once_by_all_departements(
    provider: Any, http: Http
) -> None:
    source = served(provider, http, b"<html></html>")
    for code in ("32", "77", "31"):
        with pytest.raises(SourceError, match=f"^agreste, département {code}: http"):
            source.crop_statistics(code)
    assert len(provider.asked) == 1


def test_a_provider_that_is_down_is_asked_again(provider: Any, http: Http) -> None:
    good = cop((*GERS, WHEAT, [10.0, 70.0, 700.0]))
    provider.on("/saa.zip", b"down", status=503).on("/saa.zip", good)
    source = Agreste(http, f"{provider.url}/saa.zip")
    with pytest.raises(SourceError, match=r"^agreste, département 32: http.*503"):
        source.crop_statistics("32")
    assert len(source.crop_statistics("32")) == 1


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (("76 - Occitanie", "099 - Nulle part", WHEAT, [1, 2, 3]), "cell B27: "),
        (("76 - Occitanie", "031 - Haute-Garonne", WHEAT, ["vide", 60, 600]), "cell D27: 'vide'"),
        (("76 - Occitanie", "031 - Haute-Garonne", WHEAT, [-4, 60, 600]), "cell D27: -4 is below"),
        (
            ("76 - Occitanie", "031 - Haute-Garonne", WHEAT, [9e9, 60, 600]),
            "row 27: area_ha of 2010 is 9e+09, more than there can be",
        ),
    ],
)
def test_one_bad_row_does_not_refuse_the_others(
    provider: Any, http: Http, caplog: pytest.LogCaptureFixture, bad: Row, told: str
) -> None:
    """The cell or row is left out and named; the other figures of its row stay."""
    good: list[Row] = [(*GERS, f"{n:02} - Culture {n}", [100, 60, 6000]) for n in range(50, 70)]
    source = served(provider, http, cop(*good, bad))
    assert len(source.crop_statistics("32")) == 20
    assert f"left out sheet COP, {told}" in caplog.text
    if "031" in str(bad[1]):
        (row,) = source.crop_statistics("31").to_dict("records")
        assert np.isnan(row["area_ha"])
        assert row["production_q"] == 600


def saa_2025() -> bytes:
    """The form of the provisional edition 2010-2025: a column of quality, vines with their own."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, crop, columns, figures in (
        ("COP", WHEAT, ("SURF", "REND", "PROD"), (1_000, 70, 70_000)),
        (
            "VIG",
            "01 - Vignes à raisins de cuve",
            ("SURF_TOT", "SURF_PROD", "REND", "PROD"),
            (1_200, 1_100, 55, 60_500),
        ),
    ):
        sheet = book.create_sheet(title)
        sheet.append(["Agreste - Statistique agricole annuelle 2010-2025, données provisoires"])
        names = [f"{name}_{year}" for year in (2024, 2025) for name in columns]
        sheet.append(["LIB_REG2", "LIB_DEP", "LIB_SAA", "STATUT_QUALITE", *names])
        sheet.append([*GERS, crop, "provisoire", *figures, *figures])
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def test_the_edition_of_2025(provider: Any, http: Http) -> None:
    """Vines are crops too: the area in production; what is in hl has no weight."""
    name = "SAA_2010-2025_provisoires_donnees_departementales.xlsx"
    rows = served(provider, http, archive({name: saa_2025()})).crop_statistics("32")
    assert one(rows, 2025, "soft_wheat") == [1_000, 70, 70_000]
    vines = rows[(rows["year"] == 2025) & (rows["crop"] != "soft_wheat")]
    assert vines["area_ha"].tolist() == [1_100]
    assert vines[["yield_q_ha", "production_q"]].isna().all(axis=None)
    assert set(rows["source"]) == {"SAA 2010-2025 provisoires"}


def strayed(last: str, sheet: str = "FOU") -> bytes:
    """A workbook of two sheets, one of which has a cell far from its table."""
    row = ("76 - Occitanie", "032 - Gers", WHEAT, [100, 60, 600])
    hay = ("76 - Occitanie", "032 - Gers", "20 - Maïs fourrage", [100, 60, 600])
    book = openpyxl.load_workbook(io.BytesIO(workbook({"COP": [row], "FOU": [hay]})))
    book[sheet][last] = 0
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


@pytest.mark.parametrize(
    ("last", "rows", "columns"),
    [("XFD1048576", 1048576, 16384), ("XFD400", 400, 16384), ("F1048576", 1048576, 6)],
)
@pytest.mark.parametrize("sheet", ["COP", "FOU"])
def test_a_cell_far_from_the_table_is_named(sheet: str, last: str, rows: int, columns: int) -> None:
    """The reader would lay out all cells up to there: 550 GB of the first case."""
    with pytest.raises(ValueError, match=f"sheet {sheet}: cells reach to {last}, {rows} rows by "):
        agreste.read(strayed(last, sheet), "saa.xlsx")
    assert rows * columns > MOST_CELLS


def test_a_cell_somewhat_off_the_table_does_no_harm() -> None:
    rows = agreste.read(strayed("Z5000"), "saa.xlsx")
    assert rows["area_ha"].tolist() == [100.0, 100.0]


def test_a_far_cell_is_found_wherever_it_stands_in_the_file() -> None:
    """Also in a part that the workbook does not list, and across two chunks of what is read."""
    whole = io.BytesIO(strayed("Z5000"))
    for gap in (0, (1 << 20) - 30, (1 << 20) - 5, (1 << 20) + 3):
        head = b'<worksheet xmlns="urn:x"><sheetData><row r="9">'
        filler = b" " * max(gap - len(head), 0)
        part = head + filler + b'<c s="1" r="XFD1048576"><v>0</v></c></row></sheetData></worksheet>'
        changed = io.BytesIO()
        with zipfile.ZipFile(whole) as old, zipfile.ZipFile(changed, "w") as new:
            for name in old.namelist():
                new.writestr(name, old.read(name))
            new.writestr("xl/worksheets/other.xml", part)
        with pytest.raises(ValueError, match=r"sheet other\.xml: cells reach to XFD1048576"):
            agreste.read(changed.getvalue(), "saa.xlsx")


def test_the_stray_cell_as_it_was_dropped() -> None:
    case = Path(__file__).parents[3] / "shared" / "cases" / "workbook_far_cell.xlsx"
    if not case.exists():
        pytest.skip("the cases (../shared/cases) are not on this machine")
    with pytest.raises(ValueError, match="cells reach to XFD1048576"):
        agreste.read(case.read_bytes(), case.name)


def test_what_is_fatal_to_its_reader_is_an_error_of_the_departement(provider: Any) -> None:
    """The workbook is read in a process of its own; what is good comes back from there."""
    good = cop((*GERS, WHEAT, [100, 60, 6000]))
    with Http(attempts=1, limits=Limits(time_s=60.0)) as http:
        rows = served(provider, http, good).crop_statistics("32")
    assert rows["area_ha"].tolist() == [100.0]
    with Http(attempts=1, limits=Limits(time_s=0.1)) as http:
        assert "takes more than the 0.1 s that are allowed" in refusal(provider, http, good)
