"""The rule of publication: each test can refuse a model."""

import numpy as np

from geo_pipeline.outlook.evaluation import NO_SKILL, Skill
from geo_pipeline.outlook.rule import LEAST_YEARS, VERDICTS, Evidence, Placebo, verdicts

GOOD = Evidence(
    years=12,
    left_out=Skill(0.2, 0.05, 0.3),
    forward=Skill(0.1, -0.1, 0.3),
    p_value=0.002,
    placebos=(Placebo(Skill(0.01, -0.1, 0.1), np.nan), Placebo(NO_SKILL, np.nan)),
)


def told(evidence: Evidence) -> str:
    return verdicts([[evidence]])[0][0]


def test_a_model_that_passes_every_test_is_published() -> None:
    assert told(GOOD) == "model"
    assert told(GOOD._replace(forward=NO_SKILL)) == "model"  # it could not be tested


def test_each_test_refuses_by_itself() -> None:
    refused = {
        "few_years": {"years": LEAST_YEARS - 1},
        "no_skill": {"left_out": Skill(0.2, 0.0, 0.3)},
        "no_forward_skill": {"forward": Skill(0.0, -0.2, 0.2)},
        "chance": {"p_value": 0.05},
        "placebo": {"placebos": (Placebo(Skill(0.1, 0.01, 0.2), 0.09),)},
    }
    assert ("model", *refused) == VERDICTS
    for why, change in refused.items():
        assert told(GOOD._replace(**change)) == why


def test_an_untested_model_is_not_published() -> None:
    assert told(GOOD._replace(left_out=NO_SKILL)) == "no_skill"
    assert told(GOOD._replace(p_value=np.nan)) == "chance"
    assert told(GOOD._replace(placebos=(Placebo(NO_SKILL, np.nan),))) == "placebo"


def test_a_placebo_that_chance_explains_refuses_nothing() -> None:
    assert told(GOOD._replace(placebos=(Placebo(Skill(0.1, 0.01, 0.2), 0.3),))) == "model"


def test_one_crop_of_many_must_stand_out() -> None:
    """0.04 holds alone, and not beside nine others of which none is told."""
    found = GOOD._replace(p_value=0.04)
    assert told(found) == "model"
    others = [[GOOD._replace(p_value=0.5)] for _ in range(9)]
    assert verdicts([[found], *others])[0] == ["chance"]
    assert verdicts([[found._replace(p_value=0.004), found], *others])[0] == ["model", "model"]


def test_a_crop_without_skill_counts_as_one_that_was_tried() -> None:
    """Of two crops tried, the first must be below 0.05 / 2, though no orders were of the other."""
    found = GOOD._replace(p_value=0.04)
    without_skill = GOOD._replace(left_out=Skill(0.1, -0.2, 0.3), p_value=np.nan)
    never_evaluated = without_skill._replace(years=0, left_out=NO_SKILL)
    assert verdicts([[found], [without_skill]]) == [["chance"], ["no_skill"]]
    assert verdicts([[found], [never_evaluated]]) == [["model"], ["few_years"]]
