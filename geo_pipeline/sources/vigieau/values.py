"""Values in VigiEau's answers: levels, départements, and what makes one unusable.

An answer is read whole or refused: what is missing from it never reads as "no restriction".
"""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from geo_pipeline.schemas import LEVELS
from geo_pipeline.sources import payload
from geo_pipeline.sources.http import Received
from geo_pipeline.territory import CODES

NAME = "vigieau"

ZONE_TYPES = {"SUP": "surface", "SOU": "groundwater", "AEP": "drinking"}


class UnusableError(Exception):
    """What is wrong with an answer, and in which département."""

    def __init__(self, what: str, departement: str | None = None) -> None:
        super().__init__(what)
        self.departement = departement


@contextmanager
def reading(received: Received) -> Iterator[None]:
    """Turn what is wrong with an answer into the one-line error that names it."""
    try:
        yield
    except UnusableError as error:
        who = f"{NAME}, département {error.departement}" if error.departement else NAME
        advice = (
            "nothing of it was taken: try again later or set GEO_PIPELINE_VIGIEAU_URL or "
            "GEO_PIPELINE_VIGIEAU_DATASET_URL"
        )
        raise payload.unusable(received, who, str(error), advice) from error


def plain_text(text: str) -> str:
    """Return a text without accents or case."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def known_departement(code: Any) -> str:
    """Return an INSEE code."""
    if not isinstance(code, str) or code not in CODES:
        raise UnusableError(f"names an unknown département {code!r}")
    return code


def known_level(level: Any, code: str) -> str | None:
    """Return a level, None for no restriction; `Alerte renforcée` is `alerte_renforcee`."""
    if level is None:
        return None
    known = plain_text(level).strip().replace(" ", "_") if isinstance(level, str) else level
    if known not in LEVELS:
        raise UnusableError(f"has unknown level {level!r} (known: {', '.join(LEVELS)})", code)
    return str(known)


def kind_of(body: Any) -> str:
    """Return in words what JSON value `body` is."""
    names = {"dict": "an object", "list": "a list", "str": "a text"}
    return names.get(type(body).__name__, f"{body!r}"[:30])
