"""The wait until a server on loopback listens, for the servers of tests and measurements."""

import socket
import subprocess
import time
from typing import Any


def until_open(port: int, server: "subprocess.Popen[Any]", patience_s: float) -> None:
    """Wait until `server` listens on `port`; fail where it ends, or takes longer."""
    end = time.monotonic() + patience_s
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None, f"{server.args} ended with {server.returncode}"
        assert time.monotonic() < end, f"{server.args} did not listen within {patience_s} s"
        time.sleep(0.05)
