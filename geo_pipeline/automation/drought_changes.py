"""Changes between two publications: the state of a département before, and now."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from geo_pipeline.catalogue.styles import DROUGHT_CLASSES, RESTRICTION_LEVELS
from geo_pipeline.publishing.certainty import ClassCertainty
from geo_pipeline.publishing.legend import IN_DROUGHT

CLASSES: Final = {style.code: style for style in DROUGHT_CLASSES}
LEVELS: Final = {style.code: style for style in RESTRICTION_LEVELS}
CLASS_RANK: Final = {code: rank for rank, code in enumerate(CLASSES)}
"""0 for the driest class."""
LEVEL_RANK: Final = {code: rank for rank, code in enumerate(LEVELS)}
"""0 for the strictest level."""


class DroughtState(NamedTuple):
    """State of a département: class and level, each with its date; None where not known."""

    drought_class: str | None = None
    period_end: str | None = None
    level: str | None = None
    restricted_on: str | None = None


@dataclass(frozen=True)
class Change:
    """A département whose state differs from that of the last look."""

    code: str
    was: DroughtState
    now: DroughtState
    provisional: bool
    archive: bool
    certainty: ClassCertainty | None = None
    """How sure the class is now."""

    @property
    def worse(self) -> bool:
        """Whether the class is worse than before, and at least D1."""
        was, now = self.was.drought_class, self.now.drought_class
        known = was is not None and now in IN_DROUGHT
        return known and CLASS_RANK[str(now)] < CLASS_RANK[str(was)]

    @property
    def raised(self) -> bool:
        """Whether restrictions are stricter than before."""
        was, now = self.was.level, self.now.level
        return was is not None and now is not None and LEVEL_RANK[now] < LEVEL_RANK[was]

    @property
    def over(self) -> bool:
        """Whether the département was in drought and is back to normal."""
        was, now = self.was.drought_class, self.now.drought_class
        back = now is not None and CLASS_RANK[now] >= CLASS_RANK["normal"]
        return was in IN_DROUGHT and back

    @property
    def lifted(self) -> bool:
        """Whether there were restrictions and there are none now."""
        return self.was.level not in (None, "none") and self.now.level == "none"
