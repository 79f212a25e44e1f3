"""Share of the area, or of a crop's, in each class, year by year."""

import numpy as np
from markupsafe import Markup

from panel_app.data import class_shares
from panel_app.data.page_view import percent
from panel_app.drawing.templates import render
from panel_app.pages.trends import season_trends
from panel_app.pages.trends.trends_charts import (
    Shown,
    known_said,
    shares_chart,
)


def shares(about: Shown) -> str:
    """Share of the area, or of a crop's, in each class, year by year."""
    view, words = about.view, about.view.words
    if view.indicator.step == "day":
        return ""
    found = season_trends.yearly_shares(view.matrix, class_shares.weighted_shares(view))
    crop = view.state.crop if view.state.crop in view.publication.crop_areas else ""
    drought = view.indicator.kind == "class"
    return render(
        "trends/shares",
        {
            "words": words,
            "said": _worst(about, found) if drought else "",
            "chart": Markup(shares_chart(about, found, crop).html(words)),  # noqa: S704
            "rows": _drought_rows(about, found) if drought else [],
            "crop": words.crop(crop).lower() if crop else "",
        },
    )


def _worst(about: Shown, found: season_trends.Shares) -> str:
    """The year with the most dekads of widespread drought."""
    view, words = about.view, about.view.words
    if not found.quarter.any():
        return words("trends.shares.never")
    worst = int(np.lexsort((found.half, found.quarter))[-1])
    return words(
        "trends.shares.worst",
        year=found.years[worst],
        n=found.quarter[worst],
        known=found.periods[worst],
        half=words.count("trends.shares.half", int(found.half[worst])),
        quarter=percent(25, view.lang),
    )


def _drought_rows(about: Shown, found: season_trends.Shares) -> list[dict[str, str]]:
    view = about.view
    mean = found.mean[:, view.matrix.drought_styles].sum(axis=1)
    return [
        {
            "year": str(year),
            "mean": percent(float(mean[at]), view.lang) if found.periods[at] else "",
            "quarter": str(found.quarter[at]) if found.periods[at] else "",
            "half": str(found.half[at]) if found.periods[at] else "",
            "known": known_said(about, found, at),
        }
        for at, year in list(enumerate(found.years))[::-1]
    ]
