"""Several things at a time: in order, and no end that waits for what nobody wants."""

import threading

import pytest

from geo_pipeline.threads import mapped


def test_answers_come_in_order_and_errors_in_their_place() -> None:
    assert list(mapped(lambda n: n * n, [3, 1, 2], workers=8)) == [9, 1, 4]
    assert list(mapped(str, [], workers=2)) == []
    halves = mapped(lambda n: 4 // n, [1, 2, 0, 4], workers=2)
    assert [next(halves), next(halves)] == [4, 2]
    with pytest.raises(ZeroDivisionError):
        next(halves)


def test_nobody_waits_for_what_is_under_way_and_nothing_more_is_begun() -> None:
    forever, begun = threading.Event(), []

    def work(n: int) -> int:
        begun.append(n)
        if n > 0:
            forever.wait()
        return n

    some = mapped(work, range(10), workers=2)
    assert next(some) == 0
    some.close()  # as an error or a signal does
    threads = [each for each in threading.enumerate() if "work" in each.name]
    assert all(each.daemon for each in threads)
    forever.set()
    for each in threads:
        each.join()
    assert len(begun) <= 3
