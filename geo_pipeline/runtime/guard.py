"""The guard of a step: its time limit, and whether another try makes sense."""

import errno
import functools
import inspect
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import dagster as dg

from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.platform.internals import DagsterExecutionInterruptedError, _received_interrupt
from geo_pipeline.platform.step_failures import failure
from geo_pipeline.words import Message, message, verbatim

ONCE_TAG: Final = "geo_pipeline/once"
"""A run with this tag fails at the first error, because somebody waits at a terminal."""

# Errors of a disk that may be gone in a minute.
_PASSING = {
    errno.EAGAIN,
    errno.EBUSY,
    errno.EDQUOT,
    errno.EIO,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOSPC,
    errno.ESTALE,
    errno.ETIMEDOUT,
}


class StepTimeoutError(GeoPipelineError):
    """The work on one asset took longer than allowed."""


class _OutOfTimeError(BaseException):
    """The time is over; not an Exception, so that it is not taken for the error of one
    partition."""


def guarded(compute: Callable[..., Any]) -> Callable[..., Any]:
    """Return `compute`, the function of an asset, with a time limit and one-line errors.

    `compute` takes a `workspace`, whose settings limit its time (`step_timeout_s`), and gets it for
    one step (`Workspace.for_a_step`).

    Raises:
        dagster.Failure: the asset failed, or a signal ends the run; its cause is the error itself.
            Dagster's retry policy of the asset applies where another try makes sense
            (`worth_another_try`), unless the run is to fail at once.
    """
    signature = inspect.signature(compute)

    @functools.wraps(compute)
    def run(*args: Any, **kwargs: Any) -> Any:
        context = dg.AssetExecutionContext.get()
        bound = signature.bind(*args, **kwargs)
        workspace = bound.arguments["workspace"]
        bound.arguments["workspace"] = workspace.for_a_step()
        name = context.asset_key.to_user_string()
        try:
            with time_limit(name, workspace.settings.step_timeout_s):
                return compute(*bound.args, **bound.kwargs)
        except (dg.Failure, dg.RetryRequested):
            raise
        except DagsterExecutionInterruptedError as stopped:
            # Dagster would try the step again after half a minute in which it ignores signals.
            # Instead the step fails, and the next one does not begin.
            _received_interrupt["received"] = True
            raise failure(message("guard.signal")) from stopped
        except Exception as error:  # the boundary to Dagster, which would retry any error
            may_retry = worth_another_try(error) and ONCE_TAG not in context.run.tags
            raise failure(_why(name, error), allow_retries=may_retry) from error

    return run


def _why(name: str, error: Exception) -> Message:
    """Return why the asset `name` failed; errors that are not ours are named by their class."""
    if isinstance(error, GeoPipelineError):
        return error.message
    return verbatim(f"{name}: {type(error).__name__}: {' '.join(str(error).split())}")


def worth_another_try(error: BaseException) -> bool:
    """Return whether the same work may succeed in a minute: a provider is down, a disk full.

    A final answer of a provider (404, a missing key, a table of another form), a damaged file, a
    wrong request and a mistake in the code do not go away by themselves.
    """
    while True:
        if isinstance(error, GeoPipelineError) and error.passing:
            return True
        if isinstance(error, OSError) and error.errno in _PASSING:
            return True
        if error.__cause__ is None:
            return False
        error = error.__cause__


@contextmanager
def time_limit(name: str, limit_s: float) -> Iterator[None]:
    """Stop the block after `limit_s` seconds.

    An alarm of the operating system interrupts Python between two bytecodes, and also waiting for
    the network or a lock; a single long call into a library ends first. Without alarms (outside the
    main thread, on Windows) there is no limit here, only that of the run.

    Raises:
        StepTimeoutError: the time is over.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise _OutOfTimeError

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, limit_s)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except _OutOfTimeError as alarm:
        raise StepTimeoutError(message("guard.stopped", name=name, seconds=limit_s)) from alarm
    finally:
        signal.signal(signal.SIGALRM, before)
