"""The map page: France on the left, what is selected on the right, the timeline under the map.

Everything is built once. A step of the period first sends the colours of the map, then, when the
reader pauses, the words beside it.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import panel as pn
from bokeh.models import ColumnDataSource, Slider

from geo_pipeline.errors import StorageError
from geo_pipeline.publishing import look
from panel_app import texts
from panel_app.charts import History, Rain, Timeline, spans
from panel_app.choropleth import Choropleth
from panel_app.i18n import catalogue
from panel_app.state import State
from panel_app.store import Matrix, Publication, Store
from panel_app.texts import Shown
from panel_app.theme import asset, page

PAUSE_MS = 80
"""The words follow the map when the reader has paused for so long."""
LOOK_EVERY_MS = 5000


class MapPage:
    """One session's page. `state` is what is selected; the rest follows from it."""

    def __init__(
        self, store: Store, publication: Publication, state: State, notices: list[str]
    ) -> None:
        self.state = state
        self._store = store
        self._publication = publication
        self._words = catalogue(state.lang)
        self._notices = notices
        self._pending: Any = None
        self._build()
        self._show_indicator()
        self._show_departement()
        self._show_words()
        self._listen()

    @property
    def shown(self) -> Shown:
        """The indicator at the period that is on the page."""
        return Shown(self._publication, self._matrix, self._row, self._words)

    def template(self) -> pn.Template:
        """The whole page."""
        roots = {
            "indicator": self._indicator,
            "departement": self._departement,
            **{
                name: pn.pane.Bokeh(chart.figure, sizing_mode="stretch_both", margin=0)
                for name, chart in self._charts.items()
            },
        }
        self._texts.data = {"slot": [], "html": []}  # all of it is in the page already
        return page("map", self._words, roots, self._said, look.capitalise(self.shown.period))

    def follow(self) -> None:
        """Watch for a new publication."""
        pn.state.add_periodic_callback(self.refresh, period=LOOK_EVERY_MS)

    def refresh(self) -> None:
        """Show a new publication when there is one; the selection is kept."""
        try:
            if self._store.version() == self._publication.version:
                return
            self._publication = self._store.publication()
        except StorageError:
            self._notices = [self._words("notice.unreadable")]
            self._show_words()
            return
        self._notices = [self._words("notice.fresh")]
        self._show_indicator()
        self._show_departement()

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        words = self._words
        self._cursor = Slider(start=0, end=1, value=0, step=1, name="cursor", visible=False)
        self._periods = ColumnDataSource(
            {"left": [], "right": [], "label": [], "text": []}, name="periods"
        )
        self._texts = ColumnDataSource({"slot": [], "html": []}, name="texts")
        self._said: dict[str, str] = {}
        self._map = Choropleth(self._publication, words, self._select)
        self._timeline = Timeline(self._cursor, self._periods, self._texts)
        self._history = History(self._cursor, self._periods, words)
        self._rain = Rain(self._cursor, self._periods, words)
        self._charts: dict[str, Choropleth | Timeline | History | Rain] = {
            "map": self._map,
            "timeline": self._timeline,
            "history": self._history,
            "rain": self._rain,
        }
        self._build_lists()

    def _build_lists(self) -> None:
        indicators, departements = texts.options(self._publication, self._words)
        style = {"stylesheets": [asset("select.css")], "sizing_mode": "stretch_width", "margin": 0}
        self._indicator = pn.widgets.Select(
            label=self._words("control.indicator"),
            groups=indicators,
            value=self.state.indicator,
            **style,
        )
        self._departement = pn.widgets.Select(
            label=self._words("control.departement"),
            options=departements,
            value=self.state.departement,
            **style,
        )

    def _listen(self) -> None:
        self._cursor.on_change("value", lambda _attribute, _old, new: self._move(int(new)))
        self._indicator.link(self.state, value="indicator")
        self._departement.link(self.state, value="departement")
        self.state.param.watch(lambda _event: self._change_indicator(), "indicator")
        self.state.param.watch(lambda _event: self._show_departement(), "departement")

    # ------------------------------------------------------------------ showing

    def _change_indicator(self) -> None:
        """The reader chose another indicator."""
        self._notices = []
        self._show_indicator()

    def _show_indicator(self) -> None:
        """Another indicator: its periods, its colours, the period nearest to the one wished for."""
        self._matrix: Matrix = self._publication.matrix(self.state.indicator)
        self._row = self._matrix.nearest(self.state.period)
        self._tell_period()
        left, right = spans(self._matrix)
        self._periods.data = {
            "left": left,
            "right": right,
            **texts.period_texts(Shown(self._publication, self._matrix, self._row, self._words)),
        }
        self._timeline.fill(self._matrix)
        self._timeline.move(self._matrix, self._row)
        self._cursor.update(end=max(1, len(left) - 1), value=self._row)
        self._paint()
        self._fill_history()
        self._later(self._show_words)

    def _tell_period(self) -> None:
        """Say so when the period wished for is not there."""
        wished, shown = self.state.period, self._matrix.periods[self._row]
        if wished is not None and (wished.year, wished.month) != (shown.year, shown.month):
            lang = self._words.lang
            notice = self._words(
                "notice.period",
                asked=look.format_period(wished, "month", lang),
                shown=self._matrix.period_words(self._row, lang),
            )
            self._notices = [*self._notices, notice]

    def _move(self, row: int) -> None:
        """The reader moved to another period: colours now, words when they pause."""
        if row == self._row or not 0 <= row < len(self._matrix.periods):
            return
        self._row = row
        self._notices = []
        self.state.period = self._matrix.periods[row]
        self._paint()
        self._later(self._show_words)

    def _paint(self) -> None:
        """Colour the map, and say so to whoever measures."""
        self._map.paint(self._matrix, self._row)
        self._map.land.tags = [f"{self._matrix.indicator}|{self._matrix.periods[self._row]}"]

    def _select(self, code: str) -> None:
        self.state.departement = code

    def _show_departement(self) -> None:
        """Another département, or the whole of France: outline it, turn to its page."""
        code = self.state.departement
        self._map.select(code)
        self._departement.value = code
        self._fill_history()
        self._show_words()

    def _fill_history(self) -> None:
        code = self.state.departement
        if code:
            self._history.fill(self._matrix, self._matrix.column(code))

    def _show_words(self) -> None:
        """Everything in words, for what is on the map now; only what changed is sent."""
        self._pending = None
        shown, code = self.shown, self.state.departement
        self._map.tell(self._publication.statements(self._matrix.indicator, self._row, shown.lang))
        if code:
            self._show_charts(shown, code)
        said = texts.slots(shown, code, self._notices)
        # Not Panel's Location: it adds a step to the browser's history for each month passed, and
        # its first answer may come after the reader's first click.
        said["query"] = f"?{urlencode(self.state.query(shown.period_end))}"
        changed = {name: html for name, html in said.items() if self._said.get(name) != html}
        self._said = said
        if changed:
            self._texts.data = {"slot": list(changed), "html": list(changed.values())}

    def _show_charts(self, shown: Shown, code: str) -> None:
        """Move the charts of the département to the period."""
        self._history.move(self._matrix, self._row)
        if self._publication.weather_source(code) is not None:
            rain = self._publication.matrix("precip_mm")
            normal = self._publication.rain_normal
            self._rain.fill(rain, normal, rain.column(code), shown.period_end)

    # ------------------------------------------------------------------ session

    def _later(self, do: Callable[[], None]) -> None:
        """Do it when the reader has paused; at once outside a session."""
        document = pn.state.curdoc
        if document is None or document.session_context is None:
            do()
            return
        if self._pending is not None:
            document.remove_timeout_callback(self._pending)
        self._pending = document.add_timeout_callback(do, PAUSE_MS)
