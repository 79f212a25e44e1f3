"""`just bench-readers 500`: many readers of two processes of the app, behind the docs' proxy.

A reader is what a browser costs the server: it opens the page and its websocket, keeps the cookie
of the proxy, and steps through time with pauses; nothing is drawn. The proxy is HAProxy with
`docs/deployment/haproxy.cfg`. Medians and errors are told; nothing fails for being slow, but an
error ends it with 1.
"""

import asyncio
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.request import urlopen

from bokeh.protocol import Protocol
from bokeh.protocol.receiver import Receiver
from rich.console import Console
from rich.table import Table
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient
from tornado.websocket import WebSocketClientConnection, WebSocketError, websocket_connect

from benchmarks.app import ms, percentile, published
from benchmarks.common import ROOT, asked, machine
from tests.serving import serving

CONFIGURATION = ROOT / "docs" / "deployment" / "haproxy.cfg"
TOKEN = re.compile(r'"token":"([^"]+)"')
PERIODS = re.compile(r'"typed":(\[[^\]]+\])')
PATIENCE_S = 60.0


class Size(NamedTuple):
    """How many readers there are, and what each does."""

    readers: int = 500
    steps: int = 4
    pause_s: float = 45.0
    """Mean time between two steps: a reader looks at what is shown."""
    arrive_s: float = 240.0
    """Time within which all have come."""


SMALL = Size(readers=4, steps=1, pause_s=0.2, arrive_s=0.5)


@dataclass
class Measured:
    """What the readers met."""

    opened: list[float] = field(default_factory=list)
    """Milliseconds until the page and its connection were there."""
    told: list[float] = field(default_factory=list)
    """Milliseconds from a step to the words beside the map."""
    errors: Counter[str] = field(default_factory=Counter)
    of: Counter[str] = field(default_factory=Counter)
    """Readers of each process."""


class Reader:
    """One reader: a page, its connection, and the two sources of its channel."""

    def __init__(self, site: str, measured: Measured, chance: random.Random) -> None:
        self._site, self._measured, self._chance = site, measured, chance
        self._receiver = Receiver(Protocol())
        self._count = 0

    async def visit(self, size: Size) -> None:
        """Open the page, step through time, leave."""
        await asyncio.sleep(self._chance.uniform(0, size.arrive_s))
        start = time.perf_counter()
        async with self._connected() as (line, periods):
            self._measured.opened.append(1000 * (time.perf_counter() - start))
            row = self._chance.randrange(len(periods) // 2, len(periods))
            for _ in range(size.steps):
                await asyncio.sleep(self._chance.uniform(0, 2 * size.pause_s))
                row -= 1
                start = time.perf_counter()
                await asyncio.wait_for(self._step(line, periods[row]), PATIENCE_S)
                self._measured.told.append(1000 * (time.perf_counter() - start))

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[WebSocketClientConnection, list[str]]]:
        request = HTTPRequest(
            f"{self._site}/app", request_timeout=PATIENCE_S, headers={"Accept-Encoding": "gzip"}
        )
        answer = await AsyncHTTPClient().fetch(request)
        page = answer.body.decode()
        cookie = answer.headers.get("Set-Cookie", "").split(";")[0]
        self._measured.of[cookie.partition("=")[2] or "no cookie"] += 1
        token = TOKEN.search(page)
        periods = PERIODS.search(page)
        if token is None or periods is None:
            raise ValueError("the page has no session")
        line = await websocket_connect(
            HTTPRequest(
                f"{self._site.replace('http', 'ws', 1)}/app/ws",
                headers={"Cookie": cookie, "Origin": self._site},
                request_timeout=PATIENCE_S,
            ),
            subprotocols=["bokeh", token[1]],
            compression_options={},
        )
        try:
            await self._until(line, "ACK")
            await self._send(line, "PULL-DOC-REQ", {})
            answered = await self._until(line, "PULL-DOC-REPLY")
            self._asked = _named("asked", answered.content)
            yield line, json.loads(periods[1])
        finally:
            line.close()

    async def _step(self, line: WebSocketClientConnection, period: str) -> None:
        """Ask for a period as the page does; return when its words have come."""
        told = [["name", ["period"]], ["value", [period]], ["time", [self._count]]]
        changed = {
            "kind": "ModelChanged",
            "model": {"id": self._asked},
            "attr": "data",
            "new": {"type": "map", "entries": told},
        }
        await self._send(line, "PATCH-DOC", {"events": [changed]})
        wanted = f"period={period}"
        while wanted not in json.dumps((await self._until(line, "PATCH-DOC")).content):
            pass

    async def _send(self, line: WebSocketClientConnection, kind: str, content: Any) -> None:
        """Send a message of Bokeh's protocol: its header, its metadata, its content."""
        self._count += 1
        for part in ({"msgid": str(self._count), "msgtype": kind}, {}, content):
            await line.write_message(json.dumps(part))

    async def _until(self, line: WebSocketClientConnection, kind: str) -> Any:
        while True:
            part = await line.read_message()
            if part is None:
                raise ConnectionError("the connection was closed")
            message = await self._receiver.consume(part)
            if message is not None and message.msgtype == kind:
                return message


def _named(name: str, content: Any) -> str:
    """Return the id of the model of this name in a document."""
    waiting = [content]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if each.get("attributes", {}).get("name") == name:
                return str(each["id"])
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    raise ValueError(f"the document has no {name}")


@contextmanager
def behind_proxy(home: Path) -> Iterator[str]:
    """Serve two processes behind the proxy; give its address."""
    program = shutil.which(os.environ.get("HAPROXY", "haproxy"))
    if program is None:
        sys.exit("no HAProxy found: install it or set HAPROXY")
    with ExitStack() as stack, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{free.getsockname()[1]}"
        free.close()
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-readers-")))
        secret = {"cookie_secret": "a secret that both processes know", "sessions": 1000}
        origins = {"origins": json.dumps([bind]), "trust_proxy": "true"}
        servers = {}
        for number in (1, 2):
            _, address = stack.enter_context(
                serving(home, folder / f"log{number}", **secret, **origins)
            )
            servers[f"DROUGHT_{number}"] = address.split("/")[2].replace("localhost", "127.0.0.1")
        proxy = subprocess.Popen(
            [program, "-f", CONFIGURATION], env={**servers, "DROUGHT_BIND": bind}
        )
        stack.callback(proxy.wait)
        stack.callback(proxy.terminate)
        site = f"http://{bind}"
        until = time.monotonic() + PATIENCE_S
        while not _answers(f"{site}/liveness"):
            if proxy.poll() is not None or time.monotonic() > until:
                sys.exit("HAProxy does not answer")
            time.sleep(0.2)
        yield site


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=PATIENCE_S) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


async def walk(site: str, size: Size) -> Measured:
    """Let all readers come, step and go."""
    AsyncHTTPClient.configure(SimpleAsyncHTTPClient, max_clients=size.readers)
    measured, chance = Measured(), random.Random(1)
    readers = [Reader(site, measured, random.Random(chance.random())) for _ in range(size.readers)]

    async def one(reader: Reader) -> None:
        try:
            await reader.visit(size)
        except (OSError, ValueError, HTTPClientError, WebSocketError) as error:
            measured.errors[f"{type(error).__name__}: {error}"] += 1

    await asyncio.gather(*map(one, readers))
    return measured


def main() -> None:
    """Measure and print the table."""
    words, smallest = asked()
    size = SMALL if smallest else Size(readers=int(words[0])) if words else Size()
    with published(smallest) as home, behind_proxy(home) as site:
        measured = asyncio.run(walk(site, size))
    table = Table("what", "median (extremes)", "95th percentile", title=machine())
    for what, values in (
        ("page and connection there after", measured.opened),
        ("words beside the map after a step", measured.told),
    ):
        if values:
            table.add_row(what, ms(values), f"{percentile(values, 95):.0f} ms")
    shared = ", ".join(f"{name}: {count}" for name, count in sorted(measured.of.items()))
    table.add_row("readers of each process", shared, "")
    table.add_row("steps answered", f"{len(measured.told)}/{size.readers * size.steps}", "")
    table.add_row("errors", "; ".join(f"{n} x {each}" for each, n in measured.errors.items()), "")
    Console(width=110).print(table)
    if measured.errors:
        sys.exit(1)


if __name__ == "__main__":
    main()
