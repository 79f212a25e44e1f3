"""Columns, units and ranges of the tables of forecasts and of their skill, as pandera models.

Add the model of such a table here. Other tables have theirs in `schemas` and `stake_schemas`; the
rest of a table's record is in `tables`.
"""

from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from geo_pipeline.schemas import ByDepartement, Exact
from geo_pipeline.territory import CODES

YIELD_BASELINES = ["mean", "mean_of_five", "trend", "last_year"]
YIELD_VERDICTS = ["model", "few_years", "no_skill", "no_forward_skill", "chance", "placebo"]


def _q_ha(description: str) -> Any:
    """Return the field of a yield that may be missing."""
    return pa.Field(ge=0, nullable=True, description=f"{description}, q/ha")


class YieldOutlook(ByDepartement):
    """Yield forecasts before harvest, each with an interval of 80 % (mart).

    Dates of issue are the ends of the months from sowing to harvest, and the day of harvest. A
    forecast uses only earlier harvests and the weather up to its date of issue, also in past
    seasons: it is what would have been forecast then. `published` names the forecast that readers
    see: the model only where it passes all tests on the present data (`yield_skill.verdict`). These
    use harvests that were not known then: `in_hindsight` marks such rows.
    """

    crop: Series[str] = pa.Field(description="Crop, as in crop_statistics")
    year: Series[int] = pa.Field(ge=1900, le=2100, description="Year of harvest")
    issue: Series[int] = pa.Field(
        ge=1, le=13, description="1 at the end of the month of sowing, 2 a month later, and so on"
    )
    issued: Series[pd.Timestamp] = pa.Field(description="Day of issue")
    last_harvest: Series[int] = pa.Field(
        ge=1900, le=2100, description="Year of the last harvest known in the département"
    )
    baseline: Series[str] = pa.Field(
        isin=YIELD_BASELINES,
        description="Forecast without the weather: the one that was best in the years before",
    )
    baseline_q_ha: Series[float] = pa.Field(ge=0, description="Yield that it forecasts, q/ha")
    baseline_p10_q_ha: Series[float] = _q_ha("Its quantile of 10 %")
    baseline_p90_q_ha: Series[float] = _q_ha("Its quantile of 90 %")
    model_q_ha: Series[float] = _q_ha("Forecast of the model; only where published")
    model_p10_q_ha: Series[float] = _q_ha("Its quantile of 10 %")
    model_p90_q_ha: Series[float] = _q_ha("Its quantile of 90 %")
    published: Series[str] = pa.Field(
        isin=["baseline", "model"], description="The forecast that readers see"
    )
    why: Series[str] = pa.Field(
        isin=YIELD_VERDICTS, description="`model`, or the first test that the model failed"
    )
    in_hindsight: Series[bool] = pa.Field(
        description="Whether the harvest of that year or a later one took part in these tests: on "
        "the day of issue their result was not known"
    )

    class Config:
        """One row a département, crop, harvest and date of issue."""

        unique = ["departement", "crop", "year", "issue"]


def _skill(description: str) -> Any:
    """Return the field of a skill: 1 is perfect, 0 no better than the best baseline."""
    return pa.Field(le=1, nullable=True, description=description)


class YieldSkill(Exact):
    """Skill of yield forecasts in years that the model was not fitted on, for all of France (mart).

    A skill is 1 - mean squared error of the model / that of the best baseline. It is missing where
    there are too few years to measure it. Method: docs/model_card.md.
    """

    crop: Series[str] = pa.Field(description="Crop, as in crop_statistics")
    issue: Series[int] = pa.Field(ge=1, le=13, description="As in yield_outlook")
    issue_month: Series[int] = pa.Field(ge=1, le=12, description="Month of the day of issue")
    years: Series[int] = pa.Field(ge=0, description="Years with a harvest and its weather")
    departements: Series[int] = pa.Field(ge=0, description="Départements with such years")
    baseline: Series[str] = pa.Field(
        isin=YIELD_BASELINES, nullable=True, description="The best baseline of these years"
    )
    baseline_rmse_q_ha: Series[float] = _q_ha("Root mean squared error of that baseline")
    model_rmse_q_ha: Series[float] = _q_ha("That of the model, for the same harvests")
    skill: Series[float] = _skill("Skill, each year left out in turn")
    skill_low: Series[float] = _skill("Lower bound of its interval (90 %, years resampled)")
    skill_high: Series[float] = _skill("Upper bound of its interval")
    skill_two_out: Series[float] = _skill("Skill, each pair of years left out in turn")
    forward_years: Series[int] = pa.Field(
        ge=0, description="Years forecast from earlier years only, of which there are eight or more"
    )
    forward_skill: Series[float] = _skill("Skill in these years; missing where there are none")
    p_value: Series[float] = pa.Field(
        ge=0,
        le=1,
        nullable=True,
        description="Share of shuffled years in which a date of issue has as much skill; "
        "missing where no date of the crop has skill",
    )
    placebo_before: Series[float] = _skill("Skill of the weather before sowing")
    placebo_before_low: Series[float] = _skill("Lower bound of its interval")
    placebo_before_p: Series[float] = pa.Field(
        ge=0, le=1, nullable=True, description="Its p-value, where that end is above 0"
    )
    placebo_after: Series[float] = _skill("Skill of the weather after harvest")
    placebo_after_low: Series[float] = _skill("Lower bound of its interval")
    placebo_after_p: Series[float] = pa.Field(
        ge=0, le=1, nullable=True, description="Its p-value, where that end is above 0"
    )
    coverage_pct: Series[float] = pa.Field(
        ge=0,
        le=100,
        nullable=True,
        description="Harvests within the model's interval of 80 %, mean of the years, %",
    )
    coverage_worst_year_pct: Series[float] = pa.Field(
        ge=0, le=100, nullable=True, description="The same in the worst year, %"
    )
    verdict: Series[str] = pa.Field(
        isin=YIELD_VERDICTS, description="`model`, or the first test that the model failed"
    )

    class Config:
        """One row a crop and date of issue."""

        unique = ["crop", "issue"]


WHY_NOT = (
    "outlook.few_years",
    "outlook.soil_unknown",
    "outlook.skill_unknown",
    "outlook.no_skill",
)
"""Keys of the reasons why a forecast of soil water is not shown (`sql/soil_outlook_told.sql`)."""


def _swi(description: str) -> Any:
    """Return the field of a wetness that may be missing."""
    return pa.Field(ge=0, le=1, nullable=True, description=f"{description}, 0-1")


def _chance(drought_class: str) -> Any:
    """Return the field of the chance of a class or a drier one."""
    return pa.Field(
        ge=0,
        le=100,
        nullable=True,
        description=f"Chance of {drought_class} or drier, %; missing where the other years are too "
        "few to estimate its limit",
    )


class SoilOutlook(ByDepartement):
    """Soil water of the next one to nine dekads, of each crop in its season (mart, partitioned).

    From the state of the soil on the day of issue, with the weather of each other year. The
    publication adds `published`, and `why_not`, the key of the reason for which a forecast is not
    shown. Its numbers are then missing: either the lower bound of its skill against climatology
    (`outlook_skill`) is not above zero, or no forecast can be made.
    """

    departement: Series[pd.CategoricalDtype] = pa.Field(
        isin=CODES, description="INSEE code, always a string"
    )
    period_end: Series[pd.Timestamp] = pa.Field(
        description="Day of issue: the last day of the last dekad whose weather is complete"
    )
    crop: Series[pd.CategoricalDtype] = pa.Field(description="Crop, as in soil_water_daily")
    lead_dekads: Series[int] = pa.Field(ge=1, le=9, description="Dekads to come")
    target_end: Series[pd.Timestamp] = pa.Field(description="Last day of that dekad")
    usual_years: Series[int] = pa.Field(ge=0, description="Other years with a known wetness in it")
    members: Series[int] = pa.Field(ge=0, description="Other years in the ensemble")
    swi: Series[float] = _swi("Soil wetness at the end of the day of issue")
    p10: Series[float] = _swi("Mean wetness of the dekad, quantile of 10 %")
    p25: Series[float] = _swi("Quantile of 25 %")
    p50: Series[float] = _swi("Median")
    p75: Series[float] = _swi("Quantile of 75 %")
    p90: Series[float] = _swi("Quantile of 90 %")
    usual_p10: Series[float] = _swi("Wetness of other years in that dekad, quantile of 10 %")
    usual_p50: Series[float] = _swi("Median of other years in that dekad")
    usual_p90: Series[float] = _swi("Wetness of other years in that dekad, quantile of 90 %")
    d0_pct: Series[float] = _chance("D0")
    d1_pct: Series[float] = _chance("D1")
    d2_pct: Series[float] = _chance("D2")
    d3_pct: Series[float] = _chance("D3")
    d4_pct: Series[float] = _chance("D4")

    class Config:
        """One row a département, crop and dekad to come."""

        unique = ["departement", "period_end", "crop", "lead_dekads"]


def _crpss(description: str) -> Any:
    """Return the field of a skill: 1 is perfect, 0 as good as the baseline."""
    return pa.Field(le=1, nullable=True, description=description)


class PublishedSoilOutlook(SoilOutlook):
    """Soil water to come as it is published: with its skill, without numbers where it has none."""

    crpss_climatology: Series[float] = _crpss("Skill of such forecasts against climatology")
    crpss_climatology_low: Series[float] = _crpss("Its lower bound (90 %)")
    crpss_climatology_high: Series[float] = _crpss("Its upper bound")
    crpss_persistence: Series[float] = _crpss("Their skill against damped persistence")
    skill_years: Series[pd.Int64Dtype] = pa.Field(
        ge=0, nullable=True, description="Years that the skill was measured in"
    )
    why_not: Series[str] = pa.Field(
        isin=WHY_NOT, nullable=True, description="Why the forecast is not shown"
    )
    published: Series[bool] = pa.Field(description="Whether the forecast is shown")


def _score(description: str) -> Any:
    """Return the field of a score that is not known before its dekad is over."""
    return pa.Field(nullable=True, description=description)


class OutlookHindcast(ByDepartement):
    """Forecasts of soil water for past dates of issue, with their scores (mart, partitioned).

    Of the year being forecast, only the state of the soil on the day of issue is used
    (docs/outlook.md). Sums by month of issue are published (`outlook_local_skill`), and those of
    grassland as they were issued (`soil_outlook_past`).
    """

    # Two million rows of short numbers.
    departement: Series[pd.CategoricalDtype] = pa.Field(
        isin=CODES, description="INSEE code, always a string"
    )
    period_end: Series[pd.Timestamp] = pa.Field(description="Day of issue, the last of a dekad")
    crop: Series[pd.CategoricalDtype] = pa.Field(description="Crop, as in soil_water_daily")
    lead_dekads: Series[np.int8] = pa.Field(ge=1, le=9, description="Dekads from the issue")
    observed: Series[np.float32] = _swi("Observed mean wetness of the dekad")
    p10: Series[np.float32] = _swi("Quantile of 10 % of the forecast")
    p50: Series[np.float32] = _swi("Median of the forecast")
    p90: Series[np.float32] = _swi("Quantile of 90 % of the forecast")
    members: Series[np.float32] = pa.Field(ge=0, description="Other years in the ensemble")
    rank: Series[np.float32] = _score("Members below the observed wetness; equal ones count half")
    crps: Series[np.float32] = _score("Fair continuous ranked probability score, 0-1")
    crps_climatology: Series[np.float32] = _score(
        "The same of climatology, the other years in that dekad"
    )
    crps_persistence: Series[np.float32] = _score("The same of damped persistence")
    rps: Series[np.float32] = _score("Fair ranked probability score of D0, D1 and D2")
    rps_climatology: Series[np.float32] = _score("The same of constant chances of 30, 20 and 10 %")
    drought_chance: Series[np.float32] = pa.Field(
        ge=0, le=1, nullable=True, description="Share of the members in D1 or drier, 0-1"
    )
    drought: Series[np.float32] = pa.Field(
        isin=[0, 1], nullable=True, description="1 where the dekad was in D1 or drier, else 0"
    )

    class Config:
        """One row a département, day of issue, crop and dekad to come."""

        unique = ["departement", "period_end", "crop", "lead_dekads"]


def _share(description: str) -> Any:
    return pa.Field(ge=0, le=100, nullable=True, description=f"{description}, %")


class OutlookSkill(Exact):
    """Skill of past forecasts of soil water by crop, month of issue and lead, all of France (mart).

    Intervals are of 90 %, from resampled years: docs/outlook.md.
    """

    crop: Series[str] = pa.Field(description="Crop, as in soil_water_daily")
    month: Series[int] = pa.Field(ge=1, le=12, description="Month of issue")
    lead_dekads: Series[int] = pa.Field(ge=1, le=9, description="Dekads from the issue")
    forecasts: Series[int] = pa.Field(ge=0, description="Forecasts whose dekad is over")
    years: Series[int] = pa.Field(ge=0, description="Years with such forecasts")
    crpss_climatology: Series[float] = _crpss(
        "Skill against climatology, the other years in that dekad"
    )
    crpss_climatology_low: Series[float] = _crpss("Its lower bound")
    crpss_climatology_high: Series[float] = _crpss("Its upper bound")
    crpss_persistence: Series[float] = _crpss("Skill against damped persistence")
    crpss_persistence_low: Series[float] = _crpss("Its lower bound")
    crpss_persistence_high: Series[float] = _crpss("Its upper bound")
    rpss: Series[float] = _crpss("Skill of the chances of D0, D1 and D2 against 30, 20 and 10 %")
    coverage_pct: Series[float] = _share(
        "Forecasts whose interval of 80 % contained the observed wetness"
    )
    coverage_worst_year_pct: Series[float] = _share("The same in the worst year")
    drought_chance_pct: Series[float] = _share("Mean forecast chance of D1 or drier")
    drought_frequency_pct: Series[float] = _share("Observed frequency of D1 or drier")
    likely: Series[int] = pa.Field(
        ge=0, description="Forecasts with a chance of D1 or drier of one half or more"
    )
    likely_frequency_pct: Series[float] = _share("Observed frequency after these")

    class Config:
        """One row a crop, month of issue and dekad to come."""

        unique = ["crop", "month", "lead_dekads"]


class Recovery(ByDepartement):
    """Rain that brings a soil out of drought, and its chance by past years (mart, partitioned)."""

    departement: Series[pd.CategoricalDtype] = pa.Field(
        isin=CODES, description="INSEE code, always a string"
    )
    period_end: Series[pd.Timestamp] = pa.Field(description="Day of issue, as in soil_outlook")
    crop: Series[pd.CategoricalDtype] = pa.Field(description="Crop, as in soil_water_daily")
    horizon_dekads: Series[int] = pa.Field(
        isin=[3, 6, 9], description="Dekads to come: 30, 60 or 90 days"
    )
    goal: Series[str] = pa.Field(
        isin=["easing", "end"],
        description="`easing`: out of D1; `end`: the median of other years",
    )
    target_end: Series[pd.Timestamp] = pa.Field(description="Last day of the last of these dekads")
    goal_swi: Series[float] = _swi("Wetness in the last dekad that reaches the goal")
    swi: Series[float] = _swi("Soil wetness at the end of the day of issue")
    reached: Series[bool] = pa.Field(
        description="Whether the dekad of issue reaches the goal of its own date"
    )
    rain_needed_mm: Series[float] = pa.Field(
        ge=0,
        nullable=True,
        description="Rain needed until then, with the usual evapotranspiration, mm; missing "
        "where 800 mm are not enough",
    )
    rain_usual_mm: Series[float] = pa.Field(
        ge=0, nullable=True, description="Median rain of other years over the same days, mm"
    )
    chance_pct: Series[float] = _share("Other years whose weather brings today's soil to the goal")
    members: Series[int] = pa.Field(ge=0, description="Number of other years")

    class Config:
        """One row a département, crop, horizon and goal."""

        unique = ["departement", "period_end", "crop", "horizon_dekads", "goal"]
