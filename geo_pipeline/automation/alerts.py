"""Alerts: sent once, in the language of the settings, to every channel and to a log file.

Alerts that were sent are remembered under `<home>/alerts/`, so that neither a restart nor a second
process sends them again. A message that a channel did not accept waits there and is tried again at
the next call.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal
from uuid import uuid4

from filelock import FileLock

from geo_pipeline import notes
from geo_pipeline.automation.channels import (
    TIMEOUT_S,
    DeliveryError,
    Notice,
    Severity,
    channels,
    visible,
)
from geo_pipeline.errors import DamagedError, StorageError
from geo_pipeline.logs import Rotated
from geo_pipeline.settings import Settings
from geo_pipeline.words import Catalogue, Lang, Message, catalogue, message

Kind = Literal["drought", "operations"]
Rows = tuple[tuple[str, ...], ...]
Outcomes = dict[str, dict[str, Message | DeliveryError | None]]
"""What each channel answered to each message, by their identities: a remark, or the error."""

SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "error")

BUDGET_S: Final = 30.0
"""Time that one call may spend on sending: Dagster ends a sensor after 60 s."""

CLAIM: Final = timedelta(minutes=5)
"""How long other processes leave alone a message that one process is sending."""

GIVEN_UP_AFTER: Final = timedelta(hours=72)
HOUR: Final = timedelta(hours=1)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alert:
    """One alert, in the language of the settings."""

    kind: Kind
    key: str
    """Identifies a trouble: it is sent again only after `alert_repeat_hours`, or when it is worse
    or concerns more départements."""
    severity: Severity
    departements: tuple[str, ...]
    """INSEE codes; empty where the alert concerns no département."""
    title: str
    text: str
    link: str
    table: Rows = ()
    """A table of text cells, its header row first; empty by default."""
    links: tuple[str, ...] = ()
    """A link for each row below the header, where rows have one."""
    resolves: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Troubles that this alert ends, by key, with their départements: sent anew if they return."""


@dataclass(frozen=True)
class Delivery:
    """What one channel answered to a message: None, or why it did not accept it."""

    channel: str
    error: str | None


class Alerts:
    """Sends alerts as `settings` say, remembered in `folder` among those of other readers.

    `clock` returns the time, with its time zone.
    """

    def __init__(
        self,
        settings: Settings,
        folder: str = "",
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._settings, self._clock = settings, clock
        self._channels = {each.identity: each for each in channels(settings, timeout_s)}
        self._folder = settings.home / "alerts" / folder

    @property
    def log(self) -> Path:
        """The log file, one JSON object a line."""
        return self._folder / "alerts.jsonl"

    def send(self, alerts: Iterable[Alert] = ()) -> list[Alert]:
        """Send the new ones among `alerts` and what waited; return the alerts that were sent.

        An alert counts as sent once one channel accepted it, or, without any channel, once it is in
        the log file. Beyond `alerts_per_hour` messages the mildest alerts are summed up in one
        message.

        Raises:
            StorageError: the memory of alerts cannot be written; nothing is sent.
        """
        with self._memory() as memory:
            fresh = [alert for alert in alerts if self._is_news(alert, memory["told"])]
            for alert in fresh:
                self._accept(alert, memory["told"])
            memory["surplus"] += [asdict(alert) for alert in fresh]
            self._allot(memory)
            claimed = self._claim(memory)
        gone = self._deliver(claimed)
        with self._memory() as memory:
            return self._settle(memory, gone)

    def test(self) -> list[Delivery]:
        """Send a test message to each channel at once; return what each answered.

        Raises:
            StorageError: the log file cannot be written.
        """
        lang = self._settings.alert_language
        notice = _notice(_trial(self._settings), uuid4().hex, self._clock(), lang)
        with self._memory():
            self._note("test", key="test", title=notice.title, text=notice.text)
        done = [Delivery("log file", None)]
        for channel in self._channels.values():
            try:
                remark = channel.deliver(notice)
            except DeliveryError as error:
                remark = error.message
            done.append(Delivery(channel.name, None if remark is None else str(remark)))
        return done

    def _is_news(self, alert: Alert, told: dict[str, Any]) -> bool:
        known = told.get(alert.key)
        if known is None or not self._is_recent(known["at"]):
            return True
        worse = SEVERITIES.index(alert.severity) > SEVERITIES.index(known["severity"])
        return worse or not set(alert.departements) <= set(known["departements"])

    def _is_recent(self, moment: str) -> bool:
        age = self._clock() - datetime.fromisoformat(moment)
        return age < timedelta(hours=self._settings.alert_repeat_hours)

    def _accept(self, alert: Alert, told: dict[str, Any]) -> None:
        """Remember and log a new alert."""
        known = told.get(alert.key)
        before = known["departements"] if known and self._is_recent(known["at"]) else []
        told[alert.key] = {
            "at": self._clock().isoformat(),
            "severity": alert.severity,
            "departements": sorted({*before, *alert.departements}),
        }
        for key, codes in alert.resolves.items():
            left = set(told.get(key, {}).get("departements", ())) - set(codes)
            if left:
                told[key]["departements"] = sorted(left)
            else:
                told.pop(key, None)
        self._note(
            "alert",
            key=alert.key,
            kind=alert.kind,
            severity=alert.severity,
            departements=alert.departements,
            title=alert.title,
            text=alert.text,
            table=alert.table,
            link=alert.link,
        )

    def _allot(self, memory: dict[str, Any]) -> None:
        """Make messages of the alerts that wait, within the limit of the hour."""
        now = self._clock()
        memory["sent"] = [
            each for each in memory["sent"] if now - datetime.fromisoformat(each) < HOUR
        ]
        free = self._settings.alerts_per_hour - len(memory["sent"])
        lang = self._settings.alert_language
        waiting = [_alert(each, lang) for each in memory["surplus"]]
        if not waiting or free < 1:
            return
        waiting.sort(key=lambda alert: -SEVERITIES.index(alert.severity))
        single, rest = (waiting, []) if len(waiting) <= free else (waiting[: free - 1], waiting)
        rest = rest[len(single) :]
        notices = [(alert, [alert]) for alert in single]
        if rest:
            notices.append((_summary(rest, catalogue(lang)), rest))
            self._note("summed_up", keys=[alert.key for alert in rest])
        for shown, meant in notices:
            memory["sent"].append(now.isoformat())
            memory["outbox"].append(
                {
                    "identity": uuid4().hex,
                    "at": now.isoformat(),
                    "alert": asdict(shown),
                    "meant": [asdict(alert) for alert in meant],
                    "left": not self._channels,
                    "waiting": {
                        identity: {"tries": 0, "not_before": now.isoformat()}
                        for identity in self._channels
                    },
                    "claimed_until": now.isoformat(),
                }
            )
        memory["surplus"] = []

    def _claim(self, memory: dict[str, Any]) -> list[dict[str, Any]]:
        """Take the messages that are due and that no other process is sending."""
        now = self._clock()
        claimed = []
        for entry in memory["outbox"]:
            due = not entry["waiting"] or any(
                datetime.fromisoformat(each["not_before"]) <= now
                for each in entry["waiting"].values()
            )
            if due and datetime.fromisoformat(entry["claimed_until"]) <= now:
                entry["claimed_until"] = (now + CLAIM).isoformat()
                claimed.append(entry)
        return claimed

    def _deliver(self, claimed: list[dict[str, Any]]) -> Outcomes:
        """Send the claimed messages; return the remark or error by message and channel.

        A channel that failed is not tried again in this call, and none is once the time is over. A
        message that was not tried for these reasons counts no try.
        """
        begun, now = time.monotonic(), self._clock()
        outcome: Outcomes = {}
        failed: set[str] = set()
        for entry in claimed:
            said = outcome.setdefault(entry["identity"], {})
            lang = self._settings.alert_language
            at = datetime.fromisoformat(entry["at"])
            notice = _notice(_alert(entry["alert"], lang), entry["identity"], at, lang)
            for identity, state in entry["waiting"].items():
                channel = self._channels.get(identity)
                early = datetime.fromisoformat(state["not_before"]) > now
                late = time.monotonic() - begun > BUDGET_S
                if channel is None or identity in failed or early or late:
                    continue
                try:
                    said[identity] = channel.deliver(notice)
                except DeliveryError as error:
                    failed.add(identity)
                    said[identity] = error
        return outcome

    def _settle(self, memory: dict[str, Any], outcome: Outcomes) -> list[Alert]:
        """Record the outcome of a call; return the alerts that it sent."""
        now, left = self._clock(), []
        for entry in memory["outbox"]:
            if entry["identity"] not in outcome:
                continue
            entry["claimed_until"] = now.isoformat()
            first = entry["left"] and not entry["waiting"]  # no channel: the log file is enough
            for identity, said in outcome[entry["identity"]].items():
                if isinstance(said, DeliveryError):
                    self._put_off(entry, identity, said, now)
                    continue
                del entry["waiting"][identity]
                remark = {} if said is None else {"remark": str(said)}
                name = self._channels[identity].name
                self._note("sent", key=entry["alert"]["key"], channel=name, **remark)
                first = first or not entry["left"]
                entry["left"] = True
            if first:
                lang = self._settings.alert_language
                left += [_alert(each, lang) for each in entry["meant"]]
        for entry in memory["outbox"]:
            self._give_up(entry, now)
        memory["outbox"] = [entry for entry in memory["outbox"] if entry["waiting"]]
        return left

    def _put_off(
        self, entry: dict[str, Any], identity: str, error: DeliveryError, now: datetime
    ) -> None:
        """Postpone a message for a channel: to the next call, then ever longer, up to an hour."""
        state = entry["waiting"][identity]
        state["tries"] += 1
        pause_s = 0.0 if state["tries"] == 1 else min(3600.0, 60.0 * 2 ** (state["tries"] - 2))
        pause = timedelta(seconds=max(pause_s, min(error.retry_after_s, 86_400.0)))
        state["not_before"] = (now + pause).isoformat()
        channel, key = self._channels[identity].name, entry["alert"]["key"]
        self._note(
            "failed",
            key=key,
            channel=channel,
            error=str(error),
            tries=state["tries"],
            again=state["not_before"],
        )
        _log.warning("alert %s: %s did not take it: %s; it is tried again", key, channel, error)

    def _give_up(self, entry: dict[str, Any], now: datetime) -> None:
        """Drop what a channel has not accepted for days, and channels that were removed."""
        old = now - datetime.fromisoformat(entry["at"]) > GIVEN_UP_AFTER
        for identity in list(entry["waiting"]):
            channel = self._channels.get(identity)
            if channel is not None and not old:
                continue
            del entry["waiting"][identity]
            name = channel.name if channel is not None else "a channel that is no more"
            self._note("given_up", key=entry["alert"]["key"], channel=name)

    @contextmanager
    def _memory(self) -> Iterator[dict[str, Any]]:
        """Lock and read the memory of alerts, and write it back afterwards."""
        path = self._folder / "state.json"
        memory: dict[str, Any] = {"told": {}, "sent": [], "surplus": [], "outbox": []}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / ".lock"):
                if path.exists():
                    memory |= self._remembered()
                before = json.dumps(memory, ensure_ascii=False)
                yield memory
                memory["told"] = {
                    key: told for key, told in memory["told"].items() if self._is_recent(told["at"])
                }
                after = json.dumps(memory, ensure_ascii=False)
                if after != before:
                    notes.write(path, memory)
        except OSError as error:
            why = error.strerror or str(error)
            raise StorageError(message("alert.no_memory", folder=self._folder, why=why)) from error

    def _remembered(self) -> dict[str, Any]:
        """Return the content of the file; one that cannot be read is set aside."""
        path = self._folder / "state.json"
        try:
            found = notes.read(path)
        except DamagedError:
            aside = path.replace(path.with_suffix(".json.damaged"))
            _log.warning("the memory of alerts was damaged and is now %s: some may repeat", aside)
            return {}
        return found if isinstance(found, dict) else {}

    def _note(self, event: str, **content: object) -> None:
        """Add a line to the log file."""
        line = {"time": self._clock().isoformat(timespec="seconds"), "event": event} | content
        Rotated(self.log).append(json.dumps(line, ensure_ascii=False))


def digest(*parts: object) -> str:
    """Return a short hash of `parts`, for keys."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:12]


def _notice(alert: Alert, identity: str, at: datetime, lang: Lang) -> Notice:
    """Return the message of `alert`, whose texts are in `lang`."""
    return Notice(
        identity=identity,
        at=at,
        lang=lang,
        kind=alert.kind,
        severity=alert.severity,
        title=alert.title,
        text=alert.text,
        link=alert.link,
        rows=alert.table,
        links=alert.links,
    )


def _alert(stored: dict[str, Any], lang: Lang) -> Alert:
    """Return an alert from JSON; older versions kept its texts in both languages."""
    texts = {name: stored[name] for name in ("title", "text", "table")}
    texts = {
        name: text.get(lang, ()) if isinstance(text, dict) else text for name, text in texts.items()
    }
    texts["table"] = tuple(tuple(row) for row in texts["table"])
    lists = {name: tuple(stored[name]) for name in ("departements", "links")}
    return Alert(**stored | lists | texts)


def _summary(alerts: list[Alert], words: Catalogue) -> Alert:
    """Return one alert that names all of `alerts`, the worst first."""
    worst = alerts[0]
    codes = sorted({code for alert in alerts for code in alert.departements})
    heads = words("alert.alert"), words("alert.detail")
    return Alert(
        kind=worst.kind,
        key=f"summary:{digest([alert.key for alert in alerts])}",
        severity=worst.severity,
        departements=tuple(codes),
        title=words("alert.summed_up", count=len(alerts)),
        text=words("alert.limit"),
        link=worst.link,
        table=(heads, *((each.title, _head(each)) for each in alerts)),
        links=tuple(alert.link for alert in alerts),
    )


def _head(alert: Alert) -> str:
    """Return the first line of the text, shortened."""
    first = next(iter(visible(alert.text).splitlines()), "")
    return first if len(first) <= 160 else f"{first[:159]}…"


def _trial(settings: Settings) -> Alert:
    words = catalogue(settings.alert_language)
    return Alert(
        kind="drought",
        key="test",
        severity="info",
        departements=(),
        title=words("alert.test"),
        text=words("alert.test_text"),
        link=settings.app_url,
    )
