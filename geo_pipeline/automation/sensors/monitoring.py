"""Monitoring sensor: a snapshot every minute, so that all pages show the runs of Dagster."""

import dagster as dg

from geo_pipeline.platform.tick_errors import keeping_errors
from geo_pipeline.settings import Settings

EVERY_S = 60


def sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Return the sensor; it launches nothing."""

    @dg.sensor(
        name="monitoring",
        minimum_interval_seconds=EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Writes the state of the pipeline for the app's page and for monitoring "
        "systems, and reports it to these pages, so that late data turn red without a run.",
    )
    @keeping_errors("monitoring")
    def monitoring(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        # Slow to import, and not needed to define anything.
        from geo_pipeline.automation.monitoring_files import write  # noqa: PLC0415

        taken = write(settings, context.instance)
        return dg.SkipReason(f"{len(taken['troubles'])} partitions in trouble")

    return [monitoring]
