"""`just pictures`: the pictures of the README, taken of the app and of an exported map."""

import sys
from pathlib import Path

from benchmarks.app import chromium
from geo_pipeline.settings import Settings
from tests.serving import ROOT, served

IMAGES = ROOT / "docs" / "images"
VIEWS = {
    "app": "?period=2022-08&departement=32",
    "departement": "?page=departement&period=2022-08&departement=32",
}


def main() -> None:
    """Photograph the app and the map of `just run`, on what is published."""
    settings = Settings()
    exported = settings.exports / "spi_3_2022-08.html"
    if not exported.exists():
        sys.exit("the exports of `just run` are needed")
    with served(settings.home) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        for name, query in VIEWS.items():
            page.goto(address + query)
            page.wait_for_selector("html[data-ready]")
            page.wait_for_timeout(1000)
            page.screenshot(path=IMAGES / f"{name}.png")
        page.goto(Path(exported).resolve().as_uri())
        page.wait_for_selector("path.departement")
        page.wait_for_timeout(1000)
        page.screenshot(path=IMAGES / "map.png")


if __name__ == "__main__":
    main()
