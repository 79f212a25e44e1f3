"""Palette, class names, indicator names, number and date formats: the one place for all of them.

The app, the exported maps and the reports all speak through this module, so that a class has the
same colour and the same words wherever a reader meets it. Pure constants and functions: nothing
here opens a file or depends on the locale of the machine.

Two kinds of words are kept: French (the reader's language by default) and English. French strings
carry their no-break spaces, so that no line ever starts with a colon or a per cent sign.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Final, Literal, cast, get_args

import pandas as pd

from geo_pipeline.errors import UsageError

Lang = Literal["fr", "en"]
Kind = Literal["class", "amount", "anomaly", "restriction"]
Period = Literal["day", "dekad", "month"]

NBSP: Final = "\u00a0"
THIN: Final = "\u202f"
MINUS: Final = "\u2212"

FULL_REFERENCE_YEARS: Final = 30
"""A climate normal has thirty years; anything shorter is marked as short."""


# --------------------------------------------------------------------------------------------
# Words
# --------------------------------------------------------------------------------------------


class UnknownNameError(UsageError, ValueError):
    """A language, indicator, class or step that this module does not know; says which it does."""


def check_lang(lang: str) -> Lang:
    """Return `lang` when it is one we speak, else say which ones we do."""
    if lang not in get_args(Lang):
        known = ", ".join(get_args(Lang))
        raise UnknownNameError(f"unknown language {lang!r}: expected one of {known}")
    return cast(Lang, lang)


@dataclass(frozen=True, slots=True)
class Words:
    """One text in the two languages; call it with a language to read it."""

    fr: str
    en: str

    def __call__(self, lang: Lang = "fr") -> str:
        """Return the text in `lang`."""
        return self.fr if check_lang(lang) == "fr" else self.en


# --------------------------------------------------------------------------------------------
# Colours
# --------------------------------------------------------------------------------------------

FONT: Final = (
    '-apple-system, "Segoe UI", Roboto, Ubuntu, Cantarell, "Noto Sans", "Liberation Sans", Arial, '
    "sans-serif"
)
"""Fonts that systems have: nothing is fetched."""
INK: Final = "#1a1a1a"
PAPER: Final = "#ffffff"


def luminance(colour: str) -> float:
    """Relative luminance of a `#rrggbb` colour (WCAG 2.1, definition of relative luminance)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21; WCAG AA asks 4.5 for text."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def text_on(colour: str) -> str:
    """Ink or paper, whichever reads better on `colour`."""
    return max((INK, PAPER), key=lambda text: contrast(text, colour))


@dataclass(frozen=True, slots=True)
class ClassStyle:
    """How one class (or one bin of a quantity) is named, explained and coloured.

    `lower` is the bin's inclusive lower bound, for quantities only; classes leave it alone.
    """

    code: str
    name: Words
    meaning: Words
    colour: str
    lower: float = -math.inf

    @property
    def text_colour(self) -> str:
        """Colour of text set on this class (WCAG AA)."""
        return text_on(self.colour)


def _rare(low: int, high: int, adjective: Words) -> Words:
    """How often such a state is met, from the limits of its class in years out of a hundred."""
    years = Words(f"{low} à {high}", f"{low} to {high}")
    if low == 0:
        years = Words(f"au plus {high}", f"at most {high}")
    return Words(
        f"aussi {adjective.fr} {years.fr} années sur{NBSP}100",
        f"this {adjective.en} {years.en} years in{NBSP}100",
    )


_DRY: Final = Words("sec", "dry")
_WET: Final = Words("humide", "wet")

DROUGHT_CLASSES: Final[tuple[ClassStyle, ...]] = (
    ClassStyle(
        "D4",
        Words("sécheresse exceptionnelle", "exceptional drought"),
        _rare(0, 2, _DRY),
        "#730000",
    ),
    ClassStyle("D3", Words("sécheresse extrême", "extreme drought"), _rare(2, 5, _DRY), "#d7301f"),
    ClassStyle("D2", Words("sécheresse grave", "severe drought"), _rare(5, 10, _DRY), "#fc8d59"),
    ClassStyle(
        "D1", Words("sécheresse modérée", "moderate drought"), _rare(10, 20, _DRY), "#fdcc8a"
    ),
    ClassStyle("D0", Words("anormalement sec", "abnormally dry"), _rare(20, 30, _DRY), "#fef0d9"),
    ClassStyle(
        "normal",
        Words("normal", "normal"),
        Words("proche de ce qu'on voit d'habitude à cette date", "close to what is usual then"),
        "#f7f7f5",
    ),
    ClassStyle("W0", Words("humide", "moist"), _rare(7, 16, _WET), "#d1e5f0"),
    ClassStyle("W1", Words("très humide", "very wet"), _rare(2, 7, _WET), "#67a9cf"),
    ClassStyle("W2", Words("extrêmement humide", "extremely wet"), _rare(0, 2, _WET), "#2166ac"),
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
"""From the strictest level to none. The law's own words; never the drought palette."""

NO_DATA: Final = ClassStyle(
    "no_data",
    Words("pas de données", "no data"),
    Words("la source ne couvre pas ce département", "the source does not cover this département"),
    "#ffffff",
)
"""Drawn hatched, never with a plain colour: no data is not zero and not normal either."""

HATCH_COLOUR: Final = "#8a8f94"

_AMOUNT_COLOURS: Final = (
    "#f1f6fc", "#deebf7", "#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#2171b5", "#084594",
)  # fmt: skip
_AMOUNT_EDGES_MM: Final = (0, 10, 25, 50, 75, 100, 150, 200)
_ANOMALY_COLOURS: Final = (
    "#8c510a", "#bf812d", "#dfc27d", "#f6e8c3", "#f5f5f5",
    "#c7eae5", "#80cdc1", "#35978f", "#01665e",
)  # fmt: skip
_ANOMALY_EDGES_PCT: Final = (10, 25, 50, 75)


def _amount_bins() -> tuple[ClassStyle, ...]:
    """Monthly rain, little to much: the driest on top, as in the drought legend."""
    styles = []
    uppers = (*_AMOUNT_EDGES_MM[1:], None)
    for lower, upper, colour in zip(_AMOUNT_EDGES_MM, uppers, _AMOUNT_COLOURS, strict=True):
        if upper is None:
            name = Words(f"{lower}{NBSP}mm et plus", f"{lower}{NBSP}mm and more")
        elif lower == 0:
            name = Words(f"moins de {upper}{NBSP}mm", f"less than {upper}{NBSP}mm")
        else:
            name = Words(f"{lower} à {upper}{NBSP}mm", f"{lower} to {upper}{NBSP}mm")
        low = -math.inf if lower == 0 else float(lower)
        styles.append(ClassStyle(f"mm{lower}", name, Words("", ""), colour, low))
    return tuple(styles)


def _anomaly_bin_name(lower: int, upper: int | None, side: Words) -> Words:
    if upper is None:
        return Words(f"{side.fr} de plus de {lower}{THIN}%", f"more than {lower}% {side.en}")
    return Words(f"{side.fr} de {lower} à {upper}{THIN}%", f"{lower} to {upper}% {side.en}")


def _anomaly_bins() -> tuple[ClassStyle, ...]:
    """Departure from the normal in per cent, from the largest deficit to the largest surplus."""
    deficit, surplus = Words("déficit", "below normal"), Words("excédent", "above normal")
    edges = _ANOMALY_EDGES_PCT
    pairs = list(zip(edges, (*edges[1:], None), strict=True))
    dry = [
        (_anomaly_bin_name(lo, hi, deficit), -math.inf if hi is None else -float(hi))
        for lo, hi in reversed(pairs)
    ]
    near = Words(f"proche de la normale (±{THIN}10{THIN}%)", "close to normal (±10%)")
    wet = [(_anomaly_bin_name(lo, hi, surplus), float(lo)) for lo, hi in pairs]
    named = [*dry, (near, -float(edges[0])), *wet]
    return tuple(
        ClassStyle(f"pct{index}", name, Words("", ""), colour, lower)
        for index, ((name, lower), colour) in enumerate(zip(named, _ANOMALY_COLOURS, strict=True))
    )


# --------------------------------------------------------------------------------------------
# Indicators
# --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Indicator:
    """What a table's `indicator` column means to a reader."""

    key: str
    name: Words
    short_name: Words
    unit: str
    explanation: Words
    kind: Kind
    styles: tuple[ClassStyle, ...]
    decimals: int = 0
    months: int | None = None
    value_name: Words = Words("valeur", "value")
    subject: Words | None = None
    """What is drier or wetter, as a sentence begins; None where the rain itself is told."""
    standardised: bool = False
    """True when the value is an index with 0 for usual, false when the class has another value."""

    @property
    def by_class(self) -> bool:
        """True when the row's class decides the colour, false when its value does."""
        return self.kind in ("class", "restriction")


def _spi(months: int) -> Indicator:
    """The same rain index over `months` months; only the length changes the words."""
    many = months > 1
    return Indicator(
        key=f"spi_{months}",
        name=Words(
            f"Pluie sur {months} mois" if many else "Pluie du mois",
            f"Rain over {months} months" if many else "Rain of the month",
        ),
        short_name=Words(f"SPI {months} mois", f"SPI {months} month{'s' if many else ''}"),
        unit="",
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
        name=Words(
            f"Pluie moins évaporation sur {months} mois" if many else "Pluie moins évaporation",
            f"Rain less evaporation over {months} months" if many else "Rain less evaporation",
        ),
        short_name=Words(f"SPEI {months} mois", f"SPEI {months} month{'s' if many else ''}"),
        unit="",
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


INDICATORS: Final[Mapping[str, Indicator]] = MappingProxyType(
    {
        each.key: each
        for each in (
            Indicator(
                key="precip_mm",
                name=Words("Pluie tombée dans le mois", "Rainfall of the month"),
                short_name=Words("pluie", "rain"),
                unit="mm",
                explanation=Words(
                    "Hauteur de pluie tombée pendant la période, en moyenne sur le département.",
                    "Depth of rain fallen over the period, averaged over the département.",
                ),
                kind="amount",
                styles=_amount_bins(),
                months=1,
                value_name=Words("pluie", "rain"),
            ),
            Indicator(
                key="precip_anomaly_pct",
                name=Words("Pluie du mois comparée à la normale", "Rain against the normal"),
                short_name=Words("écart de pluie", "rain anomaly"),
                unit="%",
                explanation=Words(
                    f"Écart entre la pluie du mois et la normale{NBSP}: {MINUS}40{THIN}% "
                    f"veut dire 40{THIN}% de pluie en moins.",
                    f"How much more or less rain than normal: {MINUS}40% means 40% less rain.",
                ),
                kind="anomaly",
                styles=_anomaly_bins(),
                months=1,
                value_name=Words("écart à la normale", "departure from normal"),
            ),
            _spi(1),
            _spi(3),
            _spi(6),
            _spi(12),
            _spei(1),
            _spei(3),
            _spei(6),
            _spei(12),
            Indicator(
                key="swi",
                name=Words("Humidité du sol", "Soil wetness"),
                short_name=Words("sol", "soil"),
                unit="",
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
            ),
            Indicator(
                key="sswi",
                name=Words("Humidité du sol, indice", "Soil wetness, index"),
                short_name=Words("SSWI", "SSWI"),
                unit="",
                explanation=Words(
                    "Compare l'eau du sol sous prairie à celle du même mois les autres années.",
                    "Compares the water of the soil under grass with the same month of other "
                    "years.",
                ),
                kind="class",
                styles=DROUGHT_CLASSES,
                decimals=2,
                value_name=Words("indice SSWI", "SSWI index"),
                subject=Words("Le sol est", "The soil is"),
                standardised=True,
            ),
            Indicator(
                key="combined",
                name=Words("Sécheresse agricole", "Agricultural drought"),
                short_name=Words("sécheresse", "drought"),
                unit="",
                explanation=Words(
                    "Réunit la pluie des 3 et des 6 derniers mois en une seule note, de 0 "
                    "(le plus humide) à 100 (le plus sec).",
                    "Brings the rain of the last 3 and 6 months together in one score, from 0 "
                    "(wettest) to 100 (driest).",
                ),
                kind="class",
                styles=DROUGHT_CLASSES,
                value_name=Words("note sur 100", "score out of 100"),
            ),
            Indicator(
                key="water_restrictions",
                name=Words("Restrictions d'eau", "Water restrictions"),
                short_name=Words("restrictions", "restrictions"),
                unit="",
                explanation=Words(
                    "Niveau le plus strict fixé par arrêté quelque part dans le département.",
                    "Strictest level set by official order anywhere in the département.",
                ),
                kind="restriction",
                styles=RESTRICTION_LEVELS,
            ),
        )
    }
)


def indicator_of(key: str) -> Indicator:
    """Look an indicator up, or say in one line which ones exist."""
    try:
        return INDICATORS[key]
    except KeyError:
        known = ", ".join(INDICATORS)
        raise UnknownNameError(f"unknown indicator {key!r}: expected one of {known}") from None


def is_missing(value: object) -> bool:
    """None, NaN, NaT and pd.NA alike."""
    return value is None or bool(pd.isna(cast(float, value)))


def style_of(indicator: str, value: object = None, drought_class: object = None) -> ClassStyle:
    """The class a row falls in: by its class code or by its value, as the indicator has it."""
    which = indicator_of(indicator)
    if which.by_class:
        if is_missing(drought_class):
            return NO_DATA
        for style in which.styles:
            if style.code == drought_class:
                return style
        known = ", ".join(style.code for style in which.styles)
        raise UnknownNameError(f"unknown class {drought_class!r} for {indicator}: expected {known}")
    if is_missing(value):
        return NO_DATA
    amount = float(cast(float, value))
    return next(style for style in reversed(which.styles) if amount >= style.lower)


def styles(indicator: str, frame: pd.DataFrame) -> list[ClassStyle]:
    """One class style a row of `frame`, in row order."""
    empty: list[object] = [None] * len(frame)
    values = list(frame["value"]) if "value" in frame else empty
    classes = list(frame["drought_class"]) if "drought_class" in frame else empty
    return [style_of(indicator, value, code) for value, code in zip(values, classes, strict=True)]


def colours(indicator: str, frame: pd.DataFrame) -> list[str | None]:
    """One `#rrggbb` a row of `frame`; None where there is no data, to be drawn hatched."""
    return [None if style is NO_DATA else style.colour for style in styles(indicator, frame)]


# --------------------------------------------------------------------------------------------
# Numbers and dates
# --------------------------------------------------------------------------------------------


def format_number(value: float | None, decimals: int = 0, lang: Lang = "fr") -> str:
    """`-1234.5` as `−1 234,5` in French and `−1,234.5` in English; n. d. or n/a when missing."""
    french = check_lang(lang) == "fr"
    if value is None or is_missing(value) or math.isinf(value):
        return f"n.{NBSP}d." if french else "n/a"
    exact = Decimal(str(float(value))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    plain = f"{abs(exact):,}"
    if french:
        plain = plain.replace(",", THIN).replace(".", ",")
    return MINUS + plain if exact < 0 else plain


def format_value(indicator: str, value: float | None, lang: Lang = "fr") -> str:
    """A value with its unit, signed when it is a departure from the normal."""
    which = indicator_of(indicator)
    text = format_number(value, which.decimals, lang)
    if value is None or is_missing(value):
        return text
    if which.kind == "anomaly" and not text.startswith(MINUS) and text != "0":
        text = f"+{text}"
    if which.unit == "%":
        return f"{text}{THIN}%" if lang == "fr" else f"{text}%"
    return f"{text}{NBSP}{which.unit}" if which.unit else text


def shown_value(indicator: str, value: float | None, percentile: float | None) -> float | None:
    """The number a reader is shown: for the combined class its score, 100 less the percentile.

    The table of indicators keeps the combined class's index there, which nobody can read. The score
    is rounded down like the years of `years_beaten`, so that both say the same beside each other.
    """
    if indicator == "combined" and not is_missing(percentile):
        return math.floor(round(100 - float(cast(float, percentile)), 6))
    return value


_MONTHS_FR: Final = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
_MONTHS_EN: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def _of(word: str) -> str:
    """French « de », elided before a vowel: d'août, de mai."""
    return f"d'{word}" if word[0] in "aeiouéèêàâîôûAEIOUÉÈÊÀÂÎÔÛ" else f"de {word}"


def month_name(month: int, lang: Lang = "fr") -> str:
    """Name of month 1 to 12, as written inside a sentence."""
    return (_MONTHS_FR if check_lang(lang) == "fr" else _MONTHS_EN)[month - 1]


def format_date(day: date, lang: Lang = "fr") -> str:
    """`1er mai 2022`, `1 May 2022`."""
    number = "1er" if lang == "fr" and day.day == 1 else str(day.day)
    return f"{number}{NBSP}{month_name(day.month, lang)} {day.year}"


def format_period(period_end: date, step: Period = "month", lang: Lang = "fr") -> str:
    """`août 2022`, or `2e décade d'août 2022` for the dekads of agrometeorology, or a day."""
    if step not in get_args(Period):
        raise UnknownNameError(
            f"unknown step {step!r}: expected one of {', '.join(get_args(Period))}"
        )
    if step == "day":
        return format_date(period_end, lang)
    month = month_name(period_end.month, lang)
    if step == "month":
        return f"{month} {period_end.year}"
    rank = 1 if period_end.day <= 10 else 2 if period_end.day <= 20 else 3
    if lang == "fr":
        return f"{'1re' if rank == 1 else f'{rank}e'} décade {_of(month)} {period_end.year}"
    return f"{('1st', '2nd', '3rd')[rank - 1]} dekad of {month} {period_end.year}"


def format_span(period_end: date, months: int, lang: Lang = "fr") -> str:
    """The months an indicator looks back on: `juin à août 2022`, `septembre 2021 à août 2022`."""
    if months <= 1:
        return format_period(period_end, "month", lang)
    first = period_end.year * 12 + period_end.month - months
    year, month = divmod(first, 12)
    start = month_name(month + 1, lang)
    if year != period_end.year:
        start = f"{start} {year}"
    return f"{start} {'à' if lang == 'fr' else 'to'} {format_period(period_end, 'month', lang)}"


# --------------------------------------------------------------------------------------------
# Sentences
# --------------------------------------------------------------------------------------------


def capitalise(text: str) -> str:
    """First letter up, the rest untouched (`str.capitalize` would lower proper names)."""
    return text[:1].upper() + text[1:]


def years_beaten(percentile: float, *, dry: bool, lang: Lang = "fr") -> str:
    """How many years in a hundred (or in ten) the place is drier, or wetter, than.

    Rounded down, so that the words never claim more than the number does: the 8th percentile is
    drier than 92 years in 100, the 0.3rd than 99, never than all of them.
    """
    share = 100 - percentile if dry else percentile
    years = min(99, max(1, math.floor(round(share, 6))))
    count, total = (years // 10, 10) if years % 10 == 0 else (years, 100)
    if lang == "fr":
        return f"{count}{NBSP}année{'s' if count > 1 else ''} sur{NBSP}{total}"
    return f"{count} year{'s' if count > 1 else ''} in{NBSP}{total}"


def is_short(reference_years: object) -> bool:
    """True when the normal rests on fewer years than a climate normal should."""
    return not is_missing(reference_years) and float(cast(float, reference_years)) < (
        FULL_REFERENCE_YEARS
    )


def reference_note(
    reference_period: str | tuple[int, int] | None = None,
    reference_years: object = None,
    lang: Lang = "fr",
) -> str:
    """`normale 2010-2022, référence courte de 12 ans`; empty when nothing is known."""
    parts = []
    if reference_period is not None:
        span = (
            reference_period
            if isinstance(reference_period, str)
            else f"{reference_period[0]}-{reference_period[1]}"
        )
        parts.append(f"{'normale' if lang == 'fr' else 'normal'} {span}")
    if is_short(reference_years):
        years = int(cast(float, reference_years))
        unit_fr, unit_en = ("ans", "years") if years > 1 else ("an", "year")
        parts.append(
            f"référence courte de {years}{NBSP}{unit_fr}"
            if lang == "fr"
            else f"short reference of {years}{NBSP}{unit_en}"
        )
    return ", ".join(parts)


def _side(percentile: object, style: ClassStyle) -> Literal["dry", "wet", "normal"]:
    """Which way the words lean; the class decides where there is one."""
    if style.code.startswith("D"):
        return "dry"
    if style.code.startswith("W"):
        return "wet"
    if style.code == "normal" or is_missing(percentile):
        return "normal"
    rank = float(cast(float, percentile))
    return "dry" if rank <= 30 else "wet" if rank >= 70 else "normal"


def _comparison(which: Indicator, percentile: object, style: ClassStyle, lang: Lang) -> str:
    """The rain over the indicator's months against other years, without a final full stop."""
    months = which.months or 1
    over = (
        Words(f"Sur {months}{NBSP}mois, il", f"Over {months} months, there")
        if months > 1
        else Words("Sur le mois, il", "Over the month, there")
    )
    side = _side(percentile, style)
    if side == "normal":
        return Words(
            f"{over.fr} a plu à peu près comme d'habitude à cette date",
            f"{over.en} was about the usual rain for the date",
        )(lang)
    much = Words("moins", "less") if side == "dry" else Words("davantage", "more")
    if is_missing(percentile):
        return Words(
            f"{over.fr} a plu {much.fr} que d'habitude à cette date",
            f"{over.en} was {much.en} rain than usual for the date",
        )(lang)
    years = years_beaten(float(cast(float, percentile)), dry=side == "dry", lang=lang)
    return Words(
        f"{over.fr} a plu {much.fr} que dans {years} à cette date",
        f"{over.en} was {much.en} rain than in {years} at this date",
    )(lang)


def _drier(which: Indicator, percentile: object, style: ClassStyle, lang: Lang) -> str:
    """The indicator's subject against other years, or what the class means without a rank."""
    side = _side(percentile, style)
    subject = f"{which.subject(lang)} " if which.subject else ""
    if side == "normal":
        usual = Words("à peu près comme d'habitude à cette date", "about usual for the date")
        return capitalise(f"{subject}{usual(lang)}")
    if is_missing(percentile):
        return capitalise(style.meaning(lang))
    years = years_beaten(float(cast(float, percentile)), dry=side == "dry", lang=lang)
    compared = Words(
        f"plus {'sec' if side == 'dry' else 'humide'} que {years} à cette date",
        f"{'drier' if side == 'dry' else 'wetter'} than {years} at this date",
    )
    return capitalise(f"{subject}{compared(lang)}")


def _departure(value: float, lang: Lang) -> str:
    """`40 % de pluie en moins que la normale`."""
    size = format_value("precip_anomaly_pct", abs(value), lang).lstrip("+")
    if format_number(value, 0, lang) == "0":
        return Words("autant de pluie que la normale", "as much rain as normal")(lang)
    return Words(
        f"{size} de pluie en {'moins' if value < 0 else 'plus'} que la normale",
        f"{size} {'less' if value < 0 else 'more'} rain than normal",
    )(lang)


def _head_and_body(
    which: Indicator, style: ClassStyle, value: object, percentile: object, lang: Lang
) -> tuple[str, str]:
    """What is said after the name, then the second sentence that tells against what."""
    if which.kind == "restriction":
        return style.name(lang), capitalise(style.meaning(lang))
    if which.subject or which.key == "combined":
        return style.name(lang), _drier(which, percentile, style, lang)
    if which.kind == "class":
        return style.name(lang), _comparison(which, percentile, style, lang)
    amount = float(cast(float, value))
    if which.kind == "anomaly":
        return _departure(amount, lang), ""
    fallen = format_value(which.key, amount, lang)
    head = Words(f"{fallen} de pluie", f"{fallen} of rain")(lang)
    return head, "" if is_missing(percentile) else _comparison(which, percentile, style, lang)


@dataclass(frozen=True, slots=True)
class Statement:
    """What one row says: `head` names the class or the amount, `body` tells against what."""

    style: ClassStyle
    head: str
    body: str


def statement(
    indicator: str,
    *,
    value: float | None = None,
    percentile: float | None = None,
    drought_class: str | None = None,
    reference_years: float | None = None,
    reference_period: str | tuple[int, int] | None = None,
    reason: str | None = None,
    lang: Lang = "fr",
) -> Statement:
    """Say one département's row in plain words, without its name; both parts lack a full stop.

    `percentile` runs from 0 (driest) to 100. A reference shorter than thirty years is named as
    short, with its number of years. `reason` tells why there are no data, when that is known.
    """
    check_lang(lang)
    which = indicator_of(indicator)
    style = style_of(indicator, value, drought_class)
    if style is NO_DATA:
        why = "" if is_missing(reason) else capitalise(str(reason)).rstrip(".")
        return Statement(style, NO_DATA.name(lang), why)
    head, body = _head_and_body(which, style, value, percentile, lang)
    compares = which.kind in ("class", "anomaly") or (which.kind == "amount" and bool(body))
    note = reference_note(reference_period, reference_years, lang) if compares else ""
    if note and not body:
        return Statement(style, head, capitalise(note))
    return Statement(style, head, f"{body} ({note})" if note else body)


def sentence(
    indicator: str,
    name: str,
    *,
    value: float | None = None,
    percentile: float | None = None,
    drought_class: str | None = None,
    reference_years: float | None = None,
    reference_period: str | tuple[int, int] | None = None,
    reason: str | None = None,
    lang: Lang = "fr",
) -> str:
    """What one département's row says, as text that stands alone: name, class, against what."""
    said = statement(
        indicator,
        value=value,
        percentile=percentile,
        drought_class=drought_class,
        reference_years=reference_years,
        reference_period=reference_period,
        reason=reason,
        lang=lang,
    )
    colon = f"{NBSP}: " if lang == "fr" else ": "
    text = f"{name}{colon}{said.head}."
    return f"{text} {said.body}." if said.body else text
