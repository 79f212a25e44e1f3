"""What readers say of a bad file, in French: whole, and no word of English left in it."""

import re

import pytest

from geo_pipeline.inbox.refusals import bad, french

ENGLISH = re.compile(
    r"\b(has|have|is|are|no|of|the|and|with|which|that|sent|there|sheet|row|cell|twice|than|called)\b"
)

SAID = {
    "has no crop sheet (COP, FOU, IND)": "n'a aucune feuille de cultures (COP, FOU, IND)",
    "sheet COP: no column SURF_2020": "feuille COP: pas de colonne SURF_2020",
    "sheet FOU: two columns are called REND_2020": (
        "feuille FOU: deux colonnes s'appellent REND_2020"
    ),
    "sheet COP, cell D7: 'beaucoup' is no figure": (
        "feuille COP, cellule D7: 'beaucoup' n'est pas un nombre"
    ),
    "sheet COP, row 9: area_ha of 2020 is 9e+09, more than there can be": (
        "feuille COP, ligne 9: area_ha de 2020 vaut 9e+09, plus qu'il n'est possible"
    ),
    "sheet COP: the unit of area cannot be told (two are named above the header)": (
        "feuille COP: l'unité de area est incertaine (aucune ou plusieurs au-dessus de l'en-tête)"
    ),
    "sheet COP: no row of its first 20 has LIB_DEP and LIB_SAA or LIB_CODE": (
        "feuille COP: aucune de ses 20 premières lignes n'a LIB_DEP et LIB_SAA ou LIB_CODE"
    ),
    "département 32, oats is there twice: sheet COP, row 7 (Blé) and sheet COP, row 8 (Blé)": (
        "département 32, oats est en double: feuille COP, ligne 7 (Blé) et feuille COP, "
        "ligne 8 (Blé)"
    ),
    "has no date in column AAAAMMJJ (20200231)": "pas une date dans la colonne AAAAMMJJ (20200231)",
    "has the column RR twice": "a deux fois la colonne RR",
    "has no column RR, QRR": "pas de colonne RR, QRR",
    "has no column NUM_POSTE/POSTE and AAAAMMJJ/DATE": (
        "pas de colonne NUM_POSTE/POSTE ni AAAAMMJJ/DATE"
    ),
    "sent an empty file": "fichier vide",
    "sent nothing": "fichier vide",
    "sent HTML in place of CSV (<html>)": "HTML au lieu de CSV (<html>)",
    "sent HTML in place of data (a page titled '404')": "page web au lieu de données (« 404 »)",
    "has Gers (32) as a Point, which is no polygon": (
        "Gers (32) est un objet Point, pas un polygone"
    ),
    "has no coordinates of 32": "aucune coordonnée pour 32",
    "no coordinate reference system is stated": "aucun système de coordonnées n'est indiqué",
    "has no column code; there are insee, nom": "pas de colonne code ; il y a insee, nom",
    "31 is missing; 32 is missing and 7 more": "31 manque; 32 manque et 7 autres",
}


@pytest.mark.parametrize("said", SAID)
def test_what_readers_say_is_french(said: str) -> None:
    assert french(said) == SAID[said]
    assert not ENGLISH.search(french(said))


def test_the_name_and_the_advice_of_the_reader_are_not_repeated() -> None:
    message = "agreste: cannot be used: saa.xlsx has no crop sheet (COP); report it, or set X"
    told = bad("crops", "saa.xlsx", message)
    assert told.fr.startswith("n'a aucune feuille de cultures (COP) ; téléchargez de nouveau")
    assert told.en.startswith("has no crop sheet (COP); download the SAA again")
