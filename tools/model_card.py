"""`just model-card`: the method of yield forecasts and their skill, as docs/model_card.md.

The figures are those of `yield_skill`, as `just run` left it in the lake.
"""

import calendar
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from geo_pipeline.crops import DAYS_BEFORE_FLOWERING
from geo_pipeline.outlook import evaluation, features, intervals, models, rule
from geo_pipeline.outlook.baselines import LEAST_HARVESTS, LEAST_OF_TREND
from geo_pipeline.settings import Settings
from geo_pipeline.storage.lake import Lake
from geo_pipeline.transforms.crop_seasons import DOUBTFUL, LEAST_TO_DOUBT

PAGE = Path(__file__).resolve().parents[1] / "docs" / "model_card.md"

VERDICTS = {
    "model": "passes every test: readers see the model",
    "few_years": f"fewer than {rule.LEAST_YEARS} years with a harvest and its weather",
    "no_skill": "with years left out, the interval of its skill is not above 0",
    "no_forward_skill": "no skill on years forecast from earlier ones alone",
    "chance": "shuffled years do as well, or among so many crops one does by chance",
    "placebo": "weather that cannot have reached the crop has skill too, or could not be tried",
}

METHOD = f"""\
# Model card: yields before harvest

Written by `just model-card` from the table `yield_skill`, as `just run` left it in the lake.

## Purpose

At the end of each month from sowing to harvest, and on the day of harvest, the yield of each
département and crop is forecast, with an interval that contains it in 8 years of 10
(`yield_outlook`). Where no model has passed the tests below, the forecast is a baseline of past
harvests, and the table gives the test that failed (`why`). Forecasts are not meant for fields or
farms, nor for prices, nor for a year's area.

## Data

- **Harvests**: yields of `crop_statistics`, q/ha by département. A yield under a third of the
  median of the earlier ones ({LEAST_TO_DOUBT} or more), or over {DOUBTFUL:g} times it, is
  considered a mistake and left out. Statistics appear months after the harvest; this is not
  modelled: a season is forecast as if the harvest before it were known.
- **Weather** from the day of sowing to the day of issue. Earlier and later days are removed before
  anything is computed, so the soil is taken as full at sowing. Calendars are typical ones of the
  whole of France.
- **A season counts** for the skill once it is over, or its harvest is known: the weather of those
  under way changes what is usual of the others each month, and would change their skill with it.
- **Features**, in {len(features.GROUPS)} groups of at most two: `water` (share of its need that a
  crop without irrigation received, over the season and from before flowering to ripening),
  `rain`, `warmth` (before and after flowering), `light` (radiation around flowering), `excess`
  (water that the soil could not hold until {DAYS_BEFORE_FLOWERING} days before flowering, and rain
  minus evapotranspiration around it).

## Model

1. **Baselines** from earlier harvests: their mean, the mean of the last five, a linear trend
   (from {LEAST_OF_TREND} harvests on), the last one. With fewer than {LEAST_HARVESTS} harvests
   there is none. The model forecasts the departure from the baseline that was best in the training
   years.
2. **A ridge regression for each group** on departures of the features from each département's
   mean, fitted on all of France. The response of a département is that of France times a factor
   (with a spread of {models.DEPARTURE:g}) estimated from its own harvests. How much slopes are
   shrunk is chosen by leaving each training year out in turn.
3. **The forecast is the mean of the groups.** So few years do not allow a choice among them.
4. **The interval** comes from the errors in years left out (Weibull quantiles; a département with
   fewer than {intervals.LEAST_ERRORS} such years uses those of all).

## Tests

Départements of the same year are alike, so whole years are left out. A split that has the tested
year among the training years, even only of other départements, raises an error.

| test | passed where |
|---|---|
| each year left out in turn | the interval of the skill (90 %, years resampled) is above 0 |
| only earlier years | the skill is above 0; with fewer than {evaluation.LEAST_PAST_YEARS} \
earlier years it is untested |
| shuffled years, up to {evaluation.ORDERS[-1]} times | fewer than {100 * rule.LEVEL:g} % \
have a date of issue with as much skill, and the crop stands out among all (false discovery rate \
{100 * rule.LEVEL:g} %) |
| weather before sowing, and after harvest | it has no skill beyond chance \
({100 * rule.PLACEBO_LEVEL:g} %) |

Skill is 1 - MSE / MSE of the best baseline of the same harvests: 0 is no better, 1 is perfect.
"""

LIMITS = """\
## Limits

- There are a dozen years of weather, and harvests of most crops in seven of them: a skill is as
  uncertain as its interval says.
- Weather is by dekad and averaged over the cropland of a département: hail, diseases and the frost
  of a single night are not in it.
- Intervals come from errors in all of France: in a year unlike all others they contain the yield
  less often (`worst year`).
- Verdicts depend on the data at hand. With other harvests or weather `just run` tests again.
"""


def page(skill: pd.DataFrame) -> str:
    """Return the page for rows of `yield_skill`."""
    return "\n".join([METHOD, *_summary(skill), *_dates(skill), LIMITS])


def _summary(skill: pd.DataFrame) -> Iterator[str]:
    """Yield the verdicts, a line a crop."""
    yield "## Verdicts\n"
    yield "| crop | years | départements | forecast by the model | other dates of issue |"
    yield "|---|---|---|---|---|"
    for crop, rows in skill.groupby("crop"):
        model = rows[rows["verdict"] == "model"]
        months = ", ".join(calendar.month_name[month] for month in model["issue_month"])
        others = rows.loc[rows["verdict"] != "model", "verdict"].value_counts()
        why = "; ".join(f"{VERDICTS[name]} ({count})" for name, count in others.items())
        places = rows["departements"].max()
        yield f"| {crop} | {rows['years'].max()} | {places} | {months or 'never'} | {why} |"
    yield "\nThe number of dates of issue is in brackets.\n"


def _dates(skill: pd.DataFrame) -> Iterator[str]:
    """Yield the figures of each date of issue that was measured."""
    yield "## Each date of issue\n"
    yield (
        "| crop | end of | skill | range | two years out | forward (years) | p | before sowing | "
        "after harvest | RMSE, q/ha: model | baseline | within range | worst year | verdict |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    for row in skill[skill["skill"].notna()].to_dict("records"):
        figures = [
            f"{row['skill']:+.2f}",
            f"{row['skill_low']:+.2f} to {row['skill_high']:+.2f}",
            f"{row['skill_two_out']:+.2f}",
            f"{_figure(row['forward_skill'], '+.2f')} ({row['forward_years']})",
            _figure(row["p_value"], ".3f"),
            _figure(row["placebo_before"], "+.2f"),
            _figure(row["placebo_after"], "+.2f"),
            f"{row['model_rmse_q_ha']:.1f}",
            f"{row['baseline_rmse_q_ha']:.1f} ({row['baseline']})",
            f"{row['coverage_pct']:.0f} %",
            f"{row['coverage_worst_year_pct']:.0f} %",
            f"`{row['verdict']}`",
        ]
        month = calendar.month_name[row["issue_month"]]
        yield f"| {row['crop']} | {month} | {' | '.join(figures)} |"
    yield ""


def _figure(value: float, form: str) -> str:
    return "untested" if pd.isna(value) else f"{value:{form}}"


if __name__ == "__main__":
    PAGE.write_text(page(Lake(Settings().lake).read("yield_skill")), encoding="utf-8")
