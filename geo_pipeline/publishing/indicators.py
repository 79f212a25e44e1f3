"""What each published indicator means to a reader: names, units, legends, explanations.

The keys are those of the column `indicator`; `water_restrictions` stands beside them. In the order
in which a reader is offered them, by group.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from geo_pipeline.crops import CEREALS, RAINFED, WITH_YIELD_RESPONSE
from geo_pipeline.publishing.styles import (
    DROUGHT_CLASSES,
    DRYING,
    FROM_MEAN,
    MINUS,
    RAIN_COLOURS,
    RESTRICTION_LEVELS,
    STAGES,
    STRESS_COLOURS,
    THIN,
    WARMTH_COLOURS,
    ClassStyle,
    Words,
    amount_bins,
    anomaly_bins,
)
from geo_pipeline.words import NBSP

Kind = Literal["class", "stage", "amount", "anomaly", "restriction"]
Group = Literal[
    "drought", "rain", "balance", "soil", "season", "crops", "yields", "days", "restrictions"
]
Step = Literal["day", "dekad", "year"]

GROUPS: Final[Mapping[Group, Words]] = MappingProxyType(
    {
        "drought": Words("Sécheresse", "Drought"),
        "rain": Words("Pluie", "Rain"),
        "balance": Words("Pluie moins évaporation", "Rain less evaporation"),
        "soil": Words("Sol", "Soil"),
        "season": Words("Depuis le 1er septembre", "Since 1 September"),
        "crops": Words("Cultures", "Crops"),
        "yields": Words("Rendements", "Yields"),
        "days": Words("Jours secs, chauds, froids", "Dry, hot and cold days"),
        "restrictions": Words("Restrictions d'eau", "Water restrictions"),
    }
)

CROP_NAMES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "soft_wheat": Words("Blé tendre", "Soft wheat"),
        "durum_wheat": Words("Blé dur", "Durum wheat"),
        "winter_barley": Words("Orge d'hiver", "Winter barley"),
        "winter_rapeseed": Words("Colza d'hiver", "Winter rapeseed"),
        "triticale": Words("Triticale", "Triticale"),
        "grain_maize": Words("Maïs grain", "Grain maize"),
        "grain_maize_irrigated": Words("Maïs grain irrigué", "Grain maize, irrigated"),
        "grain_maize_rainfed": Words("Maïs grain non irrigué", "Grain maize, rainfed"),
        "silage_maize": Words("Maïs fourrage", "Silage maize"),
        "sunflower": Words("Tournesol", "Sunflower"),
        "soybean": Words("Soja", "Soybean"),
        "sugar_beet": Words("Betterave sucrière", "Sugar beet"),
        "potato": Words("Pomme de terre", "Potato"),
        "vineyard": Words("Vigne", "Vineyard"),
        "grassland": Words("Prairie", "Grassland"),
        "permanent_grassland": Words("Prairie permanente", "Permanent grassland"),
        "temporary_grassland": Words("Prairie temporaire", "Temporary grassland"),
    }
)

CROP_STAGE_NAMES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "initial": Words("début de cycle", "early season"),
        "development": Words("croissance", "growth"),
        "mid": Words("mi-saison", "mid-season"),
        "late": Words("fin de cycle", "late season"),
    }
)
"""FAO-56's stages of a crop's season, as they stand within a sentence."""

CROP_PERIOD_NAMES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "vegetative": Words("phase végétative", "vegetative growth"),
        "flowering": Words("floraison", "flowering"),
        "yield_formation": Words("formation de la récolte", "yield formation"),
        "ripening": Words("maturation", "ripening"),
    }
)
"""FAO-33's periods of yield response, alike; `crop_period_name` has those of one crop."""

_TUBERS: Final = Words("début de la tubérisation", "tuber initiation")

MM: Final = Words("mm", "mm")
PERCENT: Final = Words("%", "%")
SPREADS: Final = Words("σ", "σ")
DAYS: Final = Words("jours", "days")
DEKADS: Final = Words("décades", "dekads")
DEGREE_DAYS: Final = Words("degrés-jours", "degree days")
NO_UNIT: Final = Words("", "")
VALUE: Final = Words("valeur", "value")
AS_IT_IS: Final = Words("{}", "{}")
AS_NORMAL: Final = Words("comme la normale", "as normal")
BELOW_NORMAL: Final = (
    Words("est au-dessous de la normale", "is below normal"),
    Words("sont au-dessous de la normale", "are below normal"),
)

WITH_YIELDS: Final = tuple(crop for crop in CROP_NAMES if crop != "grassland")
"""Crops of the table `crop_statistics`, which has permanent and temporary grassland apart."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """What a table's `indicator` column means to a reader."""

    key: str
    group: Group
    name: Words
    short_name: Words
    unit: Words
    explanation: Words
    kind: Kind
    styles: tuple[ClassStyle, ...]
    decimals: int = 0
    months: int | None = None
    value_name: Words = VALUE
    subject: Words | None = None
    """What is drier or wetter, as a sentence begins; None where the rain itself is told."""
    phrase: Words = AS_IT_IS
    """How an amount is told; of a departure its size, without a sign."""
    surplus: Words = AS_IT_IS
    """How a departure above the normal is told, where `phrase` tells one below it."""
    same: Words = AS_NORMAL
    """How no departure is told."""
    below: tuple[Words, Words] = BELOW_NORMAL
    """How one département, and how several, are told whose departure is below `below_from`."""
    below_from: float = 0.0
    step: Step = "dekad"
    """What its periods are; the last dekad of a month stands for the month."""
    asset: str = "weather_daily"
    """Whose providers are to be named: the observations that it rests on."""
    dry_is_high: bool = False
    """True when a large value is the dry one."""
    standardised: bool = False
    """True when the value is an index with 0 for usual, false when the class has another value."""

    @property
    def by_class(self) -> bool:
        """True when the row's class decides the colour, false when its value does."""
        return self.kind in ("class", "stage", "restriction")


def crop_period_name(crop: str, period: str) -> Words:
    """Name of a period of yield response of `crop`, as it stands within a sentence.

    What is flowering of other crops is the late vegetative period of the potato, when tubers begin.
    """
    return _TUBERS if (crop, period) == ("potato", "flowering") else CROP_PERIOD_NAMES[period]


def _spi(months: int) -> Indicator:
    """The same rain index over `months` months; only the length changes the words."""
    many = months > 1
    return Indicator(
        key=f"spi_{months}",
        group="rain",
        name=Words(
            f"Pluie sur {months} mois" if many else "Pluie du mois",
            f"Rain over {months} months" if many else "Rain of the month",
        ),
        short_name=Words(f"SPI {months} mois", f"SPI {months} month{'s' if many else ''}"),
        unit=NO_UNIT,
        explanation=Words(
            f"Compare la pluie {f'des {months} derniers mois' if many else 'du mois'} à celle des "
            "mêmes dates les autres années.",
            f"Compares the rain of {f'the last {months} months' if many else 'the month'} with the "
            "same dates in other years.",
        ),
        kind="class",
        styles=DROUGHT_CLASSES,
        decimals=2,
        months=months,
        value_name=Words("indice SPI", "SPI index"),
        standardised=True,
    )


def _spei(months: int) -> Indicator:
    """Rain less evaporation over `months` months; only the length changes the words."""
    many = months > 1
    return Indicator(
        key=f"spei_{months}",
        group="balance",
        name=Words(
            f"Pluie moins évaporation sur {months} mois" if many else "Pluie moins évaporation",
            f"Rain less evaporation over {months} months" if many else "Rain less evaporation",
        ),
        short_name=Words(f"SPEI {months} mois", f"SPEI {months} month{'s' if many else ''}"),
        unit=NO_UNIT,
        explanation=Words(
            "Compare la pluie, moins l'eau que le temps qu'il fait peut évaporer, "
            f"{f'des {months} derniers mois' if many else 'du mois'} à celle des mêmes dates les "
            "autres années.",
            f"Compares rain less the water that the weather can evaporate, of "
            f"{f'the last {months} months' if many else 'the month'}, with the same dates in "
            "other years.",
        ),
        kind="class",
        styles=DROUGHT_CLASSES,
        decimals=2,
        months=months,
        value_name=Words("indice SPEI", "SPEI index"),
        subject=Words(
            f"{f'Sur {months}{NBSP}mois' if many else 'Sur le mois'}, le bilan pluie moins "
            "évaporation est",
            f"{f'Over {months} months' if many else 'Over the month'}, rain less evaporation is",
        ),
        standardised=True,
    )


def _drought() -> Iterator[Indicator]:
    """What rain, soil and crops say together."""
    yield Indicator(
        key="combined",
        group="drought",
        name=Words("Sécheresse agricole", "Agricultural drought"),
        short_name=Words("sécheresse", "drought"),
        unit=NO_UNIT,
        explanation=Words(
            "Réunit la pluie de 3 mois, le bilan pluie moins évaporation de 6 mois et l'humidité "
            "du sol en une seule note, de 0 (le plus humide) à 100 (le plus sec).",
            "Brings the rain of 3 months, rain less evaporation of 6 months and the wetness of the "
            "soil together in one score, from 0 (wettest) to 100 (driest).",
        ),
        kind="class",
        styles=DROUGHT_CLASSES,
        value_name=Words("note sur 100", "score out of 100"),
    )
    yield Indicator(
        key="cdi",
        group="drought",
        name=Words("Stade de la sécheresse", "Stage of the drought"),
        short_name=Words("stade", "stage"),
        unit=NO_UNIT,
        explanation=Words(
            "De la pluie au sol puis aux cultures, d'après l'indicateur combiné de l'Observatoire "
            "européen de la sécheresse ; le manque d'eau des cultures y remplace l'image "
            "satellite de la végétation.",
            "From rain to soil to crops, after the combined indicator of the European Drought "
            "Observatory; the crops' shortage of water stands in for the satellite's view of "
            "vegetation.",
        ),
        kind="stage",
        styles=STAGES,
    )
    yield Indicator(
        key="drought_age_dekads",
        group="drought",
        name=Words("Durée de la sécheresse", "Age of the drought"),
        short_name=Words("durée", "age"),
        unit=DEKADS,
        explanation=Words(
            "Décades depuis le début de la sécheresse en cours, tant qu'elle n'est pas revenue à "
            "la moyenne.",
            "Dekads since the drought under way began, as long as it is not back to the mean.",
        ),
        kind="amount",
        styles=amount_bins(
            (0, 1, 4, 10, 19, 37),
            DEKADS,
            STRESS_COLOURS,
            none=Words("pas de sécheresse en cours", "no drought under way"),
            whole=True,
        ),
        value_name=Words("durée", "age"),
        phrase=Words("sécheresse depuis {}", "drought for {}"),
        dry_is_high=True,
    )


def _rain() -> Iterator[Indicator]:
    """Rain as it fell, and against other years."""
    yield Indicator(
        key="precip_mm",
        group="rain",
        name=Words("Pluie tombée dans le mois", "Rainfall of the month"),
        short_name=Words("pluie", "rain"),
        unit=MM,
        explanation=Words(
            "Hauteur de pluie tombée pendant la période, en moyenne sur le département.",
            "Depth of rain fallen over the period, averaged over the département.",
        ),
        kind="amount",
        styles=amount_bins((0, 10, 25, 50, 75, 100, 150, 200), MM, RAIN_COLOURS),
        phrase=Words("{} de pluie", "{} of rain"),
        months=1,
        value_name=Words("pluie", "rain"),
    )
    yield Indicator(
        key="precip_anomaly_pct",
        group="rain",
        name=Words("Pluie du mois comparée à la normale", "Rain against the normal"),
        short_name=Words("écart de pluie", "rain anomaly"),
        unit=PERCENT,
        explanation=Words(
            f"Écart entre la pluie du mois et la normale{NBSP}: {MINUS}40{THIN}% "
            f"veut dire 40{THIN}% de pluie en moins.",
            f"How much more or less rain than normal: {MINUS}40% means 40% less rain.",
        ),
        kind="anomaly",
        styles=anomaly_bins((10, 25, 50, 75), PERCENT),
        phrase=Words("{} de pluie en moins que la normale", "{} less rain than normal"),
        surplus=Words("{} de pluie en plus que la normale", "{} more rain than normal"),
        months=1,
        value_name=Words("écart à la normale", "departure from normal"),
    )
    yield from (_spi(months) for months in (1, 3, 6, 12))


def _soil() -> Iterator[Indicator]:
    """Water of the soil."""
    yield Indicator(
        key="swi",
        group="soil",
        name=Words("Humidité du sol", "Soil wetness"),
        short_name=Words("sol", "soil"),
        unit=NO_UNIT,
        explanation=Words(
            "Eau du sol sous prairie, de 0 (les plantes n'en trouvent plus) à 1 (plein), "
            "moyenne du mois, calculée par un bilan hydrique.",
            "Water of the soil under grass, from 0 (none left for plants) to 1 (full), "
            "mean of the month, from a water balance.",
        ),
        kind="class",
        styles=DROUGHT_CLASSES,
        decimals=2,
        value_name=Words("humidité de 0 à 1", "wetness from 0 to 1"),
        subject=Words("Le sol est", "The soil is"),
    )
    yield Indicator(
        key="sswi",
        group="soil",
        name=Words("Humidité du sol, indice", "Soil wetness, index"),
        short_name=Words("SSWI", "SSWI"),
        unit=NO_UNIT,
        explanation=Words(
            "Compare l'eau du sol sous prairie à celle du même mois les autres années.",
            "Compares the water of the soil under grass with the same month of other years.",
        ),
        kind="class",
        styles=DROUGHT_CLASSES,
        decimals=2,
        value_name=Words("indice SSWI", "SSWI index"),
        subject=Words("Le sol est", "The soil is"),
        standardised=True,
    )


def _flash() -> Iterator[Indicator]:
    """How fast the soil dries, against how fast it usually does."""
    for dekads in (2, 4):
        yield Indicator(
            key=f"swi_change_{dekads}",
            group="soil",
            name=Words(
                f"Assèchement rapide du sol, {dekads} décades", f"Flash drought, {dekads} dekads"
            ),
            short_name=Words(f"assèchement, {dekads} décades", f"drying, {dekads} dekads"),
            unit=SPREADS,
            explanation=Words(
                f"Compare le changement de l'humidité du sol en {dekads} décades à celui des "
                "mêmes dates les autres années, en écarts-types (σ, l'écart habituel d'une année "
                f"à l'autre){NBSP}: {MINUS}2{NBSP}σ, c'est un sol qui s'assèche bien plus vite "
                "que d'habitude, une sécheresse éclair.",
                f"Compares the change of soil wetness in {dekads} dekads with the same dates in "
                "other years, in standard deviations (σ, what years usually differ by): "
                f"{MINUS}2{NBSP}σ is a soil that dries far faster than usual, a flash drought.",
            ),
            kind="anomaly",
            styles=anomaly_bins((1, 1.5, 2, 2.5), SPREADS, DRYING),
            decimals=1,
            value_name=Words("écart au changement habituel", "departure from the usual change"),
            phrase=Words(
                "sol qui s'assèche plus vite que d'habitude, de {}",
                "soil drying faster than usual, by {}",
            ),
            surplus=Words(
                "sol qui s'assèche moins vite que d'habitude, de {}",
                "soil drying less fast than usual, by {}",
            ),
            same=Words("sol qui change comme d'habitude", "soil changing as usual"),
            below=(
                Words("s'assèche bien plus vite que d'habitude", "is drying far faster than usual"),
                Words(
                    "s'assèchent bien plus vite que d'habitude", "are drying far faster than usual"
                ),
            ),
            below_from=-1.0,
        )


def _season() -> Iterator[Indicator]:
    """Sums since the first of September, and their departure from the normal."""
    for key, what, told in (
        ("precip", Words("Pluie", "Rain"), Words("de pluie", "of rain")),
        (
            "balance",
            Words("Pluie moins évaporation", "Rain less evaporation"),
            Words("de bilan pluie moins évaporation", "of rain less evaporation"),
        ),
    ):
        yield Indicator(
            key=f"season_{key}_mm",
            group="season",
            name=Words(f"{what.fr} depuis le 1er septembre", f"{what.en} since 1 September"),
            short_name=Words(f"{what.fr.lower()} (saison)", f"{what.en.lower()} (season)"),
            unit=MM,
            explanation=Words(
                "Cumul depuis le 1er septembre, début de l'année agricole.",
                "Sum since 1 September, when the cropping year begins.",
            ),
            kind="amount",
            styles=amount_bins((0, 100, 200, 300, 400, 600, 800, 1000), MM, RAIN_COLOURS)
            if key == "precip"
            else amount_bins(
                (0, 50, 100, 200, 300, 400, 600, 800),
                MM,
                RAIN_COLOURS,
                none=Words(
                    f"moins de 50{NBSP}mm, ou négatif", f"less than 50{NBSP}mm, or negative"
                ),
            ),
            value_name=Words("cumul", "sum"),
            phrase=Words("{} " + told.fr, "{} " + told.en),
            subject=Words("Depuis le 1er septembre, c'est", "Since 1 September it is"),
        )
        yield Indicator(
            key=f"season_{key}_departure_mm",
            group="season",
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
            kind="anomaly",
            styles=anomaly_bins((25, 50, 100, 200), MM),
            value_name=Words("écart à la normale", "departure from normal"),
            phrase=Words(
                f"{{}} {told.fr} en moins que la normale", f"{{}} {told.en} less than normal"
            ),
            surplus=Words(
                f"{{}} {told.fr} en plus que la normale", f"{{}} {told.en} more than normal"
            ),
        )


def _crops() -> Iterator[Indicator]:
    """Shortage of water of crops that live on rain, by month and by season, and their warmth."""
    yield _stress("crop_stress_pct", Words("cultures", "crops"))
    for crop in RAINFED:
        yield _stress(f"crop_stress_pct_{crop}", _lower(CROP_NAMES[crop]))
    for crop in WITH_YIELD_RESPONSE:
        name = _lower(CROP_NAMES[crop])
        yield Indicator(
            key=f"season_shortage_pct_{crop}",
            group="crops",
            name=Words(
                f"Manque d'eau de la saison{NBSP}: {name.fr}",
                f"Shortage of water of the season: {name.en}",
            ),
            short_name=Words(f"manque d'eau, saison ({name.fr})", f"shortage, season ({name.en})"),
            unit=PERCENT,
            explanation=Words(
                "Eau qui a manqué à la culture, sans irrigation et sur un sol moyen, pendant les "
                "stades déjà finis, chacun pesé selon sa sensibilité (coefficients de la FAO). À "
                f"comparer aux autres années du même lieu{NBSP}: ce n'est pas une baisse de "
                "récolte.",
                "Water that the crop lacked, without irrigation and on a typical soil, in the "
                "stages that are over, each weighed by its sensitivity (the FAO's factors). To be "
                "compared with other years of the same place: it is no drop of the harvest.",
            ),
            kind="amount",
            styles=amount_bins((0, 5, 10, 20, 30, 50), PERCENT, STRESS_COLOURS),
            value_name=Words("manque", "shortage"),
            phrase=Words("{} d'eau en moins sur la saison", "{} less water over the season"),
            subject=Words("C'est", "It is"),
            dry_is_high=True,
        )
    for crop in (*RAINFED, "grain_maize_irrigated"):
        name = _lower(CROP_NAMES[crop])
        yield Indicator(
            key=f"gdd_{crop}",
            group="crops",
            name=Words(f"Degrés-jours{NBSP}: {name.fr}", f"Degree days: {name.en}"),
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
        )


def _yields() -> Iterator[Indicator]:
    """Harvests against those before them."""
    for crop in WITH_YIELDS:
        name = _lower(CROP_NAMES[crop])
        yield Indicator(
            key=f"yield_anomaly_pct_{crop}",
            group="yields",
            name=Words(
                f"Rendement comparé à la moyenne{NBSP}: {name.fr}",
                f"Yield against the mean: {name.en}",
            ),
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
            asset="crop_statistics",
        )


def _stress(key: str, of: Words) -> Indicator:
    """What a crop lacks of the water it asks for."""
    return Indicator(
        key=key,
        group="crops",
        name=Words(f"Manque d'eau{NBSP}: {of.fr}", f"Shortage of water: {of.en}"),
        short_name=Words(f"manque d'eau ({of.fr})", f"shortage ({of.en})"),
        unit=PERCENT,
        explanation=Words(
            "Part de l'eau demandée depuis trois décades que le sol n'a pas pu donner, sans "
            "irrigation, pour des dates de culture et un sol moyens.",
            "Share of the water asked for in three dekads that the soil could not give, without "
            "irrigation, for typical dates of the crop and a typical soil.",
        ),
        kind="amount",
        styles=amount_bins((0, 5, 15, 30, 50, 70), PERCENT, STRESS_COLOURS),
        value_name=Words("manque", "shortage"),
        phrase=Words("{} de l'eau demandée manque", "{} of the water asked for is missing"),
        subject=Words("C'est", "It is"),
        dry_is_high=True,
    )


def _days() -> Iterator[Indicator]:
    """Counts of days, where the weather is daily."""
    daily = Words(
        "Il faut des données jour par jour : rien n'est montré où elles sont par décade.",
        "Needs data by day: nothing is shown where they are by dekad.",
    )
    told: tuple[tuple[str, Words, Words, Words, tuple[float, ...], bool], ...] = (
        (
            "days_since_rain",
            Words("Jours depuis la dernière pluie", "Days since the last rain"),
            Words("Depuis le dernier jour d'au moins 1 mm.", "Since the last day with 1 mm."),
            Words("{} sans pluie", "{} without rain"),
            (0, 3, 7, 10, 15, 20, 30),
            True,
        ),
        (
            "longest_dry_spell_days",
            Words("Plus longue période sèche en 90 jours", "Longest dry spell in 90 days"),
            Words(
                "Jours de suite à moins de 1 mm, parmi les 90 derniers.",
                "Days in a row with less than 1 mm, among the last 90.",
            ),
            Words("{} de suite sans pluie", "{} in a row without rain"),
            (0, 5, 10, 15, 20, 30, 45),
            True,
        ),
        *(
            (
                f"hot_days_{crop}",
                Words(
                    f"Jours chauds à la fin du cycle{NBSP}: {_lower(CROP_NAMES[crop]).fr}",
                    f"Hot days on the grain: {_lower(CROP_NAMES[crop]).en}",
                ),
                Words(
                    f"Jours à plus de 25{NBSP}°C depuis la floraison, qui échaudent le grain.",
                    f"Days above 25{NBSP}°C since flowering, which shrivel the grain.",
                ),
                Words("{} de plus de 25 °C", "{} above 25 °C"),
                (0, 1, 5, 10, 15, 20, 30),
                False,
            )
            for crop in CEREALS
        ),
        (
            "frost_days_vineyard",
            Words("Gelées après le débourrement de la vigne", "Frosts after bud break: vineyard"),
            Words(
                "Jours de gel depuis la date moyenne du débourrement.",
                "Days with frost since the typical date of bud break.",
            ),
            Words("{} de gel", "{} with frost"),
            (0, 1, 2, 3, 5, 7, 10),
            False,
        ),
    )
    for key, name, explanation, phrase, edges, dry in told:
        yield Indicator(
            key=key,
            group="days",
            name=name,
            short_name=_lower(name),
            unit=DAYS,
            explanation=Words(f"{explanation.fr} {daily.fr}", f"{explanation.en} {daily.en}"),
            kind="amount",
            styles=amount_bins(
                edges,
                DAYS,
                STRESS_COLOURS,
                none=Words("aucun", "none") if edges[1] == 1 else None,
                whole=True,
            ),
            value_name=Words("nombre de jours", "number of days"),
            phrase=phrase,
            subject=Words("C'est", "It is") if dry else None,
            dry_is_high=True,
        )


def _lower(words: Words) -> Words:
    """The words as they stand within a sentence."""
    return Words(words.fr[:1].lower() + words.fr[1:], words.en[:1].lower() + words.en[1:])


def _restrictions() -> Iterator[Indicator]:
    """Limits on the use of water."""
    yield Indicator(
        key="water_restrictions",
        group="restrictions",
        name=Words("Restrictions d'eau", "Water restrictions"),
        short_name=Words("restrictions", "restrictions"),
        unit=NO_UNIT,
        explanation=Words(
            "Niveau le plus strict fixé par arrêté quelque part dans le département.",
            "Strictest level set by official order anywhere in the département.",
        ),
        kind="restriction",
        styles=RESTRICTION_LEVELS,
        step="day",
        asset="water_restrictions",
    )


def _all() -> Iterator[Indicator]:
    yield from _drought()
    yield from _rain()
    yield from (_spei(months) for months in (1, 3, 6, 12))
    yield from _soil()
    yield from _flash()
    yield from _season()
    yield from _crops()
    yield from _yields()
    yield from _days()
    yield from _restrictions()


INDICATORS: Final[Mapping[str, Indicator]] = MappingProxyType(
    {indicator.key: indicator for indicator in _all()}
)
"""All that a map can show, by key, in the order they are offered in."""


def dictionary() -> str:
    """Return all indicators as Markdown, the end of `docs/indicators_published.md`."""
    lines = ["| indicator | unit | what | in French |", "|---|---|---|---|"]
    for each in INDICATORS.values():
        unit = each.unit("en") or ("class" if each.by_class else "none")
        said = each.explanation("en")
        lines.append(f"| `{each.key}` | {unit} | {each.name('en')}. {said} | {each.name('fr')} |")
    return "\n".join(lines).replace(NBSP, " ").replace(THIN, " ") + "\n"
