"""Of a short reference ranks are told, by counting; its far classes carry a mark everywhere."""

import re
from contextlib import closing
from datetime import date
from html import unescape
from pathlib import Path

import numpy as np

from geo_pipeline.catalogue.styles import DROUGHT_CLASSES
from geo_pipeline.publishing import exports, selection
from geo_pipeline.publishing.legend import class_words
from geo_pipeline.storage.warehouse import Warehouse
from panel_app.data.store import Publication, Store
from panel_app.pages.about import about_page
from panel_app.pages.departement import departement_page
from panel_app.pages.map import map_page as page
from panel_app.pages.ranking import ranking_page
from tests.app.conftest import plain, view_of

HUNDRED = re.compile(r"années? sur 100|years? in 100")


def test_ranks_are_those_of_counting(publication: Publication) -> None:
    """Each August of the record, in each département that has one."""
    for indicator in ("combined", "swi", "precip_mm"):
        matrix = publication.matrix(indicator)
        rows = [row for row, end in enumerate(matrix.periods) if (end.month, end.day) == (8, 31)]
        shown = matrix.nearest(date(2022, 8, 31))
        assert shown in rows
        for column, code in enumerate(matrix.codes):
            values = matrix.percentile[rows, column]
            if np.isnan(matrix.percentile[shown, column]):
                continue
            drier = int((values < matrix.percentile[shown, column]).sum())
            known = int((~np.isnan(values)).sum())
            assert matrix.ranked(shown, column) == (drier + 1, known), (indicator, code)


def test_nothing_is_said_of_a_hundred_years(
    publication: Publication, store: Store, tmp_path: Path
) -> None:
    """All embedded references have twelve years at most."""
    for indicator in ("combined", "swi", "spi_3", "precip_mm", "crop_stress_pct"):
        view = view_of(publication, indicator=indicator, period="2022-08", departement="32")
        said = [each.body for each in publication.statements(indicator, view.row, "fr")]
        said += [page.slots(view)["detail"], ranking_page.slots(view)["table"]]
        said += [departement_page.slots(view)["head"], departement_page.slots(view)["strip"]]
        said += [page.slots(view)["legend"], *about_page.slots(view).values()]
        assert not [text for text in said if HUNDRED.search(plain(text))], indicator
    with closing(Warehouse(store.path)) as warehouse:
        chosen = selection.select(warehouse, "combined", "2022-08")
        path = exports.export_map(warehouse, chosen, "fr", tmp_path / "map.html")
        exported = path.read_text("utf-8")
        assert len(re.findall(r'"body": "', exported)) == 101
        assert not HUNDRED.search(plain(unescape(exported)))


def test_far_classes_are_marked_wherever_they_stand(publication: Publication) -> None:
    """Haute-Garonne is in D3 by ten years, in August 2022."""
    view = view_of(publication, period="2022-08", departement="31")
    far, marked = "sécheresse extrême", "sécheresse extrême †"
    said = {
        "detail": page.slots(view)["detail"],
        "verdict": departement_page.slots(view)["head"],
        "list": page.slots(view_of(publication, period="2022-08"))["detail"],
        "table": ranking_page.slots(view)["table"],
        "regions": ranking_page.slots(view_of(publication, period="2022-08", level="region"))[
            "table"
        ],
        "neighbour": departement_page.slots(
            view_of(publication, period="2022-08", departement="32")
        )["neighbours"],
        "hover": publication.statements("combined", view.row, "fr")[view.column].head,
    }
    for where, text in said.items():
        assert marked in plain(text).lower(), where
    table = plain(said["table"]).lower()
    assert table.count(f"</i>{far}") == table.count(f"</i>{marked}")
    assert class_words(DROUGHT_CLASSES[1], 30) == far
    assert class_words(DROUGHT_CLASSES[2], 12) == "sécheresse grave"


def test_where_classes_are_lacking_the_legend_says_so(publication: Publication) -> None:
    rows = page.legend(view_of(publication, period="2022-08"))["rows"]
    assert rows[-1]["name"].startswith("Pas de données, ou trop peu")
    rain = page.legend(view_of(publication, indicator="precip_mm", period="2022-08"))["rows"]
    assert rain[-1]["name"] == "Pas de données"


def test_files_tell_a_value_without_a_class_from_no_data(store: Store, tmp_path: Path) -> None:
    """Corse-du-Sud has a value of August 2022 and no class; 8 others have no weather then."""
    with closing(Warehouse(store.path)) as warehouse:
        chosen = selection.select(warehouse, "combined", "2022-08")
        path = exports.export_map(warehouse, chosen, "en", tmp_path / "map.html")
        exported = path.read_text("utf-8")
    assert "<span>No data, or too few</span>" in exported
    assert "Hatched: no data, or too few years of reference for a class" in exported


def test_a_value_without_a_class_is_shown_as_one(publication: Publication) -> None:
    """Corse-du-Sud has weather and eight years of reference: it is covered, and has no class."""
    view = view_of(publication, period="2022-08", departement="2A")
    for said in (page.slots(view)["detail"], departement_page.slots(view)["head"]):
        text = plain(said)
        assert "Pas de classe" in text
        assert "Note sur 100 : 73 (8 ans de référence, trop peu pour une classe)" in text
        assert "ne couvrent pas" not in text
        assert "Aucune valeur" not in text
    elsewhere = view_of(publication, period="2022-08", departement="974")
    assert "ne couvrent pas ce département" in plain(page.slots(elsewhere)["detail"])
