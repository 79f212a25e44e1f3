"""Sign-in, where not everybody may see the app: our own users, or an OAuth provider.

Panel keeps the signed-in user in a signed cookie, and handles the OAuth protocol. The form, the
passwords and the decision who may enter are ours.
"""

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

import panel as pn
from panel.auth import BasicAuthProvider, OAuthProvider
from panel.util import edit_readonly
from tornado.web import HTTPError, RequestHandler

from geo_pipeline.errors import UsageError
from geo_pipeline.settings import Settings
from panel_app.serving import server_pages

LOGIN: Final = "/login"
LOGOUT: Final = "/logout"

REFUSAL_S: Final = 1.0
"""Seconds after which a wrong password is answered."""
ATTEMPTS: Final = 8
"""Most passwords checked at the same time, so that nobody can try many."""
SECRET_LENGTH: Final = 16

_MARK: Final = "scrypt"
_COST: Final = 2**14


def hashed(password: str) -> str:
    """Return the hash of a password for the settings: `scrypt$salt$hash`."""
    salt = secrets.token_bytes(16)
    return f"{_MARK}${salt.hex()}${_derived(password, salt).hex()}"


def matches(password: str, kept: str) -> bool:
    """Whether `password` matches the kept one, plain or hashed, in constant time."""
    mark, *parts = kept.split("$")
    if mark == _MARK and len(parts) == 2:
        salt, expected = (bytes.fromhex(part) for part in parts)
        return hmac.compare_digest(_derived(password, salt), expected)
    given, right = (hashlib.sha256(each.encode()).digest() for each in (password, kept))
    return hmac.compare_digest(given, right)


def users(settings: Settings) -> dict[str, str]:
    """Return the users and their passwords.

    Raises:
        UsageError: there are none, or they cannot be read. The message contains no password.
    """
    if (settings.app_users is None) == (settings.app_users_file is None):
        raise UsageError(
            "GEO_PIPELINE_APP_SIGN_IN is basic: set GEO_PIPELINE_APP_USERS or "
            "GEO_PIPELINE_APP_USERS_FILE, one of them"
        )
    if settings.app_users is not None:
        where, text = "setting GEO_PIPELINE_APP_USERS", settings.app_users.get_secret_value()
    else:
        where = f"the file of users {settings.app_users_file}"
        try:
            text = settings.app_users_file.read_text(encoding="utf-8")  # type: ignore[union-attr]
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{where} cannot be read: {type(error).__name__}") from None
    try:
        table = json.loads(text)
    except ValueError:
        table = None
    if not isinstance(table, dict) or not table:
        raise UsageError(f'{where}: write a JSON table such as {{"name": "password"}}')
    for name, kept in table.items():
        if not name or not isinstance(kept, str) or not kept or not _whole(kept):
            raise UsageError(f"{where}: the password of {name!r} is empty or damaged")
    return table


class _Cookies(RequestHandler):
    """Sets cookies for this site only, and for HTTPS only where it is used."""

    def set_cookie(self, name: str, value: str | bytes, *args: Any, **options: Any) -> None:
        """Set a cookie."""
        options.setdefault("samesite", "Lax")
        options.setdefault("secure", self.request.protocol == "https")
        super().set_cookie(name, value, *args, **options)


class SignIn(_Cookies):
    """The form, and its submission."""

    def get(self) -> None:
        """Show the form."""
        self._show(self.get_query_argument("next", ""), refused=False)

    async def post(self) -> None:
        """Sign in, or show the form again after a pause."""
        provider: Users = self.application.auth_provider  # type: ignore[attr-defined]
        target = self.get_body_argument("next", "")
        name = self.get_body_argument("username", "")
        if await provider.knows(name, self.get_body_argument("password", "", strip=False)):
            self.set_signed_cookie(
                "user",
                name,
                expires_days=pn.config.oauth_expiry,
                path=pn.config.cookie_path,
                httponly=True,
            )
            self.redirect(self._inside(target))
        else:
            # Not 401, for which browsers show a password dialog of their own.
            self._show(target, refused=True)

    def _show(self, target: str, *, refused: bool) -> None:
        token = self.xsrf_form_html()
        self.set_header("Cache-Control", "no-store")
        self.finish(server_pages.sign_in(self.request.path, token, target, refused=refused))

    def _inside(self, target: str) -> str:
        """Return an address inside the app, wherever `target` points to."""
        query = target.partition("?")[2]
        if not (query.isascii() and query.isprintable()):
            query = ""
        prefix: str = self.application.prefix  # type: ignore[attr-defined]
        return f"{prefix}/app?{query}" if query else f"{prefix}/app"


class SignOut(RequestHandler):
    """Signs out."""

    def get(self) -> None:
        """Remove all cookies of a sign-in."""
        for name in ("user", "id_token", "access_token", "refresh_token", "oauth_expiry"):
            self.clear_cookie(name, path=pn.config.cookie_path)
        self.set_header("Cache-Control", "no-store")
        self.finish(server_pages.signed_out(f"{self.application.prefix}/app"))  # type: ignore[attr-defined]


class Users(BasicAuthProvider):
    """Admits the users of a table of names and passwords."""

    def __init__(self, table: Mapping[str, str]) -> None:
        super().__init__(login_endpoint=LOGIN, logout_endpoint=LOGOUT)
        self._table = table
        self._trying = 0

    login_handler = SignIn
    logout_handler = SignOut

    def admits(self, name: str) -> bool:
        """Whether a user who signed in earlier is still in the table."""
        return name in self._table

    async def knows(self, name: str, password: str) -> bool:
        """Whether name and password match; a wrong answer is delayed.

        Raises:
            HTTPError: 429, too many are signing in at this moment.
        """
        if self._trying >= ATTEMPTS:
            raise HTTPError(429)
        self._trying += 1
        try:
            # An unknown name takes as long as a known one, so that names cannot be guessed.
            kept = self._table.get(name) or next(iter(self._table.values()))
            right = await asyncio.to_thread(matches, password, kept)
            if right and name in self._table:
                return True
            await asyncio.sleep(REFUSAL_S)
            return False
        finally:
            self._trying -= 1


class Provided(OAuthProvider):
    """Admits the users of an OAuth provider, or some of them."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(login_endpoint=LOGIN, logout_endpoint=LOGOUT)
        self._names = frozenset(names)

    logout_handler = SignOut

    @property
    def login_handler(self) -> type[RequestHandler]:
        """Panel's handler, with safer cookies."""
        return type("Login", (_Cookies, super().login_handler), {})

    def admits(self, name: str) -> bool:
        """Whether a user of the provider may enter."""
        return not self._names or name in self._names


def provider(settings: Settings) -> Users | Provided | None:
    """Configure Panel for the sign-in in the settings, and return who decides on users.

    Raises:
        UsageError: a setting is missing or wrong.
    """
    if settings.app_sign_in == "none":
        return None
    pn.config.oauth_expiry = settings.app_sign_in_days
    pn.config.cookie_path = settings.app_prefix or "/"
    if settings.app_sign_in == "basic":
        return Users(users(settings))
    secret = settings.app_oauth_secret
    needed = {
        "GEO_PIPELINE_APP_OAUTH_PROVIDER": settings.app_oauth_provider,
        "GEO_PIPELINE_APP_OAUTH_KEY": settings.app_oauth_key,
        # There a challenge replaces the secret.
        "GEO_PIPELINE_APP_OAUTH_SECRET": secret or settings.app_oauth_provider == "auth_code",
    }
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise UsageError(f"GEO_PIPELINE_APP_SIGN_IN is oauth: set {', '.join(missing)} too")
    pn.config.oauth_provider = settings.app_oauth_provider
    pn.config.oauth_key = settings.app_oauth_key
    pn.config.oauth_secret = None if secret is None else secret.get_secret_value()
    pn.config.oauth_extra_params = dict(settings.app_oauth_parameters)
    pn.config.oauth_redirect_uri = settings.app_oauth_redirect_url
    pn.config.oauth_jwt_user = settings.app_oauth_user_key
    with edit_readonly(pn.state):
        pn.state.base_url = f"{settings.app_prefix}/"
    return Provided(settings.app_oauth_users)


def cookie_secret(settings: Settings) -> str:
    """Return the secret that signs cookies, generated where none is set.

    Raises:
        UsageError: the one in the settings is too short.
    """
    if settings.app_cookie_secret is None:
        return secrets.token_hex(32)
    secret = settings.app_cookie_secret.get_secret_value()
    if len(secret) < SECRET_LENGTH:
        raise UsageError(
            f"setting GEO_PIPELINE_APP_COOKIE_SECRET: {SECRET_LENGTH} characters at least, such as "
            "`openssl rand -hex 32` makes"
        )
    return secret


def _derived(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_COST, r=8, p=1)


def _whole(kept: str) -> bool:
    """Whether a kept password is a plain one, or a readable hash."""
    mark, *parts = kept.split("$")
    if mark != _MARK:
        return True
    try:
        return len(parts) == 2 and all(len(bytes.fromhex(part)) >= 16 for part in parts)
    except ValueError:
        return False
