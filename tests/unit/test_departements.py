"""The 101 départements and what a user may type for them."""

import pytest

from geo_pipeline.errors import UsageError
from geo_pipeline.territory import (
    BY_CODE,
    CODES,
    PREPOSITIONS,
    REGIONS,
    is_stretch,
    parse_departement,
    parse_departements,
    spelled,
    stretches,
)


def test_there_are_101_with_two_corsicas_and_five_overseas() -> None:
    assert len(CODES) == len(set(CODES)) == 101
    assert {"2A", "2B", "971", "972", "973", "974", "976"} < set(CODES)
    assert "20" not in CODES
    assert "975" not in CODES
    assert sum(each.overseas for each in BY_CODE.values()) == 5


def test_there_are_18_regions() -> None:
    assert len(REGIONS) == 18
    assert {each.region_code for each in BY_CODE.values()} == set(REGIONS)
    assert BY_CODE["31"].region == "Occitanie"
    assert BY_CODE["971"].region == "Guadeloupe"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("31", "31"),
        ("1", "01"),
        ("01", "01"),
        ("2a", "2A"),
        (" 2B ", "2B"),
        ("971", "971"),
        ("Gers", "32"),
        ("haute garonne", "31"),
        ("Côte-d'Or", "21"),
        ("cote d’or", "21"),
    ],
)
def test_typed_codes_and_names_are_understood(typed: str, code: str) -> None:
    assert parse_departement(typed) == code


@pytest.mark.parametrize("typed", ["99", "20", "0", "", "France", "31bis", "975"])
def test_unknown_ones_are_refused(typed: str) -> None:
    with pytest.raises(UsageError, match=f"unknown département '{typed}'"):
        parse_departement(typed)


def test_a_near_miss_is_helped() -> None:
    with pytest.raises(UsageError, match=r"did you mean .*32 \(Gers\)"):
        parse_departement("Gerss")


def test_lists_are_sorted_and_without_repetition() -> None:
    assert parse_departements(["32,31", "Gers", "1"]) == ["01", "31", "32"]
    with pytest.raises(UsageError, match="no département given"):
        parse_departements([" , "])


@pytest.mark.parametrize(
    ("code", "where"),
    [
        ("32", "dans le Gers"),
        ("31", "en Haute-Garonne"),
        ("01", "dans l'Ain"),
        ("23", "dans la Creuse"),
        ("40", "dans les Landes"),
        ("75", "à Paris"),
        ("974", "à La Réunion"),
        ("2A", "en Corse-du-Sud"),
    ],
)
def test_places_in_french_sentences(code: str, where: str) -> None:
    assert BY_CODE[code].where == where


def test_each_departement_has_one_preposition() -> None:
    assert sorted(code for codes in PREPOSITIONS.values() for code in codes) == sorted(CODES)
    for code in PREPOSITIONS["dans l'"]:
        assert BY_CODE[code].name[0] in "AEHIOY"


def test_what_follows_each_other_is_spelled_in_one() -> None:
    assert stretches(["32", "01", "31", "2A"]) == [("01", "01"), ("2A", "2A"), ("31", "32")]
    assert stretches(["29", "2A", "2B", "30"]) == [("29", "30")]
    assert stretches(CODES) == [("01", "976")]
    assert spelled(["32", "01", "31"]) == ["01", "31 to 32"]
    assert is_stretch("29", "30", 4)
    assert not is_stretch("01", "31", 3)
