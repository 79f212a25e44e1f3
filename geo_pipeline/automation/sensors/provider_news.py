"""News at the providers: what changed there is run again here."""

import dagster as dg

from geo_pipeline.settings import Settings


def sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensors."""
    return []
