"""Dagster's processes end when they are told to, also those that do not hear it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from geo_pipeline.commands.service import serve

pytestmark = pytest.mark.slow

CHILD = "import signal, time; signal.signal(signal.SIGTERM, {}); print('up', flush=True); {}"
WAIT = "time.sleep(60)"


def command(*, hears: bool, child_hears: bool) -> list[str]:
    """A process that has a child; each ends at SIGTERM, or does not hear it."""
    handler = {True: "signal.SIG_DFL", False: "signal.SIG_IGN"}
    child = CHILD.format(handler[child_hears], WAIT)
    start = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]); {WAIT}"
    return [sys.executable, "-c", CHILD.format(handler[hears], start)]


def child_of(pid: int) -> int:
    """The one child of a process, which leads a group of its own."""
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def alive(group: int) -> list[str]:
    """What the processes of a group are at; one that ended and that nobody asked for is not."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of, *_ = status.read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        if int(of) == group and state != "Z":
            found.append(state)
    return found


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("hears", "child_hears", "status"),
    [(True, True, 143), (False, False, 1), (True, False, 143)],
)
def test_all_processes_end(sent: int, hears: bool, child_hears: bool, status: int) -> None:
    """The status of one that ended in time is its own, as a shell tells it."""
    code = (
        "import sys; from geo_pipeline.commands.service import serve; "
        f"print(serve({command(hears=hears, child_hears=child_hears)!r}, grace_s=1.0))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["up\n", "up\n"]
        group = child_of(process.pid)
        process.send_signal(sent)
        assert process.stdout.read() == f"{status}\n"
    assert alive(group) == []


def test_what_ends_by_itself_gives_its_status() -> None:
    assert serve([sys.executable, "-c", "raise SystemExit(3)"]) == 3
