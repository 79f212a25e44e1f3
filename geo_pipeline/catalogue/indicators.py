"""Published indicators: one record each.

Add an indicator here: the function that computes it, its group, names, unit, legend, and its
phrases for sentences. Rows of `drought_indicators`, maps, legends, ranking, trends, exports and the
list of indicators follow. The keys are those of the column `indicator`, and others in `map_values`.
The order, by group, is that of the lists shown to readers.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from geo_pipeline.catalogue import (
    area_indicators,
    crop_indicators,
    restriction_indicators,
    season_indicators,
)
from geo_pipeline.catalogue.indicator_record import (
    DAYS,
    DEKADS,
    MM,
    NO_UNIT,
    PERCENT,
    SPREADS,
    Computation,
    Indicator,
    computed_by,
)
from geo_pipeline.catalogue.styles import (
    DRYING,
    MINUS,
    RAIN_COLOURS,
    STAGES,
    STRESS_COLOURS,
    THIN,
    UnknownNameError,
    amount_bins,
    anomaly_bins,
)
from geo_pipeline.words import NBSP, Words, message

MONTHLY_RAIN: Final = Words("Pluie du mois", "Rainfall of the month")
DAYS_IN_CLASS: Final = Words(
    f"Jours de sécheresse en 12{NBSP}mois", f"Days of drought in 12{NBSP}months"
)
WETNESS: Final = Words("Humidité du sol", "Soil wetness")


def _over(months: int) -> Words:
    """How many months an index looks back, as its list of choices says it."""
    return Words(f"sur {months} mois", f"over {months} month{'s' if months > 1 else ''}")


def _spi(months: int) -> Indicator:
    """The rain index over `months` months; only the length changes the words."""
    many = months > 1
    return Indicator(
        key=f"spi_{months}",
        group="rain",
        computation=computed_by("rain.spi", months=months),
        name=Words(f"Pluie {_over(months).fr}", f"Rain {_over(months).en}"),
        short_name=Words(f"SPI {months} mois", f"SPI {months} month{'s' if many else ''}"),
        explanation=Words(
            f"Compare la pluie {f'des {months} derniers mois' if many else 'du mois'} à celle des "
            "mêmes dates les autres années.",
            f"Compares the rain of {f'the last {months} months' if many else 'the month'} with the "
            "same dates in other years.",
        ),
        decimals=2,
        months=months,
        value_name=Words("indice SPI", "SPI index"),
        symbol=f"SPI-{months}",
        family=Words("Pluie comparée aux autres années", "Rain against other years"),
        variant=_over(months),
        standardised=True,
    )


def _spei(months: int) -> Indicator:
    """Rain minus evaporation over `months` months; only the length changes the words."""
    many = months > 1
    return Indicator(
        key=f"spei_{months}",
        group="balance",
        computation=computed_by("rain.spei", months=months),
        name=Words(
            f"Pluie moins évaporation {_over(months).fr}",
            f"Rain less evaporation {_over(months).en}",
        ),
        short_name=Words(f"SPEI {months} mois", f"SPEI {months} month{'s' if many else ''}"),
        explanation=Words(
            "Compare la pluie, moins l'eau que le temps qu'il fait peut évaporer, "
            f"{f'des {months} derniers mois' if many else 'du mois'} à celle des mêmes dates les "
            "autres années.",
            f"Compares rain less the water that the weather can evaporate, of "
            f"{f'the last {months} months' if many else 'the month'}, with the same dates in "
            "other years.",
        ),
        decimals=2,
        months=months,
        value_name=Words("indice SPEI", "SPEI index"),
        symbol=f"SPEI-{months}",
        subject=Words(
            f"{f'Sur {months}{NBSP}mois' if many else 'Sur le mois'}, le bilan pluie moins "
            "évaporation est",
            f"{f'Over {months} months' if many else 'Over the month'}, rain less evaporation is",
        ),
        family=Words("Pluie moins évaporation", "Rain less evaporation"),
        variant=_over(months),
        standardised=True,
    )


def _drought() -> Iterator[Indicator]:
    """The combined index of rain, soil and crops."""
    yield Indicator(
        key="combined",
        group="drought",
        computation=computed_by("drought_course.combined"),
        name=Words("Sécheresse agricole", "Agricultural drought"),
        short_name=Words("sécheresse", "drought"),
        explanation=Words(
            "Réunit la pluie de 3 mois, le bilan pluie moins évaporation de 6 mois et l'humidité "
            "du sol en une seule note, de 0 (le plus humide) à 100 (le plus sec).",
            "Brings the rain of 3 months, rain less evaporation of 6 months and the wetness of the "
            "soil together in one score, from 0 (wettest) to 100 (driest).",
        ),
        value_name=Words("note sur 100", "score out of 100"),
        scored=True,
    )
    yield Indicator(
        key="cdi",
        group="drought",
        computation=computed_by("drought_course.stage"),
        name=Words("Stade de la sécheresse", "Stage of the drought"),
        short_name=Words("stade", "stage"),
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
        computation=computed_by("drought_course.age"),
        name=Words("Durée de la sécheresse", "Age of the drought"),
        short_name=Words("durée", "age"),
        unit=DEKADS,
        explanation=Words(
            "Décades (périodes de dix jours) depuis le début de la sécheresse en cours, tant "
            "qu'elle n'est pas revenue à la moyenne.",
            "Periods of ten days since the drought under way began, until it is back to the mean.",
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


def _days_in_class() -> Iterator[Indicator]:
    """Days of a year in drought, by the class that counts as one."""
    yield _in_class("D1", Words("modérée ou pire", "moderate or worse"))
    yield _in_class("D2", Words("grave ou pire", "severe or worse"))
    yield _in_class("D3", Words("extrême ou pire", "extreme or worse"))


def _in_class(at_least: str, drought: Words) -> Indicator:
    """Days of the year whose class of agricultural drought was at least so dry."""
    return Indicator(
        key=f"drought_days_{at_least.lower()}",
        group="drought",
        computation=computed_by("drought_course.days_in_class", at_least=at_least),
        name=Words(
            f"Jours de sécheresse {drought.fr} en 12{NBSP}mois",
            f"Days of {drought.en} drought in 12{NBSP}months",
        ),
        short_name=Words("jours de sécheresse", "days of drought"),
        unit=DAYS,
        explanation=Words(
            f"Nombre de jours des douze derniers mois où la sécheresse agricole, classée tous les "
            f"dix jours, était {drought.fr}.",
            f"Days of the last twelve months on which agricultural drought, classed every ten "
            f"days, was {drought.en}.",
        ),
        family=DAYS_IN_CLASS,
        variant=drought,
        kind="amount",
        styles=amount_bins(
            (0, 1, 31, 91, 181, 271),
            DAYS,
            STRESS_COLOURS,
            none=Words(f"jamais en 12{NBSP}mois", f"never in 12{NBSP}months"),
            whole=True,
        ),
        value_name=Words("jours", "days"),
        phrase=Words(
            f"{{}} de sécheresse {drought.fr} en 12{NBSP}mois",
            f"{{}} of {drought.en} drought in 12{NBSP}months",
        ),
        over_season="end",
        dry_is_high=True,
    )


def _rain() -> Iterator[Indicator]:
    """Rain, and rain compared with other years."""
    yield Indicator(
        key="precip_mm",
        group="rain",
        computation=computed_by("rain.month"),
        name=Words("Pluie tombée dans le mois", "Rainfall of the month"),
        short_name=Words("pluie", "rain"),
        unit=MM,
        explanation=Words(
            "Hauteur de pluie tombée pendant la période, en moyenne sur le département.",
            "Depth of rain fallen over the period, averaged over the département.",
        ),
        family=MONTHLY_RAIN,
        variant=Words("hauteur, en mm", "depth, in mm"),
        kind="amount",
        styles=amount_bins((0, 10, 25, 50, 75, 100, 150, 200), MM, RAIN_COLOURS),
        phrase=Words("{} de pluie", "{} of rain"),
        over_season="sum",
        months=1,
        value_name=Words("pluie", "rain"),
    )
    yield Indicator(
        key="precip_anomaly_pct",
        group="rain",
        computation=computed_by("rain.anomaly"),
        name=Words("Pluie du mois comparée à la normale", "Rain against the normal"),
        short_name=Words("écart de pluie", "rain anomaly"),
        unit=PERCENT,
        explanation=Words(
            f"Écart entre la pluie du mois et la normale{NBSP}: {MINUS}40{THIN}% "
            f"veut dire 40{THIN}% de pluie en moins.",
            f"How much more or less rain than normal: {MINUS}40% means 40% less rain.",
        ),
        family=MONTHLY_RAIN,
        variant=Words(f"écart à la normale, en{NBSP}%", "departure from normal, in %"),
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
        computation=computed_by("soil_state.wetness"),
        name=Words("Humidité du sol", "Soil wetness"),
        short_name=Words("sol", "soil"),
        explanation=Words(
            "Eau du sol sous prairie, de 0 (les plantes n'en trouvent plus) à 1 (plein), "
            "moyenne du mois, calculée par un bilan hydrique.",
            "Water of the soil under grass, from 0 (none left for plants) to 1 (full), "
            "mean of the month, from a water balance.",
        ),
        family=WETNESS,
        variant=Words(f"de 0 à 1{NBSP}: du sol vide au sol plein", "from 0 to 1: empty to full"),
        decimals=2,
        value_name=Words("humidité de 0 à 1", "wetness from 0 to 1"),
        symbol="SWI",
        subject=Words("Le sol est", "The soil is"),
    )
    yield Indicator(
        key="sswi",
        group="soil",
        computation=computed_by("soil_state.sswi"),
        name=Words("Humidité du sol, indice", "Soil wetness, index"),
        short_name=Words("SSWI", "SSWI"),
        explanation=Words(
            "Compare l'eau du sol sous prairie à celle du même mois les autres années.",
            "Compares the water of the soil under grass with the same month of other years.",
        ),
        family=WETNESS,
        variant=Words("indice, comparé aux autres années", "index, against other years"),
        decimals=2,
        value_name=Words("indice SSWI", "SSWI index"),
        symbol="SSWI",
        subject=Words("Le sol est", "The soil is"),
        standardised=True,
    )


def _flash() -> Iterator[Indicator]:
    """The pace at which the soil dries, compared with its usual pace."""
    for dekads in (2, 4):
        yield Indicator(
            key=f"swi_change_{dekads}",
            group="soil",
            computation=computed_by("soil_state.change", over_dekads=dekads),
            name=Words(
                f"Assèchement rapide du sol, {dekads}0 jours", f"Flash drought, {dekads}0 days"
            ),
            short_name=Words(f"assèchement, {dekads}0 jours", f"drying, {dekads}0 days"),
            unit=SPREADS,
            explanation=Words(
                f"Compare le changement de l'humidité du sol en {dekads}0 jours à celui des autres "
                f"années, en écarts-types (σ){NBSP}: à {MINUS}2{NBSP}σ, le sol s'assèche bien plus "
                "vite que d'habitude, une sécheresse éclair.",
                f"Compares the change of soil wetness in {dekads}0 days with other years', in "
                f"standard deviations (σ): {MINUS}2{NBSP}σ is a soil that dries far faster than "
                "usual, a flash drought.",
            ),
            family=Words("Assèchement rapide du sol", "Flash drought"),
            variant=Words(f"en {dekads}0 jours", f"in {dekads}0 days"),
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


def _outlook() -> Iterator[Indicator]:
    """Soil water of the next dekads, where such forecasts were better than the normal for sure."""
    how = Words(
        "Depuis l'état du sol au dernier jour connu, avec la météo de chacune des autres années. "
        "Rien n'est montré aux échéances où de telles prévisions ne font pas nettement mieux que "
        "la normale. Les périodes sont les dix jours à venir, puis les suivants.",
        "From the state of the soil on the last known day, with the weather of each of the other "
        "years. Nothing is shown at leads where such forecasts were not surely better than the "
        "normal. The periods are the next ten days, then the following.",
    )
    yield Indicator(
        key="soil_drought_chance_pct",
        group="outlook",
        name=Words("Risque de sol en sécheresse", "Chance of soil drought"),
        short_name=Words("risque de sol sec", "chance of dry soil"),
        unit=PERCENT,
        explanation=Words(
            "Part des autres années dont la météo mènerait le sol en sécheresse modérée ou pire "
            f"(D1){NBSP}: {how.fr[0].lower()}{how.fr[1:]}",
            "Share of the other years whose weather would bring the soil to moderate drought or "
            f"worse (D1): {how.en[0].lower()}{how.en[1:]}",
        ),
        kind="amount",
        styles=amount_bins((0, 5, 20, 40, 60, 80), PERCENT, STRESS_COLOURS),
        value_name=Words("risque", "chance"),
        phrase=Words("{} de risque de sol en sécheresse", "{} chance of soil drought"),
        dry_is_high=True,
        ahead=True,
    )
    yield Indicator(
        key="soil_wetness_ahead",
        group="outlook",
        name=Words("Humidité du sol à venir", "Soil wetness to come"),
        short_name=Words("sol à venir", "soil to come"),
        explanation=Words(
            f"Médiane prévue de l'eau du sol sous prairie, de 0 à 1. {how.fr}",
            f"Median forecast of the water of the soil under grass, from 0 to 1. {how.en}",
        ),
        kind="amount",
        styles=amount_bins((0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 0.95), NO_UNIT, RAIN_COLOURS),
        decimals=2,
        value_name=Words("humidité de 0 à 1", "wetness from 0 to 1"),
        phrase=Words("sol à {}", "soil at {}"),
        ahead=True,
    )


def _all() -> Iterator[Indicator]:
    yield from _drought()
    yield from _days_in_class()
    yield from area_indicators.areas()
    yield from _rain()
    yield from (_spei(months) for months in (1, 3, 6, 12))
    yield from season_indicators.excess()
    yield from _soil()
    yield from _flash()
    yield from _outlook()
    yield from season_indicators.since_september()
    yield from crop_indicators.crops()
    yield from crop_indicators.yields()
    yield from crop_indicators.days()
    yield from restriction_indicators.restrictions()


INDICATORS: Final[Mapping[str, Indicator]] = MappingProxyType(
    {indicator.key: indicator for indicator in _all()}
)
"""All indicators of maps, by key, in the order of the lists shown to readers."""

COMPUTED: Final[Mapping[str, Computation]] = MappingProxyType(
    {
        **{each.key: each.computation for each in INDICATORS.values() if each.computation},
        "drought_severity": computed_by("drought_course.severity"),
        "drought_peak": computed_by("drought_course.peak"),
    }
)
"""The indicators of the table `drought_indicators`, by key: those computed by dekad, and two that
are not shown to readers, from which the table `drought_events` is made."""


def indicator_of(key: str) -> Indicator:
    """Return an indicator; raise an error that lists the known ones for an unknown key."""
    try:
        return INDICATORS[key]
    except KeyError:
        known = ", ".join(INDICATORS)
        raise UnknownNameError(message("unknown.indicator", name=repr(key), known=known)) from None


def dictionary() -> str:
    """Return all indicators as Markdown, the end of `docs/indicators_published.md`."""
    lines = ["| indicator | unit | what | in French |", "|---|---|---|---|"]
    for each in INDICATORS.values():
        unit = each.unit("en") or ("class" if each.by_class else "none")
        said = each.explanation("en")
        lines.append(f"| `{each.key}` | {unit} | {each.name('en')}. {said} | {each.name('fr')} |")
    return "\n".join(lines).replace(NBSP, " ").replace(THIN, " ") + "\n"
