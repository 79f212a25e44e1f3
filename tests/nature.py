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
from geo_pipeline.settings import Settings
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.storage.lake import Lake
from geo_pipeline.transforms.crop_water import REFERENCE_CROP
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
        "Ours is wetter in autumn and winter. Likely reasons, not measured here: a bucket holds",
        "its water at field capacity where SAFRAN-ISBA drains, one default soil stands for all,",
        "and AgERA5 rain runs above gauges in hilly départements. In winter nearly all soils are",
        "full, so the correlation over départements says little then.",
        "",
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
