"""What the page says in words."""

from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest

from panel_app import texts
from panel_app.i18n import catalogue
from panel_app.store import Matrix, Publication
from panel_app.texts import Shown

AUGUST = date(2022, 8, 31)


def show(publication: Publication, indicator: str, period: date, lang: str = "fr") -> Shown:
    matrix = publication.matrix(indicator)
    return Shown(publication, matrix, matrix.nearest(period), catalogue(lang))  # type: ignore[arg-type]


def plain(html: str) -> str:
    return html.replace("\u00a0", " ").replace("\u202f", " ")


def test_the_legend_counts_departements_and_area(drought: Matrix) -> None:
    shown = Shown(SimpleNamespace(), drought, 0, catalogue("fr"))  # type: ignore[arg-type]
    rows = {row["name"]: row for row in texts.legend(shown)["rows"]}
    assert rows["Sécheresse exceptionnelle"]["count"] == 1
    assert plain(rows["Sécheresse exceptionnelle"]["area"]) == "17 %"
    assert rows["Pas de données"]["count"] == 1
    assert rows["Pas de données"]["hatched"]
    assert plain(texts.legend(shown)["area"]) == "600"


def test_a_drought_is_counted_back_to_its_first_month_and_not_over_a_hole(drought: Matrix) -> None:
    words = catalogue("fr")
    february = Shown(SimpleNamespace(), drought, 1, words)  # type: ignore[arg-type]
    assert plain(texts.since(february, 0)) == "En sécheresse depuis 2 mois (janvier 2020)."
    assert texts.since(february, 2) == ""
    april = Shown(SimpleNamespace(), drought, 2, words)  # type: ignore[arg-type]
    assert texts.since(april, 0) == ""


@pytest.mark.parametrize(
    ("area", "said"),
    [
        (0.0, "0 ha"),
        (1234.0, "1 230 ha"),
        (104555.0, "104 600 ha"),
        (5444000.0, "5,44 millions d'ha"),
    ],
)
def test_areas_are_rounded_to_what_is_known(area: float, said: str) -> None:
    assert plain(texts.hectares(area, "fr")) == said


def test_little_is_not_nothing() -> None:
    assert plain(texts.percent(0.2, "fr")) == "< 1 %"
    assert plain(texts.percent(0.0, "fr")) == "0 %"


def test_the_gers_in_august_2022(publication: Publication) -> None:
    said = texts.slots(show(publication, "combined", AUGUST), "32", [])
    head = plain(said["head"])
    assert "Gers" in head
    assert "Sécheresse grave" in head
    assert "93 années sur 100" in head
    assert "référence courte de 12 ans" in head
    assert "104 600 ha" in head
    assert "48 mm" in head
    rest = plain(said["rest"])
    assert "Blé tendre" in rest
    assert "Pluie sur 6 mois" in rest
    assert "répartie également sur les jours" in rest
    assert said["history_title"]
    assert "AgERA5" in said["history_note"]


def test_english(publication: Publication) -> None:
    said = texts.slots(show(publication, "spi_3", AUGUST, "en"), "32", [])
    assert "Moderate drought" in said["head"]
    assert "Soft wheat" in said["rest"]


@pytest.mark.parametrize("code", ["75", "92", "971", "976"])
def test_a_place_without_weather_is_explained_and_other_facts_still_shown(
    publication: Publication, code: str
) -> None:
    said = texts.slots(show(publication, "combined", AUGUST), code, [])
    assert "Pas de données" in said["head"]
    assert "ne couvrent pas ce département" in said["head"]
    assert "Restriction d" in said["head"]
    assert said["history_title"] == ""
    assert said["rain_title"] == ""


def test_every_indicator_speaks_of_france_and_of_every_place(publication: Publication) -> None:
    for indicator in publication.indicators:
        matrix = publication.matrix(indicator)
        for row in {0, len(matrix.periods) // 2, len(matrix.periods) - 1}:
            for lang in ("fr", "en"):
                shown = Shown(publication, matrix, row, catalogue(lang))  # type: ignore[arg-type]
                for code in ("", "32", "2B", "75", "973"):
                    said = texts.slots(shown, code, [])
                    assert said["headline"]
                    assert "nan" not in "".join(said.values()).lower().replace("finan", "")


def test_hostile_names_are_escaped(publication: Publication) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    shown = show(publication, "combined", AUGUST)
    names = tuple(hostile for _ in shown.matrix.names)
    matrix = Matrix(
        **{
            field: getattr(shown.matrix, field)
            for field in Matrix.__dataclass_fields__
            if field != "names"
        },
        names=names,
    )
    said = texts.slots(Shown(publication, matrix, shown.row, shown.words), "", [hostile])
    assert hostile not in "".join(said.values())
    assert "&lt;img" in said["head"]
    assert "&lt;img" in said["notice"]


def test_a_spark_is_broken_where_years_are_missing() -> None:
    spark = texts.spark(pd.Series([2000, 2001, 2003]), pd.Series([10.0, 20.0, 15.0]))
    assert spark["path"].count("M") == 2
    assert spark["path"].count("L") == 1
