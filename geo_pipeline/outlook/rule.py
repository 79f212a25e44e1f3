"""What may be published: a model where it has passed every test, else the baseline, and why.

Add a test here. Nothing is decided anywhere else, and nothing by hand.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, get_args

import numpy as np

from geo_pipeline.indicators.significance import false_discovery
from geo_pipeline.outlook.evaluation import Skill

Verdict = Literal["model", "few_years", "no_skill", "no_forward_skill", "chance", "placebo"]
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
"""`model`, or the first test that was not passed, in the order in which they are asked."""

LEAST_YEARS: Final = 6
"""Years with weather and harvests without which nothing is evaluated."""

LEVEL: Final = 0.05
"""Chance at which an order of the years without meaning does as well."""

PLACEBO_LEVEL: Final = 0.1
"""The same of weather that the crop has not felt: it refuses sooner than a model passes."""


class Placebo(NamedTuple):
    """What was found of weather that the crop has not felt; NaN where there is too little of it."""

    skill: Skill
    p_value: float
    """NaN where the skill is none already."""


class Evidence(NamedTuple):
    """What was found of a crop and a date of issue."""

    years: int
    """Years with weather and harvests."""
    left_out: Skill
    """Leaving one year out."""
    forward: Skill
    """From earlier years alone; NaN where there are too few to test it."""
    p_value: float
    """Of `evaluation.permutation`; NaN where no date of the crop has skill to ask it of."""
    placebos: tuple[Placebo, ...]


def verdicts(crops: Sequence[Sequence[Evidence]]) -> list[list[Verdict]]:
    """Return of each date of issue of each crop `model` if the model may be told, else why not.

    Its skill must be above 0 over its range, in years left out; above 0 forward, if that could be
    tested; not to be had by chance; and weather that the crop has not felt must have none but what
    chance explains. Many crops are tried: one of them must stand out of all that are, at a false
    discovery rate of `LEVEL`, or among twenty that have nothing to do with the weather one would be
    told. A crop without skill on any date is one that was tried, whether orders were or not.
    """
    best = [_best_chance(dates) for dates in crops]
    return [
        [_verdict(each, stands_out=bool(stands)) for each in dates]
        for dates, stands in zip(crops, false_discovery(best, LEVEL), strict=True)
    ]


def _best_chance(dates: Sequence[Evidence]) -> float:
    """Return the least p-value of a crop; 1 where it was evaluated and none asked for, else NaN."""
    known = [each.p_value for each in dates if not np.isnan(each.p_value)]
    was_evaluated = any(not np.isnan(each.left_out.value) for each in dates)
    return min(known, default=1.0 if was_evaluated else np.nan)


def _verdict(found: Evidence, *, stands_out: bool) -> Verdict:
    tested = [each for each in found.placebos if not np.isnan(each.skill.value)]
    has_skill = [each.skill.lower > 0.0 and not each.p_value >= PLACEBO_LEVEL for each in tested]
    refused: dict[Verdict, bool] = {
        "few_years": found.years < LEAST_YEARS,
        "no_skill": not found.left_out.lower > 0.0,
        "no_forward_skill": found.forward.value <= 0.0,
        "chance": not (found.p_value < LEVEL and stands_out),
        "placebo": not tested or any(has_skill),
    }
    return next((why for why, holds in refused.items() if holds), "model")
