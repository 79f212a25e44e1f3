"""The search box: what it suggests, and what a chosen place changes on the page."""

import json
from collections.abc import Mapping
from typing import Any

from geo_pipeline.territory import BY_CODE
from panel_app.data.gazetteer import Gazetteer, Place
from panel_app.data.page_words import Catalogue
from panel_app.data.state import clip


def suggestions(places: Gazetteer, text: str, words: Catalogue) -> str:
    """Return the places that `text` may mean, as JSON for the list under the box."""
    found = places.search(text)
    return json.dumps(
        {
            "text": text,
            "exact": found.exact,
            "said": _said(text, len(found.places), words, exact=found.exact, more=found.more),
            "options": [_option(number, places[number], text, words) for number in found.places],
        }
    )


def _said(text: str, count: int, words: Catalogue, *, exact: bool, more: bool) -> str:
    """How many were found, for those who hear it."""
    if not count:
        return words("search.nothing", text=clip(text))
    if not exact:
        return words("search.near", text=clip(text), n=count)
    return words("search.more", n=count) if more else words.count("search.found", count)


def _option(number: int, place: Place, text: str, words: Catalogue) -> dict[str, Any]:
    """One suggestion: what tells it from others of its name stands beside it."""
    return {"place": number, "name": place.name, "detail": _detail(place, text, words)}


def _detail(place: Place, text: str, words: Catalogue) -> str:
    if place.kind == "region":
        return words("search.region")
    departement = BY_CODE[place.code]
    if place.kind == "departement":
        return words("search.departement", code=place.code, region=departement.region)
    within = words("search.within", name=departement.name, code=place.code)
    if place.commune:
        return words("search.part", commune=place.commune, within=within)
    typed = [code for code in place.postcodes if code.startswith(text.strip())]
    return " ".join([*(typed or place.postcodes)[:1], within])


def changes(place: Place) -> Mapping[str, str]:
    """Return the parameters of the address that show a place.

    A région has no values of its own: its départements are compared in the ranking.
    """
    if place.kind == "region":
        return {"page": "ranking", "level": "departement", "region": place.code}
    return {"departement": place.code}


def explanation(place: Place, words: Catalogue) -> list[str]:
    """Return a sentence on what is shown, where that is not the place itself."""
    if place.kind in ("region", "departement"):
        return []
    departement = BY_CODE[place.code]
    where = departement.where if words.lang == "fr" else departement.name
    return [words("search.shown", name=place.name, where=where)]
