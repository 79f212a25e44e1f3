"""`just docs`: the list of indicators and the page of settings, written anew from the code."""

from pathlib import Path

from geo_pipeline.catalogue.indicators import dictionary
from geo_pipeline.settings import PROJECT_ROOT, Settings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "indicators_published.md"
SETTINGS = PAGE.with_name("settings.md")
LIST = "| indicator | unit | what | in French |"


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
        default = field.default
        if isinstance(default, Path):
            default = f"`{default.relative_to(PROJECT_ROOT)}/` in the project"
        elif default in (None, "", {}):
            default = ""
        else:
            default = f"`{default}`"
        lines.append(f"| `GEO_PIPELINE_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    SETTINGS.write_text(settings_page(), encoding="utf-8")
