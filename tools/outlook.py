"""`just outlook`: how soil water to come is told, and how well that went, as docs/outlook.md.

All figures are measured on what `just run` left in the lake: none is typed.
"""

import sys
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from geo_pipeline.outlook.analogues import nearest_years
from geo_pipeline.outlook.ensemble import LEADS, Array, windows
from geo_pipeline.outlook.hindcast import forecast, other_years, past
from geo_pipeline.outlook.verification import fair_crps, reliability, skill, skill_range
from geo_pipeline.settings import Settings
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.storage.lake import Lake, partition
from geo_pipeline.transforms.soil import REFERENCE_CROP
from geo_pipeline.transforms.soil_outlook import VARIABLES, lands

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "outlook.md"
TEXT: Final = Path(__file__).with_name("outlook_method.md")

COLUMNS: Final = (
    "crop",
    "period_end",
    "lead_dekads",
    "observed",
    "p10",
    "p90",
    "crps",
    "crps_climatology",
    "crps_persistence",
    "rps",
    "rps_climatology",
    "drought_chance",
    "drought",
)

NEAREST: Final = 5
"""Years taken for analogues."""

ANALOGUE_ISSUES: Final = ((3, 31), (5, 31), (7, 31), (9, 30))
ANALOGUE_PLACES: Final = 24
"""Issues and départements on which analogues are tried."""


def scored(lake: Lake) -> pd.DataFrame:
    """Return the hindcasts whose dekad is over."""
    codes = [str(partition(path)) for path in lake.files("outlook_hindcast")]
    rows = lake.read("outlook_hindcast", *codes, columns=COLUMNS)
    known = rows[["crps", "crps_climatology", "crps_persistence"]].notna().all(axis=1)
    rows = rows[known]
    within = (rows["observed"] >= rows["p10"]) & (rows["observed"] <= rows["p90"])
    return rows.assign(
        year=rows["period_end"].dt.year, month=rows["period_end"].dt.month, within=within
    )


def _skills(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return skills by a column, each with its range over years."""
    sums = rows.groupby([by, "year"])[
        ["crps", "crps_climatology", "crps_persistence", "rps", "rps_climatology"]
    ].sum()
    table = {name: sums[name].unstack("year") for name in sums}
    ours, usual = table["crps"].to_numpy(), table["crps_climatology"].to_numpy()
    bounds = skill_range(ours, usual)
    shares = rows.groupby([by, "year"])["within"].mean().unstack("year")
    return pd.DataFrame(
        {
            "skill": skill(ours, usual),
            "low": bounds.lower,
            "high": bounds.upper,
            "persistence": skill(ours, table["crps_persistence"].to_numpy()),
            "classes": skill(table["rps"].to_numpy(), table["rps_climatology"].to_numpy()),
            "coverage": rows.groupby(by)["within"].mean(),
            "worst": shares.min(axis=1),
        },
        index=table["crps"].index,
    )


def _skill_lines(title: str, skills: pd.DataFrame) -> list[str]:
    lines = [
        f"| {title} | against climatology | against damped persistence | classes (RPSS) "
        "| within the interval of 80 % | worst year |",
        "|---|---|---|---|---|---|",
    ]
    for key, row in skills.iterrows():
        lines.append(
            f"| {key} | {row['skill']:.2f} ({row['low']:.2f} to {row['high']:.2f}) "
            f"| {row['persistence']:.2f} | {row['classes']:.2f} | {row['coverage']:.0%} "
            f"| {row['worst']:.0%} |"
        )
    return lines


def _published_lines(lake: Lake) -> list[str]:
    """Return for which months and leads a forecast of grass is told."""
    rows = lake.read("outlook_skill")
    rows = rows[rows["crop"] == REFERENCE_CROP]
    told = rows.assign(told=rows["crpss_climatology_low"] > 0).pivot(
        index="month", columns="lead_dekads", values="told"
    )
    lines = [
        "| month of issue | " + " | ".join(str(lead) for lead in told) + " |",
        "|---" * (len(told.columns) + 1) + "|",
    ]
    for month, row in told.iterrows():
        lines.append(f"| {month} | " + " | ".join("shown" if each else "" for each in row) + " |")
    return lines


def _reliability_lines(rows: pd.DataFrame) -> list[str]:
    lines = [
        "| forecast chance | mean chance | observed frequency | forecasts |",
        "|---|---|---|---|",
    ]
    edges = np.array([0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
    told = reliability(rows["drought_chance"], rows["drought"], edges)
    for number, count in enumerate(told.forecasts):
        lines.append(
            f"| {edges[number]:.0%} to {edges[number + 1]:.0%} | {told.chance[number]:.0%} "
            f"| {told.frequency[number]:.0%} | {count} |"
        )
    return lines


def analogues(lake: Lake, source: Bundled) -> tuple[Array, Array]:
    """Return skills by lead of all other years, and of the nearest alone, under grass."""
    codes = [str(partition(path)) for path in lake.files("weather_daily")]
    covered = [code for code in codes if lake.footer("weather_daily", code).rows]
    chosen = covered[:: max(1, len(covered) // ANALOGUE_PLACES)]
    weather = lake.read("weather_daily", *chosen, columns=["departement", "date", *VARIABLES])
    sums = np.zeros((3, LEADS))
    for land in lands(weather, source.crop_parameters(), source.soil_storage()):
        known = past(land.weather, land.soils)
        grass = np.array([land.season.crops.index(REFERENCE_CROP)])
        dates = land.weather.dates[known.ends]
        of = [(day.month, day.day) in ANALOGUE_ISSUES for day in dates]
        for found in windows(land.weather.dates, known.ends[of]):
            members = forecast(land.weather, land.soils, known, found, grass)[:, 0]
            issue = np.searchsorted(known.ends, found.issues)[:, np.newaxis]
            before = issue - np.arange(4)
            wet = known.mean[:, grass[0]]
            features = wet[..., np.maximum(before, 0)]
            others = other_years(wet, before, found.offsets)
            nearest = nearest_years(features, others, NEAREST)
            few = np.take_along_axis(
                members, np.where(nearest < 0, 0, nearest)[..., np.newaxis], axis=-2
            )
            few = np.where((nearest < 0)[..., np.newaxis], np.nan, few)
            target = issue + 1 + np.arange(LEADS)
            there = target < wet.shape[-1]
            came = np.where(there, wet[..., np.where(there, target, 0)], np.nan)
            usual = other_years(wet, target, found.offsets)
            scores = [fair_crps(np.moveaxis(each, -2, -1), came) for each in (members, few, usual)]
            whole = ~np.isnan(np.sum(scores, axis=0))
            sums += [np.where(whole, each, 0.0).sum(axis=(0, 1)) for each in scores]
    return 1.0 - sums[0] / sums[2], 1.0 - sums[1] / sums[2]


def page(settings: Settings) -> str:
    """Return the page."""
    lake, source = Lake(settings.lake), Bundled(settings.embedded_data)
    rows = scored(lake)
    grass = rows[rows["crop"] == REFERENCE_CROP]
    may = rows[(rows["month"] == 5) & (rows["period_end"].dt.day == 31)]
    everyone, nearest = analogues(lake, source)
    years = sorted(rows["year"].unique())
    lines = [
        TEXT.read_text(encoding="utf-8").rstrip(),
        "",
        "## Measured",
        "",
        f"Written by `just outlook` from the lake as it was: {len(rows):,} forecasts of "
        f"{years[0]} to {years[-1]}, {len(years)} years. Skill is 1 - CRPS / CRPS of the "
        "reference; in brackets its interval of 90 % over years.",
        "",
        "### All crops in their season, by dekads ahead",
        "",
        *_skill_lines("dekads ahead", _skills(rows, "lead_dekads")),
        "",
        "### Grass, by dekads ahead",
        "",
        *_skill_lines("dekads ahead", _skills(grass, "lead_dekads")),
        "",
        "### All crops, issued at the end of May",
        "",
        *_skill_lines("dekads ahead", _skills(may, "lead_dekads")),
        "",
        "### Three dekads ahead, by month of issue",
        "",
        *_skill_lines("month of issue", _skills(rows[rows["lead_dekads"] == 3], "month")),
        "",
        "### Forecasts for grass that readers see",
        "",
        "Columns are dekads ahead.",
        "",
        *_published_lines(lake),
        "",
        "### Chance of D1 or drier, one to three dekads ahead",
        "",
        *_reliability_lines(rows[rows["lead_dekads"] <= 3]),
        "",
        f"### All other years, or the {NEAREST} most similar to this one",
        "",
        "For grass; years are similar if their wetness in the last four dekads is.",
        "",
        "| dekads ahead | all | nearest |",
        "|---|---|---|",
        *(f"| {lead + 1} | {everyone[lead]:.2f} | {nearest[lead]:.2f} |" for lead in range(LEADS)),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    settings = Settings()
    if not Lake(settings.lake).files("outlook_hindcast"):
        sys.exit("no hindcast in the lake: run `just run` first")
    PAGE.write_text(page(settings), encoding="utf-8")
