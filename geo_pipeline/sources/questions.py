"""Smallest real questions to providers, for `doctor`.

An address that answers may still not be the provider: a maintenance page, a proxy or an expired key
also answer. So each provider is asked in the same way as by its reader (`ask` of its module), and
the answer is read. Of an archive of many megabytes only the first bytes are requested.
"""

import re
from http import HTTPStatus

from geo_pipeline.errors import SourceError
from geo_pipeline.providers import Provider
from geo_pipeline.settings_reading import variable
from geo_pipeline.sources import payload
from geo_pipeline.sources.faults import LATER
from geo_pipeline.sources.http import Http, NoAnswerError, StatusError
from geo_pipeline.words import message


def told(provider: Provider, url: str, error: SourceError) -> tuple[str, str]:
    """Return what is wrong with an answer, and what to do, for each kind of error."""
    elsewhere = f"set {variable(provider.address)}"
    if isinstance(error.__cause__, SourceError):  # of several addresses, the last one's
        error = error.__cause__
    if not isinstance(error, StatusError):
        told = error.message.values
        what, advice = told.get("fault", error), told.get("advice", LATER)
        kind = "not reached" if isinstance(error, NoAnswerError) else "not its answer"
        return f"{kind}: {what}", f"{advice}, or {elsewhere}; --offline needs no provider"
    status = error.status
    what, advice = f"in trouble (answered {status})", f"try again later, or {elsewhere}"
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        what, advice = f"refused ({status})", f"it may want a key, or no proxy: {elsewhere}"
        if provider.key:
            what, advice = (
                f"key wrong ({status})",
                f"get a new one and set {variable(provider.key)}",
            )
    elif status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE) or status < 400:
        what, advice = f"moved: {url} is not there ({status})", f"find it, and {elsewhere}"
    elif status == HTTPStatus.TOO_MANY_REQUESTS:
        what, advice = f"limited: too many requests ({status})", "try again in an hour or a day"
    elif status < 500:
        what = f"question refused ({status})"
        advice = f"look for a newer version of this program, or {elsewhere}"
    return what + (f": {error.reason}" if error.reason else ""), advice


def ask_for_files(
    http: Http, data_gouv_url: str, dataset: str, source: str, file: re.Pattern[str]
) -> None:
    """Ask data.gouv.fr for a dataset, which must list a `file`."""
    answer = http.get(f"{data_gouv_url.rstrip('/')}/api/1/datasets/{dataset}/", source=source)
    said = payload.json(answer, source)
    resources = said.get("resources") if isinstance(said, dict) else None
    urls = [each.get("url") for each in resources or [] if isinstance(each, dict)]
    if not any(isinstance(each, str) and file.fullmatch(each.rpartition("/")[2]) for each in urls):
        what = message("dataset.no_such_file", file=file.pattern[:20])
        raise payload.unusable(answer, source, what)


def ask_for_archive(http: Http, url: str, source: str, *, or_table: bool = False) -> None:
    """Ask for the beginning of a zip, or with `or_table` of a table separated by `;`."""
    answer = http.start(url, source=source)
    if answer.content.startswith(b"PK\x03\x04"):
        return
    said = payload.text(answer, source)
    if not (or_table and ";" in said.partition("\n")[0]):
        raise payload.unusable(answer, source, message("payload.no_zip"))
