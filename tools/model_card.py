"""`just model-card`: how yields are told and how well, as docs/model_card.md.

Reads `yield_skill` as `just run` left it in the lake: the page has the figures of the table.
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
    "model": "passes every test: the model is told",
    "few_years": f"fewer than {rule.LEAST_YEARS} years with a harvest and its weather",
    "no_skill": "the range of its skill, years left out, is not above 0",
    "no_forward_skill": "no skill on years told from earlier ones alone",
    "chance": "other orders of the years, or one crop of so many, do as well",
    "placebo": "weather that the crop has not felt has skill too, or could not be tried",
}

METHOD = f"""\
# Model card: yields before harvest

Written by `just model-card` from what `just run` left in the lake: the figures are those of the
table `yield_skill`.

## What it is for

At the end of each month from sowing to harvest, and on the day of harvest, the yield of each
département and crop is told with a range that holds it in 8 years of 10 (`yield_outlook`). Where
no model has passed the tests below that is a baseline, what the harvests so far let expect, and
the table says which test failed (`why`). It is not for fields or farms, nor for prices, nor for a
year's area.

## What it is made of

- **Harvests**: yields of `crop_statistics`, q/ha by département. One under a third of the median
  of those before it (of {LEAST_TO_DOUBT} at least), or over {DOUBTFUL:g} times it, is taken for a
  slip and left out. That a year's statistics appear months after the harvest is not modelled: a
  season is told as if the harvest before it were known.
- **Weather** from the day of sowing to the day of issue, cut before anything is computed: neither
  what follows nor what was before has a part in it. So the soil is taken as full at sowing.
  Calendars are typical ones of the whole of France.
- **Features**, in {len(features.GROUPS)} groups of two at most: `water` (share of its need that a
  crop without irrigation got, over the season and from before flowering to ripening), `rain`,
  `warmth` (until flowering and since), `light` (radiation around flowering), `excess` (water that
  the soil could not hold until {DAYS_BEFORE_FLOWERING} days before flowering, rain less
  evapotranspiration around it).

## How a yield is told

1. **Baselines** from harvests before the year: their mean, the mean of the last five, a line
   through them (of {LEAST_OF_TREND} at least), the last one; of fewer than {LEAST_HARVESTS}
   nothing is expected. The one that was best in the training years is what the model departs from.
2. **One ridge regression a group** on departures of the features from each place's mean, for all
   of France; each département answers to the weather as France does, more or less (a share with a
   spread of {models.DEPARTURE:g}, learnt from its own harvests). How far slopes are shrunk is
   chosen by leaving each training year out in turn.
3. **Their mean** is told. A choice among them would be noise on so few years.
4. **The range** comes from how far off they were in years left out (Weibull quantiles; a place
   with fewer than {intervals.LEAST_MISSES} such years takes those of all).

## How it is judged

Places of a year are alike, so whole years are left out; a split that has the tested year in
training, if only in other places, is an error.

| test | passed where |
|---|---|
| each year left out in turn | the range of the skill (90 %, years drawn again) is above 0 |
| earlier years alone | the skill is above 0; with fewer than {evaluation.LEAST_PAST_YEARS} \
earlier years it is untested |
| other orders of the years, up to {evaluation.ORDERS[-1]} | fewer than {100 * rule.LEVEL:g} % \
have a date of issue that does as well, and the crop stands out of all (false discovery rate \
{100 * rule.LEVEL:g} %) |
| weather before sowing, and after harvest | none has skill beyond chance \
({100 * rule.PLACEBO_LEVEL:g} %) |

Skill is 1 - MSE / MSE of the best baseline of the same harvests: 0 is no better, 1 perfect.
"""

LIMITS = """\
## Limits

- A dozen years of weather, of which harvests of most crops cover seven: a skill is uncertain by as
  much as its range says.
- Weather by dekad, averaged over the cropland of a département; it has no hail, no disease, no
  frost of a night.
- The range is that of France's misses: in a year unlike all before it holds less often (`worst
  year`).
- Verdicts are of the data at hand. With other harvests or weather `just run` judges anew.
"""


def page(skill: pd.DataFrame) -> str:
    """Return the page for rows of `yield_skill`."""
    return "\n".join([METHOD, *_summary(skill), *_dates(skill), LIMITS])


def _summary(skill: pd.DataFrame) -> Iterator[str]:
    """Yield what came of it, a line a crop."""
    yield "## What came of it\n"
    yield "| crop | years | départements | told by the model | else |"
    yield "|---|---|---|---|---|"
    for crop, rows in skill.groupby("crop"):
        model = rows[rows["verdict"] == "model"]
        months = ", ".join(calendar.month_name[month] for month in model["issue_month"])
        others = rows.loc[rows["verdict"] != "model", "verdict"].value_counts()
        why = "; ".join(f"{VERDICTS[name]} ({count})" for name, count in others.items())
        places = rows["departements"].max()
        yield f"| {crop} | {rows['years'].max()} | {places} | {months or 'never'} | {why} |"
    yield "\nIn brackets, of how many dates of issue.\n"


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
