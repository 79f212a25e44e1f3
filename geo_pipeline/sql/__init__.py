"""SQL scripts, one file each, loaded by name."""

from importlib.resources import files


def load(name: str) -> str:
    """Return the text of `<name>.sql`."""
    return files(__name__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
