"""The house: who may import whom, and that importing does no work."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What each room may know of the others, from the ground up. The modules of `GROUND` lie on the
# ground floor: everyone may use them.
GROUND = {
    "catalogue",
    "cell_schemas",
    "crops",
    "dekads",
    "errors",
    "files",
    "homes",
    "judging",
    "logs",
    "notes",
    "objects",
    "outlook_schemas",
    "places",
    "processes",
    "provenance",
    "providers",
    "publication_schemas",
    "published_tables",
    "schemas",
    "seal",
    "settings",
    "settings_reading",
    "sql",
    "stake_schemas",
    "stores",
    "table_rows",
    "table_words",
    "tables",
    "territory",
    "threads",
    "weather_variables",
    "words",
}
ALLOWED: dict[str, set[str]] = {
    "words": set(),
    "catalogue": {"crops", "errors", "words"},
    "crops": set(),
    "dekads": set(),
    "errors": {"words"},
    "files": {"errors", "objects", "stores", "words"},
    "homes": {"objects", "places", "settings_reading", "stores"},
    "judging": {"words"},
    "notes": {"errors", "files", "objects", "stores", "words"},
    "objects": {"errors", "stores", "words"},
    "provenance": set(),
    "providers": {"words"},
    "seal": {"errors", "objects", "words"},
    "sql": set(),
    "stores": {"errors", "words"},
    "stake_schemas": {"crops", "schemas"},
    "cell_schemas": {"schemas", "territory"},
    "territory": {"errors", "words"},
    "publication_schemas": {"schemas"},
    "published_tables": {"tables", "words"},
    "schemas": {"errors", "territory", "weather_variables"},
    "outlook_schemas": {"schemas", "territory"},
    "places": set(),
    "processes": {"errors", "threads", "words"},
    "settings": {"errors", "homes", "judging", "places", "settings_reading", "words"},
    "settings_reading": {"words"},
    "tables": {"schemas", "settings", "weather_variables", "words"},
    "table_rows": {"errors", "published_tables", "schemas", "tables", "words"},
    "table_words": {"words"},
    "weather_variables": set(),
    "logs": {"settings", "words"},
    "threads": set(),
    "indicators": set(),
    "outlook": GROUND | {"indicators"},
    "sources": GROUND,
    "transforms": GROUND | {"indicators", "outlook"},
    "spatial": GROUND,
    "storage": GROUND | {"spatial"},
    "vintages": GROUND | {"sources", "transforms", "spatial", "storage"},
    "drawing": set(),
    "publishing": GROUND | {"drawing", "indicators", "outlook", "spatial", "storage", "vintages"},
    "platform": GROUND | {"storage"},
    "runtime": GROUND
    | {"indicators", "outlook", "sources", "transforms", "spatial", "storage", "platform"},
    "assets": GROUND | {"sources", "transforms", "storage", "publishing", "runtime"},
    "inbox": GROUND | {"sources", "spatial", "storage", "runtime"},
    "automation": GROUND
    | {"sources", "transforms", "spatial", "storage", "publishing", "platform", "runtime", "inbox"},
    "definitions": {"settings", "tables", "runtime", "assets", "automation"},
    "commands": GROUND
    | {"indicators", "sources", "transforms", "spatial", "storage", "platform", "runtime"}
    | {"automation", "definitions", "publishing"},
    "cli": GROUND | {"storage", "platform", "automation", "commands"},
    "__main__": {"cli"},
    "__init__": set(),
}


def _imports(path: Path, package: str) -> set[str]:
    """Return the rooms of `package` that the module at `path` imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == package and len(parts) > 1:
                found.add(parts[1])
    return found


def _room(path: Path) -> str:
    return path.relative_to(ROOT / "geo_pipeline").parts[0].removesuffix(".py")


def test_every_room_is_known() -> None:
    assert {_room(path) for path in (ROOT / "geo_pipeline").rglob("*.py")} == set(ALLOWED)


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_imports_point_one_way(room: str) -> None:
    modules = [path for path in (ROOT / "geo_pipeline").rglob("*.py") if _room(path) == room]
    assert modules
    for path in modules:
        strangers = _imports(path, "geo_pipeline") - ALLOWED[room] - {room}
        assert not strangers, f"{path.relative_to(ROOT)} imports {strangers}"


def test_nobody_in_the_pipeline_knows_the_app() -> None:
    for path in (ROOT / "geo_pipeline").rglob("*.py"):
        assert not _imports(path, "panel_app"), path


APP_ALLOWED: dict[str, set[str]] = {
    "data": set(),
    "drawing": {"data"},
    "pages": {"data", "drawing"},
    "page_list": {"data", "pages"},
    "serving": {"data", "drawing", "pages", "page_list"},
    "site": {"data", "drawing", "pages", "page_list", "serving"},
    "app": {"data", "serving"},
    "__main__": {"serving", "site"},
    "__init__": set(),
}
"""What each room of the app may know of the others; `shell/` holds no Python."""


def test_each_room_of_the_app_is_known() -> None:
    rooms = {
        path.relative_to(ROOT / "panel_app").parts[0].removesuffix(".py")
        for path in (ROOT / "panel_app").rglob("*.py")
    }
    assert rooms == set(APP_ALLOWED)


@pytest.mark.parametrize("room", sorted(APP_ALLOWED))
def test_imports_of_the_app_point_one_way(room: str) -> None:
    home = ROOT / "panel_app"
    for path in [home / f"{room}.py"] if (home / f"{room}.py").is_file() else home.rglob("*.py"):
        if path.relative_to(home).parts[0].removesuffix(".py") == room:
            strangers = _imports(path, "panel_app") - APP_ALLOWED[room] - {room}
            assert not strangers, f"{path.relative_to(ROOT)} imports {strangers}"


NOT_THE_APPS = {
    "assets",
    "automation",
    "commands",
    "definitions",
    "inbox",
    "platform",
    "runtime",
    "sources",
    "transforms",
}
"""Rooms of the pipeline that pages know nothing of: neither Dagster nor what asks providers."""


def test_the_app_reads_through_its_store_and_the_publication() -> None:
    """Only its two doors read what is stored; pages know neither Dagster nor the lake."""
    for path in (ROOT / "panel_app").rglob("*.py"):
        known = _imports(path, "geo_pipeline")
        assert not known & NOT_THE_APPS, path
        if path.name not in ("store.py", "pipeline_snapshot.py"):
            assert "storage" not in known, path


def test_science_and_sources_know_neither_dagster_nor_duckdb() -> None:
    for room in ("indicators", "outlook", "sources"):
        for path in (ROOT / "geo_pipeline" / room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            assert "import dagster" not in text, path
            assert "import duckdb" not in text, path


def test_loading_the_definitions_writes_nothing_and_opens_nothing(tmp_path: Path) -> None:
    """An audit hook in a fresh process sees every file opened for writing and every socket."""
    code = """
import sys
seen = []
def watch(event, args):
    if event == "socket.connect" or event in ("os.mkdir", "os.rename"):
        seen.append((event, args))
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        seen.append((event, args))
sys.addaudithook(watch)
import geo_pipeline.definitions

assert not seen, seen[:5]
"""
    result = subprocess.run(
        [sys.executable, "-B", "-c", code],
        cwd=tmp_path,
        env={"GEO_PIPELINE_HOME": str(tmp_path / "home"), "PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert list(tmp_path.iterdir()) == []


LONGEST_LINES = 500
"""Of a module: more is split by subject."""


def test_no_module_is_too_long_to_read() -> None:
    lines = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for package in ("geo_pipeline", "panel_app")
        for path in (ROOT / package).rglob("*.py")
    }
    too_long = {path: count for path, count in lines.items() if count > LONGEST_LINES}
    assert not too_long


LONGEST_FUNCTION_LINES = 60
"""Of code: a docstring that gives shapes, units and sources does not count."""


def test_no_function_is_too_long_to_read() -> None:
    too_long = {}
    for package in ("geo_pipeline", "panel_app"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    said = ast.get_docstring(node, clean=False) or ""
                    lines = (node.end_lineno or 0) - node.lineno - said.count("\n")
                    if lines > LONGEST_FUNCTION_LINES:
                        too_long[f"{path.relative_to(ROOT)}:{node.name}"] = lines
    assert not too_long
