"""`panel serve panel_app/app.py`: one session for each reader, the store shared by all."""

import threading

import panel as pn

from geo_pipeline.settings import Settings
from panel_app.data.gazetteer import Gazetteer, gazetteer
from panel_app.data.pipeline_snapshot import PipelineStore
from panel_app.data.store import Store
from panel_app.serving.session import Session

_LOCK = threading.Lock()


def shared_settings() -> Settings:
    """The settings of this process: to read them for each reader takes a third of a page's time."""
    if "settings" not in pn.state.cache:
        pn.state.cache["settings"] = Settings()
    settings: Settings = pn.state.cache["settings"]
    return settings


def shared_store() -> Store:
    """The one store of this process."""
    with _LOCK:
        path = shared_settings().warehouse
        key = f"store {path}"
        if key not in pn.state.cache:
            pn.state.cache[key] = Store(path, ahead=True)
        store: Store = pn.state.cache[key]
        return store


def shared_snapshots() -> PipelineStore:
    """The one reader of pipeline snapshots in this process."""
    with _LOCK:
        path = shared_settings().monitoring / "pipeline.json"
        key = f"pipeline {path}"
        if key not in pn.state.cache:
            pn.state.cache[key] = PipelineStore(path)
        snapshots: PipelineStore = pn.state.cache[key]
        return snapshots


def shared_places() -> Gazetteer:
    """The one list of places in this process."""
    with _LOCK:
        path = shared_settings().embedded_data / "communes.parquet"
        key = f"places {path}"
        if key not in pn.state.cache:
            pn.state.cache[key] = gazetteer(path)
        places: Gazetteer = pn.state.cache[key]
        return places


def query() -> dict[str, str]:
    """The parameters of this session's URL."""
    return {
        name: values[0].decode("utf-8", errors="replace")
        for name, values in pn.state.session_args.items()
        if values
    }


def build() -> pn.Template:
    """The page of this session."""
    signed_in = shared_settings().app_sign_in != "none"
    session = Session(
        shared_store(), shared_snapshots(), shared_places(), query(), signed_in=signed_in
    )
    session.follow()
    if pn.state.curdoc is not None:
        session.channel.open(pn.state.curdoc)
        # The page itself shows a lost connection, in the reader's language.
        pn.state.curdoc.config.notify_connection_status = False
    return session.template()


if pn.state.served:
    pn.extension()
    build().servable()
