"""The bulletin: every figure has its query, words agree, two pages, the same bytes again."""

import io
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from functools import cache
from itertools import product
from pathlib import Path

import duckdb
import pytest
from pypdf import PdfReader

from geo_pipeline.errors import StorageError, UsageError
from geo_pipeline.publishing.bulletin import issues, pdf
from geo_pipeline.publishing.bulletin.claims import Fact, Sentence
from geo_pipeline.publishing.bulletin.documents import Document
from geo_pipeline.publishing.bulletin.places import places
from geo_pipeline.publishing.bulletin.records import Records
from geo_pipeline.settings import Settings
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.territory import PLACES
from geo_pipeline.vintages.publication import KnownThen
from geo_pipeline.words import LANGS, Lang

AUGUST = date(2022, 8, 31)
SPRING = date(2022, 5, 20)
EARLY = date(2016, 7, 10)
WET = date(2021, 7, 31)
WINTER = date(2022, 12, 31)


@pytest.fixture(scope="module")
def records(published_home: Path) -> Iterator[Records]:
    with closing(Warehouse(Settings(home=published_home).warehouse)) as warehouse:
        yield Records(warehouse)


def made(records: Records, key: str, day: date, lang: Lang = "fr") -> Document:
    return issues.document(then(records, day), places()[key], day, lang)


@cache
def then(records: Records, day: date) -> Records:
    """What was known on a day: computed once for all tests."""
    return records.of(day)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


# --- every figure can be traced -----------------------------------------------------------------

TRACED = [
    *product(("FR", "R76", "R44", "32", "66"), (AUGUST, SPRING, WINTER)),
    ("2A", AUGUST),
    ("49", EARLY),
    ("51", WET),
]


@pytest.mark.parametrize(("key", "day"), TRACED)
def test_the_query_of_each_figure_returns_it(records: Records, key: str, day: date) -> None:
    """In the published warehouse, or in what was known on the day that the claim names."""
    claims = made(records, key, day).claims()
    with closing(duckdb.connect(str(records.warehouse.path), read_only=True)) as connection:
        for claim in claims.to_dict("records"):
            if claim["as_known_on"]:
                rows = known_then(records, day).resolved(claim["query"])
            else:
                rows = connection.execute(claim["query"]).fetchall()
            assert len(rows) == 1, claim
            assert same(rows[0][0], claim["value"]), (claim, rows)


@cache
def known_then(records: Records, day: date) -> KnownThen:
    known = then(records, day).warehouse
    return known if isinstance(known, KnownThen) else records.known_then(day)


def same(found: object, told: str) -> bool:
    if isinstance(found, str | date):
        return str(found) == told
    return float(found) == pytest.approx(float(told), rel=1e-6, abs=1e-9)  # type: ignore[arg-type]


CONSTANTS = {
    "since": {"10"},
    "share": set(),
    "ahead": {"4", "5"},
    "ahead.chance": set(),
    "crops.lack": {"15"},
    "then": {"80"},
    "sure": {"100"},
    "sure.range": {"8", "10"},
    "sure.reference": {"30"},
}
"""Numbers that belong to the words of a sentence: `4 chances sur 5`, an interval of 80 %."""

DATES = re.compile(
    r"\b(?:\d{1,2}-\d{1,2}|1er|1re|\d{1,2}(?:re|e)?)[ ](?:décade[ ])?(?:d'|de[ ])?"
    r"(?:jan|feb|fév|mar|avr|apr|mai|may|jui|jun|jul|aoû|aug|sep|oct|nov|déc|dec)\w*(?:[ ]\d{4})?"
    r"|\b(?:décade[ ]d'?e?[ ]?\w+[ ]\d{4})",
    re.IGNORECASE,
)


def numbers(text: str) -> set[str]:
    """The figures of a sentence, without those of dates: `932`, `0,12`, `1203400`."""
    text = re.sub(r"(?<=\d)[ \u202f,](?=\d{3}\b)", "", DATES.sub("", plain(text)))
    return set(re.findall(r"(?<![\w-])\d+(?:[.,]\d+)?", text))


def accounted(number: str, facts: tuple[Fact, ...]) -> bool:
    """Whether a fact rounds to this number."""
    wanted = float(number.replace(",", "."))
    step = 0.5 * 10.0 ** -len(number.replace(",", ".").partition(".")[2])
    for fact in facts:
        if isinstance(fact.value, int | float):
            value = abs(float(fact.value))
            room = 50.0 if value >= 10_000 else 5.0 if value >= 100 and "area" in fact.query else 0
            if abs(value - wanted) <= max(step, room) + 1e-9:
                return True
        elif number in str(fact.value):
            return True
    return False


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("key", "day"), TRACED)
def test_each_number_of_a_sentence_is_one_of_its_facts(
    records: Records, key: str, day: date, lang: Lang
) -> None:
    document = made(records, key, day, lang)
    for sentence in document.sentences:
        if sentence.id.startswith(("limits", "sources")) or not sentence.text:
            continue
        for number in numbers(sentence.text) - CONSTANTS.get(sentence.id, set()):
            assert in_sentence(number, sentence), (number, sentence)


def in_sentence(number: str, sentence: Sentence) -> bool:
    if sentence.id == "since":  # 80 jours are 8 dekads
        return accounted(number, sentence.facts) or accounted(
            str(int(number) // 10), sentence.facts
        )
    if sentence.id == "season" and re.fullmatch(r"20\d\d", number):
        return any(number in fact.query for fact in sentence.facts)
    if sentence.id in ("season", "then", "worse", "better") and not sentence.facts:
        return False
    return accounted(number, sentence.facts) or sentence.id == "season"


def test_claims_are_a_table_the_same_in_both_languages(records: Records) -> None:
    french, english = (made(records, "32", AUGUST, lang).claims() for lang in LANGS)
    assert french.equals(english)
    assert list(french.columns) == [
        "place", "period_end", "sentence", "value", "table", "key", "query", "as_known_on"
    ]  # fmt: skip
    assert set(french["as_known_on"]) == {"2022-08-31"}
    newest = made(records, "32", WINTER).claims()
    again = newest.loc[newest["as_known_on"] == "2022-12-31", "sentence"]
    assert set(again) == {"then"}
    assert set(newest["as_known_on"]) == {"", "2022-12-31"}
    title = french[french["sentence"] == "title"].iloc[0]
    assert (title["value"], title["table"]) == ("D2", "drought_indicators")
    assert title["key"] == (
        "departement = '32' AND period_end = DATE '2022-08-31' AND indicator = 'combined'"
    )


# --- words --------------------------------------------------------------------------------------

WRONG = {
    "fr": re.compile(
        r"\b(?:de le|de les|à le|à les|dans en|en le|en la|de [AEIOUÉÈÎ]\w+e? (?:est|sont)"
        r"|d' |l' |1 (?:années|départements|autres|saisons|décades|jours)"
        r"|dans la (?:Landes|Ain|Gers)|les \w+ est)\b|[{}]|\bnan\b|None|[ ]{2}|[ ][.,]|\.\.|n\. d\."
    ),
    "en": re.compile(
        r"\b(?:1 (?:years|others|seasons)|0 other|a [aeio]\w+ (?:area|issue))\b"
        r"|[{}]|\bnan\b|[ ]{2}|[ ][.,:;]|\.\.|n/a"
    ),
}
DAYS = [EARLY, WET, AUGUST]
"""With and without classes."""


@pytest.mark.parametrize(
    ("day", "lang"),
    [
        (SPRING, "fr"),
        (WINTER, "en"),
        *(
            pytest.param(*each, marks=(pytest.mark.slow, pytest.mark.drill))
            for each in product(DAYS, LANGS)
        ),
    ],
)
def test_sentences_are_right_for_every_place(records: Records, day: date, lang: Lang) -> None:
    """Of 120 places at 5 dekads: more than ten thousand sentences."""
    for key in PLACES:
        try:
            document = made(records, key, day, lang)
        except issues.NothingKnownError:
            continue
        for sentence in document.sentences:
            if not sentence.text:
                continue
            text = plain(sentence.text)
            assert not WRONG[lang].search(text), (key, sentence.id, text)
            assert text[0].isupper() or text[0].isdigit() or text[0] in "«'", (key, text)
            if sentence.id != "title":
                assert text.endswith("."), (key, sentence.id, text)


def test_of_a_short_reference_ranks_are_told(records: Records) -> None:
    """All embedded references have twelve years at most; Corse-du-Sud has values, and no class."""
    said = {key: _said(records, key, AUGUST) for key in ("31", "FR")}
    assert not re.search(r"années? sur 100", " ".join(said.values()))
    assert "le plus sec des 10 années connues à cette date" in said["31"].lower()
    assert "Pas de classe, faute d'années de référence : Corse-du-Sud." in said["FR"]
    without = re.search(r"Pas de données : ([^.]*)\.", said["FR"])
    assert without is not None
    assert "Corse-du-Sud" not in without[1]


def test_in_october_nothing_stands(records: Records) -> None:
    told = _said(records, "FR", date(2022, 10, 10))
    assert "aucune des cultures dont la surface est connue n'est sur pied" in told


def _said(records: Records, key: str, day: date) -> str:
    return " ".join(plain(each.text) for each in made(records, key, day).sentences)


def test_known_sentences(records: Records) -> None:
    """August 2022 in the Gers, as the map of then showed it; December in France, as it is now."""
    gers = {each.id: plain(each.text) for each in made(records, "32", AUGUST).sentences}
    assert gers["title"] == "Sécheresse grave dans le Gers"
    assert gers["rank"].startswith("Le plus sec des 11 années connues à cette date")
    assert gers["since"] == (
        "En sécheresse depuis la 2e décade de juin 2022, soit 80 jours (8 décades)."
    )
    france = {each.id: plain(each.text) for each in made(records, "FR", WINTER, "en").sentences}
    assert france["title"] == (
        "12 départements of 92 are in drought, 1 of them in extreme or exceptional drought"
    )


# --- documents ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "day", "lang"),
    [("FR", AUGUST, "fr"), ("FR", SPRING, "en"), ("R76", AUGUST, "en"), ("32", AUGUST, "fr"),
     ("04", SPRING, "en"), ("66", WINTER, "fr"), ("2A", AUGUST, "fr")],
)  # fmt: skip
def test_a_pdf_has_two_tagged_pages_and_the_same_bytes_again(
    records: Records, key: str, day: date, lang: Lang
) -> None:
    document = made(records, key, day, lang)
    content = pdf.pdf(document)
    assert pdf.pdf(made(records, key, day, lang)) == content
    reader = PdfReader(io.BytesIO(content))
    assert len(reader.pages) == 2
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == lang
    xmp = reader.xmp_metadata
    assert b"pdfuaid:part" in xmp.stream.get_data()  # type: ignore[union-attr]
    assert reader.metadata.title == document.subject  # type: ignore[union-attr]
    fonts = {name for page in reader.pages for name in page["/Resources"]["/Font"]}
    assert fonts
    text = plain(" ".join(page.extract_text() for page in reader.pages))
    assert plain(document.place) in text


def test_a_page_opens_without_a_network_and_names_everything_once(records: Records) -> None:
    text = issues.rendered(made(records, "R76", AUGUST), "html").decode()
    assert not re.search(r'(?:src|href)="(?!data:|#)', text)
    assert "@import" not in text
    names = re.findall(r'\bid="([^"]+)"', text)
    assert len(names) == len(set(names))
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(names)
    assert '<html lang="fr">' in text


# --- files --------------------------------------------------------------------------------------


def test_an_issue_is_written_whole_with_its_claims(records: Records, tmp_path: Path) -> None:
    written = issues.write_issue(then(records, AUGUST), places()["32"], AUGUST, LANGS, tmp_path)
    assert sorted(path.name for path in written) == [
        "bulletin_32_2022-08-31_claims.csv",
        "bulletin_32_2022-08-31_en.html",
        "bulletin_32_2022-08-31_en.pdf",
        "bulletin_32_2022-08-31_fr.html",
        "bulletin_32_2022-08-31_fr.pdf",
    ]
    before = {path: path.read_bytes() for path in written}
    issues.write_issue(then(records, AUGUST), places()["32"], AUGUST, LANGS, tmp_path)
    assert {path: path.read_bytes() for path in written} == before


def test_where_nothing_is_known_there_is_no_issue(records: Records, tmp_path: Path) -> None:
    """Of Guadeloupe and Paris there is no weather; of Corse too few years for a class."""
    left_out: list[str] = []
    written = issues.write_issues(
        then(records, AUGUST),
        [places()[key] for key in ("971", "2A", "75", "R01", "R94")],
        [AUGUST],
        LANGS,
        tmp_path,
        leave_out=lambda error: left_out.append(str(error)),
    )
    assert {path.name.split("_")[1] for path in written} == {"2A"}
    assert sorted(told.split(" on ")[0] for told in left_out) == [
        "no bulletin for Corse",
        "no bulletin for Guadeloupe",
        "no bulletin for Guadeloupe",
        "no bulletin for Paris",
    ]
    with pytest.raises(UsageError, match="no drought index is known there at that date"):
        issues.write_one(then(records, AUGUST), places()["971"], AUGUST, "fr", tmp_path / "x.pdf")
    assert not (tmp_path / "x.pdf").exists()


def test_a_shortage_of_irrigated_maize_does_not_count_irrigation(records: Records) -> None:
    """In August 2022 both kinds of maize stand in the Gers; in May only wheat stands."""
    said = {
        day: [each.text for each in made(records, "32", day).sentences if each.id == "crops.lack"]
        for day in (AUGUST, SPRING)
    }
    assert plain(said[AUGUST][0]).startswith("Sans compter l'irrigation, plus de 15 %")
    assert all(text.startswith("Plus de") for text in said[SPRING])


def test_a_missing_font_leaves_nothing(
    records: Records, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "CUTS", ("Regular", "Ultra"))
    with pytest.raises(StorageError, match="the font Source Sans Pro Ultra is missing in"):
        issues.write_issue(then(records, AUGUST), places()["32"], AUGUST, LANGS, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_half_written(records: Records) -> None:
    with pytest.raises(StorageError, match=r"No space left|cannot write"):
        issues.write_one(
            then(records, AUGUST), places()["32"], AUGUST, "fr", Path("/dev/full/x.pdf")
        )


def test_a_period_without_an_issue_is_told_in_one_line(records: Records) -> None:
    for period in ("2009-08", "2035-01-10", "2022", "2022-08-30", "August"):
        with pytest.raises(UsageError, match=r"there is one of each dekad from 2013-08-10 to 2022"):
            records.day_of(period)
    assert records.day_of("2022-08") == AUGUST
    assert records.day_of(None) == WINTER


def test_another_ending_is_told_in_one_line(records: Records, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"end its name with \.pdf or \.html"):
        issues.write_one(then(records, AUGUST), places()["32"], AUGUST, "fr", tmp_path / "x.docx")
