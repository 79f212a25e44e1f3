"""Workbooks made to harm who reads them: entities, far cells, texts that multiply."""

import io
import zipfile

import pytest

from geo_pipeline.judging import FatalFileError, Limits, judged
from geo_pipeline.sources import workbook

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
LAUGHS = (
    '<!DOCTYPE laughs [<!ENTITY l0 "ha">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)
"""A thousand million laughs: `&l9;`."""
OUTSIDE = '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
LIMITS = Limits(memory_mb=400, time_s=60.0, answer_mb=20)


def parts(rows: str = "", texts: str = "<si><t>ha</t></si>") -> dict[str, str]:
    """Return the parts of a workbook of one sheet."""
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="COP" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>'
        + (rows or '<row r="1"><c r="A1" t="s"><v>0</v></c></row>')
        + "</sheetData></worksheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{texts}</sst>',
    }


def saved(of: dict[str, str]) -> bytes:
    """Return the workbook of these parts."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in of.items():
            archive.writestr(path, text if text.startswith("<?xml") else HEAD + text)
    return content.getvalue()


def read(content: bytes) -> list[tuple[str, list[list[object]]]]:
    return [
        (title, [list(row) for row in rows]) for title, rows in workbook.sheets(content, "a.xlsx")
    ]


def test_the_workbook_without_harm_is_read() -> None:
    assert read(saved(parts())) == [("COP", [["ha"]])]


@pytest.mark.parametrize("declared", [LAUGHS, OUTSIDE], ids=["laughs", "outside"])
@pytest.mark.parametrize("path", ["xl/workbook.xml", "xl/_rels/workbook.xml.rels"])
def test_entities_are_refused_before_they_are_looked_at(path: str, declared: str) -> None:
    of = parts()
    of[path] = HEAD + declared + of[path].replace("COP", "&l9;&x;")
    with pytest.raises(ValueError, match="document type declaration"):
        read(saved(of))


@pytest.mark.parametrize("path", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
@pytest.mark.parametrize(("declared", "name"), [(LAUGHS, "l9"), (OUTSIDE, "x")])
def test_entities_elsewhere_are_never_expanded(path: str, declared: str, name: str) -> None:
    of = parts('<row r="1"><c r="A1" t="inlineStr"><is><t>here</t></is></c></row>')
    of[path] = HEAD + declared + of[path].replace("here", f"&{name};").replace("ha<", f"&{name};<")
    try:
        told = str(judged(LIMITS, read, saved(of)))
    except ValueError as error:
        told = str(error)
    assert len(told) < 500
    assert "haha" not in told


def test_a_text_in_many_cells_does_not_fill_the_memory() -> None:
    """One megabyte, named by 4,000 cells: 4 kB in the file, 4 GB when it is read."""
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 4001))
    content = saved(parts(rows, f"<si><t>{'x' * 1_000_000}</t></si>"))
    assert len(content) < 100_000
    with pytest.raises(FatalFileError) as caught:
        judged(LIMITS, read, content)
    assert caught.value.reason == "memory"
