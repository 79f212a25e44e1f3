"""The indicators of crops: their water, warmth and harvests, and harmful days."""

from collections.abc import Iterator
from typing import Final

from geo_pipeline.catalogue.crop_names import CROP_NAMES
from geo_pipeline.catalogue.indicator_record import (
    DAYS,
    DEGREE_DAYS,
    MJ_M2_DAY,
    NO_UNIT,
    PERCENT,
    Computation,
    Indicator,
    computed_by,
)
from geo_pipeline.catalogue.styles import (
    FROM_MEAN,
    MINUS,
    STRESS_COLOURS,
    THIN,
    WARMTH_COLOURS,
    amount_bins,
    anomaly_bins,
)
from geo_pipeline.crops import (
    CEREALS,
    DAYS_AFTER_FLOWERING,
    DAYS_BEFORE_FLOWERING,
    RAINFED,
)
from geo_pipeline.words import NBSP, Words

WITH_YIELDS: Final = tuple(crop for crop in CROP_NAMES if crop != "grassland")
"""Crops of the table `crop_statistics`, which separates permanent and temporary grassland."""

SATISFACTION_EDGES: Final = (0, 50, 60, 80, 95, 99)
"""FAO's classes of the index: crop failure, poor, mediocre, average, good, very good (%)."""

YIELD: Final = Words("Rendement comparé à la moyenne", "Yield against the mean")
SHORTAGE: Final = Words("Manque d'eau", "Shortage of water")
SATISFACTION: Final = Words("Besoin en eau couvert", "Water requirement satisfied")
LIGHT: Final = Words("Lumière autour de la floraison", "Light at flowering")
DEGREE_DAY_SUM: Final = Words("Degrés-jours", "Degree days")
HOT_DAYS: Final = Words("Jours chauds à la fin du cycle", "Hot days on the grain")
"""Families of indicators, one for each crop."""


def crops() -> Iterator[Indicator]:
    """Water of rainfed crops, by month and by season, with their light and warmth."""
    yield _stress(
        "crop_stress_pct",
        Words("toutes les cultures", "all crops"),
        computed_by("crop_shortage.stress_of_all"),
    )
    for crop in RAINFED:
        yield _stress(
            f"crop_stress_pct_{crop}",
            _lower(CROP_NAMES[crop]),
            computed_by("crop_shortage.stress", crop=crop),
            crop,
        )
    yield from (_satisfaction(crop) for crop in RAINFED)
    yield from (_flowering_light(crop) for crop in CEREALS)
    yield from (_degree_days(crop) for crop in (*RAINFED, "grain_maize_irrigated"))


def yields() -> Iterator[Indicator]:
    """Harvests compared with earlier ones."""
    for crop in WITH_YIELDS:
        name = _lower(CROP_NAMES[crop])
        yield Indicator(
            key=f"yield_anomaly_pct_{crop}",
            group="yields",
            crop=crop,
            name=_of_crop(YIELD, name),
            family=YIELD,
            variant=name,
            short_name=Words(
                f"écart de rendement ({name.fr})", f"departure of the yield ({name.en})"
            ),
            unit=PERCENT,
            explanation=Words(
                f"Écart entre le rendement de l'année et la moyenne des 5{NBSP}récoltes "
                f"précédentes, dont 3 au moins sont connues{NBSP}: {MINUS}20{THIN}% veut dire "
                f"20{THIN}% de moins que cette moyenne.",
                "How much more or less the year yielded than the mean of the 5 harvests before it, "
                f"3 of which at least are known: {MINUS}20% means 20% less than that mean.",
            ),
            kind="anomaly",
            styles=anomaly_bins((5, 10, 20, 30), PERCENT, FROM_MEAN),
            value_name=Words("écart à la moyenne", "departure from the mean"),
            phrase=Words(
                f"{{}} sous la moyenne des 5{NBSP}récoltes précédentes",
                "{} below the mean of the 5 harvests before",
            ),
            surplus=Words(
                f"{{}} au-dessus de la moyenne des 5{NBSP}récoltes précédentes",
                "{} above the mean of the 5 harvests before",
            ),
            same=Words(
                f"comme la moyenne des 5{NBSP}récoltes précédentes",
                "as the mean of the 5 harvests before",
            ),
            step="year",
            over_season="value",
            asset="crop_statistics",
        )


def _stress(key: str, of: Words, computation: Computation, crop: str = "") -> Indicator:
    """Unmet demand for water of a crop."""
    return Indicator(
        key=key,
        crop=crop,
        computation=computation,
        group="crops",
        name=_of_crop(SHORTAGE, of),
        family=SHORTAGE,
        variant=of,
        short_name=Words(f"manque d'eau ({of.fr})", f"shortage ({of.en})"),
        unit=PERCENT,
        explanation=Words(
            "Part de l'eau demandée depuis trente jours que le sol n'a pas pu donner, sans "
            "irrigation, pour des dates de culture moyennes et le sol moyen du département.",
            "Share of the water asked for in 30 days that the soil could not give, without "
            "irrigation, for typical dates of the crop and the mean soil of the département.",
        ),
        kind="amount",
        styles=amount_bins((0, 5, 15, 30, 50, 70), PERCENT, STRESS_COLOURS),
        value_name=Words("manque", "shortage"),
        phrase=Words("{} de l'eau demandée manque", "{} of the water asked for is missing"),
        subject=Words("C'est", "It is"),
        dry_is_high=True,
    )


def _satisfaction(crop: str) -> Indicator:
    """Share of its demand for water that a crop got since its season began."""
    name = _lower(CROP_NAMES[crop])
    return Indicator(
        key=f"water_satisfaction_pct_{crop}",
        group="crops",
        crop=crop,
        computation=computed_by("crop_shortage.satisfaction", crop=crop),
        name=_of_crop(SATISFACTION, name),
        family=SATISFACTION,
        variant=name,
        short_name=Words(f"besoin couvert ({name.fr})", f"requirement satisfied ({name.en})"),
        unit=PERCENT,
        explanation=Words(
            "Part de l'eau demandée depuis le début de la saison que la culture a reçue, sans "
            "irrigation et sur le sol moyen du département (indice WRSI de la FAO). Un indice "
            f"d'eau{NBSP}: à comparer aux autres années du même lieu, il ne dit pas le rendement.",
            "Share of the water asked for since the season began that the crop got, without "
            "irrigation and on the mean soil of the département (FAO's WRSI). An index of water: "
            "to be compared with other years of the same place, it tells no yield.",
        ),
        kind="amount",
        styles=amount_bins(SATISFACTION_EDGES, PERCENT, tuple(reversed(STRESS_COLOURS[:6]))),
        value_name=Words("part reçue", "share received"),
        phrase=Words("{} de l'eau demandée reçue", "{} of the water asked for received"),
        over_season="end",
        subject=Words("C'est", "It is"),
    )


def _flowering_light(crop: str) -> Indicator:
    """Light around the flowering of a cereal."""
    name = _lower(CROP_NAMES[crop])
    return Indicator(
        key=f"flowering_light_{crop}",
        group="crops",
        crop=crop,
        computation=computed_by("season.flowering_light", crop=crop),
        name=_of_crop(LIGHT, name),
        family=LIGHT,
        variant=name,
        short_name=Words(f"lumière ({name.fr})", f"light ({name.en})"),
        unit=MJ_M2_DAY,
        explanation=Words(
            f"Rayonnement moyen d'un jour, de {DAYS_BEFORE_FLOWERING} jours avant la floraison à "
            f"{DAYS_AFTER_FLOWERING} jours après, à des dates moyennes{NBSP}: s'il manque, il se "
            "forme moins de grains (2016).",
            f"Mean radiation of a day from {DAYS_BEFORE_FLOWERING} days before flowering to "
            f"{DAYS_AFTER_FLOWERING} days after it, at typical dates: where it lacks fewer grains "
            "are set (2016).",
        ),
        kind="amount",
        styles=amount_bins((0, 10, 12, 14, 16, 18, 20, 22), MJ_M2_DAY, WARMTH_COLOURS),
        decimals=1,
        value_name=Words("rayonnement", "radiation"),
        phrase=Words("{} de rayonnement", "{} of radiation"),
        over_season="end",
        neutral=True,
    )


def _degree_days(crop: str) -> Indicator:
    """Warmth since the start of a crop's season."""
    name = _lower(CROP_NAMES[crop])
    return Indicator(
        key=f"gdd_{crop}",
        group="crops",
        crop=crop,
        computation=computed_by("season.degree_days", crop=crop),
        name=_of_crop(DEGREE_DAY_SUM, name),
        family=DEGREE_DAY_SUM,
        variant=name,
        short_name=Words(f"degrés-jours ({name.fr})", f"degree days ({name.en})"),
        unit=DEGREE_DAYS,
        explanation=Words(
            "Chaleur reçue depuis le début de la saison de la culture, au-dessus de sa "
            "température de base.",
            "Warmth received since the season of the crop began, above its base temperature.",
        ),
        kind="amount",
        styles=amount_bins(
            (0, 250, 500, 1000, 1500, 2000, 2500, 3000), DEGREE_DAYS, WARMTH_COLOURS
        ),
        value_name=Words("somme", "sum"),
        phrase=Words("{} de chaleur", "{} of warmth"),
        over_season="end",
        neutral=True,
    )


def days() -> Iterator[Indicator]:
    """Counts of days, where the weather is daily."""
    yield _day_count(
        "days_since_rain",
        computed_by("season.days_since_rain"),
        Words("Jours depuis la dernière pluie", "Days since the last rain"),
        Words("Depuis le dernier jour d'au moins 1 mm.", "Since the last day with 1 mm."),
        phrase=Words("{} sans pluie", "{} without rain"),
        edges=(0, 3, 7, 10, 15, 20, 30),
        subject=Words("C'est", "It is"),
    )
    yield _day_count(
        "longest_dry_spell_days",
        computed_by("season.longest_dry_spell"),
        Words("Plus longue période sèche en 90 jours", "Longest dry spell in 90 days"),
        Words(
            "Jours de suite à moins de 1 mm, parmi les 90 derniers.",
            "Days in a row with less than 1 mm, among the last 90.",
        ),
        phrase=Words("{} de suite sans pluie", "{} in a row without rain"),
        edges=(0, 5, 10, 15, 20, 30, 45),
        subject=Words("C'est", "It is"),
    )
    for crop in CEREALS:
        name = _lower(CROP_NAMES[crop])
        yield _day_count(
            f"hot_days_{crop}",
            computed_by("season.hot_days", crop=crop),
            _of_crop(HOT_DAYS, name),
            Words(
                f"Jours à plus de 25{NBSP}°C depuis la floraison, qui échaudent le grain.",
                f"Days above 25{NBSP}°C since flowering, which shrivel the grain.",
            ),
            phrase=Words(f"{{}} de plus de 25{NBSP}°C", f"{{}} above 25{NBSP}°C"),
            edges=(0, 1, 5, 10, 15, 20, 30),
            crop=crop,
            family=HOT_DAYS,
            variant=name,
        )
    yield _day_count(
        "frost_days_vineyard",
        computed_by("season.frost_days", crop="vineyard"),
        Words("Gelées après le débourrement de la vigne", "Frosts after bud break: vineyard"),
        Words(
            "Jours de gel depuis la date moyenne du débourrement.",
            "Days with frost since the typical date of bud break.",
        ),
        phrase=Words("{} de gel", "{} with frost"),
        edges=(0, 1, 2, 3, 5, 7, 10),
        crop="vineyard",
    )


def _day_count(
    key: str,
    computation: Computation,
    name: Words,
    explanation: Words,
    *,
    phrase: Words,
    edges: tuple[float, ...],
    subject: Words | None = None,
    crop: str = "",
    family: Words | None = None,
    variant: Words = NO_UNIT,
) -> Indicator:
    """A count of days; one that counts from the first day has a separate class for none."""
    daily = Words(
        f"Il faut des données quotidiennes{NBSP}: rien n'est montré où elles sont par dix jours.",
        "Needs data by day: nothing is shown where they are by ten days.",
    )
    none = Words("aucun", "none") if edges[1] == 1 else None
    return Indicator(
        key=key,
        group="days",
        crop=crop,
        computation=computation,
        name=name,
        family=family,
        variant=variant,
        short_name=_lower(name),
        unit=DAYS,
        explanation=Words(f"{explanation.fr} {daily.fr}", f"{explanation.en} {daily.en}"),
        kind="amount",
        styles=amount_bins(edges, DAYS, STRESS_COLOURS, none=none, whole=True),
        value_name=Words("nombre de jours", "number of days"),
        phrase=phrase,
        subject=subject,
        dry_is_high=True,
    )


def _of_crop(family: Words, crop: Words) -> Words:
    """The name of the member of a family that is of one crop."""
    return Words(f"{family.fr}{NBSP}: {crop.fr}", f"{family.en}: {crop.en}")


def _lower(words: Words) -> Words:
    """The words as written inside a sentence."""
    return Words(words.fr[:1].lower() + words.fr[1:], words.en[:1].lower() + words.en[1:])
