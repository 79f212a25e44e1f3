"""Yields to come and the measured skill of telling them: rows of `yield_outlook`, `yield_skill`.

Add here what is told of `crop_seasons`. How a yield is told and judged is in `outlook`; what is
published is decided by its `rule` alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from geo_pipeline.outlook.baselines import BASELINES, LEAST_HARVESTS
from geo_pipeline.outlook.evaluation import (
    NO_SKILL,
    Known,
    Skill,
    Split,
    forward,
    leave_one_out,
    leave_two_out,
    permutation,
    skill,
    tell,
)
from geo_pipeline.outlook.intervals import coverage_by_year, interval
from geo_pipeline.outlook.rule import LEAST_YEARS, Evidence, Placebo, verdicts
from geo_pipeline.tables import empty, validate
from geo_pipeline.transforms.crop_seasons import CropSeasons, Issue, Windows
from geo_pipeline.transforms.daily_arrays import Array

PLACEBOS: Final = ("before", "after")
"""Weather before sowing and after harvest, in the order of `CropSeasons.placebos`."""

OLDEST_HARVEST_YEARS: Final = 5
"""Years after the last known harvest beyond which nothing is told."""


# Skill ----------------------------------------------------------------------------------------


def measured(seasons: CropSeasons) -> list[dict[str, Any]]:
    """Return what is measured of one crop, a row for each date of issue, without verdicts."""
    seen = seasons.seen
    years = int(seen.any(axis=-1).sum())
    rows: list[dict[str, Any]] = [
        {
            "crop": seasons.crop,
            "issue": each.number,
            "issue_month": each.month,
            "years": years,
            "departements": int(seen.any(axis=0).sum()),
        }
        for each in seasons.issues
    ]
    if years < LEAST_YEARS:
        return rows
    one = Known.of(seasons.yields, list(leave_one_out(seen)))
    two = Known.of(seasons.yields, list(leave_two_out(seen)))
    ahead = list(forward(seen))
    told = [tell(one, each.features) for each in seasons.issues]
    skills = [skill(one, each) for each in told]
    p_values = np.full(len(skills), np.nan)
    if any(each.lower > 0.0 for each in skills):  # without skill, chance is no question
        p_values = permutation(one, [each.features for each in seasons.issues], skills)
    placebos = _placebos(one, seasons.placebos)
    for row, issue, model, found, p_value in zip(
        rows, seasons.issues, told, skills, p_values, strict=True
    ):
        row |= {"skill": found.value, "skill_low": found.lower, "skill_high": found.upper}
        row |= {"p_value": p_value, **_errors(one, model), **placebos}
        row["skill_two_out"] = skill(two, tell(two, issue.features)).value
        row["forward_years"] = len(ahead)
        if ahead:
            past = Known.of(seasons.yields, ahead)
            row["forward_skill"] = skill(past, tell(past, issue.features)).value
    return rows


def _errors(known: Known, model: Array) -> dict[str, Any]:
    """Return how far off model and baseline were, and how often their ranges held, by year."""
    there = ~np.isnan(known.observed + model)
    away = np.where(there, (known.observed - known.baselines) ** 2, 0.0).sum(axis=(-2, -1))
    missed = np.where(there, (known.observed - model) ** 2, 0.0).sum()
    rows, best = max(int(there.sum()), 1), int(away.argmin())
    share = coverage_by_year((known.observed / model - 1.0).T)
    held = share[~np.isnan(share)]
    return {
        "baseline": BASELINES[best],
        "baseline_rmse_q_ha": float(np.sqrt(away[best] / rows)),
        "model_rmse_q_ha": float(np.sqrt(missed / rows)),
        "coverage_pct": 100.0 * float(held.mean()) if held.size else np.nan,
        "coverage_worst_year_pct": 100.0 * float(held.min()) if held.size else np.nan,
    }


def _placebos(known: Known, placebos: Sequence[Windows]) -> dict[str, Any]:
    """Return the skill of weather that the crop has not felt."""
    row: dict[str, Any] = {}
    for name, windows in zip(PLACEBOS, placebos, strict=True):
        features = windows.features
        told = tell(known, features)
        tested = ~np.isnan(known.observed + told)
        enough = tested.any(axis=-1).sum() >= LEAST_YEARS
        found = skill(known, told) if enough else NO_SKILL
        chance = permutation(known, [features], [found])[0] if found.lower > 0.0 else np.nan
        row |= {
            f"placebo_{name}": found.value,
            f"placebo_{name}_low": found.lower,
            f"placebo_{name}_p": chance,
        }
    return row


def yield_skill(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the valid rows of `yield_skill`: those of `measured`, of all crops, with verdicts."""
    frame = pd.DataFrame(rows).reindex(columns=empty("yield_skill").columns)
    frame["forward_years"] = frame["forward_years"].fillna(0)
    frame = frame.sort_values(["crop", "issue"], ignore_index=True)
    crops = [part for _, part in frame.groupby("crop")]
    found = verdicts([[_evidence(row) for row in part.to_dict("records")] for part in crops])
    frame["verdict"] = [verdict for some in found for verdict in some]
    return validate("yield_skill", frame)


def _evidence(row: dict[Any, Any]) -> Evidence:
    """Return a row of `yield_skill` as the rule asks for it."""
    return Evidence(
        years=int(row["years"]),
        left_out=Skill(row["skill"], row["skill_low"], row["skill_high"]),
        forward=NO_SKILL._replace(value=row["forward_skill"]),
        p_value=row["p_value"],
        placebos=tuple(
            Placebo(
                Skill(row[f"placebo_{name}"], row[f"placebo_{name}_low"], np.nan),
                row[f"placebo_{name}_p"],
            )
            for name in PLACEBOS
        ),
    )


# Outlook --------------------------------------------------------------------------------------


def yield_outlook(crops: Iterable[CropSeasons], measured_skill: pd.DataFrame) -> pd.DataFrame:
    """Return the valid rows of `yield_outlook`, of every season that the weather reaches.

    Each is told from the harvests before its year and the weather until its issue. A model is told
    only where `measured_skill` (rows of `yield_skill`) has the verdict for it.
    """
    verdict = measured_skill.set_index(["crop", "issue"])["verdict"]
    parts = [
        part
        for seasons in crops
        for part in _told(seasons, {each: verdict[seasons.crop, each] for each in _of(seasons)})
    ]
    rows = pd.concat(parts, ignore_index=True) if parts else empty("yield_outlook")
    return validate("yield_outlook", rows)


def _of(seasons: CropSeasons) -> list[int]:
    return [each.number for each in seasons.issues]


def _told(seasons: CropSeasons, verdict: Mapping[int, str]) -> Iterator[pd.DataFrame]:
    """Yield what is told of a crop at each date of issue."""
    years = _years_to_tell(seasons)
    if not years:
        return
    known = Known.of(seasons.yields, [_ahead(seasons, year) for year in years])
    range_ = _ranges(known.expected, _past_misses(seasons), known.tests)
    last = _last_harvest(seasons)[known.tests]
    recent = seasons.years[known.tests, np.newaxis] - last <= OLDEST_HARVEST_YEARS
    judged = _judged_until(seasons)
    for issue in seasons.issues:
        told_of = issue.known[known.tests] & recent & ~np.isnan(known.expected)
        fold, place = np.nonzero(told_of)
        model = np.full((3, *known.expected.shape), np.nan)
        if verdict[issue.number] == "model":
            model = _model(seasons, known, issue)
        told = ~np.isnan(model[0, fold, place])
        yield pd.DataFrame(
            {
                "departement": np.array(seasons.codes)[place],
                "crop": seasons.crop,
                "year": seasons.years[known.tests[fold]],
                "issue": issue.number,
                "issued": issue.days[known.tests[fold]],
                "last_harvest": last[fold, place],
                "baseline": np.array(BASELINES)[known.chosen[fold]],
                "baseline_q_ha": known.expected[fold, place],
                "baseline_p10_q_ha": range_[0][fold, place],
                "baseline_p90_q_ha": range_[1][fold, place],
                "model_q_ha": model[0, fold, place],
                "model_p10_q_ha": model[1, fold, place],
                "model_p90_q_ha": model[2, fold, place],
                "published": np.where(told, "model", "baseline"),
                "why": np.where(
                    told | (verdict[issue.number] != "model"), verdict[issue.number], "few_years"
                ),
                "in_hindsight": seasons.years[known.tests[fold]] <= judged,
            }
        )


def _judged_until(seasons: CropSeasons) -> int:
    """Return the last year whose harvest a verdict rests on; 0 where there are too few for one."""
    years = seasons.years[seasons.seen.any(axis=-1)]
    return int(years[-1]) if len(years) >= LEAST_YEARS else 0


def _years_to_tell(seasons: CropSeasons) -> list[int]:
    """Return positions of the years whose season the weather reaches, with harvests before it."""
    reached = [each.known.any(axis=-1) for each in seasons.issues]
    before = np.cumsum((~np.isnan(seasons.yields)).any(axis=-1)) >= LEAST_HARVESTS
    begun = np.any(reached, axis=0) if reached else np.zeros(len(before), np.bool_)
    return [int(year) for year in np.flatnonzero(begun[1:] & before[:-1]) + 1]


def _ahead(seasons: CropSeasons, year: int) -> Split:
    """Return the split that knows the harvests before a year, whether it has one or not."""
    position = np.arange(len(seasons.years))[:, np.newaxis]
    places = (len(seasons.years), len(seasons.codes))
    before, itself = (np.broadcast_to(each, places) for each in (position < year, position == year))
    return Split(before, itself)


def _past_misses(seasons: CropSeasons) -> Array:
    """Return how far each harvest was from what was expected before it, years x places."""
    misses = np.full(seasons.yields.shape, np.nan)
    splits = list(forward(~np.isnan(seasons.yields), LEAST_HARVESTS))
    if splits:
        past = Known.of(seasons.yields, splits)
        misses[past.tests] = past.observed / past.expected - 1.0
    return misses


def _ranges(told: Array, misses: Array, tests: npt.NDArray[np.int64]) -> tuple[Array, Array]:
    """Return the range of what is `told` (folds x places), by the misses before each year."""
    ends = [interval(misses[:year].T) for year in tests]
    low, high = (np.stack(each) for each in zip(*ends, strict=True))
    return told * (1.0 + low), told * (1.0 + high)


def _model(seasons: CropSeasons, known: Known, issue: Issue) -> Array:
    """Return what the model tells and its range, 3 x folds x places: NaN with too few years.

    The misses are those of the years before, each left out in turn.
    """
    told = np.full((3, *known.expected.shape), np.nan)
    told[0] = tell(known, issue.features)
    for fold, year in enumerate(known.tests):
        seen = seasons.seen[:year]
        if seen.any(axis=-1).sum() < LEAST_YEARS:
            told[0, fold] = np.nan
            continue
        past = Known.of(seasons.yields[:year], list(leave_one_out(seen)))
        misses = past.observed / tell(past, issue.features[:, :, :year]) - 1.0
        ends = interval(misses.T)
        told[1:, fold] = told[0, fold] * (1.0 + np.stack(ends))
    return told


def _last_harvest(seasons: CropSeasons) -> npt.NDArray[np.int64]:
    """Return the last year with a harvest before each year, years x places; 0 for none."""
    year = np.where(np.isnan(seasons.yields), 0, seasons.years[:, np.newaxis])
    latest = np.maximum.accumulate(year, axis=0)
    return np.asarray(np.concatenate([np.zeros((1, latest.shape[1]), np.int64), latest[:-1]]))
