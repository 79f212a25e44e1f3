"""Values in VigiEau's answers: levels, départements, and errors in them.

An answer is read completely or refused: what is missing is never taken for "no restriction".
"""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from geo_pipeline.schemas import LEVELS
from geo_pipeline.sources import payload
from geo_pipeline.sources.faults import nothing_taken
from geo_pipeline.sources.http import Received
from geo_pipeline.territory import CODES
from geo_pipeline.words import Message, message, verbatim

NAME = "vigieau"

ZONE_TYPES = {"SUP": "surface", "SOU": "groundwater", "AEP": "drinking"}


class UnusableError(Exception):
    """What is wrong with an answer, and for which département."""

    def __init__(self, what: Message, departement: str | None = None) -> None:
        super().__init__(what)
        self.departement = departement


@contextmanager
def reading(received: Received) -> Iterator[None]:
    """Turn an error in an answer into the one-line error that names the answer."""
    try:
        yield
    except UnusableError as error:
        who = f"{NAME}, département {error.departement}" if error.departement else NAME
        advice = nothing_taken("GEO_PIPELINE_VIGIEAU_URL", "GEO_PIPELINE_VIGIEAU_DATASET_URL")
        raise payload.unusable(received, who, verbatim(error), advice) from error


def plain_text(text: str) -> str:
    """Return a text without accents or case."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def known_departement(code: Any) -> str:
    """Return a valid INSEE code."""
    if not isinstance(code, str) or code not in CODES:
        raise UnusableError(message("vigieau.unknown_departement", code=repr(code)))
    return code


def known_level(level: Any, code: str) -> str | None:
    """Return a level, None for no restriction; `Alerte renforcée` becomes `alerte_renforcee`."""
    if level is None:
        return None
    known = plain_text(level).strip().replace(" ", "_") if isinstance(level, str) else level
    if known not in LEVELS:
        told = message("vigieau.unknown_level", level=repr(level), known=list(LEVELS))
        raise UnusableError(told, code)
    return str(known)


def kind_of(body: Any) -> Message | str:
    """Return the kind of a JSON value in words."""
    kind = type(body).__name__
    return message(f"json.{kind}") if kind in ("dict", "list", "str") else repr(body)[:30]
