"""Maps as files, from the warehouse; tables are in `table_files`, bulletins in `bulletin`."""

from datetime import date
from pathlib import Path

import geopandas as gpd

from geo_pipeline.files import write_text
from geo_pipeline.publishing import maps, selection
from geo_pipeline.publishing.provider_joins import joins_note
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import Lang


def export_map(
    warehouse: Warehouse,
    view: selection.Selection,
    lang: Lang,
    target: Path,
    *,
    published_on: date | None = None,
) -> Path:
    """Write `view` as one HTML page that opens with no network.

    The page shows the day of the publication, or `published_on`.

    Raises:
        StorageError: the file cannot be written; an older one stays.
    """
    day = published_on or _day(warehouse)
    joins = warehouse.query("unadjusted_weather")
    note = joins_note(joins, view.indicator, view.period_end, lang)
    page = maps.render_map(
        gpd.GeoDataFrame(warehouse.query("shapes")),
        view.with_reasons(lang),
        indicator=view.indicator,
        period_end=view.period_end,
        lang=lang,
        sources=view.sources,
        published_on=day,
        ended=selection.ended(warehouse, view.indicator, day),
        reference_period=view.reference_period,
        step=view.step,
        notes=[note] if note else [],
    )
    return write_text(target, page)


def _day(warehouse: Warehouse) -> date:
    """Return the day of the publication."""
    day: date = warehouse.query("publication_date")["published_at"].iloc[0].date()
    return day
