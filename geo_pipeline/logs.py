"""Logs: what the pipeline did, one JSON object a line in `<home>/logs/pipeline.jsonl`.

Nothing is set up on import: whatever begins work (a run, a command) opens `recording`. The rest of
the code logs to `logging.getLogger(__name__)`, with figures in `extra=about(...)`.
"""

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from filelock import FileLock
from pydantic import SecretStr

from geo_pipeline.settings import Settings
from geo_pipeline.words import printable

ROOT: Final = "geo_pipeline"
"""The parent of all our loggers."""

FILE: Final = "pipeline.jsonl"
MAX_BYTES: Final = 10_000_000
"""A file that grows beyond this is renamed to `pipeline.1.jsonl`, and so on."""
KEPT_FILES: Final = 5

FIELDS: Final = (
    "run_id",
    "job",
    "asset",
    "departement",
    "table",
    "source",
    "seconds",
    "rows",
    "error",
)
"""Fields of a line besides time, level, logger and message; unknown ones are left out."""

OF_THE_STORE: Final = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
"""Secrets of an object store that are no settings of ours."""

_EXTRA = "geo_pipeline"
_log = logging.getLogger(__name__)


def about(**fields: object) -> dict[str, dict[str, object]]:
    """Return `fields` (names of `FIELDS`) as the `extra` of a logging call."""
    return {_EXTRA: {name: value for name, value in fields.items() if value is not None}}


@contextmanager
def recording(
    settings: Settings, *, console: logging.Handler | None = None, **fields: object
) -> Iterator["JsonLines"]:
    """Write log records to the file of this home, and to `console`, while the block lasts.

    `fields` (run_id, job) are on each line. Inside another recording of the same home only the
    inner one writes, so that no line is written twice.
    """
    logger = logging.getLogger(ROOT)
    lines = JsonLines(settings.logs / FILE, fields, secrets(settings))
    muted = [
        each for each in logger.handlers if isinstance(each, JsonLines) and each.path == lines.path
    ]
    handlers: list[logging.Handler] = [lines] if console is None else [lines, console]
    level = logger.level
    logger.setLevel(settings.log_level)
    for outer in muted:
        logger.removeHandler(outer)
    for each in handlers:
        logger.addHandler(each)
    try:
        yield lines
    finally:
        for each in handlers:
            logger.removeHandler(each)
        for outer in muted:
            logger.addHandler(outer)
        logger.setLevel(level)


def written(table: str, departement: str | None, source: str, rows: int) -> float | None:
    """Log that a file of the lake was written; return its seconds, None outside a recording.

    The seconds are counted from the file written before in the same run. Where several départements
    are computed together, the first carries the time of all.
    """
    spent = None
    for handler in logging.getLogger(ROOT).handlers:
        if isinstance(handler, JsonLines):
            spent = handler.lap()
    place = table if departement is None else f"{table} {departement}"
    took = "" if spent is None else f" in {spent:.3f} s"
    _log.info(
        "%s: %d rows written%s",
        *(place, rows, took),
        extra=about(
            asset=table,
            table=table,
            departement=departement,
            source=source,
            seconds=spent,
            rows=rows,
        ),
    )
    return spent


def failed(table: str, departement: str | None, source: str, why: str) -> None:
    """Log that a partition (or a whole table) could not be made."""
    place = table if departement is None else f"{table} {departement}"
    _log.error(
        "%s: failed",
        place,
        extra=about(asset=table, table=table, departement=departement, source=source, error=why),
    )


@contextmanager
def shown(wanted: bool) -> Iterator[None]:
    """Write log records to standard error too during the block, where `wanted`."""
    logger, handler = logging.getLogger(ROOT), console()
    if wanted:
        logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def console(stream: Any = None) -> logging.Handler:
    """Return the handler that writes plain lines to `stream`, standard error by default."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Plain())
    return handler


def secrets(settings: Settings) -> tuple[str, ...]:
    """Return the secrets among the settings and variables, which no line may contain."""
    found = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, SecretStr):
                found.append(each.get_secret_value())
    found += [os.environ.get(name, "") for name in OF_THE_STORE]
    return tuple(sorted((each for each in found if each), key=len, reverse=True))


class Plain(logging.Formatter):
    """`12:03:04 INFO weather_daily 31: 4383 rows written in 0.020 s`, errors behind a dash."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of `record`."""
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        error = _error(record)
        text = " ".join(printable(record.getMessage()).split())
        return f"{moment} {record.levelname} {text}" + (f" - {error}" if error else "")


class Rotated:
    """A log file that, with its older parts, never exceeds `KEPT_FILES + 1` times `max_bytes`.

    Several processes may write at once: each line is one write at the end of the file, so that no
    line is torn; the process that finds the file beyond `max_bytes` renames it, under a lock.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self._max_bytes = max_bytes

    def append(self, line: str) -> None:
        """Write `line` and its end.

        Raises:
            OSError: the disk is full, or the file cannot be written.
        """
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        try:
            file = os.open(self.path, flags, 0o644)
        except FileNotFoundError:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, flags, 0o644)
        try:
            os.write(file, f"{line}\n".encode(errors="replace"))
            full = os.fstat(file).st_size > self._max_bytes
        finally:
            os.close(file)
        if full:
            self._put_aside()

    def older(self, number: int) -> Path:
        """Return the path of an older part, 1 being the newest of them."""
        return self.path.with_name(f"{self.path.stem}.{number}{self.path.suffix}")

    def _put_aside(self) -> None:
        with FileLock(self.path.with_suffix(".lock")):
            # Another process may have renamed it while this one waited.
            if not self.path.exists() or self.path.stat().st_size <= self._max_bytes:
                return
            for number in range(KEPT_FILES - 1, 0, -1):
                older = self.older(number)
                if older.exists():
                    older.replace(self.older(number + 1))
            self.path.replace(self.older(1))


class JsonLines(logging.Handler):
    """Appends records to `path`, one line each; several processes may write at once."""

    def __init__(
        self,
        path: Path,
        fields: dict[str, object] | None = None,
        hidden: tuple[str, ...] = (),
        max_bytes: int = MAX_BYTES,
    ) -> None:
        super().__init__()
        self.path = path
        self.file = Rotated(path, max_bytes)
        self._fields = about(**(fields or {}))[_EXTRA]
        self._hidden = tuple(json.dumps(each, ensure_ascii=False)[1:-1] for each in hidden)
        self._lap = time.perf_counter()

    def lap(self) -> float:
        """Return the seconds since the last call, or since the beginning at the first."""
        now = time.perf_counter()
        spent, self._lap = now - self._lap, now
        return round(spent, 3)

    def line(self, record: logging.LogRecord) -> str:
        """Return the line for `record`, without its line end."""
        moment = datetime.fromtimestamp(record.created, UTC)
        fields = self._fields | getattr(record, _EXTRA, {})
        error = _error(record)
        if error:
            fields["error"] = error
        content = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **{name: fields[name] for name in FIELDS if name in fields},
        }
        text = json.dumps(content, ensure_ascii=False, default=str)
        for secret in self._hidden:
            text = text.replace(secret, "***")
        return text

    def emit(self, record: logging.LogRecord) -> None:
        """Write `record`; a full or read-only disk does not stop the work."""
        with suppress(OSError):
            self.file.append(self.line(record))


def _error(record: logging.LogRecord) -> str:
    """Return the error of a record, on one line."""
    fields: dict[str, object] = getattr(record, _EXTRA, {})
    if "error" in fields:
        return " ".join(printable(str(fields["error"])).split())
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        return " ".join(printable(f"{type(error).__name__}: {error}").split())
    return ""
