"""Marks of runs that any machine may execute: locks in PostgreSQL, held while a process lives.

The system closes the connection of a process however it ends, and PostgreSQL then releases its
locks. So the daemon, on whatever machine, knows whether the process of a run is gone. Where the
machine itself is gone, PostgreSQL notices within a minute that nobody answers.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, Final

import psycopg2  # type: ignore[import-untyped]

CONNECT_TIMEOUT_S: Final = 10
LOOK_S: Final = 2.0
"""Time between two looks at the own connection, after which a lost one is made anew."""

_NOTICE = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"


@contextmanager
def marked(address: str, run_id: str) -> Iterator[bool]:
    """Mark a run as under way in this process; give False where another process has marked it.

    A connection that is lost, since PostgreSQL was started again, is made anew within seconds.

    Args:
        address: PostgreSQL's, as libpq takes it.
        run_id: the run.

    Raises:
        psycopg2.OperationalError: PostgreSQL does not answer.
    """
    connection = _connected(address)
    try:
        taken = _take(connection, run_id)
    except BaseException:
        connection.close()
        raise
    if not taken:
        connection.close()
        yield False
        return
    over = threading.Event()
    keeper = threading.Thread(
        target=_keep, args=(address, run_id, connection, over), name="run mark", daemon=True
    )
    keeper.start()
    try:
        yield True
    finally:
        over.set()
        keeper.join()


def is_marked(address: str, run_id: str) -> bool:
    """Return whether a process on any machine has marked a run.

    Raises:
        psycopg2.OperationalError: PostgreSQL does not answer.
    """
    with closing(_connected(address)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND classid = %s AND objid = %s AND objsubid = 2)",
            _numbers(run_id),
        )
        return bool(cursor.fetchone()[0])


def _keep(address: str, run_id: str, connection: Any, over: threading.Event) -> None:
    """Hold the mark until it is `over`."""
    while not over.wait(LOOK_S):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except psycopg2.Error:
            connection.close()
            with suppress(psycopg2.Error):
                connection = _connected(address)
                _take(connection, run_id)
    connection.close()


def _connected(address: str) -> Any:
    connection = psycopg2.connect(address, connect_timeout=CONNECT_TIMEOUT_S, options=_NOTICE)
    connection.autocommit = True
    return connection


def _take(connection: Any, run_id: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", _numbers(run_id))
        return bool(cursor.fetchone()[0])


def _numbers(run_id: str) -> tuple[int, int]:
    """Return the two numbers of the lock, of 31 bits each."""
    digest = hashlib.sha256(run_id.encode()).digest()
    first, second = (int.from_bytes(digest[at : at + 4], "big") >> 1 for at in (0, 4))
    return first, second
