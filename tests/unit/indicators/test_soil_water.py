"""The root-zone balance: FAO-56's own tables, conservation of water, and what is not known."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo_pipeline.indicators.soil_water import (
    BLOCK_DAYS,
    OUTPUTS,
    depletion_fraction,
    soil_water_balance,
    stress_coefficient,
    surface_evaporation,
    total_available_water,
)

ROUNDED_TO_TENTHS = 0.0505
"""Half a unit of the last printed digit, and as much again for the paper's own carried rounding."""


def weather(shape: tuple[int, ...], days: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rain on a third of the days and a demand with seasons."""
    random = np.random.default_rng(seed)
    wet = random.random((*shape, days)) < 0.35
    rain = np.where(wet, random.gamma(0.8, 8.0, (*shape, days)), 0.0)
    demand = 2.6 - 2.2 * np.cos(2 * np.pi * (np.arange(days) + 10) / 365.25)
    return rain, demand * random.uniform(0.7, 1.3, (*shape, days))


def roots(days: int) -> np.ndarray:
    """Return a TAW that grows through spring, stays, and drops at harvest, each year."""
    day = np.arange(days) % 365
    return np.interp(day, [0, 90, 180, 210, 211, 365], [45, 60, 150, 150, 45, 45])


# --- FAO-56's examples -------------------------------------------------------------------------


def test_example_36_available_water(reference_dir: Path) -> None:
    example = json.loads((reference_dir / "fao56_examples.json").read_text())["ex36_taw_raw"]
    for case in example["cases"]:
        for soil, per_metre in example["soils_mm_per_m"].items():
            taw = total_available_water(per_metre / 1000 + 0.1, 0.1, case["Zr"])
            printed_taw, printed_raw = case[soil]
            assert taw == pytest.approx(printed_taw, abs=0.5)
            assert case["p"] * taw == pytest.approx(printed_raw, abs=0.5)


def test_example_37_water_stress(reference_dir: Path) -> None:
    table = pd.read_csv(reference_dir / "ex37_water_stress.csv")
    taw = total_available_water(0.32, 0.12, 0.8)
    soil = soil_water_balance(
        np.zeros(len(table)),
        table["eto"],
        table["kc"],
        taw,
        0.4,
        initial_depletion_mm=55,
        adjust_p=False,
    )
    assert soil["etc_mm"] == pytest.approx(table["etc"], abs=1e-12)
    assert soil["ks"] == pytest.approx(table["ks"], abs=0.005)
    assert soil["eta_mm"] == pytest.approx(table["etc_adj"], abs=ROUNDED_TO_TENTHS)
    assert soil["depletion_mm"] == pytest.approx(table["dr_end"], abs=ROUNDED_TO_TENTHS)


def test_example_38_scheduling_with_growing_roots(reference_dir: Path) -> None:
    table = pd.read_csv(reference_dir / "ex38_scheduling.csv")
    depth = np.linspace(0.30, 0.35, len(table))
    assert depth == pytest.approx(table["zr"], abs=0.005)
    taw = total_available_water(0.23, 0.10, depth)
    assert (0.6 * taw).round().tolist() == table["raw"].tolist()
    given = table["irr"].to_numpy(dtype=float)
    inputs = (table["p_minus_ro"], table["eto"], table["kc"], taw, 0.6)
    options = {"initial_depletion_mm": 23, "adjust_p": False, "wetting": "before_et"}
    before = soil_water_balance(*inputs, irrigation_mm=given, **options)
    # The last irrigation refills the soil: 27 is its depletion, printed without decimals.
    given[-1] = before["depletion_mm"][-2]
    soil = soil_water_balance(*inputs, irrigation_mm=given, keep=OUTPUTS, **options)
    assert soil["irrigation_mm"].round().tolist() == table["irr"].tolist()
    assert soil["percolation_mm"].round().tolist() == table["dp"].tolist()
    assert soil["ks"].tolist() == table["ks"].tolist()
    assert soil["etc_mm"] == pytest.approx(table["etc"], abs=0.065)  # Kc is printed to 0.01
    assert soil["depletion_mm"] == pytest.approx(table["dr_end"], abs=0.51)
    assert not soil["below_mm"].any()


def test_example_35_dual_crop_coefficient(reference_dir: Path) -> None:
    table = pd.read_csv(reference_dir / "ex35_dual_kc.csv")
    layer = surface_evaporation(
        table["p_minus_ro"],
        table["eto"],
        table["kcb"],
        exposed=table["one_minus_fc"],
        wetted=table["fw"],
        tew_mm=18,
        rew_mm=8,
        kc_max=1.21,
        irrigation_mm=table["i_over_fw"] * table["fw"],
        initial_depletion_mm=18,
    )
    # The paper carries De rounded to whole millimetres from some rows to the next (day 3 has Kr of
    # De = 11, day 6 of 10.5), and its third row contradicts itself: Kcb 0.32, Ke 0.62, Kc 1.04.
    assert layer.depletion_start_mm == pytest.approx(table["de_start"], abs=0.7)
    assert layer.depletion_mm == pytest.approx(table["de_end"], abs=0.7)
    assert layer.percolation_mm == pytest.approx(table["dpe"], abs=1e-9)
    assert layer.kr == pytest.approx(table["kr"], abs=0.051)
    assert layer.ke == pytest.approx(table["ke"], abs=0.041)
    kc = table["kcb"].to_numpy() + layer.ke
    others = np.arange(len(table)) != 2
    assert layer.evaporation_mm[others] == pytest.approx(table["e"][others], abs=0.15)
    assert kc[others] == pytest.approx(table["kc"][others], abs=0.041)
    assert (kc * table["eto"].to_numpy())[others] == pytest.approx(table["etc"][others], abs=0.21)


def test_fraction_follows_demand_within_its_bounds() -> None:
    etc = [0.0, 3.0, 5.0, 8.0, 14.0, np.nan]
    expected = [0.75, 0.63, 0.55, 0.43, 0.19, np.nan]
    assert depletion_fraction(0.55, etc) == pytest.approx(expected, nan_ok=True)
    assert depletion_fraction([0.7, 0.3], [0.0, 12.0]).tolist() == [0.8, 0.1]


def test_stress_begins_at_raw_and_ends_at_taw() -> None:
    ks = stress_coefficient([0, 64, 112, 160, 200, np.nan], 160, 64)
    assert ks == pytest.approx([1, 1, 0.5, 0, 0, np.nan], nan_ok=True)


def test_the_balance_is_the_equations_written_out_one_day_after_the_other() -> None:
    days = 900
    rain, et0 = weather((), days, 11)
    kc = 0.8 + 0.4 * np.sin(np.arange(days) / 40) ** 2
    soil = soil_water_balance(rain, et0, kc, 130.0, 0.55, initial_depletion_mm=40, keep=OUTPUTS)
    depletion = 40.0
    for day in range(days):
        etc = kc[day] * et0[day]
        raw = 130.0 * min(max(0.55 + 0.04 * (5 - etc), 0.1), 0.8)
        ks = 1.0 if depletion <= raw else (130.0 - depletion) / (130.0 - raw)
        eta = ks * etc
        percolation = max(rain[day] - eta - depletion, 0.0)
        depletion = depletion - rain[day] + eta + percolation
        assert soil["ks"][day] == pytest.approx(ks, abs=1e-10)
        assert soil["eta_mm"][day] == pytest.approx(eta, abs=1e-10)
        assert soil["percolation_mm"][day] == pytest.approx(percolation, abs=1e-10)
        assert soil["depletion_mm"][day] == pytest.approx(depletion, abs=1e-10)
        assert soil["swi"][day] == pytest.approx(1 - depletion / 130.0, abs=1e-10)


# --- properties --------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    growing=st.booleans(),
    wetting=st.sampled_from(["with_et", "before_et"]),
    irrigated=st.booleans(),
    share=st.floats(0, 1),
    taw=st.floats(5, 300),
)
def test_water_is_neither_made_nor_lost(
    seed: int, growing: bool, wetting: str, irrigated: bool, share: float, taw: float
) -> None:
    days = 800
    rain, et0 = weather((3,), days, seed)
    storage = roots(days) * taw / 150 if growing else np.array([taw])
    runoff = 0.2 * rain
    sprinkled = np.where(rain > 20, 0.0, 0.3)
    start = share * storage[0]
    soil = soil_water_balance(
        rain,
        et0,
        1.1,
        storage,
        0.5,
        initial_depletion_mm=start,
        initial_below_mm=share * (storage.max() - storage[0]) if growing else None,
        irrigation_mm=sprinkled,
        irrigated=irrigated,
        runoff_mm=runoff,
        wetting=wetting,
        keep=OUTPUTS,
    )
    gained = rain - runoff + soil["irrigation_mm"] - soil["eta_mm"] - soil["percolation_mm"]
    lacking = soil["depletion_mm"] + soil["below_mm"]
    initial = start + (share * (storage.max() - storage[0]) if growing else 0.0)
    assert initial - lacking == pytest.approx(gained.cumsum(axis=-1), abs=1e-9)
    assert (soil["depletion_mm"] >= 0).all()
    assert (soil["depletion_mm"] <= storage).all()
    assert (soil["below_mm"] >= 0).all()
    assert (soil["below_mm"] <= storage.max() - storage + 1e-9).all()
    assert ((soil["ks"] >= 0) & (soil["ks"] <= 1)).all()
    assert ((soil["swi"] >= 0) & (soil["swi"] <= 1)).all()
    assert (soil["eta_mm"] >= 0).all()
    assert (soil["eta_mm"] <= soil["etc_mm"] + 1e-12).all()
    assert (soil["percolation_mm"] >= 0).all()
    if irrigated and not growing:
        assert soil["ks"].min() > 1 - 1e-12


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    growing=st.booleans(),
    wetting=st.sampled_from(["with_et", "before_et"]),
    day=st.integers(0, 499),
    more=st.floats(0, 60),
)
def test_more_rain_never_means_more_depletion(
    seed: int, growing: bool, wetting: str, day: int, more: float
) -> None:
    rain, et0 = weather((), 500, seed)
    wetter = rain.copy()
    wetter[day] += more
    storage = roots(500) if growing else np.array([120.0])
    dry, wet = (
        soil_water_balance(
            each,
            et0,
            1.0,
            storage,
            0.5,
            initial_depletion_mm=storage[0] / 2,
            wetting=wetting,
            keep=OUTPUTS,
        )
        for each in (rain, wetter)
    )
    assert (wet["depletion_mm"] <= dry["depletion_mm"] + 1e-9).all()
    assert (wet["below_mm"] <= dry["below_mm"] + 1e-9).all()


@pytest.mark.parametrize("start", [None, 20.0])
@pytest.mark.parametrize("growing", [False, True])
def test_many_places_at_once_give_the_bits_of_each_alone(
    start: float | None, growing: bool
) -> None:
    days = 3 * BLOCK_DAYS + 17
    rain, et0 = weather((4, 1), days, 1)
    rain[2, 0, 300] = np.nan
    kc = np.stack([np.full(days, 0.8), 1.0 + 0.2 * np.sin(np.arange(days) / 58)])
    taw = np.stack([roots(days), roots(days) * 1.3]) if growing else np.array([[90.0], [150.0]])
    period = np.arange(days) // 10
    for options in ({}, {"period": period}):
        together = soil_water_balance(
            rain, et0, kc, taw, 0.5, initial_depletion_mm=start, keep=OUTPUTS, **options
        )
        for place in range(4):
            for crop in range(2):
                alone = soil_water_balance(
                    rain[place, 0],
                    et0[place, 0],
                    kc[crop],
                    taw[crop],
                    0.5,
                    initial_depletion_mm=start,
                    keep=OUTPUTS,
                    **options,
                )
                for name in OUTPUTS:
                    np.testing.assert_array_equal(together[name][place, crop], alone[name])


def test_roots_that_grow_meet_the_soil_as_it_was_left() -> None:
    """A summer empties the profile; with a dry winter, next year's roots find it dry."""
    taw = np.concatenate([np.full(200, 150.0), np.full(100, 50.0), np.full(50, 150.0)])
    et0 = np.concatenate([np.full(200, 6.0), np.zeros(150)])
    soil = soil_water_balance(
        np.zeros(350), et0, 1.0, taw, 0.5, initial_depletion_mm=0, keep=OUTPUTS
    )
    left = soil["swi"][199]
    assert left < 0.01
    assert soil["swi"][200:] == pytest.approx(np.full(150, left), abs=1e-12)
    # 60 mm of winter rain fill the 50 mm above, the rest goes below, and the roots share it.
    rain = np.zeros(350)
    rain[250] = 60.0
    soil = soil_water_balance(rain, et0, 1.0, taw, 0.5, initial_depletion_mm=0, keep=OUTPUTS)
    assert soil["depletion_mm"][299] == pytest.approx(0, abs=1e-9)
    assert soil["percolation_mm"].sum() == 0
    assert soil["depletion_mm"][300] == pytest.approx(90 - 150 * left, abs=1e-6)


# --- what is not known -------------------------------------------------------------------------


def test_an_unknown_start_is_unknown_until_it_no_longer_matters() -> None:
    rain, et0 = weather((20,), 2000, 3)
    full, empty, unknown = (
        soil_water_balance(rain, et0, 1.0, 150.0, 0.5, initial_depletion_mm=start, tolerance_mm=0)
        for start in (0.0, 150.0, None)
    )
    same = full["depletion_mm"] == empty["depletion_mm"]
    assert same.any(axis=-1).all()
    assert np.isnan(unknown["depletion_mm"]).tolist() == (~same).tolist()
    np.testing.assert_array_equal(unknown["depletion_mm"][same], full["depletion_mm"][same])


@pytest.mark.parametrize("growing", [False, True])
@pytest.mark.parametrize("tolerance", [0.0, 2.0])
def test_after_a_gap_the_true_state_comes_back_within_the_tolerance(
    growing: bool, tolerance: float
) -> None:
    days = 3000
    rain, et0 = weather((10,), days, 4)
    taw = roots(days) if growing else np.array([150.0])
    true = soil_water_balance(rain, et0, 1.0, taw, 0.5, initial_depletion_mm=10, keep=OUTPUTS)
    gappy = rain.copy()
    gappy[:, 500:520] = np.nan
    soil = soil_water_balance(
        gappy,
        et0,
        1.0,
        taw,
        0.5,
        initial_depletion_mm=10,
        tolerance_mm=tolerance,
        keep=OUTPUTS,
    )
    for name in OUTPUTS:
        np.testing.assert_array_equal(soil[name][:, :500], true[name][:, :500])
    assert np.isnan(soil["depletion_mm"][:, 500:520]).all()
    assert np.isnan(soil["eta_mm"][:, 500:521]).all()
    np.testing.assert_array_equal(soil["etc_mm"], true["etc_mm"])
    known = ~np.isnan(soil["depletion_mm"])
    assert known[:, -1].all()
    error = np.abs(soil["depletion_mm"] - true["depletion_mm"])[known]
    assert error.max() <= tolerance / 2 + 1e-9


def test_one_gap_leaves_the_other_places_alone() -> None:
    rain, et0 = weather((2,), 400, 5)
    whole = soil_water_balance(rain, et0, 1.0, 100.0, 0.5, initial_depletion_mm=0)
    et0[1, 100] = np.nan
    soil = soil_water_balance(rain, et0, 1.0, 100.0, 0.5, initial_depletion_mm=0)
    np.testing.assert_array_equal(soil["swi"][0], whole["swi"][0])
    assert np.isnan(soil["swi"][1, 100])


def test_nothing_but_nan_gives_nan() -> None:
    nothing = np.full(300, np.nan)
    for growing in (False, True):
        taw = roots(300) if growing else 100.0
        soil = soil_water_balance(nothing, nothing, 1.0, taw, 0.5, keep=OUTPUTS)
        assert all(np.isnan(soil[name]).all() for name in OUTPUTS)
    soil = soil_water_balance(np.zeros(9), np.ones(9), 1.0, np.full((2, 1), np.nan), 0.5)
    assert np.isnan(soil["swi"]).all()


def test_a_missing_taw_is_a_gap_like_any_other() -> None:
    rain, et0 = weather((), 1500, 6)
    taw = roots(1500)
    true = soil_water_balance(rain, et0, 1.0, taw, 0.5, initial_depletion_mm=0)
    taw[400:405] = np.nan
    soil = soil_water_balance(rain, et0, 1.0, taw, 0.5, initial_depletion_mm=0)
    assert np.isnan(soil["swi"][400:405]).all()
    assert soil["swi"][-1] == pytest.approx(true["swi"][-1], abs=0.01)


# --- outputs, shapes, errors -------------------------------------------------------------------


def test_periods_are_means_of_states_and_sums_of_fluxes() -> None:
    days = 700
    rain, et0 = weather((2, 3), days, 7)
    daily = soil_water_balance(rain, et0, 1.0, 110.0, 0.5, keep=OUTPUTS)
    month = np.repeat([24000, 24001, 24007], [300, 390, 10])
    periods = soil_water_balance(rain, et0, 1.0, 110.0, 0.5, keep=OUTPUTS, period=month)
    ends = np.array([0, 300, 690])
    for name in OUTPUTS:
        assert periods[name].shape == (2, 3, 3)
        sums = np.add.reduceat(daily[name], ends, axis=-1)
        mean = name in {"depletion_mm", "below_mm", "swi", "ks"}
        expected = sums / [300, 390, 10] if mean else sums
        np.testing.assert_allclose(periods[name], expected, rtol=1e-12, atol=1e-12)


def test_only_what_is_asked_for_is_kept() -> None:
    soil = soil_water_balance(np.zeros(5), 1.0, 1.0, 100.0, 0.5, keep=["swi"])
    assert soil.swi is not None
    assert soil.depletion_mm is None
    with pytest.raises(KeyError, match="depletion_mm was not kept: there are swi"):
        soil["depletion_mm"]


def test_float32_and_masked_arrays_are_float64_with_nan() -> None:
    rain = np.ma.masked_array(np.full(30, 2.0, dtype=np.float32), mask=np.arange(30) == 12)
    soil = soil_water_balance(rain, np.float32(1.5), 1.0, 100.0, 0.5, initial_depletion_mm=0)
    assert soil["swi"].dtype == np.float64
    assert np.isnan(soil["swi"][12])


def test_empty_series_and_single_numbers() -> None:
    assert soil_water_balance(np.zeros((3, 0)), 1.0, 1.0, 100.0, 0.5)["swi"].shape == (3, 0)
    assert soil_water_balance(1.0, 1.0, 1.0, 100.0, 0.5)["swi"].shape == (1,)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"precip_mm": [[1.0, 2.0], [3.0, -4.0]]}, r"precip_mm\[1, 1\] is -4.0: negative"),
        ({"et0_mm": [1.0, np.inf]}, r"et0_mm\[1\] is inf: infinite"),
        ({"kc": [-1.0, 1.0]}, r"kc\[0\] is -1.0: negative"),
        ({"taw_mm": [100.0, 0.0]}, r"taw_mm\[1\] is 0.0: a root zone that holds no water"),
        ({"p": 1.0}, r"p\[0\] is 1.0: a fraction of TAW must be below 1"),
        ({"runoff_mm": 3.0}, r"precip_mm - runoff_mm\[0\] is -2.0: more runoff than rain"),
        ({"irrigation_mm": -1.0}, r"irrigation_mm\[0\] is -1.0: negative"),
        ({"initial_depletion_mm": 101.0}, r"initial_depletion_mm is 101.0: above TAW"),
        ({"initial_depletion_mm": -1.0}, "initial_depletion_mm is -1.0: negative"),
        ({"initial_below_mm": 1.0}, "initial_below_mm needs a taw_mm that changes"),
        ({"profile_mm": 50.0}, r"profile_mm is 50.0: below the largest TAW"),
        ({"profile_mm": [150.0, 160.0]}, "profile_mm does not change"),
        ({"keep": ["soil"]}, "unknown output 'soil': choose from depletion_mm"),
        ({"wetting": "never"}, "wetting is 'with_et' or 'before_et', got 'never'"),
        ({"tolerance_mm": -1.0}, "tolerance_mm must be at least 0, got -1.0"),
        ({"period": [2, 1]}, "period falls at position 1"),
        ({"period": [1.0, 2.0]}, "period needs a whole number for each of 2 days"),
        ({"period": [1, 2, 3]}, "period needs a whole number for each of 2 days"),
    ],
)
def test_errors_name_the_argument_and_the_place(change: dict[str, object], message: str) -> None:
    arguments = {
        "precip_mm": [1.0, 2.0],
        "et0_mm": 1.0,
        "kc": 1.0,
        "taw_mm": 100.0,
        "p": 0.5,
        **change,
    }
    with pytest.raises(ValueError, match=message):
        soil_water_balance(**arguments)


def test_arguments_are_left_as_they_were() -> None:
    rain, et0 = weather((2,), 50, 8)
    rain[0, 10] = np.nan
    copies = rain.copy(), et0.copy()
    soil_water_balance(rain, et0, 1.0, roots(50), 0.5, irrigated=True)
    np.testing.assert_array_equal(rain, copies[0])
    np.testing.assert_array_equal(et0, copies[1])


def test_the_surface_layer_recovers_from_a_gap_when_refilled() -> None:
    rain = np.array([0.0, np.nan, 0.0, 20.0, 0.0])
    layer = surface_evaporation(
        rain,
        4.0,
        0.3,
        exposed=0.8,
        wetted=1.0,
        tew_mm=18,
        rew_mm=8,
        initial_depletion_mm=5,
    )
    assert np.isnan(layer.ke).tolist() == [False, True, True, False, False]
    assert layer.depletion_start_mm[3] == 0


def test_an_unknown_start_counts_the_soil_below_the_roots_too() -> None:
    rain, et0 = weather((10,), 1500, 12)
    taw = roots(1500)
    full, empty = (
        soil_water_balance(
            rain,
            et0,
            1.0,
            taw,
            0.5,
            initial_depletion_mm=share * taw[0],
            initial_below_mm=share * (taw.max() - taw[0]),
            keep=OUTPUTS,
        )
        for share in (0.0, 1.0)
    )
    unknown = soil_water_balance(rain, et0, 1.0, taw, 0.5, tolerance_mm=0, keep=OUTPUTS)
    known = ~np.isnan(unknown["depletion_mm"])
    assert known[:, -1].any()
    for name in ("depletion_mm", "below_mm"):
        np.testing.assert_array_equal(full[name][known], empty[name][known])
        np.testing.assert_array_equal(unknown[name][known], full[name][known])
