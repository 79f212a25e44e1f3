"""Files dropped into the inbox: recognised, validated, taken or rejected."""

import dagster as dg

from geo_pipeline.settings import Settings


def sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensors."""
    return []
