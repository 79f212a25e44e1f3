"""The waiting page while no publication can be read: why, and what to type. It reloads itself."""

from geo_pipeline.errors import NotPublishedError, StorageError
from panel_app.data.page_words import Catalogue
from panel_app.data.store import Store
from panel_app.drawing.templates import render


def slots(store: Store, words: Catalogue, error: StorageError | None) -> dict[str, str]:
    """Return why, and what to type, in words: nothing is published yet, or it is not readable."""
    name = "waiting" if error is None or isinstance(error, NotPublishedError) else "damaged"
    return {
        "waiting": render(
            "waiting/state",
            {
                "words": words,
                "heading": words(f"{name}.heading"),
                "what": words(f"{name}.what"),
                "then": words(f"{name}.then"),
                "watching": words(f"{name}.watching"),
                # Where on the server it lies is for its log, not for readers.
                "detail": words("waiting.where", name=store.path.name),
            },
        )
    }
