"""Run log: the workspace resource of a run, and the log lines at its beginning and end."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Final

import dagster as dg

from geo_pipeline import logs
from geo_pipeline.platform.live_runs import held
from geo_pipeline.platform.partitions import codes_of
from geo_pipeline.platform.step_failures import why_step_failed
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.territory import spelled

OFFLINE_TAG: Final = "geo_pipeline/offline"
"""A run with this tag uses what was received before, whatever the settings say."""

_log = logging.getLogger(__name__)


def workspace_resource(given: Workspace) -> dg.ResourceDefinition:
    """Return the resource `workspace`, whose run is recorded in the log of its home.

    A run that Dagster launched logs to its console too; the command line prints its own messages.
    """

    @dg.resource(
        description="Lake, providers and failures of this installation; logs while a run uses it.",
        config_schema={
            "offline": dg.Field(
                bool,
                default_value=given.settings.offline,
                description="Use what was received before; send no request over the network.",
            )
        },
    )
    @contextmanager
    def opened(context: dg.InitResourceContext) -> Iterator[Workspace]:
        run = context.run
        offline = context.resource_config["offline"] or (
            run is not None and OFFLINE_TAG in run.tags
        )
        workspace = _as_configured(given, offline)
        if run is None:  # a sensor uses the workspace
            with logs.recording(workspace.settings):
                yield workspace
            return
        console = None if run.remote_job_origin is None else logs.console()
        fields = {"run_id": run.run_id, "job": run.job_name}
        # The command line holds the lock of its runs itself, from before they are recorded.
        launched = context.instance if run.remote_job_origin is not None else None
        watch = nullcontext() if launched is None else held(launched, run.run_id)
        with watch, logs.recording(workspace.settings, console=console, **fields):
            _log.info("run of %s started: %s", run.job_name, _asked(run))
            start = time.perf_counter()
            try:
                yield workspace
            finally:
                _tell_end(context.instance, run, time.perf_counter() - start)

    return opened


def _as_configured(workspace: Workspace, offline: bool) -> Workspace:
    """Return `workspace` with `offline` as the configuration of the run sets it."""
    if offline == workspace.settings.offline:
        return workspace
    settings = workspace.settings.model_copy(update={"offline": offline})
    return replace(workspace, settings=settings)


def _asked(run: dg.DagsterRun) -> str:
    """Return the partitions of a run, in words."""
    codes = codes_of(run.tags)
    if len(codes) > 1:
        return f"départements {', '.join(spelled(codes))}"
    return f"département {codes[0]}" if codes else "no département"


def _tell_end(instance: dg.DagsterInstance | None, run: dg.DagsterRun, seconds: float) -> None:
    """Log how a run ended, and the error of each failed step."""
    failures = []
    if instance is not None:
        kind = {dg.DagsterEventType.STEP_FAILURE}
        failures = list(instance.all_logs(run.run_id, of_type=kind))
    failed = []
    for each in failures:
        event = each.get_dagster_event()
        why = why_step_failed(event.step_failure_data)
        failed.append(str(event.step_key))
        _log.error("%s: failed", event.step_key, extra=logs.about(asset=event.step_key, error=why))
    _log.log(
        logging.ERROR if failures else logging.INFO,
        "run of %s ended: %s",
        *(run.job_name, f"{', '.join(failed)} failed" if failures else "done"),
        extra=logs.about(seconds=round(seconds, 3)),
    )
