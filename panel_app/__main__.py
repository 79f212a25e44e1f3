"""`python -m panel_app`: serve the app by the settings GEO_PIPELINE_APP_*.

Exit codes: 0 ended, 1 failed, 2 misuse; errors are one line on standard error.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from bokeh.util.logconfig import basicConfig
from pydantic import ValidationError
from pydantic_settings import SettingsError

from geo_pipeline.errors import GeoPipelineError, UsageError
from geo_pipeline.settings import Settings
from geo_pipeline.settings_reading import misuse
from panel_app.serving.server import build
from panel_app.serving.signin import hashed

app = typer.Typer(help="Serve the map app.", add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    address: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 for any free one.")] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(help="A further host:port in the browser's address bar; may be repeated."),
    ] = None,
) -> None:
    """Serve until told to stop. Options take precedence over the settings of the same name."""
    if context.invoked_subcommand is not None:
        return
    given: dict[str, Any] = {"app_address": address, "app_port": port}
    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    origins = Settings(app_origins=origin or []).app_origins
    basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(message)s", force=True
    )
    server, where = build(settings, origins)
    typer.echo(f"The map app: {where}")
    server.run_until_shutdown()


@app.command()
def password() -> None:
    """Ask for a password and print its hash, for GEO_PIPELINE_APP_USERS."""
    typer.echo(hashed(typer.prompt("Password", hide_input=True, confirmation_prompt=True)))


@app.command()
def site(
    output: Annotated[Path, typer.Option(help="Folder of the site; one made before is replaced.")],
    indicators: Annotated[
        str, typer.Option(help="Only these indicators, such as combined,spi_3; default: all.")
    ] = "",
    at_once: Annotated[
        int | None, typer.Option("--processes", min=1, help="Default: one for each core.")
    ] = None,
) -> None:
    """Write the whole app as files that any web server shows (`geo-pipeline export site`)."""
    from panel_app.site import command  # noqa: PLC0415  the server needs none of it

    typer.echo(command.export_site(Settings(), output, indicators, at_once))


def main() -> None:
    """Run the command; turn errors that a user can act on into one line and an exit code."""
    try:
        app()
    except UsageError as error:
        _fail(error, code=2)
    except GeoPipelineError as error:
        _fail(error, code=1)
    except (SettingsError, ValidationError) as error:
        _fail(misuse(error, Settings), code=2)


def _fail(error: object, code: int) -> None:
    typer.echo(f"error: {' '.join(str(error).split())}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
