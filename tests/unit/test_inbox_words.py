"""What is said of a bad file: whole and in French, without who reads it for and its advice."""

import re
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest

from geo_pipeline.errors import SourceError
from geo_pipeline.inbox.recognition import recognised
from geo_pipeline.inbox.refusals import RefusedError, bad
from geo_pipeline.sources import agreste, etalab
from geo_pipeline.sources.faults import fault, statement
from geo_pipeline.sources.http import Received
from geo_pipeline.sources.station_files import Origin, read_days
from geo_pipeline.words import NBSP, message
from tests.sources.test_agreste import WHEAT, workbook
from tests.sources.test_meteo_france import RAIN, WEST, csv

ENGLISH = re.compile(
    r"\b(has|have|is|are|no|of|the|and|with|which|that|sent|there|sheet|row|cell|twice|than|called)\b"
)
GERS = ("76 - Occitanie", "032 - Gers")
FIGURES = [100_000, 60.0, 6_000_000]


def _of_workbook(name: str, content: bytes) -> Exception:
    with pytest.raises(ValueError, match=r".") as caught:
        agreste.read(content, name, most_left_out=0.0)
    return caught.value


def _of_stations(content: bytes) -> Exception:
    origin = Origin("meteo-france", "?", "q.csv")
    with pytest.raises(SourceError) as caught:
        read_days(
            BytesIO(content), origin, date(1700, 1, 1), date(2200, 1, 1),
            needed=("RR",), most_left_out=0.0,
        )  # fmt: skip
    return caught.value


def _of_outlines(content: bytes) -> Exception:
    received = Received("c.geojson", 200, datetime(2026, 1, 1, tzinfo=UTC), "", content)
    with pytest.raises((SourceError, ValueError)) as caught:
        etalab.read_received(received, "boundaries")
    return caught.value


def _day(**change: object) -> dict[str, object]:
    values = {"RR": 1.0, "TN": 10.0, "TX": 20.0, "TM": 15.0, "FFM": 2.0}
    return {**WEST, "AAAAMMJJ": 20200601, **values, **change}


def test_a_word_in_a_workbook() -> None:
    error = _of_workbook("saa.xlsx", workbook({"COP": [(*GERS, WHEAT, ["beaucoup", 60, 600])]}))
    told = bad("crops", error).told
    assert told("fr").startswith(
        f"feuille COP, cellule D7{NBSP}: 'beaucoup' n'est pas un nombre{NBSP}; téléchargez"
    )
    assert told("en").startswith("sheet COP, cell D7: 'beaucoup' is no figure; download the SAA")


def test_a_crop_that_is_there_twice() -> None:
    rows = [(*GERS, WHEAT, FIGURES), (*GERS, WHEAT, FIGURES)]
    told = bad("crops", _of_workbook("saa.xlsx", workbook({"COP": rows}))).told
    assert f"est en double{NBSP}: feuille COP, ligne 7 (" in told("fr")
    assert ") et feuille COP, ligne 8 (" in told("fr")
    assert "is there twice: sheet COP, row 7 (" in told("en")
    assert not ENGLISH.search(told("fr"))


def test_the_name_and_the_advice_of_the_reader_are_not_repeated() -> None:
    what = message("agreste.no_crop_sheet", sheets=["COP"])
    within = message("fault.unusable", what=message("fault.in_file", file="saa.xlsx", what=what))
    error = SourceError(fault("agreste", "https://example.org/saa.zip", within))
    assert str(error).startswith("agreste: https://example.org/saa.zip cannot be used: saa.xlsx")
    told = bad("crops", error).told
    assert told("fr").startswith(f"n'a aucune feuille de cultures (COP){NBSP}; téléchargez de")
    assert told("en").startswith("has no crop sheet (COP); download the SAA again")
    assert statement(error.message) == what


STATIONS = {
    "une colonne de moins": (
        [name for name in RAIN if name != "RR"], _day(), "pas de colonne RR",
    ),
    "pas une date": (RAIN, _day(AAAAMMJJ=20200231), "pas une date dans la colonne AAAAMMJJ"),
    "hors limites": (
        RAIN, _day(RR=5000), "RR = 5000 à la station 32013005 le 2020-06-01, hors de 0 à 1900",
    ),
    "un mot": (RAIN, _day(RR="beaucoup"), "pas un nombre dans la colonne RR"),
}  # fmt: skip


@pytest.mark.parametrize("case", STATIONS)
def test_a_bad_file_of_stations(case: str) -> None:
    header, row, said = STATIONS[case]
    told = bad("stations", _of_stations(csv(header, [row]).encode())).told("fr")
    assert told.startswith(said)
    assert "Q_<département>_<période>_RR-T-Vent.csv.gz" in told


OUTLINES = {
    b'{"type": FeatureCollection}': "JSON invalide à la ligne 1, colonne 10",
    b'{"features": [': "JSON incomplet (s'arrête après 14 caractères)",
    b"{}": "JSON sans les «~features~» d'un GeoJSON",
    b'{"features": [{}]}': "l'objet n°~1 n'a pas de propriétés",
    b'{"features": [{"properties": {"insee": "31"}}]}': (
        "l'objet n°~1 n'a pas code et nom en texte (propriétés~: insee)"
    ),
    b'{"features": [{"properties": {"code": "32", "nom": "Gers"}, "geometry": {"type": "Point"}}]}':
    "département 32 est un objet Point, pas un polygone",
    b"<html><title>404</title></html>": "page web au lieu de données («~404~»)",
    b" ": "fichier vide",
}  # fmt: skip


@pytest.mark.parametrize("content", OUTLINES)
def test_bad_outlines(content: bytes) -> None:
    told = bad("boundaries", _of_outlines(content)).told("fr")
    assert told.startswith(OUTLINES[content].replace("~", NBSP))
    assert "corrigez la couche" in told


def test_a_file_of_nothing_that_is_known(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0" + b"0" * 100)
    with pytest.raises(RefusedError, match="its content is not recognised; accepted are") as caught:
        recognised(path)
    assert caught.value.told("fr").startswith(f"contenu non reconnu{NBSP}; sont acceptés{NBSP}:")
