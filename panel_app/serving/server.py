"""The app's own server: Bokeh's and Panel's, with our limits, sign-in and headers.

`python -m panel_app` runs it by the settings `GEO_PIPELINE_APP_*`. The app itself is the same file
that `panel serve panel_app/app.py` serves, which remains possible.
"""

import hmac
import zlib
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from bokeh.core.validation import silence
from bokeh.core.validation.warnings import EMPTY_LAYOUT
from bokeh.server.auth_provider import NullAuth
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from bokeh.server.util import bind_sockets, create_hosts_allowlist
from bokeh.server.views.auth_request_handler import AuthRequestHandler
from bokeh.util.token import check_token_signature, get_session_id
from panel.io.application import Application, build_single_handler_application
from panel.io.liveness import LivenessHandler
from panel.io.server import DocHandler, WSHandler
from panel.io.session import generate_session
from pydantic import SecretStr
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import ErrorHandler, HTTPError, RequestHandler, authenticated
from tornado.websocket import WebSocketHandler

from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.publishing.api.service import Service
from geo_pipeline.publishing.bulletin.library import Library
from geo_pipeline.settings import Settings
from panel_app.serving import api, bulletins, signin
from panel_app.serving.headers import Compressed, Guard
from panel_app.serving.metrics import Health, Metrics

APP: Final = Path(__file__).parents[1] / "app.py"
ROUTE: Final = "/app"

BODY_BYTES: Final = 64 * 1024
"""Largest body of a request: only the sign-in form is ever sent."""
COMPRESSION: Final = 6
"""Compression level of the websocket, which mostly carries JSON."""


class Server(BokehTornado):
    """Bokeh's application for Tornado, with the handlers below in place of its own."""

    def __init__(self, application: Application, settings: Settings, origins: list[str]) -> None:
        self._limit = settings.app_sessions
        self._metrics_token = settings.app_metrics_token
        self._api_token = settings.app_api_token
        secret = signin.cookie_secret(settings)
        self._provider = signin.provider(settings)
        super().__init__(
            {ROUTE: application},
            prefix=settings.app_prefix,
            extra_websocket_origins=origins,
            use_index=False,
            ico_path="none",
            # Only a browser that was given a page may open its websocket.
            sign_sessions=True,
            secret_key=f"sessions {secret}".encode(),
            # The token in the page contains these headers, readable for scripts: so no cookies.
            include_headers=["Accept-Language", "User-Agent"],
            include_cookies=[],
            keep_alive_milliseconds=round(1000 * settings.app_keep_alive_s),
            check_unused_sessions_milliseconds=max(1, round(1000 * settings.app_check_s)),
            unused_session_lifetime_milliseconds=max(1, round(1000 * settings.app_unused_s)),
            websocket_max_message_size_bytes=1000 * settings.app_message_kb,
            websocket_compression_level=COMPRESSION,
            auth_provider=self._provider or NullAuth(),
            cookie_secret=secret,
            xsrf_cookies=settings.app_sign_in == "basic",
            xsrf_cookie_kwargs={"httponly": True, "path": settings.app_prefix or "/"},
            transforms=[partial(Guard, settings), Compressed],
        )
        self._context = self.applications[ROUTE]
        of_app = {
            "application_context": self._context,
            "bokeh_websocket_path": f"{self.prefix}{ROUTE}/ws",
        }
        liveness: dict[str, Any] = {"applications": {}}
        of_bulletins = {
            "desk": bulletins.Desk(Library(settings.warehouse, settings.embedded_data)),
            "admits": self.admits,
        }
        of_api = {"queue": api.Queue(Service(settings.warehouse)), "may_read": self.reads}
        routes = [
            (f"{self.prefix}/?", Index),
            (f"{self.prefix}{ROUTE}/?", Page, of_app),
            (f"{self.prefix}{ROUTE}/ws", Socket, {**of_app, "compression_level": COMPRESSION}),
            # It would hand pages to scripts of any other site; the embed page is for these.
            (f"{self.prefix}{ROUTE}/autoload.js", ErrorHandler, {"status_code": 404}),
            (f"{self.prefix}{api.ROUTE}(?:/(.*))?", api.Api, of_api),
            (f"{self.prefix}{bulletins.ROUTE}/([^/]+)", bulletins.Bulletin, of_bulletins),
            (f"{self.prefix}/metrics", Figures),
            (f"{self.prefix}/liveness", LivenessHandler, liveness),
            (f"{self.prefix}/health", Health),
        ]
        if self.prefix:
            # Whoever monitors the process need not know the prefix.
            routes += [("/", Index), ("/liveness", LivenessHandler, liveness), ("/health", Health)]
        # Handlers that are added later are tried first.
        self.add_handlers(".*", routes)

    @property
    def full(self) -> bool:
        """Whether no further page can be opened now."""
        taken = sum(1 for each in self._context.sessions if not each.expiration_requested)
        return taken >= self._limit

    @property
    def failed(self) -> bool:
        """Whether building the last page failed; Bokeh has logged why."""
        return any(handler.failed for handler in self._context.application.handlers)

    def get_handler_delegate(
        self, request: Any, target_class: type[RequestHandler], *args: Any, **options: Any
    ) -> Any:
        """Let every handler answer HEAD, which Bokeh's and Panel's do not."""
        handler = _answering_head(target_class)  # type: ignore[arg-type]  # a class can be hashed
        return super().get_handler_delegate(request, handler, *args, **options)

    def admits(self, user: str) -> bool:
        """Whether a signed-in user may see the app."""
        return self._provider is None or self._provider.admits(user)

    def opens(self, token: str) -> bool:
        """Whether the websocket's token was issued by this server.

        Raises:
            HTTPError: 503, its page was forgotten meanwhile and there is no place for another.
        """
        try:
            if not check_token_signature(token, secret_key=self.secret_key, signed=True):
                return False
            session = get_session_id(token)
        except (ValueError, KeyError, TypeError, zlib.error):
            return False
        if self.full and all(each.id != session for each in self._context.sessions):
            raise HTTPError(503)
        return True

    def tells(self, authorization: str, user: str | None) -> bool:
        """Whether the client may read the metrics: by a token, or as a signed-in user."""
        if _is_token(authorization, self._metrics_token):
            return True
        if self._provider is None:
            return self._metrics_token is None
        return user is not None and self.admits(user)

    def reads(self, authorization: str, user: str | None) -> bool:
        """Whether the client may read the data: everybody, or by a token or a sign-in."""
        if self._provider is None or _is_token(authorization, self._api_token):
            return True
        return user is not None and self.admits(user)


def _is_token(authorization: str, token: SecretStr | None) -> bool:
    """Whether a header `Authorization` has the token, which is None for none."""
    if token is None:
        return False
    expected = f"Bearer {token.get_secret_value()}"
    return hmac.compare_digest(authorization.encode(), expected.encode())


class Page(DocHandler):
    """A page of the app, while there are places."""

    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Send the page; with a trailing slash its files would be looked for elsewhere."""
        if self.request.path.endswith("/"):
            query = f"?{self.request.query}" if self.request.query else ""
            self.redirect(f"{self.application.prefix}{ROUTE}{query}", permanent=True)
            return
        await super().get(*args, **kwargs)

    async def get_session(self) -> Any:
        """Make the session of a page.

        Raises:
            HTTPError: the client may not see it, all places are taken, or it cannot be built.
        """
        server: Server = self.application
        if not server.admits(self.current_user):
            raise HTTPError(403)
        if server.full:
            raise HTTPError(503)
        session = await super().get_session()
        if server.failed:
            session.request_expiration()
            raise HTTPError(500)
        if self.request.method == "HEAD":
            session.request_expiration()  # nobody waits for it
        return session


class Socket(WSHandler):
    """The websocket of a page that this server has sent."""

    async def prepare(self) -> None:
        """Refuse before the connection is made."""
        await super().prepare()
        if self.current_user is None:
            return  # refused above
        offered = self.request.headers.get("Sec-WebSocket-Protocol", "").split(",")
        if len(offered) != 2 or not self.application.opens(offered[1].strip()):
            raise HTTPError(403)

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Accept the connection.

        Bokeh sends a message in several parts; without this each would wait 40 ms for the
        acknowledgement of the one before.
        """
        self.set_nodelay(True)
        super().open(*args, **kwargs)


class Index(AuthRequestHandler):
    """Redirects to the app, with the query."""

    @authenticated
    async def get(self) -> None:
        """Redirect, relatively where there is no prefix, in case a proxy removes one."""
        prefix = self.application.prefix
        query = f"?{self.request.query}" if self.request.query else ""
        self.redirect(f"{prefix}{ROUTE}{query}" if prefix else f".{ROUTE}{query}")


class Figures(AuthRequestHandler, Metrics):
    """The metrics, for clients that may read them."""

    async def prepare(self) -> None:
        """Refuse other clients."""
        await AuthRequestHandler.prepare(self)
        server: Server = self.application  # type: ignore[assignment]
        given = self.request.headers.get("Authorization", "")
        if not server.tells(given, self.current_user):
            self.set_status(401)
            self.set_header("WWW-Authenticate", "Bearer")
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish("a token or a sign-in is needed: GEO_PIPELINE_APP_METRICS_TOKEN\n")


@cache
def _answering_head(handler: type[RequestHandler]) -> type[RequestHandler]:
    """Return `handler` with HEAD answered as GET; Tornado leaves out the body.

    A websocket only opens by GET.
    """
    if handler.head is not RequestHandler.head or issubclass(handler, WebSocketHandler):
        return handler
    return type(handler.__name__, (handler,), {"head": handler.get})


def build(settings: Settings, origins: Sequence[str] = ()) -> tuple[BaseServer, str]:
    """Return the server, listening but not answering yet, and the app's address on it.

    `origins` are further hosts allowed in the browser's address bar.

    Raises:
        UsageError: a setting is missing or wrong.
        GeoPipelineError: the port is not available.
    """
    silence(EMPTY_LAYOUT, True)
    address, wanted = settings.app_address, settings.app_port
    try:
        sockets, port = bind_sockets(address, wanted)
    except OSError as error:
        raise GeoPipelineError(
            f"cannot listen on {address}:{wanted}: {error.strerror}; choose another by --port or "
            "GEO_PIPELINE_APP_PORT"
        ) from error
    known = {f"localhost:{port}", f"127.0.0.1:{port}", *settings.app_origins, *origins}
    known |= {host for host in [urlsplit(settings.app_url).netloc] if host}
    application = build_single_handler_application(APP)
    server = Server(application, settings, create_hosts_allowlist(sorted(known), port))
    http = HTTPServer(
        server,
        xheaders=settings.app_trust_proxy,
        max_body_size=BODY_BYTES,
        body_timeout=10,
        idle_connection_timeout=120,
    )
    warm(application)
    http.add_sockets(sockets)
    where = f"http://{address}:{port}{server.prefix}{ROUTE}"
    return BaseServer(IOLoop.current(), server, http), where


def warm(application: Application) -> None:
    """Build one page in advance, so that the first reader need not wait for imports and data."""
    generate_session(application).destroy()
