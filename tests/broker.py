"""A Redis of one's own on loopback, from Debian's package, for tests and measurements."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.object_store import free_ports
from tests.ports import until_open

PATIENCE_S = 30


@contextmanager
def served() -> Iterator[str]:
    """Start a Redis that keeps nothing on disk; give its address, with a password."""
    program = shutil.which("redis-server")
    assert program is not None, "Redis is not on this machine: apt-get install redis-server"
    (port,) = free_ports(1)
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    options = f"port {port}\nbind 127.0.0.1\ndir {folder}\nsave ''\nrequirepass s3cret-word\n"
    (folder / "redis.conf").write_text(options, encoding="utf-8")
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [program, str(folder / "redis.conf")], stdout=log, stderr=log, cwd=folder
        )
    try:
        until_open(port, server, PATIENCE_S)
        yield f"redis://:s3cret-word@127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)
