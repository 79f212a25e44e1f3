"""What is shown while nothing can be read: what happened, what to type; opens by itself after."""

import panel as pn

from geo_pipeline.errors import NotPublishedError, StorageError
from panel_app.i18n import Catalogue
from panel_app.store import Store, Version
from panel_app.theme import page, render

LOOK_EVERY_MS = 1500


class WaitingPage:
    """No publication yet, or one that cannot be read."""

    def __init__(self, store: Store, words: Catalogue, error: StorageError) -> None:
        self._store = store
        self._words = words
        self._error = error
        self._seen = self._version()

    def template(self) -> pn.Template:
        """The page, watching for a publication."""
        pn.state.add_periodic_callback(self._look, period=LOOK_EVERY_MS)
        return page("state", self._words, {"state": pn.Spacer(height=0)}, {"state": self.html()})

    def html(self) -> str:
        """What happened and what to type, in words."""
        name = "waiting" if isinstance(self._error, NotPublishedError) else "damaged"
        words = self._words
        where = words("waiting.where", path=self._store.path)
        return render(
            "state",
            {
                "words": words,
                "heading": words(f"{name}.heading"),
                "what": words(f"{name}.what"),
                "then": words(f"{name}.then"),
                "watching": words(f"{name}.watching"),
                "detail": where if name == "waiting" else str(self._error),
            },
        )

    def ready(self) -> bool:
        """Whether another file lies there than at the beginning."""
        return self._version() not in (None, self._seen)

    def _version(self) -> Version | None:
        try:
            return self._store.version()
        except NotPublishedError:
            return None

    def _look(self) -> None:
        if self.ready() and pn.state.location is not None:
            pn.state.location.reload = True
