"""`python -m panel_app` over real HTTP and websockets on loopback: what is met, what is refused."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect
from typer.testing import CliRunner

from panel_app.__main__ import app as command_line
from panel_app.data.page_words import catalogue
from panel_app.serving import server_pages
from panel_app.serving.signin import hashed, matches
from tests.serving import ROOT, app_settings, environment, serving
from tests.typed import typed

pytestmark = pytest.mark.slow

TOKEN = re.compile(r'"token":"([^"]+)"')

# An app of a few lines in place of the real one, which answers as slowly as it has much to say.
TINY = """
import panel as pn
from bokeh.models import ColumnDataSource
from panel_app.serving.channel import carry
from panel_app.serving.headers import answer_nonce

if pn.state.session_args.get("fail"):
    raise RuntimeError("what nobody should read")
asked = ColumnDataSource({"value": []}, name="asked")
told = ColumnDataSource({"value": []}, name="told")
asked.on_change("data", lambda _name, _old, new: setattr(told, "data", {"value": new["value"]}))
template = pn.Template('''
{% macro own(html) %}{{ html | replace("<script", '<script nonce="' ~ nonce ~ '"') }}{% endmacro %}
<!DOCTYPE html><html><head><title>tiny</title><link rel="icon" href="data:,"></head>
<body><p id="said"></p><button id="ask">ask</button>
{% for root in roots %}<div id="{{ root.elementid }}" hidden></div>{% endfor %}
<p>{{ data }}</p>
{% for line in bokeh_js.splitlines() if "js/bokeh.min.js" in line %}{{ own(line) }}{% endfor %}
<script nonce="{{ nonce }}">
const model = (name) => Bokeh.documents.map((each) => each.get_model_by_name(name)).find(Boolean);
const begin = () => {
  const told = model("told");
  if (!told) return requestAnimationFrame(begin);
  const said = document.getElementById("said");
  told.properties.data.change.connect(() => { said.textContent = told.data.value[0]; });
  document.getElementById("ask").addEventListener("click", () => {
    model("asked").data = { value: ["heard"] };
  });
  document.documentElement.dataset.ready = "yes";
};
begin();
</script>
{{ own(plot_script) }}
</body></html>''')
carry(pn.state.curdoc, asked, told)
template.add_variable("nonce", answer_nonce())
template.add_variable("data", '<script id="bad">document.documentElement.dataset.bad = 1</script>')
template.servable()
"""
RUN_TINY = (
    "import sys; from pathlib import Path; from panel_app import __main__;"
    "from panel_app.serving import server; server.APP = Path(sys.argv.pop(1)); __main__.main()"
)

T = TypeVar("T")
Serve = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Return `tiny(**settings)`: the server with the tiny app, for a while."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "tiny.py").write_text(TINY, encoding="utf-8")

    @contextmanager
    def serve(**settings: object) -> Iterator[str]:
        program = ["-c", RUN_TINY, str(folder / "tiny.py")]
        log = folder / "log.txt"
        with serving(folder / "home", log, program=program, **settings) as (_, address):
            yield address

    return serve


@pytest.fixture(scope="module")
def app(published_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the real app on all of France."""
    log = tmp_path_factory.mktemp("served") / "log.txt"
    with serving(published_home, log) as (_, address):
        yield address


@pytest.fixture(scope="module")
def small(tiny: Serve) -> Iterator[str]:
    """Address of the tiny app under a prefix, with little room and a secret."""
    settings = {
        "prefix": "drought",
        "sessions": 2,
        "unused_s": 1,
        "check_s": 0.5,
        "message_kb": 20,
        "metrics_token": "figures for us",
        "embedders": '["https://example.org"]',
        "origins": '["drought.example.org"]',
    }
    with tiny(**settings) as address:
        yield address


@pytest.fixture
def room(small: str) -> str:
    """Address of the small server with nobody there: what others opened is forgotten by now."""
    until = time.monotonic() + 60
    while _get(small).status_code == 503:
        assert time.monotonic() < until
        time.sleep(0.3)
    time.sleep(2)
    return small


def _get(url: str, **options: Any) -> requests.Response:
    return requests.get(url, timeout=60, allow_redirects=False, **options)


def _site(address: str) -> str:
    """The server's address, without the path of the app."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _finish(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` in a thread: browser tests of the same run keep a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _connect(
    address: str, token: str, origin: str | None = None
) -> WebSocketClientConnection:
    """Open the websocket of a page."""
    url = f"{address.replace('http', 'ws', 1)}/ws"
    request = HTTPRequest(url, headers={"Origin": origin or _site(address)})
    return await websocket_connect(request, subprotocols=["bokeh", token])


async def _opened(address: str) -> WebSocketClientConnection:
    """Open a page and its websocket, and wait for the server's greeting."""
    page = await asyncio.to_thread(_get, address)
    assert page.status_code == 200
    connection = await _connect(address, TOKEN.findall(page.text)[0])
    assert await connection.read_message() is not None
    return connection


def _refused(address: str, token: str, origin: str | None = None) -> int:
    """Return the status with which a websocket is refused."""
    with pytest.raises(HTTPClientError) as refusal:
        _finish(_connect(address, token, origin))
    return int(refusal.value.code)


def _assert_guarded(answer: requests.Response, ancestors: str = "'self'") -> None:
    """The headers that every answer has."""
    headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Server" not in headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    (nonce,) = re.fullmatch(r"'self' ('nonce-[\w-]{20,}')", policy["script-src"]).groups()  # type: ignore[union-attr]
    assert re.fullmatch(rf"'self' {nonce}( 'sha256-[\w+/]{{43}}=')+", policy["style-src"])
    assert "unsafe-eval" not in headers["Content-Security-Policy"]
    host = urlsplit(answer.url).netloc
    assert policy["connect-src"] == f"'self' ws://{host} wss://{host}"
    assert policy["frame-ancestors"] == ancestors
    framed = None if ancestors != "'self'" else "SAMEORIGIN"
    assert headers.get("X-Frame-Options") == framed


def _nonce(answer: requests.Response) -> str:
    return re.findall("'nonce-([^']+)'", answer.headers["Content-Security-Policy"])[0]


# ------------------------------------------------------------------ the real app


ROUTES = [
    ("", 302, "text/html"),
    ("/", 302, "text/html"),
    ("/app", 200, "text/html"),
    ("/app?departement=32&lang=en", 200, "text/html"),
    ("/app/", 301, "text/html"),
    ("/liveness", 200, "application/json"),
    ("/health", 200, "application/json"),
    ("/metrics", 200, "application/openmetrics-text"),
    ("/static/js/bokeh.min.js", 200, "application/javascript"),
    ("/static/extensions/panel/panel.min.js", 200, "application/javascript"),
    ("/static/js/nothing.js", 404, "text/html"),
    ("/nothing", 404, "text/html"),
    ("/liveness?endpoint=/app", 400, "text/html"),
    ("/app/ws", 403, "text/html"),
    ("/app/autoload.js?bokeh-autoload-element=1", 404, "text/html"),
    ("/login", 404, "text/html"),
]


@pytest.mark.parametrize(("path", "status", "kind"), ROUTES)
def test_every_answer_is_guarded(app: str, path: str, status: int, kind: str) -> None:
    answer = _get(f"{_site(app)}{path}")
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith(kind)
    _assert_guarded(answer)


@pytest.mark.parametrize("path", [path for path, _, _ in ROUTES])
def test_head_says_what_get_says_without_a_body(app: str, path: str) -> None:
    """All headers but those that are of one answer alone: time, nonce, token of the page."""
    url, plainly = f"{_site(app)}{path}", {"Accept-Encoding": "identity"}
    got = _get(url, headers=plainly)
    head = requests.head(url, headers=plainly, timeout=60, allow_redirects=False)
    assert head.status_code == got.status_code
    assert head.content == b""
    _assert_guarded(head)
    own = {"Date", "Content-Security-Policy", "Etag"}
    if path.startswith("/app") and got.status_code == 200:
        assert int(head.headers["Content-Length"]) > 1000
        own.add("Content-Length")
    assert {k: v for k, v in head.headers.items() if k not in own} == {
        k: v for k, v in got.headers.items() if k not in own
    }


def test_head_takes_no_place(room: str) -> None:
    """Of two places; a probe every second leaves both free."""
    for _ in range(5):
        assert requests.head(room, timeout=60).status_code == 200
    assert _get(room).status_code == 200


def test_a_page_leads_to_the_app_and_keeps_what_was_asked(app: str) -> None:
    index = requests.get(f"{_site(app)}/?departement=32&lang=en", timeout=60)
    assert index.url == f"{app}?departement=32&lang=en"
    assert index.status_code == 200
    assert '<html lang="en"' in index.text
    assert index.headers["Cache-Control"] == "no-store"


def test_nobody_can_choose_the_nonce(app: str) -> None:
    first, second = _get(app), _get(app, headers={"Script-Nonce": "mine", "X-Script-Nonce": "mine"})
    assert _nonce(first) != _nonce(second)
    assert "mine" not in _nonce(second)


def test_text_goes_compressed_and_libraries_are_kept_for_a_year(app: str) -> None:
    page = _get(app)
    libraries = re.findall(r'src="(static/[^"]+\?v=[^"]+)"', page.text)
    assert libraries
    for address in [app, f"{_site(app)}/metrics", *(f"{_site(app)}/{each}" for each in libraries)]:
        answer = _get(address, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in answer.headers["Vary"]
        plainly = _get(address, headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plainly.headers
        if "?v=" in address:
            assert answer.content == plainly.content
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        else:
            assert answer.headers["Cache-Control"] == "no-store"
    part = _get(f"{_site(app)}/{libraries[0]}", headers={"Range": "bytes=0-2999"})
    assert part.status_code == 206
    assert len(part.content) == 3000
    assert "Content-Encoding" not in part.headers


def test_the_token_in_the_page_holds_no_cookie_and_few_headers(app: str) -> None:
    from bokeh.util.token import get_token_payload

    headers = {"Authorization": "Bearer mine", "Accept-Language": "fr"}
    page = _get(app, cookies={"user": "mine"}, headers=headers)
    payload = get_token_payload(TOKEN.findall(page.text)[0])
    assert payload["cookies"] == {}
    assert set(payload["headers"]) <= {"Accept-Language", "User-Agent"}


def test_figures_are_those_of_the_pipeline(app: str, published_home: Path) -> None:
    """But for those on services, of which nothing is known once the figures are old."""
    answer = _get(f"{_site(app)}/metrics")
    written = (published_home / "monitoring" / "metrics.prom").read_text("utf-8")
    of_services = re.compile(
        r"^geo_pipeline_(code_location_up|daemon_healthy|tick_late)\b.*\n", re.M
    )
    told, known = (of_services.sub("", each) for each in (answer.text, written))
    assert "geo_pipeline_" in told
    assert told == known


def test_it_ends_when_told_with_readers_connected(published_home: Path, tmp_path: Path) -> None:
    with serving(published_home, tmp_path / "log.txt") as (process, address):

        async def end() -> object:
            connection = await _opened(address)
            process.send_signal(signal.SIGTERM)
            code = await asyncio.to_thread(process.wait, 60)
            while await connection.read_message() is not None:
                pass
            return code

        assert _finish(end()) == 0
    assert "Traceback" not in (tmp_path / "log.txt").read_text(encoding="utf-8")


# ------------------------------------------------------------------ limits, prefix, origins


def test_everything_lies_under_the_prefix(small: str) -> None:
    site = _site(small)
    assert small == f"{site}/drought/app"
    for path in ("/", "/drought", "/drought/"):
        answer = _get(f"{site}{path}?a=1")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/drought/app?a=1")
    for path in ("/drought/liveness", "/liveness", "/drought/static/js/bokeh.min.js"):
        assert _get(f"{site}{path}").status_code == 200
    for path in ("/app", "/metrics", "/static/js/bokeh.min.js", "/drought/nothing"):
        answer = _get(f"{site}{path}")
        assert answer.status_code == 404
        assert 'href="/drought/app"' in answer.text


def test_figures_want_their_token(small: str) -> None:
    address = f"{_site(small)}/drought/metrics"
    assert _get(address).status_code == 401
    wrong = _get(address, headers={"Authorization": "Bearer figures"})
    assert wrong.status_code == 401
    assert wrong.headers["WWW-Authenticate"] == "Bearer"
    _assert_guarded(wrong)
    right = _get(address, headers={"Authorization": "Bearer figures for us"})
    assert right.status_code == 503  # let in, and nothing was run there
    assert right.headers["Content-Type"].startswith("text/plain")


def test_only_the_embed_view_may_be_framed_by_others(room: str) -> None:
    site = _site(room)
    _assert_guarded(_get(f"{site}/drought/?page=embed"), "https://example.org")
    _assert_guarded(_get(f"{room}?page=embed&lang=en"), "https://example.org")
    for path in ("?page=pipeline", "?page=embed&page=map", "/ws?page=embed"):
        _assert_guarded(_get(f"{room}{path}"))


def test_a_page_that_cannot_be_built_says_so_in_words(room: str) -> None:
    answer = _get(f"{room}?fail=1")
    assert answer.status_code == 500
    assert catalogue("fr")("server.failed.title") in answer.text
    assert catalogue("en")("server.failed.title") in answer.text
    assert "nobody should read" not in answer.text
    assert "Traceback" not in answer.text
    _assert_guarded(answer)
    assert _get(room).status_code == 200


def test_one_page_too_many_waits_in_words_and_gets_in_later(room: str) -> None:
    async def fill() -> None:
        readers = [await _opened(room) for _ in range(2)]
        full = await asyncio.to_thread(_get, room)
        assert full.status_code == 503
        assert full.headers["Retry-After"] == str(server_pages.RETRY_S)
        assert catalogue("fr")("server.error_503.title") in full.text
        assert catalogue("en")("server.error_503.title") in full.text
        _assert_guarded(full)
        readers[0].close()
        until = time.monotonic() + 20
        while (await asyncio.to_thread(_get, room)).status_code == 503:
            assert time.monotonic() < until
            await asyncio.sleep(0.3)
        readers[1].close()

    _finish(fill())


def test_a_forgotten_page_finds_no_place_by_its_websocket(room: str) -> None:
    async def late() -> int:
        forgotten = TOKEN.findall((await asyncio.to_thread(_get, room)).text)[0]
        await asyncio.sleep(2.5)
        readers = [await _opened(room) for _ in range(2)]
        try:
            await _connect(room, forgotten)
        except HTTPClientError as error:
            return int(error.code)
        finally:
            for each in readers:
                each.close()
        return 101

    assert _finish(late()) == 503


def test_websockets_of_strangers_are_refused(room: str) -> None:
    token = TOKEN.findall(_get(room).text)[0]
    assert _refused(room, token, "https://elsewhere.example") == 403
    assert _refused(room, token, "http://drought.example.org:8080") == 403
    body, _, signature = token.partition(".")
    for forged in ("", "x", body, f"{body}.{signature[::-1]}", f"{body[:-4]}AAAA.{signature}"):
        assert _refused(room, forged) == 403

    async def known() -> None:
        connection = await _connect(room, token, "https://drought.example.org")
        assert await connection.read_message() is not None
        connection.close()

    _finish(known())


def test_a_message_too_large_ends_the_connection(room: str) -> None:
    async def send(size: int) -> int | None:
        connection = await _opened(room)
        await connection.write_message("x" * size)
        try:
            async with asyncio.timeout(3):
                while await connection.read_message() is not None:
                    pass
        except TimeoutError:
            connection.close()
            return None
        return connection.close_code

    assert _finish(send(20_001)) == 1009  # "message too big"
    assert _finish(send(19_999)) is None


# ------------------------------------------------------------------ sign-in


USERS = {"ada": "correct horse", "Zoé": hashed("à l'eau")}


@pytest.fixture(scope="module")
def private(tiny: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the tiny app for two users, behind a proxy that is believed."""
    users = tmp_path_factory.mktemp("users") / "users.json"
    users.write_text(json.dumps(USERS), encoding="utf-8")
    settings = {"sign_in": "basic", "users_file": users, "prefix": "/drought", "trust_proxy": 1}
    with tiny(**settings) as address:
        yield address


def _signed_in(address: str, name: str, password: str, **extra: str) -> requests.Session:
    """Fill in the form at the page that wants it."""
    session = requests.Session()
    form = session.get(address, timeout=60)
    assert urlsplit(form.url).path == "/drought/login"
    _assert_guarded(form)
    assert "<script" not in form.text
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.text))
    assert fields["next"] == urlsplit(address).path + "?" + urlsplit(address).query
    fields |= {"username": name, "password": password, **extra}
    session.last = session.post(form.url, data=fields, timeout=60)  # type: ignore[attr-defined]
    return session


@pytest.mark.parametrize(("name", "password"), [("ada", "correct horse"), ("Zoé", "à l'eau")])
def test_who_signs_in_reaches_the_page_that_was_asked_for(
    private: str, name: str, password: str
) -> None:
    session = _signed_in(f"{private}?lang=en", name, password)
    page = session.last  # type: ignore[attr-defined]
    assert page.url == f"{private}?lang=en"
    assert page.status_code == 200
    token = TOKEN.findall(page.text)[0]
    assert _refused(private, token) == 403  # the websocket wants the cookie too
    kept = {each.name: each for each in session.cookies}
    assert kept["user"].path == "/drought"
    assert kept["user"].has_nonstandard_attr("HttpOnly")
    assert kept["user"].get_nonstandard_attr("SameSite") == "Lax"
    assert session.get(f"{_site(private)}/drought/metrics", timeout=60).status_code == 503
    out = session.get(f"{_site(private)}/drought/logout", timeout=60)
    assert catalogue("en")("server.signed_out.title") in out.text
    assert urlsplit(session.get(private, timeout=60).url).path == "/drought/login"


@pytest.mark.parametrize(
    ("name", "password"),
    [("ada", "wrong"), ("ada", ""), ("nobody", "correct horse"), ("Zoé", USERS["Zoé"])],
)
def test_who_does_not_know_the_password_sees_the_form_again(
    private: str, name: str, password: str
) -> None:
    session = _signed_in(f"{private}?lang=en", name, password)
    answer = session.last  # type: ignore[attr-defined]
    assert catalogue("fr")("server.refused.text") in answer.text
    assert answer.elapsed.total_seconds() > 1
    assert "user" not in session.cookies


def test_without_a_sign_in_nothing_but_the_form_is_to_be_had(private: str) -> None:
    site = f"{_site(private)}/drought"
    for path in ("", "/app", "/app/metadata"):
        answer = _get(f"{site}{path}")
        assert answer.status_code == 302, path
        assert "login?next=" in answer.headers["Location"]
    assert _get(f"{site}/metrics").status_code == 401
    assert _get(f"{site}/liveness").status_code == 200
    assert _get(f"{site}/app", cookies={"user": "ada"}).status_code == 302


def test_the_form_is_no_door_for_other_sites(private: str) -> None:
    login = f"{_site(private)}/drought/login"
    forged = requests.post(login, data={"username": "ada", "password": "correct horse"}, timeout=60)
    assert forged.status_code == 403
    assert catalogue("fr")("server.error_403.title") in forged.text
    for target in ("https://elsewhere.example/drought/app", "//elsewhere.example", "/?a\r\nb: c"):
        session = _signed_in(f"{private}?a=1", "ada", "correct horse", next=target)
        assert session.last.url == private  # type: ignore[attr-defined]
    shown = _get(f"{login}?{urlencode({'next': chr(34) + '><script>alert(1)</script>'})}")
    assert "<script" not in shown.text


def test_cookies_of_a_site_behind_https_go_over_https_only(private: str) -> None:
    answer = _get(f"{_site(private)}/drought/login", headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "Secure" not in _get(f"{_site(private)}/drought/login").headers["Set-Cookie"]


def test_only_a_few_passwords_are_looked_at_at_once(private: str) -> None:
    login = f"{_site(private)}/drought/login"
    session = requests.Session()
    form = session.get(login, timeout=60)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.text))
    fields |= {"username": "ada", "password": "wrong"}
    codes: list[int] = []

    def attempt() -> None:
        answer = requests.post(login, data=fields, cookies=session.cookies, timeout=60)
        codes.append(answer.status_code)

    threads = [threading.Thread(target=attempt) for _ in range(24)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert set(codes) == {200, 429}


def test_what_is_kept_of_a_password() -> None:
    said = CliRunner().invoke(command_line, ["password"], input="à l'eau\nà l'eau\n")
    assert said.exit_code == 0, said.output
    kept = said.output.split()[-1]
    assert "eau" not in kept
    assert kept != hashed("à l'eau")
    assert matches("à l'eau", kept)
    assert not matches("a l'eau", kept)
    assert matches("plain", "plain")
    assert not matches("plain", "plainer")


class _Provider(BaseHTTPRequestHandler):
    """An OAuth provider of a few lines: it knows whoever it is told to."""

    user: ClassVar[str] = ""
    seen: ClassVar[list[dict[str, list[str]]]] = []

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/authorize":
            asked = parse_qs(parts.query)
            back = urlencode({"code": "c0de", "state": asked["state"][0]})
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri'][0]}?{back}")
            self.end_headers()
        else:
            assert self.headers["Authorization"] == "Bearer t0ken"
            self._answer({"login": type(self).user})

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        type(self).seen.append(sent)
        good = sent["code"] == ["c0de"] and sent["client_secret"] == ["s3cret"]
        self._answer({"access_token": "t0ken"} if good else {"error": "no"})

    def _answer(self, content: dict[str, str]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.mark.parametrize("prefix", ["", "/drought"])
def test_whom_an_oauth_provider_knows_gets_in_if_listed(tiny: Serve, prefix: str) -> None:
    provider = ThreadingHTTPServer(("127.0.0.1", 0), _Provider)
    threading.Thread(target=provider.serve_forever, daemon=True).start()
    there = f"http://127.0.0.1:{provider.server_port}"
    parameters = {
        "AUTHORIZE_URL": f"{there}/authorize",
        "TOKEN_URL": f"{there}/token",
        "USER_URL": f"{there}/user",
    }
    settings = {
        "sign_in": "oauth",
        "prefix": prefix,
        "oauth_provider": "generic",
        "oauth_key": "drought",
        "oauth_secret": "s3cret",
        "oauth_user_key": "login",
        "oauth_parameters": json.dumps(parameters),
        "oauth_users": '["ada"]',
    }
    try:
        with tiny(**settings) as address:
            _Provider.user = "ada"
            session = requests.Session()
            page = session.get(f"{address}?lang=en", timeout=60)
            assert (page.status_code, page.url) == (200, f"{address}?lang=en")
            assert TOKEN.search(page.text)
            assert "t0ken" not in page.text
            cookies = {each.name: each for each in session.cookies}
            assert cookies["user"].get_nonstandard_attr("SameSite") == "Lax"
            _Provider.user = "bob"
            stranger = requests.get(address, timeout=60)
            assert stranger.status_code == 403
            assert catalogue("fr")("server.error_403.title") in stranger.text
            forged = _get(f"{_site(address)}{prefix}/login?code=c0de&state=mine")
            assert forged.status_code == 401
            assert catalogue("fr")("server.error_401.title") in forged.text
            _assert_guarded(forged)
    finally:
        provider.shutdown()
        provider.server_close()


# ------------------------------------------------------------------ misuse


def _run(home: Path, *options: str, **settings: object) -> tuple[int, str]:
    """Run to the end; return the exit code and what was said."""
    done = subprocess.run(
        [sys.executable, "-m", "panel_app", *options],
        cwd=ROOT,
        env=environment(home, **settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


OFF: tuple[tuple[dict[str, str], str], ...] = (
    ({"port": "99999"}, "setting GEO_PIPELINE_APP_PORT: Input should be less than or equal"),
    ({"prefix": "a b"}, "setting GEO_PIPELINE_APP_PREFIX: write a path of letters"),
    ({"origins": '["https://a.example"]'}, "GEO_PIPELINE_APP_ORIGINS: write each as host"),
    ({"origins": "a.example"}, "write a list or a table as JSON"),
    ({"embedders": '["a; script-src *"]'}, "GEO_PIPELINE_APP_EMBEDDERS: write each as https"),
    ({"sessions": "0"}, "setting GEO_PIPELINE_APP_SESSIONS"),
    ({"sign_in": "basic"}, "set GEO_PIPELINE_APP_USERS or GEO_PIPELINE_APP_USERS_FILE"),
    ({"sign_in": "basic", "users": "hunter2"}, 'APP_USERS: write a JSON table such as {"name"'),
    ({"sign_in": "basic", "users": '{"ada": ""}'}, "the password of 'ada' is empty or damaged"),
    ({"sign_in": "basic", "users_file": "/nowhere"}, "/nowhere cannot be read: FileNotFound"),
    ({"sign_in": "oauth", "oauth_key": "a"}, "set GEO_PIPELINE_APP_OAUTH_PROVIDER, GEO_PI"),
    ({"cookie_secret": "hunter2"}, "GEO_PIPELINE_APP_COOKIE_SECRET: 16 characters at least"),
)
"""Settings of the app (without GEO_PIPELINE_APP_), each with what is said of them."""


def test_a_setting_that_is_off_is_told_in_one_line(tmp_path: Path) -> None:
    commands = [((), app_settings(port="0") | app_settings(**settings)) for settings, _ in OFF]
    for (settings, says), said in zip(
        OFF, typed("panel_app", commands, environment(tmp_path)), strict=True
    ):
        assert said.code == 2, settings
        assert said.error.startswith("error: "), settings
        assert said.error.count("\n") == 1, said.error
        assert says in said.error
        assert "hunter2" not in said.error


def test_a_port_that_is_taken_is_told_in_one_line(app: str, tmp_path: Path) -> None:
    port = str(urlsplit(app).port)
    code, error = _run(tmp_path, "--port", port)
    assert code == 1
    assert error.startswith(f"error: cannot listen on 127.0.0.1:{port}: ")
    assert error.count("\n") == 1
