"""What the page says in words: turns rows into the values that the HTML templates show.

Nothing here knows Panel or Bokeh, so that all of it is tested without a browser.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
from markupsafe import escape

from geo_pipeline.publishing import look, maps
from geo_pipeline.publishing.look import Lang
from panel_app.i18n import Catalogue
from panel_app.store import DROUGHT, NO_STYLE, Matrix, Publication
from panel_app.theme import render

DRIEST: Final = 10
YIELD_YEARS: Final = 5
"""A yield is compared with the mean of as many harvests before it."""

_SPARK: Final = (112, 24)


@dataclass(frozen=True)
class Shown:
    """What is on the page: an indicator at a period."""

    publication: Publication
    matrix: Matrix
    row: int
    words: Catalogue

    @property
    def lang(self) -> Lang:
        """Language of the page."""
        return self.words.lang

    @property
    def period_end(self) -> date:
        """Last day of the period."""
        return self.matrix.periods[self.row]

    @property
    def period(self) -> str:
        """The period in words."""
        return self.matrix.period_words(self.row, self.lang)

    @property
    def indicator(self) -> look.Indicator:
        """The indicator."""
        return look.indicator_of(self.matrix.indicator)


def percent(share: float, lang: Lang) -> str:
    """`12 %`; what is there but rounds to nothing is `< 1 %`."""
    space = look.THIN if lang == "fr" else ""
    if 0 < share < 0.5:
        return f"<{look.THIN}1{space}%"
    return f"{look.format_number(share, 0, lang)}{space}%"


def hectares(area: float, lang: Lang) -> str:
    """`104 600 ha`, `2,31 millions d'ha`: three figures, no more is known."""
    if np.isnan(area):
        return look.format_number(None, 0, lang)
    if area >= 1e6:
        text = look.format_number(area / 1e6, 2, lang)
        million = "millions d'ha" if lang == "fr" else "million ha"
        return f"{text}{look.NBSP}{million}"
    step = 100 if area >= 10_000 else 10
    return f"{look.format_number(round(area / step) * step, 0, lang)}{look.NBSP}ha"


def headline(shown: Shown) -> dict[str, Any]:
    """The map's answer in one sentence."""
    values = shown.matrix.frame(shown.row)
    return {
        "period": look.capitalise(shown.period),
        "finding": maps.finding(shown.matrix.indicator, values, shown.lang),
    }


def reference(shown: Shown) -> str:
    """The normal that the map compares with, the longest among the départements."""
    matrix, row = shown.matrix, shown.row
    years = matrix.reference_years[row]
    if np.isnan(years).all():
        return ""
    best = int(np.nanargmax(years))
    return look.capitalise(
        look.reference_note(matrix.reference_period[row, best], float(years[best]), shown.lang)
    )


def legend(shown: Shown) -> dict[str, Any]:
    """Each class in words, with its départements and its share of the area."""
    lang = shown.lang
    rows = [
        {
            "colour": share.style.colour,
            "hatched": False,
            "code": share.style.code if share.style.code[0] in "DW" else "",
            "name": look.capitalise(share.style.name(lang)),
            "meaning": look.capitalise(share.style.meaning(lang)),
            "count": share.departements,
            "area": percent(share.area_pct, lang) if share.departements else "",
        }
        for share in shown.matrix.shares(shown.row)
    ]
    rows.append(
        {
            "colour": look.NO_DATA.colour,
            "hatched": True,
            "code": "",
            "name": look.capitalise(look.NO_DATA.name(lang)),
            "meaning": look.capitalise(look.NO_DATA.meaning(lang)),
            "count": shown.matrix.missing(shown.row),
            "area": "",
        }
    )
    known = shown.matrix.style[shown.row] != NO_STYLE
    area = look.format_number(float(shown.matrix.area_km2[known].sum()), 0, lang)
    return {
        "rows": rows,
        "words": shown.words,
        "area": area,
        "explanation": shown.indicator.explanation(shown.lang),
        "note": reference(shown),
    }


def period_texts(shown: Shown) -> dict[str, list[str]]:
    """For each period its name, and how much of the area was in drought then."""
    matrix, words = shown.matrix, shown.words
    labels = [
        look.capitalise(matrix.period_words(row, shown.lang)) for row in range(len(matrix.periods))
    ]
    if len(labels) == 1:
        only = matrix.period_words(0, shown.lang)
        return {"label": labels, "text": [words("timeline.single", period=only)]}
    if shown.indicator.kind != "class":
        return {"label": labels, "text": [""] * len(labels)}
    texts = [
        words("timeline.in_drought", share=percent(matrix.drought_share(row), shown.lang))
        for row in range(len(labels))
    ]
    return {"label": labels, "text": texts}


def slots(shown: Shown, code: str, notices: Sequence[str]) -> dict[str, str]:
    """All that the page says, as HTML by the name of its place; `code` is '' for France."""
    said = {
        "headline": render("headline", headline(shown)),
        "legend": render("legend", legend(shown)),
        "head": render("france", france(shown)),
        "rest": "",
        "notice": render("notice", {"notices": notices}),
    }
    if code:
        said["head"] = render("departement", departement_head(shown, code))
        said["rest"] = render("rest", departement_rest(shown, code))
    return said | {name: str(escape(text)) for name, text in chart_texts(shown, code).items()}


# --------------------------------------------------------------------------------------------
# France
# --------------------------------------------------------------------------------------------


def france(shown: Shown) -> dict[str, Any]:
    """What is beside the map when nothing is selected."""
    by_day = shown.indicator.kind == "restriction"
    return {
        "words": shown.words,
        "heading": shown.words("france.heading"),
        "period": shown.period,
        "list_heading": shown.words("france.strictest" if by_day else "france.driest"),
        "driest": [_driest_row(shown, column) for column in shown.matrix.driest(shown.row, DRIEST)],
        "value_name": _list_note(shown),
        "same_month": _same_month(shown) if shown.indicator.kind == "class" else None,
        "exposed": _exposed(shown),
    }


def _list_note(shown: Shown) -> str:
    """What the numbers of the list are; for restrictions, how many share the strictest level."""
    if shown.indicator.kind != "restriction":
        return shown.indicator.value_name(shown.lang)
    strictest = shown.matrix.style[shown.row].min(initial=len(shown.matrix.styles))
    total = int((shown.matrix.style[shown.row] == strictest).sum())
    return shown.words("france.first_of", n=DRIEST, total=total) if total > DRIEST else ""


def _driest_row(shown: Shown, column: int) -> dict[str, str]:
    matrix = shown.matrix
    said = matrix.statement(shown.row, column, shown.lang)
    plain = shown.indicator.kind in ("amount", "anomaly")
    return {
        "code": matrix.codes[column],
        "name": matrix.names[column],
        "colour": said.style.colour,
        "said": "" if plain else said.style.name(shown.lang),
        "value": matrix.shown_value(shown.row, column, shown.lang),
    }


def _same_month(shown: Shown) -> dict[str, Any]:
    """Area in drought in the same month of each year: is this one out of the ordinary?"""
    matrix, end = shown.matrix, shown.period_end
    share = {
        period.year: matrix.drought_share(row)
        for row, period in enumerate(matrix.periods)
        if period.month == end.month
    }
    parts = {
        period.year: [
            {"colour": style.colour, "height": f"{matrix.area_shares[row, index]:.2f}"}
            for index, style in reversed(list(enumerate(matrix.styles)))
            if style.code in DROUGHT and matrix.area_shares[row, index] > 0
        ]
        for row, period in enumerate(matrix.periods)
        if period.month == end.month
    }
    years = range(min(share), max(share) + 1)
    month = look.month_name(end.month, shown.lang)
    elided = "d'" if month[0] in "ao" else "de "
    return {
        "note": shown.words("france.same_month_note", source=shown.publication.weather_names),
        "title": shown.words(
            "france.same_month", of_month=f"{elided}{month}" if shown.lang == "fr" else month
        ),
        "bars": [
            {
                "year": year,
                "short": f"{year % 100:02d}",
                "parts": parts.get(year),
                "text": percent(share[year], shown.lang) if year in share else "",
                "now": year == end.year,
            }
            for year in years
        ],
    }


def _exposed(shown: Shown) -> dict[str, str] | None:
    """Wheat and maize standing where it is dry, for the months that the risk table knows."""
    risk = shown.publication.risk(shown.period_end)
    total = float(risk["crop_area_ha"].sum()) if len(risk) else 0.0
    if not total:
        return None
    return {
        "value": hectares(float(risk["exposed_crop_area_ha"].sum()), shown.lang),
        "note": shown.words(
            "france.exposed_note",
            total=hectares(total, shown.lang).removesuffix("d'ha").removesuffix(" ha").strip(),
            year=int(risk["crop_area_year"].max()),
        ),
    }


# --------------------------------------------------------------------------------------------
# Département
# --------------------------------------------------------------------------------------------


def departement_head(shown: Shown, code: str) -> dict[str, Any]:
    """The answer: how dry, against what, since when; then the key figures."""
    matrix, publication = shown.matrix, shown.publication
    column = matrix.column(code)
    said = matrix.statement(shown.row, column, shown.lang, reason=_reason(shown, code))
    return {
        "words": shown.words,
        "code": code,
        "name": publication.name(code),
        "region": publication.region(code),
        "period": shown.period,
        "style": said.style,
        "hatched": said.style is look.NO_DATA,
        "head": look.capitalise(said.head),
        "body": f"{said.body}." if said.body else "",
        "since": since(shown, column),
        "figures": figures(shown, code),
    }


def _reason(shown: Shown, code: str) -> str:
    """Why there are no data, when there are none."""
    covered = shown.publication.weather_source(code) is not None
    if covered:
        return shown.words("detail.no_period")
    return shown.words("detail.no_weather", source=shown.publication.weather_names)


def since(shown: Shown, column: int) -> str:
    """How many months the drought has lasted without a break; empty outside a drought."""
    matrix, row = shown.matrix, shown.row
    first = row
    while first >= 0 and matrix.drought_class[first, column] in DROUGHT:
        if first < row and (matrix.periods[first + 1] - matrix.periods[first]).days > 45:
            break
        first -= 1
    months = row - first
    if months < 2:
        return ""
    return shown.words(
        "detail.drought_since",
        count=shown.words.count("detail.months", months),
        since=matrix.period_words(first + 1, shown.lang),
    )


def figures(shown: Shown, code: str) -> list[dict[str, str]]:
    """The key figures that are known; what is not known is left out rather than shown as zero."""
    found = [
        _rain_figure(shown, code),
        *_risk_figures(shown, code),
        _restriction_figure(shown, code),
    ]
    return [each for each in found if each is not None]


def _rain_figure(shown: Shown, code: str) -> dict[str, str] | None:
    rain = shown.publication.matrix("precip_mm")
    column = rain.column(code)
    if shown.period_end not in rain.periods or np.isnan(rain.value[:, column]).all():
        return None
    fallen = float(rain.value[rain.periods.index(shown.period_end), column])
    normal = float(shown.publication.rain_normal[shown.period_end.month - 1, column])
    usual = look.format_value("precip_mm", normal, shown.lang)
    return {
        "label": shown.words("detail.rain"),
        "value": look.format_value("precip_mm", fallen, shown.lang),
        "note": shown.words("detail.rain_normal", value=usual),
    }


def _risk_figures(shown: Shown, code: str) -> list[dict[str, str]]:
    risk = shown.publication.risk(shown.period_end)
    if code not in risk.index:
        return []
    known: Mapping[str, Any] = dict(risk.loc[code])
    words, lang = shown.words, shown.lang
    found: list[tuple[str, str, str]] = []
    if not pd.isna(known["score"]):
        score = look.format_number(float(known["score"]), 0, lang)
        found.append(("detail.score", score, words("detail.score_note")))
    if not pd.isna(known["neighbours_in_drought_pct"]):
        share = percent(float(known["neighbours_in_drought_pct"]), lang)
        found.append(("detail.neighbours", share, words("detail.neighbours_note")))
    if not pd.isna(known["crop_area_ha"]):
        exposed = float(known["exposed_crop_area_ha"] or 0) > 0
        crops = ", ".join(
            words.crop(crop).lower() for crop in str(known["crop_area_crops"]).split(", ")
        )
        note = words("detail.crop_area_note", crops=crops, year=int(known["crop_area_year"]))
        label = "detail.exposed" if exposed else "detail.not_exposed"
        found.append((label, hectares(float(known["crop_area_ha"]), lang), note))
    return [{"label": words(label), "value": value, "note": note} for label, value, note in found]


def _restriction_figure(shown: Shown, code: str) -> dict[str, str] | None:
    if shown.matrix.by_day or "water_restrictions" not in shown.publication.indicators:
        return None
    matrix = shown.publication.matrix("water_restrictions")
    row, column = matrix.nearest(shown.period_end), matrix.column(code)
    if matrix.style[row, column] == NO_STYLE:
        return None
    said = matrix.statement(row, column, shown.lang)
    return {
        "label": shown.words("detail.restriction"),
        "value": look.capitalise(said.head),
        "note": shown.words("detail.restriction_note", day=matrix.period_words(row, shown.lang)),
    }


def series_note(shown: Shown) -> str:
    """Unit, source and span of the indicator's chart."""
    matrix, words = shown.matrix, shown.words
    which = shown.indicator
    if which.kind == "class":
        unit = words("detail.index_unit" if which.standardised else "detail.score_unit")
    elif which.kind == "stage":
        unit = words("detail.stage_unit")
    elif which.key == "precip_anomaly_pct":
        unit = words("detail.pct_unit")
    else:
        unit = words("detail.unit", unit=which.unit(shown.lang))
    source = shown.publication.weather_names
    return words("detail.series_note", unit=unit, span=_span(matrix), source=source)


def chart_texts(shown: Shown, code: str) -> dict[str, str]:
    """Title and note of each chart of a département; empty where there is nothing to draw."""
    words = shown.words
    texts = dict.fromkeys(("history_title", "history_note", "rain_title", "rain_note"), "")
    if code and has_series(shown, code):
        name = shown.indicator.name(shown.lang)
        texts["history_title"] = words("detail.series", indicator=name)
        texts["history_note"] = series_note(shown)
    if code and shown.publication.weather_source(code) is not None:
        texts["rain_title"] = words("detail.rain_title")
        texts["rain_note"] = rain_note(shown)
    return texts


def has_series(shown: Shown, code: str) -> bool:
    """Whether the indicator has a course through time in this département."""
    matrix = shown.matrix
    known = bool((matrix.style[:, matrix.column(code)] != NO_STYLE).any())
    return known and len(matrix.periods) > 1


def rain_note(shown: Shown) -> str:
    """Unit, source and reference of the chart of rain."""
    rain = shown.publication.matrix("precip_mm")
    known = [text for text in rain.reference_period[-1] if text]
    return shown.words(
        "detail.rain_note",
        reference=known[0] if known else _span(rain),
        source=shown.publication.weather_names,
    )


def _span(matrix: Matrix) -> str:
    return f"{matrix.periods[0].year}-{matrix.periods[-1].year}"


def departement_rest(shown: Shown, code: str) -> dict[str, Any]:
    """What weighs in the class, the crops, and where it all comes from."""
    return {
        "words": shown.words,
        "drivers": drivers(shown, code),
        "crops": crops(shown, code),
        "provenance": provenance(shown, code),
    }


def drivers(shown: Shown, code: str) -> list[dict[str, str]]:
    """The indicators in drought, driest first, in words."""
    risk = shown.publication.risk(shown.period_end)
    if code not in risk.index or pd.isna(risk.loc[code, "drivers"]):
        return []
    pairs = [each.split(":") for each in str(risk.loc[code, "drivers"]).split(", ")]
    return [
        {
            "name": look.indicator_of(indicator).name(shown.lang),
            "said": style.name(shown.lang),
            "colour": style.colour,
        }
        for indicator, drought_class in pairs
        for style in [look.style_of(indicator, drought_class=drought_class)]
    ]


def crops(shown: Shown, code: str) -> list[dict[str, Any]]:
    """Each crop with its latest harvest, largest areas first, then the crops seen last."""
    table = shown.publication.crops(code)
    rows = [_crop_row(shown, str(crop), years) for crop, years in table.groupby("crop")]
    known = [each for each in rows if each is not None]
    return sorted(known, key=lambda each: (-each["year"], -each["area_ha"], each["name"]))


def _crop_row(shown: Shown, crop: str, years: pd.DataFrame) -> dict[str, Any] | None:
    harvests = years.dropna(subset=["yield_q_ha"]).sort_values("year")
    if harvests.empty:
        return None
    last = harvests.iloc[-1]
    year, lang = int(last["year"]), shown.lang
    before = harvests[harvests["year"].between(year - YIELD_YEARS, year - 1)]["yield_q_ha"]
    area = float(last["area_ha"])
    change = None
    if len(before) >= 3:
        change = 100 * (float(last["yield_q_ha"]) / float(before.mean()) - 1)
    return {
        "name": shown.words.crop(crop),
        "year": year,
        "area_ha": 0.0 if np.isnan(area) else area,
        "area": "" if np.isnan(area) else look.format_number(round(area / 10) * 10, 0, lang),
        "yield": look.format_number(float(last["yield_q_ha"]), 0, lang),
        "change": "" if change is None else look.format_value("precip_anomaly_pct", change, lang),
        "fell": change is not None and change <= -5,
        "spark": spark(harvests["year"], harvests["yield_q_ha"]),
        "first": int(harvests["year"].iloc[0]),
    }


def spark(years: "pd.Series[int]", yields: "pd.Series[float]") -> dict[str, Any]:
    """Yields as the points of a small line, lowest to highest, broken where years are missing."""
    width, height = _SPARK
    first, last = int(years.iloc[0]), int(years.iloc[-1])
    low, high = float(yields.min()), float(yields.max())
    points = [
        (
            round(3 + (width - 6) * (year - first) / max(1, last - first), 1),
            round(height - 3 - (height - 6) * (value - low) / ((high - low) or 1.0), 1),
        )
        for year, value in zip(years, yields, strict=True)
    ]
    path = ""
    for index, (x, y) in enumerate(points):
        joined = index and int(years.iloc[index]) - int(years.iloc[index - 1]) == 1
        path += f"{'L' if joined else 'M'}{x} {y}"
    return {"width": width, "height": height, "path": path, "end": points[-1]}


def provenance(shown: Shown, code: str) -> list[str]:
    """Where the figures come from, and what to be careful with."""
    words, lang = shown.words, shown.lang
    weather = shown.publication.weather_source(code)
    lines = []
    if weather is not None:
        first, last = (
            look.format_date(pd.Timestamp(weather[name]).date(), lang)
            for name in ("first_date", "last_date")
        )
        source = shown.publication.weather_names
        lines.append(words("detail.weather", first=first, last=last, source=source))
        if weather["spread_by_dekad"]:
            lines.append(words("detail.dekad"))
    column = shown.matrix.column(code)
    years = shown.matrix.reference_years[shown.row, column]
    if look.is_short(years):
        note = look.reference_note(
            shown.matrix.reference_period[shown.row, column], float(years), lang
        )
        lines.append(words("detail.short", note=look.capitalise(note)))
    day = look.format_date(shown.publication.published_at.date(), lang)
    return [*lines, words("detail.published", day=day)]


def options(
    publication: Publication, words: Catalogue
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """What the two lists offer: indicators by group and name, départements by code and name."""
    indicators: dict[str, dict[str, str]] = {}
    for key in publication.indicators:
        which = look.indicator_of(key)
        group = look.GROUPS[which.group](words.lang)
        indicators.setdefault(group, {})[which.name(words.lang)] = key
    departements: Mapping[str, str] = {
        f"{code}{look.NBSP} {name}": code
        for code, name in zip(publication.codes, publication.names, strict=True)
    }
    return indicators, {words("control.france"): "", **departements}
