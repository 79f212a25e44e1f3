"""Classes and bins with their colours and words: the parts of a legend.

French texts contain their no-break spaces, so that no line ever starts with a colon or a per cent
sign. Pure constants: nothing here opens a file.
"""

import math
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, cast

from geo_pipeline.errors import UsageError
from geo_pipeline.words import LANGS, NBSP, Lang, Words, message

THIN: Final = "\u202f"
MINUS: Final = "\u2212"

# --------------------------------------------------------------------------------------------
# Words
# --------------------------------------------------------------------------------------------


class UnknownNameError(UsageError, ValueError):
    """An unknown language, indicator, class or step; the message lists the known ones."""


def check_lang(lang: str) -> Lang:
    """Return `lang` if it is a known language, else raise an error that lists them."""
    if lang not in LANGS:
        known = ", ".join(LANGS)
        raise UnknownNameError(message("unknown.language", name=repr(lang), known=known))
    return cast(Lang, lang)


# --------------------------------------------------------------------------------------------
# Colours
# --------------------------------------------------------------------------------------------

FONT: Final = (
    '-apple-system, "Segoe UI", Roboto, Ubuntu, Cantarell, "Noto Sans", "Liberation Sans", Arial, '
    "sans-serif"
)
"""Fonts of the operating systems, so that nothing is fetched."""
INK: Final = "#1a1a1a"
PAPER: Final = "#ffffff"


def luminance(colour: str) -> float:
    """Return the relative luminance of a `#rrggbb` colour (WCAG 2.1)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21; WCAG AA asks for 4.5 for text."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def text_on(colour: str) -> str:
    """Return ink or paper, whichever is easier to read on `colour`."""
    return max((INK, PAPER), key=lambda text: contrast(text, colour))


@dataclass(frozen=True, slots=True)
class Rarity:
    """How many years out of a hundred are as dry, or as wet: the lower and upper bound."""

    low: int
    high: int
    dry: bool


@dataclass(frozen=True, slots=True)
class ClassStyle:
    """Name, explanation and colour of one class (or one bin of a quantity).

    `lower` is the bin's inclusive lower bound, for quantities only; classes leave it alone. A class
    that is described by its `rarity` has no meaning of its own: `legend.class_meaning` words it.
    """

    code: str
    name: Words
    meaning: Words
    colour: str
    lower: float = -math.inf
    rarity: Rarity | None = None
    short: Words | None = None
    """The name where the legend has already said what it is a class of."""

    @property
    def brief(self) -> Words:
        """The short name, or the name where that is short."""
        return self.short or self.name

    @property
    def text_colour(self) -> str:
        """Colour of text on this class (WCAG AA)."""
        return text_on(self.colour)


_NOTHING: Final = Words("", "")


def _rare(
    code: str, name: Words, rarity: Rarity, colour: str, short: Words | None = None
) -> ClassStyle:
    return ClassStyle(code, name, _NOTHING, colour, rarity=rarity, short=short)


DROUGHT_CLASSES: Final[tuple[ClassStyle, ...]] = (
    _rare(
        "D4",
        Words("sécheresse exceptionnelle", "exceptional drought"),
        Rarity(0, 2, dry=True),
        "#730000",
        Words("exceptionnelle", "exceptional"),
    ),
    _rare(
        "D3",
        Words("sécheresse extrême", "extreme drought"),
        Rarity(2, 5, dry=True),
        "#d7301f",
        Words("extrême", "extreme"),
    ),
    _rare(
        "D2",
        Words("sécheresse grave", "severe drought"),
        Rarity(5, 10, dry=True),
        "#fc8d59",
        Words("grave", "severe"),
    ),
    _rare(
        "D1",
        Words("sécheresse modérée", "moderate drought"),
        Rarity(10, 20, dry=True),
        "#fdcc8a",
        Words("modérée", "moderate"),
    ),
    _rare(
        "D0",
        Words("anormalement sec", "abnormally dry"),
        Rarity(20, 30, dry=True),
        "#fef0d9",
    ),
    ClassStyle(
        "normal",
        Words("normal", "normal"),
        Words("proche de ce qu'on voit d'habitude à cette date", "close to what is usual then"),
        "#f7f7f5",
    ),
    _rare("W0", Words("humide", "moist"), Rarity(7, 16, dry=False), "#d1e5f0"),
    _rare("W1", Words("très humide", "very wet"), Rarity(2, 7, dry=False), "#67a9cf"),
    _rare("W2", Words("extrêmement humide", "extremely wet"), Rarity(0, 2, dry=False), "#2166ac"),
)
"""From the driest to the wettest, the order of every legend."""

RESTRICTION_LEVELS: Final[tuple[ClassStyle, ...]] = (
    ClassStyle(
        "crise",
        Words("crise", "crisis"),
        Words(
            "seuls les usages prioritaires restent permis : santé, sécurité, eau potable",
            "only priority uses are allowed: health, safety, drinking water",
        ),
        "#5c0a4a",
    ),
    ClassStyle(
        "alerte_renforcee",
        Words("alerte renforcée", "heightened alert"),
        Words(
            "prélèvements réduits d'au moins la moitié, arrosages limités",
            "withdrawals cut by half or more, watering limited",
        ),
        "#b83a8c",
    ),
    ClassStyle(
        "alerte",
        Words("alerte", "alert"),
        Words(
            "prélèvements réduits de moins de la moitié, horaires d'arrosage",
            "withdrawals cut by less than half, watering hours set",
        ),
        "#eea6c4",
    ),
    ClassStyle(
        "vigilance",
        Words("vigilance", "watch"),
        Words("chacun est invité à économiser l'eau", "everyone is asked to save water"),
        "#fbf59b",
    ),
    ClassStyle(
        "none",
        Words("aucune restriction", "no restriction"),
        Words("aucun arrêté en vigueur", "no order in force"),
        "#eef1f0",
    ),
)
"""From the strictest level to none, in the words of the law; never in the drought palette."""

NO_DATA: Final = ClassStyle(
    "no_data",
    Words("pas de données", "no data"),
    Words("la source ne couvre pas ce département", "the source does not cover this département"),
    "#ffffff",
)
"""Drawn hatched, never with a plain colour: no data is neither zero nor normal."""

HATCH_COLOUR: Final = "#8a8f94"

STAGES: Final[tuple[ClassStyle, ...]] = (
    ClassStyle(
        "alert",
        Words("alerte", "alert"),
        Words(
            "les cultures manquent d'eau plus que d'habitude, après un déficit de pluie",
            "crops are shorter of water than usual, after a shortage of rain",
        ),
        "#d7301f",
    ),
    ClassStyle(
        "warning",
        Words("mise en garde", "warning"),
        Words(
            "le sol est sec, après un déficit de pluie",
            "the soil is dry, after a shortage of rain",
        ),
        "#fc8d59",
    ),
    ClassStyle(
        "watch",
        Words("surveillance", "watch"),
        Words("il manque de pluie", "rain is short"),
        "#ffe680",
    ),
    ClassStyle(
        "temporary_crop_water_recovery",
        Words("répit des cultures", "crops relieved for now"),
        Words(
            "les cultures trouvent de nouveau de l'eau, la sécheresse n'est pas finie",
            "crops find water again, the drought is not over",
        ),
        "#b3a2c7",
    ),
    ClassStyle(
        "temporary_soil_recovery",
        Words("répit du sol", "soil relieved for now"),
        Words(
            "le sol est moins sec, la sécheresse n'est pas finie",
            "the soil is less dry, the drought is not over",
        ),
        "#c8ab8f",
    ),
    ClassStyle(
        "recovery",
        Words("retour à la normale", "recovery"),
        Words(
            "pluie, sol et cultures sont revenus à la normale",
            "rain, soil and crops are back to normal",
        ),
        "#a8d5ba",
    ),
    ClassStyle(
        "normal",
        Words("pas de sécheresse", "no drought"),
        Words("aucun déficit de pluie en cours", "no shortage of rain under way"),
        "#f7f7f5",
    ),
)
"""Stages of the combined indicator after the European Drought Observatory, the worst first."""

RAIN_COLOURS: Final = (
    "#f1f6fc", "#deebf7", "#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#084594",
)  # fmt: skip
STRESS_COLOURS: Final = (
    "#fbf9ef", "#fee8a8", "#fec44f", "#f08a1d", "#bd5208", "#8a3405", "#5b2404",
)  # fmt: skip
RESTRICTION_COLOURS: Final = (
    "#eef1f0", "#fbe9f1", "#f5cadd", "#eea6c4", "#d470a6", "#b83a8c", "#5c0a4a",
)  # fmt: skip
"""Shares of an area under restriction, from none to all, in the hues of the levels."""
WARMTH_COLOURS: Final = (
    "#f7f3fa", "#e4dcee", "#cbc0e0", "#ae9ecf", "#917cbc", "#7459a6", "#573a8b", "#3a1d6e",
)  # fmt: skip
ANOMALY_COLOURS: Final = (
    "#8c510a", "#bf812d", "#dfc27d", "#f6e8c3", "#f5f5f5",
    "#c7eae5", "#80cdc1", "#35978f", "#01665e",
)  # fmt: skip


ONE_OF: Final = MappingProxyType(
    {
        "jours": "jour",
        "décades": "décade",
        "degrés-jours": "degré-jour",
        "days": "day",
        "dekads": "dekad",
        "degree days": "degree day",
    }
)
"""The singular of units that have one."""


def with_unit(number: str, unit: Words, lang: Lang) -> str:
    """Return `25 mm`, `25 %` in French and `25%` in English, `25` without a unit.

    The unit of one is singular: `1 jour`, in French that of less than two too.
    """
    word = unit(lang)
    digits = re.sub(r"[^\d.]", "", number.replace(",", "." if lang == "fr" else ""))
    if word in ONE_OF and digits and (float(digits) < 2 if lang == "fr" else digits == "1"):
        word = ONE_OF[word]
    if word == "%":
        return f"{number}{THIN}%" if lang == "fr" else f"{number}%"
    return f"{number}{NBSP}{word}" if word else number


def _range(lower: float, upper: float | None, unit: Words, lang: Lang) -> str:
    """Return `moins de 10 mm`, `10 à 25 mm`, `200 mm et plus`; bounds are not negative."""
    if upper is None:
        more = "et plus" if lang == "fr" else "and more"
        return f"{with_unit(_bound(lower, lang), unit, lang)} {more}"
    high = with_unit(_bound(upper, lang), unit, lang)
    if lower == 0:
        return f"{'moins de' if lang == 'fr' else 'less than'} {high}"
    if lower == upper:
        return high
    return f"{_bound(lower, lang)} {'à' if lang == 'fr' else 'to'} {high}"


def _bound(value: float, lang: Lang) -> str:
    return f"{value:g}".replace(".", "," if lang == "fr" else ".")


def amount_bins(
    edges: tuple[float, ...],
    unit: Words,
    colours: tuple[str, ...],
    *,
    none: Words | None = None,
    whole: bool = False,
) -> tuple[ClassStyle, ...]:
    """Return the bins of a quantity, the smallest first: `edges` are lower bounds, the first 0.

    `none` is the name of the first bin, where it is not "less than". With `whole` numbers a bin
    ends one below the next.
    """
    styles = []
    for index, lower in enumerate(edges):
        upper = edges[index + 1] if index + 1 < len(edges) else None
        last = upper - 1 if whole and lower > 0 and upper is not None else upper
        name = Words(_range(lower, last, unit, "fr"), _range(lower, last, unit, "en"))
        if index == 0 and none is not None:
            name = none
        bound = -math.inf if index == 0 else float(lower)
        styles.append(ClassStyle(f"bin{index}", name, _NOTHING, colours[index], bound))
    return tuple(styles)


def area_share_bins(unit: Words, colours: tuple[str, ...]) -> tuple[ClassStyle, ...]:
    """Return the bins of a share of a département's area, % (`unit`)."""
    return amount_bins(
        (0, 1, 10, 25, 50, 75, 95),
        unit,
        colours,
        none=Words(f"moins de 1{THIN}% du département", "less than 1% of the département"),
    )


@dataclass(frozen=True, slots=True)
class Departures:
    """How bins of departures are named: `{}` is their size, with its unit."""

    below: Words
    near: Words
    above: Words


FROM_NORMAL: Final = Departures(
    Words("déficit de {}", "{} below normal"),
    Words(f"proche de la normale (±{THIN}{{}})", "close to normal (±{})"),
    Words("excédent de {}", "{} above normal"),
)
FROM_MEAN: Final = Departures(
    Words("{} sous la moyenne", "{} below the mean"),
    Words(f"proche de la moyenne (±{THIN}{{}})", "close to the mean (±{})"),
    Words("{} au-dessus de la moyenne", "{} above the mean"),
)

DRYING: Final = Departures(
    Words("plus rapide, {}", "faster, {}"),
    Words(f"comme d'habitude (±{THIN}{{}})", "as usual (±{})"),
    Words("moins rapide, {}", "less fast, {}"),
)


def anomaly_bins(
    edges: tuple[float, ...], unit: Words, called: Departures = FROM_NORMAL
) -> tuple[ClassStyle, ...]:
    """Return bins of departures, from the largest deficit to the largest surplus.

    `edges` are the four sizes at which a bin begins on either side.
    """

    def told(size: float, lang: Lang) -> str:
        written = f"{size:g}"
        return written.replace(".", ",") if lang == "fr" else written

    def measured(size: float) -> tuple[str, str]:
        return with_unit(told(size, "fr"), unit, "fr"), with_unit(told(size, "en"), unit, "en")

    def name(lower: float, upper: float | None, side: Words) -> Words:
        if upper is None:
            low = measured(lower)
            return Words(side.fr.format(f"plus de {low[0]}"), side.en.format(f"more than {low[1]}"))
        high = measured(upper)
        return Words(
            side.fr.format(f"{told(lower, 'fr')} à {high[0]}"),
            side.en.format(f"{told(lower, 'en')} to {high[1]}"),
        )

    pairs = list(zip(edges, (*edges[1:], None), strict=True))
    dry = [
        (name(low, high, called.below), -math.inf if high is None else -float(high))
        for low, high in reversed(pairs)
    ]
    small = measured(edges[0])
    near = Words(called.near.fr.format(small[0]), called.near.en.format(small[1]))
    wet = [(name(low, high, called.above), float(low)) for low, high in pairs]
    named = [*dry, (near, -float(edges[0])), *wet]
    return tuple(
        ClassStyle(f"bin{index}", words, _NOTHING, colour, lower)
        for index, ((words, lower), colour) in enumerate(zip(named, ANOMALY_COLOURS, strict=True))
    )
