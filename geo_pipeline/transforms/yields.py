"""Yield forecasts and their skill: rows of `yield_outlook` and `yield_skill`.

Add here what is computed from `crop_seasons`. Models and their tests are in `outlook`; only its
`rule` decides what is published.
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
    predict,
    skill,
)
from geo_pipeline.outlook.intervals import coverage_by_year, interval
from geo_pipeline.outlook.rule import LEAST_YEARS, Evidence, Placebo, verdicts
from geo_pipeline.table_rows import empty, validate
from geo_pipeline.transforms.crop_seasons import CropSeasons, Issue, Windows
from geo_pipeline.transforms.daily_arrays import Array

PLACEBOS: Final = ("before", "after")
"""Weather before sowing and after harvest, in the order of `CropSeasons.placebos`."""

OLDEST_HARVEST_YEARS: Final = 5
"""Years after the last known harvest for which there are forecasts."""


# Skill ----------------------------------------------------------------------------------------


def measured(seasons: CropSeasons) -> list[dict[str, Any]]:
    """Return the measured skill of one crop, a row for each date of issue, without verdicts.

    It is that of the seasons that are over (`CropSeasons.settled`).
    """
    seasons = seasons.settled
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
    predictions = [predict(one, each.features) for each in seasons.issues]
    skills = [skill(one, each) for each in predictions]
    p_values = np.full(len(skills), np.nan)
    if any(each.lower > 0.0 for each in skills):  # else it is no skill, whatever its p-value
        p_values = permutation(one, [each.features for each in seasons.issues], skills)
    placebos = _placebos(one, seasons.placebos)
    for row, issue, predicted, result, p_value in zip(
        rows, seasons.issues, predictions, skills, p_values, strict=True
    ):
        row |= {
            "skill": result.value,
            "skill_low": result.lower,
            "skill_high": result.upper,
        }
        row |= {"p_value": p_value, **_errors(one, predicted), **placebos}
        row["skill_two_out"] = skill(two, predict(two, issue.features)).value
        row["forward_years"] = len(ahead)
        if ahead:
            past = Known.of(seasons.yields, ahead)
            row["forward_skill"] = skill(past, predict(past, issue.features)).value
    return rows


def _errors(known: Known, predicted: Array) -> dict[str, Any]:
    """Return the errors of model and baseline, and the coverage of the intervals by year."""
    has_both = ~np.isnan(known.observed + predicted)
    baseline_error = np.where(has_both, (known.observed - known.baselines) ** 2, 0.0).sum(
        axis=(-2, -1)
    )
    model_error = np.where(has_both, (known.observed - predicted) ** 2, 0.0).sum()
    rows, best = max(int(has_both.sum()), 1), int(baseline_error.argmin())
    by_year = coverage_by_year((known.observed / predicted - 1.0).T)
    coverage = by_year[~np.isnan(by_year)]
    return {
        "baseline": BASELINES[best],
        "baseline_rmse_q_ha": float(np.sqrt(baseline_error[best] / rows)),
        "model_rmse_q_ha": float(np.sqrt(model_error / rows)),
        "coverage_pct": 100.0 * float(coverage.mean()) if coverage.size else np.nan,
        "coverage_worst_year_pct": 100.0 * float(coverage.min()) if coverage.size else np.nan,
    }


def _placebos(known: Known, placebos: Sequence[Windows]) -> dict[str, Any]:
    """Return the skill of weather that cannot have reached the crop."""
    row: dict[str, Any] = {}
    for name, windows in zip(PLACEBOS, placebos, strict=True):
        features = windows.features
        predicted = predict(known, features)
        tested = ~np.isnan(known.observed + predicted)
        enough = tested.any(axis=-1).sum() >= LEAST_YEARS
        result = skill(known, predicted) if enough else NO_SKILL
        p_value = permutation(known, [features], [result])[0] if result.lower > 0.0 else np.nan
        row |= {
            f"placebo_{name}": result.value,
            f"placebo_{name}_low": result.lower,
            f"placebo_{name}_p": p_value,
        }
    return row


def yield_skill(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the valid rows of `yield_skill`: those of `measured`, for all crops, with verdicts."""
    frame = pd.DataFrame(rows).reindex(columns=empty("yield_skill").columns)
    frame["forward_years"] = frame["forward_years"].fillna(0)
    frame = frame.sort_values(["crop", "issue"], ignore_index=True)
    crops = [part for _, part in frame.groupby("crop")]
    by_crop = verdicts([[_evidence(row) for row in part.to_dict("records")] for part in crops])
    frame["verdict"] = [verdict for dates in by_crop for verdict in dates]
    return validate("yield_skill", frame)


def _evidence(row: dict[Any, Any]) -> Evidence:
    """Return a row of `yield_skill` as the input of the rule."""
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
    """Return the valid rows of `yield_outlook`, for every season with weather.

    A forecast uses only the harvests before its year and the weather up to its date of issue. There
    is one of the model only where `measured_skill` (rows of `yield_skill`) has the verdict `model`.
    """
    verdict = measured_skill.set_index(["crop", "issue"])["verdict"]
    parts = [
        part
        for seasons in crops
        for part in _forecasts(
            seasons, {each: verdict[seasons.crop, each] for each in _numbers(seasons)}
        )
    ]
    rows = pd.concat(parts, ignore_index=True) if parts else empty("yield_outlook")
    return validate("yield_outlook", rows)


def _numbers(seasons: CropSeasons) -> list[int]:
    return [each.number for each in seasons.issues]


def _forecasts(seasons: CropSeasons, verdict: Mapping[int, str]) -> Iterator[pd.DataFrame]:
    """Yield the forecasts of a crop, a frame for each date of issue."""
    years = _years_to_forecast(seasons)
    if not years:
        return
    known = Known.of(seasons.yields, [_ahead(seasons, year) for year in years])
    baseline_bounds = _intervals(known.expected, _past_errors(seasons), known.tests)
    last = _last_harvest(seasons)[known.tests]
    recent = seasons.years[known.tests, np.newaxis] - last <= OLDEST_HARVEST_YEARS
    judged = _judged_until(seasons)
    for issue in seasons.issues:
        has_forecast = issue.known[known.tests] & recent & ~np.isnan(known.expected)
        fold, place = np.nonzero(has_forecast)
        model = np.full((3, *known.expected.shape), np.nan)
        if verdict[issue.number] == "model":
            model = _model(seasons, known, issue)
        has_model = ~np.isnan(model[0, fold, place])
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
                "baseline_p10_q_ha": baseline_bounds[0][fold, place],
                "baseline_p90_q_ha": baseline_bounds[1][fold, place],
                "model_q_ha": model[0, fold, place],
                "model_p10_q_ha": model[1, fold, place],
                "model_p90_q_ha": model[2, fold, place],
                "published": np.where(has_model, "model", "baseline"),
                "why": np.where(
                    has_model | (verdict[issue.number] != "model"),
                    verdict[issue.number],
                    "few_years",
                ),
                "in_hindsight": seasons.years[known.tests[fold]] <= judged,
            }
        )


def _judged_until(seasons: CropSeasons) -> int:
    """Return the last year whose harvest the verdict is based on; 0 without a verdict."""
    years = seasons.years[seasons.seen.any(axis=-1)]
    return int(years[-1]) if len(years) >= LEAST_YEARS else 0


def _years_to_forecast(seasons: CropSeasons) -> list[int]:
    """Return positions of the years that have weather and enough harvests before them."""
    reached = [each.known.any(axis=-1) for each in seasons.issues]
    before = np.cumsum((~np.isnan(seasons.yields)).any(axis=-1)) >= LEAST_HARVESTS
    begun = np.any(reached, axis=0) if reached else np.zeros(len(before), np.bool_)
    return [int(year) for year in np.flatnonzero(begun[1:] & before[:-1]) + 1]


def _ahead(seasons: CropSeasons, year: int) -> Split:
    """Return the split that trains on the years before a year, which may lack a harvest itself."""
    position = np.arange(len(seasons.years))[:, np.newaxis]
    places = (len(seasons.years), len(seasons.codes))
    before, itself = (np.broadcast_to(each, places) for each in (position < year, position == year))
    return Split(before, itself)


def _past_errors(seasons: CropSeasons) -> Array:
    """Return the error of the baseline for each harvest, years x places."""
    errors = np.full(seasons.yields.shape, np.nan)
    splits = list(forward(~np.isnan(seasons.yields), LEAST_HARVESTS))
    if splits:
        past = Known.of(seasons.yields, splits)
        errors[past.tests] = past.observed / past.expected - 1.0
    return errors


def _intervals(forecast: Array, errors: Array, tests: npt.NDArray[np.int64]) -> tuple[Array, Array]:
    """Return the intervals of `forecast` (folds x places), by the errors before each year."""
    bounds = [interval(errors[:year].T) for year in tests]
    low, high = (np.stack(each) for each in zip(*bounds, strict=True))
    return forecast * (1.0 + low), forecast * (1.0 + high)


def _model(seasons: CropSeasons, known: Known, issue: Issue) -> Array:
    """Return the forecast of the model and its interval, 3 x folds x places.

    The interval comes from errors in the earlier years, each left out in turn. NaN where these are
    too few.
    """
    forecast = np.full((3, *known.expected.shape), np.nan)
    forecast[0] = predict(known, issue.features)
    for fold, year in enumerate(known.tests):
        seen = seasons.seen[:year]
        if seen.any(axis=-1).sum() < LEAST_YEARS:
            forecast[0, fold] = np.nan
            continue
        past = Known.of(seasons.yields[:year], list(leave_one_out(seen)))
        errors = past.observed / predict(past, issue.features[:, :, :year]) - 1.0
        bounds = interval(errors.T)
        forecast[1:, fold] = forecast[0, fold] * (1.0 + np.stack(bounds))
    return forecast


def _last_harvest(seasons: CropSeasons) -> npt.NDArray[np.int64]:
    """Return the last year with a harvest before each year, years x places; 0 for none."""
    year = np.where(np.isnan(seasons.yields), 0, seasons.years[:, np.newaxis])
    latest = np.maximum.accumulate(year, axis=0)
    return np.asarray(np.concatenate([np.zeros((1, latest.shape[1]), np.int64), latest[:-1]]))
