"""`geo-pipeline live`: from nothing to a map of today, step by step.

Files are fetched in the background, the newest first, and read while they come (`live_files`). Each
step of the plan (`live_plan`) is a run of its own in a process of its own, which ends with a
publication: a stop at any time leaves what the steps before have published, and the files that have
come.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYetError
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

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
from geo_pipeline.commands.live_files import files_of
from geo_pipeline.commands.live_plan import (
    BYTES_PER_S,
    EMBEDDED_FIRST_YEAR,
    GRID,
    STATIONS,
    Download,
    Plan,
    Step,
    lacks_map,
    lake_since,
    plan,
    told,
)
from geo_pipeline.commands.live_state import LiveState
from geo_pipeline.commands.quota_check import demand_since, refuse_beyond
from geo_pipeline.commands.terminal import err, out, tell_error
from geo_pipeline.errors import GeoPipelineError, SourceError, StorageError
from geo_pipeline.providers import DAY_S, OVERSEAS
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.settings_reading import variable
from geo_pipeline.sources.demand import Countable, Demand
from geo_pipeline.sources.http import MB, Http, NoAnswerError
from geo_pipeline.sources.http.resuming import BYTES
from geo_pipeline.sources.pace import RATES
from geo_pipeline.sources.quotas import UsedUp
from geo_pipeline.storage.lake import Lake
from geo_pipeline.territory import BY_CODE
from geo_pipeline.words import Message, message

GRACE_S: Final = 3.0
"""Time that a run gets to end after a signal, before it is killed."""

LOOK_S: Final = 0.2
"""Time between two looks at what is under way."""

COUNT_S: Final = 1.0
"""Time between two lines of a count down on a terminal; elsewhere between two looks."""
TOLD_EVERY_S: Final = 600.0
"""Time between two lines of a count down elsewhere."""

OTHERS_RUN: Final = "waiting for the run of a command that was killed, which goes on by itself"

PLAN_ATTEMPTS: Final = 2
"""Attempts to get the list of files: nobody waits for a plan where there is no network."""

PROBE_TIMEOUT_S: Final = 10.0
DEFAULT_RATE: Final = 10.0


class Live:
    """The plan for a home, and its execution.

    `settings` are those of the user; the providers are chosen here: the grid, or with `stations`
    the stations. With `wait` a quota that is used up is waited for.
    """

    def __init__(
        self,
        settings: Settings,
        codes: Sequence[str],
        since: date,
        *,
        stations: bool = False,
        wait: bool = False,
    ) -> None:
        source, overseas = STATIONS if stations else GRID, settings.overseas or OVERSEAS
        chosen = {"source": source, "overseas": overseas, "history": None, "since": None}
        self.settings = settings.model_copy(update=chosen)
        self.codes, self.since = codes, since
        self._wait = wait
        self._workspace = Workspace(self.settings)
        few = {"attempts": min(self.settings.attempts, PLAN_ATTEMPTS)}
        planning = Workspace(self.settings.model_copy(update=few))
        self._http = planning.providers.http
        self._files = files_of(planning)
        self._speed = settings.raw / ".pace" / "speed.json"
        self._state = LiveState(settings.home)
        self._stopped = threading.Event()
        self._lake = Lake(settings.lake)
        self._has_map = threading.Event()

    def tell(self) -> int:
        """Print the plan; return the exit code.

        Where the list of files cannot be had, that is told, and the plan is that of what is known
        without it.
        """
        try:
            made, code = self.planned(), 0
        except SourceError as error:
            tell_error(error)
            made, code = self.usual(), 1
            out.print("without the list of files: those listed last, else the usual ones and sizes")
        self._print(made)
        return code

    def work(self) -> int:
        """Print the plan and work through it; return the exit code.

        Raises:
            GeoPipelineError: another one is under way in this home; or what `planned` and `execute`
                raise.
        """
        with self._state.alone():
            try:
                made = self.planned()
            except NoAnswerError as error:
                raise SourceError(_without_network(error.message)) from error
            self._print(made)
            return self.execute(made)

    def _print(self, made: Plan) -> None:
        bytes_per_s, measured = self.speed
        for line in [*told(made, bytes_per_s, self.rate, measured), *self.quota_lines(made)]:
            out.print(line, markup=False, highlight=False, soft_wrap=True)

    def planned(self) -> Plan:
        """Return the plan: the list of files is asked for, and headers of files whose length it
        lacks.

        Raises:
            SourceError: the list cannot be received.
            UsageError: a provider would have to be asked for more than it allows in a day.
            StorageError: the disk has no room for it.
        """
        made = self._planned(self._listed)
        free = shutil.disk_usage(_existing(self.settings.home)).free
        needed = made.disk_bytes + self.settings.free_room_mb * MB
        if needed > free:
            values = {"needed_mb": needed / MB, "free_mb": free / MB, "path": self.settings.home}
            raise StorageError(message("live.no_room", **values))
        return made

    def usual(self) -> Plan:
        """Return what the plan would be by the list that came last, else by the usual files."""

        def known(codes: Sequence[str], since: date, until: date) -> list[Download]:
            try:
                listed = files_of(self._workspace.offline()).listed(codes, since, until)
            except SourceError:
                listed = self._files.usual(codes, since, until)
            return [self._here(each) for each in listed]

        return self._planned(known)

    def _planned(self, files: Callable[[Sequence[str], date, date], list[Download]]) -> Plan:
        """Return the plan for the files of metropolitan départements between two days."""
        today = datetime.now(UTC).date()
        metropolitan = [code for code in self.codes if not BY_CODE[code].overseas]
        return plan(
            self.codes,
            today,
            self.since,
            lake_since=lake_since(self._lake, metropolitan, self._files.name),
            files=lambda since: files(metropolitan, since, today),
            overseas=self._overseas(today),
            source=self._files.name,
            step_years=self._files.step_years,
        )

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
            for host in filter(None, (urlsplit(each.url).netloc for each in step.downloads)):
                hosts[host] = hosts.get(host, 0) + 1
            if step.demand is not None:
                quota = self._http.quotas.of(step.demand.host, DAY_S)
                used = self._http.quotas.used(step.demand.host, DAY_S)
                allowed = "no quota is published"
                if quota is not None:
                    allowed = f"{used:,.0f} of {quota.calls:,.0f} a day are used"
                    full = self._http.quotas.full(step.demand.host, step.demand.calls)
                    if full is not None:
                        at = f"{full.until:%H:%M} UTC"
                        allowed += f": what has no room comes after {at}, with --wait by itself"
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
        first = [step for step in made.steps[:1] if lacks_map(self._lake, step)]
        at_once = {each.url for step in first for each in step.downloads}
        if not first:
            self._has_map.set()
        fetching = Fetching(
            list(downloads),
            lambda url: self._fetch(http, downloads[url], url in at_once),
            self._files.arriving,
        )
        http = self._workspace.providers.client(fetching.heard)
        code = 0
        with self._stoppable():
            fetching.start()
            for step in made.steps:
                if step.demand is not None and not self._http.quotas.limits(step.demand.host):
                    self._ask_ahead(step)
            try:
                for n, step in enumerate(made.steps, 1):
                    named = f"step {n} of {len(made.steps)}"
                    err.print(named, highlight=False)
                    self._await(fetching, step, f"{named}, {step.since.year} to today")
                    if not self._has_map.is_set():
                        self._run_once(step, first_map=True)
                        self._has_map.set()
                    code = max(code, self._run(step))
            finally:
                if fetching.bytes_per_s is not None:
                    note_speed(self._speed, fetching.bytes_per_s)
        return code

    def _fetch(self, http: Http, wanted: Download, at_once: bool) -> None:
        """Fetch a file and read it; unless `at_once`, after the first map, which has the line."""
        if not at_once:
            self._has_map.wait()
        received = http.download(
            wanted.url, source=self._files.name, final=wanted.final, checksum=wanted.checksum
        )
        self._files.read(received)

    def _ask_ahead(self, step: Step) -> None:
        """Ask for the weather of a step in the background: the final answers are kept for its run.

        Its run asks for the others once more, so this is not for providers with a quota.
        """
        source = self._workspace.providers.weather_of(step.codes[0])[0]

        def ask() -> None:
            for code in step.codes:
                with suppress(GeoPipelineError):  # the run of the step tells it
                    source.weather(code, step.since, datetime.now(UTC).date())

        threading.Thread(target=ask, daemon=True).start()

    def _await(self, fetching: Fetching, step: Step, named: str) -> None:
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
            for n, each in enumerate(step.downloads):
                self._state.note(f"{named}: {n} of {len(urls)} files are here")
                while not self._is_there(fetching, each.url):
                    bar.update(task, completed=fetching.came(urls))
                if not err.is_terminal:
                    size_mb = fetching.came([each.url]) / MB
                    came = f"{size_mb:,.1f} MB came" if size_mb else "is here"
                    err.print(f"  {each.name}: {came}", markup=False, highlight=False)
        self._state.note(f"{named}: computed and published")

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
        """Run a step, again after each quota that is waited for; return its exit code."""
        while code := self._run_once(step):
            full = self._used_up(step)
            if full is None:
                break
            used = f"{full.used:,.0f} of {full.quota.calls:,.0f} calls"
            out.print(
                f"{step.source}: {used} are used: it goes on at {full.until:%Y-%m-%d %H:%M} UTC"
                f"{'' if self._wait else '; start again then, or with --wait'}",
                highlight=False,
                soft_wrap=True,
            )
            if not self._wait:
                break
            self._state.note(f"{step.source} goes on at {full.until:%Y-%m-%d %H:%M} UTC")
            self._count_down(step)
        return code

    def _used_up(self, step: Step) -> UsedUp | None:
        """Return the quota that has no room for the next request of a step, if any."""
        asked = self._demand(step.codes, step.since) if step.demand is not None else None
        if asked is None or not asked.requests:
            return None
        return self._http.quotas.full(asked.host, asked.calls / asked.requests)

    def _count_down(self, step: Step) -> None:
        """Wait until a step may ask again, and show how long that takes.

        Raises:
            StoppedError: a signal came.
        """
        told_s = -TOLD_EVERY_S
        with err.status("") as status:
            while full := self._used_up(step):
                left = timedelta(seconds=round(full.until_s - time.time()))
                said = f"{step.source} goes on in {left}"
                status.update(said)
                if not err.is_terminal and time.monotonic() - told_s >= TOLD_EVERY_S:
                    told_s = time.monotonic()
                    err.print(said, highlight=False)
                if self._stopped.wait(COUNT_S):
                    raise StoppedError(message("live.stopped"))

    def _run_once(self, step: Step, *, first_map: bool = False) -> int:
        """Run a step in a process of its own, the `first_map` too; return its exit code."""
        chosen: dict[str, object] = {"source": step.source, "since": step.since}
        if step.embedded:
            chosen = {
                "source": step.source,
                "history": "bundled",
                "since": date(EMBEDDED_FIRST_YEAR, 1, 1),
                "source_since": step.since,
            }
        of_live = ("source", "history", "since", "source_since", "until", "overseas")
        environment = {
            name: value for name, value in os.environ.items() if name not in map(variable, of_live)
        } | {variable(name): str(value) for name, value in chosen.items()}
        for name, value in self.settings.where.items():
            environment[variable(name)] = value
        command = [sys.executable, "-m", "geo_pipeline", "run"]
        if first_map:
            command.append("--first-map")
        if self._state.has_run:
            self._state.note(OTHERS_RUN)
            err.print(OTHERS_RUN, highlight=False)
        with self._state.of_run(self._meanwhile) as lock:
            begun_s = time.monotonic()
            process = subprocess.Popen(  # noqa: S603
                [*command, "--departements", ",".join(step.codes)],
                env=environment,
                stdout=subprocess.DEVNULL,  # what it prints on success is told in a line here
                start_new_session=True,
                pass_fds=[lock],
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
        what = "a first map, without forecasts" if first_map else f"{step.since.year} to today"
        out.print(f"{what}: {done} ({seconds:.0f} s)", highlight=False)
        return 1 if status else 0

    def _meanwhile(self) -> None:
        """Wait for a moment.

        Raises:
            StoppedError: a signal came.
        """
        if self._stopped.wait(COUNT_S):
            raise StoppedError(message("live.stopped"))

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

    def _listed(self, codes: Sequence[str], since: date, until: date) -> list[Download]:
        """Return the files that some days take, with their lengths and what of them is here."""
        with ThreadPoolExecutor(max_workers=8) as pool:
            return list(pool.map(self._measured, self._files.listed(codes, since, until)))

    def _measured(self, file: Download) -> Download:
        known = self._here(file)
        if known.length is not None:
            return known
        probe = self._http.probe(
            file.url, source=self._files.name, timeout_s=PROBE_TIMEOUT_S, method="HEAD"
        )
        return known._replace(length=probe.length if probe.error is None else None)

    def _here(self, file: Download) -> Download:
        """Return a file with what of it is here."""
        place = self._http.raw.place(self._files.name, file.url)
        kept = self._http.raw.find(place)
        if kept is not None:
            return file._replace(length=kept.length, here=kept.length)
        partly = place / BYTES
        return file._replace(here=partly.stat().st_size if partly.exists() else 0)

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

    def _demand(self, codes: Sequence[str], since: date) -> Demand | None:
        """Return what is left to ask for the overseas départements `codes`, if it is countable."""
        source = self._workspace.providers.overseas
        if source is None or not isinstance(source, Countable):
            return None
        return source.demand(codes, since, datetime.now(UTC).date())


def _without_network(fault: Message) -> Message:
    """Return the fault of a list that cannot be had, with what can be done without a network."""
    what = fault.values.get("fault", fault)
    return message("fault.advised", fault=what, advice=message("live.no_network"))


def _existing(folder: Path) -> Path:
    """Return `folder`, or the nearest folder above it that exists."""
    while not folder.exists():
        folder = folder.parent
    return folder
