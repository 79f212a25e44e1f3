"""The bulletin: one page of plain words on one period, to read in two minutes and to forward.

It says how much of France is in drought, what changed since the period before, where it is driest,
and which crops are affected. The HTML page opens with no network.
"""

from datetime import date
from typing import Any, Final, NamedTuple

import pandas as pd

from geo_pipeline.catalogue.crop_names import CROP_NAMES
from geo_pipeline.catalogue.styles import DROUGHT_CLASSES, THIN, ClassStyle
from geo_pipeline.indicators import severity_rank
from geo_pipeline.publishing import selection
from geo_pipeline.publishing.formats import capitalise, format_date, format_number, format_period
from geo_pipeline.publishing.headlines import finding
from geo_pipeline.publishing.legend import IN_DROUGHT, longest_reference, reference_note
from geo_pipeline.publishing.planar_map import render_page
from geo_pipeline.publishing.sentences import (
    archive_words,
    drought_words,
    in_past,
    is_past,
    sentence,
)
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import NBSP, Lang, catalogue

INDICATOR = "combined"
AGE = "drought_age_dekads"
LISTED = 10

PAGE_TEXTS: Final = (
    "title", "shares", "class", "count", "area", "driest", "unchanged", "stake", "sources",
)  # fmt: skip
"""Texts that the template of the page fetches itself."""


class Share(NamedTuple):
    """A class, with its départements and its share of the known area."""

    style: ClassStyle
    name: str
    departements: int
    area_pct: str


def render_bulletin(
    warehouse: Warehouse,
    view: selection.Selection,
    before: selection.Selection | None,
    lang: Lang = "fr",
    *,
    published_on: date,
) -> str:
    """Return the bulletin of `view`, compared with the view `before`, as one HTML page."""
    values = view.with_reasons(lang).merge(
        warehouse.query("boundaries")[["departement", "area_km2"]], on="departement"
    )
    known = values[values["drought_class"].notna()]
    past = is_past(view.period_end, published_on)
    ended = selection.ended(warehouse, INDICATOR, published_on)
    stake = _stake(warehouse.query("risk_of_period", period_end=view.period_end), lang)
    words = catalogue(lang)
    page = {
        "lang": lang,
        "text": {key: words(f"bulletin.{key}") for key in PAGE_TEXTS},
        "period": format_period(view.period_end, view.step, lang),
        "band": archive_words(ended, lang) if ended else "",
        "finding": finding(INDICATOR, values, lang, past=past),
        "shares": _shares(known, lang),
        "driest": _driest(known, _ages(warehouse, view), view, lang, past),
        "changed": catalogue(lang)(
            "bulletin.changed",
            before=format_period(before.period_end, before.step, lang) if before else "",
        ),
        "changes": _changes(known, before, lang),
        "stake": in_past(stake, lang) if past else stake,
        "note": capitalise(
            reference_note(view.reference_period, longest_reference(known["reference_years"]), lang)
        ),
        "without": _without(values, lang),
        "sources": [source.in_words(lang) for source in view.sources],
        "published": words("bulletin.published", date=format_date(published_on, lang)),
    }
    return render_page("bulletin.html.j2", page=page)


def _without(values: pd.DataFrame, lang: Lang) -> list[str]:
    """Return the départements without data, and those with a value but no class."""
    none = values[values["drought_class"].isna()]
    of = {"missing": none["value"].isna(), "unclassed": none["value"].notna()}
    names = {key: ", ".join(none.loc[where, "name"]) for key, where in of.items()}
    return [catalogue(lang)(f"bulletin.{key}", names=each) for key, each in names.items() if each]


def _shares(known: pd.DataFrame, lang: Lang) -> list[Share]:
    """Return the classes from driest to wettest."""
    total_km2 = known["area_km2"].sum()
    shares = []
    for style in DROUGHT_CLASSES:
        rows = known[known["drought_class"] == style.code]
        area = format_number(100 * rows["area_km2"].sum() / (total_km2 or 1.0), 0, lang)
        percent = f"{area}{THIN}%" if lang == "fr" else f"{area}%"
        shares.append(Share(style, capitalise(style.name(lang)), len(rows), percent))
    return shares


def _ages(warehouse: Warehouse, view: selection.Selection) -> dict[str, float]:
    """Return the age of the drought under way, in dekads, by département."""
    rows = warehouse.query("map_values", indicator=AGE, period_end=view.period_end)
    return dict(zip(rows["departement"], rows["value"], strict=True))


def _driest(
    known: pd.DataFrame, ages: dict[str, float], view: selection.Selection, lang: Lang, past: bool
) -> list[str]:
    """Return for each of the driest départements in drought how dry it is, and since when."""
    worst = known[known["drought_class"].isin(IN_DROUGHT)].nlargest(LISTED, "value")
    said = []
    for row in worst.to_dict("records"):
        how_dry = sentence(
            INDICATOR,
            str(row["name"]),
            value=row["value"],
            percentile=row["percentile"],
            drought_class=row["drought_class"],
            reference_years=row["reference_years"],
            ranked=(row["dry_rank"], row["ranked_years"]),
            lang=lang,
            past=past,
            noted=False,
        )
        age = ages[row["departement"]]
        since = drought_words(view.period_end, age, row["drought_class"], lang, past=past)
        said.append(f"{how_dry} {capitalise(since)}." if since else how_dry)
    return said


def _changes(
    known: pd.DataFrame, before: selection.Selection | None, lang: Lang
) -> list[dict[str, str]]:
    """Return the départements that moved to a drier class, and those to a wetter one."""
    if before is None:
        return []
    earlier = before.values[["departement", "drought_class"]].dropna()
    both = known.merge(earlier, on="departement", suffixes=("", "_before"))
    move = severity_rank(both["drought_class"]) - severity_rank(both["drought_class_before"])
    return [
        {"title": catalogue(lang)("bulletin.worse"), "names": _names(both["name"][move > 0], lang)},
        {
            "title": catalogue(lang)("bulletin.better"),
            "names": _names(both["name"][move < 0], lang),
        },
    ]


def _names(names: "pd.Series[str]", lang: Lang) -> str:
    """Return the number of `names`, and the names."""
    listed = list(names)
    return f"{len(listed)} ({', '.join(listed)})" if listed else catalogue(lang)("bulletin.none")


def _stake(risk: pd.DataFrame, lang: Lang) -> str:
    """Return how much of the known crop area lies in drought."""
    known: Any = risk.dropna(subset=["exposed_crop_area_ha", "crop_area_ha"])
    if known.empty:
        return catalogue(lang)("bulletin.unknown")
    crops = {crop for each in known["crop_area_crops"].dropna() for crop in each.split(", ")}
    if not crops:
        return catalogue(lang)("bulletin.off_season")
    area, whole = (
        f"{format_number(float(known[column].sum()), 0, lang)}{NBSP}ha"
        for column in ("exposed_crop_area_ha", "crop_area_ha")
    )
    year = int(known["crop_area_year"].max())
    names = ", ".join(CROP_NAMES[crop](lang).lower() for crop in sorted(crops))
    return catalogue(lang)("bulletin.exposed", area=area, whole=whole, crops=names, year=year)
