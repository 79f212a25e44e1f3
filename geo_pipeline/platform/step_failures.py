"""Why a step failed: its record keeps the message of our own errors beside the text in English.

Dagster shows the text; whoever tells of it in another language takes the message.
"""

from collections.abc import Mapping
from typing import Any, Final

import dagster as dg

from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.words import Message, read_kept

MESSAGE: Final = "message"
"""Of the metadata of a failure."""


def failure(what: str, error: BaseException) -> dg.Failure:
    """Return the failure of a step that no other try mends; its cause is to be `error`."""
    kept = None
    if isinstance(error, GeoPipelineError):
        kept = {MESSAGE: dg.MetadataValue.json(error.message.kept())}
    return dg.Failure(what, metadata=kept, allow_retries=False)


def message_of_step(failed: Any) -> Message | None:
    """Return the message that the data of a failed step keep; None where it has none."""
    user = None if failed is None else failed.user_failure_data
    kept = None if user is None else user.metadata.get(MESSAGE)
    value = kept.value if isinstance(kept, dg.JsonMetadataValue) else None
    return read_kept(value) if isinstance(value, Mapping) else None
