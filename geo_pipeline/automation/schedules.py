"""Schedules: what runs by the clock."""

import dagster as dg

from geo_pipeline.settings import Settings


def schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """Return the schedules."""
    return []
