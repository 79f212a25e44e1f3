"""Errors of ticks: those of our own are read in the language of the page."""

import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.errors import SensorExecutionError, user_code_error_boundary
from dagster._utils.error import SerializableErrorInfo, serializable_error_info_from_exc_info

from geo_pipeline.errors import StorageError
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.tick_errors import keeping_errors, why_tick_failed
from geo_pipeline.settings import Settings
from geo_pipeline.words import message

WHY = message("lake.not_there", path="/a/file")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """Give the instance of an empty home."""
    with open_instance(Settings(home=tmp_path)) as instance:
        yield instance


def failed(instance: dg.DagsterInstance) -> SerializableErrorInfo:
    """Return what Dagster records of a tick of `inbox` that raises an error of ours."""

    @dg.sensor(name="inbox", job_name="departement")
    @keeping_errors("inbox")
    def inbox(context: dg.SensorEvaluationContext) -> None:
        raise StorageError(WHY)

    # The code server puts an error of its own around what a sensor raises.
    try:
        with user_code_error_boundary(SensorExecutionError, lambda: "in evaluation_fn of inbox"):
            inbox.evaluate_tick(dg.build_sensor_context(instance))
    except SensorExecutionError:
        return serializable_error_info_from_exc_info(sys.exc_info())
    raise AssertionError


def test_an_error_of_ours_is_read_in_both_languages(instance: dg.DagsterInstance) -> None:
    why = why_tick_failed(instance, "inbox", failed(instance))
    assert (why("en"), why("fr")) == (WHY("en"), WHY("fr"))
    assert why("en") != why("fr")


def test_another_error_since_is_not_taken_for_it(instance: dg.DagsterInstance) -> None:
    failed(instance)
    error = SerializableErrorInfo("ValueError: no such province\n", [], "ValueError")
    assert str(why_tick_failed(instance, "inbox", error)) == "ValueError: no such province"


def test_without_a_kept_message_the_text_is_that_of_the_error(instance: dg.DagsterInstance) -> None:
    """Of another sensor, whose message was not kept."""
    assert why_tick_failed(instance, "repairs", failed(instance))("fr") == WHY("en")
