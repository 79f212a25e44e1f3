"""Stakes of a département: its crops, and the restrictions on its water.

Rows of both sections; the calendar of crops is in `publishing.calendar`.
"""

import json
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo_pipeline import dekads
from geo_pipeline.catalogue.crop_names import CROP_STAGE_NAMES, crop_period_name
from geo_pipeline.catalogue.styles import NO_DATA, RESTRICTION_LEVELS, ClassStyle
from geo_pipeline.indicators.crops import CALENDAR_OF
from geo_pipeline.indicators.trends import theil_sen
from geo_pipeline.publishing.calendar import stage_on
from geo_pipeline.publishing.formats import capitalise, format_date, format_number, format_value
from geo_pipeline.publishing.legend import style_of
from geo_pipeline.publishing.selection import LONGEST_STEP
from geo_pipeline.words import Lang
from panel_app.data.indicator_matrix import FloatMatrix
from panel_app.data.kept import kept
from panel_app.data.page_view import percent
from panel_app.data.page_words import Catalogue, catalogue
from panel_app.data.store import Publication
from panel_app.pages.departement.departement_place import Place, record

USES: Final = {
    "surface": "departement.use_surface",
    "groundwater": "departement.use_groundwater",
    "drinking": "departement.use_drinking",
}
"""Uses of water with separate restrictions."""

SPARK: Final = (112, 24)


def crops(place: Place) -> dict[str, Any]:
    """Each crop: area, last harvest, trend, and its present shortage of water."""
    words = place.view.words
    day = pd.Timestamp(place.day)
    water = place.record.crop_water
    now = dict(
        zip(
            water.loc[water["period_end"] == day, "indicator"],
            water.loc[water["period_end"] == day, "value"],
            strict=True,
        )
    )
    rows = [
        each | _water(place, CALENDAR_OF.get(each["crop"], each["crop"]), now)
        for each in harvests(place.view.publication, place.code, words.lang)
    ]
    if not rows:
        return {"rows": []}
    # Several crops of the statistics may share one calendar; their shortage is counted once.
    by_calendar = {CALENDAR_OF.get(each["crop"], each["crop"]): each for each in rows}
    short_of_water = [each for each in by_calendar.values() if each["stress_pct"] >= 5]
    finding = place.view.tense(words("departement.crops_quiet"))
    if not place.has_weather:
        finding = words("departement.crops_no_weather")
    elif not now:
        finding = words("departement.crops_unknown")
    elif short_of_water:
        worst = max(short_of_water, key=lambda each: each["stress_pct"])
        finding = words(
            "departement.crops_finding",
            count=words.count("departement.crops_short", len(short_of_water)),
            crop=worst["name"].lower(),
            stress=worst["stress"],
        )
        finding = place.view.tense(finding)
    return {"rows": rows, "finding": finding, "has_weather": place.has_weather}


@kept(128)
def harvests(publication: Publication, code: str, lang: Lang) -> tuple[dict[str, Any], ...]:
    """Area, yield and trend of each crop, largest areas first; the same at all periods."""
    crops = record(publication, code).harvests.groupby("crop")
    rows = [_harvests_of(str(crop), years, lang) for crop, years in crops]
    known = [each for each in rows if each["area_year"] or each["yield"]]
    known.sort(key=lambda each: (-each["area_ha"], -each["year"], each["name"]))
    return tuple(known)


def _harvests_of(crop: str, years: pd.DataFrame, lang: Lang) -> dict[str, Any]:
    areas = years.dropna(subset=["area_ha"])
    with_yield = years.dropna(subset=["yield_q_ha"])
    is_doubtful = with_yield["doubtful"].fillna(False).astype(bool)
    yields = with_yield[~is_doubtful]
    row: dict[str, Any] = {
        "crop": crop,
        "name": catalogue(lang).crop(crop),
        "area_ha": 0.0,
        "area": catalogue(lang)("departement.no_area"),
        "area_year": 0,
        "year": 0,
        "yield": "",
        "change": "",
        "fell": False,
        "trend": "",
        "sure": False,
        "spark": None,
        "doubtful": "; ".join(_doubt(each, lang) for _, each in with_yield[is_doubtful].iterrows()),
    }
    if not areas.empty:
        row["area_ha"] = float(areas["area_ha"].iloc[-1])
        row["area"] = format_number(_rounded(row["area_ha"]), 0, lang)
        row["area_year"] = int(areas["year"].iloc[-1])
    if not yields.empty:
        last = yields.iloc[-1]
        row["year"] = int(last["year"])
        row["yield"] = format_number(float(last["yield_q_ha"]), 0, lang)
        if not pd.isna(last["anomaly_pct"]):
            row["change"] = format_value("precip_anomaly_pct", float(last["anomaly_pct"]), lang)
            row["fell"] = float(last["anomaly_pct"]) <= -5
        row |= _trend(yields, lang)
        row["spark"] = spark(yields["year"].to_numpy(int), yields["yield_q_ha"].to_numpy(float))
    return row


def _doubt(harvest: "pd.Series[Any]", lang: Lang) -> str:
    """Yield and year of a harvest that is too doubtful to be used."""
    q_ha = format_number(float(harvest["yield_q_ha"]), 0, lang)
    return catalogue(lang)("departement.doubtful", q_ha=q_ha, year=int(harvest["year"]))


def _rounded(area_ha: float) -> float:
    """An area to ten hectares, a small one to one hectare."""
    return round(area_ha / 10) * 10 if area_ha >= 100 else round(area_ha)


def _water(place: Place, crop: str, now: dict[str, float]) -> dict[str, Any]:
    """Stage of a crop at the period, its shortage of water, and the water received so far."""
    words, lang = place.view.words, place.view.lang
    calendar = place.record.stages
    known = bool((calendar["crop"] == crop).any()) and place.has_weather
    stage = stage_on(calendar, crop, place.day) if known else None
    stress = now.get(f"crop_stress_pct_{crop}", float("nan"))
    received = now.get(f"water_satisfaction_pct_{crop}", float("nan"))
    usual = _usual(place, f"water_satisfaction_pct_{crop}")
    stage_name = ""
    if stage is not None:
        name_of = (
            crop_period_name(crop, stage.period) if stage.period else CROP_STAGE_NAMES[stage.stage]
        )
        stage_name = capitalise(name_of(lang))
    elif known:
        stage_name = capitalise(words("departement.off_season"))
    style = NO_DATA
    if not np.isnan(stress):
        style = style_of(f"crop_stress_pct_{crop}", stress)
    return {
        "stage": stage_name,
        "until": format_date(stage.last, lang) if stage is not None else "",
        "stress_pct": 0.0 if np.isnan(stress) else stress,
        "stress": "" if np.isnan(stress) else _percent(stress, lang),
        "colour": style.colour,
        "received": "" if np.isnan(received) else percent(received, lang),
        "usual": ""
        if np.isnan(received) or np.isnan(usual)
        else words("departement.usual", value=percent(usual, lang)),
    }


def _usual(place: Place, indicator: str) -> float:
    """Median of the other years at the same dekad, NaN where none is known."""
    table, day = place.record.crop_water, pd.Timestamp(place.day)
    ends = table["period_end"].dt
    same_dekad = (ends.month == day.month) & (dekads.thirds(ends) == dekads.third(day))
    others = (table["indicator"] == indicator) & same_dekad & (ends.year != day.year)
    return float(table.loc[others, "value"].median())


def _percent(share: float, lang: Lang) -> str:
    return percent(0.0 if share < 0.05 else share, lang)


def _trend(yields: pd.DataFrame, lang: Lang) -> dict[str, Any]:
    """Sen's slope of the yields, and whether it is significant."""
    line = theil_sen(yields["yield_q_ha"].to_numpy(float), yields["year"].to_numpy(float))
    slope, low, high = (float(each) for each in (line.slope, line.low, line.high))
    if np.isnan(slope):
        return {"trend": "", "sure": False}
    text = format_number(slope, 2, lang)
    return {"trend": text if slope < 0 else f"+{text}", "sure": low > 0 or high < 0}


def spark(years: NDArray[np.int_], yields: FloatMatrix) -> dict[str, Any]:
    """Yields as a small line from lowest to highest, broken where years are missing."""
    width, height = SPARK
    low, high = float(yields.min()), float(yields.max())
    across = 3 + (width - 6) * (years - years[0]) / max(1, int(years[-1] - years[0]))
    down = height - 3 - (height - 6) * (yields - low) / ((high - low) or 1.0)
    path = ""
    for index, (x, y) in enumerate(zip(across.tolist(), down.tolist(), strict=True)):
        joined = index > 0 and years[index] - years[index - 1] == 1
        path += f"{'L' if joined else 'M'}{x:.1f} {y:.1f}"
    return {
        "width": width,
        "height": height,
        "path": path,
        "x": round(float(across[-1]), 1),
        "y": round(float(down[-1]), 1),
        "first": int(years[0]),
        "last": int(years[-1]),
        "low": f"{low:.0f}",
        "high": f"{high:.0f}",
    }


def order_in_force(place: Place) -> dict[str, Any] | None:
    """The last known restrictions at the period, else the first ones after it; None without any."""
    table = place.record.restrictions
    if table.empty:
        return None
    before = table[table["date"] <= pd.Timestamp(place.day)]
    return dict((before if len(before) else table).iloc[0 if len(before) else -1])


def other_time(place: Place, order: dict[str, Any]) -> bool:
    """Whether restrictions are of another date than the period shown, so that they stand apart."""
    return abs((pd.Timestamp(order["date"]).date() - place.day).days) > LONGEST_STEP["dekad"]


def level_of(level: object) -> ClassStyle:
    """Style of a level of restriction; no published level means none in force."""
    code = "none" if pd.isna(level) else str(level)  # type: ignore[call-overload]
    return next(style for style in RESTRICTION_LEVELS if style.code == code)


def restrictions(place: Place) -> dict[str, Any]:
    """Level of each kind of water, its share of the area where that is known, and the zones."""
    order, words, lang = order_in_force(place), place.view.words, place.view.lang
    if order is None:
        return {"rows": []}
    rows = []
    for use, name in USES.items():
        style = level_of(order[f"level_{use}"])
        rows.append(
            {
                "use": words(name),
                "colour": style.colour,
                "said": capitalise(style.name(lang)),
                "meaning": capitalise(style.meaning(lang)),
            }
        )
    day = pd.Timestamp(order["date"]).date()
    return {
        "rows": rows,
        "levels": levels_by_area(order, lang),
        "zones": zones_in_force(order, words),
        "day": words("departement.orders_of", day=format_date(day, lang)),
        "other_time": other_time(place, order),
        "period": place.period,
        "source": place.view.publication.source_names("water_restrictions"),
    }


def levels_by_area(order: dict[str, Any], lang: Lang) -> list[dict[str, Any]]:
    """Each level, the strictest first, with its share of the area by kind of water.

    A share is None where it is not known, and empty where no zone has that level; without any known
    share there are no levels.
    """
    shares = {
        (use, each.code): float(order[f"{use}_{each.code}_pct"])
        for use in USES
        for each in RESTRICTION_LEVELS
        if each.code != "none"
    }
    if np.isnan(list(shares.values())).all():
        return []
    # What is left of the area has no restriction.
    for use in USES:
        of_use = [share for (kind, _), share in shares.items() if kind == use]
        shares[use, "none"] = max(0.0, 100 - sum(of_use))
    return [
        {
            "name": capitalise(each.name(lang)),
            "meaning": capitalise(each.meaning(lang)),
            "colour": each.colour,
            "in_force": each.code != "none",
            "shares": [_share(shares[use, each.code], lang) for use in USES],
        }
        for each in RESTRICTION_LEVELS
    ]


def _share(share: float, lang: Lang) -> dict[str, str] | None:
    if np.isnan(share):
        return None
    if share < 0.05:
        return {}
    return {"pct": f"{share:.1f}", "said": percent(share, lang)}


def zones_in_force(order: dict[str, Any], words: Catalogue) -> list[dict[str, Any]]:
    """The zones, the strictest first, each with its order and its rules for farms."""
    told = order.get("zones")  # a publication of before zones were kept has no such column
    return [] if pd.isna(told) else [_zone(zone, words) for zone in json.loads(told)]


def _zone(zone: dict[str, Any], words: Catalogue) -> dict[str, Any]:
    style = level_of(zone["level"])
    first, last = (
        format_date(date.fromisoformat(zone[name]), words.lang) if name in zone else ""
        for name in ("first_day", "last_day")
    )
    days = ""
    if first:
        key = "departement.order_days" if last else "departement.order_since"
        days = words(key, first=first, last=last)
    return {
        "name": zone.get("name", ""),
        "use": words(USES[zone["zone_type"]]),
        "colour": style.colour,
        "said": capitalise(style.name(words.lang)),
        "order": zone.get("order", ""),
        "url": zone.get("order_url", ""),
        "days": days,
        "farming": zone.get("farming", []),
    }
