"""Stores: how an object store is reached, what it tells of an object, and its errors in one line.

Here is all that is known of the library (`obstore`) besides the requests in `objects`. It is loaded
where a store is used.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from geo_pipeline.errors import StorageError, StoreAwayError
from geo_pipeline.words import message

ANY: Final = "*"
"""In place of a version: the object is replaced whatever it is."""

_LONGEST_REASON: Final = 200


class ChangedError(StorageError):
    """An object is not the version that was to be replaced: another process has put one."""


@dataclass(frozen=True)
class Access:
    """How a store is reached. Secrets are hidden in every text of it."""

    bucket: str
    prefix: str
    kept_in: Path
    """Folder of this machine for what was read."""
    endpoint: str | None = None
    region: str | None = None
    key_id: SecretStr | None = None
    secret: SecretStr | None = None
    token: SecretStr | None = None
    timeout_s: float = 60.0
    patience_s: float = 30.0

    @property
    def address(self) -> str:
        """The address of the home in the store."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def impatient(self) -> Access:
        """The same store for one short look."""
        return replace(self, timeout_s=2.0, patience_s=1.0)


@dataclass(frozen=True)
class Status:
    """What the store tells of an object, by the names that `os.stat` gives it."""

    st_size: int
    st_mtime: float
    e_tag: str

    @property
    def st_mtime_ns(self) -> int:
        """When it was put, ns since 1970."""
        return int(self.st_mtime * 1e9)

    @property
    def st_ino(self) -> int:
        """A number of this version, from its ETag."""
        return int.from_bytes(hashlib.sha256(self.e_tag.encode()).digest()[:7], "big")


@cache
def library() -> Any:
    """Return the library, with its exceptions and stores."""
    # Loaded where a store is used: most commands start without.
    import obstore.exceptions  # noqa: PLC0415
    import obstore.store  # noqa: PLC0415

    return obstore


@cache
def client(access: Access) -> Any:
    """Return the client of a store, whose connections this process keeps."""
    known = {
        "endpoint": access.endpoint,
        "region": access.region,
        "access_key_id": access.key_id and access.key_id.get_secret_value(),
        "secret_access_key": access.secret and access.secret.get_secret_value(),
        "session_token": access.token and access.token.get_secret_value(),
    }
    config: Any = {name: value for name, value in known.items() if value is not None}
    config["disable_bulk_delete"] = "true"  # one object at a time is one plain request
    return library().store.S3Store(
        access.bucket,
        prefix=access.prefix or None,
        config=config,
        client_options={
            "allow_http": True,
            "connect_timeout": timedelta(seconds=min(5.0, access.timeout_s)),
            "read_timeout": timedelta(seconds=access.timeout_s),
            "timeout": timedelta(seconds=20 * access.timeout_s),
        },
        retry_config={
            "max_retries": 1000,  # the time decides
            "retry_timeout": timedelta(seconds=access.patience_s),
            "backoff": {
                "init_backoff": timedelta(seconds=0.1),
                "max_backoff": timedelta(seconds=2),
            },
        },
    )


def mode(over: str | None) -> Any:
    """Return the condition of a PUT as the library has it."""
    if over == ANY:
        return "overwrite"
    return "create" if over is None else {"e_tag": over}


def status_of(meta: Any) -> Status:
    """Return what is told of an object."""
    # An answer tells whole seconds, a list may tell more: both are the end of that second.
    modified = int(meta["last_modified"].timestamp()) + 0.999
    return Status(meta["size"], modified, meta["e_tag"] or f"{modified}-{meta['size']}")


@contextmanager
def told(place: str, address: str) -> Iterator[None]:
    """Report an error of the store about `place` in one line; what conditions say is passed on.

    Raises:
        FileNotFoundError: there is no such object.
        StoreAwayError: the store does not answer.
        StorageError: it refuses, or has no such bucket.
    """
    of = library().exceptions
    try:
        yield
    except (
        of.NotModifiedError,
        of.AlreadyExistsError,
        of.PreconditionError,
        of.NotSupportedError,
    ):
        raise
    except (of.NotFoundError, FileNotFoundError) as error:
        _require_bucket(error, address)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), place) from None
    except (of.PermissionDeniedError, of.UnauthenticatedError, PermissionError):
        raise StorageError(message("store.refused", place=place)) from None
    except of.BaseError as error:
        _require_bucket(error, address)  # as a list tells it
        if "403 Forbidden" in str(error):
            raise StorageError(message("store.refused", place=place)) from None
        raise StoreAwayError(message("store.away", place=place, why=_reason(error))) from None


def _require_bucket(error: Exception, address: str) -> None:
    """Raise StorageError where the store says that it has no such bucket."""
    if "NoSuchBucket" in str(error):
        raise StorageError(message("store.no_bucket", address=address)) from None


def _reason(error: Exception) -> str:
    """Return why a request failed, without the library's tale of it."""
    text = " ".join(str(error).partition("Debug source")[0].split())
    return text.rpartition(" - ")[2][:_LONGEST_REASON] or type(error).__name__
