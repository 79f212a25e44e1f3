"""HTTP: requests to providers and what they return. Only `door` opens a connection."""

from geo_pipeline.sources.http.attempts import AGAIN, KEPT, Checksum
from geo_pipeline.sources.http.door import Http
from geo_pipeline.sources.http.received import (
    MB,
    MOST_LEFT_OUT,
    MOST_LIST_BYTES,
    NoAnswerError,
    NotKeptError,
    Probe,
    QuotaError,
    Received,
    StatusError,
)
from geo_pipeline.sources.http.resuming import OnBytes, unheard

__all__ = [
    "AGAIN",
    "KEPT",
    "MB",
    "MOST_LEFT_OUT",
    "MOST_LIST_BYTES",
    "Checksum",
    "Http",
    "NoAnswerError",
    "NotKeptError",
    "OnBytes",
    "Probe",
    "QuotaError",
    "Received",
    "StatusError",
    "unheard",
]
