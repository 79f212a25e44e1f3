"""Commands typed one after another in one process, which is loaded once: mistakes end at once."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]

LOOP = """
import contextlib, importlib, io, json, os, sys
main = importlib.import_module(sys.argv[1] + ".__main__").main
for arguments, settings in json.load(sys.stdin):
    code, said = 0, io.StringIO()
    sys.argv = ["typed", *arguments]
    os.environ.update(settings)
    try:
        with contextlib.redirect_stderr(said):
            main()
    except SystemExit as end:
        code = end.code
    for name in settings:
        del os.environ[name]
    print(json.dumps([code, said.getvalue()]))
"""


class Said(NamedTuple):
    """How a command ended, and what it said on standard error."""

    code: int
    error: str


def typed(
    package: str,
    commands: Sequence[tuple[Sequence[str], Mapping[str, str]]],
    environment: Mapping[str, str],
) -> list[Said]:
    """Run `python -m package` with each of these arguments and further settings."""
    done = subprocess.run(
        [sys.executable, "-c", LOOP, package],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", **environment},
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=True,
    )
    return [Said(*json.loads(line)) for line in done.stdout.splitlines()]
