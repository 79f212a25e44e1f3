"""The command that writes the site: its progress, and what it tells at the end."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from geo_pipeline.settings import Settings
from panel_app.site.export import Piece, export


def export_site(
    settings: Settings, output: Path, indicators: str, at_once: int | None = None
) -> str:
    """Write the site with its progress on a terminal; return a line on what was written.

    Raises:
        GeoPipelineError: as of `export`.
    """
    err = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeElapsedColumn(), console=err, transient=True, disable=not err.is_terminal
    ) as progress:
        task = progress.add_task("starting", total=None)

        def told(piece: Piece, of: int) -> None:
            progress.update(task, advance=1, total=of, description=piece.part)

        wanted = [each.strip() for each in indicators.split(",") if each.strip()]
        count, size = export(settings, output, wanted, at_once=at_once, told=told)
    return f"{output}: {count:,} files, {size / 1e6:,.1f} MB"
