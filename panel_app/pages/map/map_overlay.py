"""Hatching of a second indicator over the map: its data for the script, its legend and its words.

Where it is hatched is decided in `data.overlay`; nothing here is computed while none is chosen.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo_pipeline.catalogue.indicators import indicator_of
from panel_app.data.kept import kept
from panel_app.data.overlay import can_overlay, grave_places
from panel_app.data.page_view import PageView, indicator_list
from panel_app.data.store import Publication
from panel_app.pages.map.map_cells import as_json


def places_hatched(view: PageView) -> NDArray[np.int8]:
    """Where the second indicator is grave, as `grave_places` tells it."""
    return grave_places(view.publication, view.state.indicator, view.state.over)


def hatched_cells(view: PageView) -> str:
    """Data for the script, as JSON: a character for each place and period; empty for none."""
    if not view.state.over:
        return ""
    return _cells(view.publication, view.state.indicator, view.state.over)


@kept(32)
def _cells(publication: Publication, indicator: str, over: str) -> str:
    letters = np.array(["0", "1", "~"])  # -1, unknown, is the last
    return as_json({"cells": "".join(letters[grave_places(publication, indicator, over)].ravel())})


def choices(view: PageView) -> list[dict[str, Any]]:
    """The indicators that can be hatched, in the order of the list of indicators."""
    every = (each for entry in indicator_list(view) for each in entry["choices"])
    return [each for each in every if can_overlay(indicator_of(each["key"]))]


def hatched_words(view: PageView) -> str:
    """What the hatching means; empty without any."""
    if not view.state.over:
        return ""
    which = indicator_of(view.state.over)
    key = {"class": "over.severe", "restriction": "over.restricted"}.get(which.kind, "over.most")
    return view.words(key, name=which.name(view.lang))


def hatched_legend(view: PageView) -> dict[str, Any] | None:
    """The row of the legend on the hatching: its meaning, and how many places have it."""
    if not view.state.over:
        return None
    here = places_hatched(view)[view.row]
    count = str(int((here == 1).sum())) if (here >= 0).any() else ""
    return {"said": hatched_words(view), "count": count}


def told_in_tips(view: PageView, said: list[list[str]]) -> list[list[str]]:
    """Tooltips, which screen readers hear too, with the hatching of each hatched place."""
    if not view.state.over:
        return said
    told = view.words("over.tip", what=hatched_words(view))
    return [
        [f"{head}. {told}" if hatched == 1 else head, body]
        for (head, body), hatched in zip(said, places_hatched(view)[view.row], strict=True)
    ]
