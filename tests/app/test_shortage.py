"""A shortage of water is told as one, never as a loss of yield; little-grown crops are hatched."""

import re
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.catalogue.indicators import INDICATORS
from geo_pipeline.catalogue.styles import NO_DATA
from geo_pipeline.publishing import exports, selection, table_files
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.table_rows import dictionary
from geo_pipeline.words import Lang
from panel_app.data.indicator_matrix import NO_STYLE
from panel_app.data.page_words import catalogue
from panel_app.data.store import Publication, Store
from panel_app.pages.departement import departement_page
from panel_app.pages.departement.departement_place import Place, record
from panel_app.pages.map import map_page as page
from panel_app.pages.ranking import ranking_page
from tests.app.conftest import plain, view_of
from tests.conftest import ROOT

LOSS = re.compile(r"\bpertes?\b|rendement perdu|yield lost|lost yield|\blosse?s?\b", re.IGNORECASE)
WHEAT = "water_satisfaction_pct_soft_wheat"


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_nothing_speaks_of_a_loss_of_yield(lang: Lang) -> None:
    """What the water balance says is fitted on no harvest, and contradicts some."""
    said = list(catalogue(lang).texts.values())
    for each in INDICATORS.values():
        said += [each.name(lang), each.short_name(lang), each.explanation(lang), each.key]
        said += [each.phrase(lang), each.value_name(lang)]
    assert [text for text in said if LOSS.search(text)] == []


def test_no_page_of_the_docs_has_a_column_of_losses() -> None:
    pages = [dictionary(), (ROOT / "docs" / "indicators_published.md").read_text("utf-8")]
    for text in pages:
        assert "yield_loss" not in text
        assert "yield lost" not in text.lower()


def areas(publication: Publication, crop: str) -> dict[str, float]:
    """Latest known area of a crop, ha, by département."""
    return {
        code: float(area)
        for code, area in zip(publication.codes, publication.crop_areas[crop], strict=True)
        if not np.isnan(area)
    }


def test_what_has_under_a_thousand_hectares_is_hatched(
    publication: Publication, store: Store, tmp_path: Path
) -> None:
    """06 grows 9 ha of wheat, the Gers 78 485; of 2B nothing else is known in 2022."""
    known = areas(publication, "soft_wheat")
    small = {code for code, area in known.items() if area < 1000}
    assert 0 < len(small) < 20
    view = view_of(publication, indicator=WHEAT, period="2022-06")
    hatched = {view.matrix.codes[each] for each in view.matrix.little_grown}
    assert hatched == small & set(publication.codes)
    for code in small:
        column = view.matrix.column(code)
        assert (view.matrix.style[:, column] == NO_STYLE).all()
        said = view.matrix.statement(view.row, column, "fr", reason="autre")
        assert said.style is NO_DATA
        assert plain(said.body) == "Moins de 1 000 ha de cette culture"
    gers = view.matrix.column("32")
    assert view.matrix.style[view.row, gers] != NO_STYLE
    with closing(Warehouse(store.path)) as warehouse:
        chosen = selection.select(warehouse, WHEAT, "2022-06")
        text = plain(
            exports.export_map(warehouse, chosen, "fr", tmp_path / "a.html").read_text("utf-8")
        )
        assert text.count("Moins de 1 000 ha de cette culture") == len(small - {"2B"})
        table_files.export_table(warehouse, chosen, tmp_path / "a.csv")
    assert "little_grown" not in pd.read_csv(tmp_path / "a.csv", sep=";", nrows=1)
    sunflower = view_of(publication, indicator="water_satisfaction_pct_sunflower", period="2022-08")
    assert sunflower.matrix.little_grown == frozenset()  # its areas are not published


def test_the_season_is_held_against_the_usual_one(publication: Publication) -> None:
    """Rainfed maize of the Gers in August 2022, beside the median of the other years."""
    place = Place(
        view_of(publication, departement="32", period="2022-08"), record(publication, "32")
    )
    rows = {row["crop"]: row for row in departement_page.crops(place)["rows"]}
    table = record(publication, "32").crop_water
    key = "water_satisfaction_pct_grain_maize_rainfed"
    august = table[
        (table["indicator"] == key) & (table["period_end"].dt.strftime("%m-%d") == "08-31")
    ]
    others = august[august["period_end"].dt.year != 2022]["value"]
    maize = rows["grain_maize_rainfed"]
    assert plain(maize["usual"]) == f"habituel : {others.median():.0f} %"
    assert plain(maize["received"]) == f"{august['value'].iloc[-1]:.0f} %"


def test_an_area_that_is_not_published_is_said(publication: Publication) -> None:
    """Of sunflower yields are known and areas are not."""
    place = Place(
        view_of(publication, departement="32", period="2022-08"), record(publication, "32")
    )
    rows = {row["crop"]: row for row in departement_page.crops(place)["rows"]}
    assert rows["sunflower"]["area"] == "surface non publiée"
    assert plain(rows["soft_wheat"]["area"]) == "78 480"
    view = view_of(publication, indicator="crop_stress_pct_sunflower", period="2022-08")
    assert {row["said"] for row in page.france(view)["driest"]} == {"surface non publiée"}
    known = view_of(publication, period="2022-08")
    table = plain(ranking_page.slots(known)["table"])
    unknown = [
        code
        for code in publication.codes
        if publication.crops(code)["area_ha"].isna().all()
        and known.matrix.style_at(known.row, known.matrix.column(code)) is not NO_DATA
    ]
    assert table.count("surface non publiée") == len(unknown)
