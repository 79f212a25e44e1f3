"""The search for places, on the communes that ship with the project."""

import difflib
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from panel_app.data.gazetteer import (
    LONGEST,
    MOST_FOUND,
    Found,
    Gazetteer,
    errors_in,
    gazetteer,
    plain,
)


def first(places: Gazetteer, text: str) -> tuple[str, str, str]:
    found = places.search(text)
    assert found.places, text
    place = places[found.places[0]]
    return place.kind, place.name, place.code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gers", ("departement", "Gers", "32")),
        ("GERS", ("departement", "Gers", "32")),
        ("32", ("departement", "Gers", "32")),
        ("32 Gers", ("departement", "Gers", "32")),
        ("1", ("departement", "Ain", "01")),
        ("2a", ("departement", "Corse-du-Sud", "2A")),
        ("974", ("departement", "La Réunion", "974")),
        ("Auch", ("commune", "Auch", "32")),
        ("32000", ("commune", "Auch", "32")),
        ("20000", ("commune", "Ajaccio", "2A")),
        ("01400", ("commune", "Châtillon-sur-Chalaronne", "01")),
        ("occitanie", ("region", "Occitanie", "76")),
        ("pays de la loire", ("region", "Pays de la Loire", "52")),
        ("mans", ("commune", "Le Mans", "72")),
        ("provence", ("region", "Provence-Alpes-Côte d'Azur", "93")),
        ("Lyon 3e Arrondissement", ("part", "Lyon 3e Arrondissement", "69")),
        ("69003", ("part", "Lyon 3e Arrondissement", "69")),
        ("paris 12", ("part", "Paris 12e Arrondissement", "75")),
        ("Cordieux", ("part", "Cordieux", "01")),  # since 1973 in Montluel
        ("saint denis 93", ("commune", "Saint-Denis", "93")),
        ("97400 saint-denis", ("commune", "Saint-Denis", "974")),
        ("Saint-Denis 974", ("commune", "Saint-Denis", "974")),
        ("Saint-Denis Réunion", ("commune", "Saint-Denis", "974")),
        ("st denis (la réunion)", ("commune", "Saint-Denis", "974")),
        ("Saint-Denis, Seine-Saint-Denis", ("commune", "Saint-Denis", "93")),
        ("Montréal dans le Gers", ("commune", "Montréal", "32")),
        ("Montréal Occitanie", ("commune", "Montréal", "11")),
        ("Beaumont en Haute-Loire", ("commune", "Beaumont", "43")),
        ("Villeneuve-sur-Lot", ("commune", "Villeneuve-sur-Lot", "47")),
    ],
)
def test_a_place_is_found(places: Gazetteer, text: str, expected: tuple[str, str, str]) -> None:
    found = first(places, text)
    if text == "69003":  # Lyon itself has the postcode too, and more inhabitants
        found = next(
            (place.kind, place.name, place.code)
            for place in map(places.__getitem__, places.search(text).places)
            if place.kind == "part"
        )
    assert found == expected
    assert places.search(text).exact


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cotes d armor", "Côtes-d'Armor"),
        ("Côtes\u2010d\u2019Armor", "Côtes-d'Armor"),
        ("l’abergement-clemenciat", "L'Abergement-Clémenciat"),
        ("st-etienne", "Saint-Étienne"),
        ("Ste Marie aux Mines", "Sainte-Marie-aux-Mines"),
        ("oeuilly", "Œuilly"),
        ("hay les roses", "L'Haÿ-les-Roses"),
        ("  auch  ", "Auch"),
    ],
)
def test_spelling_need_not_be_exact(places: Gazetteer, text: str, name: str) -> None:
    assert first(places, text)[1] == name
    assert places.search(text).exact


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("tolouse", "Toulouse"),  # one missing
        ("Marseile", "Marseille"),
        ("Bordeauux", "Bordeaux"),  # one too many
        ("Grenople", "Grenoble"),  # another one
        ("Beauvias", "Beauvais"),  # two swapped
        ("labergement clemenciat", "L'Abergement-Clémenciat"),
        ("charelville mezieres", "Charleville-Mézières"),
        ("Haute Garone", "Haute-Garonne"),
        ("Ocitanie", "Occitanie"),
    ],
)
def test_a_wrong_letter_is_forgiven_and_said(places: Gazetteer, text: str, name: str) -> None:
    assert first(places, text)[1] == name
    assert not places.search(text).exact


def test_where_another_may_be_meant_it_follows(places: Gazetteer) -> None:
    found = places.search("renes")
    assert found.exact
    names = [places[number].name for number in found.places]
    assert names[0] == "Renescure"
    assert "Rennes" in names


def test_what_resembles_nothing_finds_nothing(places: Gazetteer) -> None:
    for text in ("xyzzy", "99999", "", "  ", "-", "ÿ" * 500, "9" * 500):
        assert places.search(text).places == (), text
    assert places.search("x" * 5000) == Found()


def test_a_postcode_that_no_commune_has_finds_its_neighbours(places: Gazetteer) -> None:
    """31013 is a box number in Toulouse (31000)."""
    found = places.search("31013")
    assert not found.exact
    assert places[found.places[0]].name == "Toulouse"


def test_homonyms_are_all_offered_the_largest_first(places: Gazetteer) -> None:
    found = places.search("saint-denis")
    assert [(place.name, place.code) for place in map(places.__getitem__, found.places)][:4] == [
        ("Saint-Denis", "974"),
        ("Saint-Denis", "93"),
        ("Saint-Denis", "11"),
        ("Saint-Denis", "30"),
    ]
    assert found.more
    assert len(found.places) == MOST_FOUND


def test_a_region_of_one_departement_is_that_departement(places: Gazetteer) -> None:
    for name in ("Guadeloupe", "Mayotte"):
        kinds = [places[number].kind for number in places.search(name).places]
        assert kinds[0] == "departement"
        assert "region" not in kinds


def test_each_departement_and_commune_is_found_by_its_name(places: Gazetteer) -> None:
    for number in [*range(101), *range(200, len(places), 997)]:
        place = places[number]
        found = places.search(f"{place.code} {place.name}" if number > 101 else place.name)
        assert found.exact, place
        named = {(each.name, each.code) for each in map(places.__getitem__, found.places)}
        assert (place.name, place.code) in named, place


def distance(one: str, other: str) -> int:
    """Optimal string alignment, as its definition has it."""
    table = [
        [i + j if not i * j else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)
    ]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            ways = [
                table[i - 1][j - 1] + (one[i - 1] != other[j - 1]),
                table[i - 1][j] + 1,
                table[i][j - 1] + 1,
            ]
            if i > 1 and j > 1 and one[i - 2 : i] == other[j - 2 : j][::-1]:
                ways.append(table[i - 2][j - 2] + 1)
            table[i][j] = min(ways)
    return table[-1][-1]


@pytest.mark.parametrize("most", [0, 1, 2, 3])
def test_errors_are_those_of_the_definition(most: int) -> None:
    random = np.random.default_rng(most)
    names = ["".join(random.choice(list("abc "), length)) for length in random.integers(1, 12, 200)]
    letters = np.array([name.encode() for name in names], dtype=f"S{LONGEST}")
    rows = letters.view(np.uint8).reshape(len(names), LONGEST).T
    for typed in ("a", "ab", "bac", "abcab", "cabbac a", "aabbccaabbcc"):
        least = [min(distance(typed, name[:end]) for end in range(len(name) + 1)) for name in names]
        assert errors_in(typed, rows, most).tolist() == [min(each, most + 1) for each in least]


def test_plain_names() -> None:
    names = ["L'Haÿ-les-Roses", "St-Étienne", "Œuilly", "  Saint-Denis (93) ", "Ste-Foy"]
    assert plain(pa.array(names)).to_pylist() == [
        "l hay les roses",
        "saint etienne",
        "oeuilly",
        "saint denis 93",
        "sainte foy",
    ]


def test_without_communes_departements_are_found(tmp_path: Path) -> None:
    places = gazetteer(tmp_path / "none.parquet")
    assert len(places) == 101 + 13
    assert first(places, "gers") == ("departement", "Gers", "32")
    assert not places.search("auch").exact
    assert places.search("32000") == Found()


def test_a_search_is_quicker_than_difflib(places: Gazetteer) -> None:
    """By far, on any machine: `difflib` compares each of 35,000 names."""
    names = [places[each].name for each in range(len(places))]

    def seconds(search: Callable[[str], object], text: str) -> float:
        start = time.perf_counter()
        search(text)
        return time.perf_counter() - start

    for text in ("a", "tou", "tolouse", "charelville mezieres", "ste marie reunion", "32000"):
        ours = min(seconds(places.search, text) for _ in range(3))
        assert ours < seconds(lambda typed: difflib.get_close_matches(typed, names), text)
