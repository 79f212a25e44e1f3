"""Drought alerts: a class that worsens, a département newly in restriction."""

import dagster as dg

from geo_pipeline.settings import Settings


def sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensors."""
    return []
