"""Quality of computed figures: soil water, and indicators by dekad.

Data of providers are checked in `weather`, `crops` and `water`; `findings` turns cases into
findings.
"""

import numpy as np
import pandas as pd

from geo_pipeline.dekads import numbers as dekad_numbers
from geo_pipeline.transforms.quality.findings import (
    dated,
    findings_of,
    gaps_between,
    merged,
    warned,
)

DEPLETION_ROUNDING_MM = 0.01
"""Depletion and available water are rounded to a thousandth."""
WETNESS_ROUNDING = 0.01
"""The index is rounded to four decimals, like the depths from which it is computed."""
LOST_SHARE = 0.5
"""Share of the last year in which an indicator existed, for its loss to be reported."""
DEKADS_BEFORE = 36
CORE = ("precip_mm", "spi_3", "spei_6", "swi", "combined")
"""Indicators that exist in every dekad once the record is long enough."""


def soil_water(soil: pd.DataFrame) -> pd.DataFrame:
    """Depletion within the available water, and the index computed from both.

    `soil` has departement, date, depletion_mm, taw_mm, swi. Ks is of the morning and depletion of
    the evening: a cloudburst may fill a soil whose crops were short of water.
    """
    depletion, taw = soil["depletion_mm"].to_numpy(), soil["taw_mm"].to_numpy()
    over = depletion - taw
    wrong = np.abs(1 - depletion / taw - soil["swi"].to_numpy())
    is_over, is_wrong = over > DEPLETION_ROUNDING_MM, wrong > WETNESS_ROUNDING
    cases = (
        (is_over, over, "soil.over"),
        (is_wrong, wrong, "soil.index"),
    )
    return merged(
        findings_of(dated(soil[which].assign(score=score[which])), "balance", "error", key)
        for which, score, key in cases
    )


def outlook(told: pd.DataFrame) -> pd.DataFrame:
    """Quantiles of the outlook of soils that fall, and classes likelier than those that hold them.

    `told` has the columns of `soil_outlook`.
    """
    falls = -told[["p10", "p25", "p50", "p75", "p90"]].diff(axis=1).min(axis=1)
    rises = told[["d0_pct", "d1_pct", "d2_pct"]].diff(axis=1).max(axis=1)
    day = dated(told.assign(date=told["period_end"]))
    return merged(
        findings_of(day[score > 0].assign(score=score[score > 0]), "quantiles", "error", key)
        for score, key in ((falls, "outlook.falls"), (rises, "outlook.rises"))
    )


def dekads(indicators: pd.DataFrame, weather_ends: pd.DataFrame) -> pd.DataFrame:
    """Dekads that are missing, and indicators that the last dekad has lost (warnings).

    `indicators` has departement, period_end, indicator, value, of `CORE` or more; `weather_ends`
    departement, date: the last day of weather for which the 90 days before are all known.
    """
    core = indicators[indicators["indicator"].isin(CORE)]
    first = core[core["indicator"] == CORE[0]]
    ends = first["period_end"]
    numbers = pd.Series(dekad_numbers(pd.DatetimeIndex(ends)), ends.index)
    gaps = gaps_between(first, numbers)
    keys = ["departement", "indicator"]
    groups = core.groupby(keys, observed=True)
    last = groups["period_end"].transform("max")
    is_last = core["period_end"] == last
    before = core[~is_last].groupby(keys, observed=True).tail(DEKADS_BEFORE)
    had = before.groupby(keys, observed=True)["value"].apply(lambda values: values.notna().mean())
    lost = core[is_last & core["value"].isna()].merge(had.rename("score").reset_index(), on=keys)
    known_to = lost["departement"].astype(str).map(weather_ends.set_index("departement")["date"])
    lost = lost[(lost["score"] > LOST_SHARE) & (lost["period_end"] <= known_to)]
    lost = dated(lost.rename(columns={"period_end": "date"}))
    return merged(
        [
            warned(gaps, "dekads", "dekads.gap"),
            warned(lost, "dekads", "dekads.lost"),
        ]
    )
