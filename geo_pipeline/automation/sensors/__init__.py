"""Sensors: what runs when something happens. One module each."""

from itertools import chain

import dagster as dg

from geo_pipeline.automation.sensors import (
    drought,
    inbox,
    monitoring,
    operations,
    provider_news,
    repairs,
)
from geo_pipeline.settings import Settings


def sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensors."""
    rooms = (inbox, provider_news, drought, operations, repairs, monitoring)
    return list(chain.from_iterable(room.sensors(settings) for room in rooms))
