"""Provider news: what changed at a provider is run again here.

Requests are as small as they can be. Data.gouv.fr's list of files has the date of each file. For a
single file, its headers have ETag, Last-Modified and length. The cursor holds what was seen: the
first tick only records it, later ones compare. Open-Meteo, the DPClim
API and Hub'Eau offer nothing of the kind: the schedules cover them.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

import dagster as dg

from geo_pipeline.automation.requests import Left, jobs_named, left, request
from geo_pipeline.automation.sensors.memory import remembered
from geo_pipeline.errors import GeoPipelineError, SourceError
from geo_pipeline.platform.tick_errors import keeping_errors
from geo_pipeline.providers import KINDS, PROVIDERS
from geo_pipeline.runtime.providers import Providers
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.sources import agreste, etalab, franceagrimer, meteo_france, sim2
from geo_pipeline.sources.observed import FIRST_LIVE_DAY
from geo_pipeline.sources.stations import homes
from geo_pipeline.territory import BY_CODE, CODES
from geo_pipeline.words import message

EVERY_S = 300
"""Interval of the sensor; each provider is asked at its own, longer interval."""

NEWS_TAG = "geo_pipeline/news"

AGAIN = timedelta(minutes=30)
"""When a provider that could not be asked is tried again."""

HASTE = {"attempts": 2, "patience_s": 5.0, "read_timeout_s": 15.0}
"""HTTP settings: a tick may last 60 s, and the next one follows soon."""

LONGEST_S = 30.0
"""How long a tick may go on asking about single files."""

Marks = Mapping[str, str]
"""Values that change with the content, by what they belong to: an address or a département."""


@dataclass(frozen=True)
class Watch:
    """A provider to watch."""

    name: str
    job: str
    every: timedelta
    ask: Callable[[], Marks]
    """Raises GeoPipelineError where the provider cannot be asked."""
    codes: Callable[[str], Sequence[str]]
    """Départements that a key of the marks stands for; none where the job has no partitions."""


def sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensors."""
    live = not settings.offline and bool(watched(settings))
    names = ("refresh_weather", "refresh_crops", "refresh_restrictions", "refresh_boundaries")

    @dg.sensor(
        name="provider_news",
        jobs=jobs_named(settings, names),
        minimum_interval_seconds=EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING if live else dg.DefaultSensorStatus.STOPPED,
        description="Asks live providers whether their data have changed, and launches a run of "
        "the départements concerned. docs/inbox.md.",
    )
    @keeping_errors("provider_news")
    def provider_news(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        if settings.offline:
            return dg.SensorResult(skip_reason="offline: no provider is asked")
        hasty = settings.model_copy(update=HASTE)
        rest = partial(left, settings, context.instance)
        news = poll(watches(Workspace(hasty).providers), context.cursor, datetime.now(UTC), rest)
        return dg.SensorResult(
            run_requests=news.requests,
            skip_reason=None if news.requests else "; ".join(news.told) or "no provider is due",
            cursor=news.cursor,
        )

    return [provider_news]


def watched(settings: Settings) -> dict[str, timedelta]:
    """Return the interval of each chosen provider that can be watched."""
    asked = {(kind, getattr(settings, setting)) for setting, kind in KINDS.items()}
    return {
        each.name: each.watched_every
        for each in PROVIDERS
        if each.watched_every is not None and (each.gives, each.name) in asked
    }


def watches(providers: Providers) -> Iterator[Watch]:
    """Yield the watches, each with the interval in its provider's record."""
    settings = providers.settings
    every = watched(settings)
    for provider in providers.weather:
        if isinstance(provider, meteo_france.MeteoFrance):
            yield _stations(providers, provider, every[provider.name])
        if isinstance(provider, sim2.Sim2):
            yield _grid(settings, provider, every[provider.name])
    if isinstance(providers.crops, agreste.Agreste | franceagrimer.FranceAgriMer):
        crops = providers.crops
        yield _one_file(providers, "refresh_crops", crops.name, crops.url, every[crops.name])
    if (vigieau := providers.restrictions) is not None:
        hourly = every[vigieau.name]
        yield Watch(vigieau.name, "refresh_restrictions", hourly, vigieau.marks, _none)
    if isinstance(providers.chosen_boundaries, etalab.Etalab):
        outlines = providers.chosen_boundaries
        name = outlines.name
        yield _one_file(providers, "refresh_boundaries", name, outlines.url, every[name])


@dataclass(frozen=True)
class News:
    """The result of a look."""

    requests: list[dg.RunRequest]
    told: list[str]
    cursor: str


Rest = Callable[[str, Sequence[str], datetime], Left]
"""Which départements of a job are still to be requested since a time, and which are under way."""


def poll(watched: Iterable[Watch], cursor: str | None, now: datetime, rest: Rest) -> News:
    """Return what changed since the look that left `cursor`, for the providers that are due.

    A change that a run under way may have seen already is kept for the next look.
    """
    seen = remembered(cursor)
    asked: list[dg.RunRequest] = []
    told = []
    for watch in watched:
        before = seen.get(watch.name, {})
        if not _is_due(before, now):
            continue
        known: Marks | None = before.get("marks")
        soon = (now + min(watch.every, AGAIN)).isoformat()
        try:
            new = dict(watch.ask())
        except GeoPipelineError as error:
            told.append(str(error))
            seen[watch.name] = {**before, "due_at": soon, "marks": known}
            continue
        seen[watch.name] = {"due_at": (now + watch.every).isoformat(), "marks": new}
        if known is None:
            told.append(f"{watch.name}: noted, {len(new)} to compare with")
            continue
        changed = {each: mark for each, mark in new.items() if known.get(each) != mark}
        told.append(f"{watch.name}: {len(changed)} of {len(new)} changed")
        if not changed:
            continue
        waiting = before.get("waiting", {})
        since = waiting["since"] if waiting.get("changed") == changed else now.isoformat()
        concerned = [code for each in changed for code in watch.codes(each)]
        found = rest(watch.job, concerned, datetime.fromisoformat(since))
        if found.under_way:
            told.append(f"{watch.name}: a run of it is under way and is waited for")
            again = {"changed": changed, "since": since}
            seen[watch.name] = {"due_at": soon, "marks": known, "waiting": again}
        elif found.to_ask:
            asked.append(_request(watch, changed, found.to_ask if concerned else ()))
    return News(asked, told, json.dumps(seen))


def _is_due(before: Mapping[str, Any], now: datetime) -> bool:
    """Return whether a provider is to be asked again; also where the cursor has no valid date."""
    try:
        return now >= datetime.fromisoformat(before["due_at"])
    except (KeyError, TypeError, ValueError):
        return True


def _request(watch: Watch, changed: Marks, codes: Sequence[str]) -> dg.RunRequest:
    """Return the run request for a change; its key is made of the new marks."""
    digest = sha256("\n".join(f"{each} {changed[each]}" for each in sorted(changed)).encode())
    key = f"{watch.name}:{digest.hexdigest()}"
    return request(watch.job, key, codes, {NEWS_TAG: watch.name})


def _stations(providers: Providers, provider: meteo_france.MeteoFrance, every: timedelta) -> Watch:
    """Return the watch on the station files of the years in use, by département."""

    def ask() -> Marks:
        first, last = _years(providers.settings)
        files = [
            each
            for each in provider.listed()
            if homes(each.departement) and each.touches(first, last)
        ]
        running = max((each.last_year for each in files if each.last_year), default=0)
        # Where the list has no dates, the headers of the files of the latest years are asked.
        undated = [
            each.url for each in files if each.modified is None and each.last_year == running
        ]
        heads = _heads(providers, meteo_france.NAME, undated)
        marks: dict[str, list[str]] = {}
        for each in sorted(files):
            mark = each.modified or heads.get(each.url)
            if mark is not None:
                marks.setdefault(each.departement, []).append(f"{each.url} {mark}")
        # Hashes keep the cursor short: it is stored with each tick.
        return {code: sha256("\n".join(of).encode()).hexdigest()[:16] for code, of in marks.items()}

    return Watch(meteo_france.NAME, "refresh_weather", every, ask, homes)


def _grid(settings: Settings, provider: sim2.Sim2, every: timedelta) -> Watch:
    """Return the watch on the grid files of the years in use, for all mainland départements."""

    def ask() -> Marks:
        first, last = _years(settings)
        listed = provider.listed(date(first, 1, 1), date(last, 12, 31))
        return {url: str(modified) for url, modified in listed.items()}

    mainland = [code for code in CODES if not BY_CODE[code].overseas]
    return Watch(sim2.NAME, "refresh_weather", every, ask, lambda _: mainland)


def _one_file(providers: Providers, job: str, name: str, url: str, every: timedelta) -> Watch:
    """Return the watch on a provider that is one file."""

    def ask() -> Marks:
        probe = providers.http.probe(url, source=name)
        if probe.error is not None:
            raise SourceError(message("fault.of", who=name, where=probe.url, what=probe.error))
        return {} if probe.mark is None else {probe.url: probe.mark}

    codes = CODES if job == "refresh_crops" else ()
    return Watch(name, job, every, ask, lambda _: codes)


def _heads(providers: Providers, name: str, addresses: Sequence[str]) -> dict[str, str]:
    """Return the marks in the headers of files.

    Raises:
        SourceError: there are more than can be asked in the time of a tick.
    """
    started, heads = time.monotonic(), {}
    for address in addresses:
        if time.monotonic() - started > LONGEST_S:
            raise SourceError(message("provider_news.too_many", name=name, n=len(addresses)))
        probe = providers.http.probe(address, source=name)
        if probe.error is not None:
            why = message("fault.of", who=name, where=probe.url, what=probe.error)
            raise SourceError(message("provider_news.asked_again", why=why))
        if probe.mark is not None:
            heads[address] = probe.mark
    return heads


def _years(settings: Settings) -> tuple[int, int]:
    """Return the first and last year of the weather in use."""
    until = settings.until or datetime.now(UTC).date()
    since: date = settings.since or FIRST_LIVE_DAY
    return since.year, until.year


def _none(_address: str) -> Sequence[str]:
    return ()
