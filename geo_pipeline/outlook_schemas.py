"""Columns, units and ranges of the tables that look ahead, as pandera models.

Add here the model of a table of forecasts, or of what measures them, as `schemas` has the others.
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
    """Return the field of a yield that may not be told."""
    return pa.Field(ge=0, nullable=True, description=f"{description}, q/ha")


class YieldOutlook(ByDepartement):
    """Yields told before harvest, each with its range (mart).

    A row a season and date of issue: the ends of the months from sowing to harvest, and the day of
    harvest. Each is told from the harvests before its year and the weather until its issue, also of
    seasons that are over: what would have been told then. `published` says which of the two holds
    for readers: the model only where it has passed the rule (`yield_skill.verdict`, as judged now).
    """

    crop: Series[str] = pa.Field(description="Crop, as in crop_statistics")
    year: Series[int] = pa.Field(ge=1900, le=2100, description="Year of harvest")
    issue: Series[int] = pa.Field(
        ge=1, le=13, description="1 at the end of the month of sowing, and on by months"
    )
    issued: Series[pd.Timestamp] = pa.Field(description="Day of issue")
    last_harvest: Series[int] = pa.Field(
        ge=1900, le=2100, description="Year of the last harvest known of the place"
    )
    baseline: Series[str] = pa.Field(
        isin=YIELD_BASELINES,
        description="What is expected without the weather: whichever was best in the years before",
    )
    baseline_q_ha: Series[float] = pa.Field(ge=0, description="What it expects, q/ha")
    baseline_p10_q_ha: Series[float] = _q_ha("Yield that is below in one year of ten")
    baseline_p90_q_ha: Series[float] = _q_ha("Yield that is above in one year of ten")
    model_q_ha: Series[float] = _q_ha("What the weather so far makes of it; only where published")
    model_p10_q_ha: Series[float] = _q_ha("Yield that is below in one year of ten")
    model_p90_q_ha: Series[float] = _q_ha("Yield that is above in one year of ten")
    published: Series[str] = pa.Field(
        isin=["baseline", "model"], description="Which of the two is told to readers"
    )
    why: Series[str] = pa.Field(
        isin=YIELD_VERDICTS, description="`model`, or the first test that the model failed"
    )

    class Config:
        """One row a département, crop, harvest and date of issue."""

        unique = ["departement", "crop", "year", "issue"]


def _skill(description: str) -> Any:
    """Return the field of a skill: 1 is perfect, 0 no better than the best baseline."""
    return pa.Field(le=1, nullable=True, description=description)


class YieldSkill(Exact):
    """How well yields are told of years that had no part in it, France as a whole (mart).

    A skill is the share of the mean squared error of the best baseline that the model does away
    with. Missing where there are too few years to measure it. docs/model_card.md tells the method.
    """

    crop: Series[str] = pa.Field(description="Crop, as in crop_statistics")
    issue: Series[int] = pa.Field(ge=1, le=13, description="As in yield_outlook")
    issue_month: Series[int] = pa.Field(ge=1, le=12, description="Month of the day of issue")
    years: Series[int] = pa.Field(ge=0, description="Years with a harvest and its weather")
    departements: Series[int] = pa.Field(ge=0, description="Départements that have them")
    baseline: Series[str] = pa.Field(
        isin=YIELD_BASELINES, nullable=True, description="The best baseline of these years"
    )
    baseline_rmse_q_ha: Series[float] = _q_ha("Root mean squared error of that baseline")
    model_rmse_q_ha: Series[float] = _q_ha("That of the model, of the same harvests")
    skill: Series[float] = _skill("Skill, each year left out in turn")
    skill_low: Series[float] = _skill("Lower end of its range (90 %, years drawn again)")
    skill_high: Series[float] = _skill("Upper end of its range")
    skill_two_out: Series[float] = _skill("Skill, each pair of years left out in turn")
    forward_years: Series[int] = pa.Field(
        ge=0, description="Years told from earlier years alone, eight of them at least"
    )
    forward_skill: Series[float] = _skill("Skill of these; missing where there is none: untested")
    p_value: Series[float] = pa.Field(
        ge=0,
        le=1,
        nullable=True,
        description="Share of other orders of the years in which some date of issue does as well; "
        "missing where no date of the crop has skill",
    )
    placebo_before: Series[float] = _skill("Skill of the weather before sowing")
    placebo_before_low: Series[float] = _skill("Lower end of its range")
    placebo_before_p: Series[float] = pa.Field(
        ge=0, le=1, nullable=True, description="Its p-value, where that end is above 0"
    )
    placebo_after: Series[float] = _skill("Skill of the weather after harvest")
    placebo_after_low: Series[float] = _skill("Lower end of its range")
    placebo_after_p: Series[float] = pa.Field(
        ge=0, le=1, nullable=True, description="Its p-value, where that end is above 0"
    )
    coverage_pct: Series[float] = pa.Field(
        ge=0,
        le=100,
        nullable=True,
        description="Harvests within the model's 80 % range, mean of the years, %",
    )
    coverage_worst_year_pct: Series[float] = pa.Field(
        ge=0, le=100, nullable=True, description="The same in the year in which fewest were, %"
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
"""Keys of the texts that say why a forecast of soils is not told, as `sql/publication.sql` does."""


def _swi(description: str) -> Any:
    """Return the field of a wetness that may not be told."""
    return pa.Field(ge=0, le=1, nullable=True, description=f"{description}, 0-1")


def _chance(drought_class: str) -> Any:
    """Return the field of the chance of a class or a drier one."""
    return pa.Field(
        ge=0,
        le=100,
        nullable=True,
        description=f"Chance of {drought_class} or drier, %; missing where the other years are too "
        "few to tell its limit",
    )


class SoilOutlook(ByDepartement):
    """Soil water of the next one to nine dekads, of each crop while it stands (mart, partitioned).

    From the state of the soil on the day of issue through the weather of each other year.
    Published with `published`, and `why_not`, the key of the text that says why a forecast is not
    told: its numbers are then missing, where `outlook_skill` does not show that it beats
    climatology (the lower bound of its skill is not above zero), or there is no forecast at all.
    """

    departement: Series[pd.CategoricalDtype] = pa.Field(
        isin=CODES, description="INSEE code, always a string"
    )
    period_end: Series[pd.Timestamp] = pa.Field(
        description="Day of issue, the last of the last whole dekad whose weather is known"
    )
    crop: Series[pd.CategoricalDtype] = pa.Field(description="Crop, as in soil_water_daily")
    lead_dekads: Series[int] = pa.Field(ge=1, le=9, description="Dekads to come")
    target_end: Series[pd.Timestamp] = pa.Field(description="Last day of the dekad told of")
    usual_years: Series[int] = pa.Field(ge=0, description="Other years whose wetness is known then")
    members: Series[int] = pa.Field(ge=0, description="Other years that the forecast is made of")
    swi: Series[float] = _swi("Soil wetness at the end of the day of issue")
    p10: Series[float] = _swi("Mean wetness of the dekad that one year of ten is below")
    p25: Series[float] = _swi("That one year of four is below")
    p50: Series[float] = _swi("Median")
    p75: Series[float] = _swi("That one year of four is above")
    p90: Series[float] = _swi("That one year of ten is above")
    usual_p10: Series[float] = _swi("Wetness of other years at that dekad, one of ten is below")
    usual_p50: Series[float] = _swi("Median of other years at that dekad")
    usual_p90: Series[float] = _swi("Wetness of other years at that dekad, one of ten is above")
    d0_pct: Series[float] = _chance("D0")
    d1_pct: Series[float] = _chance("D1")
    d2_pct: Series[float] = _chance("D2")
    d3_pct: Series[float] = _chance("D3")
    d4_pct: Series[float] = _chance("D4")

    class Config:
        """One row a département, crop and dekad to come."""

        unique = ["departement", "period_end", "crop", "lead_dekads"]


def _score(description: str) -> Any:
    """Return the field of a score that is not known before its dekad is over."""
    return pa.Field(nullable=True, description=description)


class OutlookHindcast(ByDepartement):
    """Each forecast as it would have been told at a past issue, and how good it was (mart).

    Without the target year in it: docs/outlook.md. Only the state of the soil on the day of issue
    is of that year. Its sums by month of issue are published (`outlook_local_skill`).
    """

    # Two million rows of short numbers.
    departement: Series[pd.CategoricalDtype] = pa.Field(
        isin=CODES, description="INSEE code, always a string"
    )
    period_end: Series[pd.Timestamp] = pa.Field(description="Day of issue, the last of a dekad")
    crop: Series[pd.CategoricalDtype] = pa.Field(description="Crop, as in soil_water_daily")
    lead_dekads: Series[np.int8] = pa.Field(ge=1, le=9, description="Dekads from the issue")
    observed: Series[np.float32] = _swi("Mean wetness of the dekad as it came")
    p10: Series[np.float32] = _swi("What one year of ten is below")
    p50: Series[np.float32] = _swi("Median of the forecast")
    p90: Series[np.float32] = _swi("What one year of ten is above")
    members: Series[np.float32] = pa.Field(ge=0, description="Other years that it is made of")
    rank: Series[np.float32] = _score("Members below what came, those equal to it counted half")
    crps: Series[np.float32] = _score("Fair continuous ranked probability score, 0-1")
    crps_climatology: Series[np.float32] = _score("The same of the other years at that dekad")
    crps_persistence: Series[np.float32] = _score("The same of damped persistence")
    rps: Series[np.float32] = _score("Fair ranked probability score of D0, D1 and D2")
    rps_climatology: Series[np.float32] = _score("The same of 30, 20 and 10 % at any time")
    drought_chance: Series[np.float32] = pa.Field(
        ge=0, le=1, nullable=True, description="Share of the members in D1 or drier, 0-1"
    )
    drought: Series[np.float32] = pa.Field(
        isin=[0, 1], nullable=True, description="1 where it came, else 0"
    )

    class Config:
        """One row a département, day of issue, crop and dekad to come."""

        unique = ["departement", "period_end", "crop", "lead_dekads"]


def _crpss(description: str) -> Any:
    """Return the field of a skill: 1 is perfect, 0 as good as the reference."""
    return pa.Field(le=1, nullable=True, description=description)


def _share(description: str) -> Any:
    return pa.Field(ge=0, le=100, nullable=True, description=f"{description}, %")


class OutlookSkill(Exact):
    """How good the outlook of soils was by crop, month of issue and lead, France as a whole (mart).

    Of all hindcasts. Ranges are 90 %, from drawing whole years again: docs/outlook.md.
    """

    crop: Series[str] = pa.Field(description="Crop, as in soil_water_daily")
    month: Series[int] = pa.Field(ge=1, le=12, description="Month of issue")
    lead_dekads: Series[int] = pa.Field(ge=1, le=9, description="Dekads from the issue")
    forecasts: Series[int] = pa.Field(ge=0, description="Forecasts whose dekad is over")
    years: Series[int] = pa.Field(ge=0, description="Years that they are of")
    crpss_climatology: Series[float] = _crpss("Skill against the other years at that dekad")
    crpss_climatology_low: Series[float] = _crpss("Lower bound of it")
    crpss_climatology_high: Series[float] = _crpss("Upper bound of it")
    crpss_persistence: Series[float] = _crpss("Skill against damped persistence")
    crpss_persistence_low: Series[float] = _crpss("Lower bound of it")
    crpss_persistence_high: Series[float] = _crpss("Upper bound of it")
    rpss: Series[float] = _crpss("Skill of the chances of D0, D1 and D2 against 30, 20 and 10 %")
    coverage_pct: Series[float] = _share("Forecasts whose range of 80 % held what came")
    coverage_worst_year_pct: Series[float] = _share("The same of the year in which fewest did")
    drought_chance_pct: Series[float] = _share("Mean chance of D1 or drier that was told")
    drought_frequency_pct: Series[float] = _share("How often it came")
    likely: Series[int] = pa.Field(
        ge=0, description="Forecasts that told a chance of one half or more"
    )
    likely_frequency_pct: Series[float] = _share("How often it came after these")

    class Config:
        """One row a crop, month of issue and dekad to come."""

        unique = ["crop", "month", "lead_dekads"]


class Recovery(ByDepartement):
    """Rain until a soil is out of drought, and its chance in past years (mart, partitioned)."""

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
        description="`easing`: out of D1; `end`: as wet as in half of the years",
    )
    target_end: Series[pd.Timestamp] = pa.Field(description="Last day of the last of these dekads")
    goal_swi: Series[float] = _swi("Wetness of that dekad that is the goal")
    swi: Series[float] = _swi("Soil wetness at the end of the day of issue")
    reached: Series[bool] = pa.Field(
        description="Whether the dekad of issue is as wet as the like goal of its own date"
    )
    rain_needed_mm: Series[float] = pa.Field(
        ge=0,
        nullable=True,
        description="Rain until then that it takes, with the usual evaporation, mm; missing where "
        "800 mm do not do",
    )
    rain_usual_mm: Series[float] = pa.Field(
        ge=0, nullable=True, description="Median rain of other years over the same days, mm"
    )
    chance_pct: Series[float] = _share(
        "Other years whose weather brings the soil of today to the goal"
    )
    members: Series[int] = pa.Field(ge=0, description="How many other years")

    class Config:
        """One row a département, crop, horizon and goal."""

        unique = ["departement", "period_end", "crop", "horizon_dekads", "goal"]
