"""The service behind `/api/v1`: an address and some headers in, a status, headers and a body out.

Each answer is complete in memory or in a temporary file before any of it is sent, so that a failure
is a problem with its status (RFC 9457) and never half a file. Answers are made in threads; the
publication is opened read-only.
"""

import contextlib
import hashlib
import io
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import IO, Any, Final, cast
from urllib.parse import parse_qsl, urlencode

from isal import igzip

from geo_pipeline.errors import GeoPipelineError, NotPublishedError, StorageError
from geo_pipeline.objects import Place
from geo_pipeline.publishing.api import documents, editions, feeds, files, forms, openapi, rows
from geo_pipeline.publishing.api import outlines as outlines_of
from geo_pipeline.publishing.api.editions import Edition
from geo_pipeline.publishing.api.offers import NAMES, offer
from geo_pipeline.publishing.api.outlines import Outlines
from geo_pipeline.publishing.api.questions import (
    CSV,
    GEOJSON,
    JSON,
    Form,
    Question,
    QuestionError,
    cursor,
    read,
)
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import LANGS, Lang, Message, message

OPENAPI: Final = "openapi.json"
IN_MEMORY_BYTES: Final = 4_000_000
"""Larger answers are in a temporary file."""
KEPT_BYTES: Final = 64_000_000
"""Room for answers made lately, in memory."""
MOST_KEPT_BYTES: Final = KEPT_BYTES // 2
"""Largest answer that is kept."""
LEAST_COMPRESSED: Final = 1_024
"""Smaller answers are not compressed, in bytes."""
LONGEST_QUERY: Final = 8_000
"""Longest query of an address, in characters."""

_TEXTS: Final = (
    JSON.media,
    CSV.media,
    GEOJSON.media,
    feeds.ATOM.media,
    feeds.CALENDAR.media,
    "application/problem+json",
)

Body = IO[bytes]


@dataclass(frozen=True)
class Asked:
    """A request, as far as the answer depends on it."""

    path: str
    """Below `/api/v1`, without a leading slash."""
    query: str = ""
    accept: str = ""
    gzip: bool = False
    if_none_match: str = ""
    base: str = "/api/v1"
    """Address of the API, for links."""


@dataclass
class Answer:
    """An answer: `body` is at its start, None for none."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: Body | None = None
    length: int = 0


@dataclass(frozen=True)
class _Made:
    """What an answer will be, before it is written."""

    form: Form
    write: Callable[[Body], Mapping[str, str] | None]
    """Writes the body; returns further headers."""
    name: str = ""
    """Name of the file to save it as, empty for none."""


class _Recent:
    """Answers made lately, by their ETag: many clients ask for the same. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[dict[str, str], bytes]] = OrderedDict()
        self._bytes = 0

    def find(self, tag: str) -> Answer | None:
        """Return the answer with this tag, None where it is not kept."""
        with self._lock:
            if tag not in self._kept:
                return None
            self._kept.move_to_end(tag)
            headers, content = self._kept[tag]
        return Answer(200, {**headers}, io.BytesIO(content), len(content))

    def keep(self, tag: str, answer: Answer) -> None:
        """Keep an answer, unless it is large; the least asked for goes where room is short."""
        if answer.body is None or answer.length > MOST_KEPT_BYTES:
            return
        content = answer.body.read()
        answer.body.seek(0)
        with self._lock:
            if tag not in self._kept:
                self._kept[tag] = {**answer.headers}, content
                self._bytes += len(content)
            while self._bytes > KEPT_BYTES:
                _, (_, gone) = self._kept.popitem(last=False)
                self._bytes -= len(gone)


class Service:
    """Answers from the publication at `path`; any number of threads may ask at the same time."""

    def __init__(self, path: Place) -> None:
        self._warehouse = Warehouse(path)
        self._lock = threading.Lock()
        self._known: tuple[Edition, Outlines] | None = None
        self._recent = _Recent()

    def answer(self, asked: Asked) -> Answer:
        """Return the answer to a request; errors are answers too."""
        try:
            return self._answered(asked)
        except QuestionError as error:
            return problem(error.status, error.message, parameter=error.parameter)
        except NotPublishedError:
            return problem(503, message("api.nothing_published"))
        except StorageError:
            return problem(503, message("api.unreadable"))
        except GeoPipelineError as error:
            return problem(400, error.message)
        except OSError as error:
            return problem(503, message("api.no_room", why=error.strerror or type(error).__name__))

    def _answered(self, asked: Asked) -> Answer:
        if len(asked.query) > LONGEST_QUERY:
            told = message("api.too_long", most=LONGEST_QUERY)
            raise QuestionError(told, "query", HTTPStatus.REQUEST_URI_TOO_LONG)
        while True:
            edition: Edition | None = None
            if asked.path == OPENAPI:  # needs no publication
                made = _Made(JSON, lambda sink: _put(openapi.document(asked.base), sink))
            else:
                edition, outlines = self._edition()
                made = self._made(asked, edition, outlines)
            tag = _tag(asked, made.form, edition)
            if tag in asked.if_none_match or asked.if_none_match.strip() == "*":
                return Answer(304, _headers(made, tag))
            kept = self._recent.find(tag)
            answer = kept or _written(made, tag, gzip=asked.gzip)
            # A publication may have come in between.
            if edition is None or self._warehouse.version() == edition.version:
                if kept is None:
                    self._recent.keep(tag, answer)
                return answer
            cast(Body, answer.body).close()

    def _edition(self) -> tuple[Edition, Outlines]:
        """Return the publication."""
        with self._lock:
            if self._known is None or self._known[0].version != self._warehouse.version():
                edition = editions.read(self._warehouse)
                self._known = edition, outlines_of.read(self._warehouse)
            return self._known

    def _made(self, asked: Asked, edition: Edition, outlines: Outlines) -> _Made:
        """Return what answers a request.

        Raises:
            QuestionError: there is nothing at the address, or a parameter cannot be met.
        """
        first, *more = asked.path.split("/")
        parameters = _parameters(asked.query)
        if first == "tables" and len(more) == 1 and more[0] in NAMES:
            question = read(offer(more[0]), parameters, asked.accept, edition.short)
            return _Made(question.form, self._page(question, asked, edition, outlines))
        in_words = asked.path.endswith((".xlsx", ".atom", ".ics"))
        lang = _language(parameters) if in_words else None
        if parameters and lang is None:
            told = message("api.no_parameters", name=parameters[0][0][:40])
            raise QuestionError(told, parameters[0][0])
        if first == "feeds" and more:
            place, form = feeds.find("/".join(more))
            write = partial(feeds.write, place, form, lang or "fr", self._warehouse, edition)
            return _Made(form, lambda sink: write(base=asked.base, sink=sink))
        if first == "files" and more:
            file = files.find("/".join(more), lang or "fr")
            return _Made(
                file.form,
                lambda sink: file.write(self._warehouse, edition, outlines, sink),
                file.name,
            )
        document = documents.find(asked.path)
        return _Made(JSON, lambda sink: _put(document(self._warehouse, edition, asked.base), sink))

    def _page(
        self, question: Question, asked: Asked, edition: Edition, outlines: Outlines
    ) -> Callable[[Body], Mapping[str, str]]:
        def write(sink: Body) -> Mapping[str, str]:
            page, about = rows.page(self._warehouse, question), question.offer
            more = ""
            if page.last is not None:
                kept = [each for each in _parameters(asked.query) if each[0] != "cursor"]
                query = urlencode([*kept, ("cursor", cursor(page.last, edition.short))])
                more = f"{asked.base}/{asked.path}?{query}"
            if question.form == JSON:
                around = {
                    "table": about.name,
                    "publication": edition.facts(),
                    "count": page.rows.num_rows,
                    "next": more or None,
                }
                forms.write_json(page.rows, around, sink)
            elif question.form == CSV:
                forms.write_csv(page.rows.schema, page.rows.to_batches(), sink)
            else:
                drawn = outlines if about.has("departement") else None
                told = files.metadata(about, edition)
                parts = page.rows.to_batches()
                forms.write_parquet(page.rows.schema, parts, told, drawn, sink)
            return {"Link": f'<{more}>; rel="next"'} if more else {}

        return write


def _parameters(query: str) -> list[tuple[str, str]]:
    """Return the parameters of a query.

    Raises:
        QuestionError: it is no UTF-8.
    """
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        raise QuestionError(message("api.query"), "query") from None


def _language(parameters: Sequence[tuple[str, str]]) -> Lang | None:
    """Return the language in the parameters, None where it is not the only one."""
    if [name for name, _ in parameters] != ["lang"]:
        return None
    if parameters[0][1] not in LANGS:
        known = ", ".join(LANGS)
        told = message("api.unknown_value", name="lang", value=parameters[0][1][:40], known=known)
        raise QuestionError(told, "lang")
    return cast(Lang, parameters[0][1])


def _put(content: Mapping[str, Any], sink: Body) -> None:
    sink.write(documents.text(content))


def _tag(asked: Asked, form: Form, edition: Edition | None) -> str:
    """Return the strong ETag: other bytes have another one."""
    # What a document tells of itself, such as the moment of publication, is not in the digest.
    tells = form in (JSON, feeds.ATOM, feeds.CALENDAR)
    moment = edition.published_at.isoformat() if edition and tells else ""
    known = (
        edition.digest if edition else editions.software(),
        moment,
        asked.base,
        asked.path,
        asked.query,
        form.media,
        str(asked.gzip),
    )
    return f'"{hashlib.sha256(chr(10).join(known).encode()).hexdigest()[:32]}"'


def _headers(made: _Made, tag: str) -> dict[str, str]:
    headers = {
        "ETag": tag,
        "Cache-Control": "no-cache",
        "Vary": "Accept",
        "Content-Type": made.form.media
        + ("; charset=utf-8; header=present" if made.form == CSV else ""),
    }
    if made.name:
        headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
    return headers


def _written(made: _Made, tag: str, *, gzip: bool) -> Answer:
    """Return the answer with its body, compressed where that is wanted and worth it."""
    headers = _headers(made, tag)
    with contextlib.ExitStack() as undo:
        plain = undo.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES))
        body = cast(Body, plain)
        headers |= made.write(body) or {}
        if gzip and made.form.media in _TEXTS and body.tell() >= LEAST_COMPRESSED:
            body = _compressed(body)
            headers["Content-Encoding"] = "gzip"
        else:
            undo.pop_all()
        length = body.tell()
        body.seek(0)
        return Answer(200, headers, body, length)


def _compressed(plain: Body) -> Body:
    """Return the content of `plain`, compressed."""
    plain.seek(0)
    packed = cast(Body, tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES))  # noqa: SIM115
    opened: Any = igzip.IGzipFile  # without types
    with opened(fileobj=packed, mode="wb", compresslevel=2, mtime=0) as file:
        while part := plain.read(1_000_000):
            file.write(part)
    return packed


def problem(status: int, told: Message, **more: str) -> Answer:
    """Return an error as `application/problem+json` (RFC 9457), told in both languages."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": told("en"),
        "detail_fr": told("fr"),
        **more,
    }
    body = cast(Body, tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES))  # noqa: SIM115
    body.write(documents.text(content))
    length = body.tell()
    body.seek(0)
    headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
    return Answer(int(status), headers, body, length)
