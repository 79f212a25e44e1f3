"""Which columns each column is made from, for Dagster's pages."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import dagster as dg

_WEATHER: Final = ("weather_daily.precip_mm", "weather_daily.et0_mm")
_CODE: Final = ("departements.departement",)
_INDEX: Final = "drought_indicators.drought_class"

LINEAGE: Mapping[str, Mapping[str, Sequence[str]]] = {
    "departement_neighbours": {
        "departement": _CODE,
        "neighbour": _CODE,
        "shared_border_km": ("departements.geometry",),
    },
    "departement_shapes": {
        "departement": _CODE,
        "name": ("departements.name",),
        "region": ("departements.region",),
        "geometry": ("departements.geometry",),
        "frame": ("departements.geometry",),
    },
    "soil_water_daily": {
        "departement": ("weather_daily.departement",),
        "date": ("weather_daily.date",),
        "depletion_mm": _WEATHER,
        "swi": _WEATHER,
        "ks": _WEATHER,
        "eta_mm": _WEATHER,
    },
    "drought_indicators": {
        "departement": ("weather_daily.departement",),
        "period_end": ("weather_daily.date",),
        "value": (
            *_WEATHER,
            "weather_daily.tmean_c",
            "weather_daily.tmax_c",
            "weather_daily.tmin_c",
            "soil_water_daily.swi",
            "soil_water_daily.eta_mm",
        ),
    },
    "departement_risk": {
        "departement": _CODE,
        "period_end": ("drought_indicators.period_end",),
        "score": ("drought_indicators.value",),
        "drought_class": (_INDEX,),
        "drivers": (_INDEX, "drought_indicators.indicator"),
        "neighbours_in_drought_pct": (_INDEX, "departement_neighbours.neighbour"),
        "crop_area_ha": ("crop_statistics.area_ha",),
        "crop_area_crops": ("crop_statistics.crop",),
        "crop_area_year": ("crop_statistics.year",),
        "exposed_crop_area_ha": ("crop_statistics.area_ha", _INDEX),
        "restriction_level": ("water_restrictions.level_max",),
    },
}
"""By table and column: the columns it is made from, `table.column`."""


def column_lineage(table: str) -> dict[str, Any]:
    """Return the metadata that tells it, nothing of a table that comes from outside."""
    if table not in LINEAGE:
        return {}
    deps = {
        column: [
            dg.TableColumnDep(dg.AssetKey(source), name)
            for source, name in (each.split(".") for each in sources)
        ]
        for column, sources in LINEAGE[table].items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)}
