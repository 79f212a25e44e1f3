"""How a fault of a provider is told: who, where, what is wrong and what to do, each for itself.

So a reader of a file that was dropped tells what is wrong without the rest, a check of the
providers tells what to do apart, and what failed for one département is told of another.
"""

from collections.abc import Sequence

from geo_pipeline.words import Message, message, plain

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
"""Messages that tell more around what is wrong, and under which name they hold that."""


def fault(who: str, where: str, what: Message, advice: Message = LATER) -> Message:
    """Return the fault of `who` (`open-meteo, département 32`) with what is at `where`."""
    return message(
        "fault.advised", fault=message("fault.of", who=who, where=where, what=what), advice=advice
    )


def told_by(told: Message, who: str) -> Message:
    """Return the fault that is `told` as one of `who`; what is no fault of a provider stays."""
    if told.key != "fault.advised":
        return told
    known = told.values["fault"]
    return fault(who, known.values["where"], known.values["what"], told.values["advice"])


def statement(told: Message) -> Message:
    """Return what is wrong, without who and where it is, in which file, and what to do."""
    while told.key in _AROUND:
        inner = told.values[_AROUND[told.key]]
        told = inner if isinstance(inner, Message) else plain(inner)
    return told


def later_or_set(setting: str, other: str | None = None) -> Message:
    """Return the advice to try again, or to set another address."""
    return message("advice.later_or_set", setting=either(setting, other))


def nothing_taken(setting: str, other: str | None = None) -> Message:
    """Return the advice where of an answer nothing was taken."""
    return message("advice.nothing_taken", advice=later_or_set(setting, other))


def either(one: str, other: str | None = None) -> Message | str:
    """Return one or the other of two names."""
    return one if other is None else message("list.or", one=one, other=other)


def neither(one: str, other: str | None = None) -> Message | str:
    """Return the one and the other of two names that are not there."""
    return one if other is None else message("list.nor", one=one, other=other)


def listed(names: Sequence[object], longest: int) -> Message | str:
    """Return names with commas between them, cut where they are too long; in words where none."""
    return ", ".join(map(str, names))[:longest] or message("list.nothing")
