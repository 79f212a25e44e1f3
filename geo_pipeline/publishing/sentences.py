"""Sentences on one département's row: its class or amount, and how that compares.

Also since when it has been in drought, and the past tense for past periods. Pure functions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, Literal, NamedTuple, cast

from geo_pipeline import dekads
from geo_pipeline.catalogue.indicator_record import Indicator
from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.catalogue.styles import NO_DATA, ClassStyle, check_lang
from geo_pipeline.publishing.certainty import ClassCertainty, certainty_words
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
"""Rank among the known years at the same dekad, 1 the driest, and the number of years."""


def ranked_words(ranked: Ranked, *, dry: bool, lang: Lang = "fr") -> str:
    """Return `le 2e plus sec des 12 années connues`, for references too short for percentages."""
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
    """Return `en sécheresse depuis la 2e décade de juin 2022, soit 60 jours (6 décades)`.

    It is empty without a drought.

    `age` counts the dekads of the drought under way at `period_end`, including that one. Where the
    place is no longer in a drought class, the text says that the drought is not over yet.
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
"""A period that ended longer before its publication than this is in the past tense."""

_PAST: Final[dict[Lang, dict[str, str]]] = {
    "fr": {
        "est": "était", "sont": "étaient", "manque": "manquait", "manquent": "manquaient",
        "limite": "limitait", "limitent": "limitaient", "connaît": "connaissait",
        "connaissent": "connaissaient", "passe": "était passé",
        "passent": "étaient passés", "trouvent": "trouvaient", "assèche": "asséchait",
        "assèchent": "asséchaient",
    },
    "en": {
        "is": "was", "are": "were", "has": "had", "have": "had", "lack": "lacked",
        "lacks": "lacked", "restrict": "restricted", "restricts": "restricted", "stands": "stood",
        "move": "had moved", "moves": "had moved",
    },
}  # fmt: skip
"""The verbs of our sentences in the present and in the past."""


def is_past(period_end: date, published_on: date | None) -> bool:
    """Return whether a period was over long before it was published."""
    return published_on is not None and (published_on - period_end).days > ENDED_DAYS


def archive_words(last: date, lang: Lang = "fr") -> str:
    """Return the banner for a record that ended long before it was published."""
    return catalogue(lang)("sentence.archive", day=format_date(last, lang))


@lru_cache(maxsize=4096)
def in_past(text: str, lang: Lang) -> str:
    """Return one of our sentences in the past tense; names of départements hold no verb.

    Kept: the sentences of 101 départements, at each step of a reader, are few different ones.
    """
    verbs = _PAST[lang]
    # The noun, as in « le manque d'eau », stays unchanged.
    pattern = rf"(?<![\w-])(?<![Ll]e )({'|'.join(verbs)})(?![\w-])"
    return re.sub(pattern, lambda found: verbs[found[0]], text)


def _side(percentile: object, style: ClassStyle) -> Literal["dry", "wet", "normal"]:
    """Return the side that the words take; the class decides where there is one."""
    if style.code.startswith("D"):
        return "dry"
    if style.code.startswith("W"):
        return "wet"
    if style.code == "normal" or is_missing(percentile):
        return "normal"
    rank = float(cast(float, percentile))
    return "dry" if rank <= 30 else "wet" if rank >= 70 else "normal"


class _Figures(NamedTuple):
    """The figures of a row that may be shown."""

    value: object
    percentile: object
    ranked: Ranked | None
    reference_years: object


def _comparison(which: Indicator, of: _Figures, style: ClassStyle, lang: Lang) -> str:
    """Return the rain of the indicator's months compared with other years, without a full stop."""
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
    """Return the subject compared with other years, or the meaning of the class without a rank."""
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
    """Return `40 % de pluie en moins que la normale`."""
    if format_number(value, which.decimals, lang) == "0":
        return which.same(lang)
    size = format_value(which.key, abs(value), lang).lstrip("+")
    return (which.phrase if value < 0 else which.surplus)(lang).format(size)


def _head_and_body(
    which: Indicator, style: ClassStyle, of: _Figures, lang: Lang
) -> tuple[str, str]:
    """Return the text after the name, then the second sentence with the comparison."""
    if which.kind == "restriction" and style.code != "none":
        anywhere = catalogue(lang)("sentence.anywhere", meaning=style.meaning(lang))
        return style.name(lang), anywhere
    if which.kind in ("restriction", "stage"):
        return style.name(lang), capitalise(style.meaning(lang))
    if which.kind == "class":
        tell = _drier if which.subject or which.scored else _comparison
        return class_words(style, of.reference_years, lang), tell(which, of, style, lang)
    amount = float(cast(float, of.value))
    if which.kind == "anomaly":
        return _departure(which, amount, lang), ""
    head = which.phrase(lang).format(format_value(which.key, amount, lang))
    if which.group == "drought" and amount == 0:
        head = style.name(lang)
    if is_missing(of.percentile) or not (which.subject or which.group == "rain"):
        return head, ""
    tell = _drier if which.subject else _comparison
    return head, tell(which, of, style, lang)


def _no_class(
    which: Indicator, value: object, percentile: object, reference_years: object, lang: Lang
) -> tuple[str, str]:
    """Return the texts of a value whose reference has too few years for a class."""
    number = shown_value(which.key, *(cast(float, each) for each in (value, percentile)))
    words, colon = catalogue(lang), f"{NBSP}: " if lang == "fr" else ": "
    amount = f"{which.value_name(lang)}{colon}{format_value(which.key, number, lang)}"
    if is_missing(reference_years):
        return words("sentence.no_class"), capitalise(amount)
    why = words("sentence.too_few_years", n=int(cast(float, reference_years)))
    return words("sentence.no_class"), f"{capitalise(amount)} ({why})"


@dataclass(frozen=True, slots=True)
class Statement:
    """The texts of one row: `head` names the class or the amount, `body` the comparison."""

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
    certainty: ClassCertainty | None = None,
) -> Statement:
    """Return one département's row in plain words, without its name or final full stops.

    `percentile` runs from 0 (driest) to 100. A reference shorter than thirty years is named as
    short, with its number of years. `reason` says why there are no data, if known. `ranked`
    replaces the percentile where the reference is short. `past` is for a period that is over. With
    `noted` False the note on the reference, which stands elsewhere on the page, is left out.
    `certainty` adds between which classes the right one may be.
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
        ranked, percentile = None, None  # too few years for such a claim
    of = _Figures(value, percentile, ranked if short else None, reference_years)
    head, body = _head_and_body(which, style, of, lang)
    if past:
        head, body = in_past(head, lang), in_past(body, lang)
    compares = which.kind in ("class", "anomaly") or (which.kind == "amount" and bool(body))
    note = reference_note(reference_period, reference_years, lang) if compares and noted else ""
    body = f"{body} ({note})" if note and body else body or capitalise(note)
    unsure = certainty_words(indicator, style, certainty, lang) if which.kind == "class" else ""
    return Statement(style, head, ". ".join(each for each in (body, unsure) if each))


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
    certainty: ClassCertainty | None = None,
) -> str:
    """Return one département's row as a complete text: name, class and comparison."""
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
        certainty=certainty,
    )
    colon = f"{NBSP}: " if lang == "fr" else ": "
    text = f"{name}{colon}{said.head}."
    return f"{text} {said.body}." if said.body else text


@dataclass(frozen=True, slots=True)
class Source:
    """A source of data, as the page's last line names it, in one language or in both."""

    name: str | Words
    url: str | None = None
    licence: str | Words | None = None

    @property
    def href(self) -> str | None:
        """The address if it is a web page, else None: nothing else may become a link."""
        return self.url if self.url and re.match(r"https?://", self.url) else None

    def in_words(self, lang: Lang) -> dict[str, str | None]:
        """Return the source as the template needs it."""
        name, licence = (
            each(lang) if isinstance(each, Words) else each for each in (self.name, self.licence)
        )
        return {"name": name, "licence": licence, "href": self.href}
