"""`just docs`: the list of indicators, settings, licences, and what is handed to containers."""

import re
from pathlib import Path
from typing import Final

from geo_pipeline.catalogue.indicators import dictionary
from geo_pipeline.places import PROJECT_ROOT
from geo_pipeline.settings import Settings
from tools import materials

PAGE = Path(__file__).resolve().parents[1] / "docs" / "indicators_published.md"
SETTINGS = PAGE.with_name("settings.md")
COMPOSE = Path(__file__).resolve().parents[1] / "docker-compose.yml"
LIST = "| indicator | unit | what | in French |"

OF_THE_IMAGE: Final = {"home", "embedded_data", "app_address", "app_port"}
"""Settings that containers do not take from outside: the image and the commands fix them."""

OF_COMPOSE: Final = {"postgres_url", "postgres_password"}
"""Settings that `docker-compose.yml` gives the services of the pipeline itself."""


def page() -> str:
    """Return the page with the list as the code has it."""
    said = PAGE.read_text(encoding="utf-8").split(LIST)[0]
    return said + dictionary()


def settings_page() -> str:
    """Return the page of settings as the code has them."""
    lines = [
        "# Settings",
        "",
        "Written by `just docs` from `geo_pipeline/settings.py`. Environment variables, all "
        "optional; a command's options come before them.",
        "",
        "| variable | default | what |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, Path):
            default = f"`{default.relative_to(PROJECT_ROOT)}/` in the project"
        elif default in (None, "", {}):
            default = ""
        else:
            default = f"`{default}`"
        lines.append(f"| `GEO_PIPELINE_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def compose_file() -> str:
    """Return docker-compose.yml with the settings that the services of the pipeline take."""
    variables = "".join(
        f"    - GEO_PIPELINE_{name.upper()}\n"
        for name in Settings.model_fields
        if name not in OF_THE_IMAGE | OF_COMPOSE
        and (not name.startswith("app_") or name == "app_url")
    )
    listed = re.compile(r"(?<=\n  environment:\n)(?:    - GEO_PIPELINE_\w+\n)+")
    return listed.sub(variables, COMPOSE.read_text(encoding="utf-8"), count=1)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    SETTINGS.write_text(settings_page(), encoding="utf-8")
    COMPOSE.write_text(compose_file(), encoding="utf-8")
    materials.PAGE.write_text(materials.page(), encoding="utf-8")
