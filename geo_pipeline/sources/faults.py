"""Faults of providers as messages in four parts: who, where, what is wrong, what to do.

With the parts separate, a dropped file can be refused with only what is wrong, a check of the
providers can show the advice apart, and a failure of one département can be reported for another.
"""

from collections.abc import Sequence

from geo_pipeline.words import Message, message, verbatim

LATER = message("advice.later")
LATER_OR_REPORT = message("advice.later_or_report")
FORMAT = message("advice.format")
NEWER = message("advice.newer")


_AROUND = {
    "fault.advised": "fault",
    "fault.of": "what",
    "fault.unusable": "what",
    "fault.in_file": "what",
    "fault.in_table": "what",
}
"""Messages that wrap what is wrong, with the name of the value that holds it."""


def asker(source: str, departement: str | None) -> str:
    """Return who asks, for errors: a provider, and the département if it is for one alone."""
    return source if departement is None else f"{source}, département {departement}"


def fault(who: str, where: str, what: Message, advice: Message = LATER) -> Message:
    """Return the fault of `who` (`open-meteo, département 32`) with the content at `where`."""
    return message(
        "fault.advised", fault=message("fault.of", who=who, where=where, what=what), advice=advice
    )


def told_by(told: Message, who: str) -> Message:
    """Return a fault as one of `who`; a message that is no fault of a provider is unchanged."""
    if told.key != "fault.advised":
        return told
    known = told.values["fault"]
    return fault(who, known.values["where"], known.values["what"], told.values["advice"])


def statement(told: Message) -> Message:
    """Return only what is wrong, without who, where, the file and the advice."""
    while told.key in _AROUND:
        inner = told.values[_AROUND[told.key]]
        told = inner if isinstance(inner, Message) else verbatim(inner)
    return told


def later_or_set(setting: str, other: str | None = None) -> Message:
    """Return the advice to try again, or to set another address."""
    return message("advice.later_or_set", setting=either(setting, other))


def nothing_taken(setting: str, other: str | None = None) -> Message:
    """Return the advice for an answer from which nothing could be used."""
    return message("advice.nothing_taken", advice=later_or_set(setting, other))


def either(one: str, other: str | None = None) -> Message | str:
    """Return a list of alternatives: one name or the other."""
    return one if other is None else message("list.or", one=one, other=other)


def neither(one: str, other: str | None = None) -> Message | str:
    """Return a list of absent names: the one and the other."""
    return one if other is None else message("list.nor", one=one, other=other)


def listed(names: Sequence[object], longest: int) -> Message | str:
    """Return names separated by commas, cut where too long; in words where there are none."""
    return ", ".join(map(str, names))[:longest] or message("list.nothing")
