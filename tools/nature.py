"""`just nature`: the indicators against what is known of the real world, as docs/against_nature.md.

Soil wetness against Météo-France's normals; weather spread over dekads against true days; the
droughts of 2011, 2018-2020 and 2022. Reads what `just run` left in the lake.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from geo_pipeline.indicators.soil_water import soil_water_balance
from geo_pipeline.settings import Settings
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.storage.lake import Lake
from geo_pipeline.territory import BY_CODE
from geo_pipeline.transforms.daily_arrays import daily_records
from geo_pipeline.transforms.soil import REFERENCE_CROP, season_of_crops, soil_water_daily
from geo_pipeline.transforms.weather import with_et0
from tools.soils import (
    Agreement,
    agreement,
    fit,
    normals,
    on_other_months,
    wetness_by_storage,
)

ROOT = Path(__file__).resolve().parents[1]
REMEMBERED = (
    "2011-05",
    "2018-10",
    "2019-07",
    "2019-09",
    "2020-07",
    "2020-09",
    "2022-07",
    "2022-08",
)
LEAST_YEARS = 4
"""Harvests that a département needs to have a rank among its years."""

SHOWN = ("spi_3", "spei_3", "sswi", "combined")


def indicators(lake: Lake) -> pd.DataFrame:
    """Return all drought indicators of the lake."""
    return pd.DataFrame(lake.arrow("drought_indicators").to_pandas(date_as_object=False))


def wetness(frame: pd.DataFrame) -> "tuple[pd.Series[float], pd.Series[float]]":
    """Return the median of each département and month: ours, and the published normal."""
    month_ends = frame["period_end"].dt.is_month_end
    rows = frame[(frame["indicator"] == "swi") & month_ends]
    ours = rows["value"].groupby([rows["departement"], rows["period_end"].dt.month]).median()
    return ours.rename_axis(["departement", "month"]), normals()


def _soil_lines(source: Bundled) -> list[str]:
    """Return how the soils were fitted and what each part of the fit brings, as a section."""
    theirs = normals()
    by_drainage = wetness_by_storage(source)
    chosen = fit(by_drainage, theirs)
    as_fao = by_drainage[0.0]
    drained = by_drainage[chosen.drainage]
    rows = [
        ("150 mm everywhere, no drainage (FAO-56)", agreement(as_fao[150], theirs)),
        ("fitted storage, no drainage", fit({0.0: as_fao}, theirs).agreement),
        (f"150 mm everywhere, drainage {chosen.drainage:g}", agreement(drained[150], theirs)),
        (f"**fitted storage, drainage {chosen.drainage:g}**", chosen.agreement),
    ]
    for odd, name, others in ((1, "odd", "even"), (0, "even", "odd")):
        part = on_other_months(by_drainage, theirs, odd)
        what = f"fitted on the {name} months (drainage {part.drainage:g}), tested on the {others}"
        rows.append((what, part.agreement))
    return [
        "### Soils fitted on half of the months, tested on the others",
        "",
        "`just soils` takes for each département the storage that comes closest to its normals,",
        "and one drainage for all: the share of the water held that leaves the soil in a day.",
        "Fitted on every other month it is measured on those between, which had no part in it.",
        "",
        "| soil | correlation | bias | root mean square error |",
        "|---|---|---|---|",
        *(f"| {what} | {one.r:.3f} | {one.bias:+.3f} | {one.rmse:.3f} |" for what, one in rows),
        "",
        f"Storages: {chosen.storage_mm.min():.0f} to {chosen.storage_mm.max():.0f} mm, median"
        f" {chosen.storage_mm.median():.0f} mm. They are what this weather",
        "and this balance need to agree with SAFRAN-ISBA, and no survey of soils.",
        "",
    ]


def satisfaction(source: Bundled, soils: pd.DataFrame, *, drains: bool) -> "pd.Series[float]":
    """Return the share of its water that each crop got by harvest, by crop, departement, year.

    From 0 to 1, over the whole season, without irrigation: FAO's WRSI, which is published as
    `water_satisfaction_pct_*`. `drains`: whether the soil drains under crops as under grass.
    """
    crops = source.crop_parameters()
    crops = crops[~crops["irrigated"] & ~crops["perennial"]]
    weather = with_et0(source.weather_daily(list(soils.index)))
    satisfied = {}
    for record in daily_records(weather, ("precip_mm", "et0_mm")):
        season = season_of_crops(record.dates, crops)
        here = soils.loc[record.codes].to_numpy()[:, :, np.newaxis, np.newaxis]
        water_mm_m, depth_m, drainage = here[:, 0], here[:, 1], here[:, 2]
        soil = soil_water_balance(
            record["precip_mm"][:, np.newaxis],
            record["et0_mm"][:, np.newaxis],
            season.kc,
            water_mm_m * np.minimum(season.root_depth_m, depth_m),
            season.p,
            drainage=drainage if drains else 0.0,
            tolerance_mm=10.0,
            keep=("eta_mm", "etc_mm"),
        )
        for row, crop in enumerate(crops.index):
            length = int(season.length[row])
            for last in np.flatnonzero(season.day[row] == length):
                if last + 1 < length:
                    continue  # sown before the record
                days = slice(last + 1 - length, last + 1)
                got, asked = (
                    soil[name][:, row, days].sum(axis=-1) for name in ("eta_mm", "etc_mm")
                )
                for code, share in zip(record.codes, got / asked, strict=True):
                    satisfied[crop, code, record.dates[last].year] = share
    return pd.Series(satisfied).rename_axis(["crop", "departement", "year"])


def _harvest_lines(source: Bundled) -> list[str]:
    """Return how the satisfaction of water need follows harvests, by soil and in dry years."""
    soils = source.soil_storage()
    soils = soils[soils["status"] == "fitted"]
    columns = ["available_water_mm_per_m", "soil_depth_m", "drainage_per_day"]
    fitted = soils[columns]
    one_soil = fitted.assign(available_water_mm_per_m=150.0, soil_depth_m=1.0)
    satisfied = {
        "one soil": satisfaction(source, one_soil, drains=False),
        "fitted": satisfaction(source, fitted, drains=False),
        "draining": satisfaction(source, fitted, drains=True),
    }
    harvests = source.crop_statistics(list(soils.index)).set_index(["crop", "departement", "year"])
    both = pd.concat({**satisfied, "yield": harvests["yield_q_ha"]}, axis=1).dropna()
    by_place = both[both.groupby(["crop", "departement"])["yield"].transform("size") >= LEAST_YEARS]
    ranks = by_place.groupby(["crop", "departement"]).rank()
    ranks -= ranks.groupby(["crop", "departement"]).transform("mean")
    lines = [
        "## Satisfaction of water need and harvests",
        "",
        "Share of the water that a crop asked for from sowing to harvest that it got without",
        "irrigation (`water_satisfaction_pct_*` at harvest, FAO's WRSI) against the harvest: how",
        "their ranks among the years of a département (four or more) correlate, 2010-2022. Above 0",
        "where dry years yield less. One soil of 150 mm in 1 m; fitted storages; these, draining.",
        "",
        "| crop | harvests | one soil | fitted | draining |",
        "|---|---|---|---|---|",
    ]
    for crop, of in ranks.groupby("crop"):
        told = " | ".join(f"{of[name].corr(of['yield']):+.2f}" for name in satisfied)
        lines.append(f"| {crop} | {len(of)} | {told} |")
    return [
        *lines,
        "",
        "Drainage, which wetness asks for, makes the index tell less of most harvests: so soil",
        "drains under grass, which stands for the land as a whole, and not under field crops.",
        "",
        *_driest_year_lines(by_place),
    ]


def _driest_year_lines(by_place: pd.DataFrame) -> list[str]:
    """Return the driest year of each crop beside its harvest: the index tells no yield."""
    usual = by_place.groupby(["crop", "departement"]).transform("median")
    departure = (by_place["yield"] / usual["yield"] - 1.0).groupby(["crop", "year"]).median()
    index = by_place["fitted"].groupby(["crop", "year"]).median()
    lines = [
        "What is missing to 100 % is no loss of yield. Below, the year of each crop in which the",
        "index was lowest, and how far its harvests were from the median of their place (medians",
        "over départements, fitted storages):",
        "",
        "| crop | year | satisfied | usually | harvest |",
        "|---|---|---|---|---|",
    ]
    for crop in index.index.unique("crop"):
        driest = int(index[crop].idxmin())
        lines.append(
            f"| {crop} | {driest} | {100 * index[crop, driest]:.0f} % |"
            f" {100 * index[crop].median():.0f} % | {100 * departure[crop, driest]:+.0f} % |"
        )
    return [*lines, ""]


def spread_and_true(settings: Settings, observed: Path) -> Agreement:
    """Return how monthly wetness from spread dekads agrees with that from true days."""
    source = Bundled(settings.embedded_data)
    true = pd.read_parquet(observed).rename(columns={"code_dep": "departement"})
    true["date"] = true["date"].astype("datetime64[ns]")
    spread = source.weather_daily(sorted(set(true["departement"])))
    columns = ["tmean_c", "precip_mm", "radiation_mj_m2"]
    keys = ["departement", "date"]
    days = spread.drop(columns=columns).merge(true[[*keys, *columns]], on=keys)
    grass = source.crop_parameters().loc[[REFERENCE_CROP]]
    months = []
    for weather in (spread, days.assign(resolution="day")):
        rows = soil_water_daily(with_et0(weather), grass, source.soil_storage())
        month = rows["date"].dt.to_period("M")
        months.append(rows["swi"].groupby([rows["departement"].astype(str), month]).mean())
    return agreement(months[0], months[1])


def in_drought(frame: pd.DataFrame, indicator: str, month: str) -> pd.DataFrame:
    """Return the rows of `indicator` in `month` that are known."""
    end = pd.Timestamp(month) + pd.offsets.MonthEnd(0)
    rows = frame[(frame["indicator"] == indicator) & (frame["period_end"] == end)]
    return rows.dropna(subset="drought_class")


def main() -> None:
    """Write docs/against_nature.md."""
    settings = Settings()
    frame = indicators(Lake(settings.lake))
    if frame.empty:
        sys.exit("nothing in the lake: `just run` first")
    ours, theirs = wetness(frame)
    whole = agreement(ours, theirs)
    lines = [
        "# Against nature",
        "",
        "Written by `just nature` on the embedded data (2010-2022 without 2014).",
        "",
        "## Soil wetness and Météo-France's normals",
        "",
        "Median of our monthly soil wetness under grass against the median of the SAFRAN-ISBA Soil",
        "Wetness Index 1990-2019, by département and month. The soils were fitted on these normals",
        "(below): how well that holds is told by the months that had no part in it.",
        "",
        f"Over {whole.count} pairs: correlation {whole.r:.3f}, bias {whole.bias:+.3f}, root mean"
        f" square error {whole.rmse:.3f}.",
        "",
        "| month | ours | normal | bias | correlation over départements |",
        "|---|---|---|---|---|",
    ]
    for month in range(1, 13):
        one = ours.xs(month, level="month")
        other = theirs.xs(month, level="month")
        fit = agreement(one, other)
        known = other.reindex(one.index)
        lines.append(
            f"| {month} | {one.mean():.2f} | {known.mean():.2f} | {fit.bias:+.2f} | {fit.r:.2f} |"
        )
    lines += [
        "",
        "AgERA5 rain runs above gauges in hilly départements; the fit takes that up.",
        "",
        *_soil_lines(Bundled(settings.embedded_data)),
    ]
    observed = ROOT.parent / "shared" / "data" / "observed" / "weather_daily.parquet"
    if observed.exists():
        fit = spread_and_true(settings, observed)
        lines += [
            "## Dekads spread over days, and true days",
            "",
            "Monthly soil wetness from spread dekads against that from the daily series behind",
            f"them, over {fit.count} département-months: correlation {fit.r:.4f}, bias",
            f"{fit.bias:+.4f}, root mean square error {fit.rmse:.4f}.",
            "",
        ]
    lines += _harvest_lines(Bundled(settings.embedded_data))
    lines += [
        "## Droughts that one remembers",
        "",
        "Départements in moderate drought or worse (D1-D4), in severe or worse (D2-D4), and the",
        "régions with most of their départements in D2-D4.",
        "",
        "| month | indicator | known | D1-D4 | D2-D4 | régions |",
        "|---|---|---|---|---|---|",
    ]
    for month in REMEMBERED:
        for indicator in SHOWN:
            lines.append(_row(frame, indicator, month))
    lines += [
        "",
        "Rain alone (`spi_3`) tells 2022 as mild; with evaporation (`spei_3`), in the soil",
        "(`sswi`) and together (`combined`) it is a drought over much of France. 2019 and 2020",
        "come out weaker than 2018 and 2022. A reference of 12 years bounds how extreme a class",
        "can be told to be: `sswi` never passes D3 in these months.",
        "",
    ]
    text = "\n".join(lines)
    (ROOT / "docs" / "against_nature.md").write_text(text, encoding="utf-8")


def _row(frame: pd.DataFrame, indicator: str, month: str) -> str:
    """Return the line of one month and indicator."""
    rows = in_drought(frame, indicator, month)
    moderate = rows["drought_class"].isin(["D1", "D2", "D3", "D4"]).sum()
    severe = rows[rows["drought_class"].isin(["D2", "D3", "D4"])]
    region = rows["departement"].map(lambda code: BY_CODE[code].region)
    share = rows.index.isin(severe.index)
    most = pd.Series(share, index=rows.index).groupby(region).mean()
    names = ", ".join(sorted(most.index[most > 0.5])) or "none"
    return f"| {month} | {indicator} | {len(rows)} | {moderate} | {len(severe)} | {names} |"


if __name__ == "__main__":
    main()
