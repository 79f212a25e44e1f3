"""What is kept of a publication: found again while it lives, gone when it goes."""

import gc
import weakref
from pathlib import Path

from geo_pipeline.settings import Settings
from panel_app.data.class_changes import changes
from panel_app.data.class_shares import shares_of
from panel_app.data.kept import kept
from panel_app.data.overlay import grave_places
from panel_app.data.store import Store
from panel_app.drawing.cells import grids
from panel_app.drawing.landmarks import landmarks
from panel_app.page_list import BY_KEY
from panel_app.serving.session import said
from tests.app.conftest import view_of


class Owner:
    """Anything."""


def test_each_owner_keeps_its_last_results() -> None:
    asked = []

    @kept(2)
    def squared(owner: Owner, number: int) -> int:
        asked.append((owner, number))
        return number**2

    one, other = Owner(), Owner()
    assert [squared(one, 3), squared(other, 3), squared(one, 3), squared(one, 4)] == [9, 9, 9, 16]
    assert asked == [(one, 3), (other, 3), (one, 4)]
    assert squared(one, 5) == 25  # 3 has to go
    assert squared(one, 3) == 9
    assert asked[3:] == [(one, 5), (one, 3)]


def test_a_publication_that_was_replaced_goes_with_all_that_was_made_of_it(
    small_home: Path,
) -> None:
    """Else those of many days, tens of megabytes each, pile up in a server with few readers."""
    store = Store(Settings(home=small_home).warehouse)
    publication = store.publication()
    for page in BY_KEY:
        state = view_of(publication, page=page, departement="32").state
        assert said(publication, state) is said(publication, state)
    view = view_of(publication)
    assert publication.source_names(view.state.indicator)
    assert publication.statements(view.state.indicator, 0, "fr")
    assert changes(publication, view.state.indicator, "month") is not None
    assert grave_places(publication, view.state.indicator, "swi") is not None
    assert shares_of(publication, view.state.indicator, "") is not None
    assert landmarks(publication)
    assert grids(publication) == {}
    left = weakref.ref(publication)
    del publication, view, store
    gc.collect()
    assert left() is None
