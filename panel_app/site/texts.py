"""The words beside the map, by indicator, year and language: files that `answers.js` fetches.

`data/spi_3.fr.json` is what the app sends of an indicator, for all periods. `data/spi_3/of.fr.json`
holds its words that do not depend on the period, with places for those that do (`__period__`), and
`data/spi_3/2022.fr.json` the words of the periods of a year.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Final

from geo_pipeline.catalogue.styles import NO_DATA
from geo_pipeline.publishing.formats import capitalise
from panel_app.data.indicator_matrix import NO_STYLE
from panel_app.data.page_view import PageView
from panel_app.drawing.templates import render
from panel_app.pages.map import map_cells, map_charts, map_france, map_page

Relink = Callable[[str], str]

FIRST: Final = 35
"""Character of the number 0; the first 90 numbers take a byte, the next 1,900 two."""


class Numbered:
    """Texts by number, each once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        """Return the number of a text."""
        return self._numbers.setdefault(text, len(self._numbers))

    @property
    def texts(self) -> list[str]:
        """The texts in the order of their numbers."""
        return list(self._numbers)


def place_for(name: str) -> str:
    """Return the mark that the script replaces by a value."""
    return f"__{name}__"


@dataclass(frozen=True)
class _Linked:
    """A view of which templates only ask addresses, of a département that the script fills in."""

    view: PageView

    def href(self, **changes: str) -> str:
        """Address with some parameters changed."""
        shown = {"departement": place_for("code"), "period": place_for("typed")}
        return self.view.href(**{**shown, **changes})

    def bulletin(self) -> str:
        """None: those of the site are of the newest period."""
        return ""


def matrix(view: PageView) -> str:
    """Return the classes of all periods of the indicator, as the app sends them."""
    return map_cells.cells(view.publication, view.state.indicator, "", view.lang)


def of_indicator(view: PageView, relink: Relink) -> dict[str, Any]:
    """Return the words of the indicator that do not depend on the period, as templates."""
    headline = {**map_page.headline(view), "period": place_for("period")}
    headline["finding"] = place_for("finding")
    texts = {
        "headline": render("map/headline", headline),
        "france": render("map/france", _france(view)),
        "place": render("map/place", _place(view)),
        "sheet": render("map/sheet", _place(view)),
        "timeline": map_charts.timeline(view.publication, view.state.indicator, ""),
    }
    return {
        "name": view.indicator.name(view.lang),
        "nothing": NO_DATA.colour,
        **{name: relink(text) for name, text in texts.items()},
    }


def _france(view: PageView) -> dict[str, Any]:
    """The panel of France with one row of its list."""
    row = {name: place_for(name) for name in ("code", "name", "colour", "said", "value")}
    kept = ("words", "list_heading")
    return {
        **{name: each for name, each in map_france.france(view).items() if name in kept},
        "view": _Linked(view),
        "period": place_for("period"),
        "value_name": place_for("of_list"),
        "driest": [row],
        **dict.fromkeys(("same_month", "exposed", "at_stake", "changes", "quote")),
        "cited": "",
    }


def _place(view: PageView) -> dict[str, Any]:
    """The panel of a département with its class and its sentence."""
    texts = {name: place_for(name) for name in ("code", "name", "region", "period", "head", "body")}
    return {
        **texts,
        "words": view.words,
        "view": _Linked(view),
        "style": SimpleNamespace(colour=place_for("colour")),
        "hatched": False,
        "since": place_for("since"),
        "held": place_for("held"),
        "chart": "",
        **dict.fromkeys(("figures", "year", "drivers", "apart", "quote")),
    }


def years(view: PageView, relink: Relink) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the words of the periods of each year.

    `at` has for each row of the matrix its period in words (as a dekad, as a month), its finding,
    the number of its legend and what its figures are, the worst places (column, what is said,
    value), and for each département the numbers in `said` of its heading, its sentence and the age
    of its drought, a character each (from `FIRST` on).
    """
    by_year: dict[int, list[int]] = {}
    for row, period in enumerate(view.matrix.periods):
        by_year.setdefault(period.year, []).append(row)
    for year, rows in by_year.items():
        said, legends = Numbered(), Numbered()
        yield (
            year,
            {
                "at": {row: _period(_at(view, row), said, legends) for row in rows},
                "said": said.texts,
                "legends": [relink(each) for each in legends.texts],
            },
        )


def _at(view: PageView, row: int) -> PageView:
    """The view at another period."""
    there = PageView(
        view.publication, replace(view.state, period=view.matrix.periods[row], step="dekad")
    )
    there.__dict__["row"] = row  # known, so not searched for
    return there


def _period(view: PageView, said: Numbered, legends: Numbered) -> dict[str, Any]:
    panel = map_france.worst(view)
    month = view.matrix.period_words(view.row, view.lang, "month") if view.matrix.by_dekad else ""
    return {
        "period": [view.period, month],
        "finding": map_page.found(view),
        "legend": legends(_legend(view)),
        "units": map_page.units(view),
        "of_list": panel["value_name"],
        "worst": [
            [view.matrix.column(each["code"]), each["said"], each["value"]]
            for each in panel["driest"]
        ],
        "places": "".join(chr(FIRST + said(text)) for each in _places(view) for text in each),
    }


def _legend(view: PageView) -> str:
    """The legend without its figures, which the script knows."""
    values = map_page.legend(view)
    for each in values["rows"]:
        each.update(count=0, area="", crop="")
    return render("map/legend", {**values, "crops": [], "units": place_for("units")})


def _places(view: PageView) -> Iterator[tuple[str, str, str]]:
    """What is said of each département: heading, sentence, age of the drought."""
    matrix, row = view.matrix, view.row
    told = view.publication.statements(view.state.indicator, row, view.lang)
    for column, each in enumerate(told):
        age = ""
        if view.indicator.kind == "class" and matrix.style[row, column] != NO_STYLE:
            drought = matrix.drought_words(row, column, view.lang)
            age = f"{capitalise(drought)}." if drought else ""
        yield capitalise(each.head), f"{each.body}." if each.body else "", age
