"""Alert channels: e-mail, chats and webhooks, and the form a message takes on each.

Everything that comes from data is escaped here. No error raised here contains a secret: neither the
password of the mail server nor the address of a webhook.
"""

import hashlib
import html
import smtplib
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr, parsedate_to_datetime
from typing import Any, Final, Literal, Protocol
from urllib.parse import quote, unquote, urlsplit

import requests

from geo_pipeline.errors import GeoPipelineError
from geo_pipeline.settings import Settings
from geo_pipeline.words import (
    Catalogue,
    Lang,
    Message,
    catalogue,
    joined,
    message,
    printable,
    verbatim,
)

Severity = Literal["info", "warning", "error"]

TIMEOUT_S: Final = 10.0
"""Longest silence of a mail server or a webhook."""

CHAT_CHARACTERS: Final = 7_500
"""Longest message in a chat: Teams takes 28 kB of JSON, Mattermost 16,383 characters."""

WIDEST_TABLE: Final = 100
"""Widest table in the text of an e-mail, in characters; a wider one is written row by row."""

COLOURS: Final[dict[Severity, str]] = {
    "info": "#2f6f9f",
    "warning": "#d9822b",
    "error": "#b3261e",
}
_CARD_COLOURS: Final[dict[Severity, str]] = {
    "info": "Accent",
    "warning": "Warning",
    "error": "Attention",
}
_TEAMS_HOSTS: Final = (
    ".webhook.office.com",
    "outlook.office.com",
    ".logic.azure.com",
    ".powerplatform.com",
    ".powerautomate.com",
)


@dataclass(frozen=True)
class Notice:
    """One message in one language: `rows` are a table, header first; `links` one for each row."""

    identity: str
    """The same each time the message is tried."""
    at: datetime
    lang: Lang
    kind: Literal["drought", "operations"]
    severity: Severity
    title: str
    text: str
    link: str
    rows: tuple[tuple[str, ...], ...] = ()
    links: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The text of the link."""
        return self.words(f"alert.open_{self.kind}")

    @property
    def words(self) -> Catalogue:
        """The catalogue of its language."""
        return catalogue(self.lang)


class DeliveryError(GeoPipelineError):
    """A channel did not take a notice: why, in one line without secrets."""

    def __init__(self, why: Message, retry_after_s: float = 0.0) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


class Channel(Protocol):
    """Something that messages can be sent through."""

    @property
    def name(self) -> str:
        """Its name in logs; contains no secret."""

    @property
    def identity(self) -> str:
        """Its name in the memory of alerts, the same at each try; contains no secret."""

    def deliver(self, notice: Notice) -> Message | None:
        """Send a message; return a remark, None where all went well.

        Raises:
            DeliveryError: it was not taken.
        """


def channels(settings: Settings, timeout_s: float = TIMEOUT_S) -> list[Channel]:
    """Return the channels that `settings` configure."""
    found: list[Channel] = []
    if settings.smtp_url is not None and settings.alert_emails:
        address = settings.smtp_url.get_secret_value()
        receivers = tuple(settings.alert_emails)
        found.append(Mail(address, settings.alert_email_from, receivers, timeout_s))
    for number, secret in enumerate(settings.webhook_urls, start=1):
        found.append(Webhook(secret.get_secret_value(), number, timeout_s))
    return found


# --------------------------------------------------------------------------------------------
# E-mail
# --------------------------------------------------------------------------------------------


class Mail:
    """E-mail by the server at `url`: `smtp://user:password@host:587` or `smtps://...:465`."""

    name = "e-mail"
    identity = "email"

    def __init__(self, url: str, sender: str, receivers: Sequence[str], timeout_s: float) -> None:
        self._url, self._sender, self._receivers = url, sender, receivers
        self._timeout_s = timeout_s

    def deliver(self, notice: Notice) -> Message | None:
        """Send a message to all receivers at once; the remark names those refused.

        Raises:
            DeliveryError: the server cannot be reached, or refuses all receivers.
        """
        try:
            with self._connected() as server:
                refused = server.send_message(mail(notice, self._sender, self._receivers))
        except smtplib.SMTPRecipientsRefused as error:
            raise DeliveryError(self._refusal(error.recipients)) from None
        except smtplib.SMTPResponseException as error:
            said = error.smtp_error
            text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
            why = message("delivery.answered", status=error.smtp_code, said=self._safe(text))
            raise DeliveryError(why) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise DeliveryError(verbatim(self._safe(str(error) or type(error).__name__))) from None
        return self._refusal(refused) if refused else None

    def _connected(self) -> smtplib.SMTP:
        """Return the server, encrypted where it can be, logged in where the address names a
        user."""
        parts = urlsplit(self._url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise DeliveryError(message("delivery.mail_address"))
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        here = socket.gethostname()  # the default would ask the name server, which takes seconds
        server: smtplib.SMTP
        if parts.scheme == "smtps":
            context = ssl.create_default_context()
            port = parts.port or 465
            server = smtplib.SMTP_SSL(
                parts.hostname, port, here, timeout=self._timeout_s, context=context
            )
        else:
            port = parts.port or (587 if user else 25)
            server = smtplib.SMTP(parts.hostname, port, here, timeout=self._timeout_s)
        try:
            server.ehlo()
            encrypted = parts.scheme == "smtps"
            if not encrypted and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
                encrypted = True
            if user:
                if not encrypted and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
                    raise DeliveryError(message("delivery.no_encryption"))
                _log_in(server, user, password)
        except BaseException:
            server.close()
            raise
        return server

    def _refusal(self, refused: Any) -> Message:
        """Return for which receivers, and with which code, the server refused a message."""
        named = ", ".join(f"{who} ({code})" for who, (code, _) in refused.items())
        return message("delivery.refused", receivers=self._safe(named))

    def _safe(self, text: str) -> str:
        """Return `text` on one line, without the secrets in the address."""
        parts = urlsplit(self._url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        plain = f"\0{user}\0{password}".encode()
        hidden = [self._url, parts.netloc, parts.password or "", password]
        if password:
            hidden += [b64encode(each).decode() for each in (plain, password.encode())]
        return redacted(text, hidden)


def _log_in(server: smtplib.SMTP, user: str, password: str) -> None:
    """Log in as smtplib does, and with accents too, which smtplib cannot send."""
    if (user + password).isascii():
        server.login(user, password)
        return
    plain = b64encode(f"\0{user}\0{password}".encode()).decode()
    code, said = server.docmd("AUTH", f"PLAIN {plain}")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, said)


def mail(notice: Notice, sender: str, receivers: Sequence[str]) -> EmailMessage:
    """Return `notice` as an e-mail, in plain text and HTML.

    Raises:
        ValueError: an address holds characters that a header may not.
    """
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    made = EmailMessage()
    made["Subject"] = one_line(notice.title)
    made["From"] = sender
    made["To"] = ", ".join(receivers)
    made["Date"] = format_datetime(notice.at)
    made["Message-ID"] = f"<{notice.identity}@{domain}>"
    made["Auto-Submitted"] = "auto-generated"
    # Quoted-printable has no 8-bit lines, which some servers refuse.
    made.set_content(mail_text(notice), cte="quoted-printable")
    made.add_alternative(mail_html(notice), subtype="html", cte="quoted-printable")
    made["Content-Language"] = notice.lang
    return made


def mail_text(notice: Notice) -> str:
    """Return `notice` as plain text, its table in columns."""
    parts = [one_line(notice.title), visible(notice.text), _text_table(notice)]
    parts.append(notice.words("alert.pair", head=notice.label, what=notice.link))
    parts.append(f"-- \n{notice.words('alert.signed')}")
    return "\n\n".join(part for part in parts if part) + "\n"


def _text_table(notice: Notice) -> str:
    """Return the table in columns, or, where it is too wide, a paragraph for each row."""
    if not notice.rows:
        return ""
    rows = [[one_line(cell) for cell in row] for row in notice.rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    if sum(widths) + 2 * len(widths) <= WIDEST_TABLE:
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
    heads, *others = rows
    return "\n\n".join("\n".join(_headed(heads, row, notice.words)) for row in others)


def _headed(heads: Sequence[str], row: Sequence[str], words: Catalogue) -> list[str]:
    """Return the cells that are not empty, each after its header."""
    cells = zip(heads, row, strict=True)
    return [words("alert.pair", head=head, what=cell) for head, cell in cells if cell]


def mail_html(notice: Notice) -> str:
    """Return `notice` as a simple page that fetches nothing, with all data escaped."""
    paragraphs = "".join(
        f"<p>{'<br>'.join(html.escape(line) for line in part.splitlines())}</p>"
        for part in visible(notice.text).split("\n\n")
        if part
    )
    label, signed = html.escape(notice.label), html.escape(notice.words("alert.signed"))
    return (
        f'<!DOCTYPE html><html lang="{notice.lang}"><head><meta charset="utf-8"></head>'
        '<body style="font-family:sans-serif;color:#1a1a1a;max-width:44em">'
        f'<h2 style="border-left:6px solid {COLOURS[notice.severity]};padding-left:.5em">'
        f"{html.escape(one_line(notice.title))}</h2>{paragraphs}{_html_table(notice)}"
        f'<p><a href="{html.escape(notice.link)}">{label}</a></p>'
        f'<p style="color:#666;font-size:smaller">{signed}</p></body></html>'
    )


def _html_table(notice: Notice) -> str:
    if not notice.rows:
        return ""
    heads, *rows = notice.rows
    links = notice.links or ("",) * len(rows)
    style = 'style="text-align:left;padding:.25em .75em .25em 0;border-bottom:1px solid #ddd"'
    head = "".join(f"<th {style}>{html.escape(one_line(cell))}</th>" for cell in heads)
    body = ""
    for row, link in zip(rows, links, strict=True):
        first, *rest = (html.escape(one_line(cell)) for cell in row)
        named = f'<a href="{html.escape(link)}">{first}</a>' if link else first
        body += "<tr>" + "".join(f"<td {style}>{cell}</td>" for cell in (named, *rest)) + "</tr>"
    return f'<table style="border-collapse:collapse"><tr>{head}</tr>{body}</table>'


# --------------------------------------------------------------------------------------------
# Webhooks
# --------------------------------------------------------------------------------------------


class Webhook:
    """A webhook, of Teams (by its host, or as `teams+https://...`) or else in Slack's form."""

    def __init__(self, url: str, number: int, timeout_s: float) -> None:
        self._url = url.removeprefix("teams+")
        host = urlsplit(self._url).hostname or ""
        self._teams = url.startswith("teams+") or f".{host}".endswith(_TEAMS_HOSTS)
        self._timeout_s = timeout_s
        self.name = f"webhook {number}"
        self.identity = f"webhook-{hashlib.sha256(url.encode()).hexdigest()[:12]}"

    def deliver(self, notice: Notice) -> None:
        """Post a notice.

        Raises:
            DeliveryError: it was not taken; `retry_after_s` is what the server asks for.
        """
        try:
            answer = requests.post(
                self._url,
                json=card(notice) if self._teams else chat(notice),
                timeout=self._timeout_s,
                allow_redirects=False,
            )
        except requests.Timeout:
            raise DeliveryError(message("delivery.no_answer", seconds=self._timeout_s)) from None
        except requests.exceptions.SSLError:
            raise DeliveryError(message("delivery.certificate")) from None
        except requests.ConnectionError:
            raise DeliveryError(message("delivery.unreachable")) from None
        except (requests.RequestException, ValueError):  # their texts contain the address
            raise DeliveryError(message("delivery.webhook_address")) from None
        said = one_line(answer.text)
        # The connectors of Teams answer 200 and describe in the text what failed behind them.
        if not 200 <= answer.status_code < 300 or (self._teams and "error" in said.lower()):
            path = [part for part in urlsplit(self._url).path.split("/") if len(part) >= 6]
            hidden = [self._url, *path, urlsplit(self._url).query]
            safe = redacted(said, hidden)
            why = message("delivery.answered", status=answer.status_code, said=safe)
            raise DeliveryError(why, _seconds(answer.headers.get("Retry-After", "")))


def chat(notice: Notice) -> dict[str, Any]:
    """Return `notice` as Slack and Mattermost both take it: a text with an attachment."""
    return {
        "text": _markup(one_line(notice.title)),
        "attachments": [
            {
                "fallback": _markup(one_line(notice.title)),
                "color": COLOURS[notice.severity],
                "title": notice.label,
                "title_link": notice.link,
                "text": "\n".join(_markup(line) for line in _chat_lines(notice)),
                "mrkdwn_in": [],
            }
        ],
    }


def card(notice: Notice) -> dict[str, Any]:
    """Return `notice` as an Adaptive Card, which Teams' workflows and connectors both take."""
    body: list[dict[str, Any]] = [
        {
            "type": "TextBlock",
            "text": _tame(one_line(notice.title)),
            "size": "Medium",
            "weight": "Bolder",
            "color": _CARD_COLOURS[notice.severity],
            "wrap": True,
        }
    ]
    body += [
        {"type": "TextBlock", "text": _tame(line), "wrap": True, "spacing": "Small"}
        for line in _chat_lines(notice)
        if line
    ]
    return {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "lang": notice.lang,
                    "body": body,
                    "actions": [
                        {"type": "Action.OpenUrl", "title": notice.label, "url": notice.link}
                    ],
                },
            }
        ],
    }


def _chat_lines(notice: Notice) -> list[str]:
    """Return the text and a line for each row of the table, up to the length a chat accepts."""
    lines = visible(notice.text)[:CHAT_CHARACTERS].splitlines()
    length = sum(len(line) for line in lines)
    heads, *rows = notice.rows or ((),)
    for place, row in enumerate(rows):
        first, *rest = (one_line(cell) for cell in row)
        if len(rest) > 1:
            rest = _headed(heads[1:], rest, notice.words)
        what = joined(verbatim(cell) for cell in rest if cell) if any(rest) else ""
        line = f"• {notice.words('alert.pair', head=first, what=what)}"
        length += len(line)
        if length > CHAT_CHARACTERS:
            return [*lines, notice.words("alert.more_lines", count=len(rows) - place)]
        lines.append(line)
    return lines


def _markup(text: str) -> str:
    """Escape what Slack and Mattermost read as markup: links, mentions of a whole channel."""
    return html.escape(_tame(text), quote=False)


def _tame(text: str) -> str:
    """Break mentions (`@channel`) and Markdown links with a zero-width space."""
    return text.replace("@", "@\u200b").replace("](", "]\u200b(").replace("][", "]\u200b[")


# --------------------------------------------------------------------------------------------
# Texts
# --------------------------------------------------------------------------------------------


def one_line(text: str) -> str:
    """Return `text` on one line, without characters that do not print."""
    return " ".join(visible(text).split("\n")).strip()


def visible(text: str) -> str:
    """Return `text` without characters that do not print; lines stay, spaces are collapsed."""
    lines = (printable(line) for line in text.splitlines())
    return "\n".join(" ".join(part for part in line.split(" ") if part) for line in lines)


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Return `text` on one line, at most 200 characters, each of the secrets as `***`."""
    for each in sorted({each for each in secrets if each}, key=len, reverse=True):
        for form in (each, quote(each, safe="")):
            text = text.replace(form, "***")
    return one_line(text)[:200]


def _seconds(retry_after: str) -> float:
    """Return the seconds that a `Retry-After` gives as a number or a date; 0 for anything else."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
