"""Quotas of providers: requests that are not sent, and refusals that name when to go on."""

from datetime import UTC, datetime

from geo_pipeline.providers import DAY_S
from geo_pipeline.sources.faults import fault
from geo_pipeline.sources.http.addresses import without_secrets
from geo_pipeline.sources.http.attempts import Failed, Request
from geo_pipeline.sources.http.received import QuotaError
from geo_pipeline.sources.quotas import Quotas, window_named
from geo_pipeline.words import message


def within_quota(quotas: Quotas, request: Request) -> None:
    """Count `request` as used of its host's quotas.

    Raises:
        QuotaError: one of them is used up; nothing is to be sent until its next window.
    """
    full = quotas.take(request.host, request.weight)
    if full is not None:
        key = "http.quota_of_day" if full.quota.window_s == DAY_S else "http.quota_of_hour"
        what = message(key, used=full.used, calls=full.quota.calls)
        advice = message("advice.goes_on_at", at=f"{full.until:%Y-%m-%d %H:%M}")
        told = fault(request.source, without_secrets(request.url), what, advice)
        raise QuotaError(told, full.until)


def until_next_window(quotas: Quotas, request: Request, failed: Failed) -> float | None:
    """Return the seconds until a refusing host may be asked again, where only its words tell.

    Open-Meteo says `Daily API request limit exceeded` and no Retry-After. The wait is put into
    `failed`, for its error to tell, and the quota counts as used up.
    """
    window_s = window_named(failed.reason) if failed.wait_s is None else None
    if window_s is None:
        return None
    quotas.refused(request.host, window_s)
    now = datetime.now(UTC).timestamp()
    failed.wait_s = (now // window_s + 1) * window_s - now + 1.0
    return failed.wait_s
