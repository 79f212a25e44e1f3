"""Pools: how many steps at a time may ask one provider, or publish, over all runs of a home.

Dagster's own accounting of pools is made exact here where its records are SQLite files. The stock
storage looks for a free place in one statement and takes it in the next, so that several processes
take the same place (a test shows it: of six at once it lets up to four into a pool of one). Here
one process at a time looks and takes. Also, the places of a killed run are freed when the next run
asks, and a waiting run sleeps (the in-process executor would ask thousands of times a second) and
can be stopped.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._utils.concurrency import ConcurrencyClaimStatus
from dagster._utils.interrupts import pop_captured_interrupt
from filelock import FileLock

from geo_pipeline.platform import live_runs
from geo_pipeline.tables import TABLES

LIMITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        **{
            f"provider_{table.asks}": table.at_a_time
            for table in TABLES.values()
            if table.asks is not None
        },
        "publication": 1,
    }
)
"""Steps at a time in each pool, unless another limit is set in Dagster's pages."""

POLL_S: Final = 0.1
"""Pause between two looks while waiting for a place."""

LONGEST_WAIT_S: Final = 5.0
"""Longest wait of one claim; the executor then claims again, and logs that it waits."""


def set_limits(instance: dg.DagsterInstance) -> None:
    """Set the limits of pools that have none yet, so that they hold from the start."""
    storage = instance.event_log_storage
    set_already = {pool.name for pool in storage.get_pool_limits() if not pool.from_default}
    for pool, limit in LIMITS.items():
        if pool not in set_already:
            storage.set_concurrency_slots(pool, limit)


class ExactPools(SqlEventLogStorage):
    """Mixin of event storages in SQLite files, before Dagster's class, for exact pools."""

    def claim_concurrency_slot(
        self, concurrency_key: str, run_id: str, step_key: str, priority: int | None = None
    ) -> ConcurrencyClaimStatus:
        """Take a place in a pool for a step, or queue for one.

        The first claim returns at once, so that Dagster's pages show what waits for what; later
        claims wait a few seconds for a place.

        Raises:
            DagsterExecutionInterruptedError: the run is stopped while it waits.
        """
        queued = self.has_pending_step(concurrency_key, run_id, step_key)
        end = time.monotonic() + (LONGEST_WAIT_S if queued else 0.0)
        while True:
            with self._one_process():
                self._bury_the_dead(concurrency_key, run_id)
                status: ConcurrencyClaimStatus = super().claim_concurrency_slot(
                    concurrency_key, run_id, step_key, priority
                )
            if status.is_claimed or time.monotonic() >= end:
                answer: ConcurrencyClaimStatus = status.with_sleep_interval(0.0)
                return answer
            # Dagster holds signals back between steps, and does not check for them in these loops.
            if pop_captured_interrupt():
                raise DagsterExecutionInterruptedError
            time.sleep(POLL_S)

    def free_concurrency_slot_for_step(self, run_id: str, step_key: str) -> None:
        """Free the place of a step for the next one in the queue."""
        with self._one_process():
            super().free_concurrency_slot_for_step(run_id, step_key)

    def free_concurrency_slots_for_run(self, run_id: str) -> None:
        """Free all places of a run for the next ones in the queue."""
        with self._one_process():
            super().free_concurrency_slots_for_run(run_id)

    def set_concurrency_slots(self, concurrency_key: str, num: int) -> None:
        """Set the limit of a pool."""
        with self._one_process():
            super().set_concurrency_slots(concurrency_key, num)

    def _bury_the_dead(self, pool: str, asking: str) -> None:
        """Free the places in `pool` of runs whose process is gone."""
        known = self.get_concurrency_info(pool)
        holders = {slot.run_id for slot in known.claimed_slots}
        holders |= {step.run_id for step in known.pending_steps}
        for run_id in holders - {asking}:
            if live_runs.death(self._instance, run_id) is not None:
                super().free_concurrency_slots_for_run(run_id)

    @contextmanager
    def _one_process(self) -> Iterator[None]:
        """Let one thread of one process at a time look and take."""
        path = Path(self._instance.root_directory) / ".pools.lock"
        with FileLock(path):
            yield
