"""`geo-pipeline worker`: this machine executes runs of the queue, beside other machines."""

import os
import socket
from typing import Annotated

import typer

from geo_pipeline.commands.terminal import err, killed, out


def worker(
    runs: Annotated[
        int, typer.Option(min=1, max=64, help="Runs at the same time; each takes 1 to 1.5 cores.")
    ] = 1,
) -> None:
    """Execute runs of Dagster's queue on this machine, until SIGTERM; see docs/scale.md.

    On SIGTERM or Ctrl-C the runs under way are finished, and no other is begun.
    """
    from geo_pipeline.platform.instance import environment, open_instance
    from geo_pipeline.platform.live_runs import celery_runs, reap
    from geo_pipeline.settings import read_settings

    settings = read_settings()
    by_celery = celery_runs()
    app = by_celery.application(settings)
    by_celery.require_answer(app)
    with open_instance(settings) as instance:
        home = instance.root_directory
        for run_id in reap(instance):
            err.print(killed(run_id), markup=False, soft_wrap=True)
    os.environ |= environment(settings, settings.dagster_home) | {"DAGSTER_HOME": home}
    # Loaded once, before the processes of the runs are made of this one.
    from geo_pipeline import definitions  # noqa: F401

    name = f"{socket.gethostname()}-{os.getpid()}"
    out.print(f"worker {name} waits for runs, {runs} at a time", markup=False, soft_wrap=True)
    by_celery.serve(app, name, runs)
