"""Drought classes: each limit, on it and beside it."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo_pipeline.indicators.classes import (
    DROUGHT_CLASSES,
    GROUNDWATER_CLASSES,
    WMO_CLASSES,
    dsci,
    groundwater_class,
    severity_rank,
    usdm_class,
    usdm_class_from_percentile,
    usdm_position,
    wmo_class,
)
from geo_pipeline.territory import RESTRICTION_LEVELS

pytestmark = pytest.mark.filterwarnings("error")

NAN = math.nan

# A limit, the class that holds it, the class next to it on the other side.
DRY = [
    (-2.0, "D4", "D3"),
    (-1.6, "D3", "D2"),
    (-1.3, "D2", "D1"),
    (-0.8, "D1", "D0"),
    (-0.5, "D0", "normal"),
]
WET = [(1.0, "W0", "normal"), (1.5, "W1", "W0"), (2.0, "W2", "W1")]
DRY_PERCENTILES = [
    (2.0, "D4", "D3"),
    (5.0, "D3", "D2"),
    (10.0, "D2", "D1"),
    (20.0, "D1", "D0"),
    (30.0, "D0", "normal"),
]


def test_driest_first() -> None:
    assert DROUGHT_CLASSES == ("D4", "D3", "D2", "D1", "D0", "normal", "W0", "W1", "W2")


@pytest.mark.parametrize("precision", [np.float64, np.float32])
def test_each_class_holds_its_own_limit(precision: type[np.floating]) -> None:
    for limit, holder, beyond in DRY:
        pair = np.array([limit, np.nextafter(precision(limit), precision(9))], dtype=precision)
        assert usdm_class(pair).tolist() == [holder, beyond]
    for limit, holder, beyond in WET:
        pair = np.array([limit, np.nextafter(precision(limit), precision(-9))], dtype=precision)
        assert usdm_class(pair).tolist() == [holder, beyond]
    for limit, holder, beyond in DRY_PERCENTILES:
        pair = np.array([limit, np.nextafter(precision(limit), precision(99))], dtype=precision)
        assert usdm_class_from_percentile(pair).tolist() == [holder, beyond]


def test_wet_percentiles_are_the_normal_quantiles() -> None:
    got = usdm_class_from_percentile([84.13, 84.14, 93.31, 93.32, 97.72, 97.73, 100.0, 0.0, 50.0])
    assert got.tolist() == ["normal", "W0", "W0", "W1", "W1", "W2", "W2", "D4", "normal"]


def test_printed_ranges_of_the_drought_monitor(reference_dir: Path) -> None:
    printed = json.loads((reference_dir / "drought_thresholds.json").read_text())["usdm"]
    for code, text in printed["spi_spei"].items():
        ends = [float(end.strip("<>=")) for end in text.split("..")]
        assert set(usdm_class(ends)) == {"normal" if code == "none" else code}
    for code, text in printed["percentile"].items():
        ends = [float(end) for end in text.strip(">=").split("-")]
        assert set(usdm_class_from_percentile(ends)) == {"normal" if code == "none" else code}


def test_printed_wet_ranges_of_wmo(reference_dir: Path) -> None:
    printed = json.loads((reference_dir / "drought_thresholds.json").read_text())["spi_wmo1090"]
    codes = {"moderately_wet": "W0", "very_wet": "W1", "extremely_wet": "W2"}
    for name, low, high in printed["classes"]:
        if name in codes:
            ends = [end for end in (low, high) if end is not None]
            assert set(usdm_class(ends)) == {codes[name]}


def test_missing_is_none() -> None:
    assert usdm_class([NAN, 0.0, -np.inf, np.inf]).tolist() == [None, "normal", "D4", "W2"]
    assert usdm_class_from_percentile([NAN, 1.0]).tolist() == [None, "D4"]
    masked = np.ma.masked_array([-3.0, -3.0], [True, False])
    assert usdm_class(masked).tolist() == [None, "D4"]


def test_positions_are_those_of_the_classes() -> None:
    index = np.array([-9.0, -2.0, -1.99, -1.6, -1.3, -0.8, -0.5, -0.49, 0.99, 1.0, 1.5, 2.0, NAN])
    positions = [0, 0, 1, 1, 2, 3, 4, 5, 5, 6, 7, 8, -1]
    assert usdm_position(index).tolist() == positions
    names = [None if place < 0 else DROUGHT_CLASSES[place] for place in positions]
    assert usdm_class(index).tolist() == names
    assert usdm_position(index.astype(np.float32)).tolist() == positions
    assert usdm_position(np.zeros((2, 3, 4))).shape == (2, 3, 4)


def test_shape_is_kept() -> None:
    assert usdm_class(np.zeros((2, 3, 4))).shape == (2, 3, 4)
    assert usdm_class(np.zeros((0, 4))).shape == (0, 4)
    assert usdm_class(-2).shape == ()
    assert usdm_class(-2).item() == "D4"
    assert usdm_class([-2, 0, 2]).dtype == object


@pytest.mark.parametrize("percentile", [-0.1, 100.1, np.inf])
def test_a_percentile_is_in_0_100(percentile: float) -> None:
    with pytest.raises(ValueError, match=r"percentile\[1\]"):
        usdm_class_from_percentile([50.0, percentile])


@given(st.lists(st.floats(-5, 5), min_size=2))
def test_drier_is_never_a_wetter_class(index: list[float]) -> None:
    rank = severity_rank(usdm_class(np.sort(index)))
    assert (np.diff(rank) <= 0).all()


def test_severity_rank() -> None:
    ranks = severity_rank(np.array([*DROUGHT_CLASSES, None, "", NAN], dtype=object))
    np.testing.assert_array_equal(ranks, [5, 4, 3, 2, 1, 0, -1, -2, -3, NAN, NAN, NAN])
    np.testing.assert_array_equal(severity_rank(np.array([["D4", "normal"]])), [[5, 0]])
    assert severity_rank("D2") == 3
    assert severity_rank([]).shape == (0,)
    with pytest.raises(ValueError, match="unknown drought class 'D5'"):
        severity_rank(["D4", "D5"])
    with pytest.raises(ValueError, match=r"unknown drought class 4\b"):
        severity_rank(["D4", 4])


def test_severity_rank_of_a_column_of_a_table() -> None:
    for dtype in ("string", "object", "category"):
        column = pd.Series(["D4", None, "W0"], dtype=dtype)
        np.testing.assert_array_equal(severity_rank(column), [5, NAN, -1])


def test_dsci_by_hand() -> None:
    assert dsci({"D0": 20, "D1": 10, "D2": 5, "D3": 4, "D4": 1, "normal": 50, "W0": 10}) == 76
    assert dsci({"D4": 100}) == 500
    assert dsci({"normal": 100}) == 0
    assert dsci({}) == 0
    np.testing.assert_array_equal(
        dsci({"D0": [100, 0, NAN], "D1": [[0, 30, 0], [0, 0, 0]]}), [[100, 60, NAN], [100, 0, NAN]]
    )


def test_dsci_refuses_what_cannot_be_shares_of_an_area() -> None:
    with pytest.raises(ValueError, match="unknown drought classes D5"):
        dsci({"D5": 1.0})
    with pytest.raises(ValueError, match=r"share of D1\[1\] is -1"):
        dsci({"D1": [1.0, -1.0]})
    with pytest.raises(ValueError, match="at most"):
        dsci({"D0": 90.0, "D1": 60.0, "D2": 30.0})  # cumulative


# --- WMO-No. 1090, groundwater, restrictions ------------------------------------------------------

WMO_LIMITS = [
    (-2.0, "extremely_dry", "severely_dry"),
    (-1.5, "severely_dry", "moderately_dry"),
    (-1.0, "moderately_dry", "near_normal"),
    (1.0, "moderately_wet", "near_normal"),
    (1.5, "very_wet", "moderately_wet"),
    (2.0, "extremely_wet", "very_wet"),
]
# A limit, the class that holds it, the class beyond it, away from normal.
GROUNDWATER_LIMITS = [
    (-1.28, "bas", "tres_bas"),
    (-0.84, "moderement_bas", "bas"),
    (-0.25, "normal", "moderement_bas"),
    (0.25, "normal", "moderement_haut"),
    (0.84, "moderement_haut", "haut"),
    (1.28, "haut", "tres_haut"),
]


@pytest.mark.parametrize("precision", [np.float64, np.float32])
def test_wmo_and_groundwater_limits(precision: type[np.floating]) -> None:
    for limit, holder, towards_normal in WMO_LIMITS:
        pair = np.array([limit, np.nextafter(precision(limit), precision(0))], dtype=precision)
        assert wmo_class(pair).tolist() == [holder, towards_normal]
    for limit, holder, beyond in GROUNDWATER_LIMITS:
        outwards = precision(math.copysign(9, limit))
        pair = np.array([limit, np.nextafter(precision(limit), outwards)], dtype=precision)
        assert groundwater_class(pair).tolist() == [holder, beyond]


def test_printed_ranges_of_wmo(reference_dir: Path) -> None:
    printed = json.loads((reference_dir / "drought_thresholds.json").read_text())["spi_wmo1090"]
    assert [name for name, _, _ in printed["classes"]] == list(reversed(WMO_CLASSES))
    for name, low, high in printed["classes"]:
        ends = [end for end in (low, high) if end is not None]
        assert set(wmo_class(ends)) == {name}


def test_printed_ranges_of_groundwater(reference_dir: Path) -> None:
    printed = json.loads((reference_dir / "drought_thresholds.json").read_text())
    classes = printed["info_secheresse_ips_nappes"]["classes"]
    assert tuple(name for name, _, _ in classes) == GROUNDWATER_CLASSES
    for name, text, _ in classes:
        if text[0] in "<>":  # open: the limit is not in it, what lies beyond is
            limit, beyond = float(text[1:]), math.copysign(1e-9, float(text[1:]))
            assert groundwater_class([limit, limit + beyond]).tolist()[1] == name
            assert groundwater_class(limit).item() != name
        else:
            low, high = (float(end) for end in text.split(".."))
            inside = np.array([low + 1e-9, (low + high) / 2, high - 1e-9])
            assert set(groundwater_class(inside)) == {name}


def test_restriction_levels(reference_dir: Path) -> None:
    printed = json.loads((reference_dir / "drought_thresholds.json").read_text())["vigieau"]
    assert tuple(printed["levels"]) == RESTRICTION_LEVELS


@pytest.mark.parametrize("classify", [wmo_class, groundwater_class])
def test_other_classes_keep_shape_and_gaps(classify) -> None:  # type: ignore[no-untyped-def]
    many = np.array([[-3.0, NAN, 0.0], [3.0, 0.0, NAN]])
    got = classify(many)
    assert got.shape == many.shape
    assert got.dtype == object
    np.testing.assert_array_equal(got == None, np.isnan(many))  # noqa: E711
    assert classify(np.zeros((2, 0, 4))).shape == (2, 0, 4)


@given(st.lists(st.floats(-5, 5), min_size=2))
def test_wetter_is_never_a_drier_wmo_or_groundwater_class(index: list[float]) -> None:
    for classify, order in ((wmo_class, WMO_CLASSES), (groundwater_class, GROUNDWATER_CLASSES)):
        positions = [order.index(code) for code in classify(np.sort(index))]
        assert positions == sorted(positions)
