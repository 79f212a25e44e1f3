"""Reasons of failed steps and runs: Dagster keeps the text, here its message is kept beside it.

Dagster's pages show the English text. Pages and alerts in another language take the message, from
the metadata of a failed step or from a tag of a run that was marked as failed.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from geo_pipeline.words import Message, message, read_kept, verbatim

MESSAGE: Final = "message"
"""Name of the metadata of a failed step with its message."""

WHY_TAG: Final = "geo_pipeline/why"
"""Tag of a run whose process is gone: why it was marked as failed, as JSON keeps a message."""

_WRAPPERS: Final = (
    "Dagster",
    "RetryRequested",
    "Failure",
    "ScheduleExecutionError",
    "SensorExecutionError",
)
"""Beginnings of the names of errors that only wrap the one that was raised."""

_OWN: Final = r"^(?:geo_pipeline\.[\w.]+|dagster\.[\w.]*Failure): "
"""The classes that a text of ours begins with: our errors say all in their message."""


def failure(why: Message, *, allow_retries: bool = False) -> dg.Failure:
    """Return the failure of a step with its reason; Dagster's retry policy holds if it allows."""
    kept = {MESSAGE: dg.MetadataValue.json(why.kept())}
    return dg.Failure(str(why), metadata=kept, allow_retries=allow_retries)


def why_step_failed(failed: Any) -> Message:
    """Return the reason of a failed step out of the data of its event."""
    user = failed.user_failure_data
    kept = None if user is None else user.metadata.get(MESSAGE)
    value = kept.value if isinstance(kept, dg.JsonMetadataValue) else None
    return read_kept(value) if isinstance(value, Mapping) else why_raised(failed.error)


def why_raised(error: SerializableErrorInfo | None) -> Message:
    """Return what an error says in one line, without what Dagster wraps around it."""
    if error is None:
        return message("no_reason")
    return verbatim(cause(error))


def cause(error: SerializableErrorInfo) -> str:
    """Return what was raised, in one line, without the class of our own errors."""
    while error.cause is not None and str(error.cls_name).startswith(_WRAPPERS):
        error = error.cause
    return re.sub(_OWN, "", " ".join(error.message.split()))


def keep_why(instance: dg.DagsterInstance, run_id: str, why: Message) -> None:
    """Keep the reason of a run that is marked as failed from outside."""
    instance.add_run_tags(run_id, {WHY_TAG: json.dumps(why.kept())})


def kept_why(tags: Mapping[str, str]) -> Message | None:
    """Return the reason that the tags of a run keep; None where they keep none."""
    return read_kept(json.loads(tags[WHY_TAG])) if WHY_TAG in tags else None
