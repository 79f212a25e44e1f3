"""`panel serve panel_app/app.py`: one page a session, the store shared by all."""

import threading

import panel as pn

from geo_pipeline.errors import StorageError
from geo_pipeline.settings import Settings
from panel_app.i18n import catalogue
from panel_app.pages.map import MapPage
from panel_app.pages.pipeline import PipelinePage
from panel_app.pages.waiting import WaitingPage
from panel_app.state import from_query, language
from panel_app.store import PipelineStore, Store

_LOCK = threading.Lock()


def shared_store() -> Store:
    """The one store of this process."""
    with _LOCK:
        path = Settings().warehouse
        key = f"store {path}"
        if key not in pn.state.cache:
            pn.state.cache[key] = Store(path)
        store: Store = pn.state.cache[key]
        return store


def query() -> dict[str, str]:
    """The parameters of this session's URL."""
    return {
        name: values[0].decode("utf-8", errors="replace")
        for name, values in pn.state.session_args.items()
        if values
    }


def shared_snapshots() -> PipelineStore:
    """What this process knows of the pipeline."""
    with _LOCK:
        path = Settings().monitoring / "pipeline.json"
        key = f"pipeline {path}"
        if key not in pn.state.cache:
            pn.state.cache[key] = PipelineStore(path)
        snapshots: PipelineStore = pn.state.cache[key]
        return snapshots


def build() -> pn.Template:
    """The page for this session: the map, the pipeline, or what to do when there is nothing."""
    asked = query()
    store = shared_store()
    if asked.get("page") == "pipeline":
        pipeline = PipelinePage(shared_snapshots(), store, catalogue(language(asked)))
        pipeline.follow()
        return pipeline.template()
    try:
        publication = store.publication()
        state, notices = from_query(asked, publication.indicators)
        page = MapPage(store, publication, state, notices)
    except StorageError as error:
        return WaitingPage(store, catalogue(language(asked)), error).template()
    page.follow()
    return page.template()


if pn.state.served:
    pn.extension()
    build().servable()
