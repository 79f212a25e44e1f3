"""Rule of publication: a yield model where it has passed every test, else the baseline.

Add a test here. The decision is made nowhere else and never by hand; skill and p-values are
measured in `evaluation`.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, get_args

import numpy as np

from geo_pipeline.indicators.significance import false_discovery
from geo_pipeline.outlook.evaluation import Skill

Verdict = Literal["model", "few_years", "no_skill", "no_forward_skill", "chance", "placebo"]
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
"""`model`, or the first test that was not passed, in the order of the tests."""

LEAST_YEARS: Final = 6
"""Years with weather and harvests that an evaluation needs."""

LEVEL: Final = 0.05
"""Level of significance against shuffled years."""

PLACEBO_LEVEL: Final = 0.1
"""Level for weather that cannot have reached the crop: a higher one refuses models sooner."""


class Placebo(NamedTuple):
    """Result for weather that cannot have reached the crop; NaN where there is too little of it."""

    skill: Skill
    p_value: float
    """NaN where the skill is not above 0 anyway."""


class Evidence(NamedTuple):
    """Results for a crop and a date of issue."""

    years: int
    """Years with weather and harvests."""
    left_out: Skill
    """Skill with one year left out."""
    forward: Skill
    """Skill with earlier years only; NaN where these are too few."""
    p_value: float
    """From `evaluation.permutation`; NaN where no date of the crop has skill."""
    placebos: tuple[Placebo, ...]


def verdicts(crops: Sequence[Sequence[Evidence]]) -> list[list[Verdict]]:
    """Return for each date of issue of each crop `model`, or the test that the model failed.

    The interval of the skill in left-out years must be above 0, and so must the skill with earlier
    years only, where it could be tested. The skill must be significant against shuffled years, and
    weather that cannot have reached the crop must have no significant skill. Since many crops are
    tested, a crop must also stand out among them at a false discovery rate of `LEVEL`; otherwise
    one of twenty crops without any relation to the weather would be published. Crops without skill
    count among those tested, although no years were shuffled for them.
    """
    best = [_best_chance(dates) for dates in crops]
    return [
        [_verdict(each, stands_out=bool(stands)) for each in dates]
        for dates, stands in zip(crops, false_discovery(best, LEVEL), strict=True)
    ]


def _best_chance(dates: Sequence[Evidence]) -> float:
    """Return the least p-value of a crop; without any, 1 if it was evaluated, else NaN."""
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
