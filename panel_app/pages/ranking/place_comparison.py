"""Comparison of places: up to five départements on the same charts.

Lists the charts; each is drawn in a module of its own in this folder.
"""

from typing import Final

from geo_pipeline.words import Lang
from panel_app.data.kept import kept
from panel_app.data.page_view import PageView
from panel_app.data.state import State
from panel_app.data.store import Publication
from panel_app.drawing.svg import Chart
from panel_app.pages.ranking.class_timeline import timeline
from panel_app.pages.ranking.compared_places import compared_places
from panel_app.pages.ranking.indicator_lines import recent, record
from panel_app.pages.ranking.season_lines import this_season
from panel_app.pages.ranking.yield_lines import harvests, maize, yields

SEASON_CHARTS: Final = ("season_precip_mm", "season_balance_mm", "swi")


def charts(view: PageView) -> list[Chart]:
    """Return the charts of the chosen places; unpublished ones are left out."""
    chosen = compared_places(view)
    all_charts: list[Chart | None] = []
    if view.indicator.kind not in ("stage", "restriction"):
        if view.matrix.by_dekad:
            all_charts.append(recent(view, chosen))
        all_charts.append(record(view, chosen))
    state = view.state
    drought, *crops = _lasting(view.publication, state.indicator, state.places, state.lang)
    all_charts.append(drought)
    all_charts += [
        this_season(view, chosen, key)
        for key in SEASON_CHARTS
        if key in view.publication.indicators
    ]
    return [chart for chart in (*all_charts, *crops) if chart is not None]


@kept(32)
def _lasting(
    publication: Publication, indicator: str, codes: tuple[str, ...], lang: Lang
) -> tuple[Chart | None, ...]:
    """Charts that do not depend on the period: the drought timeline, then the harvests."""
    view = PageView(publication, State(indicator=indicator, places=codes, lang=lang))
    chosen = compared_places(view)
    crops = [harvests(view, place) for place in chosen]
    return (
        timeline(view, chosen),
        *(yields(view, chosen, crops, crop) for crop in ("soft_wheat", maize(crops)) if crop),
    )
