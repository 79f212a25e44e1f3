"""`geo-pipeline export`: maps, tables and bulletins as files.

Modules that are slow to import are imported by the commands that need them, as in `cli`.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from geo_pipeline.commands.terminal import err, tell_written
from geo_pipeline.errors import UsageError
from geo_pipeline.territory import parse_departements
from geo_pipeline.words import message

app = typer.Typer(help="Write maps, tables, bulletins or all of it as files.", no_args_is_help=True)


class Language(StrEnum):
    """Language of exported pages."""

    fr = "fr"
    en = "en"


class TableFormat(StrEnum):
    """Format of an exported table."""

    csv = "csv"
    geoparquet = "geoparquet"
    geojson = "geojson"
    xlsx = "xlsx"


class CsvStyle(StrEnum):
    """How CSV is written."""

    french = "french"
    international = "international"


Indicator = Annotated[str, typer.Option(help="Indicator, such as spi_3 or combined.")]
Period = Annotated[
    str | None,
    typer.Option(help="Period, such as 2022-08 (of yields 2022); default: the latest."),
]
Lang = Annotated[Language | None, typer.Option(help="Language of the page.")]
Output = Annotated[Path | None, typer.Option(help="File to write; default: in the exports folder.")]


@app.command("map")
def export_map(
    indicator: Indicator = "combined",
    period: Period = None,
    lang: Lang = None,
    output: Output = None,
) -> None:
    """Write a map as one HTML page that opens with no network."""
    from geo_pipeline.publishing import exports, selection
    from geo_pipeline.settings import read_settings
    from geo_pipeline.storage.warehouse import Warehouse

    settings = read_settings()
    warehouse = Warehouse(settings.warehouse)
    view = selection.select(warehouse, indicator, period)
    language = lang.value if lang else settings.language
    target = output or settings.exports / f"{view.name}.html"
    tell_written(exports.export_map(warehouse, view, language, target))


@app.command("table")
def export_table(
    indicator: Annotated[
        str | None, typer.Option(help="Indicator, such as spi_3; default: combined.")
    ] = None,
    period: Period = None,
    whole: Annotated[
        str | None,
        typer.Option("--table", help="A whole table instead (soil_outlook, yield_skill...)."),
    ] = None,
    departements: Annotated[
        str | None, typer.Option(help="Of a whole table: codes or names, such as 31,32.")
    ] = None,
    table_format: Annotated[
        TableFormat | None,
        typer.Option("--format", help="Default: as the name of --output ends, else csv."),
    ] = None,
    csv: Annotated[
        CsvStyle | None,
        typer.Option(
            help="Of a map's values: french (semicolons, decimal comma, byte order mark) or "
            "international (commas, decimal points); default: as --lang."
        ),
    ] = None,
    lang: Lang = None,
    output: Output = None,
) -> None:
    """Write the values behind a map as CSV, GeoParquet, GeoJSON or a workbook, or a whole table.

    Beside the values stand their unit, source and licence, and how to read the percentile: 0 is
    the driest. Numbers have three significant digits. Whole tables are those of
    docs/data_dictionary.md, as CSV (international), Parquet or a workbook (xlsx).
    """
    from geo_pipeline.publishing import selection, table_files
    from geo_pipeline.settings import read_settings
    from geo_pipeline.storage.warehouse import Warehouse

    settings = read_settings()
    warehouse = Warehouse(settings.warehouse)
    ending = table_files.TABLE_FORMATS[(table_format or TableFormat.csv).value]

    def target(name: str) -> Path:
        path = output or settings.exports / f"{name}.{ending}"
        if table_format is not None and path.suffix != f".{ending}":
            raise UsageError(message("cli.format", format=table_format, path=path, ending=ending))
        return path

    if whole is not None:
        from geo_pipeline.publishing.whole_tables import export_whole_table
        from geo_pipeline.storage.lake import Lake

        if indicator is not None or period is not None:
            raise UsageError(message("cli.table"))
        codes = parse_departements([departements]) if departements is not None else []
        lake = Lake(settings.lake)
        language = lang.value if lang else settings.language
        tell_written(
            export_whole_table(warehouse, lake, whole, target(whole), codes, lang=language)
        )
        return
    if departements is not None:
        raise UsageError(message("cli.table_only"))
    view = selection.select(warehouse, indicator or "combined", period)
    language = lang.value if lang else settings.language
    style: table_files.Style | None = csv.value if csv else None
    tell_written(table_files.export_table(warehouse, view, target(view.name), language, style))


@app.command("package")
def export_package(output: Output = None) -> None:
    """Write all published tables as one Frictionless data package (zip of CSV).

    `datapackage.json` in it has the columns with their units and ranges, sources, licences and how
    to cite.
    """
    from geo_pipeline.publishing.api import packages
    from geo_pipeline.settings import read_settings
    from geo_pipeline.storage.warehouse import Warehouse

    settings = read_settings()
    target = output or settings.exports / f"{packages.NAME}.zip"
    if target.suffix != ".zip":
        raise UsageError(message("unknown.ending", name=target.name, known=".zip"))
    tell_written(packages.write(Warehouse(settings.warehouse), target))


@app.command("bulletin")
def export_bulletin(
    place: Annotated[
        list[str] | None,
        typer.Argument(help="France, a région (R76, Occitanie) or a département (32, Gers)."),
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(help="Dekad by its last day (2022-08-31), or month; default: the latest."),
    ] = None,
    archive: Annotated[
        bool, typer.Option("--archive", help="All dekads of the record, from the first.")
    ] = False,
    everywhere: Annotated[
        bool, typer.Option("--all", help="France, all régions and all départements.")
    ] = False,
    lang: Annotated[
        Language | None, typer.Option(help="Language; default: both, of one file the setting.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="One file, .pdf or .html; default: all in the folder of the dekad."),
    ] = None,
) -> None:
    """Write the bulletin of a place: two pages as PDF and HTML, and the sources of its figures.

    Past issues are written as they would have been, from the data of days until then only. The
    table bulletin_claims beside them has for each figure the query that finds it in the published
    warehouse or, where it has a day as_known_on, in what `export known` writes.
    """
    from geo_pipeline.publishing.bulletin import issues, places
    from geo_pipeline.publishing.bulletin.records import Records
    from geo_pipeline.settings import read_settings
    from geo_pipeline.storage.warehouse import Warehouse
    from geo_pipeline.words import LANGS

    settings = read_settings()
    chosen = [places.parse_place(each) for each in place or ["France"]]
    if everywhere:
        chosen = list(places.places().values())
    records = Records(Warehouse(settings.warehouse), settings.embedded_data)
    days = list(records.issues) if archive else [records.day_of(period)]
    if output is not None:
        if len(chosen) > 1 or archive:
            raise UsageError(message("bulletin.one_file"))
        language = lang.value if lang else settings.language
        tell_written(issues.write_one(records, chosen[0], days[0], language, output))
        return
    langs = [each for each in LANGS if lang is None or each == lang.value]
    left_out: list[issues.NothingKnownError] = []
    written = issues.write_issues(
        records, chosen, days, langs, settings.exports, leave_out=left_out.append
    )
    for path in written:
        tell_written(path)
    if left_out:
        if len(left_out) == len(chosen) * len(days):
            raise left_out[0]
        told = message("bulletin.left_out", count=len(left_out), first=left_out[0].message)
        err.print(str(told), markup=False, highlight=False, soft_wrap=True)


@app.command("known")
def export_known(
    period: Annotated[
        str, typer.Argument(help="Dekad by its last day (2022-08-31), or month (2022-08).")
    ],
    output: Annotated[
        Path | None,
        typer.Option(help="File to write, .duckdb; default: in the exports folder."),
    ] = None,
) -> None:
    """Write what was known at the end of a past dekad, as a DuckDB file.

    It has the tables that the bulletin of that dekad rests on: indicators, outlooks and their skill
    from the weather until then. The queries of its bulletin_claims run in it.
    """
    from geo_pipeline.publishing.bulletin.records import Records
    from geo_pipeline.settings import read_settings
    from geo_pipeline.storage.warehouse import Warehouse

    settings = read_settings()
    records = Records(Warehouse(settings.warehouse), settings.embedded_data)
    day = records.day_of(period)
    target = output or settings.exports / f"known_{day.isoformat()}.duckdb"
    if target.suffix != ".duckdb":
        raise UsageError(message("unknown.ending", name=target.name, known=".duckdb"))
    tell_written(records.known_then(day).write(target))


@app.command("site")
def export_site(
    output: Annotated[
        Path, typer.Option(help="Folder to write; a site made before is replaced as a whole.")
    ],
    indicators: Annotated[
        str, typer.Option(help="Only these indicators, such as combined,spi_3; default: all.")
    ] = "",
) -> None:
    """Write the whole app as files that any web server shows, without Python (docs/site.md).

    Maps of all indicators and periods, a page for each département, ranking, trends, bulletins and
    data, in both languages. Takes some minutes.
    """
    import subprocess
    import sys

    from geo_pipeline.settings import read_settings

    # The pages are the app's, of which the pipeline knows nothing.
    program = [sys.executable, "-m", "panel_app", "site", "--output", str(output)]
    if indicators:
        program += ["--indicators", indicators]
    if (processes := read_settings().processes) is not None:
        program += ["--processes", str(processes)]
    raise typer.Exit(subprocess.call(program))  # noqa: S603
