"""Files of the grid over real HTTP on loopback: they are read while they come, and only once."""

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from hashlib import sha1
from pathlib import Path
from threading import Event

import pytest

from geo_pipeline.commands.live_files import GridFiles
from geo_pipeline.errors import SourceError
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.sources.http import Checksum, Http, Received
from geo_pipeline.spatial.grid import GridMeans
from geo_pipeline.spatial.grid_files import Cell
from geo_pipeline.spatial.grid_sums import Sums
from geo_pipeline.spatial.growing import Growing
from tests.cli.live_host import CELLS, FOLDER, grid
from tests.sources.file_host import FileHost

FILE = f"{FOLDER}QUOT_SIM2_2025.csv.gz"
CONTENT = grid(date(2025, 1, 1), date(2025, 12, 31))
OTHER = grid(date(2024, 3, 1), date(2024, 12, 31))


@pytest.fixture
def host() -> Iterator[FileHost]:
    server = FileHost({FILE: CONTENT})
    yield server
    server.close()


@pytest.fixture(scope="module")
def weighed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of raw data with the weights of the cells, which take a second."""
    settings = Settings(home=tmp_path_factory.mktemp("weighed"))
    Workspace(settings).providers.grid_means.weights(Cell(*CELLS["32"]))
    return settings.raw


@pytest.fixture
def workspace(weighed: Path, tmp_path: Path) -> Workspace:
    settings = Settings(home=tmp_path / "home")
    shutil.copytree(weighed, settings.raw)
    return Workspace(settings)


@pytest.fixture
def whole(weighed: Path, tmp_path: Path) -> GridMeans:
    """Return means of another home, for files that are there as a whole."""
    settings = Settings(home=tmp_path / "other")
    shutil.copytree(weighed, settings.raw)
    return Workspace(settings).providers.grid_means


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[type, int]]:
    """Note which files are summed up: of what kind, and how many bytes were there at first."""
    noted: list[tuple[type, int]] = []
    sums = GridMeans.sums

    def noting(means: GridMeans, file: Path | Growing) -> Sums:
        noted.append((type(file), file.size if isinstance(file, Growing) else -1))
        return sums(means, file)

    monkeypatch.setattr(GridMeans, "sums", noting)
    return noted


def fetched(
    files: GridFiles,
    workspace: Workspace,
    host: FileHost,
    on_bytes: Callable[[int, int | None], object] = lambda done, length: None,
    checksum: Checksum | None = None,
) -> Received:
    """Fetch the file as `geo-pipeline live` does, and read it."""

    def heard(_url: str, path: Path, done: int, length: int | None) -> None:
        files.arriving(path, done)
        on_bytes(done, length)

    raw = workspace.providers.client().raw
    with Http(raw, on_bytes=heard, backoff_s=0.001, default_rate=10_000.0) as http:
        received = http.download(host.url + FILE, source="sim2", final=True, checksum=checksum)
    files.read(received)
    return received


def kept(means: GridMeans, received: Received) -> tuple[bytes, bytes]:
    """Return what is kept of a file that has been read."""
    assert means.has(received.sha256)
    assert received.path is not None
    path = means.means(received.path, received.sha256)
    return path.read_bytes(), means.cells(received.sha256).read_bytes()


def expected(content: bytes, received: Received, whole: GridMeans) -> tuple[bytes, bytes]:
    """Return what is kept of a file with this content that is read as a whole."""
    assert received.path is not None
    path = received.path.with_name("whole")
    path.write_bytes(content)
    whole.means(path, received.sha256)
    return kept(whole, received)


def test_it_is_read_before_its_end_has_come(
    host: FileHost, workspace: Workspace, read: list[tuple[type, int]], whole: GridMeans
) -> None:
    begun = Event()

    def wait(done: int, length: int | None) -> None:
        if length is not None and 0 < done < length and not begun.is_set():
            for _ in range(1000):
                if read:
                    break
                begun.wait(0.01)
            begun.set()

    received = fetched(GridFiles(workspace), workspace, host, wait)
    ((kind, size),) = read
    assert kind is Growing
    assert size < len(CONTENT)
    means = workspace.providers.grid_means
    assert kept(means, received) == expected(CONTENT, received, whole)


@pytest.mark.parametrize("seed", range(3))
def test_cut_at_random_bytes_it_is_still_read_once(
    host: FileHost, workspace: Workspace, read: list[tuple[type, int]], whole: GridMeans, seed: int
) -> None:
    host.cuts = 6
    host._random.seed(seed)
    received = fetched(GridFiles(workspace), workspace, host)
    assert len(host.sent(FILE)) == 7
    assert [kind for kind, _ in read] == [Growing]
    assert kept(workspace.providers.grid_means, received) == expected(CONTENT, received, whole)


def test_what_an_earlier_command_left_is_read_with_the_rest(
    host: FileHost, workspace: Workspace, read: list[tuple[type, int]], whole: GridMeans
) -> None:
    host.cuts = 1
    host.on_cut = lambda server, path: server.faults.extend([(500, {})] * 9)
    stopped = GridFiles(workspace)
    with pytest.raises(SourceError, match="answered 500"):
        fetched(stopped, workspace, host)
    host.faults.clear()
    received = fetched(GridFiles(workspace), workspace, host)
    assert host.sent(FILE)[-1][1] == 206
    assert [kind for kind, _ in read] == [Growing] * 2
    assert kept(workspace.providers.grid_means, received) == expected(CONTENT, received, whole)
    for each in stopped._ahead.values():
        each.reading.give_up()  # as the end of its process does


def test_a_file_that_changes_meanwhile_is_read_as_it_is_in_the_end(
    host: FileHost, workspace: Workspace, whole: GridMeans
) -> None:
    host.cuts = 1
    host.on_cut = lambda server, path: server.files.update({path: OTHER})
    received = fetched(GridFiles(workspace), workspace, host)
    assert kept(workspace.providers.grid_means, received) == expected(OTHER, received, whole)


def test_what_a_checksum_refuses_is_not_kept(
    host: FileHost, workspace: Workspace, whole: GridMeans
) -> None:
    """Another file comes first, whole and readable, but it is not what its publisher lists."""
    right = Checksum("sha1", sha1(CONTENT, usedforsecurity=False).hexdigest())
    host.files[FILE] = OTHER

    def mend(done: int, length: int | None) -> None:
        if done == length:
            host.files[FILE] = CONTENT

    received = fetched(GridFiles(workspace), workspace, host, mend, right)
    assert len(host.sent(FILE)) == 2
    assert kept(workspace.providers.grid_means, received) == expected(CONTENT, received, whole)


def test_a_second_command_reads_nothing_again(
    host: FileHost, workspace: Workspace, read: list[tuple[type, int]]
) -> None:
    fetched(GridFiles(workspace), workspace, host)
    fetched(GridFiles(workspace), workspace, host)
    assert len(read) == 1
