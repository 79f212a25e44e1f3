"""Headers of every answer: what a browser lets a page do.

Scripts and style sheets are only taken from the server's own files or with the nonce of this very
answer. A page calls `answer_nonce()` while it is built and writes the nonce on each script and
style sheet of its template. No element has styles of its own in HTML: the script sets these.
"""

import re
import secrets
from typing import Final

import panel as pn
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import GZipContentEncoding, OutputTransform

from geo_pipeline.settings import Settings
from panel_app.page_list import PAGES
from panel_app.serving import server_pages

FIXED: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), "
    "browsing-topics=()",
}
STYLE_HASHES: Final = (
    server_pages.STYLE_SOURCE,
    # Bokeh's script makes two boxes when it is read, for notifications and for closed dialogs, and
    # gives them style sheets. Nothing is ever in them here. A new version has other hashes, which
    # the browser's console names.
    "'sha256-UbDBdjl6qFsWw2/FjBRSrxOVNHWng9qPXhagXyTurAI='",
    "'sha256-imxB7T3MQy+plkFBV/zRR03dleBLS0nf3sd4HNNxzwo='",
    "'sha256-Rp/hBE68cSI8RL4+4tS1g0R3ZB6IbVPyqOG2gmCvhHM='",
    "'sha256-tqDaZHfZKnLf6C3RCENbR+qFfQ1M+zTFKICjnXSohAA='",
    "'sha256-1chwpIHytdVN/XZ0GrcCbZw9aWd8p59V4Oj4QASk3X0='",
)
"""Style sheets that have no nonce, by the hash of their content."""
EMBEDDED: Final = [[page.key.encode()] for page in PAGES if page.embedded]
YEAR_S: Final = 365 * 24 * 3600

_PLAIN_HOST: Final = re.compile(r"[A-Za-z0-9.-]+(:\d+)?|\[[0-9A-Fa-f:]+\](:\d+)?")


def answer_nonce() -> str:
    """Return the nonce of the page that is being built; empty outside a request.

    That is the case under plain `panel serve`, while the server warms up and in tests.
    """
    document = pn.state.curdoc
    context = document.session_context if document is not None else None
    request = context.request if context is not None else None
    nonce: str = getattr(request, "answer_nonce", "")
    return nonce


class Guard(OutputTransform):
    """Sets the headers of an answer, and replaces the body of an error by a readable page."""

    def __init__(self, settings: Settings, request: HTTPServerRequest) -> None:
        self._prefix = settings.app_prefix
        self._embedders = settings.app_embedders
        self._request = request
        self._replaced = False
        # It is generated here, before any handler runs, so that a reader cannot choose it.
        request.answer_nonce = secrets.token_urlsafe(16)  # type: ignore[attr-defined]

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Set the headers; replace the body of an error, if it is a page."""
        headers.pop("Server", None)
        for name, value in FIXED.items():
            headers[name] = value
        ancestors = "'self'"
        if self._embedders and self._embedded():
            ancestors = " ".join(self._embedders)
        else:
            headers["X-Frame-Options"] = "SAMEORIGIN"
        # A document that is complete in itself has a stricter one.
        own = headers.get("Content-Security-Policy") or self._policy()
        headers["Content-Security-Policy"] = f"{own}; frame-ancestors {ancestors}"
        if status_code == 503:
            headers["Retry-After"] = str(server_pages.RETRY_S)
        if status_code in (200, 304) and self._versioned():
            headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
        if headers.get("Content-Type") == "text/html":
            headers["Content-Type"] = "text/html; charset=UTF-8"
        if status_code >= 400 and headers.get("Content-Type", "").startswith("text/html"):
            self._replaced = True
            chunk = server_pages.error(status_code, f"{self._prefix}/app").encode()
            headers["Content-Type"] = "text/html; charset=UTF-8"
            headers["Cache-Control"] = "no-store"
            headers["Content-Length"] = str(len(chunk))
        return status_code, headers, chunk

    def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:
        """Pass the rest on, except that of a replaced page."""
        return b"" if self._replaced else chunk

    def _embedded(self) -> bool:
        """Whether this is the view that other sites may show in a frame."""
        request = self._request
        home = request.path.removeprefix(self._prefix) in ("", "/", "/app")
        return home and request.arguments.get("page") in EMBEDDED

    def _versioned(self) -> bool:
        """Whether this is a file of the libraries, requested by its hash."""
        request = self._request
        return request.path.startswith(f"{self._prefix}/static/") and "v" in request.arguments

    def _policy(self) -> str:
        host = self._request.host
        # Browsers before 2022 do not treat the websocket of the same host as 'self'.
        sockets = f" ws://{host} wss://{host}" if _PLAIN_HOST.fullmatch(host) else ""
        nonce = self._request.answer_nonce  # type: ignore[attr-defined]
        return "; ".join(
            (
                "default-src 'self'",
                f"script-src 'self' 'nonce-{nonce}'",
                f"style-src 'self' 'nonce-{nonce}' {' '.join(STYLE_HASHES)}",
                "img-src 'self' data: blob:",
                "font-src 'self' data:",
                f"connect-src 'self'{sockets}",
                "object-src 'none'",
                "base-uri 'none'",
                "form-action 'self'",
            )
        )


class Compressed(GZipContentEncoding):
    """Compresses texts for clients that accept it, the metrics too, but no partial file."""

    CONTENT_TYPES = GZipContentEncoding.CONTENT_TYPES | {"application/openmetrics-text"}

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Compress the first part."""
        self._gzipping = self._gzipping and status_code != 206
        return super().transform_first_chunk(status_code, headers, chunk, finishing)
