"""The places that a reader may search for: départements, régions, communes and parts of communes.

`Gazetteer.search` finds them by name or by postcode. Names are compared without accents, case,
hyphens and apostrophes, `st` is `saint`, and a beginning is enough. Names with a few wrong letters
follow those without: one too many, one missing, another one, and two swapped count as one error
each. A département or région may follow the name of a place in it: `Saint-Denis Réunion`. Communes:
`assets_data/communes.parquet`.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from geo_pipeline.territory import BY_CODE, DEPARTEMENTS, REGIONS

KINDS: Final = ("departement", "region", "commune", "part")
"""Kinds of places; of two with the same name the earlier comes first."""
MOST_FOUND: Final = 8
"""Places named at once."""
LONGEST: Final = 32
"""Letters of a name that are compared."""
CONNECTIVES: Final = {
    "a", "au", "aux", "d", "de", "des", "du", "en", "et", "l", "la", "las", "le", "les", "lez",
    "los", "pres", "s", "sous", "sur",
}  # fmt: skip
"""Words inside names with which no search begins."""
OPENINGS: Final = {"l", "la", "las", "le", "les", "los", "saint", "sainte"}
"""First words that are often left out: `mans` is a beginning of Le Mans."""
LEADING: Final = CONNECTIVES | {"dans"}
"""Words that lead up to the name of a département: `dans la`, `en`."""
NUMBERS: Final = re.compile(r"\b(?:\d{1,5}|2[ab])\b")

SCHEMA: Final = pa.schema(
    [
        ("kind", pa.string()),
        ("name", pa.string()),
        ("code", pa.string()),
        ("postcodes", pa.string()),
        ("population", pa.int32()),
        ("commune", pa.string()),
    ]
)
"""The columns of a `Place`, with the inhabitants by which equal names are put in order."""

_LOG = logging.getLogger(__name__)


class Place(NamedTuple):
    """A place, and the département whose values are shown for it."""

    kind: str
    name: str
    code: str
    """INSEE code of its département; of a région its own."""
    postcodes: tuple[str, ...] = ()
    commune: str = ""
    """Name of the commune of which it is a part."""


class Found(NamedTuple):
    """What a search found: numbers of places, best first."""

    places: tuple[int, ...] = ()
    exact: bool = False
    """Whether the first is what was typed; else these are only the nearest."""
    more: bool = False
    """Whether there are others as good as the last."""


@dataclass(frozen=True, eq=False)
class Beginnings:
    """The names, and what remains of them from each later word on: a row each."""

    letters: NDArray[np.uint8]
    """Letter x row, 0 after the end."""
    place: NDArray[np.int32]
    length: NDArray[np.int16]
    inside: NDArray[np.bool_]
    """Whether words were left out that are not often left out."""


class Gazetteer:
    """All places. Nothing of a search is kept."""

    def __init__(self, places: pa.Table) -> None:
        """Take a table of `SCHEMA`."""
        self._places = places
        self._kind = np.array([KINDS.index(kind) for kind in places["kind"].to_pylist()], np.int8)
        self._code = np.array(places["code"].to_pylist())
        self._population = places["population"].fill_null(0).to_numpy()
        postcodes = pc.split_pattern(places["postcodes"].combine_chunks(), " ")
        self._postcode = pc.list_flatten(postcodes).cast(pa.int32()).to_numpy()
        self._postcode_place = pc.list_parent_indices(postcodes).to_numpy()
        self._beginnings = _beginnings(plain(places["name"]))
        self._territories = _codes_by_territory()

    def __getitem__(self, number: int) -> Place:
        row = self._places.slice(number, 1).to_pylist()[0]
        postcodes = tuple((row["postcodes"] or "").split())
        return Place(row["kind"], row["name"], row["code"], postcodes, row["commune"] or "")

    def __len__(self) -> int:
        return len(self._places)

    @property
    def table(self) -> pa.Table:
        """All places, with the columns of `SCHEMA`."""
        return self._places

    def search(self, text: str) -> Found:
        """Return the places that `text` means, or the nearest to it."""
        typed: str = plain(pa.array([text[: 2 * LONGEST]]))[0].as_py()
        numbers = NUMBERS.findall(typed)
        name = " ".join(NUMBERS.sub(" ", typed).split())
        if numbers and not name:
            return self._numbered(numbers[0])
        if not numbers:
            found = (self._named(name) if name else None) or Found()
            return found if found.exact else self._within(name) or found
        # Of a name that holds a number (Lyon 3e Arrondissement), or a name beside its postcode.
        inside = np.logical_and.reduce([self._has_number(each) for each in numbers])
        return self._named(typed, forgiving=False) or self._named(name, inside) or Found()

    def _within(self, name: str) -> Found | None:
        """The places called as `name` begins, in the département or région with which it ends."""
        words = name.split()
        for at in range(1, len(words)):
            codes = self._territories.get(_without_opening(words[at:]))
            if codes:
                inside = np.isin(self._code, codes) & (self._kind > KINDS.index("region"))
                if found := self._named(" ".join(words[:at]), inside):
                    return found
        return None

    def _named(
        self, name: str, among: NDArray[np.bool_] | None = None, *, forgiving: bool = True
    ) -> Found | None:
        """The places called `name`, and where it may be another that was meant, the nearest."""
        name, rows = name[:LONGEST], self._beginnings
        allowed = np.array(True) if among is None else among[rows.place]
        errors, most = errors_in(name, rows.letters, 0), 0
        begun = np.flatnonzero(allowed & (errors == 0))
        if forgiving and begun.size < MOST_FOUND and len(name) not in rows.length[begun]:
            most = 0 if len(name) < 4 else 1 if len(name) < 8 else 2
            most += begun.size == 0
            errors = errors_in(name, rows.letters, most)
        near = np.flatnonzero(allowed & (errors <= most))
        return self._best(near, errors[near], len(name)) if near.size else None

    def _best(self, rows: NDArray[np.intp], errors: NDArray[np.uint8], length: int) -> Found:
        """The best of these rows."""
        place = self._beginnings.place[rows]
        order = np.lexsort(
            (
                -self._population[place],
                self._kind[place],
                self._beginnings.length[rows] != length,
                self._beginnings.inside[rows],
                errors,
            )
        )
        exact = bool(errors.min() == 0)
        same = np.unique(place[errors == errors.min()]).size
        places = tuple(dict.fromkeys(place[order].tolist()))
        return Found(places[:MOST_FOUND], exact, more=exact and same > MOST_FOUND)

    def _numbered(self, number: str) -> Found:
        """The départements and postcodes that begin with `number`, or the nearest postcodes."""
        meant = np.flatnonzero(self._has_number(number))
        own = self._code[meant] == number.upper().zfill(2)
        order = np.lexsort((-self._population[meant], self._kind[meant], ~own))
        if meant.size:
            return Found(tuple(meant[order][:MOST_FOUND].tolist()), True, meant.size > MOST_FOUND)
        away = np.abs(self._postcode - _first_of(number))
        alike = self._postcode // 1000 == _first_of(number) // 1000
        nearest = self._postcode_place[alike][np.argsort(away[alike], kind="stable")]
        return Found(tuple(dict.fromkeys(nearest.tolist()))[:MOST_FOUND])

    def _has_number(self, number: str) -> NDArray[np.bool_]:
        """Which départements, or communes by postcode, have a number that begins like this."""
        code = number.upper()
        coded = np.char.startswith(self._code, code) | (self._code == code.zfill(2))
        if code == "20":  # Corsica's, in postcodes still
            coded |= np.isin(self._code, ("2A", "2B"))
        meant = np.array(coded & (self._kind == KINDS.index("departement")))
        if code in BY_CODE:
            meant |= (self._code == code) & (self._kind > KINDS.index("region"))
        if code.isdigit() and len(code) > 1:
            first = _first_of(code)
            last = first + 10 ** (5 - len(code)) - 1
            meant[self._postcode_place[(self._postcode >= first) & (self._postcode <= last)]] = True
        return meant


def _codes_by_territory() -> dict[str, list[str]]:
    """Codes of the départements of each département and région, by its plain name."""
    codes: dict[str, list[str]] = {}
    for departement in DEPARTEMENTS:
        for name in {departement.name, REGIONS[departement.region_code]}:
            words: str = plain(pa.array([name]))[0].as_py()
            codes.setdefault(_without_opening(words.split()), []).append(departement.code)
    return codes


def _without_opening(words: Sequence[str]) -> str:
    """Words without those that only lead up to a name: `dans la`, `en`, `l`."""
    first = next((at for at, word in enumerate(words) if word not in LEADING), len(words))
    return " ".join(words[first:])


def _first_of(number: str) -> int:
    """The first postcode that begins with `number`."""
    return int(number.ljust(5, "0"))


def plain(names: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return names in small letters and digits with one space between words, `st` as `saint`."""
    names = pc.utf8_lower(pc.utf8_normalize(names, form="NFKD"))
    for pattern, letters in (
        (r"\pM+", ""),
        ("œ", "oe"),
        ("æ", "ae"),
        ("[^a-z0-9]+", " "),
        (r"\bst\b", "saint"),
        (r"\bste\b", "sainte"),
    ):
        names = pc.replace_substring_regex(names, pattern=pattern, replacement=letters)
    return pc.utf8_trim_whitespace(names)


def errors_in(name: str, letters: NDArray[np.uint8], most: int) -> NDArray[np.uint8]:
    """Return the fewest errors with which `name` begins each row, `most + 1` where it has more.

    These are distances of optimal string alignment, computed for all rows at once. `diagonal[k]`
    compares the i-th letter typed with the (i + k)-th of the row; those further away than `most`
    cannot hold a smaller distance. Rows with too many errors are left out on the way.
    """
    typed, far, width = name.encode(), np.uint8(most + 1), range(-most, most + 1)
    result, rows = np.full(letters.shape[1], far), np.arange(letters.shape[1])
    before: dict[int, NDArray[np.uint8]] = {}
    last = {k: np.full(rows.size, k if k >= 0 else far, dtype=np.uint8) for k in width}
    for i, key in enumerate(typed, 1):
        diagonal: dict[int, NDArray[np.uint8]] = {}
        for k in width:
            j = i + k
            if j < 1 or j > len(letters):
                diagonal[k] = np.full(rows.size, min(i, far) if j == 0 else far, dtype=np.uint8)
                continue
            here = letters[j - 1]
            least = last[k] + (here != key)
            if k + 1 in last:
                np.minimum(least, last[k + 1] + np.uint8(1), out=least)  # one too many
            if k - 1 in diagonal:
                np.minimum(least, diagonal[k - 1] + np.uint8(1), out=least)  # one missing
            if most and i > 1 and j > 1:
                swapped = (here == typed[i - 2]) & (letters[j - 2] == key)
                np.minimum(least, before[k] + np.uint8(1), out=least, where=swapped)
            diagonal[k] = np.minimum(least, far, out=least)
        before, last = last, diagonal
        if i % 3 == 0 and i < len(typed):
            near = np.minimum.reduce(list(last.values())) < far
            if 2 * np.count_nonzero(near) < near.size:
                rows, letters = rows[near], letters[:, near]
                before = {k: errors[near] for k, errors in before.items()}
                last = {k: errors[near] for k, errors in last.items()}
    result[rows] = np.minimum.reduce(list(last.values()))
    return result


def _beginnings(names: pa.Array) -> Beginnings:
    """All beginnings of plain names."""
    texts: list[bytes] = []
    place: list[int] = []
    inside: list[bool] = []
    for number, name in enumerate(names.to_pylist()):
        words = name.split(" ")
        for first, word in enumerate(words):
            if first == 0 or word not in CONNECTIVES:
                texts.append(" ".join(words[first:]).encode()[:LONGEST])
                place.append(number)
                inside.append(not OPENINGS.issuperset(words[:first]))
    rows = np.array(texts, dtype=f"S{LONGEST}")
    letters = rows.view(np.uint8).reshape(len(rows), LONGEST)
    return Beginnings(
        np.ascontiguousarray(letters.T),
        np.array(place, dtype=np.int32),
        np.array([len(text) for text in texts], dtype=np.int16),
        np.array(inside, dtype=bool),
    )


def _territories() -> Iterator[dict[str, Any]]:
    """The départements, and the régions of more than one."""
    for departement in DEPARTEMENTS:
        yield {"kind": "departement", "name": departement.name, "code": departement.code}
    members = [departement.region_code for departement in DEPARTEMENTS]
    for code, name in REGIONS.items():
        if members.count(code) > 1:
            yield {"kind": "region", "name": name, "code": code}


def gazetteer(file: Path) -> Gazetteer:
    """Return all places, with the communes in `file`; without them where it cannot be read."""
    places = pa.Table.from_pylist(list(_territories()), schema=SCHEMA)
    try:
        communes = _communes(pq.read_table(file))
    except (OSError, KeyError, pa.ArrowException) as error:
        _LOG.warning("communes cannot be searched for, %s cannot be read: %s", file, error)
        return Gazetteer(places)
    return Gazetteer(pa.concat_tables([places, communes]))


def _communes(table: pa.Table) -> pa.Table:
    """The communes and their parts, as places."""
    whole = pc.is_null(table["commune"])
    current = table.filter(whole)
    commune = pc.index_in(table["commune"], value_set=current["code"])
    columns = {
        "kind": pc.if_else(whole, "commune", "part"),
        "name": table["name"],
        "code": table["departement"],
        "postcodes": table["postcodes"],
        "population": table["population"],
        "commune": current["name"].take(commune),
    }
    return pa.table(columns, schema=SCHEMA)
