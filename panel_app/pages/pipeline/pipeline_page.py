"""The pipeline page: what is fresh, late, broken or suspicious, and the last runs."""

import json
from datetime import UTC, datetime

from geo_pipeline.errors import StorageError
from panel_app.data.page_words import Catalogue
from panel_app.data.pipeline_snapshot import PipelineStore
from panel_app.data.store import Publication
from panel_app.drawing.templates import render
from panel_app.pages.pipeline import pipeline_sections


def slots(
    snapshots: PipelineStore, publication: Publication | None, words: Catalogue
) -> dict[str, str]:
    """Return the present content of the page by slot; `missing` alone without a snapshot."""
    try:
        taken = snapshots.snapshot()
    except StorageError as error:
        heading, what = "pipeline.unreadable", "pipeline.unreadable_what"
        return {"missing": _missing(words, heading, what, error.message(words.lang))}
    if taken is None:
        where = words("waiting.where", name=snapshots.path.name)
        heading, what = "pipeline.missing", "pipeline.missing_what"
        return {"missing": _missing(words, heading, what, where)}
    drawn = (
        render("pipeline/no_map", {"words": words})
        if publication is None
        else pipeline_sections.map_html(publication, taken, words)
    )
    said = pipeline_sections.slots(taken, words, datetime.now(UTC))
    return {"map": drawn, **said, "states": json.dumps(pipeline_sections.states(taken, words))}


def _missing(words: Catalogue, heading: str, what: str, detail: str) -> str:
    said = {"heading": words(heading), "what": words(what), "detail": detail}
    return render("pipeline/missing", {"words": words, **said})
