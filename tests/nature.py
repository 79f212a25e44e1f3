"""`just nature`: the indicators against what is known of the real world, as docs/against_nature.md.

Soil wetness against Météo-France's normals; weather spread over dekads against true days; the
droughts of 2011, 2018-2020 and 2022. Reads what `just run` left in the lake.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from geo_pipeline.departements import BY_CODE
from geo_pipeline.indicators.soil_water import soil_water_balance
from geo_pipeline.settings import Settings
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.storage.lake import Lake
from geo_pipeline.transforms.crop_water import REFERENCE_CROP
from geo_pipeline.transforms.records import daily_records
from geo_pipeline.transforms.soil import soil_water_daily
from geo_pipeline.transforms.weather import with_et0

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
SHOWN = ("spi_3", "spei_3", "sswi", "combined")


class Agreement(NamedTuple):
    """How two columns agree: correlation, mean of the difference, its root mean square."""

    count: int
    r: float
    bias: float
    rmse: float


def agreement(ours: "pd.Series[float]", theirs: "pd.Series[float]") -> Agreement:
    """Return how `ours` agrees with `theirs`, where both are known."""
    both = pd.concat([ours, theirs], axis=1, keys=["ours", "theirs"]).dropna()
    error = both["ours"] - both["theirs"]
    r = float(np.corrcoef(both["ours"], both["theirs"])[0, 1])
    return Agreement(len(both), r, float(error.mean()), float(np.sqrt((error**2).mean())))


def indicators(lake: Lake) -> pd.DataFrame:
    """Return all drought indicators of the lake."""
    return pd.DataFrame(lake.arrow("drought_indicators").to_pandas(date_as_object=False))


def wetness(frame: pd.DataFrame) -> "tuple[pd.Series[float], pd.Series[float]]":
    """Return the median of each département and month: ours, and the published normal."""
    month_ends = frame["period_end"].dt.is_month_end
    rows = frame[(frame["indicator"] == "swi") & month_ends]
    ours = rows["value"].groupby([rows["departement"], rows["period_end"].dt.month]).median()
    normals = pd.read_parquet(ROOT / "assets_data" / "swi_normals.parquet")
    theirs = normals.set_index(["departement", "month"])["swi_median"]
    return ours.rename_axis(["departement", "month"]), theirs


STORAGES_MM = (60, 80, 100, 125, 150, 175, 200, 250, 300, 400)
DEMANDS = (1.0, 1.1)
"""Crop coefficients of grass: that of the reference, and a tenth more."""


def by_storage(source: Bundled) -> "tuple[dict[float, pd.DataFrame], pd.Series[float]]":
    """Return monthly wetness under grass in soils of `STORAGES_MM`, by demand, and the normals.

    Frames have a row a département and month (the median over years of the monthly mean), a column
    a storage; the normals are those of the same rows.
    """
    normals = pd.read_parquet(ROOT / "assets_data" / "swi_normals.parquet")
    theirs = normals.set_index(["departement", "month"])["swi_median"].dropna()
    codes = sorted(set(theirs.index.get_level_values("departement")))
    p = float(source.crop_parameters().loc[REFERENCE_CROP, "p"])
    taw_mm = np.array(STORAGES_MM, dtype=float)[:, np.newaxis]
    parts: dict[float, list[pd.DataFrame]] = {kc: [] for kc in DEMANDS}
    for record in daily_records(with_et0(source.weather_daily(codes)), ("precip_mm", "et0_mm")):
        rain, demand = record["precip_mm"][:, np.newaxis], record["et0_mm"][:, np.newaxis]
        months = pd.DatetimeIndex(record.dates).to_period("M")
        for kc, of in parts.items():
            soil = soil_water_balance(rain, demand, [kc], taw_mm, p, keep=("depletion_mm",))
            for code, wet in zip(record.codes, 1 - soil.depletion_mm / taw_mm, strict=True):
                means = pd.DataFrame(wet.T, columns=list(STORAGES_MM)).groupby(months).mean()
                median = means.groupby(means.index.month).median().rename_axis("month")
                of.append(pd.concat({code: median}, names=["departement"]))
    ours = {kc: pd.concat(of) for kc, of in parts.items()}
    known = ours[DEMANDS[0]].index.intersection(theirs.index)
    return {kc: frame.loc[known] for kc, frame in ours.items()}, theirs.loc[known]


def on_other_months(ours: pd.DataFrame, theirs: "pd.Series[float]", fitted_on: int) -> Agreement:
    """Return how a storage a département agrees that was chosen on every other month, on the rest.

    `fitted_on` is 1 where the odd months choose and the even ones test, 0 the other way round.
    """
    chooses = ours.index.get_level_values("month") % 2 == fitted_on
    errors = ours[chooses].sub(theirs[chooses], axis=0) ** 2
    best = errors.groupby("departement").mean().idxmin(axis=1)
    rest = ours[~chooses]
    columns = rest.columns.get_indexer(best[rest.index.get_level_values("departement")])
    chosen = pd.Series(rest.to_numpy()[np.arange(len(rest)), columns], index=rest.index)
    return agreement(chosen, theirs[~chooses])


def _storage_lines(source: Bundled) -> list[str]:
    """Return what other soils would change, as a section."""
    ours, theirs = by_storage(source)
    rows = []
    for kc, frame in ours.items():
        for storage in (150, 200):
            fit = agreement(frame[storage], theirs)
            rows.append((f"{storage} mm everywhere, Kc {kc:g}", fit))
        for odd, name in ((1, "odd"), (0, "even")):
            what = f"chosen by département on the {name} months, Kc {kc:g}, on the others"
            rows.append((what, on_other_months(frame, theirs, odd)))
    table = [f"| {what} | {fit.r:.3f} | {fit.bias:+.3f} | {fit.rmse:.3f} |" for what, fit in rows]
    return [
        "### What other soils would change",
        "",
        "The same with monthly means in place of the last dekad, for other depths of water that",
        "the soil can hold. One that is chosen for a département on every other month is measured",
        "on the months between, which had no part in it. Not used so far.",
        "",
        "| soil | correlation | bias | root mean square error |",
        "|---|---|---|---|",
        *table,
        "",
        "A soil of 200 mm everywhere agrees as well as one chosen for each département. A tenth",
        "more demand takes two fifths of the bias away. What stays is mostly that of the months in",
        "which a bucket is full and the normals stand below 0.9.",
        "",
    ]


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
        "Median of our monthly soil wetness under grass (one default soil of 150 mm) against the",
        "median of the SAFRAN-ISBA Soil Wetness Index 1990-2019, by département and month.",
        "",
        f"Over {whole.count} pairs: correlation {whole.r:.3f}, bias {whole.bias:+.3f}, root mean",
        f"square error {whole.rmse:.3f}.",
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
        "Ours is wetter in autumn and winter. Likely reasons: a bucket holds its water at field",
        "capacity where SAFRAN-ISBA drains, one default soil stands for all (see below), and",
        "AgERA5 rain runs above gauges in hilly départements. In winter nearly all soils are",
        "full, so the correlation over départements says little then.",
        "",
        *_storage_lines(Bundled(settings.embedded_data)),
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
