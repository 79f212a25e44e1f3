"""A PostgreSQL of one's own on loopback, from Debian's packages, for tests and measurements."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import until_open

PROGRAMS = Path("/usr/lib/postgresql")
PATIENCE_S = 60


def programs() -> Path | None:
    """Return the folder of the programs, of the newest version, None where there are none."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += [path.parent for path in PROGRAMS.glob("*/bin/initdb")]
    return max(folders, key=lambda each: each.parent.name.zfill(3), default=None)


@contextmanager
def served() -> Iterator[str]:
    """Start a PostgreSQL with an empty database; give its address, of a user with a password."""
    bin_folder = programs()
    assert bin_folder is not None, "PostgreSQL's programs are not on this machine"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Beside pytest's folders, which only their owner may enter: PostgreSQL refuses to run as root.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    owner = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if os.geteuid() == 0:
        shutil.chown(folder, owner, owner)
    secret = folder / "password"
    secret.write_text("s3cret/word", encoding="utf-8")
    secret.chmod(0o644)

    def run(*command: str) -> None:
        subprocess.run(command, user=owner, cwd=folder, check=True, capture_output=True)

    run(
        *(str(bin_folder / "initdb"), "-D", str(folder / "data"), "-U", "dagster"),
        *("-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--no-sync"),
    )
    where = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
    server = subprocess.Popen(
        [
            str(bin_folder / "postgres"),
            "-D",
            str(folder / "data"),
            *where.split(),
            "-c",
            "fsync=off",
        ],
        user=owner,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until_open(port, server, PATIENCE_S)
        time.sleep(0.3)  # the port is open a moment before it lets anybody in
        yield f"postgresql://dagster:s3cret%2Fword@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)  # whoever is connected is sent away
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)
