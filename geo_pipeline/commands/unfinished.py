"""Unfinished work: what `geo-pipeline run --resume` runs again.

It is derived from the snapshot (`monitoring`), so it covers whatever `status` reports.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import dagster as dg

from geo_pipeline.automation.monitoring import snapshot
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import WHOLE
from geo_pipeline.storage.partition_states import BROKEN
from geo_pipeline.territory import CODES

WHY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "failed": "failed",
        "held": "held back by a check",
        "damaged": "with a damaged file",
        "missing": "not written",
        "outdated": "made from files that have changed since",
        "late": "late",
    }
)
"""The reasons in order of precedence, in words that follow a count."""


@dataclass(frozen=True)
class Unfinished:
    """Départements to run again, each with its reason (a key of `WHY`)."""

    reasons: Mapping[str, str]
    whole: bool
    """Whether a table of the whole of France, or the publication, must be made again."""
    is_new: bool = False
    """Whether nothing was ever run here, so that everything must be."""
    any_code: str = field(default=CODES[0], compare=False)
    """A département that has been run: tables of the whole of France are made again with it."""

    @property
    def codes(self) -> list[str]:
        """The départements in order; tables of the whole of France come with any run."""
        if self.is_new:
            return list(CODES)
        return [code for code in CODES if code in self.reasons] or [self.any_code] * self.whole

    def in_words(self) -> str:
        """Return the number for each reason: `2 failed, 1 held back by a check`."""
        if self.is_new:
            return "nothing was run yet: all départements"
        counts = {why: list(self.reasons.values()).count(why) for why in WHY}
        parts = [f"{count} {WHY[why]}" for why, count in counts.items() if count]
        return ", ".join(parts) or "tables of the whole of France or the publication"


def unfinished(settings: Settings, instance: dg.DagsterInstance) -> Unfinished:
    """Return what must be run again."""
    return left(snapshot(settings, instance, datetime.now(UTC)))


def left(taken: Mapping[str, Any]) -> Unfinished:
    """Return what must be run again according to a snapshot."""
    states: dict[str, set[str]] = {}
    for each in taken["troubles"]:
        if each["state"] in BROKEN:
            states.setdefault(each["departement"], set()).add(each["state"])
    whole = states.pop(WHOLE, None) is not None
    whole |= any(each["kind"] == "publication" for each in taken["system"])
    reasons = {code: next(why for why in WHY if why in of) for code, of in states.items()}
    is_new = whole and not reasons and not any(each["files"] for each in taken["tables"])
    known = (each["departement"] for each in taken["departements"] if each["written_at"])
    return Unfinished(reasons, whole, is_new, next(known, CODES[0]))
