"""What is selected: read from the URL once, mirrored in it ever after. Each session has its own."""

import calendar
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import get_args

import param

from geo_pipeline.departements import DEPARTEMENTS
from geo_pipeline.publishing import look, views
from geo_pipeline.publishing.look import Lang
from panel_app.i18n import Catalogue, catalogue

DEFAULT_INDICATOR = "combined"
DEFAULT_LANG: Lang = "fr"
LANGS: tuple[Lang, ...] = get_args(Lang)
MAX_ECHO = 40
"""What the URL asked for is repeated in a notice up to this length."""


class State(param.Parameterized):
    """One session's selection.

    `period` is the wish; what is shown is the nearest period that the indicator has, so that the
    wish survives a visit to an indicator without it. None is the latest.
    """

    indicator: str = param.String(default=DEFAULT_INDICATOR)
    period: date | None = param.CalendarDate(default=None, allow_None=True)
    departement: str = param.String(default="", doc="INSEE code; empty for the whole of France")
    lang: Lang = param.Selector(default=DEFAULT_LANG, objects=list(LANGS), constant=True)

    def query(self, shown: date | None = None) -> dict[str, str]:
        """Return the parameters of the URL that brings back this selection."""
        parameters = {"indicator": self.indicator}
        if shown is not None:
            parameters["period"] = views.period_text(self.indicator, shown)
        if self.departement:
            parameters["departement"] = self.departement
        return parameters | {"lang": self.lang}


def language(query: Mapping[str, str]) -> Lang:
    """Return the language that the URL asks for, French by default."""
    asked = query.get("lang", DEFAULT_LANG)
    return asked if asked in LANGS else DEFAULT_LANG


def month_end(year: int, month: int) -> date:
    """Return the last day of a month."""
    return date(year, month, calendar.monthrange(year, month)[1])


def parse_period(text: str) -> date | None:
    """Return the last day of `2022-08`, or the day of `2026-10-03`; None when it is neither."""
    matched = re.fullmatch(r"(\d{4})-(\d{2})(?:-(\d{2}))?", text, flags=re.ASCII)
    if not matched:
        return None
    year, month, day = matched.groups()
    try:
        return date(int(year), int(month), int(day)) if day else month_end(int(year), int(month))
    except ValueError:
        return None


def _clip(text: str) -> str:
    """What was asked, short enough to be repeated."""
    return text if len(text) <= MAX_ECHO else f"{text[: MAX_ECHO - 1]}…"


def _indicator(
    query: Mapping[str, str], indicators: Sequence[str], words: Catalogue
) -> tuple[str, str | None]:
    """The indicator asked for, or the default with a notice."""
    default = DEFAULT_INDICATOR if DEFAULT_INDICATOR in indicators else indicators[0]
    asked = query.get("indicator", default)
    if asked in indicators:
        return asked, None
    shown = look.indicator_of(default).name(words.lang)
    return default, words("notice.indicator", asked=_clip(asked), shown=shown)


def _departement(query: Mapping[str, str], words: Catalogue) -> tuple[str, str | None]:
    """The département asked for, or the whole of France with a notice."""
    asked = query.get("departement", "")
    code = asked.strip().upper()
    if not code or code in {each.code for each in DEPARTEMENTS}:
        return code, None
    return "", words("notice.departement", asked=_clip(asked))


def from_query(query: Mapping[str, str], indicators: Sequence[str]) -> tuple[State, list[str]]:
    """Return the selection that the URL asks for, and a notice for each thing it asks in vain.

    A period without data is told by the page, which knows the periods.
    """
    lang = language(query)
    words = catalogue(lang)
    indicator, no_indicator = _indicator(query, indicators, words)
    departement, no_departement = _departement(query, words)
    period = parse_period(query.get("period", ""))
    state = State(indicator=indicator, period=period, departement=departement, lang=lang)
    in_vain = [no_indicator, no_departement]
    if period is None and query.get("period"):
        in_vain.append(words("notice.bad_period", asked=_clip(query["period"])))
    if query.get("lang", lang) != lang:
        in_vain.append(words("notice.lang", asked=_clip(query["lang"])))
    return state, [each for each in in_vain if each]
