"""The publication as it was known at the end of a past dekad: tables by the names that they have.

It lies in memory, beside the published file. A table that is not named here is not in it, so that
nothing of later days can be read by mistake.
"""

import threading
from datetime import date
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from geo_pipeline import dekads, sql
from geo_pipeline.errors import StorageError
from geo_pipeline.files import replacing
from geo_pipeline.spatial import database
from geo_pipeline.spatial.parameters import restriction_levels
from geo_pipeline.storage.lake_rows import as_arrow
from geo_pipeline.storage.warehouse import Warehouse, stored_as
from geo_pipeline.vintages.recomputed import Recomputed
from geo_pipeline.words import message

ALWAYS: Final = (
    "departements", "departement_neighbours", "attributions", "crop_seasons", "crop_stages",
    "class_rules", "risk_weights", "irrigated_risk", "publication",
)  # fmt: skip
"""Published tables that say nothing of single days."""


class KnownThen(Warehouse):
    """The publication as it was known on `day`, the end of a dekad.

    Indicators, outlooks and skill are computed again (`Recomputed`); of weather, restrictions and
    harvests it has the published rows until then.

    It has what issues of that day tell: the outlook issued on it, the skill of outlooks issued in
    its month, and of earlier outlooks what was observed (`soil_outlook_past`).
    """

    def __init__(self, published: Warehouse, recomputed: Recomputed, day: date) -> None:
        """Compute it.

        Raises:
            NotPublishedError: nothing has been published yet.
            StorageError: the publication is damaged.
        """
        super().__init__(published.path)
        self.day = day
        self._alone = threading.Lock()
        with self._told():
            self._connection = published.apart()
            _fill(self._connection, recomputed, day)

    def resolved(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query of `bulletin_claims`.

        Raises:
            StorageError: it is no query of these tables.
        """
        with self._told(), self._cursor() as cursor:
            return cursor.execute(query).fetchall()

    def write(self, target: Path) -> Path:
        """Write its tables as a DuckDB file and return the path.

        Raises:
            StorageError: it cannot be written; an older file stays.
        """
        with self._told(), self._cursor() as cursor:
            names = [str(name) for (name,) in cursor.execute("SHOW TABLES").fetchall()]
            tables = {name: _without_shapes(cursor.table(name)) for name in names}
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with replacing(target) as temporary:
                temporary.unlink()  # DuckDB creates its own file
                with (
                    database.connect(functions=False) as connection,
                    database.attached(connection, temporary, "building", read_only=False),
                ):
                    for name, rows in tables.items():
                        connection.from_arrow(rows).create(name)
                    connection.execute("CHECKPOINT")
        except (duckdb.Error, OSError) as error:
            told = {"path": target, "why": str(error).splitlines()[0]}
            raise StorageError(message("warehouse.not_published", **told)) from error
        return target

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._alone:
            return self._connection.cursor()


def _fill(connection: duckdb.DuckDBPyConnection, recomputed: Recomputed, day: date) -> None:
    """Make the tables of `day` in the memory of `connection`."""
    for name in ALWAYS:
        connection.table(f"published.main.{name}").create_view(name)
    for name, column, last in (
        ("weather_daily", "date", day),
        ("water_restrictions", "date", day),
        ("crop_statistics", "year", dekads.last_of_complete_year(day).year),
    ):
        is_known = duckdb.ColumnExpression(column) <= duckdb.ConstantExpression(last)
        connection.table(f"published.main.{name}").filter(is_known).create_view(name)
    outlook = recomputed.outlook(day)
    for table, rows in {
        "drought_indicators": recomputed.indicators(day),
        "outlook_skill": recomputed.skill(day, day.month),
        "soil_outlook": outlook[outlook["period_end"].dt.date == day],
    }.items():
        connection.from_arrow(as_arrow(table, rows)).create(stored_as(table))
    for name, frame in {
        "outlook_observed": recomputed.observations(day),
        "soil_outlook_issued": recomputed.said(day),
        "restriction_levels": restriction_levels(),
    }.items():
        connection.from_arrow(database.as_arrow(frame)).create(name)
    year_before = duckdb.ConstantExpression(dekads.before(day, dekads.A_YEAR))
    late = duckdb.ColumnExpression("period_end") > year_before
    known = connection.table("drought_indicators").filter(late)
    known.select("period_end").distinct().create("dekads")
    connection.sql(sql.load("crop_areas")).create("crop_areas")
    connection.sql(sql.load("soil_outlook_observed")).create("soil_outlook_past")
    columns = "departement", "period_end", "drought_class", "restriction_level"
    connection.sql(sql.load("departement_risk")).select(*columns).create(
        stored_as("departement_risk")
    )
    connection.execute(sql.load("exposure"))
    connection.execute(sql.load("soil_outlook_told"))
    for name in ("dekads", "crop_areas", "restriction_levels", "outlook_observed"):
        connection.execute(f"DROP TABLE {name}")


def _without_shapes(table: duckdb.DuckDBPyRelation) -> pa.Table:
    """Return a table without its geometries."""
    kinds = zip(table.columns, table.types, strict=True)
    return table.select(
        *(name for name, kind in kinds if str(kind)[:8] != "GEOMETRY")
    ).to_arrow_table()
