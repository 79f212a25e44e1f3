"""The indicators of water restrictions: shares of the area under a level, and the highest level."""

from collections.abc import Iterator
from typing import Final

from geo_pipeline.catalogue.indicator_record import PERCENT, Indicator
from geo_pipeline.catalogue.styles import (
    RESTRICTION_COLOURS,
    RESTRICTION_LEVELS,
    area_share_bins,
)
from geo_pipeline.words import NBSP, Words

FAMILY: Final = Words("Restrictions d'eau", "Water restrictions")

WATERS: Final = {
    "surface": Words("rivières et lacs", "rivers and lakes"),
    "groundwater": Words("nappes", "groundwater"),
    "drinking": Words("eau potable", "drinking water"),
}
"""Kinds of water with levels of their own, by the name in the columns of the table."""

AT_LEAST: Final = {
    "alerte": Words("en alerte ou plus", "in alert or worse"),
    "alerte_renforcee": Words("en alerte renforcée ou plus", "in heightened alert or worse"),
    "crise": Words("en crise", "in crisis"),
}
"""Levels from which water is limited; vigilance only asks everyone to save it."""


def restrictions() -> Iterator[Indicator]:
    """Limits on the use of water; the shares come first, since they are what a list opens with."""
    for water in WATERS:
        yield from (_restricted_area(water, level) for level in AT_LEAST)
    yield Indicator(
        key="water_restrictions",
        group="restrictions",
        name=Words("Restrictions d'eau, niveau le plus élevé", "Water restrictions, highest level"),
        short_name=Words("restrictions", "restrictions"),
        explanation=Words(
            "Niveau le plus élevé fixé par arrêté quelque part dans le département, pour les "
            f"rivières, les nappes ou l'eau potable{NBSP}: il suffit d'une petite zone.",
            "Highest level set by official order anywhere in the département, for rivers, "
            "groundwater or drinking water: one small zone is enough.",
        ),
        kind="restriction",
        styles=RESTRICTION_LEVELS,
        step="day",
        asset="water_restrictions",
        family=FAMILY,
        variant=Words(
            "niveau le plus élevé quelque part dans le département",
            "highest level anywhere in the département",
        ),
    )


def _restricted_area(water: str, level: str) -> Indicator:
    """Share of a département's area in which a kind of water is limited at least so much."""
    of, in_force = WATERS[water], AT_LEAST[level]
    return Indicator(
        key=f"restricted_area_pct_{water}_{level}",
        group="restrictions",
        name=Words(
            f"Part du département {in_force.fr}{NBSP}: {of.fr}",
            f"Share of the département {in_force.en}: {of.en}",
        ),
        short_name=Words(f"{in_force.fr} ({of.fr})", f"{in_force.en} ({of.en})"),
        unit=PERCENT,
        explanation=Words(
            f"Part de la surface du département {in_force.fr} par arrêté ({of.fr}). Où des zones "
            "se recouvrent, la plus stricte compte.",
            f"Share of the département's area that an official order puts {in_force.en} "
            f"({of.en}). Where zones overlap the strictest counts.",
        ),
        kind="amount",
        styles=area_share_bins(PERCENT, RESTRICTION_COLOURS),
        value_name=Words("part du département", "share of the département"),
        phrase=Words(f"{{}} du département {in_force.fr}", f"{{}} of the area {in_force.en}"),
        step="day",
        asset="water_restrictions",
        over_season="value",
        dry_is_high=True,
        of_area=True,
        family=FAMILY,
        variant=Words(f"{of.fr}, part {in_force.fr}", f"{of.en}, share {in_force.en}"),
    )
