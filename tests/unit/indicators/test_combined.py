"""The combined indicator: each row of the truth table, each transition, each gap."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_pipeline.indicators.combined import (
    COMBINED_CLASS_NAMES,
    COMBINED_CLASSES,
    COMBINED_CLASSES_V1,
    combined_class,
    combined_class_series,
    rainfall_shortage,
)

pytestmark = pytest.mark.filterwarnings("error")

NAN = math.nan
BELOW = np.nextafter(-1.0, -2.0)
FAR_BELOW = np.nextafter(-2.0, -3.0)


# --- version 1, one moment ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spi_1", "spi_3", "soil", "crop", "expected"),
    [
        # rain normal: nothing else counts, known or not
        (0.0, 0.0, 0.0, 0.0, "normal"),
        (0.0, 0.0, -3.0, -3.0, "normal"),
        (0.0, 0.0, NAN, NAN, "normal"),
        # deficit by one, by the other, by both
        (0.0, BELOW, 0.0, 0.0, "watch"),
        (FAR_BELOW, 0.0, 0.0, 0.0, "watch"),
        (-3.0, -3.0, 0.0, 0.0, "watch"),
        # limits themselves are not in
        (-2.0, -1.0, -1.0, -1.0, "normal"),
        (0.0, -1.5, -1.0, -1.0, "watch"),
        (0.0, -1.5, BELOW, -1.0, "warning"),
        (0.0, -1.5, BELOW, BELOW, "alert"),
        (0.0, -1.5, -1.0, BELOW, "alert"),  # with or without a dry soil
        (0.0, -1.5, 3.0, BELOW, "alert"),
        # one SPI missing
        (NAN, -1.5, 0.0, 0.0, "watch"),
        (-2.5, NAN, 0.0, 0.0, "watch"),
        (NAN, 0.0, 0.0, 0.0, None),
        (0.0, NAN, 0.0, 0.0, None),
        (NAN, NAN, -3.0, -3.0, None),
        # soil missing
        (0.0, -1.5, NAN, 0.0, None),
        (0.0, -1.5, NAN, -1.5, "alert"),
        # crop missing
        (0.0, -1.5, 0.0, NAN, None),
        (0.0, -1.5, -1.5, NAN, None),
        (0.0, -1.5, NAN, NAN, None),
    ],
)
def test_truth_table(
    spi_1: float, spi_3: float, soil: float, crop: float, expected: str | None
) -> None:
    got = combined_class(spi_1, spi_3, soil, crop)
    assert got.shape == ()
    assert got.item() == expected


def test_limits_are_the_printed_ones(reference_dir: Path) -> None:
    printed = json.loads((reference_dir / "drought_thresholds.json").read_text())["edo_cdi_v1"]
    assert printed["watch"].startswith("SPI-3<-1 or SPI-1<-2 (SPI-12<-1 ")
    assert "pF anomaly > 1" in printed["warning"]
    assert "anomaly < -1" in printed["alert"]


def test_names_say_crop_water_stress() -> None:
    assert set(COMBINED_CLASS_NAMES) == {*COMBINED_CLASSES, *COMBINED_CLASSES_V1}
    for code in ("alert", "temporary_crop_water_recovery"):
        assert "crop water" in COMBINED_CLASS_NAMES[code]
        assert "fAPAR" in COMBINED_CLASS_NAMES[code]


def test_arguments_broadcast_and_infinite_is_named() -> None:
    got = combined_class([[0.0], [-3.0]], -2.0, [0.0, -2.0, NAN], 0.0)
    assert got.tolist() == [["watch", "warning", None]] * 2
    assert combined_class(np.zeros((2, 0)), 0, 0, 0).shape == (2, 0)
    for position, name in enumerate(
        ("spi_1", "spi_3", "soil_moisture_anomaly", "crop_water_anomaly")
    ):
        arguments: list[object] = [0.0] * 4
        arguments[position] = [0.0, np.inf]
        with pytest.raises(ValueError, match=rf"{name}\[1\] is inf"):
            combined_class(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spi", "expected"),
    [
        ((0, 0, 0), "none"),
        ((0, 0, -3), "none"),
        ((-2, -1, -1), "none"),
        ((-2.1, 0, 0), "month"),
        ((-2.1, -1.1, 0), "season"),
        ((0, -1.1, -1), "season"),
        ((0, -1.1, -1.1), "year"),
        ((NAN, -1.1, -1.1), "year"),
        ((0, 0, NAN), "none"),
        ((-2.1, 0, NAN), "month"),
        ((0, -1.1, NAN), None),
        ((NAN, 0, 0), None),
        ((-3, NAN, 0), None),
    ],
)
def test_rainfall_shortage(spi: tuple[float, float, float], expected: str | None) -> None:
    assert rainfall_shortage(*spi).item() == expected


# --- memory ---------------------------------------------------------------------------------------

RAIN = {0: 0.0, 1: -1.5}
LEVEL = {"d": -1.5, "l": -0.5, "w": 0.5}  # dry, low, well


def step(before: str | None, rain: float, soil: float, crop: float, rules: str = "v2") -> object:
    got = combined_class_series(
        [0.0],
        [rain],
        [soil],
        [crop],
        rules=rules,  # type: ignore[arg-type]
        previous=np.array(before, dtype=object),
    )
    return got.item()


# Soil, then crop; one column each: N normal, W watch, S warning (soil), A alert, R recovery,
# s and c the temporary recoveries of soil and crop water.
COLUMNS = ["ww", "wl", "wd", "lw", "ll", "ld", "dw", "dl", "dd"]
CODES = dict(zip("NWSARsc", COMBINED_CLASSES, strict=True))
TRANSITIONS = {
    ("N", 0): "N N N N N N N N N",
    ("R", 0): "N N N N N N N N N",
    ("W", 0): "R R A R R A S S A",
    ("S", 0): "R R A s s A S S A",
    ("s", 0): "R R A s s A S S A",
    ("A", 0): "R c A R c A S c A",
    ("c", 0): "R c A R c A S c A",
    ("N", 1): "W W A W W A S S A",
    ("R", 1): "W W A W W A S S A",
    ("W", 1): "W W A W W A S S A",
    ("S", 1): "W W A s s A S S A",
    ("s", 1): "W W A s s A S S A",
    ("A", 1): "W c A W c A S c A",
    ("c", 1): "W c A W c A S c A",
}


def test_every_transition_of_the_revision() -> None:
    assert len(TRANSITIONS) == len(COMBINED_CLASSES) * 2
    for (before, rain), row in TRANSITIONS.items():
        for (soil, crop), after in zip(COLUMNS, row.split(), strict=True):
            got = step(CODES[before], RAIN[rain], LEVEL[soil], LEVEL[crop])
            assert got == CODES[after], (before, rain, soil, crop)


def test_levels_of_recovery() -> None:
    # Low holds -1 itself, well holds 0 itself.
    assert step("warning", 0.0, -1.0, 1.0) == "temporary_soil_recovery"
    assert step("warning", 0.0, np.nextafter(0.0, -1.0), 1.0) == "temporary_soil_recovery"
    assert step("warning", 0.0, 0.0, 1.0) == "recovery"
    assert step("alert", 0.0, 1.0, -1.0) == "temporary_crop_water_recovery"
    assert step("alert", 0.0, 1.0, 0.0) == "recovery"


def test_a_drought_from_end_to_end() -> None:
    spi_3 = [0, -1.2, -1.4, -1.1, -0.5, -0.2, 0.1, 0.4, 0.8, 0.9]
    soil = [0, -0.4, -1.2, -1.5, -1.3, -1.1, -0.6, -0.2, 0.3, 0.5]
    crop = [0, 0.0, -0.3, -1.3, -1.2, -0.8, -1.1, -0.4, 0.1, 0.2]
    spi_1 = np.zeros(10)
    assert combined_class_series(spi_1, spi_3, soil, crop).tolist() == [
        "normal",
        "watch",
        "warning",
        "alert",
        "alert",
        "temporary_crop_water_recovery",
        "alert",
        "temporary_crop_water_recovery",
        "recovery",
        "normal",
    ]
    assert combined_class_series(spi_1, spi_3, soil, crop, rules="v1").tolist() == [
        "normal",
        "watch",
        "warning",
        "alert",
        "partial_recovery",
        "recovery",
        "normal",
        "normal",
        "normal",
        "normal",
    ]


@pytest.mark.parametrize("before", COMBINED_CLASSES_V1)
def test_version_1_recoveries(before: str) -> None:
    active = before not in ("normal", "recovery")
    for soil in LEVEL.values():
        stressed, fine = step(before, 0, soil, -1.5, "v1"), step(before, 0, soil, 0.5, "v1")
        assert stressed == ("partial_recovery" if active else "normal")
        assert fine == ("recovery" if active else "normal")
        for crop in LEVEL.values():
            drought = step(before, -1.5, soil, crop, "v1")
            assert drought == combined_class(0, -1.5, soil, crop).item()


def test_unknown_is_what_the_unknown_could_not_change() -> None:
    """Every combination of known and missing inputs, against all completions of it."""
    for rules, classes in (("v1", COMBINED_CLASSES_V1), ("v2", COMBINED_CLASSES)):
        known = {
            (b, r, s, c): step(b, r, s, c, rules)
            for b in classes
            for r in RAIN.values()
            for s in LEVEL.values()
            for c in LEVEL.values()
        }
        for key in itertools.product(
            [*classes, None], [0.0, -1.5, NAN], [*LEVEL.values(), NAN], [*LEVEL.values(), NAN]
        ):
            results = {
                after
                for full, after in known.items()
                if all(
                    want is None or want == have or want != want
                    for want, have in zip(key, full, strict=True)
                )
            }
            expected = results.pop() if len(results) == 1 else None
            assert step(*key, rules) == expected, key  # type: ignore[arg-type]


def test_a_gap_is_overcome_when_one_class_is_left() -> None:
    spi_3 = np.array([-1.5, NAN, 0.0, 0.0, 0.0])
    wet = np.full(5, 0.5)
    # Before the gap watch; in it watch or recovery; then recovery or normal; then normal.
    got = combined_class_series(wet, spi_3, wet, wet)
    assert got.tolist() == ["watch", None, None, "normal", "normal"]
    # Nothing known at first, then stressed crops in a rainfall deficit.
    start = combined_class_series([0, 0], [NAN, -1.5], [NAN, NAN], [NAN, -1.5])
    assert start.tolist() == [None, "alert"]
    all_missing = np.full((2, 3), NAN)
    assert set(combined_class_series(*[all_missing] * 4).ravel()) == {None}


def test_previous_by_place() -> None:
    low = np.full((3, 1), -0.5)
    got = combined_class_series(
        low, low, low, low, previous=np.array(["warning", "alert", None], dtype=object)
    )
    assert got.ravel().tolist() == [
        "temporary_soil_recovery",
        "temporary_crop_water_recovery",
        None,
    ]
    with pytest.raises(ValueError, match="unknown previous class 'partial_recovery'"):
        combined_class_series([0], [0], [0], [0], previous="partial_recovery")
    with pytest.raises(ValueError, match="rules must be"):
        combined_class_series([0], [0], [0], [0], rules="v3")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="time axis"):
        combined_class_series(0, 0, 0, 0)


@pytest.mark.parametrize("rules", ["v1", "v2"])
def test_many_places_equal_each_alone(rules: str) -> None:
    rng = np.random.default_rng(3)
    inputs = rng.normal(-0.5, 1.2, size=(4, 2, 3, 60))
    inputs[rng.random(inputs.shape) < 0.03] = NAN
    together = combined_class_series(*inputs, rules=rules)  # type: ignore[arg-type, misc]
    assert together.shape == (2, 3, 60)
    for place in np.ndindex(2, 3):
        alone = combined_class_series(*(x[place] for x in inputs), rules=rules)  # type: ignore[arg-type, misc]
        assert together[place].tolist() == alone.tolist()
    single = combined_class_series(*inputs.astype(np.float32), rules=rules)  # type: ignore[arg-type, misc]
    assert single.tolist() == together.tolist()


ANOMALIES = st.lists(st.floats(-4, 4), min_size=8, max_size=8)


@given(ANOMALIES, ANOMALIES, ANOMALIES, ANOMALIES)
def test_known_inputs_give_known_classes_and_no_drought_without_rainfall_deficit(
    a: list[float], b: list[float], c: list[float], d: list[float]
) -> None:
    one = combined_class(a, b, c, d)
    series = combined_class_series(a, b, c, d)
    assert None not in one
    assert None not in series
    started = False
    for now, stage in zip(one, series, strict=True):
        started = started or now != "normal"
        assert started or stage == "normal"
        if now == "alert":
            assert stage == "alert"
