"""SQL scripts: each is what DuckDB can parse, and there for somebody who loads it."""

import duckdb

from tests.conftest import ROOT

SCRIPTS = sorted((ROOT / "geo_pipeline" / "sql").glob("*.sql"))


def test_each_script_is_sql() -> None:
    wrong = {}
    for script in SCRIPTS:
        try:
            assert duckdb.extract_statements(script.read_text(encoding="utf-8")), script
        except duckdb.Error as error:
            wrong[script.name] = str(error)
    assert not wrong


def test_each_script_is_loaded_by_name() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for room in ("geo_pipeline", "panel_app")
        for path in (ROOT / room).rglob("*.py")
    )
    assert not [script.name for script in SCRIPTS if f'"{script.stem}"' not in code]
