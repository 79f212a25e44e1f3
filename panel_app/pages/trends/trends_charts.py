"""Charts of the trends page, and its words for an indicator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from geo_pipeline.catalogue.styles import ANOMALY_COLOURS, NO_DATA
from geo_pipeline.publishing.formats import capitalise, format_number, format_value
from geo_pipeline.publishing.legend import style_of
from geo_pipeline.words import NBSP
from panel_app.data.indicator_matrix import FloatMatrix
from panel_app.data.page_view import PageView, percent
from panel_app.data.state import Season
from panel_app.drawing import svg
from panel_app.drawing.theme import bar_colour
from panel_app.pages.trends import season_trends

HEIGHT: Final = 208
SHARES_HEIGHT: Final = 240
LABELS: Final = 6
"""About so many years are labelled under a chart."""
USUAL: Final = style_of("combined", drought_class="normal").colour
COLOURS: Final = (*ANOMALY_COLOURS[:4], USUAL, *ANOMALY_COLOURS[5:])
"""Colours of the classes of slopes, brown (drier) to green (wetter)."""
DRY, WET = COLOURS[0], COLOURS[-1]
DRY_BAR, WET_BAR = COLOURS[1], COLOURS[-2]
SEASON_NAMES: Final = {
    "year": "trends.season.year",
    "winter": "trends.season.winter",
    "spring": "trends.season.spring",
    "summer": "trends.season.summer",
    "autumn": "trends.season.autumn",
}
HOW: Final = {
    "mean": "trends.how.mean",
    "sum": "trends.how.sum",
    "value": "trends.how.value",
}


@dataclass(frozen=True, eq=False)
class Shown:
    """A view, with the words for its indicator."""

    view: PageView

    @property
    def season(self) -> Season:
        """The season chosen; a harvest only has its year."""
        known = season_trends.seasons_of(self.view.indicator)
        return self.view.state.season if self.view.state.season in known else "year"

    @property
    def trend(self) -> season_trends.Trend:
        """The trend shown."""
        return self.trend_of(self.season)

    def trend_of(self, season: Season) -> season_trends.Trend:
        """The trend in any season."""
        view = self.view
        return season_trends.published_trend(view.publication, view.state.indicator, season)

    @property
    def sign(self) -> int:
        """1 where a larger value is at the brown end of the colours, -1 at the green one."""
        return season_trends.dry_sign(self.view.indicator)

    @property
    def speech(self) -> str:
        """Name of the brown end: dry, high or low."""
        if season_trends.says_dry(self.view.indicator):
            return "dry"
        return "high" if self.sign > 0 else "low"

    def way(self, *, brown: bool) -> str:
        """Direction of a trend, as written inside a sentence."""
        words = self.view.words
        if self.speech == "dry":
            return words("trends.way.drier" if brown else "trends.way.wetter")
        return words("trends.way.up" if brown == (self.sign > 0) else "trends.way.down")

    @property
    def decimals(self) -> int:
        """Decimals of a slope: one more than the values have, where these have few."""
        which = self.view.indicator
        return which.decimals or (0 if which.unit.en in ("mm", "degree days") else 1)

    @property
    def unit(self) -> str:
        """Unit of a difference; differences of shares and scores are points."""
        which = self.view.indicator
        if which.unit.en == "%" or which.scored:
            return self.view.words("trends.points")
        return which.unit(self.view.lang)

    def number(self, value: float, *, signed: bool = True) -> str:
        """A difference without its unit."""
        text = format_number(value, self.decimals, self.view.lang)
        plus = signed and np.isfinite(value) and round(value, self.decimals) > 0
        return f"+{text}" if plus else text

    def change(self, value: float) -> str:
        """A difference with its unit."""
        return f"{self.number(value)}{NBSP}{self.unit}" if self.unit else self.number(value)

    def level(self, value: float) -> str:
        """A season's value with its unit."""
        return format_value(self.view.state.indicator, value, self.view.lang)

    def interval(self, low: float, high: float) -> str:
        """The limits of a slope."""
        return self.view.words("trends.interval", low=self.number(low), high=self.change(high))

    def how(self, season: Season) -> str:
        """How the season's value is computed."""
        view, manner = self.view, self.view.indicator.over_season
        data = self.trend_of(season).data
        if manner == "end":
            ends = data.rows[data.rows >= 0]
            when = view.matrix.period_words(int(ends[-1]), view.lang) if ends.size else ""
            return view.words("trends.how.end", when=when.rsplit(" ", 1)[0])
        return view.words.count(HOW[manner], data.dekads)

    def typed(self, row: int) -> str:
        """The end of a year's season as in the URL, for a row of the trend's years."""
        end = int(self.trend.data.rows[row])
        return self.view.matrix.period_typed(end, self.view.state.step) if end >= 0 else ""

    def year(self, year: int) -> str:
        """`été 2022`, `hiver 2021-2022`, `2022`."""
        words = self.view.words
        if self.season == "year":
            return str(year)
        said = f"{year - 1}-{year}" if self.season == "winter" else str(year)
        return f"{words(SEASON_NAMES[self.season])} {said}"


def season_said(about: Shown) -> str:
    """The season's name as written inside a sentence."""
    return about.view.words(SEASON_NAMES[about.season]).lower()


def through_years(about: Shown, at: int, name: str, key: str) -> svg.Chart | None:
    """The season's values of a place year by year, with Sen's line; -1 is France."""
    view, words, found = about.view, about.view.words, about.trend
    values, years = found.series(at), found.data.years
    known = ~np.isnan(values)
    if not known.any():
        return None
    trended = not np.isnan(found.slope[at])
    marks, labels = _yearly_marks(about, at)
    said = [
        about.level(float(value)) if there else words("trends.incomplete")
        for value, there in zip(values, known, strict=True)
    ]
    count = len(years)
    return svg.Chart(
        name=key,
        title=words(
            "trends.chart",
            name=name,
            indicator=view.indicator.name(view.lang),
            season=season_said(about),
        ),
        note=_chart_note(about, at),
        height=HEIGHT,
        marks=marks,
        labels=labels,
        left=56,
        right=56 if trended else 8,
        tips=[
            svg.Tip(
                row / count, (row + 1) / count, about.year(int(year)), said[row], about.typed(row)
            )
            for row, year in enumerate(years)
        ],
        table=svg.Table(
            [words("trends.year"), view.indicator.value_name(view.lang)],
            [[about.year(int(year)), text] for year, text in zip(years, said, strict=True)][::-1],
        ),
    )


def _yearly_marks(about: Shown, at: int) -> tuple[list[svg.Mark], list[svg.Label]]:
    """The axis, a bar or a point for each year, the line of the trend, and their labels."""
    view, found = about.view, about.trend
    values, years = found.series(at), found.data.years
    known, count = ~np.isnan(values), len(years)
    line, trended = found.line(at), not np.isnan(found.slope[at])
    from_zero = view.indicator.standardised or view.indicator.kind == "anomaly"
    inner = float(HEIGHT - 32)
    shown = values[known] if not trended else np.concatenate([values[known], line])
    across = svg.Scale(*_range(shown, from_zero=from_zero))
    left, right = np.arange(count) / count, (np.arange(count) + 1) / count
    ticks = svg.ticks(across.low, across.high, 4)
    decimals = svg.decimals(ticks)
    marks, labels = svg.axis(
        across, ticks, inner, lambda tick: format_number(tick, decimals, view.lang)
    )
    marks.append(svg.Mark(_holes(~known, left, right, inner), "hatch"))
    middle, height = (left + right) / 2, across(np.where(known, values, np.nan))
    if from_zero:
        dry = known & (values * about.sign > 0)
        for mask, colour in ((dry, DRY_BAR), (known & ~dry, WET_BAR)):
            zero = np.full(int(mask.sum()), float(across(0.0)))
            shape = svg.bars(
                left[mask] + 0.15 / count, right[mask] - 0.15 / count, zero, height[mask], inner
            )
            marks += [svg.Mark(shape, "fill", fill=colour)] if shape else []
    else:
        marks.append(svg.Mark(svg.line(middle, height, inner), "thin"))
        marks.append(svg.Mark(_dots(middle[known], height[known], inner), "dot"))
    labels += _year_labels(years, middle)
    if trended:
        # The line begins and ends with the known values.
        inside = np.flatnonzero(known)[[0, -1]]
        ends = across(line[inside])
        marks.append(svg.Mark(svg.line(middle[inside], ends, inner), "trend-line"))
        slope = about.number(float(found.slope[at]))
        labels.append(svg.Label(1, 1 - float(ends[1]), slope, "start", "end strong"))
    return marks, labels


def _chart_note(about: Shown, at: int) -> str:
    view, words, found = about.view, about.view.words, about.trend
    first, last = found.span(at)
    parts = [capitalise(about.how(about.season)) + "."]
    if not np.isnan(found.slope[at]):
        parts.append(
            words(
                "trends.line", interval=about.interval(float(found.low[at]), float(found.high[at]))
            )
        )
    if np.isnan(found.series(at)).any():
        parts.append(words("trends.hatched"))
    parts.append(words("trends.source", source=view.source, first=first, last=last))
    return " ".join(parts)


def _range(values: FloatMatrix, *, from_zero: bool) -> tuple[float, float]:
    """Lowest and highest value of the axis, with some margin."""
    low, high = float(values.min()), float(values.max())
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    room = 0.06 * (high - low) or max(abs(high), 1.0) * 0.1
    return low - room, high + room


def _holes(
    unknown: season_trends.Bools, left: FloatMatrix, right: FloatMatrix, height: float
) -> str:
    count = int(unknown.sum())
    return svg.bars(left[unknown], right[unknown], np.zeros(count), np.ones(count), height)


def _dots(x: FloatMatrix, y: FloatMatrix, height: float) -> str:
    """Lines of length 0, which round line ends turn into dots."""
    return "".join(
        f"M{svg.number(across)} {svg.number(down)}h0" for across, down in svg.points(x, y, height)
    )


def _year_labels(years: season_trends.Ints, middle: FloatMatrix) -> list[svg.Label]:
    every = -(-len(years) // LABELS)
    return [
        svg.Label(float(x), 1.0, str(year), "middle", "x")
        for year, x in zip(years[::-every][::-1], middle[::-every][::-1], strict=True)
    ]


def shares_chart(about: Shown, found: season_trends.Shares, crop: str) -> svg.Chart:
    """Bars of years, the dry end at the bottom; usual classes are left blank."""
    view, words, matrix = about.view, about.view.words, about.view.matrix
    order = list(range(len(matrix.styles)))
    if not view.indicator.by_class and about.sign > 0:
        order.reverse()
    name, count = view.indicator.name(view.lang), len(found.years)
    title = (
        words("trends.shares.chart_crop", crop=words.crop(crop).lower(), indicator=name)
        if crop
        else words("trends.shares.chart", indicator=name)
    )
    marks, labels = _share_marks(about, found, order)
    return svg.Chart(
        name="trend-shares",
        title=title,
        note=_shares_note(about, found),
        height=SHARES_HEIGHT,
        marks=marks,
        labels=labels,
        left=48,
        tips=[
            svg.Tip(at / count, (at + 1) / count, str(year), _year_tip(about, found, at, order))
            for at, year in enumerate(found.years)
        ],
        table=svg.Table(
            [
                words("trends.year"),
                *(matrix.styles[index].name(view.lang) for index in order),
                words("trends.shares.of"),
            ],
            [
                [str(year), *_parts(about, found, at, order), known_said(about, found, at)]
                for at, year in list(enumerate(found.years))[::-1]
            ],
        ),
    )


def _share_marks(
    about: Shown, found: season_trends.Shares, order: Sequence[int]
) -> tuple[list[svg.Mark], list[svg.Label]]:
    """The stacked bars of the classes, with incomplete years hatched."""
    matrix, lang = about.view.matrix, about.view.lang
    count, inner = len(found.years), float(SHARES_HEIGHT - 32)
    left, right = (np.arange(count) + 0.1) / count, (np.arange(count) + 0.9) / count
    stacked = found.mean[:, order] / 100
    top = np.cumsum(stacked, axis=1)
    marks = [svg.Mark(svg.level(share / 100, inner), "grid") for share in (25, 50, 75, 100)]
    for position, index in enumerate(order):
        seen = stacked[:, position] > 0
        if not seen.any() or matrix.styles[index].code in ("normal", "none"):
            continue
        base = top[seen, position] - stacked[seen, position]
        shape = svg.bars(left[seen], right[seen], base, top[seen, position], inner)
        marks.append(svg.Mark(shape, "fill", fill=bar_colour(matrix.styles[index])))
    marks.append(svg.Mark(_holes(~found.complete, left, right, inner), "hatch"))
    marks.append(svg.Mark(svg.level(0.0, inner), "zero"))
    labels = [
        svg.Label(0, 1 - share / 100, percent(share, lang), "end", "y")
        for share in (0, 25, 50, 75, 100)
    ]
    return marks, labels + _year_labels(found.years, (left + right) / 2)


def _shares_note(about: Shown, found: season_trends.Shares) -> str:
    """Meaning of hatched and blank parts, and the sources."""
    words = about.view.words
    first, last = int(found.years[0]), int(found.years[-1])
    said = [words("trends.source", source=about.view.source, first=first, last=last)]
    if about.view.indicator.by_class:
        said.insert(0, words("trends.shares.blank"))
    if not found.complete.all():
        said.insert(0, words("trends.shares.note"))
    return " ".join(said)


def _parts(about: Shown, found: season_trends.Shares, at: int, order: Sequence[int]) -> list[str]:
    """The shares of a year in words, none where nothing is known."""
    known = bool(found.periods[at])
    mean, lang = found.mean[at], about.view.lang
    return [percent(float(mean[index]), lang) if known else "" for index in order]


def known_said(about: Shown, found: season_trends.Shares, at: int) -> str:
    """Number of known periods of a year."""
    if not found.periods[at]:
        return NO_DATA.name(about.view.lang)
    return about.view.words("trends.shares.known", n=found.periods[at], asked=found.asked)


def _year_tip(about: Shown, found: season_trends.Shares, at: int, order: Sequence[int]) -> str:
    view = about.view
    if not found.periods[at]:
        return NO_DATA.name(view.lang)
    lines = [
        f"{view.matrix.styles[index].name(view.lang)}{colon(view)}{part}"
        for index, part in zip(order, _parts(about, found, at, order), strict=True)
        if found.mean[at, index] > 0
    ]
    return "\n".join([*lines, known_said(about, found, at)])


def colon(view: PageView) -> str:
    """A colon with the spacing of the language."""
    return f"{NBSP}: " if view.lang == "fr" else ": "
