"""The order by which a zone is restricted, as VigiEau's GeoJSON file tells it with the zone.

What it does not tell, or tells in a way that cannot be read, is None: the level of the zone, which
`zones` reads, is in force all the same.
"""

from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

ORDER_COLUMNS: Final = ("order", "order_url", "first_day", "last_day", "farming")
"""Number and address of the order, its days, and its rules for farms: pairs of use and rule."""

LONGEST_RULE: Final = 600
"""Letters of a rule that are kept: some orders repeat their whole annex for each use."""

_WATER_OF: Final = {"SUP": "concerneEsu", "SOU": "concerneEso", "AEP": "concerneAep"}
"""The mark of a use of water, by the type of zone that it must have."""


def order_of(properties: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return `ORDER_COLUMNS` of a zone of the type `kind` (`SUP`, `SOU`, `AEP`).

    Names are those of VigiEau's own file, or of files derived from it, which have no rules.
    """
    own = properties.get("arreteRestriction")
    of = own if isinstance(own, dict) else {}
    return {
        "order": _text(of.get("numero", properties.get("arrete_numero"))),
        "order_url": _address(of.get("fichier")),
        "first_day": _day(of.get("dateDebut", properties.get("debut"))),
        "last_day": _day(of.get("dateFin", properties.get("fin"))),
        "farming": _farming(properties.get("restrictions"), kind),
    }


def _text(value: Any) -> str | None:
    """Return a text with single spaces, None where there is none."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return text or None


def _address(value: Any) -> str | None:
    """Return the address of a document on the web."""
    text = _text(value)
    return text if text and urlsplit(text).scheme in ("http", "https") else None


def _day(value: Any) -> str | None:
    """Return an ISO day."""
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        return None


def _farming(uses: Any, kind: str) -> list[tuple[str, str]] | None:
    """Return the rules for farms, None where the file has no list of uses."""
    if not isinstance(uses, list):
        return None
    rules = []
    for use in uses:
        if not isinstance(use, dict) or not use.get("concerneExploitation"):
            continue
        name, rule = _text(use.get("nom")), _text(use.get("description"))
        if name and rule and use.get(_WATER_OF[kind], True):
            rules.append((name, rule[:LONGEST_RULE]))
    return rules
