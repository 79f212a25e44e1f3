"""A home whose weather is that of a small SIM2 grid, served over HTTP on loopback while it is made.

The grid covers the Gers (32) and nothing else wholly. Its rows are the same whenever they are made.
"""

import gzip
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from filelock import FileLock
from pyarrow import csv

from geo_pipeline.commands.runs import run
from geo_pipeline.settings import Settings
from tests.conftest import ignore
from tests.sources.file_host import FileHost

LIST = "/api/1/datasets/donnees-changement-climatique-sim-quotidienne/"
FOLDER = "/meteofrance/data/synchro_ftp/REF_CC/SIM/"
FIRST, LAST = date(2014, 1, 1), date(2025, 12, 31)
XS, YS = range(4120, 5001, 80), range(18170, 19131, 80)
"""Centres of the cells, hectometres of Lambert II étendu: the Gers, but for its western end."""
DRY_FROM, DRY_WEST_OF = pd.Timestamp(2025, 4, 1), 4560
"""A drought over the west in the last year; the further south, the harder."""


def weather() -> pd.DataFrame:
    """Return the rows of the grid, as its files have them; ETP, rain and SWI to their decimals."""
    days = pd.date_range(FIRST, LAST)
    x, y, day = (each.ravel() for each in np.meshgrid(XS, YS, np.arange(len(days)), indexing="ij"))
    chance = np.random.default_rng(32)
    season = np.cos((days.dayofyear.to_numpy()[day] - 200) / 365.25 * 2 * np.pi)
    # Showers that the whole of the grid shares, and that each cell has more or less of.
    shared = np.where(chance.random(len(days)) < 0.35, chance.gamma(0.7, 7.0, len(days)), 0.0)
    rain = shared[day] * chance.uniform(0.7, 1.3, len(day))
    dry = (days[day] >= DRY_FROM) & (x < DRY_WEST_OF)
    rain = np.where(dry, rain * (y - YS[0]) / (YS[-1] - YS[0]), rain)
    mean_c = np.round(13.0 + 8.0 * season + chance.normal(0, 2, len(day)), 1)
    wetness = 0.6 - 0.25 * season + chance.normal(0, 0.05, len(day)) - np.where(dry, 0.15, 0.0)
    date_of = days.year * 10_000 + days.month * 100 + days.day
    return pd.DataFrame(
        {
            "LAMBX": x, "LAMBY": y, "DATE": date_of.to_numpy()[day], "PRENEI": 0.0,
            "PRELIQ": np.round(rain, 1), "T": mean_c, "FF": 2.5,
            "SSI": np.round(1300.0 + 900.0 * season, 1), "HU": 72.0,
            "ETP": np.round(2.5 + 2.0 * season, 1), "SWI": np.round(wetness, 3),
            "TINF_H": np.round(mean_c - 5.0, 1), "TSUP_H": np.round(mean_c + 5.0, 1),
        }
    )  # fmt: skip


def files() -> dict[str, bytes]:
    """Return the files by name, one a year."""
    rows, made = weather(), {}
    for year, part in rows.groupby(rows["DATE"] // 10_000):
        content = io.BytesIO()
        table, options = pa.Table.from_pandas(part, preserve_index=False), csv.WriteOptions
        csv.write_csv(table, content, options(delimiter=";", quoting_style="none"))
        plain = content.getvalue()
        made[f"QUOT_SIM2_{year}.csv.gz"] = gzip.compress(plain, compresslevel=1, mtime=0)
    return made


def host() -> FileHost:
    """Return a host of the list and the files; whoever takes it closes it."""
    made = FileHost()
    made.files = {f"{FOLDER}{name}": content for name, content in files().items()}
    resources = [{"title": path, "url": f"{made.url}{path}"} for path in made.files]
    made.files[LIST] = json.dumps({"resources": resources}).encode()
    return made


def settings_of(home: Path, url: str, **more: Any) -> Settings:
    """Return the settings of a home that takes its weather from `url`."""
    rates = {url.removeprefix("http://"): 200.0}
    return Settings(
        home=home, source="sim2", data_gouv_url=url, since=FIRST, until=LAST, rates=rates,
        attempts=1, **more,
    )  # fmt: skip


def grid_home(folder: Path) -> Path:
    """Return a home in `folder` with the Gers run and published; whoever comes first makes it."""
    home = folder / "grid"
    with FileLock(f"{home}.lock"):
        if not Settings(home=home).warehouse.exists():
            served = host()
            try:
                assert run(settings_of(home, served.url), ["32"], ignore).failures == ()
                (folder / "grid.url").write_text(served.url, encoding="utf-8")
            finally:
                served.close()
    return home
