"""Alerts over a real mail server and real webhooks on loopback: told once, to all, in words."""

import json
import multiprocessing
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from geo_pipeline import logs
from geo_pipeline.automation.alerts import Alert, Alerts, Severity
from geo_pipeline.automation.channels import channels
from geo_pipeline.settings import Settings

PASSWORD = "s3cret/pâss:word"  # what an address holds must be quoted: a slash, a colon, an accent
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Mailbox:
    """What a mail server took; `refused` are receivers that it does not know."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.receivers: list[list[str]] = []
        self.encrypted: list[bool] = []
        self.refused: set[str] = set()

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Envelope) -> str:
        parsed = BytesParser(policy=policy.default).parsebytes(envelope.original_content or b"")
        assert isinstance(parsed, EmailMessage)
        self.received.append(parsed)
        self.receivers.append(list(envelope.rcpt_tos))
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 taken"


class AnyPort(Controller):
    """A mail server on a port that the system chooses."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(mailbox: Mailbox, **options: Any) -> Iterator[int]:
    """Give the port of a mail server that fills `mailbox`."""
    controller = AnyPort(mailbox, hostname="127.0.0.1", port=0, **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def authenticator(_server: Any, _session: Any, _envelope: Any, _how: str, data: Any) -> AuthResult:
    """Let in who knows the password."""
    assert isinstance(data, LoginPassword)
    good = (data.login, data.password) == (b"drought", PASSWORD.encode())
    return AuthResult(success=good, handled=False)


AUTHENTICATED = {"authenticator": authenticator, "auth_required": True, "auth_require_tls": False}


class Hook:
    """A webhook that keeps what it took; `answers` (status, headers, pause in s) come first."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.asked = 0
        self.answers: list[tuple[int, dict[str, str], float]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.asked += 1
                content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.headers["Content-Type"] == "application/json"
                status, headers, pause = hook.answers.pop(0) if hook.answers else (200, {}, 0.0)
                time.sleep(pause)
                if status == 200 and not pause:
                    hook.taken.append(content)
                # As a server that tells in its error what it was asked for.
                body = b"ok" if status == 200 else f"no_service {self.path}".encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                with suppress(OSError):  # nobody waits for a slow answer any longer
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/T0SECRET/B0SECRET"


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def an_alert(key: str = "k", *codes: str, severity: Severity = "warning", **other: Any) -> Alert:
    codes = codes or ("32",)
    given: dict[str, Any] = {
        "kind": "drought",
        "title": f"Sécheresse aggravée : {key}",
        "text": "Période\u00a0: 3e décade d'août 2022.",
        "link": "http://localhost:5006/?departement=32&indicator=combined&lang=fr",
    }
    return Alert(key=key, severity=severity, departements=codes, **given | other)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **much: float) -> None:
        self.now += timedelta(**much)


def lines(home: Path, event: str) -> list[dict[str, Any]]:
    """Return the lines of the log file that tell of `event`."""
    text = (home / "alerts" / "alerts.jsonl").read_text(encoding="utf-8")
    return [each for each in map(json.loads, text.splitlines()) if each["event"] == event]


def remembered(home: Path) -> str:
    """Return all that is written about alerts."""
    files = [path for path in (home / "alerts").iterdir() if path.is_file()]
    return "".join(path.read_text(encoding="utf-8") for path in files)


def titles(hook: Hook) -> list[str]:
    return [each["text"].removeprefix("Sécheresse aggravée : ") for each in hook.taken]


# --------------------------------------------------------------------------------------------
# E-mail
# --------------------------------------------------------------------------------------------


def test_an_e_mail_says_all_in_text_and_html(tmp_path: Path) -> None:
    mailbox = Mailbox()
    table = ("Département", "Sécheresse"), ("Gers (32)", "normal → grave"), ("Lot (46)", "x")
    alert = an_alert("a", "32", "46", table=table, links=("http://l/?a=1&b=2", "http://l/46"))
    with mail_server(mailbox) as port:
        settings = Settings(
            home=tmp_path,
            smtp_url=f"smtp://127.0.0.1:{port}",
            alert_emails=["a@example.org", "b@example.org"],
            alert_email_from="Suivi sécheresse <suivi@example.org>",
        )
        assert Alerts(settings, clock=lambda: NOW).send([alert]) == [alert]
    (message,) = mailbox.received
    assert mailbox.receivers == [["a@example.org", "b@example.org"]]
    assert message["Subject"] == "Sécheresse aggravée : a"
    assert message["From"].addresses[0].display_name == "Suivi sécheresse"
    assert message["To"] == "a@example.org, b@example.org"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"].endswith("@example.org>")
    assert message["Content-Language"] == "fr"
    assert message["Auto-Submitted"] == "auto-generated"
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert page is not None
    assert text.get_content_charset() == page.get_content_charset() == "utf-8"
    assert text.get_content().splitlines() == [
        "Sécheresse aggravée : a",
        "",
        "Période\u00a0: 3e décade d'août 2022.",
        "",
        "Département  Sécheresse",
        "-----------  --------------",
        "Gers (32)    normal → grave",
        "Lot (46)     x",
        "",
        "Ouvrir la carte\u00a0: http://localhost:5006/?departement=32&indicator=combined&lang=fr",
        "",
        "-- ",
        "Suivi de la sécheresse agricole en France, message automatique.",
    ]
    html = page.get_content()
    assert '<html lang="fr">' in html
    assert '<a href="http://l/?a=1&amp;b=2">Gers (32)</a>' in html
    assert "?departement=32&amp;indicator=combined&amp;lang=fr" in html


def test_a_login_is_made_and_a_wrong_password_is_told_without_it(tmp_path: Path) -> None:
    mailbox = Mailbox()
    quoted = "s3cret%2Fp%C3%A2ss%3Aword"
    with mail_server(mailbox, **AUTHENTICATED) as port:
        for password, home in ((quoted, tmp_path / "right"), ("wr0ng-one", tmp_path / "wrong")):
            settings = Settings(
                home=home,
                smtp_url=f"smtp://drought:{password}@127.0.0.1:{port}",
                alert_emails=["a@example.org"],
            )
            sent = Alerts(settings).send([an_alert()])
            assert len(sent) == (password == quoted)
            assert len(mailbox.received) == 1
            assert "@" not in repr(settings.smtp_url)
    (failed,) = lines(tmp_path / "wrong", "failed")
    assert failed["channel"] == "e-mail"
    assert failed["error"].startswith("answered 535")
    for home, secret in (("wrong", "wr0ng-one"), ("right", quoted), ("right", PASSWORD)):
        assert secret not in remembered(tmp_path / home)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_starttls_is_taken_where_it_is_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ssl

    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    mailbox = Mailbox()
    tls = {"tls_context": context, "authenticator": authenticator, "auth_required": True}
    with mail_server(mailbox, **tls) as port:
        settings = Settings(
            home=tmp_path / "home",
            smtp_url=f"smtp://drought:s3cret%2Fp%C3%A2ss%3Aword@127.0.0.1:{port}",
            alert_emails=["a@example.org"],
        )
        # A certificate that nobody vouches for is not trusted with the password.
        (strange,) = [each for each in Alerts(settings).test() if each.channel == "e-mail"]
        assert strange.error is not None
        assert "certificate verify failed" in strange.error
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert len(Alerts(settings).send([an_alert()])) == 1
    assert mailbox.encrypted == [True]


def test_a_password_is_not_sent_in_the_clear_over_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    real = socket.create_connection
    mailbox = Mailbox()
    with mail_server(mailbox, **AUTHENTICATED) as port:
        # As a name server of some network would answer.
        monkeypatch.setattr(
            socket, "create_connection", lambda _there, *more: real(("127.0.0.1", port), *more)
        )
        settings = Settings(
            home=tmp_path,
            smtp_url="smtp://drought:s3cret%2Fp%C3%A2ss%3Aword@mail.example.org:587",
            alert_emails=["a@example.org"],
        )
        assert Alerts(settings).send([an_alert()]) == []
    (failed,) = lines(tmp_path, "failed")
    assert "offers no STARTTLS" in failed["error"]
    assert mailbox.received == []


def test_a_receiver_who_is_refused_does_not_stop_the_others(tmp_path: Path) -> None:
    mailbox = Mailbox()
    mailbox.refused = {"gone@example.org"}
    with mail_server(mailbox) as port:
        settings = Settings(
            home=tmp_path,
            smtp_url=f"smtp://127.0.0.1:{port}",
            alert_emails=["gone@example.org", "there@example.org"],
        )
        assert len(Alerts(settings).send([an_alert()])) == 1
    assert mailbox.receivers == [["there@example.org"]]
    (sent,) = lines(tmp_path, "sent")
    assert sent["remark"] == "refused for gone@example.org (550)"


def test_a_table_too_wide_for_columns_is_written_row_by_row(tmp_path: Path) -> None:
    rows = (("Départements", "Depuis", "Raison"), ("Gers (32)", "", "x" * 90))
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        settings = Settings(
            home=tmp_path, smtp_url=f"smtp://127.0.0.1:{port}", alert_emails=["a@example.org"]
        )
        Alerts(settings).send([an_alert(table=rows)])
    text = mailbox.received[0].get_body(("plain",))
    assert text is not None
    assert text.get_content().splitlines()[4:7] == [
        "Départements\u00a0: Gers (32)",
        f"Raison\u00a0: {'x' * 90}",
        "",
    ]


# --------------------------------------------------------------------------------------------
# Webhooks
# --------------------------------------------------------------------------------------------


def test_slack_and_mattermost_get_text_and_attachment_teams_a_card(
    tmp_path: Path, hook: Hook
) -> None:
    settings = Settings(
        home=tmp_path, webhook_urls=[hook.url, f"teams+{hook.url}"], alert_language="en"
    )
    rows = (("Département", "Drought"), ("Gers (32)", "normal → severe drought (D2)"))
    said = {"title": "Drought worse: a", "text": "Period: 3rd dekad."}
    alert = an_alert("a", table=rows, severity="error", **said)
    assert Alerts(settings).send([alert]) == [alert]
    chat, teams = hook.taken
    assert chat["text"] == "Drought worse: a"
    (attachment,) = chat["attachments"]
    assert attachment["text"] == "Period: 3rd dekad.\n• Gers (32): normal → severe drought (D2)"
    assert attachment["title"] == "Open the map"
    assert attachment["title_link"] == alert.link
    assert attachment["fallback"] == "Drought worse: a"
    assert teams["type"] == "message"
    (carried,) = teams["attachments"]
    assert carried["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = carried["content"]
    assert card["type"] == "AdaptiveCard"
    assert [block["text"] for block in card["body"]] == [
        "Drought worse: a",
        "Period: 3rd dekad.",
        "• Gers (32): normal → severe drought (D2)",
    ]
    assert card["actions"] == [
        {"type": "Action.OpenUrl", "title": "Open the map", "url": alert.link}
    ]


@pytest.mark.parametrize(
    ("url", "is_teams"),
    [
        ("https://hooks.slack.com/services/T/B/x", False),
        ("https://chat.example.org/hooks/x", False),
        ("https://evil-webhook.office.com.example.org/x", False),
        ("https://contoso.webhook.office.com/webhookb2/x/IncomingWebhook/y/z", True),
        ("https://prod-12.westeurope.logic.azure.com:443/workflows/x/triggers/manual", True),
        ("https://default1.ab.environment.api.powerplatform.com:443/powerautomate/x", True),
    ],
)
def test_teams_is_known_by_its_address(url: str, is_teams: bool) -> None:
    (channel,) = channels(Settings(webhook_urls=[url]))
    assert vars(channel)["_teams"] is is_teams


def test_a_table_of_all_departements_fits_a_chat(tmp_path: Path, hook: Hook) -> None:
    """Teams takes 28 kB, Mattermost 16,383 characters: lines are left out and counted, not cut."""
    row = ("Alpes-de-Haute-Provence (04)", "anormalement sec → sécheresse exceptionnelle (D4)*")
    rows = (("Département", "Sécheresse"), *[row] * 101)
    settings = Settings(home=tmp_path, webhook_urls=[hook.url, f"teams+{hook.url}"])
    Alerts(settings).send([an_alert("a", table=rows)])
    chat, teams = hook.taken
    written = chat["attachments"][0]["text"].splitlines()
    shown = len(written) - 2
    assert 80 < shown < 101
    assert written[-1] == f"… et {101 - shown} autres lignes"
    assert len(chat["attachments"][0]["text"]) < 16_383
    assert len(json.dumps(teams).encode()) < 28_000


# --------------------------------------------------------------------------------------------
# Hostile texts
# --------------------------------------------------------------------------------------------


def test_names_from_data_are_text_everywhere(tmp_path: Path, hook: Hook) -> None:
    evil = '<img src=x onerror=alert(1)> <!channel> @channel <http://evil|here> [x](http://evil) "&'
    table = (("Département",), (evil,))
    alert = an_alert(
        "a",
        title=f"{evil}\r\nBcc: victim@example.org\x00\u202e",
        text=evil,
        table=table,
        links=('http://l/"><script>',),
    )
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        settings = Settings(
            home=tmp_path,
            webhook_urls=[hook.url, f"teams+{hook.url}"],
            smtp_url=f"smtp://127.0.0.1:{port}",
            alert_emails=["a@example.org"],
        )
        assert len(Alerts(settings).send([alert])) == 1
    (message,) = mailbox.received
    assert message["Bcc"] is None
    assert message["Subject"].startswith("<img src=x")
    assert "Bcc: victim@example.org" in message["Subject"]
    assert not set("\r\n\x00\u202e") & set(message["Subject"])
    page = message.get_body(("html",))
    assert page is not None
    html = page.get_content()
    assert "<img" not in html
    assert "<script" not in html
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") == 3
    chat, teams = hook.taken
    for said in (chat["text"], chat["attachments"][0]["text"]):
        assert "<" not in said
        assert "@channel" not in said
        assert "](" not in said
        assert "&lt;!channel&gt;" in said
    for block in teams["attachments"][0]["content"]["body"]:
        assert "](" not in block["text"]


def test_an_address_that_injects_a_header_is_refused_and_the_others_go_on(
    tmp_path: Path, hook: Hook
) -> None:
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        settings = Settings(
            home=tmp_path,
            webhook_urls=[hook.url],
            smtp_url=f"smtp://127.0.0.1:{port}",
            alert_emails=["a@example.org\r\nBcc: victim@example.org"],
        )
        assert len(Alerts(settings).send([an_alert()])) == 1
    assert mailbox.received == []
    assert len(hook.taken) == 1
    (failed,) = lines(tmp_path, "failed")
    assert failed["channel"] == "e-mail"
    assert "\n" not in failed["error"]


# --------------------------------------------------------------------------------------------
# Once
# --------------------------------------------------------------------------------------------


def test_the_same_trouble_is_told_once_a_day_over_restarts(tmp_path: Path, hook: Hook) -> None:
    settings, clock = Settings(home=tmp_path, webhook_urls=[hook.url]), Clock()

    def send(alert: Alert) -> int:
        return len(Alerts(settings, clock=clock).send([alert]))

    assert send(an_alert("a", "31", "32")) == 1
    clock.passes(hours=23)
    assert send(an_alert("a", "31")) == 0
    assert send(an_alert("b", "31")) == 1
    assert send(an_alert("a", "31", "33")) == 1, "a département more is news"
    assert send(an_alert("a", "32", severity="error")) == 1, "so is a worse severity"
    clock.passes(hours=23)
    assert send(an_alert("a", "31", "32", "33")) == 0
    clock.passes(hours=1)
    assert send(an_alert("a", "31")) == 1, "a day later it is told again"
    assert [each["key"] for each in lines(tmp_path, "alert")] == ["a", "b", "a", "a", "a"]
    assert len(hook.taken) == 5


def test_what_was_mended_is_news_when_it_returns(tmp_path: Path) -> None:
    alerts = Alerts(Settings(home=tmp_path), clock=lambda: NOW)
    assert len(alerts.send([an_alert("a", "31", "32")])) == 1
    mended = an_alert("mended", "31", resolves={"a": ("31",)})
    assert len(alerts.send([mended, an_alert("a", "32")])) == 1
    assert len(alerts.send([an_alert("a", "31", "32")])) == 1
    assert alerts.send([an_alert("a", "31", "32")]) == []


def _send_many(home: str, url: str, gate: Any) -> None:
    alerts = Alerts(Settings(home=Path(home), webhook_urls=[url]))
    gate.wait(30)
    for number in range(8):
        alerts.send([an_alert(str(number))])


def test_two_processes_tell_each_alert_once(tmp_path: Path, hook: Hook) -> None:
    spawn = multiprocessing.get_context("spawn")
    gate = spawn.Barrier(2)
    processes = [
        spawn.Process(target=_send_many, args=(str(tmp_path), hook.url, gate)) for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert sorted(titles(hook)) == [str(number) for number in range(8)]
    assert len(lines(tmp_path, "alert")) == 8


# --------------------------------------------------------------------------------------------
# Not too many
# --------------------------------------------------------------------------------------------


def test_what_exceeds_the_hour_is_summed_up_in_one_message(tmp_path: Path, hook: Hook) -> None:
    clock = Clock()
    settings = Settings(home=tmp_path, webhook_urls=[hook.url], alerts_per_hour=3)
    many = [an_alert(f"n{number}", severity="info") for number in range(5)]
    sent = Alerts(settings, clock=clock).send([*many, an_alert("grave", severity="error")])
    assert len(sent) == 6, "those summed up have left as well"
    assert titles(hook) == ["grave", "n0", "4 autres alertes, regroupées"]
    summed = hook.taken[2]["attachments"][0]["text"]
    for number in (1, 2, 3, 4):
        assert f"• Sécheresse aggravée : n{number}\u00a0: Période" in summed
    # The hour is full: what comes waits, and is in the log file all the while.
    clock.passes(minutes=10)
    assert Alerts(settings, clock=clock).send([an_alert("late"), an_alert("later")]) == []
    assert [each["key"] for each in lines(tmp_path, "alert")][-2:] == ["late", "later"]
    clock.passes(minutes=49)
    assert Alerts(settings, clock=clock).send() == []
    clock.passes(minutes=1)
    assert len(Alerts(settings, clock=clock).send()) == 2
    assert titles(hook)[3:] == ["late", "later"]


# --------------------------------------------------------------------------------------------
# Channels that fail
# --------------------------------------------------------------------------------------------


def test_a_channel_that_fails_stops_no_other_and_is_tried_again(tmp_path: Path, hook: Hook) -> None:
    clock, mailbox = Clock(), Mailbox()
    hook.answers = [(500, {}, 0), (503, {}, 0)]
    with mail_server(mailbox) as port:
        settings = Settings(
            home=tmp_path,
            webhook_urls=[hook.url],
            smtp_url=f"smtp://127.0.0.1:{port}",
            alert_emails=["a@example.org"],
        )
        assert len(Alerts(settings, clock=clock).send([an_alert()])) == 1
        assert len(mailbox.received) == 1
        assert hook.taken == []
        (failed,) = lines(tmp_path, "failed")
        assert failed["channel"] == "webhook 1"
        assert failed["error"] == "answered 500 no_service /***/***/***"
        # At the next tick, of another process; then after a minute.
        assert Alerts(settings, clock=clock).send() == []
        assert hook.asked == 2
        clock.passes(seconds=59)
        Alerts(settings, clock=clock).send()
        assert hook.asked == 2
        clock.passes(seconds=1)
        Alerts(settings, clock=clock).send()
        assert len(hook.taken) == 1
        Alerts(settings, clock=clock).send()
        assert (hook.asked, len(hook.taken), len(mailbox.received)) == (3, 1, 1)
    assert "SECRET" not in remembered(tmp_path)


def test_a_webhook_is_left_alone_for_as_long_as_it_asks(tmp_path: Path, hook: Hook) -> None:
    clock = Clock()
    settings = Settings(home=tmp_path, webhook_urls=[hook.url])
    hook.answers = [(429, {"Retry-After": "120"}, 0)]
    assert Alerts(settings, clock=clock).send([an_alert("a"), an_alert("b")]) == []
    assert hook.asked == 1, "the second alert does not press on"
    clock.passes(seconds=119)
    assert [each.key for each in Alerts(settings, clock=clock).send()] == ["b"]
    clock.passes(seconds=1)
    assert [each.key for each in Alerts(settings, clock=clock).send()] == ["a"]


def test_a_slow_webhook_is_not_waited_for(tmp_path: Path, hook: Hook) -> None:
    settings = Settings(home=tmp_path, webhook_urls=[hook.url])
    hook.answers = [(200, {}, 1.0)]
    assert Alerts(settings, timeout_s=0.2).send([an_alert()]) == []
    assert lines(tmp_path, "failed")[0]["error"] == "no answer within 0.2 s"
    assert len(Alerts(settings, timeout_s=5).send()) == 1


def test_what_nobody_takes_for_three_days_is_given_up_and_told(tmp_path: Path) -> None:
    clock = Clock()
    settings = Settings(home=tmp_path, webhook_urls=["http://127.0.0.1:9/services/SECRETS"])
    Alerts(settings, clock=clock).send([an_alert()])
    assert lines(tmp_path, "failed")[0]["error"] == "cannot be reached"
    clock.passes(hours=73)
    Alerts(settings, clock=clock).send()
    assert [each["channel"] for each in lines(tmp_path, "given_up")] == ["webhook 1"]
    Alerts(settings, clock=clock).send()
    assert len(lines(tmp_path, "failed")) == 2
    assert "SECRET" not in remembered(tmp_path)


def test_the_log_of_alerts_is_put_aside_before_it_fills_the_disk(tmp_path: Path) -> None:
    log = Alerts(Settings(home=tmp_path)).log
    log.parent.mkdir()
    log.write_bytes(b"{}\n" * (logs.MAX_BYTES // 3))
    Alerts(Settings(home=tmp_path)).send([an_alert()])
    assert (log.parent / "alerts.1.jsonl").stat().st_size > logs.MAX_BYTES
    Alerts(Settings(home=tmp_path)).send([an_alert(key="another")])
    assert log.stat().st_size < 10_000


@pytest.mark.parametrize(("before", "after"), [("{", "{half"), ('"told"', '"tole"'), (":", ";")])
def test_a_memory_that_is_damaged_is_put_aside(
    tmp_path: Path, hook: Hook, before: str, after: str
) -> None:
    """Cut off, or a bit of it flipped: in a name, in a time."""
    settings = Settings(home=tmp_path, webhook_urls=[hook.url])
    Alerts(settings).send([an_alert()])
    state = tmp_path / "alerts" / "state.json"
    content = state.read_text(encoding="utf-8")
    head, found, rest = content.rpartition(before)
    assert found
    damaged = after if after == "{half" else head + after + rest
    state.write_text(damaged, encoding="utf-8")
    assert len(Alerts(settings).send([an_alert()])) == 1
    assert (tmp_path / "alerts" / "state.json.damaged").read_text() == damaged


# --------------------------------------------------------------------------------------------
# The command
# --------------------------------------------------------------------------------------------


def test_the_command_says_which_channel_took_it(tmp_path: Path, hook: Hook) -> None:
    hooks = [hook.url, "http://127.0.0.1:9/services/SECRETS", "not-an-address"]
    done = subprocess.run(
        [sys.executable, "-m", "geo_pipeline", "test-alert"],
        env={"GEO_PIPELINE_HOME": str(tmp_path), "GEO_PIPELINE_WEBHOOK_URLS": json.dumps(hooks)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout.splitlines() == ["log file: taken", "webhook 1: taken"]
    assert done.stderr.splitlines() == [
        "webhook 2: cannot be reached",
        "webhook 3: its address is not one: it must be like https://host/path",
    ]
    assert hook.taken[0]["text"] == "Essai des alertes"


def test_what_an_older_version_had_not_sent_yet_is_sent(tmp_path: Path, hook: Hook) -> None:
    """It kept its texts in both languages."""
    settings = Settings(home=tmp_path, webhook_urls=[hook.url], alert_language="en")
    both = {"fr": (("Alerte",), ("sec",)), "en": (("Alert",), ("dry",))}
    waiting = {
        "kind": "drought", "key": "k", "severity": "warning", "departements": ["32"],
        "title": {"fr": "Sec", "en": "Dry"}, "text": {"fr": "Depuis hier", "en": "Since yesterday"},
        "link": "http://localhost:5006/", "table": both, "links": [], "resolves": {},
    }  # fmt: skip
    state = tmp_path / "alerts" / "state.json"
    state.parent.mkdir()
    state.write_text(json.dumps({"surplus": [waiting]}), encoding="utf-8")
    assert [alert.title for alert in Alerts(settings).send()] == ["Dry"]
    assert hook.taken[0]["attachments"][0]["text"] == "Since yesterday\n• dry: "
