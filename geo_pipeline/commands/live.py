"""`geo-pipeline live`: from nothing to a map of today, step by step.

Files are fetched in the background, the newest first. Each step of the plan (`live_plan`) is a run
of its own in a process of its own, which ends with a publication: a stop at any time leaves what
the steps before have published, and the files that have come.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Final

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from geo_pipeline.commands.ending import StoppedError
from geo_pipeline.commands.fetching import Fetching, known_speed, note_speed
from geo_pipeline.commands.live_plan import BYTES_PER_S, Download, Plan, Step, plan
from geo_pipeline.commands.quota_check import demand_since, refuse_beyond
from geo_pipeline.commands.terminal import err, out
from geo_pipeline.errors import GeoPipelineError, StorageError
from geo_pipeline.providers import DAY_S, OVERSEAS
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings, variable
from geo_pipeline.sources import sim2
from geo_pipeline.sources.demand import Countable, Demand
from geo_pipeline.sources.http import MB, Http
from geo_pipeline.sources.http.resuming import BYTES
from geo_pipeline.sources.pace import RATES
from geo_pipeline.storage.lake import Lake
from geo_pipeline.territory import BY_CODE
from geo_pipeline.words import message

GRACE_S: Final = 3.0
"""Time that a run gets to end after a signal, before it is killed."""

LOOK_S: Final = 0.2
"""Time between two looks at what is under way."""

PROBE_TIMEOUT_S: Final = 10.0
DEFAULT_RATE: Final = 10.0
EMBEDDED_SINCE: Final = date(2010, 1, 1)


class Live:
    """The plan for a home, and its execution.

    `settings` are those of the user; the providers are chosen here.
    """

    def __init__(self, settings: Settings, codes: Sequence[str], since: date) -> None:
        overseas = settings.overseas or OVERSEAS
        chosen = {"source": sim2.NAME, "overseas": overseas, "history": None, "since": None}
        self.settings = settings.model_copy(update=chosen)
        self.codes, self.since = codes, since
        self._workspace = Workspace(self.settings)
        self._http = self._workspace.providers.http
        self._sim2 = sim2.build(self._workspace.providers)
        self._speed = settings.raw / ".pace" / "speed.json"
        self._stopped = threading.Event()

    def planned(self) -> Plan:
        """Return the plan: the list of files is asked for, and headers of files whose length it
        lacks.

        Raises:
            SourceError: the list cannot be received.
            UsageError: a provider would have to be asked for more than it allows in a day.
            StorageError: the disk has no room for it.
        """
        today = datetime.now(UTC).date()
        metropolitan = [code for code in self.codes if not BY_CODE[code].overseas]
        made = plan(
            self.codes,
            today,
            self.since,
            lake_since=self._lake_since(metropolitan),
            files=partial(self._files, metropolitan[:1], today),
            overseas=self._overseas(today),
        )
        free = shutil.disk_usage(_existing(self.settings.home)).free
        needed = made.disk_bytes + self.settings.free_room_mb * MB
        if needed > free:
            values = {"needed_mb": needed / MB, "free_mb": free / MB, "path": self.settings.home}
            raise StorageError(message("live.no_room", **values))
        return made

    @property
    def speed(self) -> tuple[float, bool]:
        """Bytes a second of downloads, and whether they were measured."""
        known = known_speed(self._speed)
        return known or BYTES_PER_S, known is not None

    def rate(self, host: str) -> float:
        """Return the requests a second to a host."""
        return {**RATES, **self.settings.rates}.get(host, DEFAULT_RATE)

    def quota_lines(self, made: Plan) -> Iterator[str]:
        """Yield what is asked of each provider, against what it allows."""
        hosts: dict[str, int] = {}
        for step in made.steps:
            for each in step.downloads:
                host = each.url.split("/")[2]
                hosts[host] = hosts.get(host, 0) + 1
            if step.demand is not None:
                quota = self._http.quotas.of(step.demand.host, DAY_S)
                used = self._http.quotas.used(step.demand.host, DAY_S)
                allowed = "no quota is published"
                if quota is not None:
                    allowed = f"{used:,.0f} of {quota.calls:,.0f} a day are used"
                yield f"asked: {step.demand.host}, {step.demand.calls:,.0f} calls ({allowed})"
        for host, count in hosts.items():
            yield f"asked: {host}, {count} files (no quota is published), no key"

    def execute(self, made: Plan) -> int:
        """Work through the plan; return the exit code.

        Raises:
            StoppedError: a signal has stopped it; what is there stays.
            SourceError: a file cannot be fetched; what was published before it stays.
        """
        downloads = {each.url: each for step in made.steps for each in step.downloads}
        fetching = Fetching(list(downloads), lambda url: self._fetch(http, downloads[url]))
        http = self._workspace.providers.client(fetching.heard)
        code = 0
        with self._stoppable():
            fetching.start()
            for step in made.steps:
                if step.demand is not None:
                    self._ask_ahead(step)
            try:
                for n, step in enumerate(made.steps, 1):
                    err.print(f"step {n} of {len(made.steps)}", highlight=False)
                    self._await(fetching, step)
                    code = max(code, self._run(step))
            finally:
                if fetching.bytes_per_s is not None:
                    note_speed(self._speed, fetching.bytes_per_s)
        return code

    def _fetch(self, http: Http, wanted: Download) -> object:
        return http.download(
            wanted.url, source=sim2.NAME, final=wanted.final, checksum=wanted.checksum
        )

    def _ask_ahead(self, step: Step) -> None:
        """Ask for the weather of a step in the background: the answers are kept for its run."""
        source = self._workspace.providers.weather_of(step.codes[0])[0]

        def ask() -> None:
            for code in step.codes:
                with suppress(GeoPipelineError):  # the run of the step tells it
                    source.weather(code, step.since, datetime.now(UTC).date())

        threading.Thread(target=ask, daemon=True).start()

    def _await(self, fetching: Fetching, step: Step) -> None:
        """Wait for the files of a step, with a bar on a terminal and a line a file elsewhere."""
        urls = [each.url for each in step.downloads]
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        with Progress(
            *columns,
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=err,
            transient=True,
            disable=not err.is_terminal,
        ) as bar:
            task = bar.add_task(f"{len(urls)} files", total=step.bytes_to_load or None)
            for each in step.downloads:
                while not self._is_there(fetching, each.url):
                    bar.update(task, completed=fetching.came(urls))
                if not err.is_terminal:
                    size_mb = fetching.came([each.url]) / MB
                    came = f"{size_mb:,.1f} MB came" if size_mb else "is here"
                    err.print(f"  {each.name}: {came}", markup=False, highlight=False)

    def _is_there(self, fetching: Fetching, url: str) -> bool:
        """Wait for a moment; return whether a file has come.

        Raises:
            StoppedError: a signal came.
            SourceError: the file cannot be fetched.
        """
        if self._stopped.is_set():
            raise StoppedError(message("live.stopped"))
        with suppress(NotYetError):
            fetching.files[url].result(LOOK_S)
            return True
        return False

    def _run(self, step: Step) -> int:
        """Run a step in a process of its own; return its exit code."""
        chosen: dict[str, object] = {"source": step.source, "since": step.since}
        if step.embedded:
            chosen = {
                "source": step.source,
                "history": "bundled",
                "since": EMBEDDED_SINCE,
                "source_since": step.since,
            }
        of_live = ("source", "history", "since", "source_since", "until", "overseas")
        environment = {
            name: value for name, value in os.environ.items() if name not in map(variable, of_live)
        } | {variable(name): str(value) for name, value in chosen.items()}
        environment[variable("home")] = str(self.settings.home)
        command = [sys.executable, "-m", "geo_pipeline", "run"]
        begun_s = time.monotonic()
        process = subprocess.Popen(  # noqa: S603
            [*command, "--departements", ",".join(step.codes)],
            env=environment,
            stdout=subprocess.DEVNULL,  # what it prints on success is told in a line here
            start_new_session=True,
        )
        try:
            while process.poll() is None and not self._stopped.wait(LOOK_S):
                pass
            if process.poll() is None:
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(GRACE_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            status = process.wait()
        if self._stopped.is_set():
            raise StoppedError(message("live.stopped"))
        seconds = time.monotonic() - begun_s
        done = "published" if not status else "not all of it could be published"
        out.print(f"{step.since.year} to today: {done} ({seconds:.0f} s)", highlight=False)
        return 1 if status else 0

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """Note SIGTERM and SIGINT while the block lasts."""
        before = {
            number: signal.signal(number, lambda *_: self._stopped.set())
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _lake_since(self, codes: Sequence[str]) -> date | None:
        """Return since when the lake has weather of SIM2 alone; None where it has none.

        A département that has none, because it failed or is new, is made since then as well: the
        others are not to fall back to the embedded normal for it.
        """
        lake, begins = Lake(self.settings.lake), []
        for code in codes:
            with suppress(StorageError):  # it is not there, or damaged
                footer = lake.footer("weather_daily", code)
                if footer.provenance.get("source") == sim2.NAME and footer.first_date is not None:
                    begins.append(date(footer.first_date.year, 1, 1))
        return max(begins, default=None)

    def _files(self, codes: Sequence[str], today: date, since: date) -> list[Download]:
        """Return the files that the days since `since` take, with what of them is here."""
        if not codes:
            return []
        files = self._sim2.files(codes[0], since, today)
        with ThreadPoolExecutor(max_workers=8) as pool:
            return list(pool.map(self._wanted, files))

    def _wanted(self, file: sim2.GridFile) -> Download:
        raw, length = self._http.raw, file.length
        place = raw.place(sim2.NAME, file.url)
        kept = raw.find(place)
        partly = place / BYTES
        here = partly.stat().st_size if partly.exists() else 0
        if kept is not None:
            length, here = kept.length, kept.length
        elif length is None:
            probe = self._http.probe(
                file.url, source=sim2.NAME, timeout_s=PROBE_TIMEOUT_S, method="HEAD"
            )
            length = probe.length if probe.error is None else None
        final = file.kind == sim2.FINAL
        return Download(file.url, file.first, file.last, final, file.checksum, length, here)

    def _overseas(self, today: date) -> tuple[str, Demand] | None:
        """Return the provider of the overseas départements and what it would be asked for."""
        codes = [code for code in self.codes if BY_CODE[code].overseas]
        source = self._workspace.providers.overseas
        if not codes or source is None:
            return None
        if not isinstance(source, Countable):
            return source.name, Demand(source.name, "", 0, 0.0, 0)
        demand = partial(demand_since, source, codes, today)
        return source.name, refuse_beyond(demand, self.since, today, self._http.quotas)


def _existing(folder: Path) -> Path:
    """Return `folder`, or the nearest folder above it that exists."""
    while not folder.exists():
        folder = folder.parent
    return folder
