"""The store: what it reads is what is published, and a new publication is noticed."""

import io
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from geo_pipeline.catalogue.styles import NO_DATA
from geo_pipeline.errors import NotPublishedError, StorageError
from geo_pipeline.publishing import selection
from geo_pipeline.publishing.legend import styles_of
from geo_pipeline.settings import Settings
from geo_pipeline.storage.warehouse import Warehouse
from panel_app.data.indicator_matrix import NO_STYLE, Matrix
from panel_app.data.store import Publication, Store

AUGUST = date(2022, 8, 31)


def test_shares_of_the_known_area_by_hand(drought: Matrix) -> None:
    """100 km² in D4 and 200 in D1 of 600 known, the 400 of Corsica unknown."""
    shares = {each.style.code: each for each in drought.shares(0)}
    assert shares["D4"].area_pct == pytest.approx(100 / 6)
    assert shares["D1"].area_pct == pytest.approx(100 / 3)
    assert shares["normal"].area_pct == pytest.approx(50)
    assert shares["D4"].departements == 1
    assert drought.drought_share(0) == pytest.approx(50)
    assert drought.missing(0) == 1
    assert drought.missing(2) == 0
    assert drought.drought_share(2) == pytest.approx(30)


def test_the_driest_come_first_and_the_unknown_never(drought: Matrix) -> None:
    assert [drought.codes[column] for column in drought.driest(0, 10)] == ["01", "02", "03"]
    assert [drought.codes[column] for column in drought.driest(2, 2)] == ["01", "02"]


def test_the_nearest_period(drought: Matrix) -> None:
    assert drought.nearest(None) == 2
    assert drought.nearest(date(2020, 2, 29)) == 1
    assert drought.nearest(date(2020, 2, 29), "month") == 0
    assert drought.nearest(date(1990, 1, 31)) == 0
    assert drought.nearest(date(2020, 4, 10)) == 2
    assert drought.rows("month") == [0, 2]


def test_periods_are_said_as_they_are_walked(drought: Matrix) -> None:
    assert drought.period_words(0, "fr", "month") == "janvier 2020"
    assert drought.period_words(1, "fr") == "1re décade de février 2020"
    assert drought.period_words(0, "en") == "21-31\u00a0January 2020"
    assert drought.period_typed(0, "month") == "2020-01"
    assert drought.period_typed(1) == "2020-02-10"


def test_dekads_follow_on_one_another_but_over_a_hole(drought: Matrix) -> None:
    assert drought.follows(1)
    assert not drought.follows(2)


def test_the_class_of_a_place_or_that_of_no_data(drought: Matrix) -> None:
    assert drought.style_at(0, 0).code == "D4"
    assert drought.style_at(0, 3) is NO_DATA


def test_an_index_is_told_as_it_is_and_a_score_by_its_rank(drought: Matrix) -> None:
    """The 50th percentile is the middle, the least rank that is drawn 2.88 deviations below."""
    assert drought.index(np.s_[0, :3]).tolist() == [-2.1, -1.0, 0.0]
    ranks = np.full(drought.value.shape, 50.0)
    ranks[0, 0] = 0.0
    score = replace(drought, indicator="combined", percentile=ranks)
    assert score.index(np.s_[0, :2]) == pytest.approx([-2.878, 0.0], abs=0.001)


def test_shares_of_a_crop_by_hand(drought: Matrix) -> None:
    """10 ha in D4, 30 in D1, none known in the third: the fourth has no class."""
    shares = {
        s.style.code: s.crop_pct for s in drought.shares(0, np.array([10.0, 30.0, np.nan, 60.0]))
    }
    assert shares["D4"] == pytest.approx(25)
    assert shares["D1"] == pytest.approx(75)
    assert shares["normal"] == 0


def test_every_value_of_every_indicator_is_styled_as_the_maps_style_it(
    publication: Publication,
) -> None:
    """The vectorised bins agree with look.style_of, on a sample of real rows and on edges."""
    for indicator in publication.indicators:
        matrix = publication.matrix(indicator)
        for row in range(0, len(matrix.periods), 20):
            expected = styles_of(indicator, matrix.frame(row))
            found = [
                NO_DATA if index == NO_STYLE else matrix.styles[index]
                for index in matrix.style[row]
            ]
            assert found == expected, (indicator, row)


def test_a_matrix_holds_what_the_published_view_says(
    publication: Publication, published_home: Path
) -> None:
    warehouse = Warehouse(Settings(home=published_home).warehouse)
    for indicator in ("spi_3", "combined", "precip_mm"):
        view = selection.select(warehouse, indicator, "2022-08").values.set_index("departement")
        matrix = publication.matrix(indicator)
        row = matrix.nearest(AUGUST)
        assert matrix.periods[row] == AUGUST
        for column, code in enumerate(matrix.codes):
            assert matrix.value[row, column] == pytest.approx(view.loc[code, "value"], nan_ok=True)
    warehouse.close()


def test_known_values_of_the_gers(publication: Publication) -> None:
    """August 2022, read from the embedded observations: 48.04 mm, 1.5 % under the normal."""
    rain = publication.matrix("precip_mm")
    row, column = rain.nearest(AUGUST), rain.column("32")
    assert rain.value[row, column] == pytest.approx(48.04, abs=0.01)
    against = publication.matrix("precip_anomaly_pct")
    assert against.value[against.nearest(AUGUST), column] == pytest.approx(-1.512, abs=0.01)
    assert publication.name("32") == "Gers"
    assert publication.region("32") == "Occitanie"
    risk = publication.risk(AUGUST)
    # The wheat is harvested; irrigated maize is known for 2022, the other last for 2013.
    assert risk.loc["32", "crop_area_ha"] == 26070 + 13262
    assert risk.loc["32", "crop_area_crops"] == "grain_maize_irrigated, grain_maize_rainfed"
    assert tuple(risk.loc["32", ["crop_area_first_year", "crop_area_last_year"]]) == (2013, 2022)


def test_shares_agree_with_the_published_table(
    publication: Publication, published_home: Path
) -> None:
    matrix = publication.matrix("combined")
    assert np.allclose(matrix.area_shares.sum(axis=1), 100)
    row = matrix.nearest(AUGUST)
    counted = sum(share.departements for share in matrix.shares(row))
    assert counted + matrix.missing(row) == 101


def test_no_weather_is_no_data_not_zero(publication: Publication) -> None:
    matrix = publication.matrix("spi_3")
    for code in ("75", "92", "971", "976"):
        assert (matrix.style[:, matrix.column(code)] == NO_STYLE).all()
        assert publication.weather_source(code) is None
    restrictions = publication.matrix("water_restrictions")
    assert (restrictions.style != NO_STYLE).all()


def test_a_matrix_is_read_once(publication: Publication) -> None:
    assert publication.matrix("spi_6") is publication.matrix("spi_6")
    first = publication.statements("spi_6", 3, "fr")
    assert publication.statements("spi_6", 3, "fr") is first


def test_nothing_published_and_a_damaged_file_say_so(tmp_path: Path) -> None:
    path = tmp_path / "published" / "drought.duckdb"
    store = Store(path)
    with pytest.raises(NotPublishedError, match="just run"):
        store.publication()
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 400)
    with pytest.raises(StorageError, match="cannot read"):
        store.publication()


def test_a_new_publication_is_noticed(own_home: Path) -> None:
    path = Settings(home=own_home).warehouse
    store = Store(path)
    before = store.publication()
    assert store.publication() is before
    shutil.copy(path, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)
    after = store.publication()
    assert after is not before
    assert after.codes == before.codes
    assert before.matrix("spi_3").periods  # the old one is still readable


def test_neighbours_and_crop_areas_of_the_gers(publication: Publication) -> None:
    """Six neighbours; 78,485 ha of wheat and 26,070 of irrigated maize in 2022 (Agreste)."""
    assert sorted(publication.neighbours["32"]) == ["31", "40", "47", "64", "65", "82"]
    column = publication.codes.index("32")
    assert publication.crop_areas["soft_wheat"][column] == 78485
    assert publication.crop_areas["grain_maize_irrigated"][column] == 26070
    assert "sunflower" not in publication.crop_areas  # its areas are not published


def test_sources_are_named_by_what_the_indicator_rests_on(publication: Publication) -> None:
    assert publication.source_names("spi_3") == "AgERA5"
    assert publication.source_names("water_restrictions") == "VigiEau"
    assert publication.source_names("yield_anomaly_pct_soft_wheat") == "Agreste"


def test_a_map_is_taken_as_a_file(store: Store) -> None:
    name, mime, content = store.take("csv", "spi_3", "2022-08", "fr")
    assert (name, mime) == ("spi_3_2022-08.csv", "text/csv")
    assert len(content.decode().splitlines()) == 102
    assert content.startswith(b"\xef\xbb\xbfdepartement;name;")
    name, mime, content = store.take("csv_international", "spi_3", "2022-08", "fr")
    assert (name, mime) == ("spi_3_2022-08.csv", "text/csv")
    assert content.startswith(b"departement,name,")
    assert store.take("csv", "spi_3", "2022-08", "en")[2].startswith(b"departement,name,")
    name, _, content = store.take("xlsx", "spi_3", "2022-08", "fr")
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    assert (name, book.sheetnames) == ("spi_3_2022-08.xlsx", ["Mode d'emploi", "Valeurs"])
    name, _, content = store.take("html", "yield_anomaly_pct_soft_wheat", "2016", "en")
    assert name == "yield_anomaly_pct_soft_wheat_2016.html"
    assert b"<html" in content
