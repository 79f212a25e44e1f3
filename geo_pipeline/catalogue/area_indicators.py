"""The indicators of area in drought: the share of a département at a class or worse, from cells."""

from collections.abc import Iterator
from typing import Final

from geo_pipeline.catalogue.indicator_record import PERCENT, Indicator
from geo_pipeline.catalogue.styles import STRESS_COLOURS, area_share_bins
from geo_pipeline.words import NBSP, Words

FAMILY: Final = Words("Part du département en sécheresse", "Share of the département in drought")

OF: Final = {
    "combined": Words("sécheresse agricole", "agricultural drought"),
    "spi_3": Words("pluie sur 3 mois", "rain over 3 months"),
    "spei_3": Words("pluie moins évaporation sur 3 mois", "rain less evaporation over 3 months"),
    "sswi": Words("humidité du sol", "soil wetness"),
}
"""Indicators that cells have, as they are named beside a share."""

AT_LEAST: Final = {
    "d1": Words("modérée ou pire (D1)", "moderate or worse (D1)"),
    "d2": Words("grave ou pire (D2)", "severe or worse (D2)"),
    "d3": Words("extrême ou pire (D3)", "extreme or worse (D3)"),
}


def areas() -> Iterator[Indicator]:
    """Shares of the area by indicator, each at three classes or worse."""
    for indicator in OF:
        yield from (_area(indicator, least) for least in AT_LEAST)


def _area(indicator: str, least: str) -> Indicator:
    """Share of a département's area in which an indicator has a class at least so dry."""
    of, drought = OF[indicator], AT_LEAST[least]
    return Indicator(
        key=f"area_pct_{indicator}_{least}",
        group="drought",
        name=Words(
            f"Part du département en sécheresse {drought.fr}{NBSP}: {of.fr}",
            f"Share of the département in {drought.en} drought: {of.en}",
        ),
        short_name=Words(f"en sécheresse {drought.fr}", f"in {drought.en} drought"),
        unit=PERCENT,
        explanation=Words(
            f"Part de la surface du département en sécheresse {drought.fr}, d'après la classe de "
            f"chaque maille de 8{NBSP}km de SIM2 ({of.fr}). Les mailles sans classe ne comptent "
            "pas.",
            f"Share of the département's area in {drought.en} drought, by the class of each cell "
            f"of 8{NBSP}km of SIM2 ({of.en}). Cells without a class do not count.",
        ),
        kind="amount",
        styles=area_share_bins(PERCENT, STRESS_COLOURS),
        value_name=Words("part du département", "share of the département"),
        phrase=Words(
            f"{{}} du département en sécheresse {drought.fr}",
            f"{{}} of the area in {drought.en} drought",
        ),
        dry_is_high=True,
        of_area=True,
        family=FAMILY,
        variant=Words(f"{of.fr}, {drought.fr}", f"{of.en}, {drought.en}"),
    )
