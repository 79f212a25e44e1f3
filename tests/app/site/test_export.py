"""The site of files as a folder: whole or not at all, the same twice, nobody else's."""

import html
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from geo_pipeline.errors import StorageError, UsageError
from geo_pipeline.settings import Settings
from panel_app.site.export import MARK, Piece, export

LINK = re.compile(r'(?:href|src)="([^"]+)"')


KEPT = {
    "all", "swi.fr", "index.html", "data.en.html", "departement-32.html",
    "pages/trends.swi.winter.fr.html", "32", "indicators/swi.csv", "tables/soil_outlook.parquet",
}  # fmt: skip


def some(pieces: list[Piece]) -> list[Piece]:
    """Something of each part."""
    return [each for each in pieces if each.name in KEPT]


@pytest.fixture(scope="module")
def settings(small_home: Path) -> Settings:
    return Settings(home=small_home)


@pytest.fixture(scope="module")
def made(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("host") / "some" / "site"
    count, size = export(settings, target, ["combined", "swi"], at_once=1, some=some)
    files = content(target)
    assert (len(files), sum(map(len, files.values()))) == (count, size)
    return target


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_second_export_has_the_same_bytes(settings: Settings, made: Path) -> None:
    first = content(made)
    export(settings, made, ["combined", "swi"], at_once=1, some=some)
    again = content(made)
    assert again.keys() == first.keys()
    assert [name for name in first if again[name] != first[name]] == []
    assert list(made.parent.iterdir()) == [made]


def test_links_lead_to_files_of_the_site(settings: Settings, made: Path) -> None:
    """All but those to pages, bulletins and data that `some` has left out."""
    pages = [path for path in content(made) if path.endswith(".html") and "bulletins/" not in path]
    assert {"index.html", "departement.html"} & set(pages)
    for page in pages:
        text = (made / page).read_text(encoding="utf-8")
        for link in map(html.unescape, LINK.findall(text)):
            parts = urlsplit(link)
            if parts.scheme in ("data", "https", "http"):
                continue  # an icon; sources, which are only linked to
            assert not parts.path.startswith("/"), (page, link)
            assert re.fullmatch(
                r"|#.*|site\.(js|css)|[\w-]+(\.en)?\.html"
                r"|bulletins/bulletin_\w+_2022-12-31_\w+\.(pdf|html|csv)"
                r"|api/v1/files/(indicators|tables)/\w+\.(csv|parquet)",
                unquote(parts.path),
            ), (page, link)


def test_an_interrupted_export_leaves_what_was_there(settings: Settings, made: Path) -> None:
    def failing(piece: Piece, of: int) -> None:
        assert len(list(made.parent.iterdir())) == 2  # the one beside
        raise StorageError("the disk is full")

    before = content(made)
    with pytest.raises(StorageError, match="disk is full"):
        export(
            settings, made, ["combined"], at_once=1, some=lambda pieces: pieces[:6], told=failing
        )
    assert content(made) == before
    assert list(made.parent.iterdir()) == [made]


@pytest.mark.parametrize(
    "content", ["{}", '{"made_by": "somebody"}', "not JSON"], ids=["none", "another", "damaged"]
)
def test_a_folder_of_something_else_is_not_replaced(
    settings: Settings, tmp_path: Path, content: str
) -> None:
    (tmp_path / MARK).write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match="is not a site made by this command"):
        export(settings, tmp_path)
    assert (tmp_path / MARK).read_text(encoding="utf-8") == content


def test_the_command_refuses_in_a_line(small_home: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").touch()
    command = [sys.executable, "-m", "geo_pipeline", "export", "site", "--output", str(tmp_path)]
    told = subprocess.run(
        command,
        env={**os.environ, "GEO_PIPELINE_HOME": str(small_home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 2
    assert told.stderr.startswith(f"error: {tmp_path} is not a site made by this command")
    assert told.stderr.count("\n") == 1


def test_an_indicator_that_is_not_published_is_told(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no indicator rain is published; there are: combined"):
        export(settings, tmp_path / "site", ["combined", "rain"])
    assert list(tmp_path.iterdir()) == []
