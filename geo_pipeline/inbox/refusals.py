"""Refusals of dropped files: what is wrong, where, and what to do.

The readers say what is wrong. Their errors also name the provider, the place of the file and what
to do about a provider; here that is left out, and what to do with a dropped file takes its place.
"""

from geo_pipeline.judging import FatalFileError
from geo_pipeline.sources.faults import statement
from geo_pipeline.storage.inbox_files import Kind
from geo_pipeline.words import Message, message, verbatim


class RefusedError(Exception):
    """A file is refused: `told` says what is wrong, where, and what to do."""

    def __init__(self, told: Message) -> None:
        super().__init__(told)
        self.told = told


def refused(what: Message, do: Message) -> RefusedError:
    """Return the refusal of a file: what is wrong, and what to do."""
    return RefusedError(message("refusal.of", what=what, do=do))


def unknown(what: Message) -> RefusedError:
    """Return the refusal of a file of unknown kind."""
    return refused(what, message("refusal.accepted"))


def too_much(what: Message) -> RefusedError:
    """Return the refusal of an archive that holds more than is unpacked."""
    return refused(message("refusal.too_much", what=what), message("refusal.as_published"))


def stations_in_a_workbook(sheet: str) -> RefusedError:
    """Return the refusal of stations saved by a spreadsheet, which alters values as it reads
    them."""
    return refused(
        message("refusal.spreadsheet", sheet=sheet), message("refusal.one_a_departement")
    )


def fatal(error: FatalFileError) -> RefusedError:
    """Return the refusal of a file whose reader ran out of memory or time, or crashed."""
    return refused(message("refusal.fatal", what=error), message("refusal.period_alone"))


def bad(kind: Kind, error: Exception) -> RefusedError:
    """Return the refusal of a file of this kind whose reader raised `error`."""
    return refused(statement(verbatim(error)), message(f"refusal.do.{kind}"))
