"""FranceAgriMer's history over real HTTP: Latin-1, decimal commas, padded cells, and faults."""

import io
import logging
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from geo_pipeline.errors import SourceError
from geo_pipeline.sources.franceagrimer import FranceAgriMer
from geo_pipeline.sources.http import Http
from geo_pipeline.table_rows import validate

FIGURES = Path(__file__).parents[3] / "shared" / "data" / "figures" / "crop_statistics.csv"
needs_figures = pytest.mark.skipif(
    not FIGURES.is_file(), reason="source tables absent: ../shared/data/figures"
)

NAMES = "ESPECES;DEP;DEPARTEMENT;REGION;ANNEE;CULT_SURF(ha);CULT_REND(qx/t);CULT_PROD(t)"
INSIDE = "SCR-GRC-hist_dep_surface_prod_cult_cer-A25.csv"
WHEAT = "Blé tendre          ;32   ;GERS                ;OCCITANIE     ;2010;90000;58,9;530100"


def zipped(text: str, encoding: str = "latin-1", name: str = INSIDE) -> bytes:
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr(name, text.encode(encoding))
    return saved.getvalue()


def lines(*rows: str, names: str = NAMES) -> str:
    return "\r\n".join([names, *rows]) + "\r\n"


@pytest.fixture
def http() -> Http:
    return Http(attempts=1)


def served(provider: Any, http: Http, content: bytes) -> FranceAgriMer:
    provider.reset("/A25.zip").on("/A25.zip", content)
    return FranceAgriMer(http, f"{provider.url}/A25.zip")


def refusal(provider: Any, http: Http, content: bytes) -> str:
    source = served(provider, http, content)
    with pytest.raises(SourceError) as caught:
        source.crop_statistics("32")
    message = str(caught.value)
    assert message.startswith(f"franceagrimer, département 32: {provider.url}/A25.zip ")
    assert "\n" not in message
    return message


def figures(rows: pd.DataFrame) -> list[list[float]]:
    return rows[["area_ha", "yield_q_ha", "production_q"]].to_numpy().tolist()


@needs_figures
def test_every_published_figure_comes_back(provider: Any, http: Http) -> None:
    """Real areas, yields and productions, these in t with a decimal comma."""
    published = pd.read_csv(FIGURES, dtype={"code_dep": str})
    published = published[published["source"] == "SAA 2010-2022"]
    published = published[published["crop"] == "soft_wheat"]
    rows = [
        f"Blé tendre   ;{row.code_dep:<5};?     ;?   ;{row.year};{row.area_ha};{row.yield_q_ha};"
        f"{row.production_q / 10}".replace(".", ",")
        for row in published.itertuples()
    ]
    source = served(provider, http, zipped(lines(*rows)))
    back = pd.concat([source.crop_statistics(code) for code in published["code_dep"].unique()])
    assert len(back) == len(published) == 1122
    both = published.merge(back, left_on=["code_dep", "year"], right_on=["departement", "year"])
    assert len(both) == 1122
    for name in ("area_ha", "yield_q_ha", "production_q"):
        assert both[f"{name}_y"].to_numpy() == pytest.approx(both[f"{name}_x"].to_numpy())
    # Gers, 2010, as printed by Agreste.
    gers = source.crop_statistics("32")
    assert gers.loc[gers["year"] == 2010, "production_q"].tolist() == [5_301_000]


def test_rows_are_those_of_the_table(provider: Any, http: Http) -> None:
    source = served(provider, http, zipped(lines(WHEAT)))
    rows = source.crop_statistics("32")
    pd.testing.assert_frame_equal(rows, validate("crop_statistics", rows))
    assert figures(rows) == [[90000.0, 58.9, 5_301_000.0]]
    assert rows["source"].tolist() == ["FranceAgriMer A25"]
    assert source.crop_statistics("31").empty
    assert provider.paths() == ["/A25.zip"]
    assert source.provenance.source == "franceagrimer"


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("Blé tendre", "soft_wheat"),
        ("Blé dur", "durum_wheat"),
        ("Orge d'hiver", "winter_barley"),
        ("Colza", "winter_rapeseed"),
        ("Maïs grain", "grain_maize"),
        ("Maïs (grain et semence)", "mais_grain_et_semence"),
        ("Tournesol", "sunflower"),
        ("Pois protéagineux", "pois_proteagineux"),
        ("Féveroles", "feveroles"),
    ],
)
def test_crops(provider: Any, http: Http, label: str, code: str) -> None:
    row = WHEAT.replace("Blé tendre", label)
    assert served(provider, http, zipped(lines(row))).crop_statistics("32")["crop"].tolist() == [
        code
    ]


@pytest.mark.parametrize(
    ("code", "name", "insee"),
    [("1", "AIN", "01"), ("2A", "CORSE DU SUD", "2A"), ("093", "SEINE ST DENIS", "93")],
)
def test_departements(provider: Any, http: Http, code: str, name: str, insee: str) -> None:
    row = WHEAT.replace("32   ", code).replace("GERS", name)
    assert len(served(provider, http, zipped(lines(row))).crop_statistics(insee)) == 1


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8", "utf-8-sig"])
def test_encodings_and_a_bare_csv(provider: Any, http: Http, encoding: str) -> None:
    provider.on("/A25.csv", lines(WHEAT).encode(encoding))
    rows = FranceAgriMer(http, f"{provider.url}/A25.csv").crop_statistics("32")
    assert rows["crop"].tolist() == ["soft_wheat"]


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("Blé tendre;99;Nulle part;?;2011;9;50;45", "left out a row of 99 Nulle part"),
        ("Blé tendre;32;GERS;OCCITANIE;2011;neuf;50;45", "has CULT_SURF(ha) 'neuf' in line 22"),
        ("Blé tendre;32;GERS;OCCITANIE;2011;9e9;50;45", "has CULT_SURF(ha) '9e9' in line 22"),
    ],
)
def test_one_bad_row_does_not_refuse_the_others(
    provider: Any, http: Http, caplog: pytest.LogCaptureFixture, bad: str, told: str
) -> None:
    good = [f"Blé tendre;32;GERS;OCCITANIE;{year};90000;50;450000" for year in range(1990, 2010)]
    rows = served(provider, http, zipped(lines(*good, bad))).crop_statistics("32")
    assert rows["year"].tolist() == list(range(1990, 2010))
    assert told in caplog.text


def sheet(*rows: Sequence[Any], title: str = "Données", notes: int = 2) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.active.title = "Lisez-moi"
    book.active.append(["Surfaces, productions et rendements par département"])
    data = book.create_sheet(title)
    for _ in range(notes):
        data.append(["FranceAgriMer, campagne 2026"])
    for row in rows:
        data.append(list(row))
    return book


@pytest.mark.parametrize("inside", [True, False])
def test_the_workbook_of_2026(provider: Any, http: Http, inside: bool) -> None:
    """The columns of the older CSV, notes above them, in a zip or not."""
    name = "STA-GRC-surface_prod_rend_dep-A26.xlsx"
    names = [*NAMES.split(";")[:5], "CULT_SURF(ha)", "CULT_REND(qx/t)", "CULT_PROD(t)"]
    saved = io.BytesIO()
    sheet(
        names,
        ["Blé tendre", "32", "Gers", "Occitanie", 2025, 100_000.5, 61.5, 615_003.1],
        ["Blé tendre", "2A", "Corse-du-Sud", "Corse", 2025, None, "s", None],
    ).save(saved)
    content = saved.getvalue()
    if inside:
        zipped_too = io.BytesIO()
        with zipfile.ZipFile(zipped_too, "w") as target:
            target.writestr(name, content)
        content = zipped_too.getvalue()
    provider.on(f"/{name}", content)
    rows = FranceAgriMer(http, f"{provider.url}/{name}").crop_statistics("32")
    assert figures(rows) == [[100_000.5, 61.5, pytest.approx(6_150_031)]]
    assert rows["source"].tolist() == ["FranceAgriMer A26"]
    assert rows["year"].tolist() == [2025]


def test_a_workbook_without_the_columns(provider: Any, http: Http) -> None:
    saved = io.BytesIO()
    sheet(["Espèce", "Année"], ["Blé tendre", 2025]).save(saved)
    assert "it has no column of" in refusal(provider, http, saved.getvalue())


def test_other_names_and_units_of_columns(provider: Any, http: Http) -> None:
    names = (
        "Espèce;Code département;Département;Région;Année;Surface (ha);Rendement (q/ha);"
        "Production (1000 t)"
    )
    row = WHEAT.replace("530100", "530,1")
    rows = served(provider, http, zipped(lines(row, names=names))).crop_statistics("32")
    assert figures(rows) == [[90000.0, 58.9, pytest.approx(5_301_000.0)]]


def test_missing_is_never_zero(provider: Any, http: Http) -> None:
    content = lines(
        WHEAT.replace("58,9;530100", "-;"),
        WHEAT.replace("2010;90000;58,9;530100", "2011;s;;nd"),
        WHEAT.replace("2010;90000;58,9;530100", "2012;0;;0"),
    )
    rows = served(provider, http, zipped(content)).crop_statistics("32")
    assert rows["year"].tolist() == [2010, 2012]
    assert rows["area_ha"].tolist() == [90000.0, 0.0]
    assert rows["yield_q_ha"].isna().all()
    assert rows["production_q"].isna().tolist() == [True, False]


def test_totals_are_left_out(provider: Any, http: Http, caplog: pytest.LogCaptureFixture) -> None:
    content = lines(
        WHEAT,
        WHEAT.replace("32   ;GERS", "76;OCCITANIE"),
        WHEAT.replace("32   ;GERS", "0;TOTAL FRANCE"),
        WHEAT.replace("32   ;GERS", "20;CORSE"),
    )
    with caplog.at_level(logging.INFO):
        source = served(provider, http, zipped(content))
        assert len(source.crop_statistics("32")) == 1
    assert source.crop_statistics("76").empty
    assert "3 rows of régions and larger areas left out" in caplog.text


def test_rows_that_differ_under_one_name_are_left_out_and_told(
    provider: Any, http: Http, caplog: pytest.LogCaptureFixture
) -> None:
    """As published files have it: components under the name of the whole, and rows twice."""
    barley = WHEAT.replace("Blé tendre", "Orge")
    content = lines(WHEAT, WHEAT, barley, barley.replace("90000;58,9;530100", "1000;50;5000"))
    rows = served(provider, http, zipped(content)).crop_statistics("32")
    assert rows["crop"].tolist() == ["soft_wheat"]
    assert "2 rows left out" in caplog.text
    assert "Orge (2); the first in département 32, 2010" in caplog.text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!doctype html><html><title>Erreur</title></html>", "sent HTML"),
        (b"", "sent nothing"),
        (zipped(lines(WHEAT))[:-40], "damaged zip"),
        (zipped(lines(WHEAT), name="lisez-moi.pdf"), "a zip with 0 files"),
        (zipped(lines(WHEAT[:-8])), "7 cells in place of 8"),
        (zipped(lines(WHEAT).replace("CULT_REND", "CULT_X")), "no column of yield_q_ha"),
        (zipped(lines(WHEAT).replace(";ANNEE", ";SURFACE")), "two columns may be the area_ha"),
        (zipped(lines(WHEAT).replace("58,9", "58,9 env.")), "'58,9 env.' in line 2"),
        (zipped(lines(WHEAT).replace("90000", "-90000")), "'-90000' in line 2"),
        (zipped(lines(WHEAT).replace("2010", "10")), "not within 1900 to 2100"),
        (zipped(lines(WHEAT).replace("2010", "    ")), "no département or no year"),
        (zipped(lines(WHEAT).replace("32   ;GERS", "99;ATLANTIDE")), "'99 ATLANTIDE' is no dép"),
        (zipped(lines(WHEAT).replace("32   ;GERS", "32;LANDES")), "32 is not LANDES"),
        (zipped(lines()), "holds no figure"),
    ],
)
def test_faults(provider: Any, http: Http, content: bytes, said: str) -> None:
    assert said in refusal(provider, http, content)


def test_units_that_the_figures_belie(provider: Any, http: Http) -> None:
    """Productions in q in a column that is known to be in t."""
    rows = [
        WHEAT.replace("2010", str(year)).replace("530100", "5301000") for year in range(2000, 2010)
    ]
    message = refusal(provider, http, zipped(lines(*rows)))
    assert "production is 10 times area by yield" in message
