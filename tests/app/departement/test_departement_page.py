"""The page of a département: droughts one remembers, and what is said where little is known."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from markupsafe import Markup

from geo_pipeline.catalogue.styles import THIN
from geo_pipeline.publishing.formats import format_number, ordinal
from geo_pipeline.words import NBSP
from panel_app.data.page_view import PageView
from panel_app.data.state import from_query
from panel_app.data.store import Publication
from panel_app.drawing.templates import render
from panel_app.pages.departement import departement_charts as charts
from panel_app.pages.departement import (
    departement_page,
    departement_providers,
    departement_stakes,
)
from panel_app.pages.departement.departement_place import Place, record
from tests.app.conftest import by_hand

OBSERVED = Path(departement_page.__file__).parents[3] / "assets_data" / "weather_dekadal.parquet"
NAN = float("nan")


def observed_rain(code: str) -> "pd.Series[float]":
    """Rain by the day that its dekad starts on, as it ships with the project."""
    table = pd.read_parquet(OBSERVED)
    table = table[table["departement"] == code]
    return table.set_index(pd.DatetimeIndex(table["dekad_start"]))["precip_mm"]


def of_years(rain: "pd.Series[float]", first: int, last: int) -> "pd.Series[float]":
    """Sums of the dekads that start between two days (month and day as one number), by year."""
    when = pd.DatetimeIndex(rain.index)
    within = rain[(when.month * 100 + when.day >= first) & (when.month * 100 + when.day <= last)]
    return within.groupby(pd.DatetimeIndex(within.index).year).sum()


def view(publication: Publication, **query: str) -> PageView:
    state, notices = from_query(
        {"page": "departement", **query},
        ["departement"],
        publication.indicators,
        tuple(publication.crop_areas),
    )
    assert not notices
    return PageView(publication, state)


def said(publication: Publication, **query: str) -> dict[str, str]:
    return departement_page.slots(view(publication, **query))


def plain(text: str) -> str:
    """As it is read: without what keeps words together or is escaped."""
    return unescape(str(text)).replace(NBSP, " ").replace(THIN, " ")


class _Balance(HTMLParser):
    """Fails where tags do not close in order, and keeps what is met."""

    VOID = ("input", "br", "path", "circle", "img", "meta")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.met: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.met.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.met.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(slots: Mapping[str, str], a_view: PageView) -> _Balance:
    page = render(
        "departement/page",
        {
            "view": a_view,
            "words": a_view.words,
            "lang": a_view.lang,
            "slots": {name: Markup(text) for name, text in slots.items()},
        },
    )
    parser = _Balance()
    parser.feed(page)
    parser.close()
    assert not parser.open
    return parser


def test_the_spring_of_2011_in_the_loiret(publication: Publication) -> None:
    springs = of_years(observed_rain("45"), 301, 521)
    assert springs.idxmin() == 2011
    assert len(springs) == 12

    head = plain(said(publication, departement="45", period="2011-05-31")["head"])
    assert "Pour la pluie, printemps le plus sec depuis 2010, sur 12 ans connus." in head
    assert "Sécheresse exceptionnelle †, en sécheresse depuis " in head
    assert "Le plus sec des 10 années connues à cette date" in head
    assert "référence courte de" in head


def test_a_season_under_way_says_so(publication: Publication) -> None:
    # To 20 August: the dekads that start on 1 June up to 11 August.
    sums = of_years(observed_rain("32"), 601, 811)
    place = int(sums.rank()[2022])
    head = plain(said(publication, departement="32", period="2022-08-20")["head"])
    rain = f"Pour la pluie, {place}e été le plus sec à cette date depuis 2010, sur {len(sums)} ans"
    assert rain in head
    english = plain(said(publication, departement="32", period="2022-08-31", lang="en")["head"])
    assert " so far" not in english
    assert "By rain, " in english
    assert "driest summer since 2010, of 12 years known." in english


def test_the_month_of_july_2022_had_hardly_any_rain(publication: Publication) -> None:
    sums = of_years(observed_rain("35"), 701, 721)
    assert sums.idxmin() == 2022
    figures = plain(said(publication, departement="35", period="2022-07-31")["figures"])
    assert f"{round(sums[2022])} mm" in figures
    assert f"habituel : {round(float(np.median(sums.drop(2022))))} mm" in figures
    assert "le plus faible sur 12 ans" in figures


def test_every_text_is_html_that_closes_in_both_languages(publication: Publication) -> None:
    for query in (
        {"departement": "32", "period": "2022-08-20"},
        {"departement": "32", "period": "2022-08", "indicator": "swi", "lang": "en"},
        {"departement": "75"},
        {"departement": "971", "indicator": "water_restrictions"},
        {"departement": "2A", "period": "2011", "indicator": "yield_anomaly_pct_soft_wheat"},
        {"lang": "en"},
    ):
        a_view = view(publication, **query)
        slots = departement_page.slots(a_view)
        assert tuple(slots) == departement_page.SLOTS
        met = parsed(slots, a_view).met
        assert [tag for tag, _ in met].count("h1") == 1
        for tag, attributes in met:
            if tag == "a":
                href = attributes["href"] or ""
                assert href.startswith(("?page=", "https://", "bulletins/")), href


def test_charts_have_a_table_and_tips_that_lead_to_their_period(publication: Publication) -> None:
    slots = said(publication, departement="32", period="2022-08-20")
    assert slots["season"].count("<figure") == slots["season"].count("<details><summary>") == 3
    assert "2022-08-20" in slots["season"]
    assert slots["strip"].count("<figure") == slots["strip"].count("<details><summary>") == 1
    assert "2012-03-31" in slots["strip"]


def test_another_period_of_the_season_sends_only_what_it_changes(publication: Publication) -> None:
    before = said(publication, departement="32", period="2022-08-10")
    after = said(publication, departement="32", period="2022-07-31")
    changed = {name for name in before if before[name] != after[name]}
    assert "strip_now" in changed
    assert not changed & {"strip", "strip_head"}


def test_chosen_seasons_take_the_place_of_those_alike(publication: Publication) -> None:
    slots = said(publication, departement="32", period="2022-08-20", years="2012,2017")
    assert "2011-12 et 2016-17" in slots["season"]
    # Both can be left out again, and a third added.
    assert "years=2017&" in slots["season"]
    assert "years=2012&" in slots["season"]
    assert "years=2012%2C2017%2C2019" in slots["season"]
    assert "2011-12" in slots["ahead"]
    alike = said(publication, departement="32", period="2022-08-20")
    assert alike["season"].count('aria-current="true"') == 2


def test_the_season_itself_and_unknown_ones_are_not_beside_it(publication: Publication) -> None:
    a_view = view(publication, departement="32", period="2022-08-20", years="2022,1950,2012")
    place = Place(a_view, record(publication, "32"))
    assert place.beside == [2012]


def test_how_alike_seasons_ended_is_no_forecast(publication: Publication) -> None:
    slots = said(publication, departement="32", period="2022-05-31")
    assert "Ce n'est pas une prévision" in plain(slots["ahead"])
    assert "31 août" in plain(slots["ahead"])
    assert said(publication, departement="32", period="2022-08-31")["ahead"] == ""


def test_what_a_chosen_season_came_to(publication: Publication) -> None:
    """The sum on 31 August 2012 is that of the map of that day."""
    matrix = publication.matrix("season_balance_mm")
    end = matrix.value[matrix.periods.index(date(2012, 8, 31)), matrix.column("32")]
    slots = said(publication, departement="32", period="2022-05-31", years="2012")
    assert format_number(float(end), 0) in slots["ahead"]


def test_droughts_on_record_mark_the_worst_and_the_one_shown(publication: Publication) -> None:
    slots = said(publication, departement="32", period="2022-08-20")
    events = publication.rows_of("app_events", "32")
    assert slots["events"].count("<tr") == len(events) + 1
    assert slots["events"].count("la plus sévère</b>") == 1
    assert slots["events"].count('class="now"') == 1
    quiet = said(publication, departement="32", period="2018-06-30")
    assert 'class="now"' not in quiet["events"]


def test_crops_have_their_stage_and_what_they_lack(publication: Publication) -> None:
    """In August maize forms its grain and wheat is harvested; 2022 left it thirsty."""
    crops = said(publication, departement="32", period="2022-08-20")["crops"]
    rows = {row.split("</th>")[0]: row for row in crops.split('<th scope="row">')[1:]}
    assert "Hors saison" in rows["Blé tendre"]
    assert "Formation de la récolte" in rows["Maïs grain non irrigué"]
    assert "%" in rows["Maïs grain non irrigué"]
    assert "manquaient d'eau à cette période" in plain(crops)
    assert next(iter(rows)) == "Blé tendre"


def test_few_harvests_have_no_trend_and_a_steady_rise_has_one() -> None:
    years = pd.DataFrame({"year": range(2000, 2010), "yield_q_ha": np.arange(10) * 0.5 + 40})
    assert departement_stakes._trend(years, "fr") == {"trend": "+0,50", "sure": True}
    assert departement_stakes._trend(years.head(4), "fr") == {"trend": "", "sure": False}


def test_a_spark_breaks_where_a_year_is_missing() -> None:
    drawn = departement_stakes.spark(np.array([2000, 2001, 2003]), np.array([10.0, 30.0, 20.0]))
    assert drawn["path"].count("M") == 2
    assert drawn["path"].startswith("M3.0 21.0L")
    assert (drawn["low"], drawn["high"]) == ("10", "30")


def test_restrictions_of_another_day_say_so(publication: Publication) -> None:
    slots = said(publication, departement="32", period="2022-08-20")
    assert plain(slots["restrictions"]).count("3 octobre 2026") == 1
    assert "Ce n'est pas la période montrée" in plain(slots["restrictions"])
    assert slots["restrictions"].count('<th scope="row">') == 3
    assert "3 octobre 2026" not in plain(slots["figures"])


def test_neighbours_are_those_of_the_atlas(publication: Publication) -> None:
    slots = said(publication, departement="32", period="2022-08-20")
    for name in ("Landes", "Lot-et-Garonne", "Tarn-et-Garonne", "Haute-Garonne", "Hautes-Pyrénées"):
        assert name in slots["neighbours"]
    assert "6 des 6 voisins connus étaient en sécheresse" in plain(slots["neighbours"])


def test_paris_has_no_weather_and_a_page_all_the_same(publication: Publication) -> None:
    slots = said(publication, departement="75")
    assert "ne couvrent pas ce département" in slots["head"]
    for name in ("season", "strip", "strip_now", "events", "ahead"):
        assert slots[name] == ""
    assert "Val-de-Marne" in slots["neighbours"]
    assert '<th scope="row">' in slots["restrictions"]
    assert "VigiEau" in slots["provenance"]


def test_an_island_overseas_has_no_neighbours(publication: Publication) -> None:
    slots = said(publication, departement="974", lang="en")
    assert slots["neighbours"] == ""
    assert "La Réunion" in slots["head"]


def test_a_year_without_data_is_told(publication: Publication) -> None:
    """2014 is missing in the embedded weather."""
    note = plain(said(publication, departement="32")["provenance"])
    assert "Il manque : 1re décade de janvier 2014 à 3e décade de décembre 2014." in note
    assert "référence courte" in note
    assert "Licence Ouverte 2.0" in note


def test_held_figures_are_marked(publication: Publication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(publication.__dict__, "held", {"32": "2026-03-12T08:00:00+00:00"})
    slots = said(publication, departement="32")
    assert "Chiffres retenus depuis le 12 mars 2026" in plain(slots["head"])
    assert "12 mars 2026" in plain(slots["provenance"])
    assert "retenus" not in said(publication, departement="31")["head"]


def test_days_of_several_sources_are_told_apart(
    publication: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "plusieurs sources" not in said(publication, departement="32")["provenance"]
    spans = [
        {
            "source": "bundled:agera5",
            "first_date": date(2010, 1, 1),
            "last_date": date(2022, 12, 31),
        },
        {"source": "sim2", "first_date": date(2026, 1, 1), "last_date": date(2026, 11, 28)},
    ]
    known = publication._weather.copy()
    known.at["32", "spans"] = spans
    monkeypatch.setitem(publication.__dict__, "_weather", known)
    told = plain(said(publication, departement="32")["provenance"])
    assert (
        "Météo de plusieurs sources : AgERA5 (1er janvier 2010 à 31 décembre 2022); "
        "sim2 (1er janvier 2026 à 28 novembre 2026)."
    ) in told
    assert "Faute d'années communes, les jours de l'une sont comparés" in told
    assert "ajustés" not in told
    spans[0]["source"] = "bundled:agera5:adjusted"
    adjusted = plain(said(publication, departement="32")["provenance"])
    assert "AgERA5 (1er janvier 2010 à 31 décembre 2022); sim2" in adjusted
    assert "sont ajustés à l'autre" in adjusted
    assert "Faute d'années communes" not in adjusted


def test_windows_that_mix_two_sources_are_told_at_their_periods(
    publication: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AgERA5 until 30 June 2022 and SIM2 since: 31 August is in the second month after."""
    spans = [
        {
            "source": "bundled:agera5",
            "first_date": date(2010, 1, 1),
            "last_date": date(2022, 6, 30),
        },
        {"source": "sim2", "first_date": date(2022, 7, 1), "last_date": date(2022, 12, 31)},
    ]
    known = publication._weather.copy()
    known.at["32", "spans"] = spans
    monkeypatch.setitem(publication.__dict__, "_weather", known)

    def told(period: str) -> str:
        return plain(said(publication, departement="32", period=period)["provenance"])

    assert "les indices qui portent sur 3 mois ou plus mêlent" in told("2022-08")
    assert "tous les indices mêlent" in told("2022-07-20")
    assert "mêlent" not in told("2022-06")


def test_what_sets_two_providers_apart_is_a_table_of_months(publication: Publication) -> None:
    """Rain of July 6 % more, ET0 3 % less, temperature 0.34 °C more, by hand."""
    compared = pd.DataFrame(
        [
            ("precip_mm", 3.2, 1.06, True, 8.0, 5.0),
            ("et0_mm", -4.0, 0.97, True, 6.0, 2.0),
            ("tmean_c", 0.34, NAN, True, 0.4, 0.2),
            ("tmin_c", 0.1, NAN, True, 0.4, 0.2),
        ],
        columns=["variable", "difference", "ratio", "adjusted", "error_before", "error_after"],
    ).assign(month=7, provider="sim2", other_provider="bundled", common_years=12)
    shown = view(publication, departement="32", period="2022-07")
    known = replace(record(publication, "32"), provider_differences=compared)
    (pair,) = departement_providers.provider_pairs(Place(shown, known))
    assert pair["heading"] == "Ce qui sépare sim2 et AgERA5"
    assert plain(pair["finding"]) == "Pluie de juillet : 6 % de plus selon sim2 que selon AgERA5."
    assert pair["head"] == ["Pluie", "Évapotranspiration (ET0)", "Température moyenne"]
    july = pair["rows"][6]
    assert july["month"] == "Juillet"
    assert [plain(cell) for cell in july["cells"]] == ["+6 %", "−3 %", "+0,3 °C"]
    assert pair["rows"][0]["cells"] == ["–"] * 3
    assert "Sur 12 années communes." in plain(pair["note"])
    assert "passe de 8 à 5 mm de pluie" in plain(pair["note"])

    few = replace(known, provider_differences=compared.assign(adjusted=False, common_years=2))
    (pair,) = departement_providers.provider_pairs(Place(shown, few))
    assert "Sur 2 années communes : trop peu pour un ajustement, qui en demande 10." in plain(
        pair["note"]
    )
    page = render(
        "departement/provenance",
        {"words": shown.words, "rows": [], "notes": [], "pairs": [pair]},
    )
    assert page.count('<th scope="row">') == 12


def test_one_provider_has_no_table_of_differences(publication: Publication) -> None:
    assert "Ce qui sépare" not in said(publication, departement="32")["provenance"]


def test_without_a_departement_all_are_offered(publication: Publication) -> None:
    slots = said(publication)
    head = slots.pop("head")
    assert not any(slots.values())
    assert head.count("departement=") == 101
    assert head.count('scope="rowgroup"') == 18
    assert 'data-filter="#departement-list"' in head


def test_regions_lead_to_the_ranking(publication: Publication) -> None:
    head = said(publication, departement="32")["head"]
    assert "page=ranking" in head
    assert "region=76" in head


@pytest.mark.parametrize(
    ("number", "french", "english"),
    [
        (1, "1er", "1st"),
        (2, "2e", "2nd"),
        (3, "3e", "3rd"),
        (11, "11e", "11th"),
        (22, "22e", "22nd"),
    ],
)
def test_ordinals(number: int, french: str, english: str) -> None:
    assert ordinal(number, "fr") == french
    assert ordinal(number, "en") == english


def test_the_outline_is_where_the_cell_is() -> None:
    classes = [["D4"] * 4, ["D1"] * 4]
    matrix = by_hand(
        "spi_3", [[-2.1] * 4, [-0.9] * 4], classes, (date(2020, 1, 10), date(2021, 12, 31))
    )
    # The last of 36 dekads, in the second of two rows of 20 px under 4 px.
    style = charts.outline(matrix, 0, 1)
    assert style.startswith("top:24px;height:20px;")
    assert "0.97222" in style


def test_time_out_of_drought_is_counted_to_the_last_one() -> None:
    periods = tuple(date(2020, 1, day) for day in (10, 20, 31))
    classes: list[list[str | None]] = [
        ["D1", "normal", "D2", None],
        ["normal", "normal", "D0", "normal"],
        ["normal", "normal", "W0", "normal"],
    ]
    nan = float("nan")
    values = [[-1.0, 0.5, -1.4, nan], [0.1, 0.5, -0.6, 0.1], [0.1, 0.5, 1.2, 0.1]]
    matrix = by_hand("spi_3", values, classes, periods)
    assert departement_page._out_since(matrix, 2, 0) == 1
    assert departement_page._out_since(matrix, 2, 1) == -1
    assert departement_page._out_since(matrix, 2, 2) == 2
    assert departement_page._out_since(matrix, 2, 3) == -1


def test_no_drought_is_counted_across_a_hole() -> None:
    periods = (date(2013, 12, 31), date(2015, 1, 10))
    matrix = by_hand("spi_3", [[-1.0] * 4, [0.1] * 4], [["D1"] * 4, ["normal"] * 4], periods)
    assert departement_page._out_since(matrix, 1, 0) == -1
