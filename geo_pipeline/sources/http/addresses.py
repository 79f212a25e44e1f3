"""Addresses and headers of requests: how they are built, and how their secrets are hidden."""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit
from urllib.request import url2pathname

from geo_pipeline.places import version

Params = Mapping[str, str | int | float]


HIDDEN = "***"


SECRET_PARAMS = frozenset(
    {"apikey", "key", "token", "accesstoken", "auth", "authorization", "password", "passwd"}
    | {"secret", "clientsecret", "signature", "sig"}
    | {"xamzsignature", "xamzcredential", "xamzsecuritytoken"}
)
"""Names of query parameters that are secret, without `-`, `_` and case."""


def with_params(url: str, params: Params | None) -> str:
    """Return `url` with `params` added to its query."""
    if not params:
        return url
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, urlencode(params, safe=",:/")]))
    return urlunsplit(parts._replace(query=query))


def without_secrets(url: str) -> str:
    """Return `url` with the values of secret parameters hidden, and without user and password."""

    def hide(match: re.Match[str]) -> str:
        return f"{match[1]}={HIDDEN}" if is_secret_param(match[1]) else match[0]

    url = re.sub(r"^(\w+://)[^/?#@]*@", r"\1", url)
    return re.sub(r"(?<=[?&])([^=&#]+)=([^&#]*)", hide, url)


def is_secret_param(name: str) -> bool:
    """Return whether a parameter of a query is a secret."""
    return re.sub(r"[-_]", "", unquote(name)).lower() in SECRET_PARAMS


def is_secret(header: str) -> bool:
    """Return whether a header is a secret."""
    return bool(
        re.search(r"key|token|auth|secret|password|cookie|signature", header, re.IGNORECASE)
    )


def secrets_of(url: str, headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the secret values in an address and its headers, the longest first."""
    parts = urlsplit(url)
    found = [value for name, value in headers.items() if is_secret(name)]
    found += [value.rpartition(" ")[2] for value in found]
    found += [value for name, value in parse_qsl(parts.query) if is_secret_param(name)]
    if parts.password:
        found += [parts.password, unquote(parts.password)]
    return tuple(sorted({value for value in found if len(value) > 3}, key=len, reverse=True))


class NoSecrets(logging.Filter):
    """Removes secrets from urllib3's log, which contains the URLs of requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without its secrets."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                without_secrets(value) if isinstance(value, str) and "=" in value else value
                for value in record.args
            )
        return True


NO_SECRETS = NoSecrets()


def file_of(url: str) -> Path:
    """Return the local file of a file:// URL; a query is part of its name."""
    parts = urlsplit(url)
    return Path(url2pathname(parts.path) + (f"?{parts.query}" if parts.query else ""))


def user_agent(contact: str | None = None) -> str:
    """Return the User-Agent: name, version, and where to find out more."""
    return f"geo-pipeline/{version()} (+{contact or 'drought monitor of France'})"


def mirrored(url: str, mirrors: Mapping[str, str]) -> str:
    """Return `url`, with the longest prefix that has a mirror replaced by it."""
    for prefix in sorted(mirrors, key=len, reverse=True):
        rest = url.removeprefix(prefix)
        if rest != url and (not rest or rest[0] in "/?#" or prefix.endswith(("/", "?"))):
            return mirrors[prefix] + rest
    return url
