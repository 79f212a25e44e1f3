"""Names of places in sentences: articles and prepositions of all départements and régions."""

import pytest

from geo_pipeline.errors import UsageError
from geo_pipeline.publishing.bulletin.places import parse_place, places
from geo_pipeline.territory import BY_CODE, CODES, PLACES, REGIONS, Region

OF = {
    "01": "de l'Ain", "32": "du Gers", "33": "de la Gironde", "34": "de l'Hérault",
    "38": "de l'Isère", "40": "des Landes", "49": "du Maine-et-Loire", "65": "des Hautes-Pyrénées",
    "70": "de la Haute-Saône", "75": "de Paris", "78": "des Yvelines",
    "93": "de la Seine-Saint-Denis", "2A": "de la Corse-du-Sud", "28": "de l'Eure-et-Loir",
    "90": "du Territoire de Belfort", "95": "du Val-d'Oise", "974": "de La Réunion",
    "976": "de Mayotte", "971": "de la Guadeloupe",
}  # fmt: skip
WHERE = {
    "11": "en Île-de-France", "24": "en Centre-Val de Loire", "28": "en Normandie",
    "32": "dans les Hauts-de-France", "44": "dans le Grand Est", "52": "dans les Pays de la Loire",
    "76": "en Occitanie", "94": "en Corse", "04": "à La Réunion", "06": "à Mayotte",
    "93": "en Provence-Alpes-Côte d'Azur",
}  # fmt: skip


@pytest.mark.parametrize(("code", "said"), OF.items())
def test_names_follow_de(code: str, said: str) -> None:
    assert BY_CODE[code].of == said


@pytest.mark.parametrize(("code", "said"), WHERE.items())
def test_regions_have_their_preposition(code: str, said: str) -> None:
    assert Region(code, REGIONS[code]).where == said


def test_every_place_has_an_article_that_its_preposition_asks_for() -> None:
    """`dans le` goes with « le », and a vowel with « l' »; h is silent in Hérault only."""
    for code in CODES:
        each = BY_CODE[code]
        if each.where.startswith("dans"):
            assert each.where == f"dans {each.article} {each.name}".replace("' ", "'")
        if each.article == "l'":
            assert each.name[0] in "AEIOÎY" or each.name == "Hérault"
        elif each.article in ("le", "la"):
            assert each.name[0] not in "AEIOUÎÉ"


def test_all_places_are_there_once() -> None:
    assert tuple(places()) == PLACES
    assert len(PLACES) == 1 + 18 + 101


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("France", "FR"), ("fr", "FR"), ("R76", "R76"), ("r76", "R76"), ("occitanie", "R76"),
        ("32", "32"), ("gers", "32"), ("1", "01"), ("La Réunion", "974"), ("Ile de France", "R11"),
    ],
)  # fmt: skip
def test_places_are_found_as_typed(typed: str, key: str) -> None:
    assert parse_place(typed).key == key


def test_an_unknown_place_is_told_in_one_line_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"'Occitani': did you mean R76 \(Occitanie\)\?$"):
        parse_place("Occitani")
    with pytest.raises(UsageError, match="give a département"):
        parse_place("Xyzzy")
