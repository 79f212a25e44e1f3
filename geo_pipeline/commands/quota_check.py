"""What a run would ask of providers by requests, compared with what they allow in a day.

A run that cannot end today is refused before anything is asked: it would wait, or fail from some
département on, for days.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial

from geo_pipeline.errors import UsageError
from geo_pipeline.providers import DAY_S
from geo_pipeline.runtime.providers import Providers
from geo_pipeline.settings import Settings
from geo_pipeline.sources.demand import Countable, Demand
from geo_pipeline.sources.quotas import Quotas
from geo_pipeline.words import Message, message


def check_quotas(settings: Settings, providers: Providers, codes: Sequence[str]) -> None:
    """Refuse a run of `codes` that exceeds what one of its providers allows in a day.

    Raises:
        UsageError: it does; nothing was asked.
    """
    if settings.offline:
        return
    today = datetime.now(UTC).date()
    until = settings.until or today
    firsts = providers.first_days(until)
    asked = list(zip(providers.weather, firsts, strict=True))
    if providers.overseas is not None:
        asked.append((providers.overseas, firsts[-1]))
    for source, first in asked:
        if isinstance(source, Countable):
            of = [code for code in codes if source in providers.weather_of(code)]
            demand = partial(demand_since, source, of, until)
            refuse_beyond(demand, first, until, providers.http.quotas)


def demand_since(source: Countable, codes: Sequence[str], until: date, since: date) -> Demand:
    """Return what the weather of `codes` from `since` to `until` takes."""
    return source.demand(codes, since, until)


def refuse_beyond(
    demand: Callable[[date], Demand], since: date, until: date, quotas: Quotas
) -> Demand:
    """Return what is asked for from `since` on.

    Raises:
        UsageError: it is more than the provider allows in a day.
    """
    asked = demand(since)
    quota = quotas.of(asked.host, DAY_S)
    if quota is None or asked.calls <= quota.calls:
        return asked
    raise UsageError(
        message(
            "quota.exceeded",
            provider=asked.provider,
            since=since,
            needed=asked.calls,
            allowed=quota.calls,
            days=asked.calls / quota.calls,
            instead=_instead(demand, since, until, quota.calls),
        )
    )


def _instead(demand: Callable[[date], Demand], since: date, until: date, calls: float) -> Message:
    """Return the advice on a first day that the quota allows."""
    for year in range(since.year + 1, until.year + 1):
        if demand(date(year, 1, 1)).calls <= calls:
            return message("quota.since", day=date(year, 1, 1))
    return message("quota.fewer")
