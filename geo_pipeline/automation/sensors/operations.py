"""Operations alerts: a run that failed, a département that is late or broken."""

import dagster as dg

from geo_pipeline.settings import Settings


def sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensors."""
    return []
