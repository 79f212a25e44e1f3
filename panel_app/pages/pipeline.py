"""The page of the pipeline: what is fresh, late, broken or suspicious, and what ran."""

import json
from datetime import UTC, datetime

from geo_pipeline.errors import StorageError
from panel_app import pipeline
from panel_app.i18n import Catalogue
from panel_app.store import PipelineStore, Publication
from panel_app.theme import render


def slots(
    snapshots: PipelineStore, publication: Publication | None, words: Catalogue
) -> dict[str, str]:
    """Return what the page says now, by its places; `missing` alone where nothing is known."""
    try:
        taken = snapshots.snapshot()
    except StorageError as error:
        heading, what = "pipeline.unreadable", "pipeline.unreadable_what"
        return {"missing": _missing(words, heading, what, str(error))}
    if taken is None:
        where = words("waiting.where", path=snapshots.path)
        heading, what = "pipeline.missing", "pipeline.missing_what"
        return {"missing": _missing(words, heading, what, where)}
    drawn = (
        render("pipeline_no_map", {"words": words})
        if publication is None
        else pipeline.map_html(publication, taken, words)
    )
    said = pipeline.slots(taken, words, datetime.now(UTC))
    return {"map": drawn, **said, "states": json.dumps(pipeline.states(taken, words))}


def _missing(words: Catalogue, heading: str, what: str, detail: str) -> str:
    said = {"heading": words(heading), "what": words(what), "detail": detail}
    return render("pipeline_missing", {"words": words, **said})
