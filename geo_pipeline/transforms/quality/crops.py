"""Quality of crop statistics: areas, productions and yields.

`findings` turns cases into findings.
"""

import numpy as np
import pandas as pd

from geo_pipeline.transforms.quality.findings import (
    LEAST_NEIGHBOURS,
    findings_of,
    graded,
    merged,
    own_climate,
    warned,
)

PARTS_OF = {"grain_maize": ("grain_maize_irrigated", "grain_maize_rainfed")}
"""Crops reported as a whole, in parts, or both: counted once."""
COUNTED = (
    "soft_wheat",
    "durum_wheat",
    "winter_barley",
    "triticale",
    "winter_rapeseed",
    "grain_maize",
    "silage_maize",
    "sunflower",
    "soybean",
    "sugar_beet",
    "potato",
    "vineyard",
    "permanent_grassland",
    "temporary_grassland",
)
"""Crops that do not overlap. The other labels of a provider may be totals of these."""
AREA_PCT = (90.0, 100.0)
"""Area of all these crops, % of the département's; farmland covers 80 % at most."""
PRODUCT_PCT = (2.0, 20.0)
"""Production against area x yield; the embedded figures, rounded, differ by 0.2 % at most."""
LEAST_PRODUCTION_Q = 1000.0
"""Below this production the rounding of the yield alone makes some per cent."""
YEARS_FOR_RECORD = 8
"""Years of a crop from which it is compared with its own record."""
YIELD_SPREADS = 6.0
"""Interquartile ranges from the median yield of the crop there."""
LEAST_SPREAD_PCT = 10.0
"""Smallest interquartile range of yields, % of the median."""
YIELD_TIMES = 5.0
"""Times the crop's own median: a wrong unit (t for q is 10), never a good year."""
NEIGHBOURS_TIMES = 3.0
"""Yield over that of the neighbours' median, or the other way round."""
AREA_TIMES = 4.0
"""Area of a crop over that of the year before, or the inverse."""
LEAST_AREA_HA = 2000.0
"""Below this area such changes are normal."""


def crop_area(crops: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Area of the crops against that of the département, and against the year before.

    `crops` has departement, year, crop, area_ha; `areas` departement, area_km2.
    """
    known = crops.dropna(subset=["area_ha"])
    own_ha = known["departement"].map(areas.set_index("departement")["area_km2"] * 100)
    each = known.assign(score=100 * known["area_ha"] / own_ha)
    parts = [
        findings_of(
            _yearly(each[each["score"] > AREA_PCT[1]]),
            "area",
            "error",
            "area.crop",
        )
    ]
    whole_of = {part: whole for whole, several in PARTS_OF.items() for part in several}
    whole = known["crop"].map(whole_of).fillna(known["crop"])
    is_part = known["crop"].isin(list(whole_of))
    keys = ["departement", "year", "whole"]
    by_crop = known.assign(whole=whole)[whole.isin(COUNTED)]
    sums = by_crop.groupby([*keys, is_part.rename("is_part")])[["area_ha"]].sum()
    by_year = sums.groupby(keys).max().groupby(["departement", "year"]).sum().reset_index()
    own_ha = by_year["departement"].map(areas.set_index("departement")["area_km2"] * 100)
    shares = by_year.assign(score=100 * by_year["area_ha"] / own_ha)
    covering = _yearly(shares[shares["score"] > AREA_PCT[0]])
    parts.append(graded(covering, "area", AREA_PCT, "area.crops"))
    rows = known.sort_values(["departement", "crop", "year"])
    before = rows.groupby(["departement", "crop"])[["area_ha", "year"]].shift()
    least, most = (
        np.minimum(rows["area_ha"], before["area_ha"]),
        np.maximum(rows["area_ha"], before["area_ha"]),
    )
    is_jump = (most > LEAST_AREA_HA) & (most > AREA_TIMES * least)
    is_jump &= rows["year"] == before["year"] + 1
    changed = rows.assign(before=before["area_ha"], score=most - least)[is_jump]
    return merged([*parts, warned(_yearly(changed), "area", "area.jump")])


def crop_figures(crops: pd.DataFrame) -> pd.DataFrame:
    """Production against area x yield, and yields against their own record.

    `crops` has departement, year, crop, area_ha, yield_q_ha, production_q.
    """
    made = crops["area_ha"] * crops["yield_q_ha"]
    large = made.clip(lower=crops["production_q"])
    off = 100 * (made - crops["production_q"]).abs() / large
    cases = crops.assign(made=made, score=off)[
        (off > PRODUCT_PCT[0]) & (large > LEAST_PRODUCTION_Q)
    ]
    parts = [graded(_yearly(cases), "figures", PRODUCT_PCT, "figures.product")]
    yields = crops["yield_q_ha"]
    middle, spread = own_climate(yields, [crops["departement"], crops["crop"]], YEARS_FOR_RECORD)
    far = (yields - middle).abs() / spread.clip(lower=middle * LEAST_SPREAD_PCT / 100)
    times = yields / middle
    told = crops.assign(usual=middle, score=times)
    is_grave = times > YIELD_TIMES
    parts.append(findings_of(_yearly(told[is_grave]), "figures", "error", "figures.yield"))
    odd = told.assign(score=far)[(far > YIELD_SPREADS) & ~is_grave]
    return merged([*parts, warned(_yearly(odd), "figures", "figures.yield")])


def crop_neighbours(compared: pd.DataFrame) -> pd.DataFrame:
    """Yields against the median of the neighbours': `sql/quality_crop_neighbours.sql`."""
    judged = compared[compared["neighbours"] >= LEAST_NEIGHBOURS]
    ratio = judged["yield_q_ha"] / judged["neighbours_yield_q_ha"]
    times = np.maximum(ratio, 1 / ratio)
    cases = judged.assign(score=times)[np.isfinite(times) & (times > NEIGHBOURS_TIMES)]
    return warned(_yearly(cases), "neighbours", "neighbours.yield")


def _yearly(cases: pd.DataFrame) -> pd.DataFrame:
    year = cases["year"].astype(str)
    return cases.assign(first=year, last=year)
