"""Local files in place of a provider: the answers to file:// addresses, as mirrors have them."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from geo_pipeline.sources.http.addresses import file_of
from geo_pipeline.sources.http.attempts import Failed, Request
from geo_pipeline.sources.http.bodies import CHUNK, bounded
from geo_pipeline.sources.raw import About, Kept
from geo_pipeline.words import message

R = TypeVar("R")


def read(
    request: Request, kept: Kept | None, take: Callable[[About, Iterable[bytes]], R]
) -> R | None:
    """Return what `take` makes of the file; None where it equals what is kept.

    Raises:
        Failed: it cannot be read.
    """
    path = file_of(request.url)
    try:
        about = path.stat()
        modified = f"{about.st_mtime_ns} ns"
        said = request.about(200, {"Last-Modified": modified})
        if kept is not None and (kept.fetched_from, kept.last_modified, kept.length) == (
            said.fetched_from, modified, about.st_size,
        ):  # fmt: skip
            return None
        with path.open("rb") as stream:
            chunks = bounded(iter(lambda: stream.read(CHUNK), b""), request.max_bytes)
            return take(said, chunks)
    except OSError as error:
        raise Failed(
            message("fault.unreadable", why=error.strerror or error),
            message("advice.file"),
            again=False,
        ) from None
