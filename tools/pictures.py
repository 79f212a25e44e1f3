"""`just pictures`: the pictures of the README, taken of the app and of an exported map."""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

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
    chromium = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    if chromium is None or not exported.exists():
        sys.exit("Chromium and the exports of `just run` are needed")
    with served(settings.home) as address, sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
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
        browser.close()


if __name__ == "__main__":
    main()
