"""How numbers, dates and findings are said: the one door to the palette and the words of all.

The app, the exported maps and the reports all speak through this module, so that a class has the
same colour and the same words wherever a reader meets it. Pure functions: nothing here opens a file
or depends on the locale of the machine.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal, NamedTuple, cast, get_args

import pandas as pd

from geo_pipeline import dekads
from geo_pipeline.publishing.crop_names import CROP_NAMES, CROP_STAGE_NAMES, crop_period_name
from geo_pipeline.publishing.indicator_record import GROUPS, Indicator
from geo_pipeline.publishing.indicators import INDICATORS
from geo_pipeline.publishing.styles import (
    DROUGHT_CLASSES,
    FONT,
    HATCH_COLOUR,
    MINUS,
    NO_DATA,
    RESTRICTION_LEVELS,
    THIN,
    ClassStyle,
    Rarity,
    UnknownNameError,
    Words,
    check_lang,
    contrast,
    luminance,
    with_unit,
)
from geo_pipeline.words import NBSP, Lang

__all__ = [
    "CROP_NAMES",
    "CROP_STAGE_NAMES",
    "DROUGHT_CLASSES",
    "FONT",
    "FULL_REFERENCE_YEARS",
    "GROUPS",
    "HATCH_COLOUR",
    "INDICATORS",
    "NBSP",
    "NO_DATA",
    "RESTRICTION_LEVELS",
    "THIN",
    "ClassStyle",
    "Indicator",
    "Lang",
    "Source",
    "Words",
    "check_lang",
    "contrast",
    "crop_period_name",
    "luminance",
]

Period = Literal["day", "dekad", "month", "year"]
PERIODS: Final = get_args(Period)

FULL_REFERENCE_YEARS: Final = 30
"""A climate normal has thirty years; anything shorter is marked as short."""


IN_DROUGHT: Final = ("D1", "D2", "D3", "D4")
"""The classes that count as drought; D0 is a warning only."""

GRAVE: Final = ("D3", "D4")
"""Those of a grave drought, extreme or exceptional."""


def indicator_of(key: str) -> Indicator:
    """Look an indicator up, or say in one line which ones exist."""
    try:
        return INDICATORS[key]
    except KeyError:
        known = ", ".join(INDICATORS)
        raise UnknownNameError(f"unknown indicator {key!r}: expected one of {known}") from None


def is_missing(value: object) -> bool:
    """None, NaN, NaT and pd.NA alike."""
    if isinstance(value, float):  # by far the most
        return math.isnan(value)
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


def is_unclassed(indicator: str, value: object, drought_class: object) -> bool:
    """Whether there is a value, and too few years of reference for a class."""
    known = not is_missing(value)
    return indicator_of(indicator).kind == "class" and known and is_missing(drought_class)


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
    if which.kind == "anomaly" and not text.startswith(MINUS) and text.strip("0.,"):
        text = f"+{text}"
    return with_unit(text, which.unit, lang)


def shown_value(indicator: str, value: float | None, percentile: float | None) -> float | None:
    """The number a reader is shown: for the combined class its score, 100 less the percentile.

    The table of indicators keeps the combined class's index there, which nobody can read. The score
    is rounded down like the years of `years_beaten`, so that both say the same beside each other.
    """
    if indicator_of(indicator).scored and not is_missing(percentile):
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
    """`août 2022`, `2e décade d'août 2022` for the dekads of agrometeorology, a day, `2022`."""
    if step not in PERIODS:
        raise UnknownNameError(f"unknown step {step!r}: expected one of {', '.join(PERIODS)}")
    if step == "day":
        return format_date(period_end, lang)
    if step == "year":
        return str(period_end.year)
    month = month_name(period_end.month, lang)
    if step == "month":
        return f"{month} {period_end.year}"
    rank = dekads.third(period_end) + 1
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
    """How many years in a hundred the place is drier, or wetter, than.

    Rounded down, so that the words never claim more than the number does: the 8th percentile is
    drier than 92 years in 100, the 0.3rd than 99, never than all of them.
    """
    share = 100 - percentile if dry else percentile
    years = min(99, max(1, math.floor(round(share, 6))))
    if lang == "fr":
        return f"{years}{NBSP}année{'s' if years > 1 else ''} sur{NBSP}100"
    return f"{years} year{'s' if years > 1 else ''} in{NBSP}100"


SHORT_MARK: Final = f"{NBSP}†"
"""Behind the far classes of a short reference, wherever they stand."""


def class_words(style: ClassStyle, reference_years: object, lang: Lang = "fr") -> str:
    """Name of a class, marked where it is a far one and its reference short."""
    mark = style.code in GRAVE and is_short(reference_years)
    return style.name(lang) + (SHORT_MARK if mark else "")


def class_meaning(style: ClassStyle, reference_years: object, lang: Lang = "fr") -> str:
    """What a class means against a reference of so many years: what every legend says of it.

    A climate normal is told in years out of a hundred. A short one is told in the ranks that the
    limits of the class come to among its years; the class of a year follows a fitted law, so these
    are the usual ones.
    """
    if style.rarity is None:
        return style.meaning(lang)
    if is_short(reference_years):
        return _usual_ranks(style.rarity, int(cast(float, reference_years)), lang)
    low, high = style.rarity.low, style.rarity.high
    years = Words(f"{low} à {high}", f"{low} to {high}")
    if low == 0:
        years = Words(f"au plus {high}", f"at most {high}")
    dry = style.rarity.dry
    return Words(
        f"aussi {'sec' if dry else 'humide'} {years.fr} années sur{NBSP}100",
        f"this {'dry' if dry else 'wet'} {years.en} years in{NBSP}100",
    )(lang)


def _usual_ranks(rarity: Rarity, years: int, lang: Lang) -> str:
    """`d'ordinaire le 2e ou le 3e plus sec des 12 années connues`."""
    first = rarity.low * years // 100 + 1
    last = max(math.ceil(rarity.high * years / 100), first)
    one, other = ordinal(first, lang), ordinal(last, lang)
    if last == 1:
        ranks = Words("le ", "the ")
    elif last == first:
        ranks = Words(f"le {one} ", f"the {one} ")
    elif last == first + 1:
        ranks = Words(f"le {one} ou le {other} ", f"the {one} or {other} ")
    else:
        ranks = Words(f"du {one} au {other} ", f"the {one} to {other} ")
    dry = rarity.dry
    far = Words(", et de loin", ", by far") if rarity.low == 0 else Words("", "")
    return Words(
        f"d'ordinaire {ranks.fr}plus {'sec' if dry else 'humide'} des {years}{NBSP}années "
        f"connues{far.fr}",
        f"usually {ranks.en}{'driest' if dry else 'wettest'} of the {years}{NBSP}years "
        f"known{far.en}",
    )(lang)


_OR_TOO_FEW: Final = Words("pas de données, ou trop peu", "no data, or too few")
_TOO_FEW_YEARS: Final = Words(
    "trop peu d'années de référence pour une classe", "too few years of reference for a class"
)


class Hatched(NamedTuple):
    """What hatching stands for: the name is for a legend, `told` is for a sentence."""

    name: str
    told: str


def hatched(*, unclassed: bool, little_grown: bool, lang: Lang = "fr") -> Hatched:
    """What hatching stands for on a map.

    Some départements may have a value and too few years of reference for a class (`unclassed`), or
    too little of a crop.
    """
    few = [_TOO_FEW_YEARS] * unclassed + [LITTLE_GROWN] * little_grown
    name = _OR_TOO_FEW if few else NO_DATA.name
    told = Words(", ou ", ", or ")(lang).join(why(lang) for why in (NO_DATA.name, *few))
    return Hatched(name(lang), told)


def ordinal(number: int, lang: Lang) -> str:
    """`3e`, `3rd`."""
    if lang == "fr":
        return f"{number}{'er' if number == 1 else 'e'}"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"


Ranked = tuple[float, float]
"""Rank among the years known at the same dekad, 1 the driest; how many these are."""


def ranked_words(ranked: Ranked, *, dry: bool, lang: Lang = "fr") -> str:
    """`le 2e plus sec des 12 années connues`: of too few years to speak of a hundred."""
    nth, years = _nth(ranked, dry=dry, lang=lang)
    side = Words("sec" if dry else "humide", "driest" if dry else "wettest")
    return Words(
        f"le {nth}plus {side.fr} des {years}{NBSP}années connues",
        f"the {nth}{side.en} of the {years}{NBSP}years known",
    )(lang)


def _nth(ranked: Ranked, *, dry: bool, lang: Lang) -> tuple[str, int]:
    rank, years = int(ranked[0]), int(ranked[1])
    place = rank if dry else years + 1 - rank
    return "" if place == 1 else f"{ordinal(place, lang)} ", years


LITTLE_GROWN: Final = Words(
    f"moins de 1{THIN}000{NBSP}ha de cette culture", f"under 1,000{NBSP}ha of this crop"
)
"""Why a crop's shortage of water is not drawn."""


def drought_words(
    period_end: date,
    age: float,
    drought_class: str | None,
    lang: Lang = "fr",
    *,
    past: bool = False,
) -> str:
    """`en sécheresse depuis 6 décades (2e décade de juin 2022)`; empty where none is under way.

    `age` counts the dekads of the drought under way at `period_end`, this one too. A place that is
    no longer in a class of drought is told that the drought is not over all the same.
    """
    if is_missing(age) or age < 1:
        return ""
    count = int(age)
    first = format_period(dekads.before(period_end, count - 1), "dekad", lang)
    many = f"{count}{NBSP}" + Words("décade", "dekad")(lang) + "s" * (count > 1)
    if drought_class not in IN_DROUGHT:
        said = Words(
            f"la sécheresse de {many} ({first}) n'est pas finie",
            f"the drought of {many} (since the {first}) is not over",
        )(lang)
        return in_past(said, lang) if past else said
    if count == 1:
        return Words("entrée en sécheresse à cette décade", "in drought from this dekad on")(lang)
    return Words(
        f"en sécheresse depuis {many} ({first})", f"in drought for {many} (since the {first})"
    )(lang)


ENDED_DAYS: Final = 45
"""What is older than this when it is published is past: it is told so, and in the past tense."""

_PAST: Final[dict[Lang, dict[str, str]]] = {
    "fr": {
        "est": "était", "sont": "étaient", "manque": "manquait", "manquent": "manquaient",
        "limite": "limitait", "limitent": "limitaient", "connaît": "connaissait",
        "connaissent": "connaissaient", "vont": "allaient", "passe": "était passé",
        "passent": "étaient passés", "trouvent": "trouvaient", "assèche": "asséchait",
        "assèchent": "asséchaient",
    },
    "en": {
        "is": "was", "are": "were", "has": "had", "have": "had", "run": "ran", "lack": "lacked",
        "lacks": "lacked", "restrict": "restricted", "restricts": "restricted", "stands": "stood",
        "move": "had moved", "moves": "had moved",
    },
}  # fmt: skip
"""The verbs of our sentences, of what is now and of what was."""


def is_past(period_end: date, published_on: date | None) -> bool:
    """Whether a period was over long before it was published."""
    return published_on is not None and (published_on - period_end).days > ENDED_DAYS


def archive_words(last: date, lang: Lang = "fr") -> str:
    """The band above what is told of a record that ended long before it was published."""
    day = format_date(last, lang)
    return Words(f"Archive{NBSP}: données jusqu'au {day}.", f"Archive: data until {day}.")(lang)


def in_past(text: str, lang: Lang) -> str:
    """One of our sentences in the past tense; names of places are not to be in it."""
    verbs = _PAST[lang]
    # The noun, as in « le manque d'eau », stays.
    pattern = rf"(?<![\w-])(?<![Ll]e )({'|'.join(verbs)})(?![\w-])"
    return re.sub(pattern, lambda found: verbs[found[0]], text)


def longest_reference(reference_years: Iterable[float]) -> float:
    """Years of the longest reference of a map, by which its legend is worded; NaN if unknown."""
    return max((each for each in reference_years if not is_missing(each)), default=math.nan)


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
    """`normale 2010-2022, référence courte de 12 ans †`; empty when nothing is known."""
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
            (
                f"référence courte de {years}{NBSP}{unit_fr}"
                if lang == "fr"
                else f"short reference of {years}{NBSP}{unit_en}"
            )
            + SHORT_MARK
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


class _Figures(NamedTuple):
    """What is known of a row, as far as it may be told."""

    value: object
    percentile: object
    ranked: Ranked | None
    reference_years: object


def _comparison(which: Indicator, of: _Figures, style: ClassStyle, lang: Lang) -> str:
    """The rain over the indicator's months against other years, without a final full stop."""
    months = which.months or 1
    over = (
        Words(f"Sur {months}{NBSP}mois, il", f"Over {months} months, there")
        if months > 1
        else Words("Sur le mois, il", "Over the month, there")
    )
    side = _side(of.percentile, style)
    if side == "normal":
        return Words(
            f"{over.fr} a plu à peu près comme d'habitude à cette date",
            f"{over.en} was about the usual rain for the date",
        )(lang)
    much = Words("moins", "less") if side == "dry" else Words("davantage", "more")
    if is_missing(of.percentile):
        return Words(
            f"{over.fr} a plu {much.fr} que d'habitude à cette date",
            f"{over.en} was {much.en} rain than usual for the date",
        )(lang)
    if of.ranked is not None:
        nth, known = _nth(of.ranked, dry=side == "dry", lang=lang)
        long = Words(
            f"Sur {months}{NBSP}mois" if months > 1 else "Sur le mois",
            f"Over {months} months" if months > 1 else "Over the month",
        )
        rain = Words("faible" if side == "dry" else "forte", "least" if side == "dry" else "most")
        return Words(
            f"{long.fr}, la {nth}plus {rain.fr} pluie des {known}{NBSP}années connues à cette date",
            f"{long.en}, the {nth}{rain.en} rain of the {known}{NBSP}years known at this date",
        )(lang)
    years = years_beaten(float(cast(float, of.percentile)), dry=side == "dry", lang=lang)
    return Words(
        f"{over.fr} a plu {much.fr} que dans {years} à cette date",
        f"{over.en} was {much.en} rain than in {years} at this date",
    )(lang)


def _drier(which: Indicator, of: _Figures, style: ClassStyle, lang: Lang) -> str:
    """The indicator's subject against other years, or what the class means without a rank."""
    side = _side(of.percentile, style)
    subject = f"{which.subject(lang)} " if which.subject else ""
    if side == "normal":
        usual = Words("à peu près comme d'habitude à cette date", "about usual for the date")
        return capitalise(f"{subject}{usual(lang)}")
    if is_missing(of.percentile):
        return capitalise(class_meaning(style, of.reference_years, lang))
    if of.ranked is not None:
        at = Words("à cette date", "at this date")
        said = ranked_words(of.ranked, dry=side == "dry", lang=lang)
        return capitalise(f"{subject}{said} {at(lang)}")
    years = years_beaten(float(cast(float, of.percentile)), dry=side == "dry", lang=lang)
    compared = Words(
        f"plus {'sec' if side == 'dry' else 'humide'} que {years} à cette date",
        f"{'drier' if side == 'dry' else 'wetter'} than {years} at this date",
    )
    return capitalise(f"{subject}{compared(lang)}")


def _departure(which: Indicator, value: float, lang: Lang) -> str:
    """`40 % de pluie en moins que la normale`."""
    if format_number(value, which.decimals, lang) == "0":
        return which.same(lang)
    size = format_value(which.key, abs(value), lang).lstrip("+")
    return (which.phrase if value < 0 else which.surplus)(lang).format(size)


def _head_and_body(
    which: Indicator, style: ClassStyle, of: _Figures, lang: Lang
) -> tuple[str, str]:
    """What is said after the name, then the second sentence that tells against what."""
    if which.kind in ("restriction", "stage"):
        return style.name(lang), capitalise(style.meaning(lang))
    if which.kind == "class":
        tell = _drier if which.subject or which.scored else _comparison
        return class_words(style, of.reference_years, lang), tell(which, of, style, lang)
    amount = float(cast(float, of.value))
    if which.kind == "anomaly":
        return _departure(which, amount, lang), ""
    head = which.phrase(lang).format(format_value(which.key, amount, lang))
    if which.key == "drought_age_dekads" and amount == 0:
        head = style.name(lang)
    if is_missing(of.percentile) or not (which.subject or which.group == "rain"):
        return head, ""
    tell = _drier if which.subject else _comparison
    return head, tell(which, of, style, lang)


def _no_class(
    which: Indicator, value: object, percentile: object, reference_years: object, lang: Lang
) -> tuple[str, str]:
    """What is said of a value whose reference has too few years for a class."""
    number = shown_value(which.key, *(cast(float, each) for each in (value, percentile)))
    colon = f"{NBSP}: " if lang == "fr" else ": "
    amount = f"{which.value_name(lang)}{colon}{format_value(which.key, number, lang)}"
    if is_missing(reference_years):
        return Words("pas de classe", "no class")(lang), capitalise(amount)
    years = int(cast(float, reference_years))
    why = Words(
        f"{years}{NBSP}ans de référence, trop peu pour une classe",
        f"{years} years of reference, too few for a class",
    )
    return Words("pas de classe", "no class")(lang), f"{capitalise(amount)} ({why(lang)})"


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
    ranked: Ranked | None = None,
    lang: Lang = "fr",
    past: bool = False,
    noted: bool = True,
) -> Statement:
    """Say one département's row in plain words, without its name; both parts lack a full stop.

    `percentile` runs from 0 (driest) to 100. A reference shorter than thirty years is named as
    short, with its number of years. `reason` tells why there are no data, when that is known.
    `ranked` is what is told then, in place of the percentile. `past` tells of a period that is
    over; what stands elsewhere on the page is not `noted` again.
    """
    check_lang(lang)
    which = indicator_of(indicator)
    style = style_of(indicator, value, drought_class)
    if is_unclassed(indicator, value, drought_class) and is_missing(reason):
        return Statement(style, *_no_class(which, value, percentile, reference_years, lang))
    if style is NO_DATA:
        why = "" if is_missing(reason) else capitalise(str(reason)).rstrip(".")
        return Statement(style, NO_DATA.name(lang), why)
    short = is_short(reference_years)
    if short and (ranked is None or is_missing(ranked[0])):
        ranked, percentile = None, None  # nothing is claimed of a hundred years
    of = _Figures(value, percentile, ranked if short else None, reference_years)
    head, body = _head_and_body(which, style, of, lang)
    if past:
        head, body = in_past(head, lang), in_past(body, lang)
    compares = which.kind in ("class", "anomaly") or (which.kind == "amount" and bool(body))
    note = reference_note(reference_period, reference_years, lang) if compares and noted else ""
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
    ranked: Ranked | None = None,
    lang: Lang = "fr",
    past: bool = False,
    noted: bool = True,
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
        ranked=ranked,
        lang=lang,
        past=past,
        noted=noted,
    )
    colon = f"{NBSP}: " if lang == "fr" else ": "
    text = f"{name}{colon}{said.head}."
    return f"{text} {said.body}." if said.body else text


@dataclass(frozen=True, slots=True)
class Source:
    """Where the data come from, as the page's last line names it, in one language or in both."""

    name: str | Words
    url: str | None = None
    licence: str | Words | None = None

    @property
    def href(self) -> str | None:
        """The address when it is a web page, else None: nothing else may become a link."""
        return self.url if self.url and re.match(r"https?://", self.url) else None

    def in_words(self, lang: Lang) -> dict[str, str | None]:
        """The source as the template names it."""
        name, licence = (
            each(lang) if isinstance(each, Words) else each for each in (self.name, self.licence)
        )
        return {"name": name, "licence": licence, "href": self.href}
