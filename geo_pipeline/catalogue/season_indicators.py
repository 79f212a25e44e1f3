"""The indicators of a season: sums since the first of September, and the excess of water."""

from collections.abc import Iterator

from geo_pipeline.catalogue.indicator_record import MM, Computation, Indicator, computed_by
from geo_pipeline.catalogue.styles import RAIN_COLOURS, amount_bins, anomaly_bins
from geo_pipeline.words import NBSP, Words


def since_september() -> Iterator[Indicator]:
    """Sums since the first of September, and their departure from the normal."""
    for key, what, told in (
        ("precip", Words("Pluie", "Rain"), Words("de pluie", "of rain")),
        (
            "balance",
            Words("Pluie moins évaporation", "Rain less evaporation"),
            Words("de bilan pluie moins évaporation", "of rain less evaporation"),
        ),
    ):
        yield _season_total(key, what, told)
        yield _season_departure(key, what, told)


def _since_september(what: Words) -> Words:
    return Words(f"{what.fr} depuis le 1er septembre", f"{what.en} since 1 September")


def _season_total(key: str, what: Words, told: Words) -> Indicator:
    """A sum since 1 September."""
    return Indicator(
        key=f"season_{key}_mm",
        group="season",
        computation=computed_by(f"season.{key}"),
        name=_since_september(what),
        short_name=Words(f"{what.fr.lower()} (saison)", f"{what.en.lower()} (season)"),
        unit=MM,
        explanation=Words(
            "Cumul depuis le 1er septembre, début de l'année agricole.",
            "Sum since 1 September, when the cropping year begins.",
        ),
        family=_since_september(what),
        variant=Words("cumul, en mm", "sum, in mm"),
        kind="amount",
        styles=amount_bins((0, 100, 200, 300, 400, 600, 800, 1000), MM, RAIN_COLOURS)
        if key == "precip"
        else amount_bins(
            (0, 50, 100, 200, 300, 400, 600, 800),
            MM,
            RAIN_COLOURS,
            none=Words(f"moins de 50{NBSP}mm, ou négatif", f"less than 50{NBSP}mm, or negative"),
        ),
        value_name=Words("cumul", "sum"),
        phrase=Words("{} " + told.fr, "{} " + told.en),
        over_season="end",
        subject=Words("Depuis le 1er septembre, c'est", "Since 1 September it is"),
    )


def _season_departure(key: str, what: Words, told: Words) -> Indicator:
    """The same minus its normal on that date."""
    return Indicator(
        key=f"season_{key}_departure_mm",
        group="season",
        computation=computed_by(f"season.{key}_departure"),
        name=Words(
            f"{what.fr} depuis le 1er septembre, écart à la normale",
            f"{what.en} since 1 September, against the normal",
        ),
        short_name=Words(f"écart ({what.fr.lower()})", f"departure ({what.en.lower()})"),
        unit=MM,
        explanation=Words(
            "Cumul depuis le 1er septembre, moins sa normale à la même date.",
            "Sum since 1 September, less what is normal at the same date.",
        ),
        family=_since_september(what),
        variant=Words("écart à la normale, en mm", "departure from normal, in mm"),
        kind="anomaly",
        styles=anomaly_bins((25, 50, 100, 200), MM),
        value_name=Words("écart à la normale", "departure from normal"),
        phrase=Words(f"{{}} {told.fr} en moins que la normale", f"{{}} {told.en} less than normal"),
        surplus=Words(f"{{}} {told.fr} en plus que la normale", f"{{}} {told.en} more than normal"),
        over_season="end",
    )


def excess() -> Iterator[Indicator]:
    """Rain that neither air nor crops can take up."""
    yield _season_excess(
        "winter_excess_mm",
        computed_by("season.winter_excess"),
        Words("de l'hiver", "in winter"),
        Words("1er décembre à fin février", "1 December to the end of February"),
    )
    yield _season_excess(
        "spring_excess_mm",
        computed_by("season.spring_excess"),
        Words("du printemps", "in spring"),
        Words("1er mars à fin juin", "1 March to the end of June"),
    )


def _season_excess(key: str, computation: Computation, season: Words, months: Words) -> Indicator:
    """Rain beyond what the air can take up, since the season began."""
    family = Words("Excès d'eau", "Excess of water")
    name = Words(f"{family.fr} {season.fr}", f"{family.en} {season.en}")
    return Indicator(
        key=key,
        group="balance",
        computation=computation,
        name=name,
        family=family,
        variant=season,
        short_name=Words(name.fr.lower(), name.en.lower()),
        unit=MM,
        explanation=Words(
            f"Pluie au-delà de ce que l'air pouvait reprendre, tous les dix jours, du {months.fr}"
            f"{NBSP}: un sol saturé étouffe les racines et favorise les maladies.",
            f"Rain beyond what the air could take up, every ten days, from {months.en}: a soil "
            "full of water stifles roots and brings diseases.",
        ),
        kind="amount",
        styles=amount_bins((0, 25, 50, 100, 150, 200, 300, 400), MM, RAIN_COLOURS),
        value_name=Words("cumul", "sum"),
        phrase=Words("{} d'eau en excès", "{} of water in excess"),
        over_season="end",
        subject=Words("C'est", "It is"),
    )
