"""`just demo`: a guided demonstration in French that runs by itself, in a terminal and a browser.

Real commands, in a home of its own that is removed at the end, on the embedded data: no network is
needed. Each step says what it shows, runs, and leaves time to read; Ctrl-C ends it at any point.
"""

import os
import shlex
import subprocess
import sys
import tempfile
import time
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.panel import Panel

from geo_pipeline.settings import Settings
from geo_pipeline.storage.lake import Lake
from tests.serving import ROOT, served

PLACE: Final = "31"
PERIOD: Final = "2022-08"
DAMAGED: Final = "drought_indicators"
"""The table in which a file is damaged, to be found and repaired."""

PAGES: Final = (
    (
        f"?period={PERIOD}",
        "La carte d'août 2022 : faites glisser le temps, agrandissez.",
    ),
    (f"?page=departement&departement={PLACE}&period={PERIOD}", "La Haute-Garonne, de haut en bas."),
    (f"?page=ranking&period={PERIOD}", "Le classement, et jusqu'à cinq départements comparés."),
    ("?page=trends", "Les tendances, avec ce que le hasard suffit à expliquer."),
    (
        "?page=pipeline",
        "Les données sont-elles à jour ? Ce qui est en panne, et comment réparer.",
    ),
)


class Demonstration:
    """A home, and the console in which its steps are told."""

    def __init__(self, home: Path, *, pause_s: float, by_hand: bool, browser: bool) -> None:
        self.home, self.pause_s, self.by_hand, self.browser = home, pause_s, by_hand, browser
        self.console = Console()
        self.begun_s = time.monotonic()
        self.steps = 0

    def step(self, title: str, what: str) -> None:
        """Announce a step and leave time to read."""
        self.steps += 1
        minutes, seconds = divmod(int(time.monotonic() - self.begun_s), 60)
        heading = f"{self.steps}. {title}  ({minutes}:{seconds:02})"
        self.console.print(Panel(what, title=heading, title_align="left", border_style="red"))
        self.rest()

    def rest(self) -> None:
        """Wait for the reader: for Enter, or for some seconds."""
        if self.by_hand:
            self.console.input("[dim]Entrée pour continuer[/dim] ")
        else:
            time.sleep(self.pause_s)

    def command(self, *words: str, expected: int = 0) -> None:
        """Run `geo-pipeline`, as it would be typed.

        Raises:
            SystemExit: it did not end as the demonstration says.
        """
        self.console.print(f"[bold]$ geo-pipeline {shlex.join(words)}[/bold]")
        environment = {**os.environ, "GEO_PIPELINE_HOME": str(self.home)}
        done = subprocess.run(
            [sys.executable, "-m", "geo_pipeline", *words], cwd=ROOT, env=environment, check=False
        )
        if done.returncode != expected:
            sys.exit(f"the demonstration ends here: exit code {done.returncode}, not {expected}")
        self.rest()

    def show(self, address: str, what: str) -> None:
        """Open a page in the browser, or tell its address."""
        self.console.print(f"[bold]{what}[/bold]\n  {address}")
        if self.browser:
            webbrowser.open(address)
        self.rest()


def pipeline(demo: Demonstration, codes: Sequence[str]) -> None:
    """Run the pipeline, then one département alone."""
    demo.step(
        "Toute la chaîne",
        "Observations embarquées, bilan hydrique, indices, prévisions, risque, publication,"
        " exports : une commande, une exécution Dagster, une partition par département.",
    )
    demo.command("run", *(("--departements", ",".join(codes)) if codes else ()))
    demo.step(
        "Un département seul",
        "La Haute-Garonne est refaite ; les fichiers des autres départements ne bougent pas.",
    )
    demo.command("materialize", PLACE)


def fault(demo: Demonstration) -> None:
    """Damage a file of the lake, have it named, and repair it."""
    path = Lake(Settings(home=demo.home).lake).path(DAMAGED, PLACE)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    demo.step(
        "Un fichier abîmé exprès",
        f"Un octet de {path.relative_to(demo.home)} vient d'être retourné. La publication reste"
        " lisible ; l'état nomme le fichier et la commande qui répare. Code de sortie : 1.",
    )
    demo.command("status", expected=1)
    demo.step("La réparation", "Seul ce qui est nommé est refait.")
    demo.command("run", "--resume")
    demo.command("status", "--departement", PLACE)


def alert(demo: Demonstration) -> None:
    """Send an alert and show the line of the log."""
    demo.step(
        "Une alerte",
        "Courriel, webhook ou journal : ici le journal seul, faute de réseau. Les alertes sont"
        " groupées, jamais répétées, et suivies d'un message quand c'est fini.",
    )
    demo.command("test-alert")


def documents(demo: Demonstration) -> None:
    """Export a map and a bulletin."""
    demo.step(
        "Ce qui sort",
        "Une carte en un seul fichier, qui s'ouvre sans réseau, et un bulletin.",
    )
    demo.command("export", "map", "--indicator", "combined", "--period", PERIOD)
    demo.command("export", "bulletin", "--period", PERIOD)
    exports = Settings(home=demo.home).exports
    demo.show((exports / f"combined_{PERIOD}.html").as_uri(), "La carte exportée.")


def app(demo: Demonstration) -> None:
    """Serve the app and open its pages."""
    demo.step("L'application", "Servie sur cette machine ; aucune requête ne va ailleurs.")
    with served(demo.home) as address:
        for query, what in PAGES:
            demo.show(address + query, what)


@contextmanager
def fresh_home() -> Iterator[Path]:
    """Give an empty home that is removed afterwards: each demonstration begins anew."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        yield Path(folder) / "home"


def main(
    departements: Annotated[
        str, typer.Option(help="Codes, for a short one (31,32); all of France by default.")
    ] = "",
    pause: Annotated[float, typer.Option(help="Seconds to read after each step.")] = 20.0,
    by_hand: Annotated[bool, typer.Option(help="Wait for Enter instead.")] = False,
    browser: Annotated[bool, typer.Option(help="Open pages in the browser.")] = True,
) -> None:
    """Show the pipeline, a planted fault and its repair, an alert, exports and the app.

    It lasts some ten minutes, needs no network, and works in a home of its own, removed at the
    end. Ctrl-C ends it at any point.
    """
    codes = [each for each in departements.split(",") if each]
    with fresh_home() as home:
        demo = Demonstration(home, pause_s=pause, by_hand=by_hand, browser=browser)
        try:
            pipeline(demo, codes)
            fault(demo)
            alert(demo)
            documents(demo)
            app(demo)
        except KeyboardInterrupt:
            demo.console.print("Démonstration interrompue : rien ne reste.")
            raise typer.Exit(1) from None
        demo.console.print("Fin de la démonstration : le dossier de travail est retiré.")


if __name__ == "__main__":
    typer.run(main)
