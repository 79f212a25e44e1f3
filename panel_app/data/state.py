"""The state of a session: everything that is selected, all of it in the URL.

A session's state is replaced as a whole, never changed in place: whatever the reader does changes
some parameters of the URL, which `from_query` reads like a typed URL. So a link, the back button
and a click cannot disagree, and no input is trusted more than an address typed by hand.
"""

import calendar
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, get_args

from geo_pipeline.catalogue.indicators import indicator_of
from geo_pipeline.catalogue.styles import check_lang
from geo_pipeline.territory import BY_CODE, REGIONS
from geo_pipeline.words import Lang
from panel_app.data.overlay import can_overlay
from panel_app.data.page_words import Catalogue, catalogue

Step = Literal["month", "dekad"]
Compare = Literal["", "side", "swipe", "change"]
Since = Literal["dekad", "month", "quarter", "year"]
Level = Literal["departement", "region"]
Season = Literal["year", "winter", "spring", "summer", "autumn"]

DEFAULT_INDICATOR: Final = "combined"
DEFAULT_LANG: Final[Lang] = "fr"
MAX_PLACES: Final = 5
"""Most départements compared on one chart: more could not be told apart."""
MAX_YEARS: Final = 4
MAX_ECHO: Final = 40
"""Longest part of a URL that a notice repeats."""
SORTS: Final = (
    "dryness", "name", "region", "value", "change", "year", "share", "age", "crops", "restriction",
    "percentile",
)  # fmt: skip


@dataclass(frozen=True)
class State:
    """One session's selection.

    `period` is the wished one; the nearest period that the indicator has is shown, so that the wish
    survives a visit to an indicator without it. None is the latest.
    """

    page: str = "map"
    indicator: str = DEFAULT_INDICATOR
    period: date | None = None
    step: Step = "dekad"
    departement: str = ""
    """INSEE code; empty for the whole of France."""
    lang: Lang = DEFAULT_LANG
    crop: str = ""
    """The crop whose area weights the classes; empty for the area of the land."""
    compare: Compare = ""
    other_indicator: str = ""
    """Indicator of the second map of a comparison: empty for the same one."""
    other_period: date | None = None
    """Period of the second map; None for a year before."""
    since: Since = "month"
    """How long before the period a map of changes looks back."""
    over: str = ""
    """Indicator hatched over the map where it is grave; empty for none."""
    level: Level = "departement"
    region: str = ""
    """Code of the région to which the ranking is restricted."""
    sort: str = "dryness"
    descending: bool = False
    places: tuple[str, ...] = ()
    """Départements compared on the charts."""
    years: tuple[int, ...] = ()
    """Seasons drawn beside this one, by the year in which they end; none: the two most similar."""
    season: Season = "year"

    @property
    def two_maps(self) -> bool:
        """Whether two maps are compared."""
        return self.compare in ("side", "swipe")

    def query(self, shown: str = "") -> dict[str, str]:
        """Return the parameters of a URL with this selection.

        `shown` is the period on the page as it is typed, for a URL that names it.
        """
        default = State()
        named = {
            "page": self.page if self.page != default.page else "",
            "indicator": self.indicator,
            "period": shown or (_typed(self.period, self.step) if self.period else ""),
            "departement": self.departement,
            "crop": self.crop,
            "compare": self.compare,
            "with": self.other_indicator if self.two_maps else "",
            "at": _typed(self.other_period, "dekad") if self.two_maps and self.other_period else "",
            "since": self.since if self.since != default.since else "",
            "over": self.over,
            "level": self.level if self.level != default.level else "",
            "region": self.region,
            "sort": ("-" if self.descending else "") + self.sort,
            "places": ",".join(self.places),
            "years": ",".join(str(year) for year in self.years),
            "season": self.season if self.season != default.season else "",
            "lang": self.lang,
        }
        if named["sort"] == default.sort:
            named["sort"] = ""
        return {name: value for name, value in named.items() if value}


def zoom(query: Mapping[str, str]) -> str:
    """Return the part of the map in the URL, as the page's script wrote it; empty for all of it.

    It is how much larger the map is, and the place of its corner in the units of the drawing. No
    content depends on it, so it is not in `State`, by which contents are kept.
    """
    asked = query.get("zoom", "")
    return asked if re.fullmatch(r"\d{1,2}\.\d{2}(?:,-?\d{1,5}){2}", asked, re.ASCII) else ""


def language(query: Mapping[str, str]) -> Lang:
    """Return the language in the URL, French by default."""
    asked = query.get("lang", DEFAULT_LANG)
    return check_lang(asked) if asked in get_args(Lang) else DEFAULT_LANG


def month_end(year: int, month: int) -> date:
    """Return the last day of a month."""
    return date(year, month, calendar.monthrange(year, month)[1])


def parse_period(text: str) -> tuple[date, Step] | None:
    """Return the last day and the step of `2022-08`, `2022-08-20` or `2022`; None for others."""
    matched = re.fullmatch(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", text, flags=re.ASCII)
    if not matched:
        return None
    year, month, day = matched.groups()
    try:
        if day:
            return date(int(year), int(month), int(day)), "dekad"
        return month_end(int(year), int(month or 12)), "month"
    except ValueError:
        return None


def _typed(period: date, step: Step) -> str:
    return period.isoformat()[:7] if step == "month" else period.isoformat()


@dataclass
class _Reader:
    """Reads parameters one by one, with a notice for each that is invalid."""

    query: Mapping[str, str]
    words: Catalogue
    notices: list[str] = field(default_factory=list)

    def one_of(self, name: str, allowed: Sequence[str], default: str) -> str:
        """Return the parameter where it is one of `allowed`, else the default with a notice."""
        asked = self.query.get(name, "").strip()
        if not asked or asked in allowed:
            return asked or default
        self.notices.append(self.words("notice.unknown", name=name, asked=clip(asked)))
        return default

    def several(self, name: str, read: Callable[[str], str | None], most: int) -> tuple[str, ...]:
        """Return the valid items of a list, each once, at most `most` of them."""
        asked = [each.strip() for each in self.query.get(name, "").split(",") if each.strip()]
        known = [found for found in map(read, asked) if found is not None]
        if len(known) < len(asked):
            self.notices.append(
                self.words("notice.unknown", name=name, asked=clip(self.query[name]))
            )
        return tuple(dict.fromkeys(known))[:most]

    def period(self, name: str) -> tuple[date, Step] | None:
        """Return a period, None with a notice where it cannot be read."""
        asked = self.query.get(name, "").strip()
        if not asked:
            return None
        parsed = parse_period(asked)
        if parsed is None:
            self.notices.append(self.words("notice.bad_period", asked=clip(asked)))
        return parsed

    def departement(self) -> str:
        """Return the requested département, or the whole of France with a notice."""
        asked = self.query.get("departement", "")
        code = asked.strip().upper()
        if not code or code in BY_CODE:
            return code
        self.notices.append(self.words("notice.departement", asked=clip(asked)))
        return ""

    def indicator(self, indicators: Sequence[str]) -> str:
        """Return the requested indicator, or the default with a notice."""
        default = DEFAULT_INDICATOR if DEFAULT_INDICATOR in indicators else indicators[0]
        asked = self.query.get("indicator", default)
        if asked in indicators:
            return asked
        shown = indicator_of(default).name(self.words.lang)
        self.notices.append(self.words("notice.indicator", asked=clip(asked), shown=shown))
        return default


def clip(text: str) -> str:
    """Return an input, short enough to be repeated."""
    return text if len(text) <= MAX_ECHO else f"{text[: MAX_ECHO - 1]}…"


def from_query(
    query: Mapping[str, str],
    pages: Sequence[str],
    indicators: Sequence[str],
    crops: Sequence[str] = (),
) -> tuple[State, list[str]]:
    """Return the selection in the URL, and a notice for each invalid part.

    `pages` are the existing ones, `crops` those with known areas. Whether a period has data is
    checked by the page, which knows the periods.
    """
    lang = language(query)
    read = _Reader(query, catalogue(lang))
    period = read.period("period")
    compare = read.one_of("compare", get_args(Compare), "")
    other, at = read.one_of("with", indicators, ""), read.period("at")
    sort = query.get("sort", "")
    state = State(
        page=read.one_of("page", pages, State.page),
        indicator=read.indicator(indicators),
        period=period[0] if period else None,
        step=period[1] if period else "dekad",
        departement=read.departement(),
        lang=lang,
        crop=read.one_of("crop", crops, ""),
        compare=compare,  # type: ignore[arg-type]
        other_indicator=other if compare else "",
        other_period=at[0] if at and compare else None,
        since=read.one_of("since", get_args(Since), State.since),  # type: ignore[arg-type]
        over=read.one_of(
            "over", [each for each in indicators if can_overlay(indicator_of(each))], ""
        ),
        level=read.one_of("level", get_args(Level), "departement"),  # type: ignore[arg-type]
        region=read.one_of("region", list(REGIONS), ""),
        sort=sort.removeprefix("-") if sort.removeprefix("-") in SORTS else "dryness",
        descending=sort.startswith("-") and sort.removeprefix("-") in SORTS,
        places=read.several(
            "places", lambda code: code.upper() if code.upper() in BY_CODE else None, MAX_PLACES
        ),
        years=tuple(
            int(year)
            for year in read.several(
                "years",
                lambda year: year if re.fullmatch(r"\d{4}", year, re.ASCII) else None,
                MAX_YEARS,
            )
        ),
        season=read.one_of("season", get_args(Season), "year"),  # type: ignore[arg-type]
    )
    if query.get("lang", lang) != lang:
        read.notices.append(read.words("notice.lang", asked=clip(query["lang"])))
    return state, read.notices
