"""Rows of an exported map: one département in its tooltip and in its line of the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import geopandas as gpd
import pandas as pd

from geo_pipeline.catalogue.indicator_record import Indicator
from geo_pipeline.catalogue.styles import (
    luminance,
)
from geo_pipeline.publishing.certainty import certainty_of
from geo_pipeline.publishing.formats import (
    capitalise,
    format_number,
    format_value,
    is_missing,
    shown_value,
)
from geo_pipeline.publishing.legend import (
    is_short,
    is_unclassed,
)
from geo_pipeline.publishing.sentences import (
    Ranked,
    Statement,
    statement,
)
from geo_pipeline.words import NBSP, Lang, catalogue


@dataclass(frozen=True, slots=True)
class Row:
    """One département in its tooltip and in its row of the table."""

    code: str
    name: str
    said: Statement
    value: str
    rank: str
    short: int | None
    """Years of the normal where they are too few, else None."""
    unclassed: bool
    """Whether there is a value, but too few years for a class."""
    little_grown: bool
    """Whether too little of the indicator's crop is grown for its value to be drawn."""


def joined_rows(shapes: gpd.GeoDataFrame, values: pd.DataFrame) -> pd.DataFrame:
    """Return every shape once, with its values if any; raise where rows would be lost silently."""
    for label, codes in (("shapes", shapes["departement"]), ("values", values["departement"])):
        twice = sorted(set(codes[codes.duplicated()]))
        if twice:
            raise ValueError(f"{label} hold several rows for {', '.join(map(str, twice))}")
    lost = sorted(set(values["departement"]) - set(shapes["departement"]))
    if lost:
        raise ValueError(f"values without a shape: {', '.join(map(str, lost))}")
    known = values.drop(columns=["name", "region"], errors="ignore")
    plain = pd.DataFrame(shapes[["departement", "name"]])
    return plain.merge(known, on="departement", how="left")


def _rank(percentile: float, ranked: Ranked, short: bool) -> str:
    """Return the percentile as years out of a hundred, at least one and never all of them.

    With a short reference it is the rank among the known years: `3/12`.
    """
    if short:
        return "" if is_missing(ranked[0]) else f"{int(ranked[0])}/{int(ranked[1])}"
    if percentile < 1:
        return f"<{NBSP}1/100"
    return f"{f'>{NBSP}99' if percentile > 99 else format_number(percentile)}/100"


def told_row(each: dict[str, Any], which: Indicator, lang: Lang, past: bool) -> Row:
    """Return the texts of one joined row."""
    ranked = each.get("dry_rank", float("nan")), each.get("ranked_years", float("nan"))
    said = statement(
        which.key,
        value=each.get("value"),
        percentile=each.get("percentile"),
        drought_class=each.get("drought_class"),
        reference_years=each.get("reference_years"),
        ranked=ranked,
        reason=each.get("reason"),
        lang=lang,
        past=past,
        noted=False,
        certainty=certainty_of(each),
    )
    known = not is_missing(each.get("value")) and which.kind not in ("restriction", "stage")
    rank, years = each.get("percentile"), each.get("reference_years")
    value = shown_value(which.key, each.get("value"), rank)
    return Row(
        code=str(each["departement"]),
        name=str(each["name"]),
        said=said,
        value=format_value(which.key, value, lang) if known else "",
        rank=_rank(float(cast(float, rank)), ranked, is_short(years))
        if known and not is_missing(rank)
        else "",
        short=int(cast(float, years)) if known and is_short(years) else None,
        unclassed=known and is_unclassed(which.key, value, each.get("drought_class")),
        little_grown=each.get("little_grown") is True,
    )


def _tooltip_value(row: Row, which: Indicator, lang: Lang) -> str:
    """Return the number behind the words: `Indice SPI : −1,42 (D2). Normale de 12 ans`."""
    parts = []
    if row.value and which.kind == "class":
        colon = f"{NBSP}: " if lang == "fr" else ": "
        code = row.said.style.code
        parts.append(capitalise(f"{which.value_name(lang)}{colon}{row.value} ({code})"))
    if row.short:
        parts.append(catalogue(lang)("exported_map.short", years=row.short))
    return ". ".join(parts)


def is_pale(row: Row) -> bool:
    """Return whether the land is so light that white borders would not show; it is drawn first."""
    return luminance(row.said.style.colour) > 0.87


def tooltip_words(row: Row, which: Indicator, lang: Lang) -> dict[str, str]:
    """Return the texts of one département's tooltip."""
    return {
        "code": row.code,
        "name": f"{row.name} ({row.code})",
        "style": row.said.style.code,
        "head": capitalise(row.said.head),
        "body": f"{row.said.body}." if row.said.body else "",
        "value": _tooltip_value(row, which, lang),
    }
