"""What a provider would be asked for: requests, what it counts them as, bytes. Nothing is asked."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, Protocol, runtime_checkable


class Demand(NamedTuple):
    """The requests to a provider that are not answered by what is kept."""

    provider: str
    host: str
    requests: int
    calls: float
    """What the provider counts them as."""
    length: int
    """Bytes of their answers, estimated."""


@runtime_checkable
class Countable(Protocol):
    """A provider whose requests can be counted before they are made."""

    def demand(self, codes: Sequence[str], since: date, until: date) -> Demand:
        """Return what the weather of `codes` takes, besides the final answers that are kept."""
        ...
