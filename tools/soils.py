"""`just soils`: the water that the soil of each département holds: assets_data/soil_storage.csv.

No open table of available water by département was found. So the soil is asked of what is known of
its effect: Météo-France's normals of the Soil Wetness Index. For each département the storage is
taken whose balance under grass, through the embedded weather, comes closest to its twelve normals;
how fast soils drain is one number for all, chosen alike. Choosing on every other month and testing
on the months between tells whether that holds (`on_other_months`, docs/against_nature.md).
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from geo_pipeline.indicators.soil_water import soil_water_balance
from geo_pipeline.sources.agronomy import SOIL_FILE
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.territory import CODES
from geo_pipeline.transforms.daily_arrays import daily_records
from geo_pipeline.transforms.soil import REFERENCE_CROP, season_of_crops
from geo_pipeline.transforms.weather import with_et0

ASSETS = Path(__file__).resolve().parents[1] / "assets_data"

GRASS_ROOTS_M = 1.5
"""How deep the roots of grass go, FAO-56 table 22: a storage is told as mm in a metre of these."""

STORAGES_MM = tuple(range(60, 466, 15))
DRAINAGES = (0.0, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006)
"""Shares of the water held that drain in a day, from which one is chosen."""

FAO_STORAGE_MM = 150
"""What FAO-56 table 19 has within loam and silt loam for a metre: where nothing can be fitted."""

INNER_PARIS = ("75", "92")
"""Without cropland, so without embedded weather: theirs is the median of those around."""
AROUND_PARIS = ("77", "78", "91", "93", "94", "95")


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


def normals() -> "pd.Series[float]":
    """Return Météo-France's median wetness of 1990-2019 by departement and month (1-12)."""
    table = pd.read_parquet(ASSETS / "swi_normals.parquet")
    return table.set_index(["departement", "month"])["swi_median"].dropna()


def wetness_by_storage(
    source: Bundled, drainages: Iterable[float] = DRAINAGES
) -> dict[float, pd.DataFrame]:
    """Return the wetness under grass in soils of `STORAGES_MM`, a frame for each drainage.

    Rows are departement and month (the median over years of the monthly mean), those that have
    a normal; columns are storages in mm.
    """
    theirs = normals()
    grass = source.crop_parameters().loc[[REFERENCE_CROP]]
    taw_mm = np.array(STORAGES_MM, dtype=float)[:, np.newaxis]
    weather = source.weather_daily(sorted(set(theirs.index.get_level_values("departement"))))
    records = list(daily_records(with_et0(weather), ("precip_mm", "et0_mm")))
    by_drainage = {}
    for drainage in drainages:
        parts = {}
        for record in records:
            soil = soil_water_balance(
                record["precip_mm"][:, np.newaxis],
                record["et0_mm"][:, np.newaxis],
                season_of_crops(record.dates, grass).kc,
                taw_mm,
                grass["p"].to_numpy(),
                drainage=drainage,
                keep=("swi",),
            )
            months = pd.DatetimeIndex(record.dates).to_period("M")
            for code, swi in zip(record.codes, soil["swi"], strict=True):
                means = pd.DataFrame(swi.T, columns=list(STORAGES_MM)).groupby(months).mean()
                parts[code] = means.groupby(means.index.month).median().rename_axis("month")
        ours = pd.concat(parts, names=["departement"]).sort_index()
        by_drainage[drainage] = ours.loc[ours.index.intersection(theirs.index)]
    return by_drainage


def closest(ours: pd.DataFrame, theirs: "pd.Series[float]") -> "pd.Series[int]":
    """Return the storage, mm, of each département whose squared error over its months is least."""
    errors = ours.sub(theirs.loc[ours.index], axis=0) ** 2
    return errors.groupby("departement").mean().idxmin(axis=1)


def with_storage(ours: pd.DataFrame, storage_mm: "pd.Series[int]") -> "pd.Series[float]":
    """Return the wetness of each row of `ours` in the storage of its département."""
    columns = ours.columns.get_indexer(storage_mm[ours.index.get_level_values("departement")])
    return pd.Series(ours.to_numpy()[np.arange(len(ours)), columns], index=ours.index)


class Fit(NamedTuple):
    """What the normals choose."""

    drainage: float
    storage_mm: "pd.Series[int]"
    agreement: Agreement


def fit(by_drainage: Mapping[float, pd.DataFrame], theirs: "pd.Series[float]") -> Fit:
    """Return the drainage and the storages that come closest to `theirs`."""
    fits = []
    for drainage, ours in by_drainage.items():
        storage_mm = closest(ours, theirs)
        fits.append(Fit(drainage, storage_mm, agreement(with_storage(ours, storage_mm), theirs)))
    return min(fits, key=lambda one: one.agreement.rmse)


def on_other_months(
    by_drainage: Mapping[float, pd.DataFrame], theirs: "pd.Series[float]", fitted_on: int
) -> Fit:
    """Return what every other month chooses, and how that agrees on the months between.

    `fitted_on` is 1 where the odd months choose and the even ones test, 0 the other way round.
    """
    chooses = {
        drainage: frame[frame.index.get_level_values("month") % 2 == fitted_on]
        for drainage, frame in by_drainage.items()
    }
    chosen = fit(chooses, theirs)
    ours = by_drainage[chosen.drainage]
    rest = ours[ours.index.get_level_values("month") % 2 != fitted_on]
    tested = with_storage(rest, chosen.storage_mm)
    return chosen._replace(agreement=agreement(tested, theirs.loc[rest.index]))


def table(chosen: Fit) -> pd.DataFrame:
    """Return the rows of soil_storage.csv: fitted ones, the inner suburbs, FAO's for the rest."""
    around = chosen.storage_mm[list(AROUND_PARIS)].median()
    rows = []
    for code in CODES:
        if code in chosen.storage_mm or code in INNER_PARIS:
            is_fitted = code in chosen.storage_mm
            rows.append(
                (
                    code,
                    round(float(chosen.storage_mm[code] if is_fitted else around) / GRASS_ROOTS_M),
                    GRASS_ROOTS_M,
                    chosen.drainage,
                    "fitted" if is_fitted else "neighbours",
                    "fitted on the Soil Wetness Index normals 1990-2019 of Météo-France"
                    if is_fitted
                    else f"median of {', '.join(AROUND_PARIS)}, fitted on the normals",
                )
            )
        else:
            why = "FAO-56 (1998) table 19, within loam and silt loam; nothing to fit it on"
            rows.append((code, FAO_STORAGE_MM, 1.0, 0.0, "default", why))
    columns = ["departement", "available_water_mm_per_m", "soil_depth_m", "drainage_per_day"]
    return pd.DataFrame(rows, columns=[*columns, "status", "source"])


def main() -> None:
    """Write assets_data/soil_storage.csv and print how it agrees."""
    theirs = normals()
    by_drainage = wetness_by_storage(Bundled(ASSETS))
    chosen = fit(by_drainage, theirs)
    table(chosen).to_csv(ASSETS / SOIL_FILE, index=False, lineterminator="\n")
    print(f"all months: drainage {chosen.drainage} a day, {chosen.agreement}")
    for odd, name in ((1, "even"), (0, "odd")):
        other = on_other_months(by_drainage, theirs, odd)
        print(f"tested on the {name} months: drainage {other.drainage} a day, {other.agreement}")


if __name__ == "__main__":
    main()
