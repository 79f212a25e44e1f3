"""Places and dates in alerts: one département, a few, many or all, and since when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from geo_pipeline.publishing.formats import format_date
from geo_pipeline.storage.failures import WHOLE
from geo_pipeline.territory import BY_CODE, CODES
from geo_pipeline.words import Catalogue

NAMES_IN_A_CELL: Final = 12
"""Départements named in one cell of a table; of more only the codes are shown."""


def named(code: str, words: Catalogue) -> str:
    """Return `Gers (32)`, or France; a code that is neither is returned as it is."""
    if code == WHOLE:
        return words("places.france")
    return f"{BY_CODE[code].name} ({code})" if code in BY_CODE else code


def whom(codes: Sequence[str], words: Catalogue) -> str:
    """Return `Gers (32)`, or the number of départements."""
    if len(codes) == 1:
        return named(codes[0], words)
    return words("places.departements", count=len(codes))


def listed(codes: Sequence[str], words: Catalogue) -> str:
    """Return the names of a few départements, the codes of many."""
    if set(codes) == set(CODES):
        return words("places.all", count=len(CODES))
    if len(codes) > NAMES_IN_A_CELL:
        return words("places.codes", count=len(codes), codes=codes)
    return ", ".join(named(code, words) for code in codes)


def moment(iso: str, words: Catalogue) -> str:
    """Return a date, or a date and time, in words."""
    at = datetime.fromisoformat(iso)
    day = format_date(at.date(), words.lang)
    is_day = len(iso) == len("2026-11-23")
    return day if is_day else words("places.moment", day=day, time=f"{at:%H:%M}")
