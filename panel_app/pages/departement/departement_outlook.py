"""Outlook of a département: soil water, recovery, irrigation and yields, each with its skill.

Forecasts start on the last day with weather, whatever period the page shows, and say so. Where a
forecast has no proven skill, the section gives the reason instead.
"""

from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from geo_pipeline.indicators.classes import LIMIT_NEEDS
from geo_pipeline.publishing.formats import (
    capitalise,
    format_date,
    format_number,
    format_period,
    month_name,
)
from geo_pipeline.words import NBSP, catalogue
from panel_app.data.indicator_matrix import FloatMatrix
from panel_app.data.page_view import enumeration
from panel_app.data.page_words import Catalogue
from panel_app.drawing import svg
from panel_app.pages.departement.departement_charts import short_month
from panel_app.pages.departement.departement_place import Place
from panel_app.pages.departement.departement_stakes import level_of, order_in_force, other_time

HEIGHT: Final = 256
LEADS: Final = 9
"""Dekads to come on the chart."""

CHANCES: Final = ("d0_pct", "d1_pct", "d2_pct", "d3_pct", "d4_pct")
"""Columns with the chance of a class or a drier one; the table shows those that are known."""

RECENT_DAYS: Final = 400
"""Yield forecasts issued longer ago are not shown."""


def outlook(place: Place) -> dict[str, Any]:
    """Return the parts of the section; parts without data are empty."""
    parts = {
        "soil": _soil(place),
        "recovery": _recovery(place),
        "irrigation": _irrigation(place),
        "yields": _yields(place),
    }
    return parts if any(parts.values()) else {}


# --- soil ----------------------------------------------------------------------------------------


def _soil(place: Place) -> dict[str, Any]:
    """The chart of soil wetness, the forecast for a month ahead in words, and its skill."""
    rows, words = place.record.soil_outlook, place.view.words
    if rows.empty:
        return {}
    issued = pd.Timestamp(rows["period_end"].iloc[0]).date()
    shown = rows[rows["p50"].notna()]
    if shown.empty:
        why = catalogue(words.lang)(str(rows["why_not"].iloc[0]))
        return {
            "issued": format_date(issued, words.lang),
            "why": f"{capitalise(why)}.",
            "old": _old(place, issued),
        }
    furthest = shown.iloc[-1]
    month = shown[shown["lead_dekads"] <= 3].iloc[-1]
    return {
        "why": "",
        "old": _old(place, issued),
        "finding": words(
            "departement.outlook_soil",
            day=format_date(issued, words.lang),
            when=format_period(pd.Timestamp(month["target_end"]).date(), "dekad", words.lang),
            low=_wetness(place, month["p10"]),
            high=_wetness(place, month["p90"]),
            usual_low=_wetness(place, month["usual_p10"]),
            usual_high=_wetness(place, month["usual_p90"]),
        ),
        "chances": _chances(place, month),
        "skill": words(
            "departement.outlook_skill",
            years=int(month["skill_years"]),
            pct=round(100 * float(month["crpss_climatology"])),
            low=round(100 * float(month["crpss_climatology_low"])),
            high=round(100 * float(month["crpss_climatology_high"])),
        ),
        "until": ""
        if int(furthest["lead_dekads"]) == LEADS
        else words(
            "departement.outlook_until",
            count=words.count("departement.dekads", int(furthest["lead_dekads"])),
        ),
        "chart": _fan(place, rows, issued),
        "skills": _skills(place),
    }


def _old(place: Place, issued: date) -> str:
    """A note where the weather of the département ended before that of France; else empty."""
    newest = place.view.publication.outlook_issued
    if newest is None or issued >= newest:
        return ""
    words = place.view.words
    return words("departement.outlook_old", day=format_date(issued, words.lang))


def _chances(place: Place, row: "pd.Series[Any]") -> str:
    """The chances of drought in that dekad, and why those of rare classes are missing."""
    words = place.view.words
    if pd.isna(row["d1_pct"]):
        return ""
    shown = [each for each in ("d1_pct", "d2_pct") if not pd.isna(row[each])]
    chances = [
        words(f"departement.outlook_chance_of.{_code(each)}", chance=_percent(place, row[each]))
        for each in shown
    ]
    text = words("departement.outlook_chances", chances=enumeration(chances, words))
    unknown = [each for each in LIMIT_NEEDS if pd.isna(row[each])]
    if not unknown:
        return text
    needs = [
        words("departement.outlook_chance_needs", code=_code(each), needs=LIMIT_NEEDS[each])
        for each in unknown
    ]
    why = words(
        "departement.outlook_silent",
        needs=enumeration(needs, words),
        years=int(row["usual_years"]),
    )
    return f"{text} {why}"


def _code(chance: str) -> str:
    """`D3` of `d3_pct`."""
    return chance.removesuffix("_pct").upper()


def _percent(place: Place, value: float) -> str:
    return f"{format_number(float(value), 0, place.view.lang)}{NBSP}%"


def _skills(place: Place) -> list[dict[str, Any]]:
    """Skill of each month of issue by lead, %; empty where its lower bound is not above zero."""
    table, lang = place.view.publication.outlook_skill, place.view.lang
    is_proven = table["crpss_climatology_low"] > 0
    skills = (100 * table["crpss_climatology"].where(is_proven)).groupby(
        [table["month"], table["lead_dekads"]]
    )
    by_month = skills.first().unstack("lead_dekads")
    return [
        {
            "month": month_name(int(month), lang),
            "leads": ["" if pd.isna(each) else f"{each:.0f}" for each in row],
        }
        for month, row in zip(by_month.index, by_month.to_numpy(float), strict=True)
    ]


def _wetness(place: Place, value: float) -> str:
    return format_number(float(value), 2, place.view.lang)


def _fan(place: Place, rows: pd.DataFrame, issued: date) -> str:
    """Chart of today's wetness and of the intervals that hold 50 and 80 % of the other years."""
    words = place.view.words
    lead = rows["lead_dekads"].to_numpy(float)
    across = np.concatenate([[0.0], lead]) / (LEADS + 0.5) + 0.5 / (LEADS + 1)
    today = float(rows["swi"].iloc[0])
    known = {
        name: np.concatenate([[today], rows[name].to_numpy(float)])
        for name in ("p10", "p25", "p50", "p75", "p90")
    }
    usual = {
        name: np.concatenate([[np.nan], rows[name].to_numpy(float)])
        for name in ("usual_p10", "usual_p50", "usual_p90")
    }
    scale = svg.Scale(0.0, 1.0)
    chart = svg.Chart(
        name="departement-outlook",
        title=words("departement.outlook_chart"),
        height=HEIGHT,
        note=words("departement.outlook_chart_note", day=format_date(issued, words.lang)),
        left=48,
        right=96,
        top=16,
        table=_table(place, rows),
    )
    height = chart.height - chart.top - chart.bottom
    marks, labels = svg.axis(
        scale,
        svg.ticks(0.0, 1.0),
        height,
        lambda tick: format_number(tick, 1, words.lang),
    )
    chart.marks.extend(marks)
    chart.labels.extend(labels)
    limits = [known[name] for name in ("p10", "p25", "p75", "p90")]
    chart.marks.extend(svg.spread(across, limits, scale, height))
    for values in usual.values():
        chart.marks.append(svg.curve(across, values, scale, height, "median"))
    chart.marks.append(svg.curve(across, known["p50"], scale, height, "line"))
    chart.labels.append(svg.Label(float(across[0]), 1.0 - today, "", "middle", "here"))
    ends = [
        (known["p50"], "departement.outlook_middle"),
        (usual["usual_p50"], "departement.outlook_usual"),
    ]
    lines = []
    for values, key in ends:
        known_leads = np.flatnonzero(~np.isnan(values))
        if not known_leads.size:
            continue
        top = 1.0 - float(values[known_leads[-1]])
        if known_leads[-1] == LEADS:
            lines.append((top, words(key), ""))
        else:  # the forecast ends earlier: it is named at its end
            chart.labels.append(
                svg.Label(float(across[known_leads[-1]]), top, words(key), "start", "end told")
            )
    chart.labels.extend(svg.end_names(sorted(lines), height))
    chart.labels.extend(_dates(place, rows, across))
    chart.tips.extend(_tips(place, rows, across))
    return chart.html(words)


def _dates(place: Place, rows: pd.DataFrame, across: FloatMatrix) -> list[Any]:
    """Day of issue and every third target, on the axis."""
    words = place.view.words
    days = [(0, rows["period_end"].iloc[0])]
    days += [
        (int(row["lead_dekads"]), row["target_end"])
        for _, row in rows.iterrows()
        if int(row["lead_dekads"]) % 3 == 0
    ]
    return [
        svg.Label(float(across[lead]), 1, _short_date(day, words), "middle", "x")
        for lead, day in days
    ]


def _short_date(day: object, words: Catalogue) -> str:
    """`31 janv`, for where there is little room."""
    date_ = pd.Timestamp(day)  # type: ignore[arg-type]
    return f"{date_.day}{NBSP}{short_month(date_.month, words)}"


def _tips(place: Place, rows: pd.DataFrame, across: FloatMatrix) -> list[Any]:
    """The text of each dekad under the pointer."""
    words, half = place.view.words, 0.5 / (LEADS + 0.5)
    tips = []
    for _, row in rows.iterrows():
        centre = float(across[int(row["lead_dekads"])])
        target = pd.Timestamp(row["target_end"]).date()
        if pd.isna(row["p50"]):
            text = capitalise(catalogue(words.lang)(str(row["why_not"])))
        else:
            text = words(
                "departement.outlook_tip",
                middle=_wetness(place, row["p50"]),
                low=_wetness(place, row["p10"]),
                high=_wetness(place, row["p90"]),
            )
        title = capitalise(format_period(target, "dekad", words.lang))
        tips.append(svg.Tip(max(0.0, centre - half), min(1.0, centre + half), title, text))
    return tips


def _table(place: Place, rows: pd.DataFrame) -> svg.Table:
    """Median, interval and chances of drought of each dekad."""
    words = place.view.words
    chances = [each for each in CHANCES if rows[each].notna().any()]
    head = [
        words("departement.dekad"),
        words("departement.outlook_middle"),
        "10 %",
        "90 %",
        words("departement.outlook_usual"),
        *(words("departement.outlook_chance", code=_code(each)) for each in chances),
    ]
    body = [
        [
            format_period(pd.Timestamp(row["target_end"]).date(), "dekad", words.lang),
            *(
                "" if pd.isna(row[name]) else _wetness(place, row[name])
                for name in ("p50", "p10", "p90", "usual_p50")
            ),
            *("" if pd.isna(row[name]) else _percent(place, row[name]) for name in chances),
        ]
        for _, row in rows.iterrows()
    ]
    return svg.Table(head, body)


# --- recovery ------------------------------------------------------------------------------------


def _recovery(place: Place) -> str:
    """Rain that brings the soil out of drought, and the share of other years with enough."""
    rows, words = place.record.recovery, place.view.words
    rows = rows[(rows["goal"] == "easing") & (rows["horizon_dekads"] == 6) & ~rows["reached"]]
    if rows.empty or pd.isna(rows["chance_pct"].iloc[0]):
        return ""
    row = rows.iloc[0]
    chance = format_number(float(row["chance_pct"]), 0, words.lang)
    if pd.isna(row["rain_needed_mm"]):
        return words("departement.outlook_no_recovery", chance=chance)
    return words(
        "departement.outlook_recovery",
        rain=f"{format_number(float(row['rain_needed_mm']), 0, words.lang)}{NBSP}mm",
        usual=f"{format_number(float(row['rain_usual_mm']), 0, words.lang)}{NBSP}mm",
        chance=chance,
    )


# --- irrigation ----------------------------------------------------------------------------------


def _irrigation(place: Place) -> dict[str, Any]:
    """Irrigation need of crops, this season and usually in the next 30 days."""
    rows, words = place.record.irrigation, place.view.words
    of_dekad = rows[(rows["period_end"] == pd.Timestamp(place.day)) & rows["season_mm"].notna()]
    if of_dekad.empty:
        return {}
    order = order_in_force(place)
    restriction = ""
    if order is not None and not other_time(place, order):
        level = level_of(order["level_max"]).name(words.lang)
        restriction = words("departement.irrigation_orders", said=level)
    return {
        "restriction": restriction,
        "rows": [
            {
                "crop": words.crop(str(row["crop"])),
                "season": _mm(place, row["season_mm"]),
                "usual": _mm(place, row["usual_season_mm"]),
                "next": ""
                if pd.isna(row["next_30_days_p50_mm"])
                else words(
                    "departement.irrigation_range",
                    middle=_mm(place, row["next_30_days_p50_mm"]),
                    low=format_number(float(row["next_30_days_p10_mm"]), 0, words.lang),
                    high=_mm(place, row["next_30_days_p90_mm"]),
                ),
                "volume": ""
                if pd.isna(row["season_m3"])
                else words(
                    "departement.irrigation_volume",
                    volume=format_number(float(row["season_m3"]) / 1e6, 1, words.lang),
                    year=int(row["area_year"]),
                ),
            }
            for _, row in of_dekad.iterrows()
        ],
    }


def _mm(place: Place, value: float) -> str:
    return "" if pd.isna(value) else f"{format_number(float(value), 0, place.view.lang)}{NBSP}mm"


# --- yields --------------------------------------------------------------------------------------


def _yields(place: Place) -> dict[str, Any]:
    """The latest forecast until the day of the page, for each harvest to come or just over."""
    rows = place.record.yield_outlook
    day = pd.Timestamp(place.day)
    issued = pd.to_datetime(rows["issued"])
    rows = rows[(issued <= day) & (issued > day - pd.Timedelta(days=RECENT_DAYS))]
    rows = rows.sort_values("issued").groupby("crop", observed=True).tail(1)
    rows = rows[rows["year"] >= day.year]
    if rows.empty:
        return {}
    return {
        "hindsight": place.view.words("departement.yield_hindsight")
        if rows["in_hindsight"].any()
        else "",
        "rows": [
            _yield_row(place, row)
            for _, row in rows.sort_values("crop", key=lambda crops: crops.astype(str)).iterrows()
        ],
    }


def _yield_row(place: Place, row: "pd.Series[Any]") -> dict[str, str]:
    words = place.view.words
    by = str(row["published"])
    low, high = row[f"{by}_p10_q_ha"], row[f"{by}_p90_q_ha"]
    return {
        "crop": words.crop(str(row["crop"])),
        "year": str(int(row["year"])),
        "issued": words(
            "departement.yield_issued",
            day=f"{_short_date(row['issued'], words)}{NBSP}{pd.Timestamp(row['issued']).year}",
        ),
        "value": format_number(float(row[f"{by}_q_ha"]), 0, words.lang),
        "range": ""
        if pd.isna(low) or pd.isna(high)
        else words(
            "departement.yield_range",
            low=format_number(float(low), 0, words.lang),
            high=format_number(float(high), 0, words.lang),
        ),
        "by": words("departement.yield_by_model")
        if by == "model"
        else words(f"departement.yield_baseline.{row['baseline']}", year=int(row["last_harvest"])),
        "why": "" if by == "model" else words(f"departement.yield_why.{row['why']}"),
        "skill": ""
        if by != "model" or pd.isna(row["skill"])
        else words(
            "departement.yield_skill",
            pct=round(100 * float(row["skill"])),
            years=int(row["skill_years"]),
        ),
    }
