"""The standard maps and tables of each publication, made again only where they would differ.

A note beside their folder records what each was made from and the day on which that was first
published, which its page shows. A file that is missing or has changed is made again, to the same
bytes.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd
import pyarrow as pa

from geo_pipeline import notes
from geo_pipeline.errors import DamagedError, UsageError
from geo_pipeline.publishing import selection, table_files
from geo_pipeline.spatial import database
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import Lang

HANDFUL: Final[tuple[tuple[str, str | None], ...]] = (
    ("combined", None),
    ("spi_3", None),
    ("spi_3", "2022-08"),
    ("spi_6", "2011-05"),
    ("precip_anomaly_pct", "2022-07"),
    ("water_restrictions", None),
)
"""Well-known droughts, and the latest state."""

MADE_WITH: Final = (
    "folium", "branca", "jinja2", "XStatic-Leaflet", "pandas", "geopandas", "pyarrow", "shapely",
)  # fmt: skip
"""Distributions that the bytes of an export depend on, besides this one."""


class Exported(NamedTuple):
    """The standard files, and those of them that were written now."""

    files: list[Path]
    written: list[Path]


@dataclass(frozen=True)
class Kept:
    """The note on a file."""

    content: str
    """Hash of everything that it was made from."""
    published_on: str
    """The day (ISO) on which that was first published."""
    sha256: str


@dataclass(frozen=True)
class _Export:
    """A standard file; `write` gets its path and the day to show."""

    name: str
    content: str
    write: Callable[[Path, date], object]


def export_handful(warehouse: Warehouse, folder: Path, lang: Lang) -> Exported:
    """Write the maps of `HANDFUL` within the data, and tables of the latest combined class.

    Raises:
        StorageError: a file cannot be written; an older one stays.
    """
    note = folder.with_name(f"{folder.name}.json")
    known, exported = _known(note), Exported([], [])
    today: date = warehouse.query("publication_date")["published_at"].iloc[0].date()
    kept = {}
    for each in _exports(warehouse, lang):
        path, before = folder / each.name, known.get(each.name)
        is_same = before is not None and before.content == each.content
        if before is None or not is_same or _sha256(path) != before.sha256:
            day = date.fromisoformat(before.published_on) if before and is_same else today
            each.write(path, day)
            before = Kept(each.content, day.isoformat(), _sha256(path))
            exported.written.append(path)
        kept[each.name] = before
        exported.files.append(path)
    if kept != known:
        notes.write(note, {name: asdict(each) for name, each in kept.items()})
    return exported


def _exports(warehouse: Warehouse, lang: Lang) -> Iterator[_Export]:
    """Yield the standard files."""
    form = [_form(), lang]
    shapes, boundaries = warehouse.query("shapes"), warehouse.query("boundaries")
    for indicator, period in HANDFUL:
        try:
            view = selection.select(warehouse, indicator, period)
        except UsageError:
            continue  # the publication does not reach that period
        shown = _digest(*form, view)
        write = partial(_write_map, warehouse, view, lang)
        yield _Export(f"{view.name}.html", _digest(shown, shapes), write)
        if indicator == "combined":
            for ending in ("csv", "parquet", "geojson"):
                made_of = _digest(shown, *([] if ending == "csv" else [boundaries]))
                yield _Export(
                    f"{view.name}.{ending}", made_of, partial(_write_table, warehouse, view, lang)
                )


# Slow to import (folium), and not needed where nothing changed.


def _write_map(
    warehouse: Warehouse, view: selection.Selection, lang: Lang, target: Path, day: date
) -> None:
    from geo_pipeline.publishing import exports  # noqa: PLC0415

    exports.export_map(warehouse, view, lang, target, published_on=day)


def _write_table(
    warehouse: Warehouse, view: selection.Selection, lang: Lang, target: Path, _day: date
) -> None:
    table_files.export_table(warehouse, view, target, lang)


def _form() -> str:
    """Return a hash of the code that makes the files: any change of it makes them again."""
    package = Path(__file__).resolve().parents[1]
    code = sorted(path for path in package.rglob("*") if "__pycache__" not in path.parts)
    digests = [_sha256(path) for path in code if path.is_file()]
    return _digest(*digests, *(version(name) for name in MADE_WITH))


def _digest(*parts: Any) -> str:
    """Return the SHA-256 of `parts`: frames, views, and JSON values."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(_said(part)).digest())
    return whole.hexdigest()


def _said(part: Any) -> bytes:
    if isinstance(part, selection.Selection):
        told = [
            part.indicator,
            part.period_end.isoformat(),
            [asdict(each) for each in part.sources],
        ]
        return _digest(told, part.values).encode()
    if isinstance(part, pd.DataFrame):
        rows = database.as_arrow(part)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as stream:
            stream.write_table(rows)
        return bytes(sink.getvalue())
    return json.dumps(part).encode()


def _known(note: Path) -> dict[str, Kept]:
    """Return the notes; none where they cannot be read, so that all files are made again."""
    try:
        return {name: Kept(**each) for name, each in notes.read(note).items()}
    except (FileNotFoundError, DamagedError, TypeError):
        return {}


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a file; empty for a missing file."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
