"""A file that is read while it is written is read as one that is there; nobody waits for ever."""

import random
import threading
from pathlib import Path

import pytest

from geo_pipeline.errors import SourceError
from geo_pipeline.spatial.growing import GivenUpError, Growing, ReadAhead
from geo_pipeline.words import message

CONTENT = random.Random(1).randbytes(300_000)


def everything(file: Growing) -> bytes:
    """Return the whole file, read twice, as the head and the rows of a grid are."""
    with file.open() as stream:
        first = stream.read(1000)
    with file.open() as stream:
        content = stream.read()
    assert content.startswith(first)
    return content


def write(path: Path, content: bytes, ahead: ReadAhead[bytes], pieces: int = 20) -> None:
    """Write a file in pieces of any length, none among them."""
    cuts = sorted(random.Random(pieces).choices(range(len(content)), k=pieces))
    with path.open("wb", buffering=0) as file:
        ahead.grown(path, 0)
        for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
            file.write(content[start:end])
            ahead.grown(path, end)


def readers() -> list[threading.Thread]:
    """Return the threads besides this one."""
    return [each for each in threading.enumerate() if "_work" in each.name]


@pytest.mark.parametrize("pieces", [0, 1, 7, 200])
def test_it_is_read_as_a_whole_one_though_it_is_moved_before_its_end(
    tmp_path: Path, pieces: int
) -> None:
    ahead = ReadAhead(everything)
    write(tmp_path / "part", CONTENT, ahead, pieces)
    (tmp_path / "part").rename(tmp_path / "whole")
    (tmp_path / "part").write_bytes(b"another")
    assert ahead.result() == CONTENT
    assert ahead.result() is None  # it is there once
    assert not readers()


def test_fewer_bytes_than_before_are_those_of_another_file(tmp_path: Path) -> None:
    ahead = ReadAhead(everything)
    part = tmp_path / "part"
    write(part, CONTENT[:200_000], ahead)
    part.unlink()
    other = CONTENT[::-1]
    write(part, other, ahead)
    assert ahead.result() == other
    assert not readers()


def test_a_file_of_which_nothing_had_come_may_be_another_one(tmp_path: Path) -> None:
    """A connection that is lost before the first byte leaves an empty file, which is replaced."""
    ahead = ReadAhead(everything)
    part = tmp_path / "part"
    part.touch()
    ahead.grown(part, 0)
    part.unlink()
    write(part, CONTENT, ahead)
    assert ahead.result() == CONTENT
    assert not readers()


def test_a_reader_of_what_never_comes_ends(tmp_path: Path) -> None:
    told: list[Exception] = []

    def read(file: Growing) -> bytes:
        try:
            return everything(file)
        except GivenUpError as error:
            told.append(error)
            raise

    ahead = ReadAhead(read)
    write(tmp_path / "part", CONTENT, ahead)
    ahead.give_up()
    assert len(told) == 1
    assert ahead.result() is None
    assert not readers()


def test_what_is_wrong_with_a_file_is_left_to_whoever_reads_it_whole(tmp_path: Path) -> None:
    def read(file: Growing) -> bytes:
        with file.open() as stream:
            stream.read(10)
        raise SourceError(message("grid.empty"))

    ahead = ReadAhead(read)
    write(tmp_path / "part", CONTENT, ahead)
    assert ahead.result() is None
    assert ReadAhead(everything).result() is None  # nothing has come at all
    assert not readers()
