"""The page of data: files of the chosen indicator, of all tables and indicators, and the API."""

from collections.abc import Iterable
from typing import Final

import pandas as pd

from geo_pipeline.catalogue.indicators import INDICATORS
from geo_pipeline.publishing.api import feeds, files, packages
from geo_pipeline.publishing.api.offers import NAMES, offer
from geo_pipeline.publishing.api.sizes import INDICATOR, Size
from geo_pipeline.publishing.formats import format_date, format_number, format_period
from geo_pipeline.publishing.workbooks import HEAD_ROWS, MOST_ROWS
from geo_pipeline.words import NBSP
from panel_app.data.page_view import PageView, bytes_words
from panel_app.drawing.templates import render

FILES: Final = "api/v1/files"
"""Where files are, seen from the page."""
SITE: Final = "https://example.org/"
"""Placeholder for the address of this site, which the page's script replaces."""
OUTLINES_BYTES: Final = 400_000
"""About how large the outlines of all départements are: 480 kB as GeoJSON, 400 kB as WKB."""
USES: Final = {
    "xlsx": "data.for_xlsx",
    "csv": "data.for_csv",
    "parquet": "data.for_parquet",
    "geojson": "data.for_geojson",
}
"""What each form is for, as keys of the words."""
WORKBOOK_BYTES: Final = 6_000
"""Size of a workbook without rows."""
CELL_BYTES: Final = 8
"""Size of a cell of a workbook; values, percentiles and classes are a sheet each."""
PROPERTY_BYTES: Final = 32
"""Size of the value of a period in GeoJSON."""
SAID: Final = {"xlsx": "Excel", "csv": "CSV", "parquet": "Parquet", "geojson": "GeoJSON"}


def slots(view: PageView) -> dict[str, str]:
    """Return the content of the page by slot."""
    return {
        "lead": _lead(view),
        "indicator": _indicator(view),
        "tables": _tables(view),
        "indicators": _indicators(view),
        "follow": _follow(view),
        "api": _api(view),
    }


def _lead(view: PageView) -> str:
    edition = view.publication.edition
    day = format_date(edition.published_at.date(), view.lang)
    return render("data/lead", {"words": view.words, "day": day, "digest": edition.short})


def _indicator(view: PageView) -> str:
    key, which = view.state.indicator, view.indicator
    periods = view.matrix.periods
    first, last = (format_period(day, which.step, view.lang) for day in (periods[0], periods[-1]))
    rows = len(periods) * len(view.publication.codes)
    sizes = _sizes_of_indicator(view, rows)
    return render(
        "data/indicator",
        {
            "words": view.words,
            "name": which.name(view.lang),
            "unit": which.unit(view.lang),
            "said": which.explanation(view.lang),
            "how": view.words("data.indicator_one", day=last)
            if len(periods) == 1
            else view.words(
                "data.indicator_how",
                first=first,
                last=last,
                periods=format_number(len(periods), 0, view.lang),
            ),
            "licence": _licence(view, which.asset, "departements"),
            "files": [
                {
                    "href": _href(view, f"indicators/{key}", ending),
                    "said": SAID[ending],
                    "use": view.words(USES[ending]),
                    "size": _about(sizes.get(ending), view),
                }
                for ending in _offered(view, f"indicators/{key}", files.OF_INDICATORS)
            ],
        },
    )


def _sizes_of_indicator(view: PageView, rows: int) -> dict[str, int]:
    """Return about how many bytes the files of an indicator with so many rows have."""
    size = view.publication.file_sizes.get(INDICATOR)
    if size is None or not size.rows:
        return {}
    share = rows / size.rows
    return {
        "xlsx": WORKBOOK_BYTES + 3 * CELL_BYTES * rows,
        "csv": round(size.csv * share),
        "parquet": round(size.parquet * share) + OUTLINES_BYTES,
        "geojson": PROPERTY_BYTES * rows + OUTLINES_BYTES,
    }


def _tables(view: PageView) -> str:
    rows = []
    for name in NAMES:
        about, size = offer(name), view.publication.file_sizes.get(name)
        rows.append(
            {
                "name": name,
                "title": about.title(view.lang),
                "said": about.said(view.lang),
                "rows": format_number(size.rows, 0, view.lang) if size else "",
                "licence": _licence(view, *about.assets),
                "files": [
                    {
                        "href": _href(view, f"tables/{name}", ending),
                        "said": SAID[ending],
                        "size": _about(_size_of_table(name, ending, size), view),
                    }
                    for ending in _offered(view, f"tables/{name}", files.endings(name))
                    if ending != "xlsx" or _fits(size)
                ],
            }
        )
    known = [row for row in rows if row["files"]]
    return render("data/tables", {"words": view.words, "rows": known})


def _size_of_table(name: str, ending: str, size: Size | None) -> int | None:
    """Return about how many bytes a file of a table has; the outlines are beside their rows."""
    if name == files.OUTLINES and ending in ("parquet", "geojson"):
        return OUTLINES_BYTES
    return getattr(size, ending, None)


def _fits(size: Size | None) -> bool:
    return size is None or size.rows <= MOST_ROWS - HEAD_ROWS


def _indicators(view: PageView) -> str:
    rows = [
        {
            "name": key,
            "title": INDICATORS[key].name(view.lang),
            "unit": INDICATORS[key].unit(view.lang),
            "licence": _licence(view, INDICATORS[key].asset),
            "files": [
                {"href": _href(view, f"indicators/{key}", ending), "said": SAID[ending]}
                for ending in _offered(view, f"indicators/{key}", files.OF_INDICATORS)
            ],
        }
        for key in view.publication.indicators
    ]
    return render("data/indicators", {"words": view.words, "rows": rows})


def _follow(view: PageView) -> str:
    """The feeds of issues: of France and the selected département, then of all others."""
    rows = [
        {
            "name": place.name(view.lang),
            **{name: f"api/v1/feeds/{slug}.{name}?lang={view.lang}" for name in feeds.FORMS},
        }
        for slug, place in feeds.feed_places().items()
    ]
    first = [0]
    if view.state.departement:
        first.append(list(feeds.feed_places()).index(view.state.departement))
    return render(
        "data/follow",
        {
            "words": view.words,
            "first": [rows[place] for place in first],
            "others": [row for place, row in enumerate(rows) if place not in first],
        },
    )


def _api(view: PageView) -> str:
    edition = view.publication.edition
    rows = f"{SITE}api/v1/tables/indicator_values"
    code = view.state.departement or "32"
    example = (
        f"{rows}?indicator={view.state.indicator}&departement={code}\n"
        f"{rows}?indicator={view.state.indicator}&period={view.period_end:%Y-%m}&format=csv\n"
        f"{SITE}{FILES}/indicators/{view.state.indicator}.parquet"
    )
    return render(
        "data/api",
        {
            "words": view.words,
            "example": example,
            "citation": edition.citation()[view.lang],
            "embed": view.href(page="about"),
            "package": f"api/v1/{packages.DESCRIPTOR}",
        },
    )


def _offered(view: PageView, path: str, endings: Iterable[str]) -> list[str]:
    return [ending for ending in endings if view.publication.offers(f"{path}.{ending}")]


def _href(view: PageView, path: str, ending: str) -> str:
    lang = f"?lang={view.lang}" if ending == "xlsx" and view.lang != "fr" else ""
    return f"{FILES}/{path}.{ending}{lang}"


def _licence(view: PageView, *assets: str) -> str:
    """Return the licences of observed tables, each once."""
    known: pd.DataFrame = view.publication.attributions
    named = known.loc[known["asset"].isin(assets), f"licence_{view.lang}"]
    return "; ".join(dict.fromkeys(named))


def _about(size: int | None, view: PageView) -> str:
    return "" if size is None else f"≈{NBSP}{bytes_words(size, view.words)}"
