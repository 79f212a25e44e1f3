"""Sources of the figures of a département, with notes on their quality."""

from datetime import date
from typing import Any, Final

import pandas as pd

from geo_pipeline.publishing import season_courses
from geo_pipeline.publishing.formats import capitalise, format_date, format_number, format_period
from geo_pipeline.publishing.legend import is_short, reference_note
from geo_pipeline.tables import TABLES
from panel_app.pages.departement.departement_place import Place, held
from panel_app.pages.departement.departement_providers import provider_pairs, several_sources

OBSERVATIONS: Final = "2_observations"
"""Group of the tables that are shown here; the others are computed from them."""


def provenance(place: Place) -> dict[str, Any]:
    """The sources of the figures, and their limits."""
    words, lang = place.view.words, place.view.lang
    attributions = place.view.publication.attributions.set_index(["asset", "source"])
    rows = []
    for _, entry in place.record.provenance.iterrows():
        asset = str(entry["asset"])
        if asset not in TABLES or TABLES[asset].group != OBSERVATIONS:
            continue
        key = (asset, entry["source"])
        who: dict[str, Any] = dict(attributions.loc[key]) if key in attributions.index else {}
        rows.append(
            {
                "what": words.table(asset),
                "who": who.get(f"text_{lang}") or str(entry["source"]),
                "licence": who.get(f"licence_{lang}") or "",
                "url": who.get("url") or "",
                "span": _covered(place, asset, entry),
                "rows": _rows_of(place, asset, entry),
                "fetched": format_date(date.fromisoformat(str(entry["fetched_at"])[:10]), lang),
            }
        )
    return {"rows": rows, "notes": quality(place), "pairs": provider_pairs(place)}


def _covered(place: Place, asset: str, row: "pd.Series[Any]") -> str:
    words, lang = place.view.words, place.view.lang
    if asset == "crop_statistics":
        years = place.record.harvests["year"]
        return f"{years.min()}-{years.max()}" if len(years) else words("departement.nothing")
    if not int(row["rows"]):
        return words("departement.nothing")
    first, last = row["first_date"], row["last_date"]
    if pd.isna(first):
        return ""
    if first == last:
        return format_date(first.date(), lang)
    return words(
        "departement.from_to",
        first=format_date(first.date(), lang),
        last=format_date(last.date(), lang),
    )


def _rows_of(place: Place, asset: str, row: "pd.Series[Any]") -> str:
    """Rows of this département; a table of the whole country counts all of its rows."""
    own = len(place.record.restrictions) if asset == "water_restrictions" else int(row["rows"])
    return format_number(own, 0, place.view.lang)


def quality(place: Place) -> list[str]:
    """Limits that a reader of the figures should know, each in a sentence."""
    words, lang, publication = place.view.words, place.view.lang, place.view.publication
    notes = []
    weather = publication.weather_source(place.code)
    if weather is not None:
        if weather["spread_by_dekad"]:
            notes.append(words("departement.spread"))
        notes.extend(several_sources(place, weather["spans"]))
        notes.extend(_gap_notes(place))
        notes.extend(_reference_notes(place))
        notes.append(words("departement.typical"))
    if note := held(place):
        notes.append(note)
    day = format_date(publication.published_at.date(), lang)
    return [*notes, words("departement.published", day=day)]


def _gap_notes(place: Place) -> list[str]:
    rain, words, lang = place.record.rain, place.view.words, place.view.lang
    periods = [pd.Timestamp(each).date() for each in rain["period_end"]]
    gaps = season_courses.missing(periods, (rain["days"] > 0).tolist())
    if not gaps:
        return [words("departement.no_gaps")]
    spans = [
        format_period(first, "dekad", lang)
        if first == last
        else words(
            "departement.from_to",
            first=format_period(first, "dekad", lang),
            last=format_period(last, "dekad", lang),
        )
        for first, last in gaps
    ]
    return [words("departement.gaps", gaps="; ".join(spans))]


def _reference_notes(place: Place) -> list[str]:
    if place.row is None:
        return []
    years = float(place.matrix.reference_years[place.row, place.column])
    note = reference_note(
        place.matrix.reference_period[place.row, place.column], years, place.view.lang
    )
    if not note:
        return []
    key = "departement.short" if is_short(years) else "departement.reference"
    return [place.view.words(key, note=capitalise(note))]
