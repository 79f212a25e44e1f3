"""Where the project lies, its version, and where it writes unless a setting says otherwise."""

from pathlib import Path
from typing import Final

PROJECT_ROOT: Final = Path(__file__).resolve().parents[1]
"""The folder of the packages, with `assets_data` in it: a checkout, or where a wheel lies."""


EMBEDDED_DATA: Final = PROJECT_ROOT / "assets_data"
"""The boundaries, observations and parameters that ship with the project."""


def default_home() -> Path:
    """Return `data` in a checkout of the project, else the user's folder for such data."""
    if (PROJECT_ROOT / "pyproject.toml").exists():
        return PROJECT_ROOT / "data"
    from platformdirs import user_data_path

    return user_data_path("geo-pipeline", appauthor=False)


def version() -> str:
    """Return the version of the installed project, `0` where it is not installed."""
    from importlib import metadata

    try:
        return metadata.version("geo-pipeline")
    except metadata.PackageNotFoundError:
        return "0"
