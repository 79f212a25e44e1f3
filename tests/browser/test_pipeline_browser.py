"""The page of the pipeline in Chromium, and the figures over HTTP beside it."""

import json
import shutil
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from geo_pipeline import notes
from geo_pipeline.automation.monitoring_files import write
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.runtime.providers import attributions
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.storage.failures import Failures
from geo_pipeline.storage.findings import Finding, Findings
from geo_pipeline.storage.warehouse_building import publish
from geo_pipeline.transforms.calendar import calendar_tables
from geo_pipeline.transforms.exposure import risk_tables
from geo_pipeline.words import verbatim
from tests.browser.reader import PHONE, WIDE, Picture

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)> 503"
PLACES = "[data-map=pipeline] .land use"


@pytest.fixture(scope="module")
def home(published_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of France with a département failed, one held and one suspicious."""
    home = tmp_path_factory.mktemp("pipeline") / "home"
    shutil.copytree(published_home, home)
    settings = Settings(home=home)
    shutil.rmtree(settings.findings)  # those of the published statistics themselves
    Failures(settings.failures).add("weather_daily", "32", "open-meteo", verbatim(HOSTILE))
    for code, severity in (("29", "error"), ("67", "warning")):
        found = Finding(
            "weather_daily", code, "jump", severity, verbatim(HOSTILE), "2026-11-20T10:00:00Z"
        )
        Findings(settings.findings).replace("weather_daily", code, [found], ["jump"])
    # What is held is part of a publication: one of before the findings would be a trouble itself.
    workspace = Workspace(settings)
    publish(
        workspace.lake,
        settings.warehouse,
        attributions(),
        calendar_tables(workspace.bundled.crop_parameters()) | risk_tables(settings),
        workspace.findings.held(),
    )
    with open_instance(settings) as instance:
        write(settings, instance)
    return home


@pytest.fixture(scope="module")
def server(home: Path, serve: Any) -> Iterator[str]:
    with serve(home) as (_, address):
        yield address


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE])
def test_the_page_at_two_sizes_in_both_themes_and_languages(
    server: str,
    read: Any,
    picture: Picture,
    viewport: tuple[int, int],
    scheme: str,
    lang: str,
) -> None:
    reader = read(f"page=pipeline&lang={lang}", app=server, viewport=viewport, scheme=scheme)
    page = reader.page
    heading = page.locator("h1").inner_text()
    assert heading.startswith("2 départements")
    assert page.locator(f"{PLACES}.state-failed").count() == 1
    assert page.locator(PLACES).count() == 105
    assert page.locator("#places tbody tr:visible").count() == 101
    assert page.locator("html").get_attribute("lang") == lang
    assert page.locator("img").count() == 0
    assert reader.overflow() == []
    name = f"pipeline_troubles_{viewport[0]}_{scheme}_{lang}.png"
    picture(page, name, full_page=True)
    reader.assert_clean()


def test_sorting_filtering_and_choosing_on_the_map(server: str, read: Any) -> None:
    reader = read("page=pipeline&lang=en", app=server)
    page = reader.page
    first = page.locator("#places tbody tr:visible").first
    page.get_by_role("button", name="State", exact=True).click()
    assert first.get_attribute("data-code") == "29"
    assert page.locator("#places th[aria-sort=ascending]").inner_text().startswith("State")
    page.get_by_role("button", name="State", exact=True).click()
    assert first.get_attribute("data-state") == "empty"
    page.locator("#filter").select_option("trouble")
    assert page.locator("#places tbody tr:visible").count() == 3
    assert page.locator("#found").inner_text() == "3 départements"
    page.locator("#filter").select_option("")
    page.locator("#search").fill("cote")
    names = page.locator("#places tbody tr:visible th").all_inner_texts()
    assert sorted(names) == ["Côte-d'Or", "Côtes-d'Armor"]
    page.locator(f"{PLACES}[data-code='32']").click()
    assert page.locator("#places tr.chosen th").inner_text() == "Gers"
    assert page.locator("#search").input_value() == ""
    reader.assert_clean()


def test_the_map_page_leads_here_and_back(server: str, read: Any) -> None:
    reader = read("lang=en", app=server)
    page = reader.page
    reader.click("nav [data-page-link=pipeline]")
    page.locator(PLACES).first.wait_for()
    page.get_by_role("link", name="Français").click()
    page.wait_for_selector("html[lang=fr][data-ready]")
    assert page.locator("h1").inner_text().startswith("2 départements")
    reader.click("nav [data-page-link=map]")
    page.wait_for_selector("html[data-map-painted]")
    reader.assert_clean()


def test_another_snapshot_shows_by_itself(server: str, home: Path, read: Any) -> None:
    reader = read("page=pipeline&lang=en", app=server)
    page = reader.page
    path = home / "monitoring" / "pipeline.json"
    before = path.read_text(encoding="utf-8")
    taken = json.loads(before)
    try:
        mended = next(each for each in taken["departements"] if each["departement"] == "32")
        mended |= {"state": "fresh", "table": "weather_daily"}
        taken["troubles"] = [each for each in taken["troubles"] if each["departement"] != "32"]
        taken["made_at"] = datetime.now(UTC).isoformat(timespec="seconds")
        del taken["digest"]
        taken["digest"] = notes.digest(taken)
        path.write_text(json.dumps(taken), encoding="utf-8")
        page.locator(f"{PLACES}[data-code='32'].state-fresh").wait_for(timeout=30_000)
        assert page.locator("h1").inner_text().startswith("1 département ")
    finally:
        path.write_text(before, encoding="utf-8")
    reader.assert_clean()


def test_the_figures_are_openmetrics_over_http(server: str) -> None:
    with urllib.request.urlopen(server.replace("/app", "/metrics"), timeout=30) as answer:
        kind, text = answer.headers["Content-Type"], answer.read().decode()
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    families = {each.name: each for each in text_string_to_metric_families(text)}
    states = {
        each.labels["state"]: each.value for each in families["geo_pipeline_departements"].samples
    }
    assert (states["failed"], states["held"], states["warned"]) == (1, 1, 1)
