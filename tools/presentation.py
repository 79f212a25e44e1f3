"""`just soutenance`: the slides of the presentation, in French, with figures of what is published.

Writes docs/soutenance/soutenance.html, one file that needs no network, and soutenance.pdf. The text
is in diapositives.html beside them; figures are counted here, pictures are taken of the app.
"""

import base64
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import jinja2
import pandas as pd
from markupsafe import Markup
from playwright.sync_api import Browser

from benchmarks.app import chromium
from geo_pipeline.automation.jobs import FRANCE
from geo_pipeline.automation.monitoring import current_snapshot
from geo_pipeline.catalogue.crop_names import CROP_NAMES
from geo_pipeline.catalogue.indicators import INDICATORS
from geo_pipeline.definitions import build_definitions
from geo_pipeline.providers import EMBEDDED, PROVIDERS, Provider
from geo_pipeline.publishing.formats import format_date, format_number, format_period
from geo_pipeline.publishing.selection import select
from geo_pipeline.settings import Settings
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.tables import TABLES
from geo_pipeline.territory import CODES
from tests.serving import ROOT, served

FOLDER: Final = ROOT / "docs" / "soutenance"
WORST: Final = "2022-08"
"""The month whose map opens the presentation."""

VIEWS: Final = {
    "app": ("?period=2022-08&departement=32", 1440, 810),
    "map": ("?period=2022-08", 1100, 760),
    "departement": ("?page=departement&period=2022-08&departement=32", 1100, 900),
    "alone": ("?page=embed&period=2022-08", 760, 760),
}
KINDS: Final = {
    "weather": "météo",
    "crops": "surfaces et rendements",
    "restrictions": "restrictions d'eau",
    "boundaries": "contours",
    "groundwater": "nappes",
}
JPEG_QUALITY: Final = 82

ASKED: Final = tuple(each for each in PROVIDERS if each.name != EMBEDDED)
"""The providers that are asked over the network."""


def shown(value: float, decimals: int = 0) -> str:
    """Return a number as French readers write it."""
    return format_number(value, decimals, "fr")


def figures(settings: Settings) -> dict[str, Any]:
    """Return what the slides tell of the publication, as text.

    Raises:
        StorageError: nothing is published, or it cannot be read.
    """
    warehouse = Warehouse(settings.warehouse)
    return {
        **_drought(warehouse),
        **_models(warehouse),
        **_record(warehouse),
        **_parts(),
        **_tests(),
        "run_s": _last_run(settings),
    }


def _drought(warehouse: Warehouse) -> dict[str, str]:
    """Return how far the drought of `WORST` reached."""
    view = select(warehouse, "combined", WORST)
    areas = warehouse.table("departements").set_index("departement")["area_km2"]
    known = view.values[view.values["drought_class"].notna()]
    known = known.assign(area_km2=known["departement"].map(areas))
    dry = known["drought_class"].isin(["D1", "D2", "D3", "D4"])
    severe = dry & (known["drought_class"] != "D1")
    when = format_period(view.period_end, "month", "fr")
    return {
        "known": shown(len(known)),
        "dry": shown(dry.sum()),
        "dry_area": f"{_share_pct(known, dry)} %",
        "severe_area": f"{_share_pct(known, severe)} %",
        "worst_period": when,
        "worst_when": f"fin {when}",
    }


def _share_pct(rows: pd.DataFrame, chosen: "pd.Series[bool]") -> str:
    """Return the share of the area of `rows` that the chosen ones have."""
    return shown(100 * rows.loc[chosen, "area_km2"].sum() / rows["area_km2"].sum())


def _models(warehouse: Warehouse) -> dict[str, str]:
    """Return the crops whose yields are forecast by the model, and the skill of soil forecasts."""
    skill = warehouse.table("yield_skill")
    told = skill[skill["verdict"] == "model"]
    crops = [
        f"{CROP_NAMES[str(crop)].fr.lower()} (erreur réduite de {shown(100 * rows['skill'].min())}"
        f" à {shown(100 * rows['skill'].max())} %)"
        for crop, rows in told.groupby("crop")
    ]
    soil = warehouse.table("outlook_skill")
    next_dekad = soil[(soil["lead_dekads"] == 1) & (soil["crpss_climatology_low"] > 0)]
    low, high = (100 * next_dekad["crpss_climatology"].quantile(share) for share in (0.1, 0.9))
    return {
        "model_crops": ", ".join(crops) or "aucune culture",
        "other_crops": str(skill["crop"].nunique() - told["crop"].nunique()),
        "soil_skill": f"{shown(low)} à {shown(high)} %",
    }


def _record(warehouse: Warehouse) -> dict[str, str]:
    """Return what is published, since when and of which days."""
    published = warehouse.table("publication").loc[0, "published_at"]
    with warehouse.reading("weather_daily") as weather:
        first, last, years = weather.aggregate(
            "min(date), max(date), count(DISTINCT year(date))"
        ).fetchone() or (None, None, 0)
    with warehouse.reading("drought_indicators") as values:
        rows = len(values)
    return {
        "published": format_date(published.date(), "fr"),
        "rows": shown(rows),
        "last_day": format_date(last, "fr"),
        "record": f"{first.year} à {last.year}",
        "normal_years": str(years),
    }


def _last_run(settings: Settings) -> str:
    """Return how long the last run of all départements took, on the clock."""
    runs = current_snapshot(settings)[0]["runs"]
    whole = [each for each in runs if each["job"] == FRANCE and each["status"] == "SUCCESS"]
    return f"{shown(whole[0]['seconds'])} s" if whole else "durée non connue"


def _parts() -> dict[str, str]:
    """Return how many parts the pipeline has."""
    definitions = build_definitions()
    graph = definitions.resolve_asset_graph()
    counted = {
        "departements": len(CODES),
        "indicators": len(INDICATORS),
        "tables": len(TABLES),
        "providers": len({each.name for each in ASKED}),
        "assets": len(graph.materializable_asset_keys),
        "checks": len(graph.asset_check_keys),
        "jobs": len(list(definitions.jobs or ())),
        "schedules": len(list(definitions.schedules or ())),
        "sensors": len(list(definitions.sensors or ())),
    }
    return {name: shown(count) for name, count in counted.items()}


def _tests() -> dict[str, str]:
    """Return how many tests there are of each kind."""
    counted = {
        "fast_tests": _found("not slow", "--ignore=tests/browser"),
        "slow_tests": _found("slow", "--ignore=tests/browser"),
        "browser_tests": _found("", "tests/browser"),
    }
    counted["tests"] = sum(counted.values())
    return {name: shown(count) for name, count in counted.items()}


def _found(marker: str, *options: str) -> int:
    """Return how many tests pytest finds.

    Raises:
        ValueError: pytest does not say how many.
    """
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", marker, *options]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = re.search(r"^(\d+)(?:/\d+)? tests? (?:collected|found)", said, re.MULTILINE)
    if found is None:
        raise ValueError(f"pytest tells no number of tests: {said[-200:]}")
    return int(found[1])


def _source(each: Provider) -> dict[str, str]:
    """Return a provider as a row of the table of sources."""
    return {
        "name": each.attribution.text.fr,
        "what": KINDS[each.gives],
        "key": "oui" if each.key else "non",
        "licence": each.attribution.licence.fr,
    }


def pictures(browser: Browser, address: str) -> dict[str, str]:
    """Return pictures of the app as data URIs."""
    taken = {}
    for name, (query, width, height) in VIEWS.items():
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(address + query)
        page.wait_for_selector("html[data-ready], svg.map, path.departement", state="attached")
        page.wait_for_timeout(1000)
        image = page.screenshot(type="jpeg", quality=JPEG_QUALITY)
        taken[name] = f"data:image/jpeg;base64,{base64.b64encode(image).decode()}"
        page.close()
    return taken


def slides(told: Mapping[str, Any], images: Mapping[str, str]) -> str:
    """Return the slides as one page of HTML."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, undefined=jinja2.StrictUndefined
    )
    parts = {
        name: Markup((FOLDER / f"diapositives.{kind}").read_text(encoding="utf-8"))
        for name, kind in {"style": "css", "script": "js"}.items()
    }
    sources = [_source(each) for each in ASKED]
    template = environment.get_template("diapositives.html")
    return template.render(**told, **parts, pictures=images, sources=sources)


def main() -> None:
    """Write the slides as HTML and PDF."""
    settings = Settings()
    if not settings.warehouse.exists():
        sys.exit("nothing is published: `just run` first")
    told = figures(settings)
    target = FOLDER / "soutenance.html"
    with served(settings.home) as address, chromium() as browser:
        target.write_text(slides(told, pictures(browser, address)), encoding="utf-8")
        page = browser.new_page()
        page.goto(Path(target).as_uri())
        page.pdf(path=target.with_suffix(".pdf"), prefer_css_page_size=True, print_background=True)
    print(f"{target.relative_to(ROOT)} and .pdf: {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
