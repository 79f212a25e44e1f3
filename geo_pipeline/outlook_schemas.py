"""Columns, units and ranges of the tables that look ahead, as pandera models.

Add here the model of a table of forecasts, or of what measures them, as `schemas` has the others.
"""

from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from geo_pipeline.schemas import ByDepartement, Exact

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
        description="Share of other orders of the years in which some date of issue does as well",
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
