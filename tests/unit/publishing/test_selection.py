"""What is asked for of the published warehouse: indicators by dekad, day and year."""

from datetime import date
from pathlib import Path

import pytest

from geo_pipeline.errors import UsageError
from geo_pipeline.publishing import selection
from geo_pipeline.storage.warehouse import Warehouse

WHEAT = "yield_anomaly_pct_soft_wheat"


@pytest.fixture(scope="module")
def warehouse(published_home: Path) -> Warehouse:
    return Warehouse(published_home / "published" / "drought.duckdb")


@pytest.mark.parametrize(
    ("indicator", "period_end", "step", "text"),
    [
        ("spi_3", date(2022, 8, 31), "month", "2022-08"),
        ("spi_3", date(2022, 8, 20), "dekad", "2022-08-20"),
        ("water_restrictions", date(2022, 8, 31), "day", "2022-08-31"),
        (WHEAT, date(2022, 12, 31), "year", "2022"),
    ],
)
def test_periods_are_typed_as_they_are(
    indicator: str, period_end: date, step: str, text: str
) -> None:
    assert selection.period_step(indicator, period_end) == step
    assert selection.period_text(indicator, period_end) == text


def test_a_year_is_asked_for_as_such(warehouse: Warehouse) -> None:
    view = selection.select(warehouse, WHEAT, "2016")
    assert (view.period_end, view.step, view.name) == (date(2016, 12, 31), "year", f"{WHEAT}_2016")
    rows = view.values.set_index("departement")
    assert len(rows) == 101
    # Yields of 2011 to 2015 in Eure-et-Loir: 72, 82, 81, 85, 86; their mean is 81.2. Then 54.3.
    assert rows.loc["28", "value"] == pytest.approx(100 * (54.3 - 81.2) / 81.2)
    assert selection.select(warehouse, WHEAT, "2016-12-31").period_end == view.period_end
    assert selection.select(warehouse, WHEAT).period_end == date(2022, 12, 31)


@pytest.mark.parametrize("period", ["2016-12", "2016-06-30", "16", "2016-12-31x"])
def test_of_yields_nothing_but_a_year_is_a_period(warehouse: Warehouse, period: str) -> None:
    with pytest.raises(UsageError, match=f"'{period}' is not a period: write it as 2022$"):
        selection.select(warehouse, WHEAT, period)


def test_a_month_is_not_asked_for_as_a_year(warehouse: Warehouse) -> None:
    with pytest.raises(UsageError, match="'2022' is not a period: write it as 2022-08"):
        selection.select(warehouse, "spi_3", "2022")


def test_what_no_crop_has_says_what_it_needs(warehouse: Warehouse) -> None:
    with pytest.raises(UsageError, match=r"with more data \(three of the five harvests before"):
        selection.select(warehouse, "yield_anomaly_pct_permanent_grassland")
    with pytest.raises(UsageError, match=r"with more data \(measures of days need daily weather"):
        selection.select(warehouse, "days_since_rain")


def test_sources_are_those_of_the_observations(warehouse: Warehouse) -> None:
    def names(indicator: str) -> list[str]:
        return [
            each.in_words("fr")["name"] or "" for each in selection.sources_of(warehouse, indicator)
        ]

    assert names(WHEAT) == ["Agreste, Statistique agricole annuelle", "Natural Earth 1:10m"]
    assert names("spi_3")[0].startswith("AgERA5")
    assert names("water_restrictions")[0].startswith("VigiEau")


def test_a_departement_without_a_departure_says_why(warehouse: Warehouse) -> None:
    why = selection.select(warehouse, WHEAT, "2016").with_reasons("fr").set_index("departement")
    assert why.loc["75", "reason"].startswith("trop peu de récoltes connues")
    # Cher is known since 2010: two harvests before that of 2012.
    why = selection.select(warehouse, WHEAT, "2012").with_reasons("en").set_index("departement")
    assert why.loc["18", "reason"].startswith("yield unknown or doubtful, or fewer than 3 of the 5")
    why = (
        selection.select(warehouse, "spi_3", "2022-08").with_reasons("en").set_index("departement")
    )
    assert why.loc["75", "reason"] == "the source does not cover this département"
