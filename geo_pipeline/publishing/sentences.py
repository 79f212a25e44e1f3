"""Sentences on one département's row: its class or amount, and against what.

Also: since when it has been in drought, and the past tense of what is over. Pure functions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, NamedTuple, cast

from geo_pipeline import dekads
from geo_pipeline.catalogue.indicator_record import Indicator
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.catalogue.styles import NO_DATA, ClassStyle, check_lang
from geo_pipeline.publishing.formats import (
    capitalise,
    format_date,
    format_number,
    format_period,
    format_value,
    is_missing,
    ordinal,
    shown_value,
)
from geo_pipeline.publishing.legend import (
    IN_DROUGHT,
    class_meaning,
    class_words,
    is_short,
    is_unclassed,
    reference_note,
    style_of,
    years_beaten,
)
from geo_pipeline.words import NBSP, Lang, Words, catalogue

Ranked = tuple[float, float]
"""Rank among the years known at the same dekad, 1 the driest; how many these are."""


def ranked_words(ranked: Ranked, *, dry: bool, lang: Lang = "fr") -> str:
    """`le 2e plus sec des 12 années connues`: of too few years to speak of a hundred."""
    nth, years = _nth(ranked, dry=dry, lang=lang)
    return catalogue(lang)(f"sentence.ranked.{'dry' if dry else 'wet'}", nth=nth, years=years)


def _nth(ranked: Ranked, *, dry: bool, lang: Lang) -> tuple[str, int]:
    rank, years = int(ranked[0]), int(ranked[1])
    place = rank if dry else years + 1 - rank
    return "" if place == 1 else f"{ordinal(place, lang)} ", years


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
    words = catalogue(lang)
    many = words("sentence.dekads.many" if count > 1 else "sentence.dekads.one", n=count)
    if drought_class not in IN_DROUGHT:
        said = words("sentence.not_over", many=many, first=first)
        return in_past(said, lang) if past else said
    if count == 1:
        return words("sentence.drought_begins")
    return words("sentence.drought_since", many=many, first=first)


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
    return catalogue(lang)("sentence.archive", day=format_date(last, lang))


def in_past(text: str, lang: Lang) -> str:
    """One of our sentences in the past tense; names of places are not to be in it."""
    verbs = _PAST[lang]
    # The noun, as in « le manque d'eau », stays.
    pattern = rf"(?<![\w-])(?<![Ll]e )({'|'.join(verbs)})(?![\w-])"
    return re.sub(pattern, lambda found: verbs[found[0]], text)


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
    words, side = catalogue(lang), _side(of.percentile, style)
    over = words("sentence.rain.over_many" if months > 1 else "sentence.rain.over_one", n=months)
    if side == "normal":
        return words("sentence.rain.usual", over=over)
    if is_missing(of.percentile):
        return words(f"sentence.rain.{side}", over=over)
    if of.ranked is not None:
        nth, known = _nth(of.ranked, dry=side == "dry", lang=lang)
        return words(f"sentence.rain.ranked_{side}", over=over, nth=nth, years=known)
    years = years_beaten(float(cast(float, of.percentile)), dry=side == "dry", lang=lang)
    return words(f"sentence.rain.than_{side}", over=over, years=years)


def _drier(which: Indicator, of: _Figures, style: ClassStyle, lang: Lang) -> str:
    """The indicator's subject against other years, or what the class means without a rank."""
    words, side = catalogue(lang), _side(of.percentile, style)
    subject = f"{which.subject(lang)} " if which.subject else ""
    if side == "normal":
        return capitalise(subject + words("sentence.usual"))
    if is_missing(of.percentile):
        return capitalise(class_meaning(style, of.reference_years, lang))
    if of.ranked is not None:
        said = ranked_words(of.ranked, dry=side == "dry", lang=lang)
        return capitalise(subject + words("sentence.at_this_date", said=said))
    years = years_beaten(float(cast(float, of.percentile)), dry=side == "dry", lang=lang)
    return capitalise(subject + words(f"sentence.than_{side}", years=years))


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
    words, colon = catalogue(lang), f"{NBSP}: " if lang == "fr" else ": "
    amount = f"{which.value_name(lang)}{colon}{format_value(which.key, number, lang)}"
    if is_missing(reference_years):
        return words("sentence.no_class"), capitalise(amount)
    why = words("sentence.too_few_years", n=int(cast(float, reference_years)))
    return words("sentence.no_class"), f"{capitalise(amount)} ({why})"


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
