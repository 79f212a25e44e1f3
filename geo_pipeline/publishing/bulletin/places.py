"""What a bulletin can be of: France, a région, a département; and their names in sentences."""

import difflib
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from geo_pipeline.errors import UsageError
from geo_pipeline.territory import (
    BY_CODE,
    CODES,
    DEPARTEMENTS,
    REGIONS,
    Region,
    name_key,
    parse_departement,
)
from geo_pipeline.words import Words, message

Kind = Literal["france", "region", "departement"]

FRANCE: Final = "FR"


@dataclass(frozen=True, slots=True)
class Place:
    """A place: its `key` in names of files, its départements, and its name within a sentence."""

    key: str
    """`FR`, `R76` for a région, `32` for a département."""
    kind: Kind
    codes: tuple[str, ...]
    name: Words
    where: Words
    """`dans le Gers`, `in Gers`."""
    of: Words
    """`du Gers`, `of Gers`."""

    @property
    def slug(self) -> str:
        """The place in names of files: `france`, `R76`, `32`."""
        return "france" if self.kind == "france" else self.key


@cache
def places() -> dict[str, Place]:
    """Return all places by key: France, then régions and départements in order of their codes."""
    france = Place(
        FRANCE,
        "france",
        CODES,
        Words("France", "France"),
        Words("en France", "in France"),
        Words("de la France", "of France"),
    )
    found = {FRANCE: france}
    for code, name in REGIONS.items():
        region = Region(code, name)
        found[f"R{code}"] = Place(
            f"R{code}",
            "region",
            region.departements,
            Words(name, name),
            Words(region.where, f"in {name}"),
            Words(region.of, f"of {name}"),
        )
    for each in DEPARTEMENTS:
        found[each.code] = Place(
            each.code,
            "departement",
            (each.code,),
            Words(each.name, each.name),
            Words(each.where, f"in {each.name}"),
            Words(each.of, f"of {each.name}"),
        )
    return found


def parse_place(text: str) -> Place:
    """Return the place meant by `text`: `France`, `Occitanie`, `R76`, `32`, `Gers`.

    A name that a région shares with its only département means the département.

    Raises:
        UsageError: there is no such place; the nearest names are suggested.
    """
    typed = text.strip()
    known = places()
    if typed.upper() in known:
        return known[typed.upper()]
    try:
        return known[parse_departement(typed)]
    except UsageError:
        by_name = {name_key(each.name("fr")): each for each in known.values()}
        if name_key(typed) in by_name:
            return by_name[name_key(typed)]
        near = difflib.get_close_matches(name_key(typed), by_name, n=3)
        names = ", ".join(f"{by_name[key].key} ({by_name[key].name('fr')})" for key in near)
        advice = message("bulletin.meant", names=names) if names else message("bulletin.places")
        raise UsageError(message("bulletin.unknown_place", typed=typed, advice=advice)) from None


def region_of(code: str) -> Place:
    """Return the région of a département."""
    return places()[f"R{BY_CODE[code].region_code}"]
