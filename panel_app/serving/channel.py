"""The channel between a session and its page: small messages both ways, over Panel's websocket.

It consists of two data sources of Bokeh's core: the page sets the data of one, the session those of
the other. The page needs nothing else from the libraries.
"""

from collections.abc import Callable, Mapping

from bokeh.document import Document
from bokeh.models import ColumnDataSource


class Channel:
    """`on_ask` is called with the page's requests; `tell` sends changes to the page."""

    def __init__(self, on_ask: Callable[[dict[str, str]], None]) -> None:
        self._on_ask = on_ask
        self._asked = ColumnDataSource({"name": [], "value": []}, name="asked")
        self._told = ColumnDataSource({"slot": [], "html": []}, name="told")
        self._asked.on_change("data", lambda _attribute, _old, new: self._heard(new))

    def open(self, document: Document) -> None:
        """Carry the channel into the page of a document."""
        carry(document, self._asked, self._told)

    def tell(self, slots: Mapping[str, str]) -> None:
        """Send changes: HTML or JSON by the name of its slot."""
        if slots:
            self._told.data = {"slot": list(slots), "html": list(slots.values())}

    def _heard(self, data: Mapping[str, object]) -> None:
        names, values = data.get("name"), data.get("value")
        if isinstance(names, list) and isinstance(values, list) and len(names) == len(values):
            self._on_ask({str(name): str(value) for name, value in zip(names, values, strict=True)})


def carry(document: Document, *sources: ColumnDataSource) -> None:
    """Make data sources the roots of a document, of which Bokeh then draws nothing.

    Whatever Bokeh draws it gives styles of its own, which the page's policy forbids; a root without
    a view is connected all the same. The notifications that a document has are drawn too.
    """
    document.config.notifications = None
    for source in sources:
        document.add_root(source)
