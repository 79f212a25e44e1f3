"""Issues as files: PDF, HTML and the table of claims, of some places at some dekads.

They lie in a folder for each dekad. All of an issue is made before any of it is written, and each
file is written whole or not at all.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import product
from pathlib import Path
from typing import Final, Literal

from geo_pipeline.errors import UsageError
from geo_pipeline.files import write_bytes
from geo_pipeline.publishing.bulletin.documents import Document, make
from geo_pipeline.publishing.bulletin.html import html
from geo_pipeline.publishing.bulletin.issue import Issue
from geo_pipeline.publishing.bulletin.pdf import pdf
from geo_pipeline.publishing.bulletin.places import Place, parse_place
from geo_pipeline.publishing.bulletin.records import Records
from geo_pipeline.threads import mapped
from geo_pipeline.words import LANGS, Lang, message


class NothingKnownError(UsageError):
    """There is no issue of a place at a dekad, because nothing is known of it then."""


Format = Literal["pdf", "html"]
AT_ONCE: Final = 2
"""Issues made at the same time."""

FORMATS: Final[tuple[Format, ...]] = ("pdf", "html")


def document(records: Records, place: Place, day: date, lang: Lang) -> Document:
    """Return the document of a place at the dekad that ends on `day`.

    Raises:
        NothingKnownError: the combined index of none of its départements is known then, or, of an
            area, no class for lack of years.
    """
    told: dict[str, object] = {"name": place.name("fr"), "day": day.isoformat()}
    years, least = records.years(place.codes, day), records.class_min_years
    if place.kind != "departement" and 0 < years < least:
        raise NothingKnownError(message("bulletin.few_years", **told, years=years, least=least))
    known = records.of(day)
    issue = Issue(known, place, day, lang)
    if not known.knows(place.codes, day) or not (issue.alone or issue.classes(day)):
        raise NothingKnownError(message("bulletin.nothing_known", **told))
    return make(issue)


def rendered(made: Document, form: Format) -> bytes:
    """Return the document in a format.

    Raises:
        StorageError: the font of the PDF is missing, or it cannot be typeset.
    """
    return pdf(made) if form == "pdf" else html(made).encode()


def name_of(place: Place, day: date, lang: Lang, form: Format) -> str:
    """Return the name of a file: `bulletin_32_2022-08-31_fr.pdf`."""
    return f"bulletin_{place.slug}_{day.isoformat()}_{lang}.{form}"


NAME: Final = re.compile(
    r"bulletin_(france|R\d\d|\d[\dAB]\d?)_(\d{4}-\d\d-\d\d)(?:_(fr|en)\.(pdf|html)|_claims\.csv)"
)
"""Names of files: a document, or the claims of both languages."""


def claims_name(place: Place, day: date) -> str:
    """Return the name of the table of claims: `bulletin_32_2022-08-31_claims.csv`."""
    return f"bulletin_{place.slug}_{day.isoformat()}_claims.csv"


def named(records: Records, name: str) -> bytes:
    """Return the content of the file with this name.

    Raises:
        UsageError: there is no such place, or no issue of that dekad or place.
        StorageError: as of `rendered`.
    """
    found = NAME.fullmatch(name)
    if found is None:
        raise UsageError(message("bulletin.no_file", name=name[:80]))
    place, day = parse_place(found[1]), records.day_of(found[2])
    lang, form = found[3], found[4]
    for known, each in product(LANGS, FORMATS):
        if (known, each) == (lang, form):
            return rendered(document(records, place, day, known), each)
    return _claims(document(records, place, day, LANGS[0]))


def _claims(made: Document) -> bytes:
    return made.claims().to_csv(index=False, lineterminator="\n").encode()


def folder_of(exports: Path, day: date) -> Path:
    """Return the folder of the issues of a dekad."""
    return exports / "bulletins" / day.isoformat()


def write_issue(
    records: Records,
    place: Place,
    day: date,
    langs: Sequence[Lang],
    exports: Path,
) -> list[Path]:
    """Write the issue of a place in some languages, and its table of claims.

    Raises:
        NothingKnownError: nothing is known of the place then.
        StorageError: a file cannot be written, or the font is missing; older files stay.
    """
    folder, content = folder_of(exports, day), {}
    for lang in langs:
        made = document(records, place, day, lang)
        for form in FORMATS:
            content[name_of(place, day, lang, form)] = rendered(made, form)
        content[claims_name(place, day)] = _claims(made)
    return [write_bytes(folder / name, each) for name, each in content.items()]


def write_issues(
    records: Records,
    places: Sequence[Place],
    days: Sequence[date],
    langs: Sequence[Lang],
    exports: Path,
    *,
    leave_out: Callable[[NothingKnownError], object],
) -> Iterator[Path]:
    """Write the issues of `places` at all `days`, and yield each file.

    Issues of which nothing is known are left out, and told to `leave_out`. The first of a dekad is
    written alone, since it reads what all have in common; Typst works beside Python, so that two
    cores are busy.

    Raises:
        StorageError: as of `write_issue`.
    """

    def write(place: Place, day: date) -> list[Path]:
        try:
            return write_issue(records, place, day, langs, exports)
        except NothingKnownError as error:
            leave_out(error)
            return []

    for day in days:
        first, *others = places
        yield from write(first, day)
        for paths in mapped(partial(write, day=day), others, AT_ONCE):
            yield from paths


def write_one(records: Records, place: Place, day: date, lang: Lang, target: Path) -> Path:
    """Write one document to `target`, in the format that its name ends with.

    Raises:
        UsageError: it ends with neither `.pdf` nor `.html`, or nothing is known of the place.
        StorageError: the file cannot be written, or the font is missing; an older one stays.
    """
    form = target.suffix.removeprefix(".")
    for each in FORMATS:
        if form == each:
            return write_bytes(target, rendered(document(records, place, day, lang), each))
    raise UsageError(message("bulletin.ending", path=target))
