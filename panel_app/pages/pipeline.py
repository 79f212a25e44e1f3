"""The page of the pipeline: what is fresh, late, broken or suspicious, and what ran.

All of it is in the page as it is sent; when another snapshot is there, what changed is sent again.
"""

import json
from datetime import UTC, datetime

import panel as pn
from bokeh.models import ColumnDataSource, CustomJS, Div

from geo_pipeline.errors import StorageError
from panel_app import pipeline
from panel_app.i18n import Catalogue
from panel_app.store import PipelineStore, Store
from panel_app.theme import page, render

LOOK_EVERY_MS = 5000


class PipelinePage:
    """One session's page on the snapshots that `snapshots` reads; shapes come from `store`."""

    def __init__(self, snapshots: PipelineStore, store: Store, words: Catalogue) -> None:
        self._snapshots = snapshots
        self._store = store
        self._words = words
        self._seen = snapshots.version()
        self._texts = ColumnDataSource({"slot": [], "html": []}, name="texts")
        self._said = self._say()

    def template(self) -> pn.Template:
        """The whole page."""
        carrier = pn.pane.Bokeh(_carrier(self._texts), height=0, width=0, margin=0)
        slots = {"missing": "", "map": self._map(), **self._said}
        return page("pipeline", self._words, {"pipeline": carrier}, slots)

    def follow(self) -> None:
        """Watch for another snapshot."""
        pn.state.add_periodic_callback(self.refresh, period=LOOK_EVERY_MS)

    def refresh(self) -> None:
        """Say anew what changed: another snapshot, or the same a minute older."""
        said = self._say()
        if "missing" in said or "missing" in self._said:
            if said != self._said:
                self._texts.data = {"slot": ["reload"], "html": [""]}
            self._said = said
            return
        changed = {name: html for name, html in said.items() if self._said.get(name) != html}
        self._said = said
        if changed:
            self._texts.data = {"slot": list(changed), "html": list(changed.values())}

    def _say(self) -> dict[str, str]:
        """Return what the page says now, by its places; `missing` alone where nothing is known."""
        try:
            taken = self._snapshots.snapshot()
        except StorageError as error:
            heading, what = "pipeline.unreadable", "pipeline.unreadable_what"
            return {"missing": self._missing(heading, what, str(error))}
        if taken is None:
            where = self._words("waiting.where", path=self._snapshots.path)
            heading, what = "pipeline.missing", "pipeline.missing_what"
            return {"missing": self._missing(heading, what, where)}
        said = pipeline.slots(taken, self._words, datetime.now(UTC))
        return said | {"states": json.dumps(pipeline.states(taken, self._words))}

    def _missing(self, heading: str, what: str, detail: str) -> str:
        words = self._words
        said = {"heading": words(heading), "what": words(what), "detail": detail}
        return render("pipeline_missing", {"words": words, **said})

    def _map(self) -> str:
        """Return the map, or why there is none: the shapes are part of what is published."""
        if "missing" in self._said:
            return ""
        try:
            taken = self._snapshots.snapshot()
            publication = self._store.publication()
        except StorageError:
            taken = None
        if taken is None:
            return render("pipeline_no_map", {"words": self._words})
        return pipeline.map_svg(publication, taken, self._words)


def _carrier(source: ColumnDataSource) -> Div:
    """Return a model that shows nothing: what nothing refers to is not sent to the browser."""
    carrier = Div(visible=False)
    carrier.js_on_change("text", CustomJS(args={"texts": source}, code=""))
    return carrier
