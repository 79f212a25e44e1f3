"""Checks beyond the schema: each fault that is planted is found, and good rows are not."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.spatial import database
from geo_pipeline.storage.lake import Lake
from geo_pipeline.tables import TABLES
from geo_pipeline.territory import CODES
from geo_pipeline.transforms import quality
from geo_pipeline.words import catalogue, message, message_of

TODAY = pd.Timestamp("2024-06-01")
PAIRS = pd.DataFrame(
    [(a, b) for a in ("31", "32", "81", "82") for b in ("31", "32", "81", "82") if a != b],
    columns=["departement", "neighbour"],
)


def made(codes: tuple[str, ...] = ("31", "32", "81", "82")) -> pd.DataFrame:
    """Return six years of days with a course of the year: 12 °C ± 8, 2 mm on every third day."""
    dates = pd.date_range("2018-01-01", "2023-12-31")
    turn = 2 * np.pi * dates.dayofyear.to_numpy() / 365.25
    parts = []
    for place, code in enumerate(codes):
        wobble = np.sin(np.arange(len(dates)) * 2.3 + place)
        tmean = 12 - 8 * np.cos(turn) + 1.5 * wobble
        parts.append(
            pd.DataFrame(
                {
                    "departement": code,
                    "date": dates,
                    "tmin_c": tmean - 5,
                    "tmax_c": tmean + 5,
                    "tmean_c": tmean,
                    "precip_mm": np.where(np.arange(len(dates)) % 3 == 0, 2 + 0.1 * wobble, 0.0),
                    "source": "open-meteo:best_match",
                    "resolution": "day",
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def judged(weather: pd.DataFrame) -> pd.DataFrame:
    """Return all that is found in weather, neighbours compared as the pipeline does it."""
    months = quality.monthly(weather)
    compared = database.run("quality_neighbours", {"months": months, "pairs": PAIRS})
    return pd.concat(
        [
            quality.days(weather, TODAY),
            quality.order(weather),
            quality.climatology(weather, months),
            quality.jumps(weather),
            quality.neighbours(compared),
        ]
    )


def found(findings: pd.DataFrame) -> set[tuple[str, str, str]]:
    return set(findings[["departement", "check", "severity"]].itertuples(index=False, name=None))


def of(weather: pd.DataFrame, code: str, first: str, last: str) -> "pd.Series[bool]":
    return (weather["departement"] == code) & weather["date"].between(first, last)


def test_good_weather_has_no_findings() -> None:
    assert found(judged(made())) == set()


def test_swapped_extremes_are_an_error() -> None:
    weather = made()
    rows = of(weather, "31", "2020-07-01", "2020-07-10")
    weather.loc[rows, ["tmin_c", "tmax_c"]] = weather.loc[rows, ["tmax_c", "tmin_c"]].to_numpy()
    findings = judged(weather)
    assert {row for row in found(findings) if row[2] == "error"} == {("31", "order", "error")}
    (row,) = findings[findings["check"] == "order"].to_dict("records")
    assert (row["cases"], row["first"], row["last"]) == (10, "2020-07-01", "2020-07-10")
    assert (row["what"].key, row["what"].values["cases"]) == ("quality.worst", 10)


def test_two_slips_of_a_station_only_warn() -> None:
    weather = made()
    weather.loc[of(weather, "31", "2020-07-01", "2020-07-02"), "tmin_c"] += 6  # 1 °C over the mean
    assert found(quality.order(weather)) == {("31", "order", "warning")}
    rounding = made()
    rounding["tmin_c"] = rounding["tmean_c"] + 0.05
    assert quality.order(rounding).empty


def test_the_limit_of_slips_is_a_share_of_the_days_of_a_year() -> None:
    """7 days of 365 are under 2 %, 8 are over; 3 of the first 20 of a year are."""
    days = pd.date_range("2023-01-01", "2023-12-31", freq="45D")
    for slips, severity in ((7, "warning"), (8, "error")):
        weather = made()
        weather.loc[weather["date"].isin(days[:slips]), "tmin_c"] += 6
        assert {row[2] for row in found(quality.order(weather))} == {severity}
    begun = made().query("date < '2023-01-21'")
    for slips, severity in ((2, "warning"), (3, "error")):
        weather = begun.copy()
        weather.loc[of(weather, "31", "2023-01-01", f"2023-01-0{slips}"), "tmin_c"] += 6
        assert found(quality.order(weather)) == {("31", "order", severity)}


def test_extremes_that_are_not_known_are_not_judged() -> None:
    weather = made().assign(tmin_c=np.nan, tmax_c=np.nan)
    assert quality.order(weather).empty
    assert found(judged(weather)) == set()


def test_a_gap_of_40_days_warns_with_its_dates() -> None:
    weather = made()
    gone = of(weather, "32", "2021-03-02", "2021-04-10")
    assert gone.sum() == 40
    (row,) = quality.days(weather[~gone], TODAY).to_dict("records")
    assert (row["departement"], row["check"], row["severity"]) == ("32", "days", "warning")
    assert str(row["what"]) == "40 days are missing, 2021-03-02 to 2021-04-10"
    assert row["what"]("fr") == "il manque 40\u00a0jours, du 2021-03-02 au 2021-04-10"


def test_what_a_source_is_known_to_lack_is_no_finding() -> None:
    dates = pd.date_range("2013-01-01", "2015-12-31")
    dates = dates[dates.year != 2014]
    weather = pd.DataFrame({"departement": "31", "date": dates, "tmean_c": 12.0, "precip_mm": 2.0})
    embedded = weather.assign(source="bundled:agera5")
    assert quality.days(embedded, TODAY).empty
    assert len(quality.days(weather.assign(source="sim2"), TODAY)) == 1
    longer = embedded[embedded["date"] != "2013-12-31"]
    assert quality.days(longer, TODAY)["what"].iloc[0].values["score"] == 366


def test_missing_values_are_told_as_a_share() -> None:
    weather = made(("31",))  # 2191 days
    weather.loc[:43, "precip_mm"] = np.nan  # 44 are 2.01 %
    (row,) = quality.days(weather, TODAY).to_dict("records")
    assert str(row["what"]) == "2.0 % of the days are without rain (the worst of 44 cases)"
    weather.loc[43, "precip_mm"] = 0.0  # 43 are 1.96 %
    assert quality.days(weather, TODAY).empty


def test_days_to_come_are_an_error() -> None:
    weather = made()
    late = pd.Timestamp("2023-12-30")
    findings = quality.days(weather, late)
    assert set(findings["severity"]) == {"error"}
    assert len(findings) == 4
    assert findings["what"].iloc[0] == message("quality.days.future", last="2023-12-31")


def test_a_month_of_rain_times_20_is_an_error() -> None:
    weather = made()
    weather.loc[of(weather, "31", "2021-05-01", "2021-05-31"), "precip_mm"] *= 30
    findings = judged(weather)
    assert ("31", "climatology", "error") in found(findings)
    assert ("31", "neighbours", "error") in found(findings)
    assert set(findings["departement"]) == {"31"}


def test_rain_of_a_day_beyond_all_records_is_an_error() -> None:
    weather = made(("31", "974"))
    weather.loc[of(weather, "31", "2021-05-01", "2021-05-01"), "precip_mm"] = 700.0
    weather.loc[of(weather, "974", "2021-05-01", "2021-05-01"), "precip_mm"] = 700.0
    findings = quality.climatology(weather, quality.monthly(weather).iloc[:0])
    assert found(findings) == {("31", "climatology", "error"), ("974", "climatology", "warning")}


def test_a_departement_shifted_by_12_degrees_is_an_error() -> None:
    weather = made()
    rows = weather["departement"] == "82"
    weather.loc[rows, ["tmin_c", "tmean_c", "tmax_c"]] += 12
    assert found(judged(weather)) == {("82", "neighbours", "error")}


def test_a_month_shifted_by_9_degrees_is_told_by_what_is_usual() -> None:
    """A jump within one year is less than between mountain and plain, but not usual there."""
    weather = made()
    rows = of(weather, "82", "2021-05-01", "2021-05-31")
    weather.loc[rows, ["tmin_c", "tmean_c", "tmax_c"]] += 8.9
    findings = quality.neighbours(
        database.run("quality_neighbours", {"months": quality.monthly(weather), "pairs": PAIRS})
    )
    assert found(findings) == {("82", "neighbours", "error")}
    assert "is usual" in str(findings["what"].iloc[0])


def test_one_neighbour_is_not_enough_to_judge() -> None:
    weather = made(("31", "32"))
    weather.loc[weather["departement"] == "31", "tmean_c"] += 12
    compared = database.run(
        "quality_neighbours", {"months": quality.monthly(weather), "pairs": PAIRS}
    )
    assert quality.neighbours(compared).empty


def test_a_month_without_rain_among_wet_neighbours_only_warns() -> None:
    weather = made()
    weather["precip_mm"] *= 4  # 80 mm a month
    weather.loc[of(weather, "81", "2021-05-01", "2021-05-31"), "precip_mm"] = 0.0
    findings = judged(weather)
    assert found(findings) == {("81", "neighbours", "warning")}


def test_absurd_temperatures_are_errors_by_the_month() -> None:
    weather = made()
    weather.loc[of(weather, "31", "2021-01-10", "2021-01-10"), "tmax_c"] = 45.0
    findings = quality.climatology(weather, quality.monthly(weather))
    assert found(findings) == {("31", "climatology", "error")}
    assert "tmax_c 45.0 °C on 2021-01-10" in str(findings["what"].iloc[0])
    # The same in summer is but a heat wave.
    summer = made()
    summer.loc[of(summer, "31", "2021-07-20", "2021-07-20"), "tmax_c"] += 8
    assert quality.climatology(summer, quality.monthly(summer)).empty


@pytest.mark.parametrize(("change_c", "severity"), [(10, None), (20, "warning"), (30, "error")])
def test_jumps_from_a_day_to_the_next(change_c: float, severity: str | None) -> None:
    weather = made()
    weather.loc[of(weather, "31", "2021-01-10", "2021-01-10"), "tmean_c"] += change_c
    expected = set() if severity is None else {("31", "jumps", severity)}
    assert found(quality.jumps(weather)) == expected


def test_a_jump_across_a_gap_is_none() -> None:
    weather = made(("31",))
    weather.loc[weather["date"] >= "2021-06-01", "tmean_c"] += 20
    assert len(quality.jumps(weather)) == 1
    assert quality.jumps(weather[weather["date"] != "2021-06-01"]).empty


@pytest.mark.parametrize(("days", "severity"), [(6, None), (7, "warning"), (20, "error")])
def test_values_that_stand_still(days: int, severity: str | None) -> None:
    weather = made()
    last = pd.Timestamp("2021-05-01") + pd.Timedelta(days=days - 1)
    weather.loc[of(weather, "31", "2021-05-01", str(last.date())), "tmean_c"] = 14.2
    findings = quality.jumps(weather)
    assert found(findings) == (set() if severity is None else {("31", "jumps", severity)})
    if severity:
        said = str(findings["what"].iloc[0])
        assert f"14.20 on {days} days in a row from 2021-05-01" in said
    assert quality.jumps(weather.assign(resolution="dekad")).empty


def test_no_rain_for_weeks_is_no_stuck_gauge() -> None:
    weather = made()
    weather.loc[of(weather, "31", "2021-06-01", "2021-07-31"), "precip_mm"] = 0.0
    assert quality.jumps(weather).empty


def overlap(**values: Any) -> pd.DataFrame:
    row = {
        "departement": "31",
        "first": "open-meteo",
        "other": "bundled:agera5",
        "variable": "tmean_c",
        "month": pd.NA,
        "resolution": "day",
        "days": 700,
        "first_mean": 12.0,
        "other_mean": 12.5,
        "bias": 0.5,
        "ratio": np.nan,
        "correlation": 0.99,
        "judged": True,
        "out_of_bounds": "",
    }
    return pd.DataFrame([row | values])


def test_two_histories_that_differ() -> None:
    assert quality.other_source(overlap()).empty
    apart = overlap(bias=1.5, other_mean=13.5, out_of_bounds="bias")
    assert found(quality.other_source(apart)) == {("31", "other_source", "warning")}
    absurd = overlap(bias=-6.0, other_mean=6.0, out_of_bounds="bias")
    assert found(quality.other_source(absurd)) == {("31", "other_source", "error")}
    rain = overlap(variable="precip_mm", first_mean=2.0, other_mean=0.5, ratio=0.25, bias=-1.5)
    rain["out_of_bounds"] = "ratio"
    (row,) = quality.other_source(rain).to_dict("records")
    assert row["severity"] == "error"
    said = str(row["what"])
    assert said.startswith("precip_mm: 2.00 in open-meteo, 0.50 in bundled:agera5 (ratio)")


# Crops


def crop(code: str, year: int, name: str, area: float, yields: float) -> dict[str, Any]:
    return {
        "departement": code,
        "year": year,
        "crop": name,
        "area_ha": area,
        "yield_q_ha": yields,
        "production_q": area * yields,
    }


def fields() -> pd.DataFrame:
    """Return ten years of two crops in four départements of 5000 km²."""
    return pd.DataFrame(
        [
            crop(code, year, name, 50_000.0 + 100 * (year % 3), 60.0 + year % 4)
            for code in ("31", "32", "81", "82")
            for year in range(2010, 2020)
            for name in ("soft_wheat", "sunflower")
        ]
    )


AREAS = pd.DataFrame({"departement": ["31", "32", "81", "82"], "area_km2": 5000.0})


def crops_judged(crops: pd.DataFrame) -> pd.DataFrame:
    yields = crops[["departement", "year", "crop", "yield_q_ha"]]
    compared = database.run("quality_crop_neighbours", {"crops": yields, "pairs": PAIRS})
    return pd.concat(
        [
            quality.crop_area(crops, AREAS),
            quality.crop_figures(crops),
            quality.crop_neighbours(compared),
        ]
    )


def test_good_fields_have_no_findings() -> None:
    assert crops_judged(fields()).empty


def test_crops_twice_the_size_of_the_departement_are_an_error() -> None:
    crops = fields()
    rows = (crops["departement"] == "31") & (crops["year"] == 2016)
    crops.loc[rows, ["area_ha", "production_q"]] *= 10  # 10 x 1000 km² of 5000
    findings = crops_judged(crops)
    assert ("31", "area", "error") in found(findings)
    (what,) = findings.loc[findings["severity"] == "error", "what"]
    assert "crops cover 200 % of the département in 2016" in str(what)
    assert set(findings["departement"]) == {"31"}


def test_a_whole_and_its_parts_are_counted_once() -> None:
    maize = pd.DataFrame(
        [
            crop("31", 2015, "grain_maize", 300_000.0, 90.0),
            crop("31", 2015, "grain_maize_irrigated", 200_000.0, 100.0),
            crop("31", 2015, "grain_maize_rainfed", 100_000.0, 70.0),
            crop("31", 2015, "total_cereales", 450_000.0, 70.0),
            crop("31", 2015, "soft_wheat", 140_000.0, 60.0),
        ]
    )
    assert quality.crop_area(maize, AREAS).empty  # 440 000 ha of 500 000: 88 %
    maize.loc[4, "area_ha"] = 160_000.0  # 92 %
    assert found(quality.crop_area(maize, AREAS)) == {("31", "area", "warning")}


def test_production_is_area_times_yield_within_rounding() -> None:
    crops = fields()
    product_q = 50_000.0 * 62.0
    crops.loc[0, "production_q"] = 1.01 * product_q
    assert quality.crop_figures(crops).empty
    crops.loc[0, "production_q"] = 1.06 * product_q
    assert found(quality.crop_figures(crops)) == {("31", "figures", "warning")}
    crops.loc[0, "production_q"] = product_q / 10  # in tonnes
    (row,) = quality.crop_figures(crops).to_dict("records")
    assert row["severity"] == "error"
    assert str(row["what"]) == "soft_wheat in 2010: 50000 ha x 62.0 q/ha is not 310000 q"


def test_yields_of_another_unit_are_an_error_odd_ones_warn() -> None:
    crops = fields()
    row = (crops["departement"] == "32") & (crops["year"] == 2014) & (crops["crop"] == "sunflower")
    crops.loc[row, "yield_q_ha"] = 630.0
    crops.loc[row, "production_q"] = 630.0 * crops.loc[row, "area_ha"]
    findings = crops_judged(crops)
    assert found(findings) == {("32", "figures", "error"), ("32", "neighbours", "warning")}
    crops.loc[row, "yield_q_ha"] = 15.0
    crops.loc[row, "production_q"] = 15.0 * crops.loc[row, "area_ha"]
    assert found(crops_judged(crops)) == {
        ("32", "figures", "warning"),
        ("32", "neighbours", "warning"),
    }


def test_areas_that_jump_warn() -> None:
    crops = fields()
    row = (crops["departement"] == "32") & (crops["year"] == 2014) & (crops["crop"] == "sunflower")
    crops.loc[row, "area_ha"] /= 5
    crops.loc[row, "production_q"] /= 5
    (found_row,) = quality.crop_area(crops, AREAS).to_dict("records")
    assert found_row["severity"] == "warning"
    assert found_row["cases"] == 2  # down and up again


# Water


def levels(**values: Any) -> pd.DataFrame:
    columns = TABLES["water_restrictions"].rows.to_schema().columns
    row: dict[str, Any] = dict.fromkeys(columns)
    row |= {"departement": "31", "date": pd.Timestamp("2024-05-01"), "level_max": "alerte"}
    frame = pd.DataFrame([row | values])
    shares = [name for name in columns if name.endswith("_pct")]
    return frame.astype(dict.fromkeys(shares, "float64"))


def test_shares_of_an_area_sum_to_it_at_most() -> None:
    assert quality.restrictions(levels()).empty
    good = levels(surface_alerte_pct=60.0, surface_crise_pct=40.05)
    assert quality.restrictions(good).empty
    over = levels(surface_alerte_pct=70.0, surface_crise_pct=40.0)
    (row,) = quality.restrictions(over).to_dict("records")
    assert (row["check"], row["severity"]) == ("levels", "error")
    assert str(row["what"]) == "surface restrictions cover 110 % of the area on 2024-05-01"


def test_no_level_is_above_the_highest() -> None:
    assert quality.restrictions(levels(level_surface="vigilance")).empty
    (row,) = quality.restrictions(levels(level_groundwater="crise")).to_dict("records")
    assert str(row["what"]).startswith("groundwater: crise is above the highest level, alerte")
    assert len(quality.restrictions(levels(level_max=None, level_drinking="vigilance"))) == 1


def test_months_of_groundwater() -> None:
    ends = pd.to_datetime(["2024-01-31", "2024-02-29", "2024-05-31", "2024-06-30", "2024-07-31"])
    months = pd.DataFrame({"departement": "31", "period_end": ends})
    findings = quality.groundwater(months, TODAY)  # June is this month
    assert found(findings) == {("31", "months", "warning"), ("31", "months", "error")}
    by_severity = findings.set_index("severity")["what"]
    assert str(by_severity["warning"]) == "2 months are missing from 2024-03-01 on"
    assert str(by_severity["error"]) == "2024-07-31 is after this month"


# What is made of it


def test_soil_water_that_contradicts_itself() -> None:
    good = pd.DataFrame(
        {
            "departement": "31",
            "date": pd.date_range("2024-05-01", periods=4),
            "depletion_mm": [0.0, 50.0, 100.0, np.nan],
            "taw_mm": 100.0,
            "swi": [1.0, 0.5, 0.0, np.nan],
        }
    )
    assert quality.soil_water(good).empty
    for column, value, words in (
        ("depletion_mm", 130.0, "130.0 mm are gone of 100.0 on 2024-05-02"),
        ("swi", 0.8, "swi 0.800 with 50.0 mm gone of 100.0, 2024-05-02"),
    ):
        bad = good.copy()
        bad.loc[1, column] = value
        findings = quality.soil_water(bad)
        assert found(findings) == {("31", "balance", "error")}
        assert words in str(findings["what"].iloc[0])


def dekads_of(values: dict[str, list[float]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    ends = pd.to_datetime(
        [
            day
            for month in pd.period_range("2022-01", "2022-12", freq="M")
            for day in (f"{month}-10", f"{month}-20", str(month.end_time.date()))
        ]
    )
    parts = [
        pd.DataFrame({"departement": "31", "period_end": ends, "indicator": name, "value": numbers})
        for name, numbers in values.items()
    ]
    weather_ends = pd.DataFrame({"departement": ["31"], "date": [ends[-1]]})
    return pd.concat(parts, ignore_index=True), weather_ends


def test_an_indicator_lost_while_weather_is_there() -> None:
    rows, ends = dekads_of({"precip_mm": [1.0] * 36, "combined": [50.0] * 35 + [np.nan]})
    (row,) = quality.dekads(rows, ends).to_dict("records")
    assert (row["check"], row["severity"]) == ("dekads", "warning")
    lost = {"indicator": "combined", "first": "2022-12-31"}
    assert row["what"] == message("quality.dekads.lost", **lost)
    # Weather that ends before, or an indicator that was seldom there, says nothing.
    assert quality.dekads(rows, ends.assign(date=pd.Timestamp("2022-12-20"))).empty
    assert quality.dekads(rows, ends.iloc[:0]).empty
    rare, ends = dekads_of(
        {"precip_mm": [1.0] * 36, "combined": [np.nan] * 25 + [1.0] * 10 + [np.nan]}
    )
    assert quality.dekads(rare, ends).empty


def test_dekads_that_are_missing() -> None:
    rows, ends = dekads_of({"precip_mm": [1.0] * 36})
    gone = rows[~rows["period_end"].isin(pd.to_datetime(["2022-02-28", "2022-03-10"]))]
    (row,) = quality.dekads(gone, ends).to_dict("records")
    assert row["what"] == message("quality.dekads.gap", score=2.0, first="2022-02-21")


# The real thing


@pytest.mark.slow
def test_embedded_data_break_no_limit(published_home: Any) -> None:
    """No département is held back on real data, and a person can look at all that warns."""
    lake = Lake(published_home / "lake")
    weather = lake.read("weather_daily", *CODES)
    pairs = lake.read("departement_neighbours", columns=["departement", "neighbour"])
    months = quality.monthly(weather)
    crops = lake.read("crop_statistics", *CODES)
    compared = database.run("quality_neighbours", {"months": months, "pairs": pairs})
    yields = database.run("quality_crop_neighbours", {"crops": crops, "pairs": pairs})
    areas = pd.DataFrame(lake.read("departements"))[["departement", "area_km2"]]
    assert (compared["neighbours"] >= quality.LEAST_NEIGHBOURS).mean() > 0.9  # really compared
    findings = pd.concat(
        [
            quality.days(weather, pd.Timestamp("2026-11-23")),
            quality.order(weather),
            quality.climatology(weather, months),
            quality.jumps(weather),
            quality.neighbours(compared),
            quality.crop_area(crops, areas),
            quality.crop_figures(crops),
            quality.crop_neighbours(yields),
            quality.restrictions(lake.read("water_restrictions")),
        ]
    )
    assert "error" not in set(findings["severity"])
    assert 0 < len(findings) < 30


def test_every_finding_has_its_words_in_both_languages() -> None:
    """Its values by hand; no text is told in the other language."""
    row = dict.fromkeys(
        ("score", "value", "usual", "before", "after", "cases", "swi", "depletion_mm", "taw_mm"),
        1.5,
    )
    row |= dict.fromkeys(("tmin_c", "tmean_c", "tmax_c", "precip_mm", "area_ha"), 2.5)
    row |= dict.fromkeys(("neighbours_tmean_c", "neighbours_precip_mm"), 3.5)
    row |= dict.fromkeys(("yield_q_ha", "production_q", "neighbours_yield_q_ha"), 4.5)
    row |= dict.fromkeys(("first_mean", "other_mean", "days", "limit_days"), 5.5)
    names = {"first": "2022-08-01", "last": "2022-08-31", "variable": "tmean_c", "crop": "potato"}
    names |= {"source": "a", "other": "b", "out_of_bounds": "bias", "indicator": "swi"}
    names |= {"level": "crise", "level_max": "alerte", "what": "x", "lead_dekads": "3"}
    keys = [key for key in catalogue("en").texts if key.startswith("quality.")]
    assert len(keys) == 36
    for key in keys:
        told = message_of(key, row | names)
        assert told("fr") != told("en")
