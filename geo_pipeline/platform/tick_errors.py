"""Errors of ticks: Dagster keeps their text, here their message is kept beside it.

Dagster's pages show the English text of a schedule or a sensor that fails. Pages and alerts in
another language take the message, which is kept among Dagster's cursors. Reasons of failed steps
and runs are in `step_failures`.
"""

import functools
import json
from collections.abc import Callable
from typing import Any, Final

import dagster as dg
from dagster_shared.error import SerializableErrorInfo
from sqlalchemy.exc import SQLAlchemyError

from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.platform.step_failures import why_raised
from geo_pipeline.words import Message, read_kept

KEY: Final = "geo_pipeline/tick_error/{}"
"""Name of the cursor with the last error of a schedule or a sensor."""

Evaluate = Callable[[Any], Any]


def keeping_errors(name: str) -> Callable[[Evaluate], Evaluate]:
    """Return the decorator of the function that evaluates the schedule or sensor `name`."""

    def decorate(evaluate: Evaluate) -> Evaluate:
        @functools.wraps(evaluate)
        def run(context: Any) -> Any:
            try:
                return evaluate(context)
            except GeoPipelineError as error:
                _keep(context, name, error.message)
                raise

        return run

    return decorate


def _keep(context: Any, name: str, why: Message) -> None:
    kept = {KEY.format(name): json.dumps(why.kept())}
    try:
        context.instance.daemon_cursor_storage.set_cursor_values(kept)
    except (SQLAlchemyError, OSError, GeoPipelineError) as error:
        # A full disk may be the reason itself: the tick fails with that one.
        context.log.warning(f"the reason is kept in English only: {error}")


def why_tick_failed(
    instance: dg.DagsterInstance, name: str, error: SerializableErrorInfo | None
) -> Message:
    """Return the reason of a failed tick of the schedule or sensor `name`."""
    raised, key = why_raised(error), KEY.format(name)
    kept = instance.daemon_cursor_storage.get_cursor_values({key}).get(key)
    known = raised if kept is None else read_kept(json.loads(kept))
    is_of_this_tick = " ".join(str(known).split()) == str(raised)
    return known if is_of_this_tick else raised
