"""Files that appear whole or not at all."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from geo_pipeline.errors import StorageError

STALE_AFTER_S = 3600.0


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a temporary path beside `target`; on success it is renamed over it, else removed.

    A reader sees the old file or the new one, never a part of it, whenever the process ends.

    Raises:
        StorageError: the folder cannot be written or the disk is full; `target` is as it was.
    """
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        temporary.chmod(0o644)
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    except OSError as error:
        raise StorageError(
            f"cannot write {target}: {error.strerror or error}; what was there before is unchanged"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def sweep(target: Path) -> None:
    """Remove what processes that were killed long ago left beside `target`."""
    for left in target.parent.glob(f".{target.name}.*.tmp"):
        with suppress(FileNotFoundError):  # another process is done with it
            if time.time() - left.stat().st_mtime > STALE_AFTER_S:
                left.unlink()


def write_text(target: Path, text: str) -> Path:
    """Write `text` to `target`, whole or not at all."""
    with replacing(target) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return target
