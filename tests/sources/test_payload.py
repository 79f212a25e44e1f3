"""What providers send, opened: every fault is a clear error, nothing is invented or lost."""

import gzip
import io
import json
import logging
import math
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.errors import SourceError
from geo_pipeline.sources import delimited, payload
from geo_pipeline.sources.delimited import Column
from geo_pipeline.sources.http import Http, Received
from geo_pipeline.sources.raw import RawStore

URL = "https://object.files.data.gouv.fr/meteofrance/Q_32_RR-T-Vent.csv.gz"
SOURCE = "meteo-france, département 32"
RR = (
    "NUM_POSTE;NOM_USUEL;AAAAMMJJ;RR;QRR\n32013005;AUCH;20250101;13.2;1\n32013005;AUCH;20250102;;\n"
)
STATIONS = [
    Column("NUM_POSTE", "text"),
    Column("AAAAMMJJ", "date", date_format="%Y%m%d"),
    Column("RR", lowest=0, highest=1900),
    Column("QRR", "whole"),
]


def sent(content: bytes, url: str = URL) -> Received:
    """Return `content` as received."""
    return Received(url, 200, datetime.now(UTC), "00" * 32, content)


def zipped(**files: bytes) -> bytes:
    """Return a zip archive of `files`, `_` in their names for `.`."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return stream.getvalue()


def table(said: str, columns: list[Column] = STATIONS, **options: Any) -> pd.DataFrame:
    """Return `said` as a table."""
    return delimited.table(said, sent(said.encode()), SOURCE, columns=columns, **options)


def complains(what: str) -> Any:
    """Expect a one-line error that names source, département and URL, and says `what`."""
    return pytest.raises(SourceError, match=rf"^{SOURCE}: {re.escape(URL)} {what}; \S.*$")


# Archives


def test_a_gzip_file_is_opened() -> None:
    assert payload.unzipped(sent(gzip.compress(RR.encode())), SOURCE) == RR.encode()


def test_a_gzip_file_of_several_members_is_opened_whole() -> None:
    content = gzip.compress(b"one\n") + gzip.compress(b"two\n")
    assert payload.unzipped(sent(content), SOURCE) == b"one\ntwo\n"


def test_what_is_no_archive_is_given_as_it_is() -> None:
    """As a .csv.gz is that came with Content-Encoding gzip, which the door undid."""
    assert payload.unzipped(sent(RR.encode()), SOURCE) == RR.encode()


WHOLE = gzip.compress(RR.encode() * 500, mtime=0)


@pytest.mark.parametrize("end", [-1, -4, -8, -20, len(WHOLE) // 2, 12, 5, 2])
def test_a_truncated_gzip_file(end: int) -> None:
    with complains("sent a gzip file that ends too early"):
        payload.unzipped(sent(WHOLE[:end]), SOURCE)


def test_a_damaged_gzip_file() -> None:
    for damaged in (
        WHOLE[:20] + b"\xff\x00\xff" + WHOLE[23:],
        WHOLE[:-8] + b"\0\0\0\0" + WHOLE[-4:],  # the sum is wrong
        WHOLE[:-4] + b"\1\0\0\0",  # the length is
        WHOLE + b"rubbish",
    ):
        with complains(r"sent a damaged gzip file \(.+\)"):
            payload.unzipped(sent(damaged), SOURCE)


def test_a_zip_archive_is_opened() -> None:
    assert payload.unzipped(sent(zipped(a_csv=b"1")), SOURCE) == b"1"
    two = sent(zipped(a_csv=b"1", LISEZMOI_TXT=b"2"))
    assert payload.unzipped(two, SOURCE, member="*.csv") == b"1"
    assert payload.unzipped(two, SOURCE, member="lisezmoi.*") == b"2"
    assert payload.members(two, SOURCE) == ["a.csv", "LISEZMOI.TXT"]


def test_a_zip_archive_without_what_is_looked_for() -> None:
    two = sent(zipped(a_csv=b"1", b_csv=b"2"))
    for member, count in (("*.csv", 2), ("*.xlsx", 0), (None, 2)):
        with complains(rf"is a zip archive with {count} files.* in place of 1 \(a.csv, b.csv\)"):
            payload.unzipped(two, SOURCE, member=member)
    with complains(r"is a zip archive with 0 files in place of 1 \(nothing\)"):
        payload.unzipped(sent(zipped()), SOURCE)


def test_a_zip_archive_that_is_none_or_damaged() -> None:
    with complains("sent no zip archive where one belongs"):
        payload.unzipped(sent(b"Not found"), SOURCE, member="*.csv")
    whole = zipped(a_csv=RR.encode() * 100)
    for damaged in (whole[:-30], whole[:50], whole[:60] + b"\xff\xff\xff" + whole[63:]):
        with complains(r"sent a damaged zip archive \(.+\)"):
            payload.unzipped(sent(damaged), SOURCE)
    for damaged in (b"Not found", whole[:50]):
        with complains(r"sent a damaged zip archive \(.+\)"):
            payload.members(sent(damaged), SOURCE)


@pytest.mark.parametrize(
    "content", [gzip.compress(b"0" * 100_000, mtime=0), zipped(a_csv=b"0" * 100_000)]
)
def test_an_archive_that_expands_beyond_bounds(content: bytes) -> None:
    with complains(r"holds more than 0\.05 MB when uncompressed"):
        payload.unzipped(sent(content), SOURCE, max_bytes=50_000)


# What is no data at all


def test_json_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some hundred bytes may unpack to millions of numbers."""
    monkeypatch.setattr(payload, "MOST_JSON_BYTES", 50_000)
    bomb = gzip.compress(b"[" + b"0," * 1_000_000 + b"0]")
    with complains(r"holds more than 0\.05 MB when uncompressed"):
        payload.json(sent(bomb), SOURCE)


@pytest.mark.parametrize(
    "page",
    [
        b"<!DOCTYPE html><html><head><title>Service\n indisponible</title></head></html>",
        b"\xef\xbb\xbf\r\n <HTML><TITLE>Service indisponible</TITLE>",
        b"<?xml version='1.0'?><!-- x --><html><title>Service indisponible</title></html>",
    ],
)
@pytest.mark.parametrize("opened", [payload.unzipped, payload.text, payload.json, payload.members])
def test_html_in_place_of_data(page: bytes, opened: Any) -> None:
    with complains(r"sent HTML in place of data \(a page titled 'Service indisponible'\)"):
        opened(sent(page), SOURCE)


@pytest.mark.parametrize("opened", [payload.unzipped, payload.text, payload.json, payload.members])
@pytest.mark.parametrize("content", [b"", b" \r\n"])
def test_nothing(opened: Any, content: bytes) -> None:
    with complains("sent nothing"):
        opened(sent(content), SOURCE)


# Text


@pytest.mark.parametrize(
    "content",
    [
        "Blé d'été; 1,5 €".encode(),
        "Blé d'été; 1,5 €".encode("utf-8-sig"),
        "Blé d'été; 1,5 €".encode("cp1252"),
        "Blé d'été; 1,5 €".encode("utf-16"),
        gzip.compress("Blé d'été; 1,5 €".encode("cp1252"), mtime=0),
        zipped(a_csv="Blé d'été; 1,5 €".encode("utf-8-sig")),
    ],
)
def test_text_in_any_usual_encoding(content: bytes) -> None:
    assert payload.text(sent(content), SOURCE) == "Blé d'été; 1,5 €"


def test_latin_1_beyond_windows() -> None:
    assert payload.text(sent(b"\x81\xe9"), SOURCE) == "\x81é"


def test_text_that_is_cut_or_none() -> None:
    with complains("sent text that ends inside a character"):
        payload.text(sent("Isère, Rhône, Drôme, Ardèche, Puy-de-Dô".encode()[:-1]), SOURCE)
    with complains("sent binary data in place of text"):
        payload.text(sent(b"PAR1\0\0\0"), SOURCE)
    with complains("sent damaged UTF-16 text"):
        payload.text(sent("Isère".encode("utf-16")[:-1]), SOURCE)


# JSON


def test_json_is_read() -> None:
    said = {"daily": {"precipitation_sum": [13.2, None], "département": "Gers"}}
    content = json.dumps(said, ensure_ascii=False)
    assert payload.json(sent(content.encode()), SOURCE) == said
    assert payload.json(sent(content.encode("utf-8-sig")), SOURCE) == said


@pytest.mark.parametrize("end", [-1, -3, 30, 14, 1])
def test_json_that_is_cut(end: int) -> None:
    content = b'{"daily": {"time": ["2025-01-15"], "precipitation_sum": [13.25]}}'
    with complains(r"sent (JSON that ends too early \(after \d+ characters\)|no JSON .*)"):
        payload.json(sent(content[:end]), SOURCE)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"Too many requests", r"sent no JSON \(Expecting value, line 1, column 1\)"),
        (b'{"a": 1} {"a": 2}', r"sent no JSON \(Extra data, line 1, column 10\)"),
        (b'{"a": NaN}', "sent JSON with the value NaN"),
        (b'{"a": -Infinity}', "sent JSON with the value -Infinity"),
        (b"[" * 200_000, "sent JSON that (is nested too deeply|ends too early.*)"),
    ],
)
def test_what_is_no_json(content: bytes, what: str) -> None:
    with complains(what):
        payload.json(sent(content), SOURCE)


# Tables


def test_a_table_is_typed() -> None:
    rows = table(RR)
    assert rows["NUM_POSTE"].tolist() == ["32013005", "32013005"]
    assert rows["AAAAMMJJ"].dtype == "datetime64[ns]"
    assert rows["AAAAMMJJ"].tolist() == [pd.Timestamp("2025-01-01"), pd.Timestamp("2025-01-02")]
    assert rows["RR"].dtype == np.float64
    assert rows["RR"][0] == 13.2
    assert math.isnan(rows["RR"][1])
    assert rows["QRR"].dtype == "Int64"
    assert rows["QRR"][1] is pd.NA
    assert list(rows.columns) == ["NUM_POSTE", "AAAAMMJJ", "RR", "QRR"]


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_line_ends(end: str) -> None:
    said = RR.rstrip("\n").replace("\n", end or "\n") + end
    pd.testing.assert_frame_equal(table(said), table(RR))


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1,5", 1.5), ("1.5", 1.5), (" 12 ", 12), ("1 234,5", 1234.5),
        ("1\u202f234\u00a0567", 1234567), ("-0,25", -0.25), ("+3", 3), (",5", 0.5), ("5.", 5),
        ("1e3", 1000), ("2,5E-2", 0.025), ("007", 7),
    ],
)  # fmt: skip
def test_numbers_as_they_are_written(cell: str, value: float) -> None:
    assert delimited.number(cell) == value
    assert table(f"v\n{cell}\n0\n", [Column("v")])["v"][0] == value


@pytest.mark.parametrize(
    "cell",
    [
        "nan", "NaN", "inf", "-inf", "null", "None", "NA", "x", "1,2,3", "1.234,5", "1,234.5",
        "12 34", "1 2345", "0x10", "1_000", "--1", "1-", ".", ",", "-", "1e", "12mm", "\u0663",
        "1e999", "1e9999",
    ],
)  # fmt: skip
def test_what_is_no_number_is_never_a_missing_value(cell: str) -> None:
    assert delimited.number(cell) is None
    with complains(rf"has v '{re.escape(cell)}' in line 3, which is not a number"):
        table(f"v\n1\n{cell}\n", [Column("v")])


def test_the_providers_own_marks_for_missing() -> None:
    rows = table(
        "v;n\nmq;1\n-;mq\n2,5;3\n", [Column("v"), Column("n", "whole")], missing=("mq", "-")
    )
    assert rows["v"].isna().tolist() == [True, True, False]
    assert rows["n"].tolist() == [1, pd.NA, 3]
    with complains(r"has v '' in line 2, which is not a number"):
        table("v;n\n;1\n", [Column("v")], missing=("mq",))


def test_whole_numbers_and_dates_are_what_they_say() -> None:
    with complains(r"has QRR '1\.5' in line 2, which is not a whole number"):
        table("NUM_POSTE;AAAAMMJJ;RR;QRR\n1;20250101;1;1.5\n")
    for date in ("2025111", "20250230", "2025-01-01", "202501011", "x", "99999999", "00000000"):
        with complains(rf"has AAAAMMJJ '{date}' in line 2, which is not a date"):
            table(f"NUM_POSTE;AAAAMMJJ;RR;QRR\n1;{date};1;1\n")


def test_the_line_of_an_error_counts_blank_lines_and_those_before() -> None:
    said = "Source: SAA\n\nv;w\n\n1;1\n\n\nx;2\n"
    with complains("has v 'x' in line 8, which is not a number"):
        table(said, [Column("v")], skip_lines=2)


def test_columns_that_are_missing_are_named_and_those_there() -> None:
    with complains("has no column RR, QRR; there are NUM_POSTE, AAAAMMJJ, PLUIE.*"):
        table("NUM_POSTE;AAAAMMJJ;PLUIE\n1;20250101;1\n")


def test_columns_under_another_name_or_not_needed() -> None:
    columns = [
        Column("SWI", also=("SWI_Q",)),
        Column("PE", optional=True),
        Column("n", "whole", optional=True),
    ]
    for name in ("SWI", "SWI_Q", '"SWI_Q"', " SWI "):
        rows = table(f"{name};X\n0.5;1\n", columns)
        assert rows["SWI"].tolist() == [0.5]
        assert rows["PE"].isna().all()
        assert rows["n"].isna().all()
        assert rows.dtypes.astype(str).tolist() == ["float64", "float64", "Int64"]
    with complains("has column SWI more than once"):
        table("SWI;SWI_Q\n0.5;1\n", columns)


@pytest.mark.parametrize("row", ["1;20250102;1", "1;20250102;1;1;1", "1;2025", "1"])
def test_a_line_of_another_length(row: str) -> None:
    count = row.count(";") + 1
    with complains(rf"has {count} cells in place of 4 in line 4"):
        table(f"NUM_POSTE;AAAAMMJJ;RR;QRR\n1;20250101;1;1\n\n{row}\n")
    with complains(rf"has {count} cells in place of 4 in line 4"):
        table(f"NUM_POSTE;AAAAMMJJ;RR;QRR\n1;20250101;1;1\n1;20250103;1;1\n{row}")


def test_quoted_cells() -> None:
    columns = [Column("a", "text"), Column("b")]
    rows = table('a;b\n"Auch; Gers ""32""";"1,5"\n', columns)
    assert rows.to_dict("list") == {"a": ['Auch; Gers "32"'], "b": [1.5]}
    assert table('a;b\n"Auch\nGers";1\n', columns, newlines=True)["a"][0] == "Auch\nGers"
    for newlines in (False, True):
        with complains("has a quoted cell that does not end|has 1 cells in place of 2 in line 2"):
            table('a;b\n"Auch;1\nTarbes;2\nPau;3\n', columns, newlines=newlines)
        with complains("has a quoted cell that does not end"):
            table('a;b\nAuch;"1\n2"\n3;"4\n', columns, newlines=newlines)


def test_a_table_of_names_only_has_no_rows() -> None:
    for end in ("", "\n", "\r\n\r\n"):
        rows = table(f"NUM_POSTE;AAAAMMJJ;RR;QRR{end}")
        assert len(rows) == 0
        assert rows.dtypes.astype(str).tolist() == ["object", "datetime64[ns]", "float64", "Int64"]


def test_what_is_no_table() -> None:
    with complains("sent HTML or XML in place of a table"):
        table(" <Error><Code>NoSuchKey</Code></Error>")
    with complains("sent a table without names of columns"):
        table("\n")


def test_values_out_of_range() -> None:
    with complains(r"has RR '-9999' in line 3, which is not within 0 to 1900"):
        table("NUM_POSTE;AAAAMMJJ;RR;QRR\n1;20250101;0;1\n1;20250102;-9999;1\n1;20250103;-1;1\n")
    columns = [Column("d", "date", lowest="2010-01-01", highest="2025-12-31")]
    assert len(table("d\n2010-01-01\n2025-12-31\n", columns)) == 2
    with complains(r"has d '2026-01-01' in line 2, which is not within 2010-01-01 to 2025-12-31"):
        table("d\n2026-01-01\n", columns)


def test_rows_that_are_there_twice(caplog: pytest.LogCaptureFixture) -> None:
    head = "NUM_POSTE;AAAAMMJJ;RR;QRR\n"
    key = ["NUM_POSTE", "AAAAMMJJ"]
    same = head + "1;20250101;1,5;1\n1;20250102;;\n1;20250101;1.50;1\n1;20250102;;\n"
    with caplog.at_level(logging.WARNING):
        rows = table(same, key=key)
    assert rows["RR"].fillna(-1).tolist() == [1.5, -1]
    assert rows.index.tolist() == [0, 1]
    (line,) = caplog.messages
    assert line == (
        f"{SOURCE}: {URL} has 2 rows twice, the first of them NUM_POSTE 1, AAAAMMJJ 2025-01-01; "
        "one of each is taken"
    )
    with complains("has two different rows for NUM_POSTE 1, AAAAMMJJ 2025-01-01"):
        table(head + "1;20250101;1,5;1\n1;20250101;1,6;1\n", key=key)
    with complains("has two different rows for NUM_POSTE 1, AAAAMMJJ 2025-01-01"):
        table(head + "1;20250101;1,5;1\n1;20250101;;1\n", key=key)


def test_rows_from_elsewhere_are_checked_alike() -> None:
    rows = pd.DataFrame({"date": pd.to_datetime(["2025-01-01"] * 2), "tmax_c": [1.0, 1.0]})
    received = sent(b"{}")
    assert len(delimited.unique(rows, ["date"], received, SOURCE)) == 1
    checked = delimited.within(rows, {"tmax_c": (-50, 1.0)}, ["date"], received, SOURCE)
    assert checked is rows
    with complains(r"has tmax_c 1\.0 for date 2025-01-01, not within -50 to 0\.5"):
        delimited.within(rows, {"tmax_c": (-50, 0.5)}, ["date"], received, SOURCE)


def test_a_long_table_is_read_whole() -> None:
    """Half a million cells of real size, each checked by hand arithmetic."""
    n = 100_000
    said = "d;v\n" + "".join(f"{i};{i % 1000},{i % 10}\n" for i in range(n))
    rows = table(said, [Column("d", "whole"), Column("v")], key=["d"])
    assert len(rows) == n
    expected = np.arange(n) % 1000 + (np.arange(n) % 10) / 10
    np.testing.assert_allclose(rows["v"], expected, rtol=0, atol=1e-9)


# What is of no use is not given again


def test_what_cannot_be_read_is_asked_for_anew(provider: Any, tmp_path: Path) -> None:
    page = b"<html><title>Maintenance</title></html>"
    provider.on("/a", b'{"v": 1}', etag='"1"').on("/a", page, etag='"2"', times=2)
    provider.on("/a", b'{"v": 2}', etag='"3"')
    http = Http(RawStore(tmp_path), default_rate=10_000.0)

    def ask(door: Http = http) -> Any:
        return payload.json(door.get(f"{provider.url}/a", source="s", final=True), "s")

    received = http.get(f"{provider.url}/a", source="s")
    assert payload.json(received, "s") == {"v": 1}
    for _ in range(2):
        with pytest.raises(SourceError, match="sent HTML in place of data"):
            ask()
        assert ask(Http(RawStore(tmp_path), offline=True)) == {"v": 1}
    assert ask() == {"v": 2}
    assert ask() == {"v": 2}
    assert len(provider.asked) == 4


# Real files


def test_the_official_temperatures_of_france(shared_data: Path) -> None:
    """96 départements x 1096 days of 2018-2020, as published."""
    path = shared_data / "observed" / "temperature_quotidienne_departementale_2018_2020.csv"
    columns = [
        Column("date_obs", "date"),
        Column("code_insee_departement", "text"),
        Column("departement", "text"),
        *(Column(name, lowest=-50, highest=50) for name in ("tmin", "tmax", "tmoy")),
    ]
    received = sent(path.read_bytes(), path.as_uri())
    rows = delimited.table(
        payload.text(received, "s"),
        received,
        "s",
        columns=columns,
        key=["code_insee_departement", "date_obs"],
    )
    assert len(rows) == 96 * 1096
    assert rows["code_insee_departement"].nunique() == 96
    assert rows["code_insee_departement"].eq("2A").sum() == 1096
    assert rows.iloc[0].tolist() == [
        pd.Timestamp("2020-01-01"), "43", "Haute-Loire", -5.0, 9.2, 2.1
    ]  # fmt: skip


def test_a_real_file_cut_in_its_last_row_is_an_error(shared_data: Path) -> None:
    path = shared_data / "observed" / "vigieau_arretes_head_2010_2012.csv"
    received = sent(path.read_bytes(), path.as_uri())
    said = payload.text(received, "vigieau")
    name = said.partition(",")[0].strip('"')
    with pytest.raises(SourceError, match=r"does not end|cells in place of"):
        delimited.table(
            said, received, "vigieau", columns=[Column(name, "text")], delimiter=",", newlines=True
        )
