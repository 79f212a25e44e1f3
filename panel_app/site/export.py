"""`python -m panel_app site`: write the site of the current publication into a folder.

All of it is written into a folder beside, which then takes the place of the last one, so that a
host never shows a half of it. The same publication gives the same bytes.
"""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from shutil import copyfileobj
from typing import Final, NamedTuple

from geo_pipeline import processes
from geo_pipeline.errors import StorageError, UsageError
from geo_pipeline.files import replacing_folder
from geo_pipeline.objects import Place
from geo_pipeline.publishing.api import files
from geo_pipeline.publishing.api.offers import NAMES
from geo_pipeline.publishing.api.service import Asked, Service
from geo_pipeline.publishing.bulletin.library import Library
from geo_pipeline.publishing.bulletin.places import places as bulletin_places
from geo_pipeline.settings import Settings
from geo_pipeline.words import LANGS
from panel_app.data.gazetteer import gazetteer
from panel_app.data.page_view import PageView
from panel_app.data.store import Publication, Store
from panel_app.drawing.landmarks import landmarks
from panel_app.pages.data.data_page import FILES
from panel_app.serving.document import script, style_sheet
from panel_app.site import texts
from panel_app.site.addresses import Addresses
from panel_app.site.documents import SCRIPT, STYLES, Documents
from panel_app.site.places import places
from panel_app.site.site_publication import SitePublication

MARK: Final = "site.json"
"""The file by which a folder is known to be a site of this command."""
MADE_BY: Final = "geo-pipeline export site"

Write = Callable[[Path], None]


@dataclass(frozen=True)
class Site:
    """What the site is made of: the same in each process that makes a part of it."""

    warehouse: Place
    embedded_data: Path
    indicators: tuple[str, ...] = ()
    """Those that it shows; all where empty."""


@lru_cache(maxsize=1)
def _publication(site: Site) -> Publication:
    """Return the publication, as far as the site shows it.

    Raises:
        UsageError: an indicator is not published.
        NotPublishedError: nothing has been published yet.
        StorageError: the publication cannot be read.
    """
    publication = Store(site.warehouse, SitePublication).publication()
    known = publication.indicators
    if unknown := [each for each in site.indicators if each not in known]:
        raise UsageError(
            f"no indicator {', '.join(unknown)} is published; there are: {', '.join(known)}"
        )
    chosen = site.indicators or known
    publication.indicators = tuple(each for each in known if each in chosen)
    return publication


class Piece(NamedTuple):
    """A piece of work, which writes some files: `maps` of `spi_3.fr`, `pages` of `index.html`."""

    part: str
    name: str


def export(
    settings: Settings,
    target: Path,
    indicators: Sequence[str] = (),
    *,
    at_once: int | None = None,
    some: Callable[[list[Piece]], list[Piece]] = lambda pieces: pieces,
    told: Callable[[Piece, int], None] = lambda piece, of: None,
) -> tuple[int, int]:
    """Write the site; return how many files it has, and their bytes.

    `indicators` are those that it shows, all by default. It works in `at_once` processes, one for
    each core by default. `some` may leave out pieces of the work,
    and `told` gets each that is done, with how many there are.

    Raises:
        UsageError: `target` is something else than a site of this command, or an indicator is not
            published.
        NotPublishedError: nothing has been published yet.
        StorageError: the publication cannot be read, or the folder cannot be written.
    """
    target = target.resolve()
    refuse_others(target)
    site = Site(settings.warehouse, settings.embedded_data, tuple(indicators))
    mark = {"made_by": MADE_BY, "publication": _publication(site).edition.short}
    pieces = some([Piece(part, name) for part, names in _parts(site).items() for name in names])
    with replacing_folder(target) as folder:
        count = at_once or os.cpu_count() or 1
        for piece in processes.mapped(partial(_write_piece, site, folder), pieces, count):
            told(piece, len(pieces))
        _put(folder, MARK, json.dumps(mark) + "\n")
        sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)


def _write_piece(site: Site, folder: Path, piece: Piece) -> Piece:
    """Write a piece of the site, in whichever process."""
    _parts(site)[piece.part][piece.name](folder)
    return piece


def refuse_others(target: Path) -> None:
    """Refuse to replace what this command has not written.

    Raises:
        UsageError: `target` is a file, or a folder with other content.
    """
    if not target.exists():
        return
    if not target.is_dir() or (any(target.iterdir()) and not _is_ours(target)):
        raise UsageError(
            f"{target} is not a site made by this command: give --output a new or an empty folder"
        )


def _is_ours(folder: Path) -> bool:
    try:
        known = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(known, dict) and known.get("made_by") == MADE_BY


@lru_cache(maxsize=1)
def _parts(site: Site) -> dict[str, dict[str, Write]]:
    """Return the parts of the site by name, each with its pieces, which write into a folder."""
    publication = _publication(site)
    documents = {lang: Documents(publication, lang) for lang in LANGS}
    library, service = Library(site.warehouse, site.embedded_data), Service(site.warehouse)
    return {
        "frame": {"all": partial(_frame, site)},
        "maps": {
            f"{key}.{lang}": partial(_indicator, told.view(indicator=key), told.addresses)
            for key in publication.indicators
            for lang, told in documents.items()
        },
        "pages": {
            name: partial(_write, name, make)
            for told in documents.values()
            for name, make in told.pages()
        },
        "choices": {
            name: partial(_write, name, make)
            for told in documents.values()
            for name, make in told.variants()
        },
        "bulletins": {place: partial(_bulletins, library, place) for place in bulletin_places()},
        "data": {path: partial(_file, service, path) for path in _whole_files(publication)},
    }


def _frame(site: Site, folder: Path) -> None:
    """Write what all pages share."""
    answers = Path(__file__).with_name("answers.js").read_text(encoding="utf-8")
    _put(folder, SCRIPT, script(answers))
    _put(folder, STYLES, style_sheet())
    known = gazetteer(site.embedded_data / "communes.parquet")
    _put(folder, "data/places.json", _json(places(known)))
    _put(folder, "data/landmarks.json", landmarks(_publication(site)))


def _write(name: str, make: Callable[[], str], folder: Path) -> None:
    """Write a page."""
    _put(folder, name, make())


def _indicator(view: PageView, addresses: Addresses, folder: Path) -> None:
    """Write the maps of an indicator in one language, and the words beside them."""
    key, lang = view.state.indicator, view.lang
    _put(folder, f"data/{key}.{lang}.json", texts.matrix(view))
    told = texts.of_indicator(view, addresses.relinked)
    _put(folder, f"data/{key}/of.{lang}.json", _json(told))
    for year, words in texts.years(view, addresses.relinked):
        _put(folder, f"data/{key}/{year}.{lang}.json", _json(words))


def _bulletins(library: Library, place: str, folder: Path) -> None:
    """Write the newest bulletins of a place."""
    for path in library.write_newest(place, folder):
        path.rename(folder / "bulletins" / path.name)
        with suppress(OSError):  # other files are there still
            path.parent.rmdir()


def _whole_files(publication: Publication) -> list[str]:
    """Return the paths of the files with a whole history, below `FILES`."""
    known = {f"indicators/{key}": files.OF_INDICATORS for key in publication.indicators}
    tables = {f"tables/{name}": files.endings(name) for name in NAMES}
    paths = [f"{path}.{each}" for path, all_ in (known | tables).items() for each in all_]
    return [path for path in paths if publication.offers(path)]


def _file(service: Service, path: str, folder: Path) -> None:
    """Write a file with a whole history.

    Raises:
        StorageError: the publication cannot be read.
    """
    answer = service.answer(Asked(f"files/{path}"))
    if answer.body is None or answer.status != 200:
        raise StorageError(f"{path} cannot be written: the publication cannot be read")
    target = folder / FILES / path
    target.parent.mkdir(parents=True, exist_ok=True)
    with answer.body, target.open("wb") as sink:
        copyfileobj(answer.body, sink)


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _put(folder: Path, name: str, text: str) -> None:
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
